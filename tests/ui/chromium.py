"""Debian's Chromium, driven by Playwright; where either is missing, tests skip, or fail where CI runs them."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

_MISSING = "needs Chromium and Playwright: apt-get install chromium, pip install playwright"
try:
    from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip(_MISSING, allow_module_level=True)

__all__ = ["Browser", "FilePayload", "Page", "answer", "ask", "attach", "chromium", "expect", "opened", "too_faint"]

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


@contextmanager
def opened(browser: Browser, url: str, size: str = "1280x900") -> Iterator[Page]:
    """The page, ready to be asked; at the end: whether its console stayed clean and no other host was asked."""
    width, height = (int(side) for side in size.split("x"))
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(20_000)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    ours = (f"{url}/", "data:", "blob:")
    page.on("request", lambda asked: None if asked.url.startswith(ours) else wrong.append(asked.url))
    page.goto(url)
    page.wait_for_selector("body.il-ready")
    yield page
    context.close()
    assert not wrong


def ask(page: Page, question: str) -> None:
    """Types a question, sends it, and waits for the whole answer."""
    answers = page.locator(".il-acts").count()
    page.fill("#il-box textarea", question)
    page.press("#il-box textarea", "Enter")
    expect(page.locator(".il-acts")).to_have_count(answers + 1)


def answer(page: Page) -> str:
    """The last answer, with what stands below it."""
    return page.locator("#il-log .bot-row").last.inner_text()


def attach(page: Page, *colours: str) -> None:
    """Attaches small pictures, each of one colour, to the question in the box."""
    files: list[FilePayload] = []
    for colour in colours:
        out = io.BytesIO()
        Image.new("RGB", (40, 40), colour).save(out, "PNG")
        files.append(FilePayload(name=f"{len(files)}.png", mimeType="image/png", buffer=out.getvalue()))
    page.set_input_files("#il-box input[type=file]", files)
    expect(page.locator("#il-box .thumbnail-item img")).to_have_count(len(files))


_CONTRASTS = """() => {
  const rgb = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const c = rgb(getComputedStyle(node).backgroundColor);
      if (c[3] > .99) return c;
    }
    return [255, 255, 255, 1];
  };
  const low = [];
  for (const node of document.querySelectorAll("#il-top *, #il-chat *, #il-view-pictures *, #il-dialog[open] *")) {
    const text = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || !node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (node.getBoundingClientRect().width < 2) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) low.push(`${node.className}: ${node.textContent.slice(0, 40)}`);
  }
  return low;
}"""


def too_faint(page: Page) -> list[str]:
    """The visible texts whose contrast to what is behind them is below 4.5 (WCAG 2.2, AA)."""
    found: list[str] = page.evaluate(_CONTRASTS)
    return found
