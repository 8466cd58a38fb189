"""The later stages of the index flow, each a callable: a batch of drafts is embedded, a chunk of records is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from imagelore.embed import Embedder
from imagelore.flows._fields import Fields
from imagelore.flows._reading import Draft, Skipped
from imagelore.index import Index
from imagelore.passages import paragraphs
from imagelore.types import ImageEmbeddings, Record, Seen
from imagelore.words import said

Embedded = tuple[Record, Draft] | Skipped


@dataclass(frozen=True, slots=True)
class Written:
    """What a chunk came to: `added` and `updated` count files, `parts` the further parts of documents."""

    added: int
    updated: int
    parts: int
    warnings: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


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
        described = self._with_texts([item for item in pictured if not isinstance(item, Skipped)])
        embedded = iter([item if isinstance(item, Skipped) else next(described) for item in pictured])
        return [item if isinstance(item, Skipped) else next(embedded) for item in batch]

    def _with_pictures(self, drafts: Sequence[Draft]) -> list[Embedded]:
        known = self._known(drafts)
        fresh = {d.id: d.reading.picture for d in drafts if d.reading and not d.reading.drawn and d.id not in known}
        made = self.embedder.embed_images(list(fresh.values())) if fresh else ImageEmbeddings({})
        rows = {id: row for row, id in enumerate(fresh)}
        records: list[Embedded] = []
        for draft in drafts:
            record, row = _record(draft, self.source, known.get(draft.id)), rows.get(draft.id)
            done = replace(draft, reading=None)  # its picture is needed no more
            if row is None:
                records.append((record, done))
            elif row not in made.refused:
                records.append((_pictured(record, made, row), done))
            elif draft.change.document:  # there is more to it than how it looks
                told = f"{draft.uri}: its picture was refused: {made.refused[row]}"
                records.append((record, replace(done, warnings=(*draft.warnings, told))))
            else:
                records.append(Skipped(draft.uri, made.refused[row]))
        return records

    def _known(self, drafts: Sequence[Draft]) -> dict[str, Record]:
        """Draft id -> a record whose picture is the same: its own as long as that has not changed, else by its hash."""
        hashes = {d.id: d.reading.sha256 for d in drafts if d.reading and d.reading.sha256}
        seen = [hashes[d.id] for d in drafts if d.id in hashes and not (d.reading and d.reading.drawn)]
        found = self.index.find(seen) if self.reuse and seen else {}
        own = [d.id for d in drafts if d.change.known]
        ids = list({*own, *found.values()})
        records = {r.id: r for r in self.index.get(ids, vectors=True)} if ids else {}
        known: dict[str, Record] = {}
        for draft in drafts:
            mine, digest = records.get(draft.id), hashes.get(draft.id, "")
            if mine and draft.reading and mine.sha256 != digest:
                mine = None
            same = mine or records.get(found.get(digest, ""))
            if same and (same.images or not draft.reading or draft.reading.drawn):
                known[draft.id] = same
        return known

    def _with_texts(self, pairs: Sequence[tuple[Record, Draft]]) -> Iterator[tuple[Record, Draft]]:
        texts = [document(replace(record, fields=draft.metadata.fields, extra={})) for record, draft in pairs]
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
        """Writes the records of a chunk at once; only documents' first parts follow when all else is safe."""
        pairs = [item for item in chunk if not isinstance(item, Skipped)]
        for _, draft in pairs:
            self.fields.learn(draft.metadata.fields)
        if new := self.fields.settle():
            self.index.declare(new)
        warnings: list[str] = []
        records: list[Record] = []
        heads: list[Record] = []
        for record, draft in pairs:
            fields, extra, told = self.fields.typed(draft.metadata.fields)
            warnings += draft.warnings
            if not draft.parent:
                warnings += (f"{record.path}: {line}" for line in told)
            first = draft.change.document and not draft.parent
            (heads if first else records).append(replace(record, fields=fields, extra=extra))
        refused = dict(self.index.upsert(records)) if records else {}
        for record, draft in pairs:
            if draft.change.document and not draft.parent and draft.change.known:
                self.index.trim(record.id, record.version, record.digest)
        refused |= self.index.upsert(heads) if heads else {}
        kept = [draft for record, draft in pairs if record.id not in refused]
        files = [draft.change.kind for draft in kept if not draft.parent]
        added = files.count("added")
        skipped = tuple(Skipped(d.uri, refused[d.id], part=bool(d.parent)) for _, d in pairs if d.id in refused)
        return Written(added, len(files) - added, len(kept) - len(files), tuple(warnings), skipped)


def document(record: Record) -> str:
    """The text of a record that is embedded: title, text, tags, its own fields, what it reads, what a model said."""
    parts = [record.title, record.text, ", ".join(record.tags)]
    own = {**record.fields, **record.extra}
    parts += [f"{name}: {said(value)}" for name, value in own.items() if value not in (None, "")]
    parts += [*paragraphs(record.lines), record.described.text, ", ".join(record.described.tags)]
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())


def _record(draft: Draft, source: str, known: Record | None) -> Record:
    """A record with everything but new vectors; the picture's own facts come from the reading, or from `known`."""
    change, reading, metadata = draft.change, draft.reading, draft.metadata
    record = known or Record(draft.id, source, change.asset.path, "", "")
    if reading:
        record = replace(
            record,
            width=reading.width,
            height=reading.height,
            sha256=reading.sha256,
            phash=reading.phash,
            thumbnail=reading.thumbnail,
            seen=Seen() if reading.drawn else Seen(record.seen.classes, reading.colours),
            place=reading.place,
            lines=reading.lines or (() if draft.looked else record.lines),  # what was read earlier stays
        )
    return replace(
        record,
        id=draft.id,
        source=source,
        path=change.asset.path,
        version=change.version,
        digest=change.digest,
        parent=draft.parent,
        title=metadata.title,
        text=metadata.text,
        tags=metadata.tags,
        groups=metadata.groups,
        taken_at=metadata.taken_at,
    )


def _pictured(record: Record, made: ImageEmbeddings, row: int) -> Record:
    """A record with the vectors of one embedded picture, and the classes seen in it."""
    vectors = {space: matrix[row] for space, matrix in made.vectors.items()}
    return replace(record, images=vectors, seen=Seen(made.seen[row] if made.seen else (), record.seen.colours))
