"""What to search for, and what to embed, for a question in whichever language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from imagelore.embed import Embedder
from imagelore.languages.glossary import in_english
from imagelore.retrieve import Rankable
from imagelore.types import EmbedderInfo, Query, Scope, Vectors
from imagelore.words import stems, subject


class Worded(NamedTuple):
    """The words to search for, the question where these are its English, and what to embed in each space."""

    text: str
    original: str
    meant: Mapping[str, str]


def worded(index: Rankable, embedder: EmbedderInfo, text: str, scope: Scope = Scope()) -> Worded:
    """A question in English where a space reads nothing else, and the records do not speak its language.

    A space that reads many languages gets it as it was asked: what a glossary makes of it says less.
    """
    asked = {space.name: space.languages == ("en",) for space in embedder.spaces if space.queries and text}
    own = subject(text)
    english = in_english(text) if any(asked.values()) else None
    if english is None:
        return Worded(text, "", dict.fromkeys(asked, own))
    if 0 < _held(index, text, scope) >= _held(index, english.text, scope):  # German records; or an aster, not "Äste"
        words, original, meant = text, "", english.text if english.sure else own
    else:
        words, original, meant = english.text, text, english.text if english.sure else f"{english.text} {own}"
    return Worded(words, original, {space: meant if only else own for space, only in asked.items()})


def placed(embedder: Embedder, said: Sequence[Worded]) -> list[dict[str, Vectors]]:
    """The vector of each question in each space, `[d]`; a text that several spaces want is embedded once."""
    texts = list(dict.fromkeys(text for each in said for text in each.meant.values()))
    rows = embedder.embed_texts(texts, role="query") if texts else {}
    return [{space: rows[space][texts.index(text)] for space, text in each.meant.items()} for each in said]


def _held(index: Rankable, text: str, scope: Scope) -> float:
    """The share of the words that the first record has which full text finds, 0 to 1."""
    wanted = {*stems(text)}
    found = [r.entries[0][0] for r in index.rank(Query(text, depth=1), scope) if r.name == "text" and r.entries]
    records = index.get(found, scope)
    return len(wanted & {*stems(records[0].words())}) / len(wanted) if records and wanted else 0.0
