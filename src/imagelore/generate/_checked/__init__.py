"""The filter between every generator and every way out, and what can be read from checked text.

What passes is Markdown in which no renderer of CommonMark with GitHub's extensions finds a link, an image or HTML, and
in which every `[n]` outside code is a source. Choices, where a text leaves one:

- A number in square brackets is always a citation: `[1969]` and the `[0]` of `a[0]` go unless they are sources (with
  the space before). In code, brackets are left alone.
- A link keeps its text, an image its alternative text; the address goes. A bare address stays as words without
  `https://` and `www.`, so it is readable and leads nowhere; an e-mail address gets a space before its `@`.
- Tags, comments and autolinks go, their contents stay as text; entities become characters first. `<` stays where
  it opens no tag.
- A fenced block keeps its text and loses its language: of some (mermaid, math) pages draw pictures with links.
- Code spans have single backticks. A backtick that opens none on its line becomes an apostrophe, and so do those around
  other backticks, or around markup beside a table's `|` or emphasis: else a renderer (marked 16 was tried, with its
  slips) could see code elsewhere than the filter did.
- Invisible characters (zero-width, direction marks, tags) go; the joiners of emoji and of other scripts stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from imagelore.generate._checked.scanner import Scanner
from imagelore.generate._sentences import CITATION, CITATIONS, CODE, cited
from imagelore.generate._support.facts import fact
from imagelore.passages import regions
from imagelore.types import Citation, Hit

_QUOTED = re.compile(r"“([^“”]{3,})”[.,;:]?[ ]?((?:\[\d+\])+)")
_NAMING = ("title", "path")  # facts that only say which source it is


def checked(chunks: Iterable[str], sources: Collection[int] | int) -> Iterator[str]:
    """Passes on an answer's text with nothing in it but text, code and citations of `sources`.

    `[1, 2]`, `[1-3]`, `【1†source】`, `[1](address)`, `[^1]` and `[Source 1]` become `[1]`, `[1][2]` ...; numbers that
    are no source are dropped. The joined output is the same for every division of the text into chunks. Held back is
    only what may still become a citation, a link, a tag or a code span, at most 200 characters.

    Args:
        chunks: the answer's text in pieces.
        sources: the numbers that may be cited, or how many sources there are (numbered from 1).
    """
    scanner = Scanner(range(1, sources + 1) if isinstance(sources, int) else frozenset(sources))
    for chunk in chunks:
        yield from scanner.feed(chunk)
    yield from scanner.end()


def citations(text: str, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """The sources cited in checked text in the order of their first citation; number n is `hits[n - 1]`."""
    found: dict[int, list[str]] = {}
    for sentence in cited(text):
        for number in sentence.numbers:
            if 1 <= number <= len(hits):
                found.setdefault(number, []).append(sentence.text)
    quoted = [(quote, {*map(int, CITATION.findall(numbers))}) for quote, numbers in _QUOTED.findall(text)]
    return tuple(
        _citation(number, hits[number - 1], sentences, [quote for quote, of in quoted if number in of])
        for number, sentences in found.items()
    )


def _citation(number: int, hit: Hit, sentences: Sequence[str], quotes: Sequence[str]) -> Citation:
    """Told is the first sentence and its fact; where that only names the source, what it reads elsewhere.

    The lines are those of all that is told of what it reads, and of what is quoted from it word for word.
    """
    known = [fact(sentence, hit.record) for sentence in sentences]
    read = [each for each in known if each and each[0] == "read"]
    first = known[0] if not read or (known[0] and known[0][0] not in _NAMING) else read[0]
    passages = [*(passage for _, passage in read), *quotes]
    boxes = {box for passage in passages for box in regions(hit.record, passage)}
    return Citation(number, hit, sentences[0], first, tuple(line.box for line in hit.record.lines if line.box in boxes))


def uncited(text: str, titles: Mapping[int, str]) -> str:
    """Checked text with its citations replaced by titles, so that it can stand in a later prompt with other numbers."""

    def named(match: re.Match[str]) -> str:
        known = [titles[n] for n in map(int, CITATION.findall(match.group())) if n in titles]
        names = [" ".join(re.sub(r"[\[\]]", " ", title).split()) for title in dict.fromkeys(known)]
        return f" ({'; '.join(names)})" if any(names) else ""

    pieces, end = [], 0
    for code in CODE.finditer(text):
        pieces += [CITATIONS.sub(named, text[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*pieces, CITATIONS.sub(named, text[end:])]).lstrip(" ")
