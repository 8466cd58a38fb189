"""A PDF that is read in a process of its own.

PDFium is not thread-safe, knows no limit of memory or time, and ends its process when it runs out of memory: a file of
2 kB can bring that about. So it runs in processes beside this one, each asked by one thread at a time, with a limit of
both. Where one of them ends, its page is left out, and another goes on behind it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

import imagelore
from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Unread
from imagelore.read.pdf.values import Sheet

_SECONDS = 60.0  # for one answer: a page with its figures
_FAILED = "PDFium gives up on it: it takes more memory than it is given, or is made to do harm"
_LATE = 1  # exit status of a process that took too long: `faulthandler` sets it
_MODULE = "imagelore.read.pdf.worker"


class Isolated:
    """A PDF that is open in a process of its own; to be closed, as a context manager does."""

    def __init__(self, data: bytes, options: Options) -> None:
        """Opens it.

        Raises:
            UnreadableError: it is too large, encrypted, damaged, or no PDF.
        """
        options.check_size(len(data))
        self._data, self.options = data, options
        self.pages = 0
        self.losses = 0  # how often its process ended
        self._worker: _Worker | None = None
        self._ahead = 0  # number of the page that is read ahead; 0: none is
        self._sheet: Sheet | Unread | None = None  # that page, once the answer is here
        try:
            self.about: Metadata = self._asked("about")  # what it says about itself
        except UnreadableError:
            self.close()
            raise

    def __enter__(self) -> Isolated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives its process back, or ends it where it is in the middle of a page."""
        worker, self._worker = self._worker, None
        if worker and self._ahead and self._sheet is None:
            worker.end()
        elif worker:
            with contextlib.suppress(_LostError):
                worker.ask("close")
                _given_back(worker)

    def sheet(self, number: int) -> Sheet | Unread:
        """Page `number` (from 1), drawn and read; a figure that was on an earlier page is left out.

        The process goes on to the next page at once: it is there when it is asked for.
        """
        if self._ahead != number:
            self._read_ahead(number)
        sheet, self._ahead, self._sheet = self._awaited(), 0, None
        if number < self.pages:
            self._read_ahead(number + 1)
        return sheet

    def shown(self, number: int, figure: int, side: int) -> Image.Image:
        """Page `number`, or a figure on it (from 1; 0: the page), with a longer side of at most `side` pixels.

        Raises:
            UnreadableError: the page is damaged, or has no such figure, or PDFium gives up on it.
        """
        return self._asked("shown", number, figure, side)  # type: ignore[no-any-return]

    def _read_ahead(self, number: int) -> None:
        sheet: Unread | None = None
        try:
            self._put("sheet", number)
        except UnreadableError as error:
            sheet = Unread(f"page {number}", str(error))
        self._ahead, self._sheet = number, sheet

    def _awaited(self) -> Sheet | Unread:
        """The page that is read ahead: its answer is taken in, so that another question can be put."""
        if self._sheet is None:
            try:
                self._sheet = self._answer()
            except UnreadableError as error:
                self._sheet = Unread(f"page {self._ahead}", str(error))
        return self._sheet

    def _asked(self, method: str, *arguments: Any) -> Any:
        self._put(method, *arguments)
        return self._answer()

    def _put(self, method: str, *arguments: Any) -> None:
        if self._ahead:
            self._awaited()
        if self._worker is None:
            self._worker = _taken()
            self._worker.put("open", self._data, self.options)
            self.pages = self._answer()
        self._worker.put(method, *arguments)

    def _answer(self) -> Any:
        assert self._worker is not None
        try:
            return self._worker.answer()
        except _LostError as lost:
            self.losses += 1
            self._worker = None
            raise UnreadableError(str(lost)) from lost


class _LostError(Exception):
    """A process ended before it answered; the text is the reason."""


class _Worker:
    """A process that runs `worker`. A question is put, then its answer awaited, before the next is put.

    Raises:
        UnreadableError: it cannot be started.
    """

    def __init__(self) -> None:
        # -P: nothing is imported from the current folder; what this process has found elsewhere, the other finds too
        command = [sys.executable, "-P", "-m", _MODULE]
        paths = [*filter(None, sys.path), str(Path(imagelore.__file__).parents[1])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment
            )
            self.answer()
        except (_LostError, OSError) as error:
            said = f"the process that reads PDFs does not start; `{sys.executable} -m {_MODULE}` says why"
            raise UnreadableError(said) from error

    def ask(self, method: str, *arguments: Any) -> Any:
        """What the method of the document that is open there returns.

        Raises:
            UnreadableError, _LostError: as `answer`.
        """
        self.put(method, *arguments)
        return self.answer()

    def put(self, method: str, *arguments: Any) -> None:
        """Puts a question; that the process has ended, the answer will tell."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            pickle.dump((_SECONDS, method, arguments), stdin, pickle.HIGHEST_PROTOCOL)
            stdin.flush()
        except (OSError, ValueError):  # a broken pipe, or one that was closed
            self._process.kill()
        except BaseException:  # Ctrl-C: half a question
            self.end()
            raise

    def answer(self) -> Any:
        """The answer to what was put.

        Raises:
            UnreadableError: the method does.
            _LostError: there is no answer.
        """
        try:
            value, reason = pickle.load(self._process.stdout)  # type: ignore[arg-type]
        except (EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
            late = self.end(patience=1.0) == _LATE
            raise _LostError(f"reading it takes more than {_SECONDS:g} seconds" if late else _FAILED) from error
        except BaseException:  # Ctrl-C: the answer would be taken for another question's
            self.end()
            raise
        if reason is not None:
            raise UnreadableError(reason)
        return value

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def end(self, patience: float = 0.0) -> int:
        """Ends the process, if it does not end by itself within `patience` seconds; its exit status."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        status = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was written to it went nowhere
                stream.close()  # type: ignore[union-attr]
        return status


_idle: list[_Worker] = []
if hasattr(os, "register_at_fork"):  # two processes must not ask one
    os.register_at_fork(after_in_child=_idle.clear)


def _taken() -> _Worker:
    while _idle:
        with contextlib.suppress(IndexError):  # another thread was faster
            if (worker := _idle.pop()).alive:
                return worker
            worker.end()
    return _Worker()


def _given_back(worker: _Worker) -> None:
    if len(_idle) < (os.cpu_count() or 1):
        _idle.append(worker)
    else:
        worker.end()


@atexit.register
def _ended() -> None:
    while _idle:
        _idle.pop().end()
