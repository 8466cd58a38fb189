"""Providers by name: one module per provider, in the folder of its step.

Nothing is registered: a file `embed/clip.py` *is* the provider `clip` of the step `embed`; files that start with `_`
are not providers. A provider's libraries are imported by its own module, and the module only when it is selected.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from imagelore.errors import MissingExtraError, UsageError


def names(step: str) -> list[str]:
    """The providers of a step, by name, without importing any."""
    package = importlib.import_module(f"imagelore.{step}")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def load(step: str, name: str) -> ModuleType:
    """The module of one provider; what it offers is written in the step's `__init__`.

    Raises:
        UsageError: no such provider.
        MissingExtraError: a library that it needs is not installed.
    """
    if name not in (known := names(step)):
        raise UsageError(f"there is no {step} provider {name!r}; there are {', '.join(known)}")
    try:
        return importlib.import_module(f"imagelore.{step}.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("imagelore"):
            raise
        extra = "azure" if name.startswith("azure_") else name
        raise MissingExtraError(
            f'`{step}` provider {name!r} needs the library `{error.name}`: pip install "imagelore[{extra}]"'
        ) from error
