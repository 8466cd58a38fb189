"""The stamp of a knowledge base: schema version, embedder, sources, calibration. Each engine keeps it in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from imagelore.errors import KnowledgeBaseError, MismatchError
from imagelore.settings import Settings
from imagelore.types import Calibration, EmbedderInfo, SourceInfo, Space


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who made a knowledge base, and of what."""

    schema: int
    embedder: EmbedderInfo
    sources: tuple[SourceInfo, ...] = ()
    calibration: Calibration | None = None


def embedder_value(embedder: EmbedderInfo) -> dict[str, Any]:
    """An embedder's info as JSON."""
    return asdict(embedder)


def sources_value(sources: Sequence[SourceInfo]) -> list[dict[str, Any]]:
    """Sources as JSON."""
    return [asdict(source) for source in sources]


def calibration_value(calibration: Calibration | None) -> dict[str, Any] | None:
    """A calibration as JSON, its numbers to four digits."""
    if calibration is None:
        return None
    values = asdict(calibration)
    for name in ("unrelated", "weights"):
        values[name] = {key: [round(number, 4) for number in numbers] for key, numbers in values[name].items()}
    return values | {"false_answers": round(calibration.false_answers, 4)}


def with_source(sources: Sequence[SourceInfo], source: SourceInfo) -> tuple[SourceInfo, ...]:
    """The sources and this one; a known name gets the new root."""
    return tuple(({known.name: known for known in sources} | {source.name: source}).values())


def read(values: Mapping[str, Any], address: str, newest: int) -> Stamp:
    """The stamp from its values: `schema`, `embedder`, `sources` and perhaps `calibration`.

    Raises:
        KnowledgeBaseError: its schema is above the `newest` that this release reads, or it is damaged.
    """
    try:
        version = int(values["schema"])
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(address, error) from error
    if version > newest:
        raise KnowledgeBaseError(
            f"the knowledge base at `{address}` was made by a newer imagelore (its schema is {version}, this one reads "
            f"up to {newest}): pip install --upgrade imagelore"
        )
    try:
        facts = dict(values["embedder"])
        languages = facts.pop("languages", ())  # until they became the spaces' own
        spaces = tuple(_space(space, languages) for space in facts.pop("spaces"))
        sources = tuple(SourceInfo(**source) for source in values["sources"])
        return Stamp(version, EmbedderInfo(spaces=spaces, **facts), sources, _calibration(values))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(address, error) from error


def _space(values: Mapping[str, Any], languages: Sequence[str]) -> Space:
    return Space(**{**values, "languages": tuple(values.get("languages", languages))})


def _calibration(values: Mapping[str, Any]) -> Calibration | None:
    """None where there is none, or another release's, which the next run replaces: nothing else depends on it."""
    try:
        facts = dict(values["calibration"])
        pairs = {name: (float(centre), float(spread)) for name, (centre, spread) in facts.pop("unrelated").items()}
        weights = {kind: tuple(map(float, numbers)) for kind, numbers in facts.pop("weights").items()}
        return Calibration(unrelated=pairs, weights=weights, **facts)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def check_embedder(address: str, made_by: EmbedderInfo, embedder: EmbedderInfo) -> None:
    """Vectors of different embedders cannot be in one knowledge base.

    Raises:
        MismatchError: they differ.
    """
    if made_by.identity != embedder.identity:
        raise MismatchError(
            f"the knowledge base at `{address}` was made by the embedder `{made_by.name}` (version {made_by.version}), "
            f"not by `{embedder.name}` (version {embedder.version}): make another one with "
            f"`imagelore index FOLDER --kb OTHER`, or leave out --embedder"
        )


def missing(address: str) -> KnowledgeBaseError:
    """The error of an address where there is nothing."""
    place = "" if address == Settings().kb else f" --kb {address}"
    return KnowledgeBaseError(
        f"there is no knowledge base at `{address}`: make one with `imagelore index FOLDER{place}`"
    )


def damaged(address: str, error: Exception) -> KnowledgeBaseError:
    """The error of a stamp that cannot be read."""
    return KnowledgeBaseError(
        f"the stamp of the knowledge base at `{address}` is damaged ({type(error).__name__}: {error}): remove it and "
        "index again, or give another one with --kb"
    )
