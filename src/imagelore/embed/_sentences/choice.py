"""The sentence encoder for records' texts, beside an embedder whose own text half reads too little.

`--sentences NAME` takes one of the table in `facts.py` from the Hugging Face hub, `--sentences /path/to/folder` one
whose files are there (`folder.py` says which); nothing said: the starter's, which ships with the package.

A question is cut at the encoder's window; of a longer document the mean over its first windows is taken, 2,048 word
pieces in all. What the encoder wants before questions and before texts (E5's "query: ", "passage: ") it gets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from imagelore._hub import fetched
from imagelore.embed import starter
from imagelore.embed._once import Once
from imagelore.embed._sentences import folder
from imagelore.embed._sentences.encoder import SentenceEncoder
from imagelore.embed._sentences.facts import MODELS, Facts, Named, names
from imagelore.errors import EmbedderError, UsageError
from imagelore.types import Vectors

STARTER = "starter"


@dataclass(frozen=True, slots=True)
class Sentences:
    """A sentence encoder that loads on first use."""

    name: str  # where it is: "starter", a name of the table, a folder's path
    version: str  # which it is
    facts: Facts
    _encoder: Once[SentenceEncoder]

    def encode(self, texts: Sequence[str], role: Literal["query", "document"]) -> Vectors:
        """Texts -> `[n, d]`, L2-normalised.

        Raises:
            EmbedderError: its files are missing or damaged.
        """
        return self._encoder().encode(texts, role)


def chosen(asked: str) -> Sentences:
    """The encoder that the setting `sentences` names; nothing is loaded or downloaded yet.

    Raises:
        UsageError: there is no such model or folder, or a file in it is missing.
    """
    if asked in ("", STARTER):
        return Sentences(STARTER, f"{STARTER} {starter.VERSION}", starter.SENTENCES, Once(starter.sentences))
    for model in MODELS:
        if asked == model.offered.name:
            return Sentences(asked, f"{asked} {model.version}", model.facts, Once(partial(_named, model)))
    path = Path(asked).expanduser().absolute()
    if not path.is_dir():
        raise UsageError(
            f"there is no sentence encoder {asked!r} and no such folder: set `sentences` (`imagelore index "
            f"--sentences`, IMAGELORE_SENTENCES) to one of {STARTER}, {names()}, or to a folder's path"
        )
    found = folder.read(path)
    return Sentences(
        str(path), found.version(), found.facts, Once(partial(_loaded, found.facts, found.files.__getitem__))
    )


def _named(model: Named) -> SentenceEncoder:
    return _loaded(model.facts, lambda role: fetched(model.offered.file(role), model.offered.name, EmbedderError))


def _loaded(facts: Facts, locate: Callable[[str], Path]) -> SentenceEncoder:
    tokenizer = locate("tokenizer")
    try:
        data = tokenizer.read_bytes()
    except OSError as error:
        raise EmbedderError(f"`{tokenizer}` cannot be read ({error.strerror}): copy it again") from error
    model = locate("model")
    return SentenceEncoder(model, data, facts, str(model))
