"""The process in which PDFium runs: `python -m imagelore.read.pdf.worker`, started and asked by `isolated`.

It takes one question at a time from stdin, (method, arguments), and answers (value, None) or (None, reason) on stdout.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from imagelore.errors import UnreadableError
from imagelore.read.pdf.document import Document

MEMORY = 1_500_000_000  # bytes that a document may take; a page of the largest picture takes a third of it


def main() -> None:
    """Answers until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for those who asked
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed is no answer
    _limit_memory()
    _answer(sys.stdin.buffer, answers)


def _answer(questions: BinaryIO, answers: BinaryIO) -> None:
    document: Document | None = None
    while True:
        try:
            method, arguments = pickle.load(questions)
        except EOFError:
            return
        value: Any = None
        reason = None
        try:
            if method in ("open", "close"):
                if document:
                    document.close()
                document = Document(*arguments) if method == "open" else None
                value = document.pages if document else 0
            else:
                value = getattr(document, method)(*arguments)
        except UnreadableError as error:
            reason = str(error)
        except MemoryError:
            os._exit(1)
        pickle.dump((value, reason), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


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
