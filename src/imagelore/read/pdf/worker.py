"""The process in which PDFium runs: `python -m imagelore.read.pdf.worker`, started and asked by `isolated`.

It says (None, None) on stdout when it is ready. Then it takes one question at a time from stdin, (seconds, method,
arguments), and answers (value, None) or (None, reason). It ends where an answer takes longer, and when stdin ends: it
never outlives for long whoever asks.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from imagelore.errors import UnreadableError
from imagelore.read.pdf.document import Document

MEMORY = 1_500_000_000  # bytes that a document may take; a page of the largest picture takes a third of it
_FAILED = 2  # exit status: memory ran out, or whoever asks is gone


def main() -> None:
    """Answers until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for those who asked
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed is no answer
    _limit_memory()
    try:
        _answer(sys.stdin.buffer, answers)
    except BaseException:  # noqa: BLE001  (there is nobody here to tell; the status does)
        os._exit(_FAILED)


def _answer(questions: BinaryIO, answers: BinaryIO) -> None:
    document: Document | None = None
    answer: tuple[Any, str | None] = None, None
    while True:
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
        try:
            seconds, method, arguments = pickle.load(questions)
        except EOFError:
            return
        faulthandler.dump_traceback_later(seconds, exit=True)  # with the status 1, whatever PDFium is doing
        try:
            if method in ("open", "close"):
                if document:
                    document.close()
                document = Document(*arguments) if method == "open" else None
                answer = document.pages if document else 0, None
            else:
                answer = getattr(document, method)(*arguments), None
        except UnreadableError as error:
            answer = None, str(error)
        faulthandler.cancel_dump_traceback_later()


def _limit_memory() -> None:
    """PDFium itself has no limit: a file of 2 kB can make it take all that there is. Only where the system has one."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = now + MEMORY if most == resource.RLIM_INFINITY else min(now + MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


if __name__ == "__main__":
    main()
