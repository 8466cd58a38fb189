"""clip: dual encoders of the CLIP family (CLIP, SigLIP, MobileCLIP) in ONNX Runtime.

`--embedder clip:NAME` takes a model of the table in `facts.py` from the Hugging Face hub, `clip:/path/to/folder` one
whose files are there (`folder.py` says which), `clip` alone the table's first.

Two spaces. `joint` holds pictures and questions: Radford et al., "Learning Transferable Visual Models From Natural
Language Supervision", ICML 2021; a question is cut at the model's context, 64 or 77 word pieces. `meaning` holds
records' texts and questions and has a sentence encoder of its own, as CLIP's reads no longer texts: the starter's, or
the one that the setting `sentences` names (`imagelore.embed._sentences.choice`, also for what is cut).

What is seen in a picture is named by the starter's classifier. CLIP itself could be asked for the likeliest of 1,000
class names ("a photo of a ...": Radford et al., section 3.1.4). But its text half would first have to read these names
in every process, 35 seconds of a core for ViT-B/32's, and is right about ImageNet less often: 63.2 % (table 17)
against EfficientNet-Lite2's 77.6 % (as its publishers report), whose probabilities are also known to mean something.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from tokenizers import Tokenizer

from imagelore.embed import Embedder, starter
from imagelore.embed._once import Once
from imagelore.embed._sentences.choice import Sentences, chosen
from imagelore.embed._sentences.facts import Facts as SentenceFacts
from imagelore.embed.clip import folder, hub
from imagelore.embed.clip.facts import DEFAULT, MODELS, Facts, Role, names
from imagelore.embed.clip.pixels import prepared
from imagelore.embed.clip.texts import Tokens
from imagelore.embed.clip.tower import Tower, accelerator
from imagelore.errors import EmbedderError, UsageError
from imagelore.settings import Settings
from imagelore.types import EmbedderInfo, ImageEmbeddings, Space, Vectors

TextRole = Literal["query", "document"]


class Clip:
    """Pictures -> `joint`; questions -> `joint` and `meaning`; records' texts -> `meaning`. Halves load on first use.

    Args:
        name: "clip:clip-vit-b-32"; what stands after the colon says where the model is, the version which it is.
        version: of its vectors in `joint`.
        facts: how it is used.
        locate: where its file of a role is; asked on first use.
        sentences: what places records' texts in `meaning`.
        parallel: calls at once; 0: one per core. Where something faster than the CPU computes, the others prepare.
    """

    def __init__(
        self, name: str, version: str, facts: Facts, locate: Callable[[Role], Path], sentences: Sentences,
        parallel: int = 0,
    ) -> None:  # fmt: skip
        self._facts = facts
        self._vision = Once(lambda: Tower(locate("vision"), "vision", facts))
        self._text = Once(lambda: Tower(locate("text"), "text", facts))
        self._tokens = Once(lambda: Tokens(_tokenizer(locate("tokenizer")), facts.words))
        self._sentences, self._eyes = sentences, starter.Starter()
        self._info = EmbedderInfo(
            name,
            f"{version}, {sentences.version}",
            _spaces(facts, sentences.facts),
            image_side=2 * facts.pixels.side,  # so that the shorter side, of which nothing is cropped, has enough
            batch=32 if accelerator() else 8,
            parallel=parallel or os.cpu_count() or 1,
            sentences=sentences.name,
        )

    @property
    def info(self) -> EmbedderInfo:
        """Name, version and spaces; known without loading a model."""
        return self._info

    def embed_images(self, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        """RGB pictures -> `joint` `[n, d]`, and the classes seen in each."""
        side = self._facts.pixels.side
        pixels = [prepared(picture, self._facts.pixels) for picture in pictures]
        rows = np.array(pixels, np.float32).reshape(-1, 3, side, side)
        return ImageEmbeddings({"joint": self._vision()(pixels=rows)}, self._eyes.seen(pictures))

    def embed_texts(self, texts: Sequence[str], role: TextRole) -> Mapping[str, Vectors]:
        """Texts -> `meaning` `[n, d]`, and questions also -> `joint` `[n, d]`."""
        vectors = {"meaning": self._sentences.encode(texts, role)}
        if role == "query":
            ids, mask = self._tokens()(texts)
            vectors["joint"] = self._text()(ids=ids, mask=mask)
        return vectors


def create(settings: Settings) -> Embedder:
    """The models that `settings.embedder` names after a colon and `settings.sentences`; nothing is loaded yet.

    Raises:
        UsageError: there is no such model or folder, or a file in it is missing.
    """
    asked, sentences = settings.embedder.partition(":")[2] or DEFAULT, chosen(settings.sentences)
    for model in MODELS:
        if asked == model.offered.name:
            version = f"{asked} {model.version}"
            fetched = partial(hub.fetched, model)
            return Clip(f"clip:{asked}", version, model.facts, fetched, sentences, settings.workers)
    path = Path(asked).expanduser().absolute()
    if not path.is_dir():
        raise UsageError(
            f"there is no model {asked!r} and no such folder: `--embedder clip:NAME` with one of {names()}, or "
            "`--embedder clip:/path/to/folder`"
        )
    found = folder.read(path)
    kept = found.files.__getitem__
    return Clip(f"clip:{path}", found.version(), found.facts, kept, sentences, settings.workers)


def _spaces(facts: Facts, sentences: SentenceFacts) -> tuple[Space, ...]:
    image, look = facts.image_floor, facts.look_floor
    return (
        Space(
            "joint", facts.dimensions, images=True, queries=True, image_floor=image, look_floor=look,
            languages=facts.languages,
        ),
        Space(
            "meaning", sentences.dimensions, documents=True, queries=True, text_floor=sentences.floor,
            languages=sentences.languages,
        ),
    )  # fmt: skip


def _tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises this very class
        raise EmbedderError(f"the tokenizer `{path}` cannot be read ({error}): get it again") from error
