"""Values -> the HTML and Markdown of the page. Everything that comes from records or people is escaped here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from imagelore.types import Hit
from imagelore.ui import cards
from imagelore.ui.conversation import ChatTurn, Turns, numbered

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>:])")
_CODE = re.compile(  # as `imagelore.generate` sees it: fences of either kind to their end, spans on one line
    r"(?ms)^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<span>`+)(?!`)[^\n]*?(?<!`)(?P=span)(?!`)"
)
_NUMBER = re.compile(r"\[(\d{1,3})\](?!\()")


def messages(turns: Turns) -> list[dict[str, Any]]:
    """The conversation for Gradio's chatbot."""
    return [message for turn in turns for message in (_asked(turn), _answered(turn))]


def _message(role: str, *parts: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": part} for part in parts if part]}


def _asked(turn: ChatTurn) -> dict[str, Any]:
    pictures = "".join(f'<img class="il-mine" alt="your picture" src="{url}">' for url in turn.pictures)
    return _message("user", pictures + plain_markdown(turn.ask.text))


def plain_markdown(text: str) -> str:
    """Text that Markdown shows as it was typed."""
    lines = escape(text, quote=False).splitlines()
    return "<br>".join(_MARKDOWN.sub(r"\\\1", line) for line in lines)


def _answered(turn: ChatTurn) -> dict[str, Any]:
    answer = cited(turn.answer, turn.key, numbered(turn))
    if not answer and not turn.over:
        doing = "searching" if turn.hits is None else "looking at the pictures"
        answer = f'<span class="il-wait">{doing} …</span>'
    return _message("assistant", answer, _foot(turn))


def cited(answer: str, key: str, hits: Sequence[tuple[int, Hit]]) -> str:
    """The answer with each `[1]` outside of code made a link to the card of that number in this turn."""
    titles = {number: hit.record.name for number, hit in hits}

    def link(match: re.Match[str]) -> str:
        number = int(match[1])
        if number not in titles:
            return match[0]
        title = cards.safe(f"source {number}: {titles[number]}")
        return f'<a class="il-cite" id="cite-{key}-{number}" href="#cite-{key}-{number}" title="{title}">{number}</a>'

    parts, end = [], 0
    for code in _CODE.finditer(answer):
        parts += [_NUMBER.sub(link, answer[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*parts, _NUMBER.sub(link, answer[end:])])


def _foot(turn: ChatTurn) -> str:
    """What stands under an answer: notices, the error, what was searched for, times, and what can be done with it."""
    lines = [f'<p class="il-notice">{cards.safe(notice)}</p>' for notice in turn.notices]
    if turn.error:
        lines.append(f'<p class="il-error" role="alert">{coded(turn.error)}</p>')
    if turn.stopped:
        lines.append('<p class="il-notice">You stopped this answer.</p>')
    if turn.stop and turn.stop.reason in _STOPS:
        lines.append(f'<p class="il-notice">{_STOPS[turn.stop.reason]}</p>')
    if turn.searched:
        parts = [f"searched for {cards.safe(turn.searched)}", *timings(turn)]
        lines.append(f'<p class="il-searched">{" · ".join(parts)}</p>')
    if turn.over:
        copy = f'<button class="il-act" id="copy-{turn.key}">Copy</button>' if turn.answer else ""
        lines.append(f'<p class="il-acts">{copy}<button class="il-act" id="retry-{turn.key}">Retry</button></p>')
    return "".join(lines)


def coded(text: str) -> str:
    """A message as HTML, its parts in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", cards.safe(text[:1].upper() + text[1:]))


_STOPS = {
    "length": "The model reached its length limit: the answer may be cut short.",
    "refused": "The model declined to answer this.",
    "broken": "The answer broke off; what came is kept. Retry asks again.",
}


def timings(turn: ChatTurn) -> list[str]:
    """`0.2 s search`, `1.4 s answer`, `3 pictures sent`; nothing before the answer is there."""
    times = dict(turn.timings)
    if not times:
        return []
    search = times.get("embed", 0) + times.get("search", 0)
    parts = [f"{search:.1f} s search", f"{times.get('augment', 0) + times.get('generate', 0):.1f} s answer"]
    return [*parts, f"{cards.count(turn.usage.pictures, 'picture')} sent"] if turn.usage.pictures else parts


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template's `{{name}}` places filled with HTML that is ready to stand there."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)
