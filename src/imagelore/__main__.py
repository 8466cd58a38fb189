"""`python -m imagelore` is the command `imagelore`."""

from imagelore.cli import main

main()
