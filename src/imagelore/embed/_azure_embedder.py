"""What the embedders of Azure's services share: a greeting before all else, refused pictures by name, doctor's look."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Literal, TypeVar

import numpy as np
from PIL import Image

from imagelore.embed._azure_calls import Calls, Exhausted, Unfit
from imagelore.types import Check, EmbedderInfo, ImageEmbeddings, Vectors

T = TypeVar("T")


class AzureEmbedder(ABC):
    """Pictures and texts -> one space. `close` gives threads and connections back."""

    blind: str  # what to do where no picture is taken

    def __init__(self, calls: Calls, info: EmbedderInfo) -> None:
        self._calls, self._info = calls, info
        self._name = calls.service.name
        (self._space,) = info.spaces
        self._sees = False  # it has taken a picture
        self.close = weakref.finalize(self, calls.close)

    @property
    def info(self) -> EmbedderInfo:
        """Name, the model's version, and the space."""
        return self._info

    def embed_images(self, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        """RGB pictures of any size -> the space; a row of zeros for each that is refused.

        Until a picture was taken, a batch that is refused whole raises the question whether any would be: see `look`.
        """
        if pictures:
            self._calls.prove(self._greet)
        made = self._pictures(pictures)
        refused = {row: reason for row, reason in enumerate(made) if isinstance(reason, str)}
        if len(refused) < len(made):
            self._sees = True
        elif made and not self._sees:
            self.look()
        nothing = np.zeros(self._space.dimensions, np.float32)
        return ImageEmbeddings(self._rows([nothing if isinstance(one, str) else one for one in made]), refused=refused)

    @abstractmethod
    def embed_texts(self, texts: Sequence[str], role: Literal["query", "document"]) -> Mapping[str, Vectors]:
        """Texts -> the space."""

    def look(self) -> None:
        """Has a picture embedded that cannot be at fault.

        Raises:
            EmbedderError: it is refused, so all are; those that are under way hear the same.
        """
        (made,) = self._pictures([Image.new("RGB", (64, 64), "navy")])
        if isinstance(made, str):
            raise self._calls.failed(f"no picture can be embedded ({made}): {self.blind}")
        self._sees = True

    def checks(self, model: str) -> Iterator[Check]:
        """What `imagelore doctor` asks: the address, the identity and the `model`, and whether it takes a picture.

        Raises:
            EmbedderError: one of them is wrong.
        """
        with closing(self):
            yield Check(f"{self._name}: address", True, self._calls.service.address)
            self.embed_texts(["a picture"], "query")
            yield Check(f"{self._name}: texts", True, f"{model}, {self._space.dimensions} dimensions")
            self.look()
            yield Check(f"{self._name}: pictures", True, "it takes them")

    @abstractmethod
    def _greet(self) -> None:
        """A call that cannot be at fault."""

    @abstractmethod
    def _pictures(self, pictures: Sequence[Image.Image]) -> Sequence[Vectors | str]:
        """For each picture its vector, or why it is refused."""

    def _or_why(self, call: Callable[[], T], *, lone: bool = True) -> T | str:
        """What a call makes of its inputs, or why they are refused; `lone`: also where it fails on them alone."""
        try:
            return call()
        except Unfit as error:
            return f"{self._name} refuses it: {error}"
        except Exhausted as error:
            if lone and error.alone:
                return str(error)
            raise

    def _rows(self, vectors: Sequence[Vectors]) -> dict[str, Vectors]:
        return {self._space.name: np.array(vectors, np.float32).reshape(-1, self._space.dimensions)}
