"""The chat as a Gradio app: components and events; what they show is made in `conversation` and `render`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from imagelore.errors import ImageloreError, UsageError
from imagelore.flows.suggest import suggestions
from imagelore.ui import cards, render
from imagelore.ui.conversation import Ask, Turns, fail, respond, stop
from imagelore.ui.session import Session

MAX_FILE = "50mb"
_KEEP_UPLOADS = (3600, 24 * 3600)  # look every hour, delete what is a day old (seconds)
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_ANSWER: dict[str, Any] = {"concurrency_id": "answers", **_QUIET}  # typed or clicked: one queue, one limit
_FONT = ["system-ui", "sans-serif"]


def blocks(session: Session) -> gr.Blocks:
    """The chat: log, sources, questions to go on with, and the box."""

    def started() -> str:
        try:
            return welcome(session)
        except ImageloreError:
            return ""  # the page around the chat tells it

    with gr.Blocks(title="imagelore", analytics_enabled=False, fill_width=True, delete_cache=_KEEP_UPLOADS) as demo:
        turns = gr.State(())
        with gr.Row(elem_id="il-chat"):
            with gr.Column(elem_id="il-main"):
                start = _html("", "il-welcome")
                log = gr.Chatbot(
                    elem_id="il-log", show_label=False, label="conversation", buttons=[], feedback_options=None,
                    layout="panel", latex_delimiters=[], height=None, container=False,
                )  # fmt: skip
                next_up = _html("", "il-next")
                box = gr.MultimodalTextbox(
                    elem_id="il-box", show_label=False, label="Ask about your pictures", file_types=["image"],
                    file_count="multiple", placeholder="Ask about your pictures …", max_lines=8, container=False,
                    max_plain_text_length=100_000, sources=["upload"], autofocus=True,
                )  # fmt: skip
            sources = _html(cards.panel(()), "il-sources")
        command = gr.Textbox(elem_id="il-command", label="command", show_label=False)
        demo.load(started, None, start, queue=False, **_QUIET)
        _events(session, turns, log, next_up, box, sources, command)
    at_once, waiting = session.settings.answers_at_once, session.settings.answers_waiting
    demo.queue(max_size=waiting, default_concurrency_limit=at_once, api_open=False)
    demo.has_launched = True  # mounting skips the check that files lie in the upload folder without this
    return demo


def _html(value: str | Callable[[], str], id: str) -> gr.Markdown:
    """Our own HTML, escaped in `render`. `gr.HTML` would need `unsafe-eval` in the policy; Markdown passes it on."""
    return gr.Markdown(value, elem_id=id, sanitize_html=False, latex_delimiters=[], show_label=False, container=False)


def _events(session: Session, *parts: Any) -> None:
    turns, log, next_up, box, sources, command = parts

    def typed(message: dict[str, Any] | None, so_far: Turns) -> Iterator[Any]:
        yield from drawn(session, asked(message), so_far, typed=message)

    def ordered(order: str, so_far: Turns) -> Iterator[Any]:
        yield from drawn(session, *ordered_ask(order, so_far))

    def stopped(so_far: Turns) -> tuple[Any, ...]:
        ended = stop(so_far)
        return render.messages(ended), cards.panel(ended), ended, gr.update(submit_btn=True, stop_btn=False)

    def cleared() -> tuple[Any, ...]:
        return [], cards.panel(()), "", (), gr.update(value=None, submit_btn=True, stop_btn=False)

    shown = [log, sources, next_up, turns, box]
    asking = [
        box.submit(typed, [box, turns], shown, trigger_mode="once", **_ANSWER),
        command.change(ordered, [command, turns], shown, trigger_mode="multiple", **_ANSWER),  # the page sends one only
    ]
    halted = box.stop(None, cancels=asking, **_QUIET)  # first end the answer, then draw the end: never the other way
    halted.then(stopped, turns, [log, sources, turns, box], queue=False, **_QUIET)
    fresh = gr.Button("New chat", elem_id="il-fresh")
    fresh.click(None, cancels=asking, **_QUIET).then(cleared, None, shown, queue=False, **_QUIET)


def drawn(session: Session, question: Ask | None, so_far: Turns, typed: Any = None) -> Iterator[tuple[Any, ...]]:
    """What log, sources, next questions, state and box become while a question is answered.

    Args:
        session: what to ask.
        question: None asks nothing.
        so_far: the conversation before it.
        typed: what stood in the box: it is cleared now, and put back when there is no answer to be had.
    """
    if question is None:
        yield (gr.skip(),) * 5
        return
    grown, before = so_far, None
    try:
        for grown in respond(session.opened, so_far, question):
            yield _view(session, grown, before, typed)
            before = cards.panel(grown)
    except Exception:  # ours: Gradio logs it; the page must say so too, and go on
        yield _view(session, fail(grown), before, typed)
        raise


def _view(session: Session, turns: Turns, before: str | None, typed: Any) -> tuple[Any, ...]:
    turn, panel = turns[-1], cards.panel(turns)
    box = gr.update(submit_btn=turn.over, stop_btn=not turn.over)
    if typed is not None and (before is None or turn.error):
        box["value"] = typed if turn.error else None
    chips = next_chips(session, turns) if turn.over else ""
    return render.messages(turns), gr.skip() if panel == before else panel, chips, turns, box


def asked(message: dict[str, Any] | None) -> Ask | None:
    """The box's message as a question; None where it holds nothing.

    Raises:
        UsageError: a file that was not uploaded through the box.
    """
    message = message or {}
    files = tuple(uploaded(Path(path)) for path in message.get("files") or ())
    text = (message.get("text") or "").strip()
    return Ask(text, files) if text or files else None


def uploaded(path: Path) -> Path:
    """The path, if it lies in Gradio's upload folder.

    Raises:
        UsageError: it does not: the request was made up.
    """
    if not path.resolve().is_relative_to(Path(gr.utils.get_upload_folder()).resolve()):
        raise UsageError("a question may carry only pictures that were uploaded with it")
    return path


def ordered_ask(order: str, turns: Turns) -> tuple[Ask | None, Turns]:
    """What a button asked for, and the conversation to go on from: a suggestion, or an earlier question again."""
    try:
        wanted = json.loads(order)
        if "retry" in wanted:
            again = [i for i, turn in enumerate(turns) if turn.key == wanted["retry"]]
            return (turns[again[0]].ask, turns[: again[0]]) if again else (None, turns)
        return Ask(str(wanted["ask"]), like=str(wanted.get("like", ""))), turns
    except (ValueError, TypeError, KeyError):
        return None, turns


def next_chips(session: Session, turns: Turns) -> str:
    """Questions that lead on from the last answer."""
    hits = turns[-1].hits or ()
    try:
        known = {turn.ask.text for turn in turns}
        found = suggestions(session.opened().index, hits, limit=6) if hits else ()
    except ImageloreError:
        return ""
    return cards.chips([s for s in found if s.text not in known or s.picture][:3])


def welcome(session: Session) -> str:
    """The start of a conversation; nothing where there is no knowledge base."""
    if session.kb is None:
        return ""
    index = session.kb.index
    return cards.welcome(suggestions(index), [r for r in index.browse(limit=12) if r.thumbnail])


def theme() -> gr.themes.Base:
    """Gradio's plainest theme with the system's own fonts: nothing is fetched."""
    return gr.themes.Base(font=_FONT, font_mono=["ui-monospace", "monospace"])
