"""Imports point one way: steps know values, flows know steps, and the three ways in know flows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import imagelore
from imagelore import flows

ROOT = Path(imagelore.__file__).parent
STEPS = {"source", "read", "embed", "index", "retrieve", "augment", "generate"}
MODELS = {"embed", "generate"}  # steps whose models can be had by name
CORE = {"types", "errors", "settings", "words", "passages", "languages", "where"}
WAYS_IN = {"ui", "api", "cli"}
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The first parts below `imagelore` that a module imports, wherever in the module it does."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("imagelore."))
        elif isinstance(node, ast.ImportFrom) and node.module == "imagelore":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("imagelore."):
            yield (node.module or "").split(".")[1]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"


def allowed(part: str) -> set[str]:
    """What a module in this part of the package may import."""
    if part in STEPS:
        return CORE | {part, "_azure"} | ({"_hub"} if part in MODELS else set())
    if part == "flows":
        return CORE | STEPS | {"flows", "providers", "_hub", "__version__"}
    if part in WAYS_IN:
        return CORE | {"flows", "__version__", part} | ({"ui"} if part == "cli" else set())  # `serve` opens the page
    if part in {"_azure", "_hub"}:
        return {"errors", part}
    if part == "types":
        return {"types"}
    return CORE | {"providers"} | ({"cli"} if part == "__main__" else set())


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    if path.name == "__init__.py" and len(path.parts) == 1:
        return  # the package's own front door names everything it offers
    assert set(imported(path)) <= allowed(path.parts[0].removesuffix(".py"))


def test_the_parts_of_flows_have_their_place_in_its_overview() -> None:
    parts = {path.stem for path in (ROOT / "flows").glob("_[a-z]*.py")}
    assert set(re.findall(r"`(_[a-z]+)`", flows.__doc__ or "")) == parts


def test_the_check_sees_imports_inside_functions() -> None:
    assert "flows" in set(imported(Path("cli/commands.py")))
