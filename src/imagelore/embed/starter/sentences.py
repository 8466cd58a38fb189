"""A sentence encoder in ONNX: texts -> the mean of their word pieces' vectors (Reimers and Gurevych, "Sentence-BERT",
EMNLP 2019, section 3), L2-normalised.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from imagelore.embed.starter.runtime import onnxruntime
from imagelore.types import Vectors

WINDOW = 256  # word pieces that all-MiniLM-L6-v2 reads at once, its two marks included
MOST_CHARACTERS = 16_000  # bounds the time that one text can take: what comes after is not read


class SentenceEncoder:
    """Texts -> float32 `[n, 384]`. Safe to call from several threads at once."""

    def __init__(self, model: bytes, tokenizer: bytes) -> None:
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._marks = self._tokenizer.encode("").ids  # the pieces before and after every text
        self._session = onnxruntime.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str], windows: int) -> Vectors:
        """The vector of each text; of a text longer than a window, the mean over its first `windows` windows.

        Each window is weighted by its length. Texts run one by one: nothing is padded, and a text has the same
        vector whatever is embedded beside it.
        """
        vectors = np.empty((len(texts), self._session.get_outputs()[0].shape[-1]), np.float32)
        for row, text in enumerate(texts):
            total = sum(len(window) * self._mean(window) for window in self._windows(text)[:windows])
            vectors[row] = total / np.linalg.norm(total)
        return vectors

    def _windows(self, text: str) -> list[list[int]]:
        # A lone surrogate (half an emoji, from broken JSON) has no UTF-8 form, which the tokenizer needs.
        clean = text[:MOST_CHARACTERS].encode("utf-8", "ignore").decode("utf-8")
        pieces = self._tokenizer.encode(clean, add_special_tokens=False).ids
        first, last = self._marks
        room = WINDOW - len(self._marks)
        return [[first, *pieces[i : i + room], last] for i in range(0, max(1, len(pieces)), room)]

    def _mean(self, window: list[int]) -> NDArray[np.float32]:
        ids = np.array([window], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states: NDArray[np.float32] = self._session.run(None, feed)[0]
        mean: NDArray[np.float32] = states[0].mean(axis=0)
        return mean / np.linalg.norm(mean)


def session_options() -> onnxruntime.SessionOptions:
    """One thread a call: several calls side by side use the cores better than one call with several threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
