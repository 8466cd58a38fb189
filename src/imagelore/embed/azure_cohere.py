"""azure_cohere: Cohere Embed v4, deployed in Microsoft Foundry: pictures and texts in one space, in batches.

Spoken is Cohere's own API under Foundry's route for it, `POST ENDPOINT/providers/cohere/v2/embed`: the deployment's
page names this address, and here `input_type` and `output_dimension` are what Cohere says they are. The other route,
Azure AI Model Inference (`/models/embeddings`), was retired with its SDK in August 2026.

Pictures go as `inputs` with `input_type` `search_document`: `images` takes one picture a call with some versions, and
Embed v4 treats the type `image` as `search_document` anyway. Questions are `search_query`, records `search_document`. A
text is cut after 20,000 characters (some 5,000 tokens of the 128,000 the model reads); an empty one, or one that is
refused, gets a vector that is close to none. A batch that is refused is halved until the picture at fault is found.

https://docs.cohere.com/v2/docs/embeddings and https://docs.cohere.com/v2/reference/embed
https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from PIL import Image

from imagelore._azure import Service, address, says, status
from imagelore.embed._azure_calls import Calls, Unfit
from imagelore.embed._azure_embedder import AzureEmbedder
from imagelore.embed._inputs import jpeg, neutral, unit
from imagelore.errors import UsageError
from imagelore.settings import Settings
from imagelore.types import Check, EmbedderInfo, Space, Vectors

NAME = "Cohere Embed in Foundry"
ENDPOINT, KEY = "AZURE_COHERE_ENDPOINT", "AZURE_COHERE_KEY"
EXAMPLE = "https://RESOURCE.services.ai.azure.com"
PATH = "/providers/cohere/v2/embed"
VERSION = "4.0"
DIMENSIONS = (256, 512, 1024, 1536)
SIDE = 1024  # pixels: the model takes 2.4 million and bills by area; here slides and labels can still be read
TEXTS, PICTURES = 96, 8  # inputs a call: the API's limit; few enough to be far below its 20 MB, and to go side by side
CHARACTERS = 20_000

# Public examples put fitting texts at cosines of 0.35 to 0.5. The floors are careful ones until they are measured.
_FLOORS: dict[str, Any] = {"text_floor": 0.3, "image_floor": 0.25, "look_floor": 0.65}

_SUFFIX = re.compile(r"/(?:providers/cohere|models|openai|api/projects)(?:/.*)?$")


class _Calls(Calls):
    def explained(self, error: Exception) -> str:
        """What Foundry does not find is mostly the deployment."""
        if status(error) != 404:
            return super().explained(error)
        return (
            f"{NAME} at {self.service.host} has no such thing ({says(error, self.service)}): set "
            f"`AZURE_COHERE_DEPLOYMENT` to the deployment's name, and check `{ENDPOINT}`"
        )


class AzureCohere(AzureEmbedder):
    """Pictures and texts -> `embed_v4` `[n, d]`. The first call of all is a greeting that proves key and deployment.

    The deployment's name is not part of the stamp.
    """

    blind = "set `AZURE_COHERE_DEPLOYMENT` to a deployment of Cohere Embed v4"

    def __init__(self, settings: Settings) -> None:
        self._dimensions = settings.azure_cohere_dimensions
        if self._dimensions not in DIMENSIONS:
            allowed = ", ".join(map(str, DIMENSIONS))
            raise UsageError(f"setting `azure_cohere_dimensions` must be one of {allowed}, not {self._dimensions}")
        where = _SUFFIX.sub("", address(settings.azure_cohere_endpoint, ENDPOINT, EXAMPLE))
        self._service = Service(NAME, where, ENDPOINT, KEY, "Cognitive Services User", (settings.azure_cohere_key,))
        self._deployment = settings.azure_cohere_deployment
        calls = _Calls(self._service, "api-key", settings, settings.azure_cohere_rate)
        space = Space("embed_v4", self._dimensions, images=True, documents=True, queries=True, **_FLOORS)
        super().__init__(calls, EmbedderInfo("azure_cohere", VERSION, (space,), image_side=SIDE, batch=32, parallel=2))

    def embed_texts(self, texts: Sequence[str], role: Literal["query", "document"]) -> Mapping[str, Vectors]:
        """Texts -> `embed_v4`; a question's vector is made to find records, a record's to be found."""
        cut = [text.strip()[:CHARACTERS] for text in texts]
        if unique := list(dict.fromkeys(filter(None, cut))):
            self._calls.prove(self._greet)
        known = dict(zip(unique, self._all("texts", f"search_{role}", unique, TEXTS), strict=True))
        nothing = neutral(self._dimensions)
        made = [known.get(text, nothing) for text in cut]
        return self._rows([nothing if isinstance(one, str) else one for one in made])

    def _greet(self) -> None:
        try:
            self._vectors("texts", "search_query", ["picture"])
        except Unfit as error:
            raise self._calls.failed(
                f"{NAME} at {self._service.host} does not embed with deployment {self._deployment!r} ({error}): "
                f"{self.blind}"
            ) from None

    def _pictures(self, pictures: Sequence[Image.Image]) -> list[Vectors | str]:
        return self._all("inputs", "search_document", self._calls.each(_input, pictures), PICTURES)

    def _all(self, field: str, kind: str, inputs: Sequence[Any], size: int) -> list[Vectors | str]:
        """For each input its vector, or why it is refused."""
        batches = [inputs[n : n + size] for n in range(0, len(inputs), size)]
        return [one for made in self._calls.each(lambda batch: self._some(field, kind, batch), batches) for one in made]

    def _some(self, field: str, kind: str, inputs: Sequence[Any]) -> list[Vectors | str]:
        made = self._or_why(lambda: self._vectors(field, kind, inputs), lone=field != "texts")
        if not isinstance(made, str):
            return list(made)
        if len(inputs) == 1:
            return [made]
        half = len(inputs) // 2
        return self._some(field, kind, inputs[:half]) + self._some(field, kind, inputs[half:])

    def _vectors(self, field: str, kind: str, inputs: Sequence[Any]) -> Vectors:
        body = {
            "model": self._deployment,
            "input_type": kind,
            "embedding_types": ["float"],
            "output_dimension": self._dimensions,
            field: list(inputs),
        }
        answer = self._calls.post(PATH, json=body)
        try:
            rows = np.asarray(answer["embeddings"]["float"], np.float32)
        except (KeyError, TypeError, ValueError):
            raise self._calls.garbled() from None
        if rows.shape != (len(inputs), self._dimensions) or not np.isfinite(rows).all():
            raise self._calls.failed(
                f"{NAME} at {self._service.host} answers with {'x'.join(map(str, rows.shape))} numbers instead of "
                f"{len(inputs)}x{self._dimensions}: set `AZURE_COHERE_DEPLOYMENT` to one of Cohere Embed v4"
            )
        return np.stack([unit(row) for row in rows])


def create(settings: Settings) -> AzureCohere:
    """The embedder; nothing is sent yet.

    Raises:
        UsageError: its endpoint is not set, or no address; or it cannot have so many dimensions.
    """
    return AzureCohere(settings)


def check(settings: Settings) -> Iterator[Check]:
    """What `imagelore doctor` finds out.

    Raises:
        ImageloreError: something is wrong, and what to do.
    """
    yield from create(settings).checks(f"deployment {settings.azure_cohere_deployment}")


def _input(picture: Image.Image) -> dict[str, Any]:
    url = "data:image/jpeg;base64," + base64.b64encode(jpeg(picture, SIDE)).decode()
    return {"content": [{"type": "image_url", "image_url": {"url": url}}]}
