"""A picture described by a chat model: what it is asked, and what is taken from its reply.

One picture a request: of several in one, small models mix up the numbers, which nobody would notice, and one that is
refused takes the others with it; the instructions that each repeats are few beside a picture's own tokens.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from imagelore.errors import UsageError
from imagelore.types import Task

TOKENS = 300  # of a reply
_SECONDS = 300.0  # for a reply with everything that is tried again: a model on a CPU may take minutes
_RETRIES = 6
_READ = 20_000  # characters of a reply that are looked at
_CAPTION, _TAG, _TAGS = 600, 40, 12  # characters, characters, how many
_LANGUAGE = re.compile(r"[^\W\d_][\w ()-]{1,39}")
_ADDRESS = re.compile(r"(?:\b[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:javascript|data|mailto):)\S*", re.IGNORECASE)
_MARKUP = (
    (re.compile(r"<[^<>]*>"), " "),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)"), r"\1"),  # a link, or an embedded picture
    (_ADDRESS, " "),
    (re.compile(r"[\[【]\s*\d[\d\s,–-]*[\]】]"), " "),  # what would pass for a citation
    (re.compile(r"[<>{}\[\]【】|`*_#~^\\]"), " "),
)
_DECLINED = re.compile(r"\W*(?:(?:i['’]?m |i am )?(?:very |so )?(?:sorry|unable)|i can(?:no|['’])t|as an ai)\b")


def task(jpeg: bytes, language: str) -> Task:
    """What a model is asked about a picture.

    Raises:
        UsageError: the language is no name of one.
    """
    if not _LANGUAGE.fullmatch(language):
        raise UsageError(f"setting `describe_language` is no language: {language[:80]!r}; it looks like German")
    return Task(_rules().replace("{language}", language), ("The picture:", jpeg), TOKENS, _SECONDS, _RETRIES)


def caption_in(reply: str) -> tuple[str, tuple[str, ...]] | None:
    """The caption and the tags in a reply, as plain text; None where there is no caption to be had from it.

    Text around the JSON object is passed over, and so is what is not of its type.
    """
    for value in _objects(reply[:_READ]):
        caption = plain(value["caption"], _CAPTION) if isinstance(value.get("caption"), str) else ""
        if any(map(str.isalpha, caption)) and not _DECLINED.match(caption.casefold()):
            return caption, _tags(value.get("tags"))
    return None


def plain(text: str, most: int) -> str:
    """A model's words as one line without links, markup and what a terminal or a page would obey."""
    text = unicodedata.normalize("NFC", html.unescape(text[: 8 * most]))
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    for pattern, instead in _MARKUP:
        text = pattern.sub(instead, text)
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split())).strip(" \"'“”")
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _tags(value: Any) -> tuple[str, ...]:
    """Distinct tags; a model may also write them as one text with commas."""
    listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    tags = (plain(tag, _TAG) for tag in listed if isinstance(tag, str))
    return tuple({tag.casefold(): tag for tag in tags if any(map(str.isalnum, tag))}.values())[:_TAGS]


def _objects(reply: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a reply."""
    decoder, at = json.JSONDecoder(strict=False), reply.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(reply, at)
        except (ValueError, RecursionError):
            value, end = None, at + 1
        if isinstance(value, dict):
            yield value
        at = reply.find("{", end)


@cache
def _rules() -> str:
    return resources.files("imagelore.generate").joinpath("prompts/describe.md").read_text(encoding="utf-8").strip()
