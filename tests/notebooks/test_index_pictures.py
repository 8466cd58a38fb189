"""The notebook is run as it is committed, from its first cell to its last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from imagelore.flows.upload import upload
from imagelore.settings import Settings
from tests.fakes.azure import cloud
from tests.fakes.azurite import Azurite
from tests.flows.pictures import folder

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "index_pictures.ipynb"
COLOURS = {"a.png": "red", "b.png": "blue", "c.png": "green", "d.png": "olive", "broken.png": "white"}
ROWS: dict[str, dict[str, Any]] = {
    "a.png": {"title": "Red boat", "text": "It dries on the beach of Skagen.", "place": "Skagen", "year": 1987},
    "b.png": {"title": "Blue barn", "text": "A barn near Leeds.", "place": "Leeds", "year": 1990},
}


def photos(root: Path) -> Path:
    """Five pictures, of which two are described and one cannot be read."""
    made = folder(root / "photos", COLOURS, ROWS)
    (made / "broken.png").write_bytes(b"\x89PNG no more")
    return made


def outputs(work: Path) -> tuple[str, int]:
    """Runs the notebook in a folder; what it wrote, and how many pictures it showed."""
    notebook: Any = nbformat.read(NOTEBOOK, 4)
    NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(work)}}).execute()
    told = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("text", "") + str(output.get("data", {}).get("text/markdown", "")) for output in told]
    return "".join(texts), sum("image/png" in output.get("data", {}) for output in told)


def test_it_is_committed_without_outputs() -> None:
    notebook: Any = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)


def test_it_runs_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGELORE_SOURCE", str(photos(tmp_path)))
    text, pictures = outputs(tmp_path)
    assert "-> starter -> ./kb" in text
    assert "4 added, 0 updated, 0 unchanged, 0 removed" in text
    assert "broken.png - " in text
    assert "[1] Red boat: text mentions red, boat" in text
    assert "Skagen" in text
    assert pictures == 5
    assert (tmp_path / "kb").is_dir()


def test_it_runs_against_the_services_of_azure(
    azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud(azurite) as services:
        for name, value in {**services.environment(), "IMAGELORE_SOURCE": services.source}.items():
            monkeypatch.setenv(name, value)
        upload(Settings.load(), str(photos(tmp_path)), services.source)
        text, pictures = outputs(tmp_path)
        assert f"{services.source} -> azure_vision -> {services.kb}" in text
        assert "4 added, 0 updated, 0 unchanged, 0 removed" in text
        assert f"{services.source}/broken.png - " in text
        assert "[1] Red boat: text mentions red, boat" in text
        assert "Source 1 shows something red [1]." in text
        assert pictures == 5
