"""Providers are found by their files, and imported only when they are selected."""

from __future__ import annotations

import subprocess
import sys

import pytest

from imagelore import providers
from imagelore.errors import ImageloreError, MissingExtraError, UsageError


def test_a_file_is_a_provider() -> None:
    assert providers.names("embed") == ["azure_cohere", "azure_vision", "clip", "palette", "starter"]
    assert providers.names("generate") == ["azure_openai", "extractive", "llamacpp", "openai"]
    assert providers.names("index") == ["azure_search", "lancedb"]
    documents = ["docx", "epub", "html", "markdown", "pdf", "pptx", "text", "xlsx"]
    assert providers.names("read") == sorted([*documents, "picture"])
    assert providers.names("source") == ["azure_blob", "local"]


def test_an_unknown_one_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="'clap'; there are azure_cohere, azure_vision, clip, palette, starter"):
        providers.load("embed", "clap")


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("imagelore.embed.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r'pip install "imagelore\[starter\]"'):
        providers.load("embed", "starter")


def test_names_import_no_provider() -> None:
    program = "import sys; from imagelore import providers; providers.names('generate'); print('openai' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"


def test_every_error_is_of_one_tree() -> None:
    from imagelore import errors

    kinds = [value for value in vars(errors).values() if isinstance(value, type)]
    assert all(issubclass(kind, ImageloreError) for kind in kinds)
    assert all(kind.__name__ in str(errors.__doc__) for kind in kinds)
