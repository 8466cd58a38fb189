"""A server on loopback that speaks Cohere's `v2/embed` as Microsoft Foundry serves it: `/providers/cohere/v2/embed`.

Written from https://docs.cohere.com/v2/reference/embed (fields, answer, the shape of an error),
https://docs.cohere.com/v2/docs/embeddings (96 inputs and 20 MB a call, the input types that go with `inputs`) and
https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/configure-entra-id (audience). It is strict: what the
specification does not know is refused. Its vectors mean something: see `meaning`.
"""

from __future__ import annotations

import base64
import io
import uuid
from dataclasses import dataclass
from typing import Any

from PIL import Image

from imagelore.types import Vectors
from tests.fakes import meaning
from tests.fakes.embedding_server import FakeEmbedding, Handler, Refused, parsed

DEPLOYMENT = "embed-v-4-0"
PATH = "/providers/cohere/v2/embed"
REQUIRED = {"model", "input_type", "embedding_types", "output_dimension"}
TYPES = {"search_query", "search_document", "classification", "clustering"}


@dataclass(frozen=True)
class Request:
    """A call that was answered."""

    kind: str  # "inputs" or "texts"
    input_type: str
    texts: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()


class FakeCohere(FakeEmbedding):
    """The server, running. `requests` holds the calls that were answered."""

    key_header = "api-key"

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.old = False  # True: the deployment is one of Embed v3, which has 1,024 dimensions and no choice
        self.sees = True  # False: the deployment takes texts only
        self.bad_pictures: set[tuple[int, int]] = set()  # sizes of pictures that it does not take
        self.bad_words: set[str] = set()  # texts with such a word are not taken
        super().__init__(_Handler)

    def environment(self) -> dict[str, str]:
        """The variables with which a program finds this server; without the key it has to sign in."""
        return {"AZURE_COHERE_ENDPOINT": self.url + "/", "AZURE_COHERE_KEY": self.key}


class _Handler(Handler):
    fake: FakeCohere

    def embed(self, body: bytes) -> dict[str, Any]:
        if self.path != PATH:
            raise Refused(404, "404", "Resource not found")
        if self.headers.get("Content-Type") != "application/json":
            raise Refused(415, "415", "The content type must be application/json")
        if len(body) > 20 * 2**20:
            raise Refused(413, "413", "The request is larger than 20 MB")
        given = parsed(body)
        kind = self._checked(given)
        dimensions = given["output_dimension"]
        if kind == "texts":
            vectors = [self._text(text, dimensions) for text in given["texts"]]
            request = Request(kind, given["input_type"], tuple(given["texts"]))
        else:
            made = [self._input(one, dimensions) for one in given["inputs"]]
            vectors = [vector for _, vector in made]
            request = Request(kind, given["input_type"], sizes=tuple(size for size, _ in made))
        with self.fake.lock:
            self.fake.requests.append(request)
        answer = {"id": str(uuid.uuid4()), "texts": list(request.texts), "response_type": "embeddings_by_type"}
        meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 1}}
        return answer | {"embeddings": {"float": [vector.tolist() for vector in vectors]}, "meta": meta}

    def told(self, error: Refused) -> dict[str, Any]:
        if error.status in {401, 403, 404, 429}:  # of Foundry's own gateway
            return {"error": {"code": error.code, "message": error.message}}
        return {"id": str(uuid.uuid4()), "message": error.message}

    def _checked(self, given: dict[str, Any]) -> str:
        kinds = set(given) - REQUIRED
        if not set(given) >= REQUIRED or kinds not in ({"texts"}, {"inputs"}):
            raise Refused(400, "400", f"unknown or missing field: {sorted(given)}")
        if given["model"] != DEPLOYMENT:
            raise Refused(404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
        if given["input_type"] not in TYPES:
            raise Refused(400, "400", f"invalid input_type {given['input_type']!r}")
        if given["embedding_types"] != ["float"]:
            raise Refused(400, "400", "this server makes only floats")
        if self.fake.old or given["output_dimension"] not in (256, 512, 1024, 1536):
            raise Refused(400, "400", "output_dimension is not valid for this model")
        kind = str(kinds.pop())
        if kind == "inputs" and not self.fake.sees:
            raise Refused(400, "400", "invalid request: inputs are not supported by this model")
        if not isinstance(given[kind], list) or not 1 <= len(given[kind]) <= 96:
            raise Refused(400, "400", "invalid request: total number of inputs must be at most 96 and at least 1")
        return kind

    def _text(self, text: Any, dimensions: int) -> Vectors:
        if not isinstance(text, str) or not text.strip():
            raise Refused(400, "400", "invalid request: inputs cannot be empty")
        if self.fake.bad_words & set(text.split()):
            raise Refused(422, "422", "the text cannot be processed")
        return meaning.of_text(text, dimensions)

    def _input(self, given: Any, dimensions: int) -> tuple[tuple[int, int], Vectors]:
        match given:
            case {"content": [{"type": "image_url", "image_url": {"url": str(url), **rest}, **more}], **most} if not (
                rest or more or most
            ):
                head, _, data = url.partition(",")
            case _:
                raise Refused(400, "400", "invalid request: an input's content is one image_url here")
        if head != "data:image/jpeg;base64":
            raise Refused(400, "400", "invalid request: an image is a data URL")
        try:
            with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as picture:
                size = picture.size
                vector = meaning.of_picture(picture, dimensions)
        except (OSError, ValueError):
            raise Refused(400, "400", "invalid request: the image cannot be read") from None
        if size in self.fake.bad_pictures:
            raise Refused(400, "400", "the image cannot be processed")
        return size, vector
