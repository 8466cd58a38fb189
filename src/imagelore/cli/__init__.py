"""The command line: thin commands that render what flows return. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys

import click

from imagelore.cli.commands import cli
from imagelore.errors import ImageloreError


def main() -> None:
    """Entry point of `imagelore`: exit status 0 done, 1 an error that one line explains, 2 wrong usage."""
    try:
        sys.exit(cli.main(prog_name="imagelore", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ImageloreError as error:
        line = " ".join(str(error).split())
        click.echo(f"imagelore: {''.join(c for c in line if c.isprintable())}", err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `imagelore search ... | head`
        sys.stderr.close()
        sys.exit(0)
