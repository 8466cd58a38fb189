"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

kb = click.option("--kb", metavar="KB", help="A folder (default ./.imagelore), or azure-search://SERVICE/INDEX.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, and nothing else.")
top = click.option("--top", type=click.IntRange(1, 1000), metavar="N", help="How many hits (default 8).")
where = click.option("--where", default="", metavar="EXPR", help="Only these: \"year >= 1960 and tag = 'bird'\".")
rankings = click.option(
    "--rankings", metavar="NAMES", help="Find by these only: text,meaning,image,seen,look,colour (default all)."
)
weights = click.option("--weights", metavar="NAME=N,...", help="What rankings weigh: text=2,look=0.5.")
embedder = click.option(
    "--embedder", metavar="NAME", help="What makes the vectors: starter, clip[:MODEL], azure_vision or azure_cohere."
)
generator = click.option(
    "--generator", metavar="NAME", help="What answers: extractive, openai, azure_openai or llamacpp:MODEL."
)
host = click.option("--host", metavar="H", help="The address to listen on (default 127.0.0.1: this machine only).")
port = click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="The port (default 7860).")
file = click.Path(path_type=Path, dir_okay=False)
no_browser = click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
