"""Commands, run as their entry point runs them."""

from __future__ import annotations

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from imagelore.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(place: Path, *arguments: str, **environment: str) -> Ran:
    """One `imagelore` command as its entry point runs it, in this process: a new one would import for seconds."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("IMAGELORE_", "OPENAI_"))}
    out, error = io.StringIO(), io.StringIO()
    with (
        chdir(place),
        patch.dict(os.environ, clean | environment, clear=True),
        patch.object(sys, "argv", ["imagelore", *arguments]),
        redirect_stdout(out),
        redirect_stderr(error),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert isinstance(ended.value.code, int)
    return Ran(ended.value.code, out.getvalue(), error.getvalue())
