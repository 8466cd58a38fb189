"""`imagelore models` and what stands below it: lists, downloads and carries models that can be had by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagelore.cli import options

if TYPE_CHECKING:
    from imagelore.flows.models import Listed

_KINDS = {"embedder": "Embedders", "sentences": "Sentence encoders", "generator": "Chat models"}


@click.group(invoke_without_command=True)
@options.as_json
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models that can be had by name, and what of each is on this machine."""
    if context.invoked_subcommand is not None:
        return
    from imagelore.flows.models import folder, listed

    found = list(listed())
    if as_json:
        _print_json({"models": [_told(model) for model in found]})
        return
    width = max(len(model.offered.name) for model in found)
    for kind, title in _KINDS.items():
        click.echo(f"{title}\n")
        for model in found:
            if model.offered.kind == kind:
                _show(model, width)
        click.echo()
    click.echo("`imagelore models pull NAME` downloads one ahead of its first use; `starter` ships with imagelore.")
    click.echo(f"Files are kept in {folder()}")


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@options.as_json
def pull(names: tuple[str, ...], as_json: bool) -> None:
    """Download models and compare every file with its hash; what is here already is only compared."""
    from imagelore.flows.models import pull as fetch

    files: dict[str, list[str]] = {}
    for model, file, path in fetch(names):
        files.setdefault(model.name, []).append(str(path))
        click.echo(f"{model.name}: {file.path} ({_size(path.stat().st_size)}) is here", err=True)
        if not as_json and len(files[model.name]) == len(model.files):
            click.echo(f"{model.name} is ready: {model.use}")
    if as_json:
        _print_json({"models": [{"name": name, "files": paths} for name, paths in files.items()]})


@models.command()
@click.argument("name")
@click.argument("target", type=options.file, metavar="FILE.tar")
def export(name: str, target: Path) -> None:
    """Write a model that is here into one file, to carry it to a machine without a network."""
    from imagelore.flows.models import export as write

    size = write(name, target)
    click.echo(f"{target} ({_size(size)}): on the other machine, `imagelore models import {target.name}`")


@models.command("import")
@click.argument("source", type=options.file, metavar="FILE.tar")
def import_(source: Path) -> None:
    """Take over the models of a file that `export` wrote; every hash is compared."""
    from imagelore.flows.models import take

    for model in take(source):
        click.echo(f"{model.name} is ready: {model.use}")


def _print_json(document: Any) -> None:
    from imagelore.cli.render import print_json

    print_json(document)


def _show(model: Listed, width: int) -> None:
    offered = model.offered
    here = {"yes": "here", "partly": "partly here", "no": "not here"}[model.here]
    click.echo(f"  {offered.name:<{width}}  {_size(offered.size):>9}  {here:<11}  {offered.use}")
    languages = ", ".join(offered.languages) or "many"
    click.echo(f"      {offered.about}; languages: {languages}; licence: {offered.licence}")
    for figure in offered.quality:
        click.echo(f"      reported: {figure.metric} {figure.value} ({figure.source})")


def _told(model: Listed) -> dict[str, Any]:
    offered = model.offered
    return {
        "name": offered.name,
        "kind": offered.kind,
        "use": offered.use,
        "about": offered.about,
        "licence": offered.licence,
        "languages": list(offered.languages),
        "bytes": offered.size,
        "quality": [{"metric": each.metric, "value": each.value, "source": each.source} for each in offered.quality],
        "extra": offered.extra,
        "here": model.here,
        "files": [str(path) for path in model.kept],
    }


def _size(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
