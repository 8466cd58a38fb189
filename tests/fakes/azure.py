"""The whole reference architecture on loopback: Storage (Azurite), AI Vision, AI Search and Azure OpenAI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from tests.fakes.azure_openai_server import FakeAzureOpenAI
from tests.fakes.azurite import ACCOUNT, Azurite, Relay
from tests.fakes.faults import Faults
from tests.fakes.search_server import FakeSearch
from tests.fakes.vision_server import FakeVision


@dataclass(frozen=True)
class Cloud:
    """The stand-ins, running."""

    storage: Relay
    vision: FakeVision
    search: FakeSearch
    openai: FakeAzureOpenAI
    container: str

    @property
    def source(self) -> str:
        """The address of the pictures."""
        return f"az://{ACCOUNT}/{self.container}"

    @property
    def kb(self) -> str:
        """The address of the knowledge base."""
        return f"azure-search://pix/{self.container}"

    def environment(self) -> Mapping[str, str]:
        """The variables that lead here, with a key for each service."""
        return {
            **self.storage.azurite.environment(),
            "AZURE_STORAGE_BLOB_ENDPOINT": self.storage.endpoint,
            "AZURE_VISION_ENDPOINT": self.vision.url,
            "AZURE_VISION_KEY": self.vision.key,
            "AZURE_SEARCH_ENDPOINT": self.search.url,
            "AZURE_SEARCH_API_KEY": self.search.admin_key,
            "IMAGELORE_AZURE_VISION_RATE": "0",
            "IMAGELORE_KB": self.kb,
            **self.openai.environment(),
        }

    @property
    def faults(self) -> tuple[Faults, ...]:
        """What goes wrong, service by service."""
        return (self.storage.faults, self.vision.faults, self.search.faults, self.openai.faults)


@contextmanager
def cloud(azurite: Azurite) -> Iterator[Cloud]:
    """All services until the block ends, with a container name that is not taken."""
    with ExitStack() as stack:
        storage = stack.enter_context(closing(Relay(azurite)))
        vision = stack.enter_context(closing(FakeVision()))
        search = stack.enter_context(closing(FakeSearch()))
        openai = stack.enter_context(closing(FakeAzureOpenAI()))
        yield Cloud(storage, vision, search, openai, azurite.fresh())
