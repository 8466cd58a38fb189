"""Debian's Chromium, driven by Playwright; where either is missing, tests skip, or fail where CI runs them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_MISSING = "needs Chromium and Playwright: apt-get install chromium, pip install playwright"
try:
    from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip(_MISSING, allow_module_level=True)

__all__ = ["Browser", "FilePayload", "Page", "chromium", "expect"]

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


expect.set_options(timeout=20_000)  # milliseconds: machines that run tests are busy


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser until the block ends."""
    if _CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()
