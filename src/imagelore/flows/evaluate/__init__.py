"""Evaluation: a set of questions asked of a knowledge base, and figures that say how good the answers are.

`sets` reads a set, `asking` asks it through the chat flow, `judging` has a vision model look at the answers,
`measures` makes the figures, `compare` tests two runs against each other, `page` writes the report for people, `thumbs`
makes a set of what people thought of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from imagelore import __version__
from imagelore.errors import GeneratorError, UsageError
from imagelore.flows._located import located, locates
from imagelore.flows._plan import record_id
from imagelore.flows.evaluate.asking import Came, ask
from imagelore.flows.evaluate.compare import Comparison, compare, earlier, in_common
from imagelore.flows.evaluate.judging import Judge, Verdicts, judge
from imagelore.flows.evaluate.measures import figures, library, measured
from imagelore.flows.evaluate.results import Figures, Judgement, Listed, Outcome, Report
from imagelore.flows.evaluate.sets import KINDS, EvaluationSet, Question, load
from imagelore.flows.ingest import Progress
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.retrieve import Choice
from imagelore.types import Scope

__all__ = [
    "Comparison", "Figures", "Judge", "Report", "Run", "compare", "earlier", "evaluate", "in_common", "judge", "load",
]  # fmt: skip

_IN_A_ROW = 3  # questions that the generator fails before the run ends: it will not answer the next ones either
_NAMED = 5  # in a warning
_AT_ONCE = 500  # ids in one read


def _silent(_: Progress) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Run:
    """How to go about a run."""

    progress: Callable[[Progress], None] = _silent
    stopped: Callable[[], bool] = lambda: False  # looked at after each question
    answers: bool = True  # False: retrieval only
    top: int = 10  # hits a question gets: the measures look at ten
    judge: Judge | None = None


def evaluate(kb: KnowledgeBase, questions: EvaluationSet, run: Run = Run()) -> Report:
    """Asks every question, one after the other so that their times are those of one user, and measures what came.

    Models are started once, with the knowledge base. A question that the generator fails is told as an error and counts
    as a wrong answer; what was found for it counts as found. When stopped, the report is over the questions asked.

    Raises:
        UsageError: a question's filter does not fit this knowledge base, or a setting names no ranking.
        GeneratorError: three questions in a row got no answer.
        KnowledgeBaseError, EmbedderError: nothing can be asked.
        MissingExtraError: the measures' library is not installed.
    """
    library()  # before a question is asked, not after the last one; so are the settings read
    Choice.read(kb.settings.rankings, kb.settings.weights)
    scopes = [_scope(kb, question) for question in questions.questions]
    warnings = [*questions.warnings, *_missing(kb, questions.questions)]
    outcomes: list[Outcome] = []
    verdicts, failures = Verdicts(run.judge), 0
    for question, scope in zip(questions.questions, scopes, strict=True):
        run.progress(Progress("asking", len(outcomes), len(scopes)))
        if outcomes and run.stopped():
            break
        came = ask(kb, question, scope, answers=run.answers, top=run.top)
        failures = failures + 1 if isinstance(came.failure, GeneratorError) else 0
        if came.failure and failures == _IN_A_ROW:
            raise came.failure
        outcomes.append(_outcome(kb, question, came, verdicts.on(kb, question, came)))
    run.progress(Progress("asking", len(outcomes), len(scopes)))
    return _report(kb, questions, run, measured(outcomes), [*warnings, *verdicts.notes])


def _report(
    kb: KnowledgeBase, questions: EvaluationSet, run: Run, outcomes: tuple[Outcome, ...], warnings: Sequence[str]
) -> Report:
    groups = {
        "kind": _grouped(outcomes, lambda question: question.kind, KINDS),
        "language": _grouped(outcomes, lambda question: question.language),
        "part": _grouped(outcomes, lambda question: question.part),
    }
    return Report(
        questions.name,
        _about(kb, run),
        outcomes,
        figures(outcomes),
        {name: group for name, group in groups.items() if len(group) > 1},
        len(outcomes) == len(questions.questions),
        (*warnings, *_told(outcomes)),
    )


def _about(kb: KnowledgeBase, run: Run) -> dict[str, Any]:
    info, settings = kb.index.info(), kb.settings
    return {
        "imagelore": __version__,
        "kb": settings.kb,
        "records": info.records,
        "embedder": f"{info.embedder.name} {info.embedder.version}",
        "generator": kb.generator.label if run.answers else "",
        "judge": run.judge.label if run.judge else "",
        "top": run.top,
        "rankings": settings.rankings,
        "weights": settings.weights,
        "rerank": settings.rerank or "",
    }


def _scope(kb: KnowledgeBase, question: Question) -> Scope:
    if not question.where:
        return Scope()
    try:
        return Scope(kb.where(question.where))
    except UsageError as error:
        raise UsageError(f"question {question.id!r}: {str(error).splitlines()[0]}") from error


def _missing(kb: KnowledgeBase, questions: Iterable[Question]) -> Iterator[str]:
    """A line that names relevant paths which no source of the knowledge base has: they count as not found."""
    sources = [source.name for source in kb.index.info().sources]
    wanted = list(dict.fromkeys(path for question in questions for path in question.relevant or ()))
    known: set[str] = set()
    for at in range(0, len(wanted), _AT_ONCE):
        some = wanted[at : at + _AT_ONCE]
        ids = [record_id(source, name) for source in sources for path in some for name in _ids_of(path)]
        found = kb.index.get(list(dict.fromkeys(ids)))
        known |= {path for path in some if any(locates(path, record) for record in found)}
    if gone := [path for path in wanted if path not in known]:
        yield f"relevant paths that are not in the knowledge base: {_named(gone)}"


def _ids_of(path: str) -> Iterator[str]:
    """What ids are made of: the path, and of a document's part its place; the first one goes by the path alone."""
    yield path
    document, mark, place = path.rpartition("#")
    if mark:
        yield from (document, f"{document}#{place.replace('=', ' ', 1)}")


def _told(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """What a reader has to know beside the figures."""
    for outcome in outcomes:
        if outcome.error:
            yield f"question {outcome.question.id!r} got no answer: {outcome.error}"
    if names := [outcome.question.id for outcome in outcomes if outcome.question.relevant is None]:
        yield f"questions whose retrieval is not judged because they do not say what is `relevant`: {_named(names)}"


def _named(names: Sequence[str]) -> str:
    return f"{len(names)} ({', '.join(names[:_NAMED])}{', ...' if names[_NAMED:] else ''})"


def _outcome(kb: KnowledgeBase, question: Question, came: Came, judgement: Judgement | None) -> Outcome:
    relevant = set(question.relevant or ())
    others = [id for hit in came.hits for id in hit.duplicates]
    records = {record.id: record for record in kb.index.get(others)} if others else {}
    cited = {citation.hit.record.id for citation in came.citations}
    hits = []
    for hit in came.hits:
        record, shown = hit.record, [hit.record, *(records[id] for id in hit.duplicates if id in records)]
        right = dict.fromkeys(path for each in shown for path in question.relevant or () if locates(path, each))
        covers = tuple(path for path in right if path in relevant)
        relevant.difference_update(covers)
        known = (record.id, located(record), record.name, hit.fits)
        hits.append(Listed(*known, covers, record.id in cited, tuple(right)))
    return Outcome(
        question,
        tuple(hits),
        came.found.searched if came.found else "",
        came.answer,
        max((hit.confidence for hit in came.hits), default=0.0),
        judgement,
        came.timings,
        str(came.failure or ""),
    )


def _grouped(
    outcomes: Sequence[Outcome], by: Callable[[Question], str], order: Sequence[str] = ()
) -> dict[str, Figures]:
    names = order or sorted({by(outcome.question) for outcome in outcomes})
    members = {name: [outcome for outcome in outcomes if by(outcome.question) == name] for name in names}
    return {name: figures(those) for name, those in members.items() if those}
