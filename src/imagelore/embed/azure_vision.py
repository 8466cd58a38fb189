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

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np
from PIL import Image

from imagelore._azure import Service, address
from imagelore.embed._azure_calls import Calls, Unfit
from imagelore.embed._azure_embedder import AzureEmbedder
from imagelore.embed._inputs import jpeg, neutral, unit, windows
from imagelore.settings import Settings
from imagelore.types import Check, EmbedderInfo, Space, Vectors

NAME = "Azure AI Vision"
API_VERSION = "2024-02-01"
ENDPOINT, KEY = "AZURE_VISION_ENDPOINT", "AZURE_VISION_KEY"
EXAMPLE = "https://RESOURCE.cognitiveservices.azure.com"
DIMENSIONS = 1024
SIDE = 768  # pixels: Florence was last trained on 384 x 384 (Yuan et al., arXiv 2111.11432), and 2:1 keeps these
WORDS, WINDOWS = 70, 4  # words a call; calls a text, each of which counts against the rate

# No figures are published. Contrastive models of this kind place unrelated texts and pictures at cosines of 0.1 to 0.2,
# and two unrelated texts, or pictures, far closer together: the floors are careful ones until they are measured.
_FLOORS: dict[str, Any] = {"text_floor": 0.7, "image_floor": 0.25, "look_floor": 0.65}
SPACE = Space("florence", DIMENSIONS, images=True, documents=True, queries=True, **_FLOORS)


class AzureVision(AzureEmbedder):
    """Pictures and texts -> `florence` `[n, 1024]`. The first call of all is a greeting that proves key and model."""

    blind = "check the resource's region and `IMAGELORE_AZURE_VISION_MODEL`"

    def __init__(self, settings: Settings) -> None:
        where = address(settings.azure_vision_endpoint, ENDPOINT, EXAMPLE)
        self._service = Service(NAME, where, ENDPOINT, KEY, "Cognitive Services User", (settings.azure_vision_key,))
        self._model = settings.azure_vision_model
        calls = Calls(self._service, "Ocp-Apim-Subscription-Key", settings, settings.azure_vision_rate)
        super().__init__(
            calls, EmbedderInfo("azure_vision", self._model, (SPACE,), image_side=SIDE, batch=32, parallel=2)
        )

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
        return self._rows(rows)

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

    def _pictures(self, pictures: Sequence[Image.Image]) -> list[Vectors | str]:
        return self._calls.each(lambda picture: self._or_why(lambda: self._picture(picture)), pictures)

    def _picture(self, picture: Image.Image) -> Vectors:
        return self._vector(
            "retrieval:vectorizeImage",
            content=jpeg(picture, SIDE),
            headers={"Content-Type": "application/octet-stream"},
        )

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
    """What `imagelore doctor` finds out.

    Raises:
        ImageloreError: something is wrong, and what to do.
    """
    yield from create(settings).checks(f"model {settings.azure_vision_model}")
