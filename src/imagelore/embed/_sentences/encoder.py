"""A sentence encoder in ONNX: texts -> the pooled vectors of their word pieces, L2-normalised.

Reimers and Gurevych, "Sentence-BERT", EMNLP 2019, section 3: the mean of all pieces, or the first one's vector (CLS).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from imagelore.embed._runtime import onnxruntime, session_options
from imagelore.embed._sentences.facts import Facts
from imagelore.errors import EmbedderError
from imagelore.types import Vectors

MOST_CHARACTERS = 16_000  # bounds the time that one text can take: what comes after is not read
MOST_PIECES = 2_048  # of a document: eight windows of 256
_FED = frozenset({"input_ids", "attention_mask", "token_type_ids"})


class SentenceEncoder:
    """Texts -> float32 `[n, d]`. Safe to call from several threads at once.

    Args:
        model: the ONNX file, or its bytes.
        tokenizer: the bytes of its `tokenizer.json`.
        facts: how it is used.
        name: what to call it in errors: the model's file.

    Raises:
        EmbedderError: a file is damaged, or the model is of another kind or size than the facts say.
    """

    def __init__(self, model: bytes | Path, tokenizer: bytes, facts: Facts, name: str) -> None:
        self._facts, self._name = facts, name
        try:
            self._tokenizer = Tokenizer.from_buffer(tokenizer)
            self._session = onnxruntime.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # neither library's errors have a class of their own
            raise EmbedderError(f"the model `{name}` cannot be loaded ({_line(error)}): get it again") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        marks = self._tokenizer.encode("").ids  # the pieces before and after every text
        self._before, self._after = marks[:-1], marks[-1:]
        self._inputs = self._checked()
        self._output = self._chosen()

    def encode(self, texts: Sequence[str], role: Literal["query", "document"]) -> Vectors:
        """The vector of each text; a question is cut after one window, of a longer document the mean is taken.

        Each window is weighted by its length. Texts run one by one: nothing is padded, and a text has the same
        vector whatever is embedded beside it.
        """
        facts = self._facts
        prefix, most = (facts.query, 1) if role == "query" else (facts.document, max(1, MOST_PIECES // facts.window))
        vectors = np.empty((len(texts), facts.dimensions), np.float32)
        for row, text in enumerate(texts):
            total = sum(len(window) * self._pooled(window) for window in self._windows(prefix, text)[:most])
            vectors[row] = total / np.linalg.norm(total)
        return vectors

    def _windows(self, prefix: str, text: str) -> list[list[int]]:
        # A lone surrogate (half an emoji, from broken JSON) has no UTF-8 form, which the tokenizer needs.
        clean = text[:MOST_CHARACTERS].encode("utf-8", "ignore").decode("utf-8")
        pieces, head = self._pieces(prefix + clean), self._pieces(prefix.rstrip()) if prefix else []
        if pieces[: len(head)] != head:
            head = []  # its end grew together with the text's beginning: only the first window has it
        rest = pieces[len(head) :]
        room = self._facts.window - len(self._before) - len(head) - len(self._after)
        starts = range(0, max(1, len(rest)), room)
        return [[*self._before, *head, *rest[start : start + room], *self._after] for start in starts]

    def _pieces(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def _pooled(self, window: list[int]) -> NDArray[np.float32]:
        ids = np.array([window], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        try:
            (made,) = self._session.run([self._output], {name: feed[name] for name in self._inputs})
        except Exception as error:  # a tokenizer of another model, say: its numbers mean nothing here
            raise EmbedderError(f"the model `{self._name}` fails ({_line(error)}): take another export") from error
        states = np.asarray(made[0], np.float32)
        if states.shape[-1] != self._facts.dimensions:
            raise self._misfit(states.shape[-1])
        vector = states if states.ndim == 1 else states[0] if self._facts.pooling == "cls" else states.mean(axis=0)
        length = np.linalg.norm(vector)
        if not np.isfinite(length) or not length:
            raise EmbedderError(f"the model `{self._name}` makes no sound vectors: take its float32 file")
        return cast(NDArray[np.float32], vector / length)

    def _checked(self) -> list[str]:
        inputs = [given.name for given in self._session.get_inputs()]
        if "input_ids" not in inputs or not _FED.issuperset(inputs):
            raise EmbedderError(f"the model `{self._name}` takes {', '.join(inputs)}: it is no sentence encoder")
        return inputs

    def _chosen(self) -> str:
        """The output with a vector for each piece, or the one for the whole text where the export pools by itself."""
        outputs: list[Any] = self._session.get_outputs()
        fitting = [o for rank in (3, 2) for o in outputs if len(o.shape) == rank]
        if not fitting:
            raise EmbedderError(f"the model `{self._name}` makes {', '.join(o.name for o in outputs)}, and no vectors")
        width = fitting[0].shape[-1]
        if isinstance(width, int) and width != self._facts.dimensions:
            raise self._misfit(width)
        return str(fitting[0].name)

    def _misfit(self, width: int) -> EmbedderError:
        return EmbedderError(
            f"the model `{self._name}` does not fit its description: its vectors have {width} dimensions, not "
            f"{self._facts.dimensions}: take all files from one model's folder"
        )


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
