"""Values -> the HTML and Markdown of the page. Everything that comes from records or people is escaped here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from imagelore.types import Doubt, Hit
from imagelore.ui import cards
from imagelore.ui.conversation import ChatTurn, Turns, numbered
from imagelore.ui.foot import foot

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>:])")
_CODE = re.compile(  # as `imagelore.generate` sees it: fences of either kind to their end, spans on one line
    r"(?ms)^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<span>`+)(?!`)[^\n]*?(?<!`)(?P=span)(?!`)"
)
_NUMBER = re.compile(r"\[(\d{1,3})\](?!\()")
_GAP = r"(?:[\s*_]|\[\d{1,3}\])*"  # what a sentence has lost: its citations, and emphasis at its ends
_OPEN, _CLOSE, _FIRST = "\ue000", "\ue001", 0xE010  # of the private use area, as all of these marks
_MARKS = re.compile(r"[\ue000-\uf8ff]")


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
    doubts = turn.done.doubts if turn.done else ()
    answer = doubted(cited(marked(turn.answer, doubts), turn.key, numbered(turn)), doubts)
    if not answer and not turn.over:
        doing = "searching" if turn.found is None else "looking at the pictures"
        answer = f'<span class="il-wait">{doing} …</span>'
    return _message("assistant", answer, foot(turn))


def marked(answer: str, doubts: Sequence[Doubt]) -> str:
    """The answer with each doubtful sentence between characters that mark its ends; not where code cuts into it."""
    answer = _MARKS.sub("", answer)
    for n, doubt in enumerate(doubts):
        parts = [re.escape(part) for part in re.findall(r"\w+|[^\w\s*]", doubt.sentence.replace("_", " "))]
        found = re.search(_GAP.join(parts), answer) if parts else None
        if found is None or "\n\n" in found[0] or any(_overlap(found, code) for code in _CODE.finditer(answer)):
            continue
        start, end = found.span()
        mark = chr(_FIRST + n)
        answer = f"{answer[:start]}{_OPEN}{mark}{answer[start:end]}{_CLOSE}{mark}{answer[end:]}"
    return answer


def _overlap(a: re.Match[str], b: re.Match[str]) -> bool:
    return a.start() < b.end() and b.start() < a.end()


def doubted(answer: str, doubts: Sequence[Doubt]) -> str:
    """The marks of `marked` as HTML: a dotted line below, the reason as title and for screen readers."""
    for n, doubt in enumerate(doubts):
        title = cards.safe(f"Not supported by its sources: {doubt.reason}")
        answer = answer.replace(f"{_OPEN}{chr(_FIRST + n)}", f'<span class="il-doubt" title="{title}">')
        spoken = f'<span class="il-sr"> ({plain_markdown(f"not supported by its sources: {doubt.reason}")})</span>'
        answer = answer.replace(f"{_CLOSE}{chr(_FIRST + n)}", f"{spoken}</span>")
    return answer


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


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template's `{{name}}` places filled with HTML that is ready to stand there."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)
