"""A text as an encoder wants it: token ids, cut and padded to the length that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from imagelore.embed.clip.facts import Words

MOST_CHARACTERS = 4_000  # far more than any context holds


class Tokens:
    """Texts -> ids and mask, `[n, context]` each. A longer text is cut; the mark at its end stays."""

    def __init__(self, tokenizer: Tokenizer, how: Words) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer, self._how = tokenizer, how
        marks = tokenizer.encode("").ids if how.marks is None else list(how.marks)
        self._before, self._after = marks[:-1], marks[-1:]
        self._pad = how.pad if isinstance(how.pad, int) else tokenizer.token_to_id(how.pad) or 0

    def __call__(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The ids and the mask of each text; an empty one has its marks only."""
        ids = np.full((len(texts), self._how.context), self._pad, np.int64)
        mask = np.zeros_like(ids) if self._how.masked else np.ones_like(ids)
        for row, text in enumerate(texts):
            pieces = self._pieces(text)
            ids[row, : len(pieces)], mask[row, : len(pieces)] = pieces, 1
        return ids, mask

    def _pieces(self, text: str) -> list[int]:
        # A lone surrogate (half an emoji, from broken JSON) has no UTF-8 form, which the tokenizer needs.
        clean = text[:MOST_CHARACTERS].encode("utf-8", "ignore").decode("utf-8")
        pieces = self._tokenizer.encode(clean.lower() if self._how.lower else clean, add_special_tokens=False).ids
        room = self._how.context - len(self._before) - len(self._after)
        return [*self._before, *pieces[:room], *self._after]
