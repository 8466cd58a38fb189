"""The page: a Gradio chat and gallery on one ASGI app, with a route for pictures."""
