"""A server on loopback that speaks Azure AI Vision's multimodal embeddings: `vectorizeImage` and `vectorizeText`.

Written from https://learn.microsoft.com/rest/api/computervision/image-retrieval (paths, queries, bodies, the shape of
an error and its header), https://learn.microsoft.com/azure/ai-services/computer-vision/how-to/image-retrieval (limits)
and https://learn.microsoft.com/azure/ai-services/authentication (header, audience). It is strict: what the
specification does not know is refused. Its vectors mean something: see `meaning`.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from imagelore.types import Vectors
from tests.fakes import meaning
from tests.fakes.embedding_server import FakeEmbedding, Handler, Refused, parsed

DIMENSIONS = 1024
MODELS = {"2022-04-11", "2023-04-15"}


@dataclass(frozen=True)
class Request:
    """A call that was answered."""

    kind: str  # "image" or "text"
    text: str = ""
    size: tuple[int, int] = (0, 0)
    at: float = field(default_factory=time.monotonic)


class FakeVision(FakeEmbedding):
    """The server, running. `requests` holds the calls that were answered."""

    key_header = "Ocp-Apim-Subscription-Key"

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.model = ""  # what it says has answered, whatever was asked for
        self.region = True  # False: there are no multimodal embeddings in this region
        self.subdomain = True  # False: this is a region's common address, where tokens do not work
        self.bad_pictures: set[tuple[int, int]] = set()  # sizes of pictures that it does not take
        self.crashes: set[tuple[int, int]] = set()  # sizes of pictures on which it fails each time
        self.bad_words: set[str] = set()  # texts with such a word are not taken
        super().__init__(_Handler)

    def environment(self) -> dict[str, str]:
        """The variables with which a program finds this server; without the key it has to sign in."""
        return {"AZURE_VISION_ENDPOINT": self.url + "/", "AZURE_VISION_KEY": self.key}

    def kinds(self) -> list[str]:
        """What the answered calls brought, in order."""
        with self.lock:
            return [request.kind for request in self.requests]


class _Handler(Handler):
    fake: FakeVision

    def embed(self, body: bytes) -> dict[str, Any]:
        if not self.fake.subdomain and "Authorization" in self.headers:
            raise Refused(400, "BadRequest", "Please provide a custom subdomain for token authentication.")
        parts = urlsplit(self.path)
        operation = parts.path.removeprefix("/computervision/retrieval:")
        if operation not in {"vectorizeImage", "vectorizeText"}:
            raise Refused(404, "404", "Resource not found")
        model = self._model(parse_qs(parts.query, keep_blank_values=True))
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        if kind != ("application/json" if operation == "vectorizeText" else "application/octet-stream"):
            raise Refused(415, "UnsupportedMediaType", f"Content type {kind!r} is not supported here")
        request, vector = self._text(body) if operation == "vectorizeText" else self._image(body)
        with self.fake.lock:
            self.fake.requests.append(request)
        return {"modelVersion": self.fake.model or model, "vector": (vector * 3).tolist()}  # not of length 1

    def told(self, error: Refused) -> dict[str, Any]:
        said: dict[str, Any] = {"code": error.code, "message": error.message, "target": None, "details": []}
        return {
            "error": said | ({"innererror": {"code": error.inner, "message": error.message}} if error.inner else {})
        }

    def _model(self, query: dict[str, list[str]]) -> str:
        if set(query) != {"api-version", "model-version"} or any(len(values) > 1 for values in query.values()):
            raise Refused(400, "InvalidRequest", f"Unknown or missing query parameter: {sorted(query)}", "BadArgument")
        if query["api-version"] != ["2024-02-01"]:
            raise Refused(404, "404", "Resource not found")
        if query["model-version"][0] not in MODELS:
            raise Refused(400, "InvalidRequest", "The requested model version is not supported.", "InvalidModel")
        if not self.fake.region:
            raise Refused(400, "InvalidRequest", "The feature is not supported in this region.", "NotSupportedFeature")
        return query["model-version"][0]

    def _text(self, body: bytes) -> tuple[Request, Vectors]:
        given = parsed(body)
        text = given.get("text")
        if set(given) != {"text"} or not isinstance(text, str):
            raise Refused(400, "InvalidRequest", "The body has one member, `text`", "BadArgument")
        if not 1 <= len(text.split()) <= 70:
            raise Refused(400, "InvalidRequest", "The text must have 1 to 70 words", "BadArgument")
        if self.fake.bad_words & set(text.split()):
            raise Refused(400, "InvalidRequest", "The text cannot be processed", "FailedToProcess")
        return Request("text", text), meaning.of_text(text, DIMENSIONS)

    def _image(self, body: bytes) -> tuple[Request, Vectors]:
        if len(body) >= 20 * 2**20:
            raise Refused(400, "InvalidRequest", "Input image is too large.", "InvalidImageSize")
        try:
            with Image.open(io.BytesIO(body)) as picture:
                size = picture.size
                if not (min(size) > 10 and max(size) < 16_000):
                    raise Refused(400, "InvalidRequest", "Image dimensions are out of range.", "InvalidImageSize")
                picture.draft("RGB", (64, 64))
                vector = meaning.of_picture(picture, DIMENSIONS)
        except OSError:
            raise Refused(400, "InvalidRequest", "Input data is not a valid image.", "InvalidImageFormat") from None
        if size in self.fake.bad_pictures:
            raise Refused(400, "InvalidRequest", "The image cannot be processed.", "NotSupportedImage")
        if size in self.fake.crashes:
            raise Refused(500, "InternalServerError", "Something went wrong.")
        return Request("image", size=size), vector
