"""What a knowledge base holds, what made it, and what answers from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from imagelore.errors import ImageloreError
from imagelore.flows.knowledge import generator_name, index_name, load_generator, open_index
from imagelore.flows.models import used
from imagelore.flows.pictures import source_name
from imagelore.generate import Generator, LocalModel
from imagelore.settings import Settings
from imagelore.types import Calibration


@dataclass(frozen=True, slots=True)
class Status:
    """The answer of `imagelore status`."""

    kb: str
    records: int
    embedder: Mapping[str, Any]
    generator: str
    sources: Mapping[str, str]
    fields: Mapping[str, str]
    schema: int
    details: Mapping[str, Any]
    calibration: Calibration | None
    steps: Mapping[str, str]  # step -> the provider (or providers) that does it here

    def lines(self) -> Iterator[tuple[str, str]]:
        """(name, value) pairs for people."""
        yield "knowledge base", self.kb
        yield "records", f"{self.records:,}"
        spaces = ", ".join(f"{name} ({dimensions})" for name, dimensions in self.embedder["spaces"].items())
        yield "embedder", f"{self.embedder['name']} {self.embedder['version']}: {spaces}"
        told = (f"{name}: {', '.join(read) or 'many'}" for name, read in self.embedder["languages"].items())
        yield "languages", "; ".join(told)
        for model in self.embedder["models"]:
            yield "model", _model(model)
        yield "generator", self.generator
        for name, root in self.sources.items():
            yield "source", f"{name}: {root}"
        yield "steps", " -> ".join(f"{step} {provider}" for step, provider in self.steps.items())
        yield "fields", ", ".join(f"{name} ({kind})" for name, kind in self.fields.items()) or "none"
        yield "calibration", _told(self.calibration)
        for name, value in self.details.items():
            yield name.replace("_", " "), str(value)


def status(settings: Settings) -> Status:
    """What is in the knowledge base of these settings; neither its embedder nor a generator need be ready.

    Raises:
        KnowledgeBaseError: there is none.
    """
    info = open_index(settings).info()
    made = info.embedder
    return Status(
        kb=info.address,
        records=info.records,
        embedder={
            "name": made.name,
            "version": made.version,
            "spaces": {space.name: space.dimensions for space in made.spaces},
            "languages": {space.name: list(space.languages) for space in made.spaces if space.queries},
            "models": [
                {"name": model.offered.name, "licence": model.offered.licence, "here": model.here}
                for model in used(made.name, made.sentences)
            ],
        },
        generator=_generator(settings),
        sources={source.name: source.root for source in info.sources},
        fields=dict(info.fields),
        schema=info.schema,
        details=dict(info.details),
        calibration=info.calibration,
        steps={
            "source": ", ".join(sorted({source_name(source.root) for source in info.sources})) or "none yet",
            "embed": made.name,
            "index": index_name(settings.kb),
            "generate": generator_name(settings),
        },
    )


def answering(generator: Generator) -> str:
    """What answers, and what of it the first question would download."""
    if isinstance(generator, LocalModel) and (missing := generator.missing):
        pull = f"`imagelore models pull {generator.name}`"
        return f"{generator.label}, of which {missing / 1e9:.1f} GB are not on this machine yet: {pull}"
    return generator.label


def _model(model: Mapping[str, str]) -> str:
    name, here = model["name"], model["here"]
    where = "on this machine" if here == "yes" else f"not whole on this machine: `imagelore models pull {name}`"
    return f"{name} ({model['licence']}), {where}"


def _told(made: Calibration | None) -> str:
    if made is None:
        return "none: `imagelore index` makes it"
    of = f"{made.answerable} answerable and {made.unanswerable} unrelated questions over {made.records:,} records"
    return f"{of}; {made.false_answers:.0%} of the unrelated would find something that fits"


def _generator(settings: Settings) -> str:
    try:
        return answering(load_generator(settings))
    except ImageloreError as error:
        return f"{generator_name(settings)}, not ready: {error}"
