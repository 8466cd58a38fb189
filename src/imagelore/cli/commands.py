"""The commands. Each loads its settings, calls one flow, and hands what comes back to `render`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from imagelore import __version__
from imagelore.cli import options
from imagelore.cli.describe import describe
from imagelore.cli.models import models
from imagelore.cli.stopping import interruptible
from imagelore.errors import SourceError, UsageError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="imagelore")
def cli() -> None:
    """Ask your pictures: index a folder of images, then search it and ask it questions in a chat."""


cli.add_command(models)
cli.add_command(describe)


@cli.command()
@options.port
@options.no_browser
@options.generator
def demo(no_browser: bool, **flags: Any) -> None:
    """Index the sample pictures and open the chat on them."""
    from imagelore.cli.progress import progress
    from imagelore.flows.demo import prepare
    from imagelore.settings import Settings

    with progress() as tell:
        settings = prepare(Settings.load(**flags), tell)
    _serve(settings, no_browser)


@cli.command()
@click.argument("source")
@options.kb
@options.embedder
@click.option("--sentences", metavar="NAME", help="What reads records' texts beside clip: a name or a folder.")
@click.option("--documents/--no-documents", default=None, help="Take documents too (default), or pictures only.")
@click.option("--ocr", type=click.Choice(["auto", "on", "off"]), help="Read the text in pictures (imagelore[ocr]).")
@click.option("--gps/--no-gps", default=None, help="Take over the place that a camera recorded.")
@click.option("--workers", type=click.IntRange(0), metavar="N", help="Threads that read pictures (0: one per core).")
@click.option("--name", default="", metavar="NAME", help="What the source is called (default: its folder's name).")
@click.option("--allow-removals", is_flag=True, help="Let more than half of the source's files be removed.")
@options.as_json
def index(source: str, name: str, allow_removals: bool, as_json: bool, **flags: Any) -> int:
    """Bring the knowledge base up to date with SOURCE: a folder, or az://ACCOUNT/CONTAINER[/PREFIX].

    Pictures and documents are taken. The next run reads only what is new or changed. Ctrl-C keeps what was done.
    """
    from imagelore.cli import render
    from imagelore.cli.progress import progress
    from imagelore.flows.ingest import Run, ingest
    from imagelore.settings import Settings

    settings = Settings.load(**flags)
    with interruptible() as stop, progress() as tell:
        report = ingest(settings, source, Run(tell, stop.is_set, allow_removals, name))
    render.report(report, settings.kb, as_json)
    if report.incomplete:
        raise SourceError(report.incomplete)
    return 130 if report.stopped else 0


@cli.command()
@click.argument("folder")
@click.argument("address")
@options.as_json
def upload(folder: str, address: str, as_json: bool) -> int:
    """Bring the container at ADDRESS, az://ACCOUNT/CONTAINER[/PREFIX], up to date with FOLDER.

    All its files go along, also the metadata beside the pictures; what is there already is left alone, and nothing is
    deleted there. Ctrl-C keeps what was done.
    """
    from imagelore.cli import render
    from imagelore.cli.progress import progress
    from imagelore.flows.upload import Run
    from imagelore.flows.upload import upload as upload_folder
    from imagelore.settings import Settings

    settings = Settings.load()
    with interruptible() as stop, progress() as tell:
        report = upload_folder(settings, folder, address, Run(tell, stop.is_set))
    render.upload(report, address, as_json)
    if report.incomplete:
        raise SourceError(report.incomplete)
    return 130 if report.stopped else 0


@cli.command()
@click.argument("text", default="")
@click.option("--image", "images", multiple=True, metavar="FILE", help="A picture to search with.")
@options.kb
@options.embedder
@options.top
@options.where
@options.rankings
@options.weights
@options.as_json
def search(text: str, images: tuple[str, ...], where: str, as_json: bool, **flags: Any) -> None:
    """Find pictures by words, by a picture (--image), or by both; --where alone lists what it leaves."""
    from imagelore.cli import render
    from imagelore.flows.knowledge import KnowledgeBase
    from imagelore.settings import Settings
    from imagelore.types import Scope

    kb = KnowledgeBase(Settings.load(**flags))
    render.retrieval(kb.search(text, _pictures(images), scope=Scope(kb.where(where))), as_json)


@cli.command()
@click.argument("text", default="")
@click.option("--image", "images", multiple=True, metavar="FILE", help="A picture to ask with; may be repeated.")
@options.kb
@options.embedder
@options.generator
@options.top
@options.where
@options.rankings
@options.weights
@options.as_json
def ask(text: str, images: tuple[str, ...], where: str, as_json: bool, **flags: Any) -> None:
    """Ask a question and get an answer that cites the pictures it rests on."""
    from imagelore.cli import render
    from imagelore.flows.knowledge import KnowledgeBase
    from imagelore.settings import Settings
    from imagelore.types import Scope

    kb = KnowledgeBase(Settings.load(**flags))
    render.answer(kb.chat(text, _pictures(images), scope=Scope(kb.where(where))), as_json)


@cli.command()
@options.kb
@options.embedder
@options.generator
@options.host
@options.port
@options.no_browser
def serve(no_browser: bool, **flags: Any) -> None:
    """Open the chat on a knowledge base."""
    from imagelore.settings import Settings

    _serve(Settings.load(**flags), no_browser)


@cli.command()
@options.kb
@options.generator
@options.as_json
def status(as_json: bool, **flags: Any) -> None:
    """Show what a knowledge base holds, what made it, and what answers from it."""
    from imagelore.cli import render
    from imagelore.flows.status import status as read_status
    from imagelore.settings import Settings

    render.status(read_status(Settings.load(**flags)), as_json)


@cli.command()
@click.argument("source", default="")
@options.kb
@options.embedder
@options.generator
@options.as_json
def doctor(source: str, as_json: bool, **flags: Any) -> int:
    """Look at every service and model that the settings name, and say how to mend what is not well.

    With SOURCE also at a folder or container that is not in the knowledge base yet. Asks the chat model one question.
    """
    from imagelore.cli import render
    from imagelore.flows.doctor import examine
    from imagelore.settings import Settings

    return render.checks(examine(Settings.load(**flags), source), as_json)


@cli.command("eval")
@click.argument("set_", metavar="SET.jsonl", default="")
@click.option("--from-feedback", is_flag=True, help="Print the set that people's thumbs make, instead of asking one.")
@options.kb
@options.embedder
@options.generator
@click.option("--top", type=click.IntRange(1, 1000), default=10, metavar="N", help="How many hits (default 10).")
@options.rankings
@options.weights
@click.option("--part", default="", metavar="NAME", help="Ask only the questions of this part of the set.")
@click.option("--answers/--no-answers", default=True, help="Have the questions answered (default), or only retrieve.")
@click.option("--judge", is_flag=True, help="Have the answers judged by a vision model: the setting judge_model.")
@click.option("--html", type=options.file, metavar="FILE", help="Write a report with pictures.")
@click.option("--out", type=options.file, metavar="RUN.json", help="Write the run, to compare later ones against.")
@click.option(
    "--against", type=options.file, metavar="RUN.json", help="Compare with an earlier run over the same questions."
)
@click.option("--gate", is_flag=True, help="Exit with 1 where a figure is worse than --against by more than noise.")
@options.as_json
def evaluate(set_: str, from_feedback: bool, **options: Any) -> int | None:
    """Ask the questions of a set and measure retrieval, citations, answers, abstention and time.

    A set has one JSON object a line: id, kind (text, picture, both, turns, filter or nothing) and question; images,
    turns, where, relevant, facts, language, part. Ctrl-C reports on what was asked.
    """
    from imagelore.cli import evaluation
    from imagelore.settings import Settings

    flags = {name: options.pop(name) for name in ("kb", "embedder", "generator", "rankings", "weights")}
    settings = Settings.load(**flags)
    if bool(set_) == from_feedback:
        raise click.UsageError("name a set, or say --from-feedback")
    if from_feedback:
        evaluation.from_feedback(settings)
        return None
    if options["judge"] and not options["answers"]:
        raise click.UsageError("--judge looks at answers: leave out --no-answers")
    if options["gate"] and not options["against"]:
        raise click.UsageError("--gate needs a run to compare with: --against RUN.json")
    with interruptible() as stop:
        return evaluation.run(settings, evaluation.Asked(Path(set_), **options), stop.is_set)


def _serve(settings: Any, no_browser: bool) -> None:
    from imagelore.ui.serve import serve as serve_page

    serve_page(settings, open_browser=not no_browser)


def _pictures(paths: tuple[str, ...]) -> list[bytes]:
    try:
        return [Path(path).read_bytes() for path in paths]
    except OSError as error:
        raise UsageError(f"the picture {error.filename!r} cannot be read: {error.strerror}") from error
