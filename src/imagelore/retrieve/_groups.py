"""What is one hit: near-duplicates are, the parts of a document are not; and how many of these a list takes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from imagelore.retrieve._duplicates import near_duplicate
from imagelore.types import Hit, Record
from imagelore.words import stems

_PARTS, _OF = 3, 8  # parts of one document in a list of so many hits, where something else fits too
_FAR = 4  # times as many records as are wanted are looked at for something else
_FIGURE = re.compile(r"(.+), picture \d+")


class Groups:
    """The hits of one question as they come, best first: each with its near-duplicates.

    Of one document so many parts are taken; further ones only where too little else fits, or the question names it.
    """

    def __init__(self, top: int, asked: Collection[str]) -> None:
        """`asked`: the stems of the question's words."""
        self._top = top
        self._asked = frozenset(asked)
        self._most = max(_PARTS, top * _PARTS // _OF)
        self._groups: list[list[Hit]] = []
        self._spare: list[list[Hit]] = []
        self._parts: Counter[tuple[str, str]] = Counter()

    @property
    def full(self) -> bool:
        """Whether nothing that follows can be among the hits; near-duplicates of the last one have been seen."""
        return len(self._groups) > self._top or len(self._groups) + len(self._spare) > _FAR * self._top

    def add(self, hit: Hit) -> None:
        """A hit goes to the group of its near-duplicates, or is one of its own."""
        record = hit.record
        for group in (*self._groups, *self._spare):
            if _same_picture(record, group[0].record) and not any(_told_apart(record, o.record) for o in group):
                group.append(hit)
                return
        crowded = record.place and self._parts[_document(record)] >= self._most and not names(self._asked, record)
        (self._spare if crowded else self._groups).append([hit])
        self._parts[_document(record)] += not crowded

    def hits(self) -> list[Hit]:
        """One hit of each group; those that are too many of a document come only before what does not fit."""
        kept, spare = map(_shown, self._groups), [*map(_shown, self._spare)]
        if not spare:
            return [*kept][: self._top]
        ordered = [(hit.fits, False, hit) for hit in kept] + [(hit.fits, True, hit) for hit in spare]
        return [hit for _, _, hit in sorted(ordered, key=lambda entry: (not entry[0], entry[1]))][: self._top]


def names(asked: Collection[str], record: Record) -> bool:
    """Whether a question names a file or document: its file's name, or most of its title, and two words at least.

    One word alone ("kettle.pdf") says what is asked about rather than where.
    """
    file = {*stems(re.sub(r"[\W\d_]+", " ", record.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]))}
    title = {*stems(record.title)}
    shared = title & {*asked}
    return (len(file) > 1 and file <= {*asked}) or (len(shared) > 1 and 2 * len(shared) > len(title))


def together(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """A figure of a document next to its page, where both are among the hits and both fit, or neither."""
    leaves = [(*_document(hit.record), _leaf(hit.record) or hit.record.id, hit.fits) for hit in hits]
    first = {leaf: n for n, leaf in reversed([*enumerate(leaves)])}
    return tuple(hits[n] for n in sorted(range(len(hits)), key=lambda n: (first[leaves[n]], n)))


def _leaf(record: Record) -> str:
    """The place of the page that a record is, or stands on; "" for a picture."""
    figure = _FIGURE.fullmatch(record.place)
    return figure[1] if figure else record.place


def _document(record: Record) -> tuple[str, str]:
    return record.source, record.path


def _same_picture(a: Record, b: Record) -> bool:
    return bool(a.sha256 and a.sha256 == b.sha256) or near_duplicate(a.phash, b.phash)


def _told_apart(a: Record, b: Record) -> bool:
    """Both say something of their own, and not the same: two products with one photo are two products.

    Pages of text look alike: what stands in them tells them apart, and so does their place.
    """
    if a.place and _document(a) == _document(b):
        return True
    ours, others = ((record.title.strip(), record.text.strip()) for record in (a, b))
    read, theirs = a.read.split(), b.read.split()
    return (any(ours) and any(others) and ours != others) or bool(read and theirs and read != theirs)


def _shown(group: Sequence[Hit]) -> Hit:
    """One hit for near-duplicates: the one that looks most like the question's picture, else the first, the best."""
    shown = max(group, key=lambda hit: hit.found["look"].score if "look" in hit.found else -1.0)
    others = tuple(hit.record.id for hit in group if hit is not shown)
    return replace(shown, score=group[0].score, duplicates=others)
