"""Writes the generated pages `docs/cli.md` and `docs/settings.md`; with `--check`, says whether they are current."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from imagelore.cli.commands import cli
from imagelore.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"


def commands() -> str:
    """Every command's own help."""
    parts = ["# The command line\n\nGenerated from the commands themselves by `make docs`.\n"]
    for name, command in [("", cli), *sorted(cli.commands.items())]:
        context = click.Context(
            command, info_name=f"imagelore {name}".strip(), max_content_width=110, terminal_width=110
        )
        parts.append(f"## {context.info_name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


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
