"""The filter before every way out: what passes, what never does, and that chunks make no difference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from imagelore.generate import checked, citations, uncited
from imagelore.types import Citation, Hit, Record

LONG = "x" * 300
CASES = [
    # citations
    ("A peahen [1].", "A peahen [1]."),
    ("A peahen [1, 2].", "A peahen [1][2]."),
    ("A peahen [1; 3 and 2].", "A peahen [1][3][2]."),
    ("A peahen [1-3].", "A peahen [1][2][3]."),
    ("A peahen [2–9].", "A peahen [2][3]."),
    ("A peahen [1,\n2].", "A peahen [1][2]."),
    ("A peahen 【1】.", "A peahen [1]."),
    ("A peahen【2†source】.", "A peahen[2]."),
    ("A peahen 【4:0†report.pdf】.", "A peahen."),
    ("A peahen ［１］.", "A peahen [1]."),
    ("A peahen [１, ２].", "A peahen [1][2]."),
    ("A peahen [\u200b1\u200b].", "A peahen [1]."),
    ("A peahen [1][2].", "A peahen [1][2]."),
    ("A peahen [[1]].", "A peahen [1]."),
    ("A peahen [[1], [2]].", "A peahen [1][2]."),
    ("A peahen [^1].", "A peahen [1]."),
    ("A peahen [**1**].", "A peahen [1]."),
    ("A peahen [Source 1].", "A peahen [1]."),
    ("A peahen [sources: 1, 2].", "A peahen [1][2]."),
    ("A peahen [Picture #2].", "A peahen [2]."),
    ("A peahen [1: Albino peahen].", "A peahen [1]."),
    ("A peahen \\[1\\].", "A peahen [1]."),
    ("A peahen &#91;1&#93;.", "A peahen [1]."),
    ("A peahen <sup>[1]</sup>.", "A peahen [1]."),
    ("Look![1]", "Look! [1]"),
    # citations of what was not retrieved
    ("Built [9].", "Built."),
    ("Built [9] in stone.", "Built in stone."),
    ("Built [1, 9].", "Built [1]."),
    ("Built in [1969] by hand.", "Built in by hand."),
    ("Built [Source 9].", "Built."),
    ("[9] Built.", "Built."),
    ("Built[9]in stone.", "Built in stone."),
    ("Built [1<b></b>9].", "Built."),
    ("Built [0][99999999999999999999].", "Built."),
    ("Built [1-99999999999999999999].", "Built [1][2][3]."),
    # brackets that are no citations
    ("[sic] and [ ] and [x]", "[sic] and [ ] and [x]"),
    ("on [1987-05-03] and [1.5]", "on [1987-05-03] and [1.5]"),
    ("【重要】", "【重要】"),
    ("an [unclosed bracket", "an [unclosed bracket"),
    (f"[{LONG}]", f"[{LONG}]"),
    # links and images
    ("See [the log](https://e.example/x?q=1).", "See the log."),
    ("See [the log](https://e.example 'title').", "See the log."),
    ("See [the log](<https://e.example/a b>).", "See the log."),
    ("See [the log](/a(b)c).", "See the log."),
    (f"See [the log](https://e.example/{LONG}) now.", "See the log now."),
    (f"See [{LONG}](https://e.example).", f"See [{LONG}]."),
    ("See [1](https://e.example).", "See [1]."),
    ("See ([1](https://e.example), [2](#2)).", "See ([1], [2])."),
    ("See [[1]](https://e.example).", "See [1]."),
    ("See [9](https://e.example).", "See."),
    ("See [1](the first one).", "See [1] (the first one)."),
    ("See [the log][log].", "See [the log][log]."),
    ("[log]: https://e.example", "[log] : e.example"),
    ("- [1]: https://e.example", "- [1] : e.example"),
    ("From [1]: a log.", "From [1]: a log."),
    ("![a dog](https://e.example/dog.png)", "a dog"),
    ("![](https://e.example/dog.png)", ""),
    ("[![a dog](d.png)](https://e.example)", "a dog"),
    ("![a dog][dog]", "! [a dog][dog]"),
    ("\\![a dog](d.png)", "a dog"),
    ("See https://e.example/a_b.", "See e.example/a_b."),
    ("See www.e.example.", "See e.example."),
    ("See xhttps://e.example.", "See xhttps:// e.example."),
    ("hhttps://ttps://e.example", "hhttps:// ttps://e.example"),
    ("See <https://e.example>.", "See ."),
    ("Write to me@e.example.", "Write to me @e.example."),
    # HTML
    ("A <b>bold</b> move", "A bold move"),
    ("one<br>two", "one two"),
    ("<img src=x onerror=alert(1)>ok", "ok"),
    ("<script>alert(1)</script>", "alert(1)"),
    ("a <!-- <b>hidden</b> --> b", "a  b"),
    ("[a <b>c](https://e.example)</b>", "a c"),
    ("<<b>script>", "< script>"),
    ("&lt;img src=x&gt;ok", "< img src=x>ok"),
    ("&amp;lt;b&amp;gt;ok", "< b>ok"),
    ("<img src=x", "< img src=x"),
    (f"<a {LONG}>", f"< a {LONG}>"),
    ("1 < 2 and AT&T &copy; &nope;", "1 < 2 and AT&T © &nope;"),
    # code
    ("`a[0]` and a[0]", "`a[0]` and a"),
    ("``a[9]`` [1]", "`a[9]` [1]"),
    ("``a`<b>`` [1]", "''a''' [1]"),
    ("~~`<b>`~~", "~~ `<b>`~~"),
    ("a\n```", "a\n```\n"),
    ("`<b>` `[x](y)`", "`<b>` `[x](y)`"),
    ("an `open [9] <b>tick", "an 'open tick"),
    ("```py\na[9] = '<b>'\n```\nb [9]", "```\na[9] = '<b>'\n```\nb"),
    ("~~~\na[9]\n~~~~\nb [9]", "~~~\na[9]\n~~~\nb"),
    ("```\na[9]", "```\na[9]"),
    ("````\n```\na[9]\n````\n[9]", "````\n```\na[9]\n````\n"),
    ("  ```\n  a[9]\n<b>out", "  ```\n  a[9]\n  ```\nout"),
    ("- ```\n<b>x", "- '''\nx"),
    ("| `a | <img src=x>` |", "| 'a | ' |"),
    ("`a\nb` <img src=x> `c`", "'a\nb` <img src=x> `c'"),
    # invisible
    ("a\u202eb\u200bc\x00d\ufeffe\U000e0041", "abcde"),
    ("👩\u200d🚀 नम\u200dस्ते", "👩\u200d🚀 नम\u200dस्ते"),
    ("a\r\nb\rc", "a\nb\nc"),
]


def check(text: str, sources: int = 3) -> str:
    return "".join(checked([text], sources))


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_passes(text: str, expected: str) -> None:
    assert check(text) == expected
    assert "".join(checked(text, {1, 2, 3})) == expected


ATOMS = """
[ ] ( ) ![ ]( [1] [9] 1 2 9 http://e.x/ www.e.x <b> </b> < a > ` `` ``` ~ ~~~ - | \\ &lt; &#91; &amp; & ; @ x.y
【 】 †source , ^ Source * _ ! : ]: \u200b １ <!-- --> <? " ' # word html: tps:// <x@y> <_@z>
"""
MARKUP = st.lists(
    st.sampled_from(
        [atom.replace("\u00a0", " ") for atom in ATOMS] + [" ", "  ", "    ", "\n", "\n\n", "\n|-|-|\n", "\r\n"]
    ),
    max_size=60,
).map("".join)
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(MARKUP, st.text()), data=st.data())
@example(text="[9]  x", data=None)
@example(text="a ~~~~ b", data=None)
def test_chunks_make_no_difference(text: str, data: st.DataObject | None) -> None:
    whole = check(text)
    assert "".join(checked(text, 3)) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
        edges = [0, *cuts, len(text)]
        assert "".join(checked([text[a:b] for a, b in pairwise(edges)], 3)) == whole


@settings(max_examples=300, deadline=None)
@given(text=MARKUP)
@example(text="`a\nb` <img src=x> `c`")
@example(text="``x``<b>`<i>`")
@example(text="- ~~~\n<b>\n  ~~~\n  <img src=x>")
@example(text="[``a ]: b``\n[a](")
@example(text="[<b>9</b>] [*9*] [9【9】*9]")
def test_a_renderer_finds_nothing_but_text_code_and_sources(text: str) -> None:
    out = check(text, 2)
    environment: dict[str, object] = {}
    tokens = list(_flat(RENDERER.parse(out, environment)))
    assert not [t.type for t in tokens if t.type in {"link_open", "image", "html_inline", "html_block"}]
    assert not environment.get("references")
    shown = "".join(_shown(token) for token in tokens)
    assert {int(number) for number in re.findall(r"\[(\d+)\]", shown)} <= {1, 2}
    assert not re.search(r"(?i)(?:https?|ftp)://[a-z0-9]|(?<![a-z])www\.[a-z0-9]|[\w.+-]@\w", shown)


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def _shown(token: Token) -> str:
    if token.type in {"text", "inline"}:
        return token.content if token.type == "text" else ""
    return "" if token.type.startswith(("em_", "strong_")) else "\0"


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(MARKUP, st.text()))
def test_checking_twice_changes_nothing_that_counts(text: str) -> None:
    once = check(text)
    assert re.findall(r"\[\d+\]", check(once)) == re.findall(r"\[\d+\]", once)


@pytest.mark.parametrize(
    "opening", ["[", "[a](", "<a ", "`", "![", "&", "【", "[a](https://e.example/", "<!--", "[1, "]
)
def test_little_is_held_back(opening: str) -> None:
    text = "a " + opening + "word " * 100
    came = "".join(next(iter([piece])) for piece in _until_end(text))
    assert len(came) >= len(text) - 200 - len(opening)


def _until_end(text: str) -> Iterator[str]:
    """What has come out before the filter is told that the text is over."""
    over = False

    def pieces() -> Iterator[str]:
        nonlocal over
        yield from text
        over = True

    for piece in checked(pieces(), 3):
        if over:
            return
        yield piece


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "`",
        "[1",
        "<a",
        "](x",
        "&a",
        "![[",
        "\\",
        "]:",
        "[1, 1 1",
        "`a``b```c\n",
        "[a]((",
        "&amp;",
        "<!--",
        "[[9][9]",
    ],
)
def test_time_grows_with_length_alone(unit: str) -> None:
    """Work that grows with the square of the length would take this test minutes."""
    text = unit * (100_000 // len(unit))
    assert len(check(text)) <= 2 * len(text) + 1


def hit(title: str) -> Hit:
    return Hit(Record(id=title, source="s", path=f"{title}.jpg", version="", digest="", title=title), "", 1.0, {})


def test_citations_come_with_their_first_sentence() -> None:
    hits = [hit("Peahen"), hit("Tram"), hit("Stool")]
    text = "- A **peahen** stands there [1]. It is white. [1][3]\n\nThe St. of 3.5 m [2]! `x[2]` Nothing [3]."
    assert citations(text, hits) == (
        Citation(1, hits[0], "A **peahen** stands there.", ("title", "Peahen")),
        Citation(3, hits[2], "It is white."),
        Citation(2, hits[1], "The St. of 3.5 m!"),
    )


def test_numbers_in_code_and_unknown_numbers_are_no_citations() -> None:
    assert citations("`a[1]` b [2]\n```\n[1]\n```\n", [hit("Peahen")]) == ()


def test_earlier_answers_name_titles_in_place_of_numbers() -> None:
    text = "A peahen [1][2], white [2]. `a[1]` Gone [7]."
    assert uncited(text, {1: "Peahen [old]", 2: "Tram"}) == "A peahen (Peahen old; Tram), white (Tram). `a[1]` Gone."
