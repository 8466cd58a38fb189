"""docs/azure.md: its commands are ones that our CLI understands, and the files it names are there."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.deploy.files import ROOT, command

GUIDE = (ROOT / "docs" / "azure.md").read_text(encoding="utf-8")
SCRIPTS = "\n".join(re.findall(r"(?s)```sh\n(.*?)```", GUIDE))
COMMANDS = sorted(set(re.findall(r"(?m)^\s*(imagelore .*?)(?:\s+#.*)?$", SCRIPTS)))


@pytest.mark.parametrize("line", COMMANDS)
def test_its_commands_are_understood(line: str) -> None:
    assert command(shlex.split(line)[1:]).info_name in ("doctor", "index", "upload")


def test_it_goes_all_the_way() -> None:
    assert {line.split()[1] for line in COMMANDS} == {"doctor", "index", "upload"}


def test_the_files_it_names_are_there() -> None:
    named = {*re.findall(r"\b((?:deploy|notebooks)/[\w./-]+\w)", GUIDE), *re.findall(r"\((\w+\.md)\)", GUIDE)}
    assert len(named) >= 5
    for name in named:
        assert (ROOT / name).is_file() or (ROOT / "docs" / name).is_file(), name
