"""What a prompt costs in tokens, estimated without a model's own tokenizer.

A picture: the larger of what OpenAI's two families take, so that a budget holds for either
(https://platform.openai.com/docs/guides/images-vision#calculating-costs). Tiles (GPT-4o): fitted into 2048 pixels and
its shorter side into 768, 85 and 170 for each 512-pixel tile. Patches (GPT-4.1 mini, GPT-5 mini): one for each 32-pixel
patch, 1,536 at most, times 1.62. A text: a token for four letters, or for one sign of a script without spaces.
"""

from __future__ import annotations

import io
import math
import re

from PIL import Image

from imagelore.types import Prompt, PromptSource, Record, Turn
from imagelore.words import said

_LETTERS = 4
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_RULES = 400  # the system's message, and what stands around the rest
_AROUND = 40  # characters of a source's own lines: its number, the names of its fields
_TILE, _TILE_TOKENS, _TILE_BASE, _LONGER, _SHORTER = 512, 170, 85, 2048, 768
_PATCH, _PATCH_TOKENS, _MOST_PATCHES = 32, 1.62, 1_536


def text_tokens(text: str) -> int:
    """Of a text."""
    signs = len(_UNSPACED.findall(text))
    return math.ceil((len(text) - signs) / _LETTERS) + signs


def picture_tokens(width: int, height: int) -> int:
    """Of a picture of so many pixels."""
    scale = min(1.0, _LONGER / max(width, height), _SHORTER / min(width, height))
    tiles = math.ceil(width * scale / _TILE) * math.ceil(height * scale / _TILE)
    patches = min(_MOST_PATCHES, math.ceil(width / _PATCH) * math.ceil(height / _PATCH))
    return max(_TILE_BASE + _TILE_TOKENS * tiles, math.ceil(_PATCH_TOKENS * patches))


def jpeg_tokens(jpeg: bytes) -> int:
    """Of a picture, from its head."""
    return picture_tokens(*size(jpeg))


def size(jpeg: bytes) -> tuple[int, int]:
    """A picture's width and height."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        return picture.size


def turn_tokens(turn: Turn) -> int:
    """Of an earlier turn."""
    return text_tokens(turn.question) + text_tokens(turn.answer)


def source_tokens(record: Record, text_limit: int) -> int:
    """Of what a chat model is told of a record, without its picture."""
    told = [record.title, record.path, record.text[:text_limit], record.read[:text_limit], *record.tags]
    told += [record.place, record.described.words(), record.seen.words()]
    told += [f"{name} {said(value)}" for name, value in record.fields.items()]
    return text_tokens(" ".join(told)) + _AROUND // _LETTERS


def prompt_tokens(prompt: Prompt) -> int:
    """Of all that a prompt carries."""
    return (
        asked_tokens(prompt.question)
        + sum(map(turn_tokens, prompt.history))
        + sum(_whole(source, prompt.text_limit) for source in prompt.sources)
        + sum(map(jpeg_tokens, prompt.pictures))
    )


def asked_tokens(question: str) -> int:
    """Of a question with the rules that go with every one."""
    return _RULES + text_tokens(question)


def _whole(source: PromptSource, text_limit: int) -> int:
    picture = jpeg_tokens(source.picture) if source.picture is not None else 0
    return source_tokens(source.hit.record, text_limit) + picture
