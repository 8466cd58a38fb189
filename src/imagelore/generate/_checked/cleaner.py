"""What the eye cannot see goes before anything else reads the text: zero-width, direction and control characters."""

from __future__ import annotations

import re

_INVISIBLE = (
    "\u00ad\u061c\u115f\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_DROPPED = re.compile(rf"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff{_INVISIBLE}]")
_JOINER = re.compile(r"(?<=[\x00-\x7f])[\u200c\u200d]+")
_SEPARATOR = re.compile(r"[\x0b\x0c\x85\u2028\u2029]")


def visible(text: str) -> str:
    """Text without characters that are not seen; the joiners of emoji and of other scripts stay."""
    return _DROPPED.sub("", text)


class Cleaner:
    """Cleans text that comes in pieces; lines end in `\\n` afterwards."""

    def __init__(self) -> None:
        self._last = "\n"  # of what was handed over
        self._after_return = False

    def clean(self, raw: str) -> str:
        """The next piece, cleaned."""
        if not raw:
            return ""
        if self._after_return:
            raw = raw.removeprefix("\n")
        self._after_return = raw.endswith("\r")
        text = _SEPARATOR.sub(" ", raw.replace("\r\n", "\n").replace("\r", "\n"))
        text = _JOINER.sub("", self._last + visible(text))[1:]
        self._last = text[-1:] or self._last
        return text
