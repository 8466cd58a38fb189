"""What stands at the beginning of a GGUF file: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagelore.errors import UsageError

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_KEPT = 4_096  # values of a list that are kept: one a layer; the vocabulary, which is longer, is passed over


@dataclass(frozen=True, slots=True)
class Header:
    """The facts of a model file, and how many bytes it must have at least."""

    values: Mapping[str, Any]
    least: int

    @property
    def architecture(self) -> str:
        """What the model is: "llama", "qwen2vl"; "clip" is an encoder of pictures."""
        return str(self.values.get("general.architecture", ""))

    def number(self, name: str) -> int:
        """A fact of the architecture's own ("block_count"); 0 where there is none, the largest of several."""
        return max(self._numbers(name), default=0)

    def total(self, name: str, layers: int) -> int:
        """The same, added up over the layers."""
        numbers = self._numbers(name)
        return sum(numbers) if len(numbers) > 1 else sum(numbers) * layers

    def _numbers(self, name: str) -> list[int]:
        value = self.values.get(f"{self.architecture}.{name}")
        return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, int)]


def header(path: Path) -> Header:
    """Reads the header of a model file.

    Raises:
        UsageError: it cannot be read, is no GGUF file, or ends too early.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise UsageError(f"`{path}` is no GGUF file: name one that llama.cpp can load")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                found, size = _Reader(data).header(), len(data)
    except FileNotFoundError as error:
        raise UsageError(f"there is no model file `{path}`: name one with `--generator llamacpp:FILE.gguf`") from error
    except OSError as error:
        raise UsageError(f"the model file `{path}` cannot be read: {error.strerror}") from error
    except (struct.error, KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise UsageError(f"`{path}` is damaged in its first part: download it again") from error
    if size < found.least:
        raise UsageError(
            f"`{path}` is not whole: it has {size:,} bytes, and its parts begin as far as {found.least:,}; download it "
            "again"
        )
    return found


class _Reader:
    """Walks through a header once."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 4  # after the magic

    def header(self) -> Header:
        version, tensors, pairs = self._take("I"), self._take("Q"), self._take("Q")
        if version not in (2, 3):
            raise ValueError("a version that nobody writes")
        values = {}
        for _ in range(pairs):
            name = self._string()
            values[name] = self._value(self._take("I"))
        last = 0
        for _ in range(tensors):
            self._string()
            dimensions = self._take("I")
            self._at += 8 * dimensions + 4  # its shape and type
            last = max(last, self._take("Q"))
        align = max(1, int(values.get("general.alignment", 32)))
        return Header(values, -(-self._at // align) * align + last)

    def _take(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self._data, self._at)
        self._at += struct.calcsize(code)
        return value

    def _string(self) -> str:
        length = self._take("Q")
        if self._at + length > len(self._data):
            raise ValueError("a text that goes on beyond the end")
        text = self._data[self._at : self._at + length].decode("utf-8", "replace")
        self._at += length
        return text

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._take(_SCALARS[kind])
        kind, length = self._take("I"), self._take("Q")
        if kind in _SCALARS and length > _KEPT:
            self._at += length * struct.calcsize(_SCALARS[kind])
            return None
        values: list[Any] = []
        for _ in range(length):  # ends at the end of the data at the latest
            value = self._value(kind)
            if len(values) < _KEPT:
                values.append(value)
        return values
