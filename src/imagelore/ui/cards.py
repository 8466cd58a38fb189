"""Hits, records and questions -> the HTML around the chat. Everything from records or people is escaped here.

All of it stands on single lines: it reaches the page through Markdown, which a blank line would call back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from imagelore.flows.knowledge import KnowledgeBase
from imagelore.flows.suggest import PLACES, Suggestion
from imagelore.types import Citation, Hit, Missing, Not, Record, Scope
from imagelore.ui.conversation import ChatTurn, Turns, numbered
from imagelore.ui.picture import thumbnail
from imagelore.words import said, stem, words

_RANKINGS = {
    "text": "words", "seen": "seen in the picture", "meaning": "meaning", "image": "picture", "look": "look",
    "semantic": "meaning, reread",
}  # fmt: skip
_WHEN = ("year", "date")


def safe(text: str) -> str:
    """Text as HTML, in an element or an attribute. On one line: a blank line would end the HTML for Markdown."""
    return re.sub(r"\s*[\r\n]", "&#10;", escape(text))


def panel(turns: Turns) -> str:
    """The sources of every turn; the page shows those of one turn at a time, the newest first."""
    found = [turn for turn in turns if turn.found is not None]
    sections = [_sources(turn, newest=turn is found[-1]) for turn in found]
    return "".join(sections) or '<p class="il-quiet">The pictures that an answer rests on appear here.</p>'


def _sources(turn: ChatTurn, newest: bool) -> str:
    cited = {citation.number: citation for citation in turn.citations}
    fits = any(hit.fits for hit in turn.hits)
    near, far = "", ""
    for number, hit in numbered(turn):
        drawn = card(turn.key, number, hit, cited.get(number))
        if hit.fits or number in cited or not fits:
            near += drawn
        else:
            far += drawn
    rest = f"<details><summary>More that fit less well</summary><ol>{far}</ol></details>" if far else ""
    head = "Sources of this answer" if fits else "Nothing fits well; the closest pictures"
    if not turn.hits:
        head = "No picture was found"
    asked = f'<p class="il-asked">{safe(turn.ask.text or "your picture")}</p>'
    return (
        f'<section class="il-sources" data-turn="{turn.key}" data-copy="{safe(for_clipboard(turn))}"'
        f"{'' if newest else ' hidden'}><h2>{head}</h2>{asked}<ol>{near}</ol>{rest}</section>"
    )


def card(key: str, number: int, hit: Hit, citation: Citation | None) -> str:
    """One numbered source; `citation` says what it was cited for, None where it was not cited."""
    record = hit.record
    facts = " · ".join(safe(fact) for fact in short_facts(record))
    state = "il-card il-cited" if citation else "il-card"
    return (
        f'<li><button class="{state}" id="card-{key}-{number}" data-number="{number}" {_known(hit, citation)}'
        f' title="{safe(ranks(hit))}"><img src="{thumbnail(record.id, record.sha256)}" alt="{safe(record.name)}"'
        f' width="{record.width or 4}" height="{record.height or 3}"><span class="il-card-text"><span class="il-title">'
        f'<span class="il-number">{number}</span>{safe(record.name)}</span>'
        f'<span class="il-facts">{facts}</span><span class="il-why">{safe(hit.why)}</span></span></button></li>'
    )


def _known(hit: Hit, citation: Citation | None) -> str:
    """The attributes that the picture dialog is filled from, beside the record."""
    known = {"id": hit.record.id, "why": hit.why, **{name: json.dumps(value) for name, value in found(hit).items()}}
    if citation:
        known["sentence"] = citation.sentence
        known["field"], known["passage"] = citation.fact or ("", "")
        known["boxes"] = json.dumps(citation.boxes)
    return " ".join(f'data-{name}="{safe(value)}"' for name, value in known.items())


def found(hit: Hit) -> dict[str, Any]:
    """How a hit was found: name, place, score and share of each ranking, weightiest first; words; confidence."""
    places = sorted(hit.found.items(), key=lambda item: -item[1].share)
    rows = [[_ranking(name), _ordinal(at.rank), f"{at.score:.3g}", f"{at.share:.0%}"] for name, at in places]
    stems = {stem(word) for word in hit.matched}
    own = {word for word in words(f"{hit.record.words()} {hit.record.seen.words()}") if stem(word) in stems}
    sure = f"{hit.confidence:.0%}" if rows and hit.confidence < 1 else ""
    return {"found": rows, "words": sorted(own), "sure": sure}


def ranks(hit: Hit) -> str:
    """`words: 1st · look: 3rd`, for whoever wants to know how a picture was found."""
    return " · ".join(f"{_ranking(name)}: {_ordinal(at.rank)}" for name, at in hit.found.items())


def _ranking(name: str) -> str:
    return _RANKINGS.get(name, name)


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def short_facts(record: Record) -> list[str]:
    """Up to two short facts that tell pictures apart: when and where first, else one of the user's fields by name."""
    short = {name: said(v) for name, v in record.fields.items() if len(said(v)) <= 28}
    known = {name.casefold(): value for name, value in short.items()}
    facts = [known[name] for name in (*_WHEN, *PLACES) if name in known]
    if not facts and record.taken_at:
        facts = [record.taken_at.date().isoformat()]
    return (facts or [f"{name}: {value}" for name, value in short.items() if len(name) <= 28][:1])[:2]


def for_clipboard(turn: ChatTurn) -> str:
    """The answer as plain text with the list of what it cites."""
    lines = [f"[{c.number}] {c.hit.record.name} ({c.hit.uri})" for c in _by_number(turn.citations)]
    return "\n".join([turn.answer, "", *lines] if lines else [turn.answer])


def _by_number(citations: Iterable[Citation]) -> list[Citation]:
    return sorted(citations, key=lambda citation: citation.number)


def chips(suggestions: Sequence[Suggestion]) -> str:
    """Questions to go on with."""
    if not suggestions:
        return ""
    return f'<div class="il-next"><span>Try next</span>{"".join(map(_chip, suggestions))}</div>'


def _chip(suggestion: Suggestion) -> str:
    return f'<button class="il-chip" {asking(suggestion)}>{_picture(suggestion)}{safe(suggestion.text)}</button>'


def asking(suggestion: Suggestion) -> str:
    """The attributes that make a button ask a suggestion."""
    like = f' data-like="{safe(suggestion.picture)}"' if suggestion.picture else ""
    return f'data-ask="{safe(suggestion.text)}"{like}'


def _picture(suggestion: Suggestion) -> str:
    return f'<img src="{thumbnail(suggestion.picture)}" alt="">' if suggestion.picture else ""


def welcome(suggestions: Sequence[Suggestion], records: Sequence[Record]) -> str:
    """What stands where the conversation will: a few of the pictures, and questions of different kinds."""
    pictures = "".join(
        f'<button class="il-tile" data-id="{safe(r.id)}"><img src="{thumbnail(r.id, r.sha256)}" alt="{safe(r.name)}">'
        "</button>"
        for r in records
    )
    asks = "".join(
        f'<button class="il-ask" {asking(suggestion)}>{_picture(suggestion)}<span>{safe(suggestion.text)}</span>'
        "</button>"
        for suggestion in suggestions
    )
    return (
        f'<div class="il-welcome"><div class="il-strip">{pictures}</div><h1>Ask your pictures</h1>'
        "<p>In words, with a picture, or both. Every answer shows the pictures that it rests on.</p>"
        f'<div class="il-asks">{asks}</div></div>'
    )


def narrowing() -> str:
    """Where the page's script puts the limits of the chat's questions: below the box, closed."""
    return (
        '<div class="il-narrow"><button id="il-narrow-open" class="il-act" aria-expanded="false"'
        ' aria-controls="il-narrow-fields" title="Ask about some of the pictures only">Narrow</button>'
        '<div id="il-narrow-chosen" class="il-chosen" role="group" aria-label="Limits of your questions"></div></div>'
        '<div id="il-narrow-fields" class="il-fields" role="group" aria-label="Narrow your questions" hidden></div>'
    )


def holdings(kb: KnowledgeBase) -> str:
    """What a knowledge base holds: `412 pictures`, or `412 pictures and pages` where there are documents in it."""
    told = count(kb.index.count(), "picture")
    return f"{told} and pages" if kb.index.count(Scope(Not(Missing(".parent")))) else told


def count(n: int, noun: str) -> str:
    """`1 picture`, `412 pictures`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
