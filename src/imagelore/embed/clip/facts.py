"""What has to be known about a dual encoder to run it, and the models that can be had by name.

Every revision, size and SHA-256 below was read in a published document: the hub's own pages, or the manifest of another
project that pins the same file. No file was downloaded here; what arrives is checked against its hash. Values of
pre-processing are the reference's own (transformers, open_clip); floors are careful guesses until they are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL.Image import Resampling

from imagelore._hub import HubFile, Offered, Reported

Role = Literal["vision", "text", "tokenizer"]
Three = tuple[float, float, float]

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
HALF: Three = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Pixels:
    """How a picture becomes `[3, side, side]`."""

    side: int
    edge: int  # the shorter side is scaled to this, then the centre is cropped; 0: the whole is squashed to a square
    resample: Resampling
    mean: Three
    std: Three
    rounded: bool = False  # an odd remainder is cropped as torchvision does it, not as transformers does


@dataclass(frozen=True, slots=True)
class Words:
    """How a text becomes `[context]` token ids."""

    context: int
    pad: int | str  # an id, or the token that has it
    lower: bool = False
    masked: bool = True  # padding is masked, where the model takes a mask; False: it was trained with it
    marks: tuple[int, ...] | None = None  # ids (before and) after each text; None: those that the tokenizer sets


@dataclass(frozen=True, slots=True)
class Facts:
    """A dual encoder, wherever its files are."""

    dimensions: int
    pixels: Pixels
    words: Words
    languages: tuple[str, ...]  # (): many
    image_floor: float  # a cosine that a question and an unrelated picture seldom exceed
    look_floor: float  # the same for two pictures


@dataclass(frozen=True, slots=True)
class Named:
    """A model that can be had by name."""

    facts: Facts
    offered: Offered
    version: str = "1"  # changes whenever a vector may


def _named(
    name: str,
    facts: Facts,
    files: tuple[HubFile, ...],
    licence: str,
    about: str,
    quality: tuple[Reported, ...] = (),
) -> Named:
    use = f"--embedder clip:{name}"
    return Named(facts, Offered(name, "embedder", use, files, licence, about, facts.languages, quality, extra="clip"))


def _files(repository: str, revision: str, *files: tuple[Role, str, str, int]) -> tuple[HubFile, ...]:
    return tuple(HubFile(role, repository, revision, path, sha256, size) for role, path, sha256, size in files)


# openai/clip-vit-base-patch32: preprocessor_config.json; MIT by the repository openai/CLIP.
_CLIP = Facts(
    dimensions=512,
    pixels=Pixels(224, 224, Resampling.BICUBIC, CLIP_MEAN, CLIP_STD),
    words=Words(77, pad=49407, marks=(49406, 49407)),
    languages=("en",),
    image_floor=0.2,
    look_floor=0.65,
)
# open_clip 3, `pretrained.py` (_mccfg) and `model_configs/MobileCLIP2-S2.json`. It has no causal mask: padding counts.
_MOBILECLIP2 = Facts(
    dimensions=512,
    pixels=Pixels(256, 256, Resampling.BILINEAR, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), rounded=True),
    words=Words(77, pad=0, marks=(49406, 49407)),
    languages=("en",),
    image_floor=0.15,
    look_floor=0.6,
)
# google/siglip2-base-patch16-224: preprocessor_config.json; lower-cased as in transformers' `Siglip2Tokenizer`.
_SIGLIP2 = Facts(
    dimensions=768,
    pixels=Pixels(224, 0, Resampling.BILINEAR, HALF, HALF),
    words=Words(64, pad=0, lower=True, masked=False, marks=(1,)),
    languages=(),
    image_floor=0.05,
    look_floor=0.65,
)

_XENOVA = ("Xenova/clip-vit-base-patch32", "d15189d7028b43f1d3e65039190477f6af591c2a")
_SIGLIP2_ONNX = ("onnx-community/siglip2-base-patch16-224-ONNX", "ba1f3b0843f24bc5417d38e19c37b287d719b2f4")
_CLIP_TOKENIZER = _files(
    *_XENOVA,
    ("tokenizer", "tokenizer.json", "f7f3b7af117d467b58374797691a6438d3e6b9e9cef800dfd5dced7f697a90cd", 2_224_119),
)
_SIGLIP2_TOKENIZER = _files(
    *_SIGLIP2_ONNX,
    ("tokenizer", "tokenizer.json", "cb9140fae3ac5122c972d37adf83e1248471a38147ad76f8215c8872c6fd8322", 34_363_039),
)

_CLIP_REPORTED = (Reported("ImageNet, zero-shot, top 1", "63.2 %", "arXiv:2103.00020, table 17, in full precision"),)
_MOBILECLIP2_REPORTED = (
    Reported("ImageNet, zero-shot, top 1", "77.2 %", "its model card"),
    Reported("mean of 38 datasets", "64.1 %", "its model card"),
)

MODELS = (
    _named(
        "clip-vit-b-32",
        _CLIP,
        (
            HubFile(
                "vision", "Qdrant/clip-ViT-B-32-vision", "a636590e595dbbd798647c9dd4550d5652fba969", "model.onnx",
                "c68d3d9a200ddd2a8c8a5510b576d4c94d1ae383bf8b36dd8c084f94e1fb4d63", 351_686_194,
            ),
            HubFile(
                "text", "Qdrant/clip-ViT-B-32-text", "48ca1db27cb4063eb311ec2aa7f087a808112876", "model.onnx",
                "4dbe762b11e36488304471e439cde89da053ad7acaddbf9e096745d142ec8d8b", 254_102_519,
            ),
            *_CLIP_TOKENIZER,
        ),
        "MIT",
        "OpenAI's CLIP ViT-B/32, float32: the classic",
        _CLIP_REPORTED,
    ),
    _named(
        "clip-vit-b-32-int8",
        _CLIP,
        _files(
            *_XENOVA,
            ("vision", "onnx/vision_model_quantized.onnx",
             "583fd1110a514667812fee7d684952aaf82a99b959760c8d7dca7e0ab9839299", 89_117_001),
            ("text", "onnx/text_model_quantized.onnx",
             "73baab855d406190da9faa498cfedf65f15cf309f4cc7385b7b032e6d08e5c3a", 64_504_507),
        ) + _CLIP_TOKENIZER,
        "MIT",
        "OpenAI's CLIP ViT-B/32 in 8 bits",
        _CLIP_REPORTED,
    ),
    _named(
        "mobileclip2-s2",
        _MOBILECLIP2,
        _files(
            "plhery/mobileclip2-onnx", "ba95759a5bdbaca53e9111e2550a76ec09c8fd9e",
            ("vision", "onnx/s2/vision_model.onnx",
             "a841f72c5a5085748bbe271a1d5718aba877822a15cba865bdbd0d37036b849e", 143_044_797),
            ("text", "onnx/s2/text_model.onnx",
             "622f10372bca71b5017f2efc5f8c2886610a2592b636de8984d717f03213f031", 254_053_669),
        ) + _CLIP_TOKENIZER,
        "Apple Machine Learning Research (apple-amlr): research only",
        "Apple's MobileCLIP2-S2, float32: better than CLIP at less work",
        _MOBILECLIP2_REPORTED,
    ),
    _named(
        "siglip2-base",
        _SIGLIP2,
        _files(
            *_SIGLIP2_ONNX,
            ("vision", "onnx/vision_model_fp16.onnx",
             "a1959f7bd3993a607e48839f6d01e25b876fe76afda301b028b78eef68aabd95", 186_039_516),
            ("text", "onnx/text_model_fp16.onnx",
             "711da56ada0a4aa11c7dd3320df741081a3cae4f0ae1b5e5c6d5b294738d0eb0", 564_862_230),
        ) + _SIGLIP2_TOKENIZER,
        "Apache-2.0",
        "Google's SigLIP 2 base, float16: reads many languages",
    ),
    _named(
        "siglip2-base-int8",
        _SIGLIP2,
        _files(
            *_SIGLIP2_ONNX,
            ("vision", "onnx/vision_model_int8.onnx",
             "0dd31785a2713f1113ef2272472165c69d580473dae38d7b47568ac587795e70", 94_553_333),
            ("text", "onnx/text_model_int8.onnx",
             "3a0603d3a00c05a80a6ded4743c16aaac7b1e62cdcc7e362e7ce418659b96400", 283_438_275),
        ) + _SIGLIP2_TOKENIZER,
        "Apache-2.0",
        "Google's SigLIP 2 base in 8 bits: reads many languages",
    ),
)  # fmt: skip
DEFAULT = "clip-vit-b-32"


def names(models: Sequence[Named] = MODELS) -> str:
    """The names, for a message."""
    return ", ".join(model.offered.name for model in models)
