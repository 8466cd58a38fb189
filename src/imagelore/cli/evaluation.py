"""How the command line shows an evaluation: tables for people, one JSON document for scripts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from imagelore.cli.progress import progress
from imagelore.cli.render import console, plain, print_json, printable
from imagelore.errors import UsageError
from imagelore.flows.evaluate import (
    Comparison,
    Figures,
    Report,
    Run,
    compare,
    earlier,
    evaluate,
    in_common,
    judge,
    load,
)
from imagelore.flows.evaluate.page import page
from imagelore.flows.evaluate.sets import EvaluationSet
from imagelore.flows.evaluate.thumbs import rows
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What `imagelore eval` was asked for beside its settings."""

    set: Path
    part: str
    answers: bool
    judge: bool
    html: Path | None
    out: Path | None
    against: Path | None
    gate: bool
    as_json: bool
    top: int


_SURE = 0.05  # a difference with a smaller p is marked
_SHOWN = 8  # questions that are named beside a difference


def run(settings: Settings, asked: Asked, stopped: Callable[[], bool]) -> int:
    """Asks a set, writes what was asked for, and shows the figures; the exit status: 130 if it was interrupted, 1 if
    a figure fell and `gate` is set.
    """
    questions, before = load(asked.set, asked.part), earlier(asked.against) if asked.against else None
    if before:
        in_common(before, questions.name, questions.questions)
    check_files(asked)
    kb = KnowledgeBase(settings)
    judging = judge(settings) if asked.judge else None
    click.echo(_calls(questions, asked, kb), err=True)
    with progress() as tell:
        report = evaluate(kb, questions, Run(tell, stopped, asked.answers, asked.top, judging))
    if asked.out:
        write(asked.out, _lined(report.document()))
    comparison = compare(before, report) if before else None
    if asked.html:
        write(asked.html, page(kb, report, comparison))
    show(report, comparison, asked.as_json)
    if not report.complete:
        return 130
    if asked.gate and comparison and (dropped := comparison.dropped):
        told = ", ".join(f"{change.measure} {change.before:.3f} -> {change.after:.3f}" for change in dropped)
        click.echo(f"worse than {printable(comparison.against)} by more than noise: {told}", err=True)
        return 1
    return 0


def from_feedback(settings: Settings) -> None:
    """Prints the set that people's thumbs make."""
    for row in rows(settings):
        click.echo(json.dumps(row, ensure_ascii=False))


def _calls(questions: EvaluationSet, asked: Asked, kb: KnowledgeBase) -> str:
    """What a run is about to take, before a paid service takes it."""
    count = len(questions.questions)
    turns = count + sum(len(question.turns) for question in questions.questions)
    parts = [f"{count:,} questions"]
    if asked.answers:
        parts.append(f"{turns:,} answers by {kb.generator.label}")
    if asked.judge:
        parts.append(f"{count:,} verdicts")
    return ", ".join(parts)


def show(report: Report, comparison: Comparison | None, as_json: bool) -> None:
    """The figures, and what changed since another run."""
    for line in report.warnings:
        click.echo(f"warning: {printable(line)}", err=True)
    if not report.complete:
        click.echo(
            f"interrupted: the figures are over the {len(report.outcomes):,} questions that were asked", err=True
        )
    if as_json:
        print_json(document(report, comparison))
        return
    out = console()
    for group in report.groups.values() or [{}]:
        out.print(_measures(report.overall, group), "", sep="\n")
    out.print(_seconds(report.overall))
    if comparison:
        out.print(_changes(comparison))
        for line in _named(comparison):
            click.echo(printable(line))


def document(report: Report, comparison: Comparison | None = None) -> dict[str, Any]:
    """The whole run as one JSON document."""
    return report.document() | ({"comparison": comparison.document()} if comparison else {})


def _lined(run: dict[str, Any]) -> str:
    """A run as JSON with one question a line, so that a change of one is a change of one line."""
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in run.pop("questions"))
    return f'{json.dumps(run, ensure_ascii=False, indent=1)[:-2]},\n "questions": [\n{rows}\n]}}\n'


def write(path: Path, text: str) -> None:
    """Writes a file whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"`{path}` cannot be written: {error.strerror or error}") from error


def check_files(asked: Asked) -> None:
    """Refuses, before a run is made, to write into a folder that is missing or over what the run reads or writes.

    Raises:
        UsageError: naming the file.
    """
    taken = [asked.set.resolve()]
    for path in filter(None, (asked.out, asked.html)):
        if not path.absolute().parent.is_dir():
            raise UsageError(f"there is no folder `{path.absolute().parent}` to write `{path.name}` into")
        if path.resolve() in taken:
            raise UsageError(f"`{path}` is the set or named twice: give `--out` and `--html` files of their own")
        taken.append(path.resolve())
    if asked.html and asked.against and asked.html.resolve() == asked.against.resolve():
        raise UsageError(f"`--html {asked.html}` would overwrite the run that `--against` names: give it another name")


def _measures(overall: Figures, groups: Mapping[str, Figures]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    columns = {"all": overall, **{name or "(none)": figures for name, figures in groups.items()}}
    for name, figures in columns.items():
        table.add_column(f"{plain(name)}\n{figures.questions}", justify="right")
    for measure in overall.means:
        cells = [f.means.get(measure) for f in columns.values()]
        table.add_row(measure, *("" if value is None else f"{value:.3f}" for value in cells))
    return table


def _seconds(overall: Figures) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("seconds")
    for name in ("p50", "p95"):
        table.add_column(name, justify="right")
    for step, values in overall.seconds.items():
        table.add_row(step, *(f"{value:.3f}" for value in values))
    return table


def _changes(comparison: Comparison) -> Table:
    left_out = f", {comparison.left_out} left out" if comparison.left_out else ""
    title = f"against {comparison.against} ({comparison.common} questions in common{left_out})"
    table = Table(box=None, pad_edge=False, header_style="bold", title=plain(title), title_justify="left")
    for name in ("", "before", "after", "change", "p", "better", "worse"):
        table.add_column(name, justify="right" if name else "left")
    for c in comparison.changes:
        p = c.chance + (" *" if c.p is not None and c.p < _SURE else "")
        counts = ("", "") if c.p is None else (str(len(c.better)), str(len(c.worse)))
        table.add_row(c.measure, f"{c.before:.3f}", f"{c.after:.3f}", f"{c.after - c.before:+z.3f}", p, *counts)
    return table


def _named(comparison: Comparison) -> Iterable[str]:
    """The questions behind the differences, those that moved in most measures first."""
    for what in ("worse", "better"):
        moved: dict[str, int] = {}
        for change in comparison.changes:
            for id in getattr(change, what):
                moved[id] = moved.get(id, 0) + 1
        if moved:
            names = sorted(moved, key=lambda id: -moved[id])
            yield f"{what}: {', '.join(names[:_SHOWN])}{f' and {len(names) - _SHOWN} more' if names[_SHOWN:] else ''}"
