"""What to search for, and what to embed, for a question in whichever language."""

from __future__ import annotations

from typing import NamedTuple

from imagelore.languages.glossary import in_english
from imagelore.retrieve import Rankable
from imagelore.types import EmbedderInfo, Query, Scope
from imagelore.words import stems, subject


class Worded(NamedTuple):
    """The words to search for, the question where these are its English, and what to embed."""

    text: str
    original: str
    meant: str


def worded(index: Rankable, embedder: EmbedderInfo, text: str, scope: Scope = Scope()) -> Worded:
    """A question in English where the embedder reads nothing else, and the records do not speak its language."""
    english = in_english(text) if embedder.languages == ("en",) else None
    if english is None:
        return Worded(text, "", subject(text) if text else "")
    if 0 < _held(index, text, scope) >= _held(index, english.text, scope):  # German records; or an aster, not "Äste"
        return Worded(text, "", english.text if english.sure else subject(text))
    return Worded(english.text, text, english.text if english.sure else f"{english.text} {subject(text)}")


def _held(index: Rankable, text: str, scope: Scope) -> float:
    """The share of the words that the first record has which full text finds, 0 to 1."""
    wanted = {*stems(text)}
    found = [r.entries[0][0] for r in index.rank(Query(text, depth=1), scope) if r.name == "text" and r.entries]
    records = index.get(found, scope)
    return len(wanted & {*stems(records[0].words())}) / len(wanted) if records and wanted else 0.0
