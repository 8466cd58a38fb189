"""The one table of settings: name, default, help.

A value is taken from the first place that has it: the call (a flag), the environment (`IMAGELORE_NAME`, and the
names that vendors' own tools use), `imagelore.toml` in the working directory, the default.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_type_hints

from imagelore.errors import UsageError

FILE = "imagelore.toml"


def _setting(
    default: Any, help: str, env: tuple[str, ...] = (), *, secret: bool = False, least: float | None = None
) -> Any:
    return dataclasses.field(default=default, repr=not secret, metadata={"help": help, "env": env, "least": least})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, typed. Each field's help is in its metadata; `docs/settings.md` is generated from it."""

    kb: str = _setting("./.imagelore", "the knowledge base: a folder")
    embedder: str = _setting(
        "", "what turns pictures and texts into vectors; empty: the knowledge base's own, or `starter`"
    )
    generator: str = _setting("", "what answers; empty: `openai` when its key or address is set, else `extractive`")
    top: int = _setting(8, "how many hits a question gets", least=1)
    host: str = _setting("127.0.0.1", "the address that `serve` listens on")
    port: int = _setting(7860, "the port that `serve` listens on; the next free one where it is taken", least=0)
    gps: bool = _setting(False, "take over the place that a camera recorded in its pictures")
    workers: int = _setting(0, "threads that read and embed while indexing; 0: one per core", least=0)
    max_pixels: int = _setting(100_000_000, "pictures with more pixels are skipped", least=1)
    answer_pictures: int = _setting(6, "how many pictures a vision model is sent with a question, at most", least=0)
    answer_side: int = _setting(
        768, "the longer side, in pixels, of a picture that is sent to a vision model", least=64
    )
    openai_base_url: str = _setting("", "address of an OpenAI-compatible server, ending in /v1", ("OPENAI_BASE_URL",))
    openai_api_key: str = _setting("", "its key, where it wants one", ("OPENAI_API_KEY",), secret=True)
    openai_model: str = _setting("gpt-5-mini", "the model to ask there", ("OPENAI_MODEL",))
    openai_timeout: float = _setting(60.0, "seconds to wait for the next piece of an answer", least=1)
    openai_retries: int = _setting(3, "how often a refused or failed request is tried again", least=0)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            value, least = getattr(self, f.name), f.metadata["least"]
            if least is not None and not value >= least:  # this way round it also refuses "nan"
                raise UsageError(f"setting `{f.name}` must be at least {least}, not {value}")
            if f.name in ("kb", "host") and not value.strip():
                raise UsageError(f"setting `{f.name}` must not be empty")

    @classmethod
    def load(cls, **flags: Any) -> Settings:
        """Settings from flags (None: not given), the environment, `imagelore.toml` and the defaults.

        Raises:
            UsageError: an unknown name, a value that is not of its setting's type, or a file that would send a key
                which it does not hold itself to an address of its own choice.
        """
        file, elsewhere = _from_file(Path(FILE)), _from_environment(os.environ)
        elsewhere |= {name: value for name, value in flags.items() if value is not None}
        values = file | elsewhere
        if "openai_base_url" in file.keys() - elsewhere.keys() and "openai_api_key" in elsewhere:
            raise UsageError(
                f"`{FILE}` here names `openai_base_url`, and the key comes from the environment: it is not sent to an "
                "address that a folder brings along; set OPENAI_BASE_URL too, or take the line out"
            )
        hints = get_type_hints(cls)
        known = {f.name for f in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise UsageError(f"unknown setting `{name}`; the known ones are {', '.join(sorted(known))}")
        return cls(**{name: _typed(name, value, hints[name]) for name, value in values.items()})


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    values = {}
    for f in dataclasses.fields(Settings):
        for name in (f"IMAGELORE_{f.name.upper()}", *f.metadata["env"]):
            if environ.get(name):
                values[f.name] = environ[name]
                break
    return values


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"`{path}` cannot be read as settings: {error}") from error


def _typed(name: str, value: Any, kind: type) -> Any:
    if isinstance(value, bool) and kind is not bool:
        raise UsageError(f"setting `{name}` wants {_WANTS[kind]}, not {value!r}")
    if isinstance(value, kind):
        return value
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[str(value).lower()]
        return cast(Any, kind)(value)
    except (KeyError, ValueError, TypeError):
        raise UsageError(f"setting `{name}` wants {_WANTS[kind]}, not {value!r}") from None


_WANTS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
