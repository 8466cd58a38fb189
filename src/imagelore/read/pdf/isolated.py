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
import threading
import time
from types import TracebackType
from typing import Any

from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Unread
from imagelore.read._document import check_size
from imagelore.read.pdf.values import Sheet

_SECONDS = 60.0  # for one answer: a page with its figures
_FAILED = "PDFium gives up on it: it takes more memory than it is given, or is made to do harm"


class Isolated:
    """A PDF that is open in a process of its own; to be closed, as a context manager does."""

    def __init__(self, data: bytes, options: Options) -> None:
        """Opens it.

        Raises:
            UnreadableError: it is too large, encrypted, damaged, or no PDF.
        """
        check_size(data, options)
        self._data, self.options = data, options
        self.pages = 0
        self.losses = 0  # how often its process ended
        self._worker: _Worker | None = None
        self.about: Metadata = self._asked("about")  # what it says about itself

    def __enter__(self) -> Isolated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._worker:
            with contextlib.suppress(_LostError):
                self._worker.ask("close")
                _given_back(self._worker)

    def sheet(self, number: int) -> Sheet | Unread:
        """Page `number` (from 1), drawn and read; a figure that was on an earlier page is left out."""
        try:
            return self._asked("sheet", number)  # type: ignore[no-any-return]
        except UnreadableError as error:
            return Unread(f"page {number}", str(error))

    def shown(self, number: int, figure: int, side: int) -> Image.Image:
        """Page `number`, or a figure on it (from 1; 0: the page), with a longer side of at most `side` pixels.

        Raises:
            UnreadableError: the page is damaged, or has no such figure, or PDFium gives up on it.
        """
        return self._asked("shown", number, figure, side)  # type: ignore[no-any-return]

    def _asked(self, method: str, *arguments: Any) -> Any:
        try:
            if self._worker is None:
                self._worker = self._opened()
            return self._worker.ask(method, *arguments)
        except _LostError as lost:
            self.losses += 1
            self._worker = None
            raise UnreadableError(str(lost)) from lost

    def _opened(self) -> _Worker:
        worker = _taken()
        try:
            self.pages = worker.ask("open", self._data, self.options)
        except UnreadableError:
            _given_back(worker)
            raise
        return worker


class _LostError(Exception):
    """A process ended before it answered; the text is the reason."""


class _Worker:
    """A process that runs `worker`."""

    def __init__(self) -> None:
        # -P: nothing is imported from the current folder
        command = [sys.executable, "-P", "-m", "imagelore.read.pdf.worker"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)

    def ask(self, method: str, *arguments: Any) -> Any:
        """What the method of the document that is open there returns.

        Raises:
            UnreadableError: the method does.
            _LostError: there is no answer.
        """
        process = self._process
        timer = threading.Timer(_SECONDS, process.kill)
        timer.daemon = True
        timer.start()
        began = time.monotonic()
        try:
            pickle.dump((method, arguments), process.stdin, pickle.HIGHEST_PROTOCOL)  # type: ignore[arg-type]
            process.stdin.flush()  # type: ignore[union-attr]
            value, reason = pickle.load(process.stdout)  # type: ignore[arg-type]
        except (EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
            self.end()
            late = time.monotonic() - began >= _SECONDS
            raise _LostError(f"reading it takes more than {_SECONDS:g} seconds" if late else _FAILED) from error
        finally:
            timer.cancel()
        if reason is not None:
            raise UnreadableError(reason)
        return value

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was written to it went nowhere
                stream.close()  # type: ignore[union-attr]


_idle: list[_Worker] = []


def _taken() -> _Worker:
    while _idle:
        with contextlib.suppress(IndexError):  # another thread was faster
            if (worker := _idle.pop()).alive:
                return worker
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
