"""Which blob names can stand as a path relative to a folder.

Blob names are any text; the SDK's HTTP library resolves `.` and `..` in an address, and the service takes a backslash
for a slash, so that such a name would lead to another blob: out of the prefix, in the worst case.
Limits: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
"""

from __future__ import annotations

MAX_NAME = 1024  # characters of a whole blob name


def unfit(path: str) -> str:
    """Why a path cannot be a blob's name, or the other way round; "" where it can."""
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "its name has an empty part, `.` or `..`; rename it"
    if "\\" in path or not path.isprintable():
        return "its name has a backslash or an unprintable character; rename it"
    return f"its name is longer than {MAX_NAME} characters; rename it" if len(path) > MAX_NAME else ""
