"""The process that PDFs are read in: found wherever imagelore is, gone when whoever asks is gone, never out of step."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import imagelore
from imagelore.errors import UnreadableError
from imagelore.read import Options, Reading, Unread
from imagelore.read import pdf as provider
from imagelore.read.pdf import isolated
from imagelore.types import Asset
from tests.read.documents import Page, pdf, written

SLOW = "0 0 m 500 700 l S " * 4_000  # takes PDFium a while


def first_lines(data: bytes) -> list[str]:
    parts = provider.readings(Asset("a.pdf", "", len(data)), data, Options())
    return [part.lines[0].text for part in parts if isinstance(part, Reading)]


@pytest.fixture
def no_idle_process() -> None:
    isolated._ended()


@pytest.mark.usefixtures("no_idle_process")
def test_pages_come_in_order_whatever_is_asked_between() -> None:
    data = pdf([[f"page {n}"] for n in range(1, 7)])
    with isolated.Isolated(data, Options()) as document:
        for number in (1, 2, 5, 6, 3, 3):  # also out of order, and one that was read ahead for nothing
            sheet = document.sheet(number)
            assert not isinstance(sheet, Unread)
            assert (sheet.number, sheet.lines[0].text) == (number, f"page {number}")
            assert document.shown(4, 0, 100).height == 100
        assert len(isolated._idle) == 0
    assert len(isolated._idle) == 1


@pytest.mark.usefixtures("no_idle_process")
def test_what_breaks_in_between_is_no_answer_to_the_next_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a page is awaited: its answer must not be taken for that of another document."""
    data, other = pdf([["one"], ["two"]]), pdf([["another"]])

    def interrupted(stream: object) -> None:
        raise KeyboardInterrupt

    parts = provider.readings(Asset("a.pdf", "", len(data)), data, Options())
    with closing(parts):  # type: ignore[type-var]
        next(parts)
        monkeypatch.setattr(pickle, "load", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(parts)
        monkeypatch.undo()
    assert first_lines(other) == ["another"]


def test_a_slow_reader_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the reading of a page is limited, not the time until somebody takes it."""
    first_lines(pdf([["warm"]]))
    monkeypatch.setattr(isolated, "_SECONDS", 1.0)
    data = pdf([[f"page {n}"] for n in range(1, 4)])
    with isolated.Isolated(data, Options()) as document:
        document.sheet(1)
        time.sleep(1.5)
        assert not isinstance(document.sheet(2), Unread)


@pytest.mark.usefixtures("no_idle_process")
def test_a_process_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for python in (sys.executable, "/nowhere/python"):
        monkeypatch.setattr(sys, "executable", python)
        monkeypatch.setattr(isolated, "_MODULE", "imagelore.not_there")
        with pytest.raises(UnreadableError, match=r"does not start; `.*python.* -m .*` says why"):
            first_lines(pdf([["x"]]))


SCRIPT = """
import sys
sys.path[:0] = {paths!r}
from imagelore.read import Options, pdf
from imagelore.read.pdf import isolated
from imagelore.types import Asset
started, begin = [], isolated._Worker.__init__
def noted(self):
    begin(self)
    started.append(self._process.pid)
isolated._Worker.__init__ = noted
data = open(sys.argv[1], "rb").read()
for part in pdf.readings(Asset("a.pdf", "", len(data)), data, Options()):
    print(*started, part.lines[0].text, flush=True)
"""


def script(tmp_path: Path, data: bytes, *flags: str) -> subprocess.Popen[str]:
    """A program that has found imagelore by itself, and not as it is installed, reads a document."""
    (tmp_path / "a.pdf").write_bytes(data)
    # A module of the same name as one that the process imports, in the folder where the program runs.
    (tmp_path / "pickle.py").write_text("raise SystemExit('imported from the current folder')")
    paths = [str(Path(imagelore.__file__).parents[1]), *filter(None, sys.path)]
    command = [sys.executable, *flags, "-c", SCRIPT.format(paths=paths), str(tmp_path / "a.pdf")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path)


def test_imagelore_is_found_where_the_program_found_it(tmp_path: Path) -> None:
    running = script(tmp_path, pdf([["alive"]]), "-P", "-S")  # without site-packages
    out, err = running.communicate(timeout=60)
    assert (out.split()[1:], err) == (["alive"], "")


def gone(pid: int, seconds: float) -> bool:
    """Whether a process ends in this time; a zombie has ended, but whoever should have awaited it has not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not Path("/proc", str(pid)).exists():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at as Linux shows them")
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(tmp_path: Path, way: signal.Signals) -> None:
    slow = Page(written(["slow"]), drawn=SLOW)
    running = script(tmp_path, pdf([["first"], slow]))
    assert running.stdout is not None
    pid = int(running.stdout.readline().split()[0])
    os.kill(running.pid, way)
    running.communicate(timeout=60)
    assert gone(pid, 30)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.usefixtures("no_idle_process")
def test_a_fork_asks_a_process_of_its_own() -> None:
    first_lines(pdf([["warm"]]))
    mine = isolated._idle[0]
    child = os.fork()
    if child == 0:
        os._exit(len(isolated._idle))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert isolated._idle == [mine]
    assert first_lines(pdf([["still mine"]])) == ["still mine"]
