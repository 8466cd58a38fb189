"""What stands under an answer: notices, what was searched for and how, what it took, and what can be done with it.

Gradio's chat lets neither `data-` nor `aria-` attributes through: the page's script reads ids and classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagelore.types import Done, Hit
from imagelore.ui import cards
from imagelore.ui.conditions import conditions, spoken
from imagelore.ui.conversation import ChatTurn
from imagelore.ui.picture import thumbnail

_STOPS = {
    "length": "The model reached its length limit: the answer may be cut short.",
    "refused": "The model declined to answer this.",
    "broken": "The answer broke off; what came is kept. Retry asks again.",
}
_STEPS = {
    "understand": "understanding the question",
    "embed": "turning it into vectors",
    "search": "searching",
    "rerank": "reranking",
    "augment": "opening pictures",
    "first_word": "until the first word",
    "generate": "answering",
}
_DOUBTS = 3  # that are told below the answer; all are marked in it
_WITHIN = ("first_word",)  # steps that another one holds
_THUMB = "M6 14V7L9 1.5c1.2 0 2 .8 2 2L10.4 6H14a1.4 1.4 0 0 1 1.4 1.7l-1.1 5A1.6 1.6 0 0 1 12.7 14zM1 7h3v7H1z"


def foot(turn: ChatTurn) -> str:
    """All of it, as one line of HTML."""
    lines = [*_told(turn), *_searched(turn)]
    if turn.done and turn.found:
        lines.append(_panel(turn, turn.done))
    if turn.over and turn.found is not None:
        lines.append(_acts(turn))
    elif turn.over and turn.error:
        lines.append(f'<p class="il-acts">{_retry(turn)}</p>')
    return "".join(lines)


def _told(turn: ChatTurn) -> Iterator[str]:
    """What the reader should know of this answer, and the error that ended it."""
    notices = list(turn.notices)
    if turn.stopped:
        notices.append("You stopped this answer.")
    if turn.done and turn.done.stop.reason in _STOPS:
        notices.append(_STOPS[turn.done.stop.reason])
    yield from (f'<p class="il-notice">{cards.safe(notice)}</p>' for notice in notices)
    doubts = turn.done.doubts if turn.done else ()
    for doubt in doubts[:_DOUBTS]:
        reason = f"<q>{cards.safe(_shortened(doubt.sentence))}</q>: {cards.safe(doubt.reason)}"
        yield f'<p class="il-notice il-doubts"><strong>Not supported</strong> {reason}</p>'
    if (more := len(doubts) - _DOUBTS) > 0:
        rest = f"{cards.count(more, 'more sentence')} that the sources do not support"
        yield f'<p class="il-notice il-doubts">{rest}</p>'
    if turn.error:
        yield f'<p class="il-error" role="alert">{coded(turn.error)}</p>'
    if turn.unkept:
        yield f'<p class="il-notice" role="status">Your verdict was not kept: {cards.safe(turn.unkept)}</p>'


def _searched(turn: ChatTurn) -> Iterator[str]:
    """How the question was understood, or else what was searched for, and the conditions that can be taken off."""
    if turn.found is None or not turn.found.searched:
        return
    intent, searched = turn.found.intent, cards.safe(f"searched for {turn.found.searched}")
    said = cards.safe(intent.said)
    if intent.how == "as written":
        parts = [said] if said else [searched, "taken as written"]
    else:
        parts = [f"understood: {said}" if said else searched]
    if turn.limits:
        parts.append(f"within {cards.safe('; '.join(turn.limits))}")
    yield f'<p class="il-searched" title="{searched}">{" · ".join(parts)}</p>'
    if implied := conditions(intent.filter):
        chips = "".join(_condition(turn, n, spoken(one)) for n, one in enumerate(implied))
        yield f'<p class="il-implied"><span>Only pictures with</span>{chips}</p>'


def _condition(turn: ChatTurn, n: int, said: str) -> str:
    title = cards.safe(f"Ask again without: {said}")
    return (
        f'<button class="il-chip il-off" id="off-{turn.key}-{n}" title="{title}">{cards.safe(said)}'
        '<span class="il-x">×</span></button>'
    )


def _panel(turn: ChatTurn, done: Done) -> str:
    """What the answer took: one line, and all of it on opening."""
    searched = cards.safe(turn.found.searched) if turn.found else ""
    rows = [("searched for", searched), *_sent(turn, done), *_tokens(done), *_times(done)]
    table = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    summary = f"<summary>{' · '.join(took(done))}</summary>"
    return f'<details class="il-took" id="took-{turn.key}">{summary}<dl>{table}</dl></details>'


def took(done: Done) -> list[str]:
    """`0.2 s search`, `1.4 s answer`, `3 pictures sent`, `2,140 tokens`, `cost 0.003`: what is known of these."""
    times = dict(done.timings)
    answering = sum(times.pop(name, 0.0) for name in ("augment", "generate"))
    searching = sum(seconds for name, seconds in times.items() if name not in _WITHIN)
    parts = [f"{searching:.1f} s search", f"{answering:.1f} s answer"]
    if pictures := _pictures(done):
        parts.append(f"{cards.count(pictures, 'picture')} sent")
    if tokens := done.usage.prompt_tokens + done.usage.completion_tokens:
        parts.append(cards.count(tokens, "token"))
    return [*parts, f"cost {money(done.sent.cost)}"] if done.sent.cost is not None else parts


def _pictures(done: Done) -> int:
    return len(done.sent.pictures) + done.sent.own or done.usage.pictures


def money(amount: float) -> str:
    """Two digits that count, at least to the hundredth: 0.0031, 0.42, 12.30."""
    return f"{amount:.2f}" if amount >= 0.1 or not amount else f"{amount:.2g}" if amount >= 0.0001 else f"{amount:.1e}"


def _sent(turn: ChatTurn, done: Done) -> Iterator[tuple[str, str]]:
    if not _pictures(done):
        return
    own = [f'<img src="{url}" alt="your picture">' for url in turn.pictures[: done.sent.own]]
    hits = dict(enumerate(turn.hits, start=1))
    sources = [_thumb(number, hits[number]) for number in done.sent.pictures if number in hits]
    before = done.sent.own - len(own)  # of earlier questions
    more = [f"and {cards.count(before, 'picture')} shown before"] if before > 0 else []
    pixels = [f"{done.sent.pixels / 1e6:.1f} megapixels"] if done.sent.pixels else []
    shown = "".join([*own, *sources])
    yield "pictures sent", " · ".join([f'<span class="il-sent">{shown}</span>', *more, *pixels])


def _thumb(number: int, hit: Hit) -> str:
    alt, address = cards.safe(f"{number}: {hit.record.name}"), thumbnail(hit.record.id, hit.record.sha256)
    return f'<span><img src="{address}" alt="{alt}" title="{alt}"><b>{number}</b></span>'


def _tokens(done: Done) -> Iterator[tuple[str, str]]:
    usage, sent = done.usage, done.sent
    if usage.prompt_tokens or usage.completion_tokens:
        yield "tokens", f"{usage.prompt_tokens:,} sent, {usage.completion_tokens:,} answered"
    if sent.tokens:
        yield "estimated before", f"{cards.count(sent.tokens, 'token')} to send"
    if sent.cost is not None:
        yield "cost", f"{money(sent.cost)}, by the prices that are set"


def _times(done: Done) -> Iterator[tuple[str, str]]:
    for name, seconds in done.timings.items():
        yield cards.safe(_STEPS.get(name, name.replace("_", " "))), f"{seconds:.2f} s"


def _acts(turn: ChatTurn) -> str:
    copy = f'<button class="il-act" id="copy-{turn.key}">Copy</button>' if turn.answer else ""
    thumbs = _judge(turn, "up", "Good answer") + _judge(turn, "down", "Bad answer") if turn.answer else ""
    return f'<p class="il-acts">{copy}{_retry(turn)}{thumbs}</p>'


def _retry(turn: ChatTurn) -> str:
    return f'<button class="il-act" id="retry-{turn.key}">Retry</button>'


def _judge(turn: ChatTurn, verdict: str, title: str) -> str:
    on = " il-on" if turn.verdict == verdict else ""
    return (
        f'<button class="il-act il-thumb il-{verdict}{on}" id="{verdict}-{turn.key}" title="{title}">'
        f'<svg width="16" height="16"><path d="{_THUMB}"></path></svg></button>'
    )


def _shortened(text: str, most: int = 90) -> str:
    text = re.sub(r"\s*\[\d+\]", "", text).rstrip(" .!?…")
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0] + "…"


def coded(text: str) -> str:
    """A message as HTML, its parts in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", cards.safe(text[:1].upper() + text[1:]))
