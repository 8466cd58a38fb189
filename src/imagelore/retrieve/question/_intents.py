"""Intents as the rules make them, and how they are told to people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imagelore.retrieve.question._before import Search, named, quoted
from imagelore.retrieve.question._composing import of_another, with_name
from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Attached, Hit, Intent

PICTURE = r"(?:picture|photo|photograph|image|pic|snapshot|screenshot|upload|drawing|sketch)"
POINTS = re.compile(
    rf"\bthe (?:other|next|previous|former|latter)(?: \w+)?|\b(?:this|that) (?:one|{PICTURE})|\bthe {PICTURE}"
    r"|\b(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those)\b"
)
_TAGS = 6  # that say what a picture is of
_SURE = 0.5  # the probability from which a seen class does
_MOST = 8  # pictures that one question is about
_NAMED = 3  # whose names it takes


def about(spoken: Spoken, hits: tuple[Hit, ...], at: tuple[int, int] | None = None) -> Intent:
    """A question about single pictures, with their names where it points at them; `at`: where in `spoken.low`."""
    hits = hits[:_MOST]
    name = names(hits)
    if not spoken.asks and at and not (spoken.low[: at[0]] + spoken.low[at[1] :]).strip(" ?!."):
        last = spoken.before.last
        text = of_another(last.intent.text or last.question, name) if last and spoken.linked else name
    elif len(hits) > _NAMED:
        text = spoken.rest
    elif at:
        text = spoken.rest[: at[0]] + name + spoken.rest[at[1] :]
    else:
        text = with_name(spoken.rest, name)
    mark = "?" if spoken.text.endswith("?") and not text.endswith("?") else ""
    ids = tuple(hit.record.id for hit in hits)
    return Intent(text + mark, only=ids, how="rules", said=f"about {named(hits, spoken.before)}")


def alike(hits: tuple[Hit, ...], words: str, spoken: Spoken) -> Intent:
    """More that look like these."""
    hits = hits[:_MOST]
    ids = tuple(hit.record.id for hit in hits)
    said = f"pictures like {named(hits, spoken.before)}" + (f", and “{words}”" if words else "")
    return Intent(words or gist(hits), like=ids, without=ids, how="rules", said=said)


def again(search: Search, text: str, said: str, without: tuple[str, ...] = ()) -> Intent:
    return Intent(
        text,
        search.like,
        search.recalled,
        without=without or search.without,
        filter=search.filter,
        how="rules",
        said=said,
    )


def repeated(text: str) -> str:
    """A search that is done again, in words."""
    return f"“{text}” again" if text else "all of these again"


def as_written(spoken: Spoken, why: str = "") -> Intent:
    """The question as it stands, with the reason why nothing was read into it."""
    if not why:
        match = POINTS.search(spoken.low)
        why = f"I could not tell what “{match[0] if match else spoken.rest}” points at"
    return Intent(spoken.question, how="as written", said=f"searched as written: {why}")


def told(pictures: Sequence[Attached]) -> str:
    """Pictures of the user in words."""
    captions = [picture.caption for picture in pictures if picture.caption]
    what = "the picture" if len(pictures) == 1 else f"the {len(pictures)} pictures"
    return f"{what} you showed before" + (f" ({'; '.join(captions)})" if captions else "")


def names(hits: Sequence[Hit]) -> str:
    *most, last = map(quoted, hits)
    return f"{', '.join(most)} and {last}" if most else last


def gist(hits: Sequence[Hit]) -> str:
    """What pictures are of, in a few words: their tags, else what a model sees in them."""
    named = [tag for hit in hits for tag in hit.record.tags[:_TAGS]]
    seen = [name for hit in hits for name, probability in hit.record.seen.classes[:1] if probability >= _SURE]
    return " ".join(dict.fromkeys(named or seen))
