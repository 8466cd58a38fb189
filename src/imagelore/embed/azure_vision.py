"""azure_vision: multimodal embeddings of Azure AI Vision (Image Analysis 4.0), pictures and texts in one space.

One input a call (`retrieval:vectorizeImage`, `retrieval:vectorizeText`), so many calls are made at once, no faster than
`azure_vision_rate`. Microsoft retires the service on 25 September 2028; `azure_cohere` is its successor.

Texts: the service reads 1 to 70 words (102 languages). A longer one is cut into windows, at most four (280 words); its
vector is the mean of theirs. What stands first, a record's title, is in the first window. An empty text, or one that is
refused even when shortened, gets a vector that is close to none. A picture that is refused is named in `refused`.

https://learn.microsoft.com/azure/ai-services/computer-vision/how-to/image-retrieval
https://learn.microsoft.com/rest/api/computervision/image-retrieval
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np
from PIL import Image

from imagelore._azure import Service, address
from imagelore.embed._azure_calls import Calls, Exhausted, Unfit
from imagelore.embed._inputs import jpeg, neutral, unit, windows
from imagelore.errors import EmbedderError, ImageloreError
from imagelore.settings import Settings
from imagelore.types import Check, EmbedderInfo, ImageEmbeddings, Space, Vectors

NAME = "Azure AI Vision"
API_VERSION = "2024-02-01"
ENDPOINT, KEY = "AZURE_VISION_ENDPOINT", "AZURE_VISION_KEY"
EXAMPLE = "https://RESOURCE.cognitiveservices.azure.com"
DIMENSIONS = 1024
SIDE = 768  # pixels: Florence was last trained on 384 x 384 (Yuan et al., arXiv 2111.11432), and 2:1 keeps these
WORDS, WINDOWS = 70, 4  # words a call; calls a text, each of which counts against the rate

# No figures are published. Contrastive models of this kind place unrelated texts and pictures at cosines of 0.1 to 0.2,
# and two unrelated texts, or pictures, far closer together: the floors are careful ones until they are measured.
_FLOORS = {"text_floor": 0.7, "image_floor": 0.25, "look_floor": 0.65}
SPACE = Space("florence", DIMENSIONS, images=True, documents=True, queries=True, **_FLOORS)


class AzureVision:
    """Pictures and texts -> `florence` `[n, 1024]`. The first call of all is a greeting that proves key and model."""

    def __init__(self, settings: Settings) -> None:
        where = address(settings.azure_vision_endpoint, ENDPOINT, EXAMPLE)
        self._service = Service(NAME, where, ENDPOINT, KEY, "Cognitive Services User", (settings.azure_vision_key,))
        self._model = settings.azure_vision_model
        self._calls = Calls(self._service, "Ocp-Apim-Subscription-Key", settings, settings.azure_vision_rate)
        self.close = weakref.finalize(self, self._calls.close)
        self._info = EmbedderInfo("azure_vision", self._model, (SPACE,), image_side=SIDE, batch=32, parallel=2)

    @property
    def info(self) -> EmbedderInfo:
        """Name, the model's version, and the space."""
        return self._info

    def embed_images(self, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        """RGB pictures of any size -> `florence`; a row of zeros for each that is refused."""
        if pictures:
            self._calls.prove(self._greet)
        made = self._calls.each(self._picture, pictures)
        refused = {row: reason for row, reason in enumerate(made) if isinstance(reason, str)}
        rows = [np.zeros(DIMENSIONS, np.float32) if isinstance(one, str) else one for one in made]
        return ImageEmbeddings({SPACE.name: _matrix(rows)}, refused=refused)

    def embed_texts(self, texts: Sequence[str], role: Literal["query", "document"]) -> Mapping[str, Vectors]:
        """Texts -> `florence`, whatever their role; equal windows are sent once."""
        del role
        parts = [windows(text, WORDS, WINDOWS) for text in texts]
        if unique := list(dict.fromkeys(chain.from_iterable(parts))):
            self._calls.prove(self._greet)
        known = dict(zip(unique, self._calls.each(self._text, unique), strict=True))
        rows = []
        for windowed in parts:
            told = [vector for window in windowed if (vector := known[window]) is not None]
            rows.append(unit(np.mean(told, axis=0)) if told else neutral(DIMENSIONS))
        return {SPACE.name: _matrix(rows)}

    def _greet(self) -> None:
        try:
            self._vector("retrieval:vectorizeText", json={"text": "picture"})
        except Unfit as error:
            mend = (
                f"set `{ENDPOINT}` to the resource's own address"  # Entra does not work with a region's
                if "subdomain" in str(error).lower()
                else "create the resource in a region that has multimodal embeddings, or set "
                "`IMAGELORE_AZURE_VISION_MODEL` to a model that it offers"
            )
            told = f"{NAME} at {self._service.host} does not embed with model {self._model!r} ({error}): {mend}"
            raise self._calls.failed(told) from None

    def _picture(self, picture: Image.Image) -> Vectors | str:
        """Its vector, or why it is refused."""
        try:
            return self._vector(
                "retrieval:vectorizeImage",
                content=jpeg(picture, SIDE),
                headers={"Content-Type": "application/octet-stream"},
            )
        except Unfit as error:
            return f"{NAME} refuses it: {error}"
        except Exhausted as error:
            if error.alone:
                return str(error)
            raise

    def _text(self, text: str) -> Vectors | None:
        """Its vector, that of its first half where it is refused, and so on; None where even one word is."""
        try:
            return self._vector("retrieval:vectorizeText", json={"text": text})
        except Unfit:
            half = windows(text, max(1, len(text.split()) // 2), 1)[0]
            return self._text(half) if len(half) < len(text) else None

    def _vector(self, operation: str, **request: Any) -> Vectors:
        versions = {"api-version": API_VERSION, "model-version": self._model}
        answer = self._calls.post(f"/computervision/{operation}", params=versions, **request)
        try:
            model, vector = str(answer["modelVersion"]), np.asarray(answer["vector"], np.float32)
        except (KeyError, TypeError, ValueError):
            raise self._calls.garbled() from None
        if model != self._model or vector.shape != (DIMENSIONS,) or not np.isfinite(vector).all():
            raise self._calls.failed(
                f"{NAME} at {self._service.host} answers with model {model!r} and {vector.size} dimensions instead of "
                f"{self._model!r} and {DIMENSIONS}, and their vectors cannot be compared: set "
                f"`IMAGELORE_AZURE_VISION_MODEL`, and index into another place"
            )
        return unit(vector)


def create(settings: Settings) -> AzureVision:
    """The embedder; nothing is sent yet.

    Raises:
        UsageError: its endpoint is not set, or no address.
    """
    return AzureVision(settings)


def check(settings: Settings) -> Iterator[Check]:
    """What `imagelore doctor` asks: the address, the identity and the model, and whether it takes a picture."""
    try:
        embedder = create(settings)
        yield Check(f"{NAME}: address", True, settings.azure_vision_endpoint)
        embedder.embed_texts(["a picture"], "query")
        yield Check(f"{NAME}: texts", True, f"model {settings.azure_vision_model}, {DIMENSIONS} dimensions")
        refused = embedder.embed_images([Image.new("RGB", (64, 64), "navy")]).refused
        if refused:
            raise EmbedderError(f"{refused[0]}: check the resource's region and `IMAGELORE_AZURE_VISION_MODEL`")
        yield Check(f"{NAME}: pictures", True, "it takes them")
        embedder.close()
    except ImageloreError as error:
        said, _, mend = str(error).rpartition(": ")
        yield Check(NAME, False, said, mend)


def _matrix(rows: Sequence[Vectors]) -> Vectors:
    return np.array(rows, np.float32).reshape(-1, DIMENSIONS)
