"""Sentences of a record's text, and record text made safe to quote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from imagelore.passages import BETWEEN, paragraphs
from imagelore.types import Described, Record

_WHOLE = 20_000  # characters; of a longer text only the passages that hold the question's words are read
_BLOCK = 1_000
_BLOCKS = 24
_CLIP = 320  # characters of a quoted sentence
_SIGN = 160  # characters of a picture's text that is quoted as a whole

_ABBREVIATED = re.compile(
    r"(?:^|[\s(\"“'])(?:dr|mr|mrs|ms|st|mt|ft|prof|no|nos|e\.g|i\.e|vs|cf|ca|c|approx|figs?|vol|pp?|jr|sr|inc|ltd|co|ed|"
    r"eds|gen|col|capt|sgt|rev|hon|dept|est|b|d|fl|nr|bzw|z\.b|d\.h|hl|str|[^\W\d_]|(?:[^\W\d_]\.)+[^\W\d_])\.$",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\n\s*\n")
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+|[。！？]+[」』”]*\s*|\n\s*\n\s*|\n\s*(?=[-*•–]\s)")


def sentences(text: str, wanted: Collection[str] = ()) -> Iterator[str]:
    """The sentences of a text on one line each, in order; of a very long text those near the stems in `wanted`."""
    passages = [text] if len(text) <= _WHOLE else _passages(text, wanted)
    for passage in passages:
        start = 0
        for match in _END.finditer(passage):
            sentence, following = passage[start : match.end()].rstrip(), passage[match.end() : match.end() + 1]
            if _BLANK.search(match[0]) or _ends(sentence, following):
                yield from _tidy(passage[start : match.end()])
                start = match.end()
        yield from _tidy(passage[start:])


def read(record: Record, wanted: Collection[str] = ()) -> Iterator[str]:
    """The sentences of the text that stands in a record: across its lines, but never across headings and rows.

    The few words of a sign or a poster belong together: they are one.
    """
    parts = paragraphs(record.lines)
    if not record.place and len(sign := BETWEEN.join(parts)) <= _SIGN:
        yield from filter(None, [sign])
    else:
        yield from sentences("\n\n".join(parts), wanted)


def described(said: Described) -> str:
    """What a model said about a record: its sentences, then its tags as one of their own."""
    return "\n\n".join(filter(None, (said.text.strip(), ", ".join(said.tags))))


def _ends(sentence: str, following: str) -> bool:
    """Whether a sentence really ends here, and the next character begins another."""
    if not sentence.endswith("."):
        return True
    return not following.islower() and not _ABBREVIATED.search(sentence[-12:])


def _tidy(sentence: str) -> Iterator[str]:
    if line := " ".join(sentence.split()):
        yield line


def _passages(text: str, wanted: Collection[str]) -> list[str]:
    """The beginning of a long text and the blocks that hold most of the wanted words, cut at sentence ends."""
    prefixes = [stem[: max(3, len(stem) - 1)] for stem in wanted]
    blocks: Counter[int] = Counter()
    for start in range(0, len(text), _BLOCK):
        block = text[start : start + _BLOCK].casefold()
        blocks[start // _BLOCK] = sum(prefix in block for prefix in prefixes)
    best = sorted(block for block, held in blocks.most_common(_BLOCKS) if held and block > 1)
    return [text[: 2 * _BLOCK].rpartition(" ")[0], *(_inside(text, block * _BLOCK) for block in best)]


def _inside(text: str, start: int) -> str:
    passage = text[start - _BLOCK // 2 : start + _BLOCK + _BLOCK // 2]
    ends = [match.end() for match in _END.finditer(passage)]
    return passage[ends[0] : ends[-1]] if len(ends) > 1 else passage


def clipped(sentence: str) -> str:
    """A sentence, or the beginning of one that is too long to read."""
    if len(sentence) <= _CLIP:
        return sentence
    head = sentence[:_CLIP]
    return (head.rpartition(" ")[0] or head) + " …"


def plain(text: str) -> str:
    """Record text as words: nothing in it can be read as a citation, a link, HTML, emphasis or a heading.

    Square and angle brackets and backticks become their harmless look-alikes, because `checked` would read a citation
    or a tag in them; what only a renderer would take for emphasis is escaped.
    """
    text = "".join(c if c.isprintable() else " " for c in text)
    text = text.translate(_LOOKALIKES)
    text = re.sub(r"\\(?=[*_~#\\])", r"\\\\", text)
    text = re.sub(r"(\*|~(?=~)|(?<![^\W_])_|_(?![^\W_])|\$(?=\$))", r"\\\1", text)
    return re.sub(r"^(\s*)([#>+-]|\d+[.)])(?=\s)", r"\1\\\2", " ".join(text.split()))


_LOOKALIKES = str.maketrans(dict(zip("[]【】［］〔〕<>`", "()()()()‹›'", strict=True)))
