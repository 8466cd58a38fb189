"""A folder on this machine, with its sub-folders.

What is passed over: names that start with a dot, the knowledge base where it lies inside the folder, links that
dangle, and special files (pipes, sockets). A link is followed while it stays inside the folder: a link that leads out
of it could show files that nobody meant to show (an unpacked archive may bring one), so it is passed over by name. A
link to a sub-folder that is listed anyway is not followed either; each real folder is listed once, and loops end.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from imagelore.errors import SourceError, UnreadableError
from imagelore.settings import Settings
from imagelore.types import Asset

MAX_BYTES = 512_000_000  # of one file: pictures are refused far below; this bounds the tables beside them
MAX_NOTED = 1_000  # names kept of what a listing passed over


def create(address: str, settings: Settings) -> LocalSource:
    """The folder at `address`; that it exists is checked when it is listed.

    Raises:
        SourceError: the address cannot be the name of a folder.
    """
    if not address.strip():  # an unset variable in a script must not become the working directory
        raise SourceError("the folder to index has no name: `imagelore index FOLDER`")
    if "://" in address:
        raise SourceError(f"{address!r} is no folder: give a folder, or az://ACCOUNT/CONTAINER[/PREFIX]")
    try:
        root = os.path.realpath(os.path.expanduser(address))
        kb = os.path.realpath(os.path.expanduser(settings.kb)) if "://" not in settings.kb else ""
        os.fsencode(root)
        root.encode()
    except (ValueError, OSError) as error:
        raise SourceError(f"{address!r} cannot be the name of a folder: {error}") from None
    return LocalSource(root, kb)


class LocalSource:
    """See the module; fulfils `imagelore.source.Source`."""

    notes: Sequence[str] = ()

    def __init__(self, root: str, passed_over: str = "") -> None:
        self.root = root
        self._kb = passed_over
        self._skipped: list[tuple[str, str]] = []

    @property
    def skipped(self) -> Sequence[tuple[str, str]]:
        """What the latest listing passed over although it may be a picture: (path, reason), at most `MAX_NOTED`."""
        return tuple(self._skipped)

    def uri(self, path: str) -> str:
        """The file's full path."""
        return f"{self.root.rstrip('/')}/{path}"

    def list(self) -> Iterator[Asset]:
        """Every file that is not hidden; depth first, so that memory grows with the folders' depth only.

        A folder that cannot be read does not end the listing: the rest is listed first, then the error is raised, so
        that a run keeps what it found and removes nothing.

        Raises:
            SourceError: the folder is missing, is a file, or a part of it could not be listed.
        """
        self._skipped = []
        if not os.path.isdir(self.root):
            what = "is a file, not a folder" if os.path.exists(self.root) else "does not exist"
            raise SourceError(f"the folder {self.root!r} {what}; name a folder that holds pictures")
        failed: list[str] = []
        linked: set[str] = set()
        pending = [("", self.root)]  # (path within the source, real folder)
        while pending:
            path, folder = pending.pop()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.name.startswith("."):
                            continue
                        inner = f"{path}/{entry.name}" if path else entry.name
                        try:
                            found = self._look(entry, inner, linked)
                        except (FileNotFoundError, NotADirectoryError):
                            continue  # a dangling link, or removed since
                        if isinstance(found, Asset):
                            yield found
                        elif found:
                            pending.append((inner, found))
            except OSError as error:
                failed.append(f"{folder!r} ({error.strerror or error})")
        if failed:
            more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
            raise SourceError(
                f"the folder {failed[0]}{more} cannot be listed; check that it may be read, then run again"
            )

    def read(self, asset: Asset) -> bytes:
        """The bytes of one file, which must really lie inside the folder.

        Raises:
            UnreadableError: it is gone, may not be read, is no regular file, lies outside, or is too large.
        """
        try:
            real = os.path.realpath(os.path.join(self.root, *asset.path.split("/")))
            if not self._inside(real):
                raise UnreadableError("it is a link that leads out of the folder")
            descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise UnreadableError("it is no regular file")
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise UnreadableError("the file is gone") from None
        except (OSError, ValueError) as error:
            raise UnreadableError(f"the file cannot be read: {getattr(error, 'strerror', '') or error}") from None
        if len(data) > MAX_BYTES:
            raise UnreadableError(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
        return data

    def _look(self, entry: os.DirEntry[str], path: str, linked: set[str]) -> Asset | str | None:
        """An asset, the real folder to list, or None: nothing to list."""
        try:
            path.encode()
        except UnicodeEncodeError:
            printable = os.fsencode(path).decode("utf-8", "backslashreplace")
            self._note(printable, "its name is not valid UTF-8; rename it")
            return None
        if entry.is_symlink():
            return self._look_behind(entry, path, linked)
        if entry.is_dir():
            return None if self._kb and os.path.realpath(entry.path) == self._kb else entry.path
        return _asset(path, entry.stat())

    def _look_behind(self, link: os.DirEntry[str], path: str, linked: set[str]) -> Asset | str | None:
        try:
            real = os.path.realpath(link.path, strict=True)
        except FileNotFoundError:
            raise
        except OSError:
            return None  # a link to itself
        if not self._inside(real):
            self._note(path, "it is a link that leads out of the folder")
            return None
        if not os.path.isdir(real):
            return _asset(path, os.stat(real))
        if real == self._kb or self._listed(real, linked):
            return None
        linked.add(real)
        return real

    def _listed(self, real: str, linked: set[str]) -> bool:
        """Whether the walk comes to this folder without the link, or came to it by another one."""
        folder, visible = Path(real), True
        while visible:
            if str(folder) in linked or str(folder) == self.root:
                return True
            visible = not folder.name.startswith(".")
            folder = folder.parent
        return False

    def _inside(self, real: str) -> bool:
        return real.startswith(self.root.rstrip(os.sep) + os.sep) or real == self.root

    def _note(self, path: str, reason: str) -> None:
        if len(self._skipped) < MAX_NOTED:
            self._skipped.append((path, reason))


def _asset(path: str, status: os.stat_result) -> Asset | None:
    if not stat.S_ISREG(status.st_mode):
        return None
    return Asset(path, f"{status.st_mtime_ns:x}-{status.st_size:x}", status.st_size)
