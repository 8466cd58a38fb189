"""The report for people: one HTML file that holds its pictures, loads nothing from outside and runs no script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from pathlib import Path

from imagelore.errors import UnreadableError
from imagelore.flows._plan import record_id
from imagelore.flows.evaluate.compare import Comparison
from imagelore.flows.evaluate.results import Figures, Listed, Outcome, Report
from imagelore.flows.evaluate.sets import KINDS, Asked
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.flows.pictures import jpeg

_SIDE = 160  # pixels of a thumbnail
_SHOWN = 5  # hits a question shows; beyond them only those that are right or cited
_AT_ONCE = 200  # records read at once
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_IMPLIED = ("success@5", "success@10", "recall@1", "recall@5", "answered")  # the hits below show them
_GOOD = ("success@1", "abstained", "facts", "judged correct", "judged grounded", "judged abstained")


@dataclass(slots=True)
class _Pictures:
    """Thumbnails as rules of the style sheet: each is in the file once, however often it is shown."""

    rules: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # record id, its path, or a file -> class

    def add(self, keys: Iterable[str], data: bytes) -> None:
        name = f"p{len(self.rules)}"
        self.names |= dict.fromkeys(keys, name)
        self.rules.append(f".{name}{{background-image:url(data:image/jpeg;base64,{base64.b64encode(data).decode()})}}")

    def shown(self, key: str, says: str) -> str:
        told = f'role="img" aria-label="{escape(says)}"'
        return f'<div class="picture {self.names.get(key, "gone")}" {told}></div>'


def page(kb: KnowledgeBase, report: Report, comparison: Comparison | None = None) -> str:
    """The whole document: figures, what changed, and every question with its hits, failures first."""
    pictures = _pictures(kb, report)
    style = resources.files("imagelore.flows.evaluate").joinpath("page.css").read_text(encoding="utf-8")
    ordered = sorted(report.outcomes, key=lambda outcome: not failed(outcome))
    kinds = [kind for kind in KINDS if any(outcome.question.kind == kind for outcome in ordered)]
    lines = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Evaluation: {escape(report.set)}</title>",
        f"<style>{style}{''.join(_only(kind) for kind in kinds)}{''.join(pictures.rules)}</style></head><body>",
        f"<header><h1>{escape(report.set)}</h1>{_about(report)}</header><main>",
        *(_figures(report.overall, g, f"By {name}") for name, g in (report.groups or {"kind": {}}).items()),
        _seconds(report.overall),
        *([_changes(comparison)] if comparison else []),
        _filter(ordered, kinds),
        *(_question(outcome, pictures) for outcome in ordered),
        "</main></body></html>",
    ]
    return "\n".join(lines)


def failed(outcome: Outcome) -> bool:
    """Whether a person should look at it: no answer, not right at the top, a missing fact, a wrong abstention."""
    measures = outcome.measures
    return bool(outcome.error) or any(measures.get(name, 1.0) < 1.0 for name in (*_GOOD, "answered"))


def _pictures(kb: KnowledgeBase, report: Report) -> _Pictures:
    pictures = _Pictures()
    sources = [source.name for source in kb.index.info().sources]
    wanted: dict[str, None] = {}
    for outcome in report.outcomes:
        wanted |= dict.fromkeys(hit.id for _, hit in _worth_showing(outcome.hits))
        wanted |= dict.fromkeys(record_id(source, path) for path in outcome.missed for source in sources)
    ids = list(wanted)
    for at in range(0, len(ids), _AT_ONCE):
        for record in kb.index.get(ids[at : at + _AT_ONCE]):
            _add(kb, pictures, (record.id, record.path), record.thumbnail)
    for outcome in report.outcomes:
        for asked in (*outcome.question.turns, outcome.question.asked):
            for image in asked.images:
                if image not in pictures.names:
                    _add(kb, pictures, (image,), _bytes(image))
    return pictures


def _bytes(image: str) -> bytes:
    try:
        return Path(image).read_bytes()
    except OSError:
        return b""  # no picture; the question's error says why


def _add(kb: KnowledgeBase, pictures: _Pictures, keys: Iterable[str], data: bytes) -> None:
    try:
        pictures.add(keys, jpeg(data, _SIDE, kb.settings))
    except UnreadableError:
        return  # its place says so


def _worth_showing(hits: Iterable[Listed]) -> list[tuple[int, Listed]]:
    """Hits with their places."""
    return [(place, hit) for place, hit in enumerate(hits, 1) if place <= _SHOWN or hit.covers or hit.cited]


def _about(report: Report) -> str:
    told = [f"{escape(name)} {escape(str(value))}" for name, value in report.about.items() if value != ""]
    notes = [*report.warnings, *([] if report.complete else ["interrupted: these are not all questions of the set"])]
    listed = "".join(f"<li>{escape(line)}</li>" for line in notes)
    return f"<p class=quiet>{' · '.join(told)}</p>" + (f"<ul class=notes>{listed}</ul>" if listed else "")


def _figures(overall: Figures, groups: Mapping[str, Figures], title: str) -> str:
    columns = {"all": overall, **{name or "(none)": figures for name, figures in groups.items()}}
    head = "".join(f"<th>{escape(name)}<br><small>{f.questions}</small></th>" for name, f in columns.items())
    rows = "".join(
        f"<tr><th>{escape(measure)}</th>"
        + "".join(f"<td>{f.means[measure]:.3f}</td>" if measure in f.means else "<td></td>" for f in columns.values())
        + "</tr>"
        for measure in overall.means
    )
    return _table(title, f"<th></th>{head}", rows)


def _seconds(overall: Figures) -> str:
    rows = "".join(
        f"<tr><th>{escape(step)}</th><td>{p50:.3f}</td><td>{p95:.3f}</td></tr>"
        for step, (p50, p95) in overall.seconds.items()
    )
    return _table("Seconds", "<th></th><th>p50</th><th>p95</th>", rows)


def _changes(comparison: Comparison) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "before", "after", "change", "p", "better", "worse"))
    rows = "".join(
        f"<tr><th>{escape(c.measure)}</th><td>{c.before:.3f}</td><td>{c.after:.3f}</td>"
        f'<td class="{_tone(c.gain)}">'
        f"{c.after - c.before:+z.3f}</td><td>{escape(c.chance)}</td>"
        f"<td>{_ids(c.better)}</td><td>{_ids(c.worse)}</td></tr>"
        for c in comparison.changes
    )
    return _table(f"Against {comparison.against}, {comparison.common} questions in common", head, rows)


def _tone(gain: float) -> str:
    return "" if abs(gain) < 0.0005 else "good" if gain > 0 else "bad"


def _ids(ids: Iterable[str]) -> str:
    return ", ".join(f'<a href="#{escape(_anchor(id))}">{escape(id)}</a>' for id in ids)


def _table(title: str, head: str, rows: str) -> str:
    return f"<section><h2>{escape(title)}</h2><div class=wide><table><tr>{head}</tr>{rows}</table></div></section>"


def _filter(outcomes: Sequence[Outcome], kinds: Sequence[str]) -> str:
    wrong = sum(map(failed, outcomes))
    radios = "".join(
        f'<label><input type=radio name=kind id="kind-{kind or "all"}"{"" if kind else " checked"}>'
        f"{kind or 'all kinds'}</label>"
        for kind in ("", *kinds)
    )
    return (
        f"<h2>Questions</h2><form class=filter>{radios}<label><input type=checkbox id=wrong>only the {wrong} to look at"
        "</label></form>"
    )


def _only(kind: str) -> str:
    return f"body:has(#kind-{kind}:checked) article:not(.kind-{kind}){{display:none}}"


def _question(outcome: Outcome, pictures: _Pictures) -> str:
    question = outcome.question
    wrong = "wrong" if failed(outcome) else "" if question.relevant is None else "right"
    says = {"wrong": "look at", "right": "right", "": "not judged"}[wrong]
    earlier = "".join(_asked(turn, pictures, "earlier") for turn in question.turns)
    where = f"<p class=quiet>where <code>{escape(question.where)}</code></p>" if question.where else ""
    return (
        f'<article class="kind-{question.kind} {wrong}" id="{escape(_anchor(question.id))}">'
        f"<p class=quiet><b class='{wrong}'>{says}</b> {escape(question.id)} · "
        f"{question.kind} {escape(question.language)}</p>"
        f"{earlier}{_asked(question.asked, pictures, 'asked')}{where}{_came(outcome)}"
        f"<ol class=hits>{''.join(_hits(outcome, pictures))}</ol>{_missed(outcome, pictures)}</article>"
    )


def _asked(asked: Asked, pictures: _Pictures, role: str) -> str:
    shown = "".join(pictures.shown(image, Path(image).name) for image in asked.images)
    return f"<div class={role}>{shown}<p>{escape(asked.question)}</p></div>"


def _came(outcome: Outcome) -> str:
    lines = []
    if outcome.error:
        lines.append(f"<p class=bad>{escape(outcome.error)}</p>")
    if outcome.answer is not None:
        lines.append(f"<p class=answer>{escape(outcome.answer)}</p>")
    if judged := outcome.judgement:
        verdict = [name for name in ("correct", "grounded", "abstained") if getattr(judged, name)]
        lines.append(f"<p class=quiet>judged {', '.join(verdict) or 'wrong'}: {escape(judged.reason)}</p>")
    told = {name: value for name, value in outcome.measures.items() if name not in _IMPLIED}
    measures = " · ".join(f"{escape(name)} {value:.2f}" for name, value in told.items())
    facts = f"expected: {escape('; '.join(outcome.question.facts))}. " if outcome.question.facts else ""
    searched = f"searched for {escape(outcome.searched)}" if outcome.searched else ""
    lines.append(f"<p class=quiet>{facts}{searched}<br>{measures}</p>")
    return "".join(lines)


def _hits(outcome: Outcome, pictures: _Pictures) -> Iterator[str]:
    known = outcome.question.relevant is not None
    for place, hit in _worth_showing(outcome.hits):
        mark = "" if not known else "good" if hit.covers or hit.right else "bad"
        says = {"good": "✓ right", "bad": "✗ not asked for", "": ""}[mark]
        told = [says, "cited" if hit.cited else "", "" if hit.fits else "only the closest"]
        yield (
            f'<li value={place} class="{mark}">{pictures.shown(hit.id, hit.title)}<b>{escape(hit.title)}</b>'
            f"<small>{place}. {escape(hit.path)}<br>{', '.join(filter(None, told))}</small></li>"
        )


def _missed(outcome: Outcome, pictures: _Pictures) -> str:
    cards = [f"<li>{pictures.shown(path, path)}<small>{escape(path)}</small></li>" for path in outcome.missed]
    return f"<p class=quiet>not found:</p><ul class=hits>{''.join(cards)}</ul>" if cards else ""


def _anchor(id: str) -> str:
    return "q-" + "".join(c if c.isalnum() else f"_{ord(c):x}" for c in id)
