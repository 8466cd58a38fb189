"""Ask your pictures: a multimodal retrieval-augmented chatbot over folders of images.

from imagelore import KnowledgeBase, Settings, ingest

settings = Settings.load(kb="./kb")
ingest(settings, "photos")
for hit in KnowledgeBase(settings).search("a red boat", top=3).hits:
    print(hit.score, hit.uri)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagelore.errors import ImageloreError as ImageloreError
    from imagelore.flows.ingest import Report as Report
    from imagelore.flows.ingest import ingest as ingest
    from imagelore.flows.knowledge import KnowledgeBase as KnowledgeBase
    from imagelore.settings import Settings as Settings

__version__ = "0.1.0"

_HOMES = {
    "ImageloreError": "imagelore.errors",
    "KnowledgeBase": "imagelore.flows.knowledge",
    "Report": "imagelore.flows.ingest",
    "Settings": "imagelore.settings",
    "ingest": "imagelore.flows.ingest",
}
__all__ = ["ImageloreError", "KnowledgeBase", "Report", "Settings", "ingest"]


def __getattr__(name: str) -> Any:  # imported on first use: `imagelore --help` must not wait for numpy and LanceDB
    if name not in _HOMES:
        raise AttributeError(f"module 'imagelore' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
