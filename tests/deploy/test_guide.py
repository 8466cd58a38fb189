"""docs/azure.md and the README's "On Azure": commands that our CLI understands, variables that are set, files there."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.deploy.files import ROOT, command, parsed

GUIDE = (ROOT / "docs" / "azure.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## On Azure\n")[2].partition("\n## ")[0]


def blocks(text: str) -> list[str]:
    """The shell blocks of a page, without comments."""
    return [re.sub(r"(?m)\s+#.*$", "", block) for block in re.findall(r"(?s)```sh\n(.*?)```", text)]


def commands(text: str) -> list[str]:
    """The calls of our CLI in a page."""
    return re.findall(r"(?m)^\s*(imagelore .*)$", "\n".join(blocks(text)))


@pytest.mark.parametrize("line", sorted({*commands(GUIDE), *commands(README)}))
def test_the_commands_are_understood(line: str) -> None:
    assert command(shlex.split(line)[1:]).info_name == line.split()[1]


@pytest.mark.parametrize("text", [GUIDE, README], ids=["guide", "readme"])
def test_the_pages_go_all_the_way(text: str) -> None:
    assert {"doctor", "upload", "index"} <= {line.split()[1] for line in commands(text)}


def stale(script: str, known: bool) -> list[str]:
    """What a script reads of the deployment's names while nothing, or what was before the last deployment, is set.

    Args:
        script: shell lines.
        known: whether the names are set when it starts.
    """
    names = "|".join(parsed("main.bicep")["outputs"])
    changed, told = r"(?P<changed>azd up|azd provision)", r'(?P<told>eval "\$\(azd env get-values\)")'
    steps = re.compile(rf"{changed}|{told}|imagelore \w+|\$\{{?(?:{names})\b")
    found = []
    for step in steps.finditer(script):
        if step["changed"] or step["told"]:
            known = bool(step["told"])
        elif not known:
            found.append(step[0])
    return found


def test_names_are_read_only_after_they_are_set() -> None:
    first, *further = blocks(GUIDE)
    assert stale(first, known=False) == []
    assert [stale(script, known=True) for script in further] == [[]] * len(further)
    assert [stale(script, known=False) for script in blocks(README)] == [[]]


def test_every_variable_is_one_that_the_template_gives() -> None:
    for text in (GUIDE, README):
        read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", "\n".join(blocks(text))))
        assert read
        assert read <= parsed("main.bicep")["outputs"].keys()


def test_the_files_it_names_are_there() -> None:
    named = {*re.findall(r"\b((?:deploy|notebooks)/[\w./-]+\w)", GUIDE), *re.findall(r"\((\w+\.md)\)", GUIDE)}
    assert len(named) >= 5
    for name in named:
        assert (ROOT / name).is_file() or (ROOT / "docs" / name).is_file(), name
