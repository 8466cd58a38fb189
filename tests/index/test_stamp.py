"""Stamps of earlier releases open as they were meant."""

from __future__ import annotations

import json

from imagelore.embed import starter
from imagelore.index import _stamp

EARLIER = {
    "schema": 1,
    "sources": [],
    "embedder": {
        "name": "starter", "version": "1", "image_side": 260, "batch": 8, "parallel": 2, "languages": ["en"],
        "spaces": [
            {
                "name": "concept", "dimensions": 384, "images": True, "documents": True, "queries": True,
                "text_floor": 0.31, "image_floor": 0.28, "look_floor": 0.0,
            },
            {
                "name": "look", "dimensions": 256, "images": True, "documents": False, "queries": False,
                "text_floor": 0.0, "image_floor": 0.0, "look_floor": 0.33,
            },
        ],
    },
}  # fmt: skip


def test_languages_of_an_embedder_become_those_of_its_spaces() -> None:
    stamp = _stamp.read(EARLIER, "kb", newest=9)
    assert [space.languages for space in stamp.embedder.spaces] == [("en",), ("en",)]
    assert stamp.embedder.identity == starter.Starter().info.identity
    assert stamp.embedder.sentences == ""


def test_a_stamp_is_read_as_it_was_written() -> None:
    embedder = starter.Starter().info
    values = json.loads(json.dumps({"schema": 1, "sources": [], "embedder": _stamp.embedder_value(embedder)}))
    assert _stamp.read(values, "kb", newest=9).embedder == embedder
