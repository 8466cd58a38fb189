"""A model of `llamacpp` whose words are known: files without weights, and `FakeOpenAI` for what would load them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes import gguf
from tests.fakes.openai_server import FakeOpenAI

FACTS = {"general.architecture": "llama", "llama.context_length": 32_768, "llama.embedding_length": 64}


class FakeLlamaCpp(FakeOpenAI):
    """Stands in for `xllamacpp.Server` until it is closed; `loaded` holds the parameters of each that was started."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[Any] = []
        self._folder = TemporaryDirectory()
        self.model = gguf.write(Path(self._folder.name) / "colours.gguf", FACTS)
        gguf.write(self.model.with_name("mmproj-colours.gguf"), {"general.architecture": "clip"})
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr("xllamacpp.Server", self._load)

    def _load(self, params: Any) -> SimpleNamespace:
        self.loaded.append(params)
        (self.key,) = params.api_keys
        return SimpleNamespace(listening_address=self.url.removesuffix("/v1"))

    def close(self) -> None:
        """Stops listening, and lets models be loaded again."""
        self._patch.undo()
        super().close()
        self._folder.cleanup()
