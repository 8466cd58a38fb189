"""What the README shows is run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.flows.pictures import folder

README = Path(__file__).parent.parent / "README.md"


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    rows = {"a.png": {"title": "A red boat", "text": "It dries on the beach of Skagen.", "place": "Skagen"}}
    folder(tmp_path / "photos", {"a.png": "red", "b.png": "green"}, rows)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "2 pictures added, 0 skipped" in out
    assert "A red boat - text mentions red, boat" in out
    assert "Skagen" in out.splitlines()[-1]
    assert "a.png" in out.splitlines()[-1]


def test_links_lead_somewhere() -> None:
    root = README.parent
    pages = [README, *(root / "docs").glob("*.md"), root / "CONTRIBUTING.md", root / "SECURITY.md"]
    missing = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert missing == []


def test_every_setting_and_command_is_documented() -> None:
    import dataclasses

    from imagelore.cli.commands import cli
    from imagelore.settings import Settings

    settings = (README.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    commands = (README.parent / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [f.name for f in dataclasses.fields(Settings) if f"| `{f.name}` |" not in settings] == []
    assert [name for name in cli.commands if f"## imagelore {name}\n" not in commands] == []
