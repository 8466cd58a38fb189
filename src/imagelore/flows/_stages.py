"""The stages of the index flow, each a callable: a change is read, a batch is embedded, a chunk is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from imagelore.embed import Embedder
from imagelore.errors import UnreadableError
from imagelore.flows._fields import Fields
from imagelore.flows._listing import readers, suffix
from imagelore.flows._plan import Change
from imagelore.index import Index
from imagelore.read import Metadata, Options, Reading, merged, row_metadata, sidecar_metadata
from imagelore.source import Source
from imagelore.types import Asset, ImageEmbeddings, Record, Seen
from imagelore.words import said

_SIDECAR_LIMIT = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """A picture that could not be read, and why."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A picture that was read and not yet embedded; `reading` is None where only its metadata changed."""

    change: Change
    uri: str
    metadata: Metadata
    reading: Reading | None
    warnings: tuple[str, ...]


Embedded = tuple[Record, Draft] | Skipped


@dataclass(frozen=True, slots=True)
class Written:
    """What a chunk came to."""

    added: int
    updated: int
    warnings: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """First stage: an asset's bytes -> a picture, and all metadata about it merged."""

    source: Source
    options: Options

    def __call__(self, change: Change) -> Draft | Skipped:
        """Reads one picture and what stands beside it."""
        provider, uri = readers()[suffix(change.asset)], self.source.uri(change.asset.path)
        warnings: list[str] = []
        try:
            if change.asset.size > self.options.max_bytes:  # before it fills the memory
                raise UnreadableError(
                    f"{change.asset.size / 1e6:,.0f} MB; {self.options.max_bytes / 1e6:,.0f} are the limit"
                )
            data = self.source.read(change.asset)
            if change.kind == "metadata":
                reading, inside = None, provider.embedded(data, self.options)
            else:
                reading = provider.read(change.asset, data, self.options)
                inside = reading.metadata
        except UnreadableError as error:
            return Skipped(uri, str(error))
        beside = [self._sidecar(asset, warnings) for asset in change.sidecars]
        metadata = merged([*map(row_metadata, change.rows), *beside, inside])
        return Draft(change, uri, metadata, reading, tuple(warnings))

    def _sidecar(self, asset: Asset, warnings: list[str]) -> Metadata:
        try:
            if asset.size > _SIDECAR_LIMIT:
                raise UnreadableError(f"{asset.size / 1e6:,.0f} MB are too many for a sidecar")
            metadata, told = sidecar_metadata(asset.path, self.source.read(asset))
        except UnreadableError as error:
            warnings.append(f"{asset.path}: {error}")
            return Metadata()
        warnings += told
        return metadata


@dataclass(frozen=True, slots=True)
class Embed:
    """Second stage: a batch of drafts -> records with vectors. What is known already is not embedded again."""

    embedder: Embedder
    index: Index
    source: str
    reuse: bool  # False for a new knowledge base: it knows no picture yet

    def __call__(self, batch: Sequence[Draft | Skipped]) -> list[Embedded]:
        """Records in the batch's order; their own fields are typed when they are written."""
        drafts = [item for item in batch if isinstance(item, Draft)]
        pictured = self._with_pictures(drafts)
        kept = [(record, draft) for record, draft in zip(pictured, drafts, strict=True) if isinstance(record, Record)]
        described = self._with_texts(kept)
        embedded = iter([item if isinstance(item, Skipped) else next(described) for item in pictured])
        return [item if isinstance(item, Skipped) else next(embedded) for item in batch]

    def _with_pictures(self, drafts: Sequence[Draft]) -> list[Record | Skipped]:
        known = self._known(drafts)
        fresh = [d for d in drafts if d.reading and d.change.id not in known]
        made = ImageEmbeddings({})
        if fresh:
            made = self.embedder.embed_images([d.reading.picture for d in fresh if d.reading])
        rows = {draft.change.id: row for row, draft in enumerate(fresh)}
        records: list[Record | Skipped] = []
        for draft in drafts:
            record, row = self._described(draft, known.get(draft.change.id)), rows.get(draft.change.id)
            if row is not None and row in made.refused:
                records.append(Skipped(draft.uri, made.refused[row]))
            else:
                records.append(record if row is None else _pictured(record, made, row))
        return records

    def _known(self, drafts: Sequence[Draft]) -> dict[str, Record]:
        """Draft id -> a record whose picture is the same: its own where only metadata changed, else by its hash."""
        own = {d.change.id: d.change.id for d in drafts if d.reading is None}
        by_hash = self.index.find([d.reading.sha256 for d in drafts if d.reading]) if self.reuse else {}
        own |= {d.change.id: by_hash[d.reading.sha256] for d in drafts if d.reading and d.reading.sha256 in by_hash}
        if not own:
            return {}
        records = {r.id: r for r in self.index.get(list(set(own.values())), vectors=True)}
        return {id: records[other] for id, other in own.items() if other in records}

    def _described(self, draft: Draft, known: Record | None) -> Record:
        """A record with everything but its vectors; the picture's own facts come from the reading, or from `known`."""
        change, reading, metadata = draft.change, draft.reading, draft.metadata
        record = known or Record(change.id, self.source, change.asset.path, "", "")
        if reading:
            record = replace(
                record,
                width=reading.width,
                height=reading.height,
                sha256=reading.sha256,
                phash=reading.phash,
                thumbnail=reading.thumbnail,
                seen=Seen(record.seen.classes, reading.colours),
            )
        return replace(
            record,
            id=change.id,
            source=self.source,
            path=change.asset.path,
            version=change.asset.version,
            digest=change.digest,
            title=metadata.title,
            text=metadata.text,
            tags=metadata.tags,
            groups=metadata.groups,
            taken_at=metadata.taken_at,
        )

    def _with_texts(self, pairs: Sequence[tuple[Record, Draft]]) -> Iterator[tuple[Record, Draft]]:
        texts = [document(draft.metadata) for _, draft in pairs]
        told = [text for text in texts if text]
        vectors = self.embedder.embed_texts(told, role="document") if told else {}
        row = 0
        for (record, draft), text in zip(pairs, texts, strict=True):
            mine = {space: matrix[row] for space, matrix in vectors.items()} if text else {}
            yield replace(record, texts=mine), draft
            row += bool(text)


@dataclass(frozen=True, slots=True)
class Write:
    """Third stage: a chunk of records -> the index, their own fields typed."""

    index: Index
    fields: Fields

    def __call__(self, chunk: Sequence[Embedded]) -> Written:
        """Writes all records of a chunk at once."""
        pairs = [item for item in chunk if not isinstance(item, Skipped)]
        for _, draft in pairs:
            self.fields.learn(draft.metadata.fields)
        if new := self.fields.settle():
            self.index.declare(new)
        records, warnings = [], []
        for record, draft in pairs:
            fields, extra, told = self.fields.typed(draft.metadata.fields)
            warnings += [*draft.warnings, *(f"{record.path}: {line}" for line in told)]
            records.append(replace(record, fields=fields, extra=extra))
        refused = self.index.upsert(records) if records else {}
        kept = [draft.change.kind for record, draft in pairs if record.id not in refused]
        skipped = tuple(Skipped(draft.uri, refused[record.id]) for record, draft in pairs if record.id in refused)
        added = kept.count("added")
        return Written(added, len(kept) - added, tuple(warnings), skipped)


def _pictured(record: Record, made: ImageEmbeddings, row: int) -> Record:
    """A record with the vectors of one embedded picture, and the classes seen in it."""
    vectors = {space: matrix[row] for space, matrix in made.vectors.items()}
    return replace(record, images=vectors, seen=Seen(made.seen[row] if made.seen else (), record.seen.colours))


def document(metadata: Metadata) -> str:
    """The text of a record that is embedded: title, text, tags and its own fields, in this order."""
    parts = [metadata.title, metadata.text, ", ".join(metadata.tags)]
    parts += [f"{name}: {said(value)}" for name, value in metadata.fields.items() if value not in (None, "")]
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())
