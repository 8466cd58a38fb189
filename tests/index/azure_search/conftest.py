"""The service of these tests shows writes at once, but where a test sets a delay."""

from __future__ import annotations

import pytest

from tests.fakes.search_server import FakeSearch


@pytest.fixture
def server(search_server: FakeSearch) -> FakeSearch:
    """AI Search without a delay."""
    search_server.delay = 0.0
    return search_server
