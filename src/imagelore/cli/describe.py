"""`imagelore describe`: has a vision model describe pictures, within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from imagelore.cli import options
from imagelore.cli.stopping import interruptible
from imagelore.errors import GeneratorError

if TYPE_CHECKING:
    from imagelore.flows.describe import DescribeReport


@click.command()
@options.kb
@click.option("--generator", metavar="NAME", help="What describes: openai, azure_openai or llamacpp:MODEL.")
@click.option("--where", default="", metavar="EXPR", help="Only these: \"path like 'scans/%'\".")
@click.option("--most", type=click.IntRange(1), metavar="N", help="Send at most so many pictures.")
@click.option("--cost", type=click.FloatRange(0, min_open=True), metavar="X", help="Stop before more is spent.")
@click.option("--all", "all_", is_flag=True, help="Also pictures that have a title or a text, and documents' pages.")
@click.option("--again", is_flag=True, help="Also pictures that another model has described; its words are replaced.")
@options.as_json
def describe(all_: bool, as_json: bool, **options: Any) -> int:
    """Have a vision model write captions and tags for pictures that nobody has described.

    They are found by search and shown as the model's; what people wrote stays as it is. Ctrl-C keeps what was done, and
    the next run goes on. --cost counts in the currency of the settings price_input and price_output.
    """
    from imagelore.cli.progress import progress
    from imagelore.flows.describe import Run, Wanted
    from imagelore.flows.describe import describe as have_described
    from imagelore.settings import Settings

    settings = Settings.load(kb=options.pop("kb"), generator=options.pop("generator"))
    with interruptible() as stop, progress() as tell:
        report = have_described(settings, Wanted(all=all_, **options), Run(tell, stop.is_set))
    _show(report, settings.kb, as_json)
    if report.error:
        raise GeneratorError(report.error)
    return 130 if report.stopped == "interrupted" else 0


def _show(report: DescribeReport, kb: str, as_json: bool) -> None:
    from imagelore.cli.render import print_json, printable

    for line in report.warnings:
        click.echo(f"warning: {printable(line)}", err=True)
    if as_json:
        print_json(_document(report))
        return
    for uri, reason in report.skipped:
        click.echo(f"skipped {printable(uri)}: {printable(reason)}", err=True)
    counts = {"described": report.described, "skipped": report.skipped_count, "left": report.left}
    parts = [f"{count:,} {what}" for what, count in counts.items()]
    parts.append(f"{report.usage.prompt_tokens + report.usage.completion_tokens:,} tokens")
    parts += [f"cost {report.cost:.4g}"] if report.cost is not None else []
    click.echo(f"{', '.join(parts)} in {report.seconds:.1f} s -> {kb}")
    if told := _STOPPED.get(report.stopped):
        click.echo(told, err=True)


_STOPPED = {
    "most": "as many pictures as --most allows were sent: run the same command again to go on",
    "cost": "the next picture might cost more than --cost allows: run the same command again to go on",
    "interrupted": "interrupted: what was done is kept; run the same command again to go on",
}


def _document(report: DescribeReport) -> dict[str, Any]:
    """`skipped_count` is in it only where it is more than the list holds."""
    unnamed = report.skipped_count - len(report.skipped)
    return {
        "described": report.described,
        "skipped": [{"uri": uri, "reason": reason} for uri, reason in report.skipped],
        **({"skipped_count": report.skipped_count} if unnamed else {}),
        "left": report.left,
        "tokens": {"prompt": report.usage.prompt_tokens, "completion": report.usage.completion_tokens},
        "cost": report.cost,
        "seconds": round(report.seconds, 3),
        "stopped": report.stopped,
    }
