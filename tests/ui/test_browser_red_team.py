"""Hostile records and a model that obeys them, in Chromium: nothing leaves the page, nothing runs, no link appears.

Titles, texts, tags, fields and file names hold what `injections` does; whatever reaches the model it writes out. The
console must stay clean as well: a request or a script that only the page's policy stopped would stand there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagelore.flows.ingest import ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.ui.session import Session
from tests.fakes.openai_server import FakeOpenAI
from tests.flows.pictures import folder
from tests.generate.injections import OUTPUTS, WRAPPERS
from tests.ui.chromium import Page, ask, chromium, expect, opened
from tests.ui.served import Served, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),  # Gradio's queue
]
_BLOCKS = [output for output in OUTPUTS.values() if "```" in output or "~~~" in output]  # may swallow what follows
ANSWERS = [*_BLOCKS, "\n\n".join(output for output in OUTPUTS.values() if output not in _BLOCKS)]
_FOREIGN = """() => {
  const places = "#il-log, #il-sources, #il-next, #il-narrow, #il-view-pictures, #il-dialog, #il-welcome";
  const active = "script, iframe, object, embed, style:not(svg *), link, meta, base, svg a, .mermaid, math, "
    + "video, audio, a:not(.il-cite), form:not(#il-find, #il-expert, [method=dialog])";
  const foreign = (node) => node.matches(active)
    || [...node.attributes].some(({ name, value }) => name.startsWith("on") || name === "style" && /url\\(/.test(value))
    || node.localName === "img" && !/^(data:|blob:|$)/.test(node.src) && new URL(node.src).origin !== location.origin;
  const nodes = [...document.querySelectorAll(places)].flatMap((place) => [...place.querySelectorAll("*")]);
  return nodes.filter(foreign).map((node) => node.outerHTML.slice(0, 200));
}"""
_WATCHED = "() => { for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.ran = name; }; }"


def _hostile(root: Path) -> Path:
    told = " ".join(wrapper.format(OUTPUTS["link"]) for wrapper in WRAPPERS.values())
    names = {"picture": "![x](https:__evil.example) <img src=x onerror=alert(1)>.png"}
    rows = {
        names.get(kind, f"{n}.png"): {
            "title": output.replace("\n", " "), "text": f"A kite. CANARY {told} {output}", "tags": ["kite", output],
            output.replace("\n", " "): "kite", "place": output,
        }
        for n, (kind, output) in enumerate({"picture": "A kite", **OUTPUTS}.items())
    }  # fmt: skip
    return folder(root, dict.fromkeys(rows, "red"), rows)


@pytest.fixture(scope="module")
def obedient() -> Iterator[FakeOpenAI]:
    """A model that writes the next of all answers wherever an instruction reaches it."""
    server, orders = FakeOpenAI(), iter(ANSWERS)
    server.answer = lambda asked: f"So: {next(orders)} [1]" if "CANARY" in asked else "nothing reached me"
    yield server
    server.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, obedient: FakeOpenAI) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("hostile")
    settings = Settings(
        kb=str(root / "kb"), embedder="palette", generator="openai", openai_base_url=obedient.url,
        openai_api_key=obedient.key, openai_model="colours",
    )  # fmt: skip
    ingest(settings, str(_hostile(root / "pictures")))
    with served(Session(settings, KnowledgeBase(settings))) as site:
        yield site


@pytest.fixture
def page(site: Served) -> Iterator[Page]:
    with chromium() as browser, opened(browser, site.url) as page:
        page.evaluate(_WATCHED)
        yield page
        assert page.evaluate("window.ran") is None


def test_what_a_model_is_made_to_write_is_words(page: Page) -> None:
    for written in ANSWERS:
        ask(page, "Where is the kite?")
        assert page.evaluate(_FOREIGN) == [], written
    expect(page.locator("#il-log")).not_to_contain_text("nothing reached me")


def test_what_records_hold_is_words_wherever_it_is_shown(page: Page) -> None:
    page.click("#il-narrow-open")
    page.locator("#il-narrow-fields .il-pill", has_text="tags").click()
    page.locator("#il-narrow-fields label", has_text="img src").first.click()
    expect(page.locator("#il-narrow .il-limit")).to_have_count(1)
    page.click("#il-tab-pictures")
    tiles = page.locator("#il-gallery .il-tile")
    expect(tiles).to_have_count(len(OUTPUTS) + 1)
    for tile in tiles.all():
        tile.click()
        expect(page.locator("#il-dialog-neighbours .il-tile").first).to_be_visible()
        assert page.evaluate(_FOREIGN) == []
        page.keyboard.press("Escape")
