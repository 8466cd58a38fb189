"""The chat as a Gradio app: components and events; what they show is made in `conversation` and `render`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import gradio as gr

from imagelore.errors import ImageloreError, UsageError
from imagelore.flows.feedback import Verdict
from imagelore.flows.suggest import suggestions
from imagelore.ui import cards, render
from imagelore.ui.conditions import without
from imagelore.ui.conversation import Ask, ChatTurn, Turns, fail, judged, respond, stop
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
                _html(cards.narrowing(), "il-narrow")
            sources = _html(cards.panel(()), "il-sources")
        demo.load(started, None, start, queue=False, **_QUIET)
        _events(session, turns, log, next_up, box, sources)
    at_once, waiting = session.settings.answers_at_once, session.settings.answers_waiting
    demo.queue(max_size=waiting, default_concurrency_limit=at_once, api_open=False)
    demo.has_launched = True  # mounting skips the check that files lie in the upload folder without this
    return demo


def _html(value: str | Callable[[], str], id: str) -> gr.Markdown:
    """Our own HTML, escaped in `render`. `gr.HTML` would need `unsafe-eval` in the policy; Markdown passes it on."""
    return gr.Markdown(value, elem_id=id, sanitize_html=False, latex_delimiters=[], show_label=False, container=False)


def _hidden(name: str) -> gr.Textbox:
    """A field that only the page's script writes to; until it has, the page may send None."""
    return gr.Textbox("", elem_id=f"il-{name}", elem_classes="il-hidden", label=name, show_label=False)


def _events(session: Session, *parts: Any) -> None:
    turns, log, next_up, box, sources = parts
    command, limits, verdict = _hidden("command"), _hidden("limits"), _hidden("verdict")

    def typed(message: dict[str, Any] | None, where: str | None, so_far: Turns) -> Iterator[Any]:
        yield from drawn(session, asked(message, where), so_far, typed=message)

    def ordered(order: str, where: str | None, so_far: Turns) -> Iterator[Any]:
        yield from drawn(session, *ordered_ask(order, where, so_far))

    def stopped(so_far: Turns) -> tuple[Any, ...]:
        ended = stop(so_far)
        return render.messages(ended), cards.panel(ended), ended, gr.update(submit_btn=True, stop_btn=False)

    def cleared() -> tuple[Any, ...]:
        return [], cards.panel(()), "", (), gr.update(value=None, submit_btn=True, stop_btn=False)

    def given(order: str, so_far: Turns) -> tuple[Any, ...]:
        grown = verdict_given(session, order, so_far)
        return render.messages(grown), grown

    shown = [log, sources, next_up, turns, box]
    asking = [
        box.submit(typed, [box, limits, turns], shown, trigger_mode="once", **_ANSWER),
        # the page sends one order at a time only
        command.change(ordered, [command, limits, turns], shown, trigger_mode="multiple", **_ANSWER),
    ]
    halted = box.stop(None, cancels=asking, **_QUIET)  # first end the answer, then draw the end: never the other way
    halted.then(stopped, turns, [log, sources, turns, box], queue=False, **_QUIET)
    verdict.change(given, [verdict, turns], [log, turns], queue=False, **_QUIET)
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


def asked(message: dict[str, Any] | None, where: str | None = None) -> Ask | None:
    """The box's message as a question within the reader's limits; None where it holds nothing.

    Raises:
        UsageError: a file that was not uploaded through the box.
    """
    message = message or {}
    files = tuple(uploaded(Path(path)) for path in message.get("files") or ())
    text = (message.get("text") or "").strip()
    return Ask(text, files, where=where or "") if text or files else None


def uploaded(path: Path) -> Path:
    """The path, if it lies in Gradio's upload folder.

    Raises:
        UsageError: it does not: the request was made up.
    """
    if not path.resolve().is_relative_to(Path(gr.utils.get_upload_folder()).resolve()):
        raise UsageError("a question may carry only pictures that were uploaded with it")
    return path


def ordered_ask(order: str, where: str | None, turns: Turns) -> tuple[Ask | None, Turns]:
    """What a button asked for, and the conversation to go on from: a suggestion, or an earlier question again.

    One that is asked again keeps its own limits; `without` names the condition of its own words that is taken off.
    """
    try:
        wanted = json.loads(order)
        if "retry" not in wanted:
            return Ask(str(wanted["ask"]), like=str(wanted.get("like", "")), where=where or ""), turns
        again = next((n for n, turn in enumerate(turns) if turn.key == wanted["retry"]), None)
        if again is None:
            return None, turns
        turn = turns[again]
        changed = relaxed(turn, int(wanted["without"])) if "without" in wanted else turn.ask
        return changed, turns[:again]
    except (ValueError, TypeError, KeyError):
        return None, turns


def relaxed(turn: ChatTurn, n: int) -> Ask:
    """The turn's question without the n-th condition that was read into its words."""
    if turn.found is None:
        return turn.ask
    intent = turn.found.intent
    return replace(turn.ask, intent=replace(intent, filter=without(intent.filter, n)))


def verdict_given(session: Session, order: str, turns: Turns) -> Turns:
    """The conversation with a thumb on one of its turns; what is no thumb of this conversation changes nothing."""
    try:
        wanted = json.loads(order)
        verdict = {"up": "up", "down": "down", "none": "none"}[wanted["verdict"]]
        return judged(session.settings, turns, str(wanted["turn"]), cast(Verdict, verdict))
    except (ValueError, TypeError, KeyError):
        return turns


def next_chips(session: Session, turns: Turns) -> str:
    """Questions that lead on from the last answer; none after an error, which wants another thing first."""
    last = turns[-1]
    try:
        found = () if last.error else suggestions(session.opened().index, last.hits, limit=6)
    except ImageloreError:
        return ""
    known = {turn.ask.text for turn in turns}
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
