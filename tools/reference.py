"""Writes the generated pages `docs/cli.md` and `docs/settings.md`; with `--check`, says whether they are current."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from imagelore.cli.commands import cli
from imagelore.settings import Settings

JSON = """## What `--json` prints

One document on stdout; progress, notes and warnings go to stderr. Scripts may rely on these keys; later versions add
others.

- `index`: `{"added", "updated", "unchanged", "removed", "skipped": [{"uri", "reason"}], "seconds"}`, which count files;
  where there are any also `parts`, further parts of documents, and `read`, pictures that were searched for text
- `describe`: `{"described", "skipped": [{"uri", "reason"}], "left", "tokens": {"prompt", "completion"}, "cost",
  "seconds", "stopped"}`; `stopped` is "most", "cost", "interrupted", "service", or "" where nothing is left
- `models`: `{"models": [{"name", "kind", "use", "about", "licence", "languages", "bytes", "quality", "extra", "here",
  "files"}]}`; `models pull`: `{"models": [{"name", "files"}]}`
- `search`: `{"hits": [HIT], "timings": {STEP: SECONDS}}`
- `ask`: `{"answer", "citations": [{"number", "id", "uri", "title", "place", "field", "passage", "boxes"}], "doubts":
  [{"sentence", "reason"}], "hits", "timings"}`; `passage` is what the record says of it in its `field`, `boxes` are the
  lines where that stands in the picture (left, top, right, bottom, as shares of its width and height)
- `status`: `{"kb", "records", "embedder": {"name", "version", "spaces", "languages", "models"}, "generator", "sources",
  "fields", "schema", "steps", "details", "calibration"}`
- `doctor`: `{"ok", "checks": [{"name", "ok", "said", "mend"}]}`
- `upload`: `{"uploaded", "unchanged", "skipped": [{"uri", "reason"}], "seconds"}`

A `HIT` is `{"rank", "id", "uri", "title", "place", "score", "ranks": {RANKING: PLACE}, "scores": {RANKING: SCORE},
"shares": {RANKING: SHARE}, "matched": [WORD], "fits", "why", "duplicates": [ID]}`; `[1]` in an answer is the hit of
rank 1; `place` is "page 3" or "slide 4" of a document, "" for a picture.
A `uri` ends in the path relative to the source. `skipped_count` is there as well where more was skipped than the list
holds. `eval --json` prints what its table shows, with each question. The exit status is 0 when all was done, 1 after an
error, which stderr explains, and 2 for a wrong call.
"""

DOCS = Path(__file__).parent.parent / "docs"


def commands() -> str:
    """Every command's own help."""
    parts = ["# The command line\n\nGenerated from the commands themselves by `make docs`.\n"]
    for name, command in [("", cli), *_below(cli)]:
        context = click.Context(
            command, info_name=f"imagelore {name}".strip(), max_content_width=110, terminal_width=110
        )
        parts.append(f"## {context.info_name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join([*parts, JSON])


def _below(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """The commands of a group by name, each followed by its own."""
    for name, command in sorted(group.commands.items()):
        yield before + name, command
        if isinstance(command, click.Group):
            yield from _below(command, f"{before}{name} ")


def settings() -> str:
    """The table of settings."""
    lines = [
        "# Settings\n",
        "Generated from `src/imagelore/settings.py` by `make docs`. A value is taken from the first place that has it:",
        "a flag, the environment, `imagelore.toml` in the working directory, the default.\n",
        "| setting | environment | default | what it does |",
        "|---|---|---|---|",
    ]
    for field in dataclasses.fields(Settings):
        names = ", ".join(f"`{name}`" for name in (f"IMAGELORE_{field.name.upper()}", *field.metadata["env"]))
        default = f"`{field.default}`" if field.default != "" else ""
        lines.append(f"| `{field.name}` | {names} | {default} | {field.metadata['help']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    stale = []
    for name, text in (("cli.md", commands()), ("settings.md", settings())):
        path = DOCS / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(f"docs/{name}")
    if stale:
        sys.exit(f"{', '.join(stale)}: not current; run `make docs`")


if __name__ == "__main__":
    main()
