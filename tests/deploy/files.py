"""What the deployment files say, read from the files themselves."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import click
from pycep import BicepParser

from imagelore.cli.commands import cli

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "deploy" / "infra"
BICEP = sorted(path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*.bicep"))


def text(name: str) -> str:
    """A Bicep file without its comments."""
    return re.sub(r"(?m)(^|\s)//.*$", "", (INFRA / name).read_text(encoding="utf-8"))


@cache
def parsed(name: str) -> dict[str, Any]:
    """A Bicep file as `pycep` reads it; it raises where the syntax is wrong."""
    return cast(dict[str, Any], BicepParser().parse(text=(INFRA / name).read_text(encoding="utf-8")))


def body(thing: dict[str, Any]) -> dict[str, Any]:
    """The properties of a resource or module, whatever condition or loop stands before them."""
    config = thing["config"]
    while "config" in config:
        config = config["config"]
    return cast(dict[str, Any], config)


def resource(name: str, kind: str, called: str = "") -> dict[str, Any]:
    """The properties of the one resource of a kind in a file."""
    found = [
        body(one)
        for one in parsed(name)["resources"].values()
        if one["type"] == kind and not one["existing"] and called in ("", body(one)["name"])
    ]
    assert len(found) == 1, f"{len(found)} of {kind} in {name}"
    return found[0]


def command(words: list[str]) -> click.Context:
    """A command line as our own CLI understands it, without running it; it raises where it does not."""
    root = cli.make_context("imagelore", words[:], resilient_parsing=True)
    name, found, rest = cli.resolve_command(root, words)
    assert found is not None
    return found.make_context(name, rest, parent=root)
