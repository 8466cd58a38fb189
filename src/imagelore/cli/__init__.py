"""The command line: thin commands that render what flows return. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import contextlib
import io
import os
import sys


def main() -> None:
    """Entry point of `imagelore`: exit status 0 done, 1 an error that one line explains, 2 wrong usage."""
    try:
        sys.exit(_run())
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> int:
    import click

    from imagelore.cli.commands import cli
    from imagelore.errors import ImageloreError

    _mend_streams()
    try:
        status = cli.main(prog_name="imagelore", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except ImageloreError as error:
        click.echo(f"imagelore: {_told(error)}", err=True)
        return 1
    except OSError as error:
        return _unwritten(error)
    return status if isinstance(status, int) else 0


def _told(error: Exception) -> str:
    """One line, or that and the lines that show the place in an expression; nothing that a terminal would obey."""
    from imagelore.errors import ExpressionError

    lines = str(error).split("\n") if isinstance(error, ExpressionError) else [" ".join(str(error).split())]
    return "\n".join("".join(c for c in line if c.isprintable()) for line in lines)


def _mend_streams() -> None:
    """A closed stream swallows, and one that cannot write a character writes its escape: output never ends a run."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (it lives as long as we do)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _unwritten(error: OSError) -> int:
    """Output that nobody takes (`... | head`) ends in silence, as click has it; a full disk is told."""
    if not isinstance(error, BrokenPipeError):
        with contextlib.suppress(OSError):
            sys.stderr.write(f"imagelore: the output cannot be written: {error.strerror or error}\n")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)  # nothing more to flush
    return 1
