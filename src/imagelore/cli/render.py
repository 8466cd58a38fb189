"""How the command line shows what flows return: tables and prose for people, one JSON document for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from imagelore.types import ChatEvent, Check, Citation, Delta, Done, Hit, Notice, Retrieved

if TYPE_CHECKING:  # a command waits for its own flow only
    from imagelore.flows.ingest import Report
    from imagelore.flows.search import Retrieval
    from imagelore.flows.status import Status
    from imagelore.flows.upload import UploadReport

_UNBROKEN = 10_000  # columns
_SUMMED = {"parts": "more parts of documents", "read": "searched for text"}
_WARNINGS = 20  # of a run that are told one by one
_INTERRUPTED = "interrupted: what was done is kept; run the same command again to go on"


def report(done: Report, kb: str, as_json: bool) -> None:
    """The summary of an index run; what was skipped and the warnings go to stderr.

    `parts` and `read` are told only where there are any.
    """
    counts = {key: getattr(done, key) for key in ("added", "updated", "unchanged", "removed")}
    counts |= {key: count for key in ("parts", "read") if (count := getattr(done, key))}
    _summary(done, counts, kb, as_json)


def upload(done: UploadReport, address: str, as_json: bool) -> None:
    """The summary of an upload; what was skipped and the warnings go to stderr."""
    _summary(done, {"uploaded": done.uploaded, "unchanged": done.unchanged}, address, as_json)


def _summary(done: Report | UploadReport, counts: dict[str, int], place: str, as_json: bool) -> None:
    """`skipped_count` is in the document only where it is more than the list holds."""
    for line in done.warnings[:_WARNINGS]:
        click.echo(f"warning: {printable(line)}", err=True)
    if (more := len(done.warnings) - _WARNINGS) > 0:
        click.echo(f"warning: {more:,} more like these", err=True)
    unnamed = done.skipped_count - len(done.skipped)
    if as_json:
        skipped = [{"uri": uri, "reason": reason} for uri, reason in done.skipped]
        left_out = {"skipped": skipped} | ({"skipped_count": done.skipped_count} if unnamed else {})
        print_json(counts | left_out | {"seconds": round(done.seconds, 3)})
        return
    for uri, reason in done.skipped:
        click.echo(f"skipped {printable(uri)}: {printable(reason)}", err=True)
    if unnamed:
        click.echo(f"skipped {unnamed:,} more", err=True)
    told = counts | {"skipped": done.skipped_count}
    parts = [f"{count:,} {_SUMMED.get(what, what)}" for what, count in told.items()]
    click.echo(f"{', '.join(parts)} in {done.seconds:.1f} s -> {place}")
    if done.stopped:
        click.echo(_INTERRUPTED, err=True)


def retrieval(found: Retrieval, as_json: bool) -> None:
    """The hits of a search."""
    for notice in found.notices:
        click.echo(f"note: {printable(notice)}", err=True)
    if as_json:
        print_json({"hits": [_hit(n, hit) for n, hit in enumerate(found.hits, 1)], "timings": _rounded(found.timings)})
        return
    if found.hits and not found.hits[0].fits:
        click.echo("Nothing here really fits; the closest there are:", err=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("title")
    table.add_column("why")
    table.add_column("file", overflow="fold")
    for number, hit in enumerate(found.hits, 1):
        table.add_row(str(number), plain(hit.record.name), plain(hit.why), plain(hit.uri))
    console().print(table if found.hits else "no pictures found")


def answer(events: Iterable[ChatEvent], as_json: bool) -> None:
    """An answer: streamed as text with its sources below, or one JSON document."""
    hits: tuple[Hit, ...] = ()
    for event in events:
        if isinstance(event, Retrieved):
            hits = event.hits
        elif isinstance(event, Delta) and not as_json:
            click.echo("\n".join(map(printable, event.text.split("\n"))), nl=False)
        elif isinstance(event, Notice):
            click.echo(f"note: {printable(event.text)}", err=True)
        elif isinstance(event, Done):
            _finish(event, hits, as_json)


def _finish(done: Done, hits: tuple[Hit, ...], as_json: bool) -> None:
    cited = [_citation(citation) for citation in done.citations]
    if as_json:
        listed = [_hit(n, hit) for n, hit in enumerate(hits, 1)]
        doubts = [{"sentence": doubt.sentence, "reason": doubt.reason} for doubt in done.doubts]
        told = {"answer": done.answer, "citations": cited, "doubts": doubts, "hits": listed}
        print_json({**told, "timings": _rounded(done.timings)})
        return
    click.echo("\n")
    for citation in cited:
        click.echo(f"[{citation['number']}] {printable(citation['title'])}  {printable(citation['uri'])}")
    for doubt in done.doubts:
        click.echo(f"note: not supported: {printable(doubt.sentence)} ({printable(doubt.reason)})", err=True)


def _citation(citation: Citation) -> dict[str, Any]:
    """`field` and `passage`: what the record says of it, None where that is not known; `boxes`: where it stands."""
    field, passage = citation.fact or (None, None)
    known = {"number": citation.number, "id": citation.hit.record.id, "uri": citation.hit.uri}
    known |= {"title": citation.hit.record.name, "place": citation.hit.record.place}
    return known | {"field": field, "passage": passage, "boxes": citation.boxes}


def status(now: Status, as_json: bool) -> None:
    """What a knowledge base holds."""
    if as_json:
        print_json(asdict(now))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in now.lines():
        table.add_row(name, plain(value))
    console().print(table)


def checks(found: Iterable[Check], as_json: bool) -> int:
    """One line for each check as it comes, what to do below it where it failed; the exit status: 1 if any did."""
    looked = []
    for check in found:
        looked.append(check)
        if not as_json:
            click.echo(f"{'ok' if check.ok else 'FAIL':<4}  {printable(check.name)}: {printable(check.said)}")
            if check.mend:
                click.echo(f"      -> {printable(check.mend)}")
    well = all(check.ok for check in looked)
    if as_json:
        print_json({"ok": well, "checks": [asdict(check) for check in looked]})
    return 0 if well else 1


def _hit(rank: int, hit: Hit) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": hit.record.id,
        "uri": hit.uri,
        "title": hit.record.name,
        "place": hit.record.place,
        "score": round(hit.score, 6),
        "ranks": {name: found.rank for name, found in hit.found.items()},
        "scores": {name: round(found.score, 4) for name, found in hit.found.items()},
        "shares": {name: round(found.share, 4) for name, found in hit.found.items()},
        "matched": list(hit.matched),
        "fits": hit.fits,
        "why": hit.why,
        "duplicates": list(hit.duplicates),
    }


def console() -> Console:
    """On a terminal as wide as that is; for another program no line is ever broken."""
    return Console(width=None if sys.stdout.isatty() else _UNBROKEN, highlight=False)


def printable(text: object) -> str:
    """Text of a record, without the control characters that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def plain(text: str) -> str:
    """The same, without meaning to rich."""
    return escape(printable(text))


def _rounded(timings: Any) -> dict[str, float]:
    return {name: round(seconds, 4) for name, seconds in timings.items()}


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
