"""The page as one ASGI app: Gradio's chat, our own routes, and the shell around both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from html import escape
from importlib.resources import files

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read while gradio is imported

import gradio as gr
from fastapi import FastAPI

from imagelore.errors import ImageloreError
from imagelore.flows.add import endings
from imagelore.flows.status import answering
from imagelore.ui import cards, foot, page, render
from imagelore.ui.assets import version
from imagelore.ui.guard import Guard
from imagelore.ui.routes import add_routes
from imagelore.ui.session import Session


def build_app(session: Session) -> FastAPI:
    """The whole page for a session; launching it is another matter (`serve`)."""
    app = FastAPI(title="imagelore", docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app, session)
    _in_a_loop(lambda: _mount(app, session))
    app.add_middleware(Guard, shell=lambda user: shell(session, user), settings=session.settings)
    return app


def _mount(app: FastAPI, session: Session) -> None:
    gr.mount_gradio_app(
        app, page.blocks(session), path="/", footer_links=[], run_history=False, show_error=False, ssr_mode=False,
        max_file_size=page.MAX_FILE, theme=page.theme(), mcp_server=False, enable_monitoring=False, pwa=False,
    )  # fmt: skip


def _in_a_loop(make: Callable[[], None]) -> None:
    """Calls `make` with an event loop running: without one, Gradio opens a loop for each lock and never closes it."""

    async def made() -> None:
        make()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(made())
    else:
        make()


def shell(session: Session, user: str = "") -> tuple[str, str, str]:
    """What stands in the page's head, before the chat and after it; the first paint is made of this.

    Args:
        session: what the page works on.
        user: who is signed in, as the sign-in before the page names them; "" where there is none.
    """
    state, line, boot = _first_paint(session)
    if user:
        line += f' · {escape(user)} <a class="il-hint" href=".auth/logout">sign&nbsp;out</a>'
    values = {
        "version": version(),
        "state": state,
        "status": line,
        "boot": boot,
        "kb": escape(session.settings.kb),
        "folder": escape(str(session.folder or "")),
        "adding": "" if session.folder else "hidden",
        "accept": ",".join(("image/*", *sorted(endings(session.settings.documents)))),
    }
    head, before, after = (render.filled(_template(name), values) for name in ("head", "before", "after"))
    return head, before, after


def _first_paint(session: Session) -> tuple[str, str, str]:
    """The page's state (`ready`, `empty`, `error`), its quiet line, and what stands where the conversation will."""
    try:
        session.look_again()
        return "ready" if session.kb else "empty", status(session), page.welcome(session)
    except ImageloreError as error:
        told = f'<p class="il-error" role="alert">{foot.coded(str(error))}</p>'
        return "error", "the knowledge base cannot be read", f'<div class="il-welcome">{told}</div>'


def _template(name: str) -> str:
    return (files("imagelore.ui") / "templates" / f"{name}.html").read_text(encoding="utf-8")


def status(session: Session) -> str:
    """The quiet line: how many pictures, which embedder, which generator, and how to get one that sees."""
    if session.kb is None:
        return "nothing indexed yet"
    count = f'<span id="il-count">{cards.holdings(session.kb)}</span>'
    try:
        generator, sees = answering(session.kb.generator), session.kb.generator.pictures > 0
    except ImageloreError as error:
        return f'{count} · <span class="il-error">{escape(str(error))}</span>'
    hint = "" if sees else '<button class="il-hint" popovertarget="il-connect">connect a vision model</button>'
    return f"{count} · {escape(session.kb.embedder.info.name)} · {escape(generator)}{hint}"
