"""The files of a model: the one that is named, its further parts, and the encoder of pictures beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from imagelore._hub import Offered, fetched
from imagelore.errors import GeneratorError, UsageError
from imagelore.generate import _named
from imagelore.generate.llamacpp.gguf import Header, header
from imagelore.settings import Settings

_PART = re.compile(r"(.*)-00001-of-(\d{5})\.gguf")  # what llama.cpp's gguf-split writes
NONE = "none"  # the setting `llamacpp_mmproj`: pictures are not looked at


@dataclass(frozen=True, slots=True)
class Model:
    """A language model, and what it sees with."""

    path: Path
    parts: tuple[Path, ...]  # its files, `path` first
    facts: Header
    encoder: Path | None = None  # of pictures; None: it reads texts only
    encoder_facts: Header | None = None

    @property
    def name(self) -> str:
        """As people call it."""
        return self.path.stem

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in (*self.parts, *filter(None, [self.encoder])))

    def cache(self, context: int) -> int:
        """Bytes that the keys and values of so many tokens take, 16 bits each; an upper bound (sliding windows).

        The product of layers, tokens, heads and their widths: Ainslie et al., "GQA", EMNLP 2023, section 1.
        """
        heads = self.facts.number("attention.head_count")
        if not heads:
            return 0
        layers, width = self.facts.number("block_count"), self.facts.number("embedding_length") // heads
        shared = self.facts.total("attention.head_count_kv", layers) or heads * layers
        keys = self.facts.number("attention.key_length") or width
        values = self.facts.number("attention.value_length") or width
        return context * shared * (keys + values) * 2


def asked(settings: Settings) -> str:
    """What the settings name: a model of the table, or a file."""
    return settings.generator.partition(":")[2].strip()


def mmproj(settings: Settings) -> str:
    """What the settings say of the encoder of pictures: a file, `NONE`, or nothing."""
    return settings.llamacpp_mmproj.strip()


def offered(settings: Settings) -> Offered | None:
    """The model of the table that the settings name; None: they name a file."""
    return _named.named(asked(settings))


def found(settings: Settings) -> Model:
    """The model that the settings name, its header read; one of the table is downloaded if it is not here.

    Raises:
        UsageError: none is named, a file is missing or damaged, or there are several encoders of pictures.
        GeneratorError: a file of the table's cannot be had, or is another.
    """
    sees = mmproj(settings)
    if model := offered(settings):
        sees = sees or str(fetched(model.file("mmproj"), model.name, GeneratorError))
        path = fetched(model.file("model"), model.name, GeneratorError)
    else:
        path = _file(asked(settings))
    facts = header(path)
    if facts.architecture == "clip":
        raise UsageError(f"`{path}` only encodes pictures: name the language model that it belongs to")
    encoder = _encoder(path, sees)
    encoder_facts = header(encoder) if encoder else None
    if encoder_facts and encoder_facts.architecture != "clip":
        raise UsageError(f"`{encoder}` encodes no pictures: set `IMAGELORE_LLAMACPP_MMPROJ` to the model's mmproj file")
    return Model(path, _parts(path), facts, encoder, encoder_facts)


def _file(name: str) -> Path:
    names = ", ".join(model.name for model in _named.MODELS)
    if not name:
        raise UsageError(
            "`llamacpp` wants a model: `--generator llamacpp:/path/to/model.gguf`, or `llamacpp:NAME` with one of "
            f"{names}"
        )
    path = Path(name).expanduser()
    if path.is_dir():
        raise UsageError(
            f"`{path}` is a folder: name the model file in it, `--generator llamacpp:{path / 'MODEL.gguf'}`"
        )
    if not path.suffix and path.name == name and not path.exists():
        raise UsageError(f"there is no model {name!r} and no such file: name a GGUF file, or one of {names}")
    return path


def _parts(path: Path) -> tuple[Path, ...]:
    """All files of a model that comes in several, else the one."""
    if not (name := _PART.fullmatch(path.name)):
        return (path,)
    parts = tuple(path.with_name(f"{name[1]}-{n:05}-of-{name[2]}.gguf") for n in range(1, int(name[2]) + 1))
    for part in parts:
        if not part.exists():
            raise UsageError(f"a part of the model is missing, `{part.name}`: put it beside `{path}`")
    return parts


def _encoder(path: Path, asked: str) -> Path | None:
    """The file that the setting names, else the one beside the model that is called so."""
    if asked == NONE:
        return None
    if asked:
        return Path(asked).expanduser()
    beside = sorted(file for file in path.parent.glob("*.gguf") if "mmproj" in file.name.lower() and file != path)
    if len(beside) > 1:
        names = ", ".join(f"`{file.name}`" for file in beside[:4])
        raise UsageError(
            f"there are {len(beside)} encoders of pictures beside `{path.name}` ({names}): set "
            f"`IMAGELORE_LLAMACPP_MMPROJ` to one of them, or to `{NONE}` to answer from texts alone"
        )
    return beside[0] if beside else None
