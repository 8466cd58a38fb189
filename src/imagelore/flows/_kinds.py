"""Which reader takes which file, told by the ending of its name."""

from __future__ import annotations

import posixpath
from functools import cache
from types import ModuleType

from imagelore import providers

TABLES = ("metadata.jsonl", "metadata.csv")
SIDECARS = (".json", ".txt")
UNREAD = {
    *(".heic", ".heif", ".hif", ".jxl", ".psd", ".svg", ".tga"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf"),
}
"""Endings of pictures' names that no reader takes, or only with an extra."""
_PICTURE = "picture"


@cache
def readers(documents: bool = True) -> dict[str, ModuleType]:
    """File name ending -> the read provider that takes it; all but the one of pictures take documents."""
    names = providers.names("read") if documents else [_PICTURE]
    modules = [providers.load("read", name) for name in names]
    return {ending: module for module in modules for ending in module.SUFFIXES}


def suffix(path: str) -> str:
    """A path's file name ending, lower-case, with its dot."""
    return posixpath.splitext(path)[1].lower()


def is_document(path: str) -> bool:
    """Whether a file is read as a document, of one part or many."""
    return suffix(path) not in readers(documents=False)


def is_table(path: str) -> bool:
    """Whether a file is a metadata table, and never anything else."""
    return posixpath.basename(path) in TABLES
