"""The image: what it is built of, who it runs as, and that its commands are ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from imagelore.ui.health import PATH as HEALTH
from imagelore.ui.session import Session
from tests.deploy.files import ROOT, command
from tests.ui.served import filled, served

IMAGE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
STAGES = re.split(r"(?m)^FROM ", IMAGE)[1:]


def words(instruction: str) -> list[str]:
    """The words of the final stage's `CMD [...]` or `ENTRYPOINT [...]`."""
    (found,) = re.findall(rf"(?m)^{instruction} (\[.*\])$", STAGES[-1])
    return [str(word) for word in json.loads(found)]


def test_it_starts_the_page_for_others() -> None:
    assert words("ENTRYPOINT") == ["python", "-m", "imagelore"]
    context = command(words("CMD"))
    assert context.info_name == "serve"
    assert context.params["host"] == "0.0.0.0"
    assert f"EXPOSE {context.params['port']}" in STAGES[-1]
    assert f"http://127.0.0.1:{context.params['port']}{HEALTH}" in STAGES[-1]


@pytest.mark.parametrize(("embedder", "fit"), [("palette", True), ("starter", False)])
def test_its_health_check_hears_what_the_page_says(tmp_path: Path, embedder: str, fit: bool) -> None:
    settings = replace(filled(tmp_path).settings, embedder=embedder)  # the knowledge base is made by `palette`
    (check,) = re.findall(r"(?m)^HEALTHCHECK .*CMD (\[.*\])$", STAGES[-1])
    with served(Session(settings)) as page:
        python, *script = [word.replace("http://127.0.0.1:8000", page.url) for word in json.loads(check)]
        done = subprocess.run([sys.executable, *script], capture_output=True, text=True, timeout=20, check=False)
    assert python == "python"
    assert (done.returncode == 0) == fit, done.stderr
    assert fit or "503" in done.stderr


def test_it_does_not_run_as_root() -> None:
    user = re.findall(r"(?m)^USER (\d+):(\d+)$", STAGES[-1])
    assert user
    assert "0" not in user[-1]


def test_all_that_is_written_goes_to_tmp() -> None:
    places = dict(re.findall(r"(\w+)=(/\S+)", STAGES[-1]))
    for name in ("HOME", "XDG_CACHE_HOME", "GRADIO_TEMP_DIR", "MPLCONFIGDIR", "HF_HOME"):
        assert places[name].startswith("/tmp"), name
    assert "PYTHONDONTWRITEBYTECODE=1" in STAGES[-1]


@pytest.mark.parametrize("name", ["deploy/Dockerfile", "deploy/azureml/Dockerfile"])
def test_only_pinned_wheels_are_installed(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if re.search(r"\b(pip|apt|apt-get|curl|wget)\b.*\binstall\b|curl|wget", line)]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert not re.search(r"\bRUN\b.*pip", STAGES[-1])  # compilers and pip stay behind
    pins = (ROOT / "requirements" / "azure.txt").read_text(encoding="utf-8")
    for library in ("azure-identity", "azure-storage-blob", "azure-search-documents", "gradio"):
        assert re.search(rf"(?m)^{library}==\S+ \\\n    --hash=sha256:", pins), library


def test_what_is_copied_is_let_through() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    }
    for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", IMAGE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == name or source.startswith(f"{name}/") for name in allowed), source
