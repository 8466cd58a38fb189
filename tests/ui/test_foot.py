"""What stands under an answer, and the marks in it: notices, doubts, what it took, thumbs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imagelore.types import Done, Doubt, Found, Hit, Intent, Record, Retrieved, Sent, Stop, Usage
from imagelore.ui import render
from imagelore.ui.conversation import Ask, ChatTurn
from imagelore.ui.foot import foot, money, took

EVIL = '"><script>alert(1)</script>\n\n# <b>bold</b>'


def hit(title: str) -> Hit:
    record = Record(id="r1", source="s", path="r1.png", version="", digest="", title=title, sha256="ab" * 32)
    return Hit(record, "/s/r1.png", 1.0, {"text": Found(1, 2.0, 1.0)})


def turn(done: Done = Done("A boat [1].", ()), intent: Intent = Intent(), title: str = "Boat") -> ChatTurn:
    return ChatTurn(
        "k1", Ask("where?"), found=Retrieved((hit(title),), '"boats"', intent=intent), answer=done.answer, done=done
    )


def answer(of: ChatTurn) -> str:
    return str(render.messages((of,))[1]["content"][0]["text"])


def test_one_line_tells_what_an_answer_took() -> None:
    times = {"understand": 0.1, "embed": 0.2, "search": 0.3, "first_word": 0.4, "generate": 1.5}
    done = Done("A", (), Usage(2_000, 140, 3), times, sent=Sent((1, 2), 1, 2_400_000, 1_900, 0.00312))
    assert took(done) == ["0.6 s search", "1.5 s answer", "3 pictures sent", "2,140 tokens", "cost 0.0031"]
    assert took(Done("A", ())) == ["0.0 s search", "0.0 s answer"]
    shown = foot(turn(done))
    assert "and 1 picture shown before · 2.4 megapixels" in shown
    assert "2,000 sent, 140 answered" in shown
    assert "until the first word" in shown
    assert 'src="imagelore/thumbnails/r1?v=abababababab"' in shown


@pytest.mark.parametrize(
    ("amount", "told"), [(0.0, "0.00"), (12.3, "12.30"), (0.42, "0.42"), (0.00312, "0.0031"), (2e-6, "2.0e-06")]
)
def test_money_keeps_the_digits_that_count(amount: float, told: str) -> None:
    assert money(amount) == told


def test_how_a_question_was_understood_is_told_and_what_was_searched_for_stays_at_hand() -> None:
    rules = foot(turn(intent=Intent("red boats", how="rules", said="“boats” again, in red")))
    assert "understood: “boats” again, in red" in rules
    assert "<dt>searched for</dt><dd>&quot;boats&quot;</dd>" in rules
    assert "searched for &quot;boats&quot; · taken as written" in foot(turn(intent=Intent("it", how="as written")))
    lost = Intent("it", how="as written", said="there is no “tenth one”")
    assert ">there is no “tenth one”</p>" in foot(turn(intent=lost))
    assert "taken as written" not in foot(turn())


def test_a_sentence_without_support_is_marked_and_the_reason_can_be_read_without_a_mouse() -> None:
    doubt = Doubt("It dates from 1926.", "the sources say 1962, not 1926")
    marked = turn(Done("A *boat* [1]. It dates from **1926** [1]. The end.", (), doubts=(doubt,)))
    shown = answer(marked)
    assert shown.count('<span class="il-doubt"') == 1
    before, inside = shown.split('<span class="il-doubt"')
    assert before.rstrip().endswith('">1</a>.')
    assert "dates from **1926**" in inside
    assert '<span class="il-sr">' in inside
    assert "1962, not 1926" in foot(marked)


@pytest.mark.parametrize(
    "text", ["It dates from `1926.`", "```\nIt dates from 1926.\n```", "It dates\n\nfrom 1926.", "Another answer."]
)
def test_a_mark_never_cuts_through_code_or_paragraphs(text: str) -> None:
    marked = turn(Done(text, (), doubts=(Doubt("It dates from 1926.", "no"),)))
    assert answer(marked) == text
    assert "It dates from 1926" in foot(marked)


def test_an_answer_cannot_bring_marks_of_its_own() -> None:
    own = turn(Done("\ue000\ue010A boat.\ue001\ue010", (), doubts=(Doubt("None.", "no"),)))
    assert answer(own) == "A boat."


def test_whatever_others_wrote_is_text(tmp_path: object) -> None:
    intent = Intent("x", how="rules", said=EVIL)
    done = Done(
        "A boat.",
        (),
        Usage(1, 1, 1),
        {EVIL: 1.0},
        Stop("broken"),
        Sent((1,)),
        (Doubt("A boat.", EVIL), Doubt(EVIL, EVIL)),
    )
    evil = replace(turn(done, intent, EVIL), limits=(EVIL,), unkept=EVIL, notices=(EVIL,), error=EVIL)
    shown = str(render.messages((evil,)))
    assert "<script" not in shown
    assert "<b>" not in shown.replace("<b>1</b>", "")
    assert "\n\n" not in foot(evil)


def test_a_growing_answer_has_no_buttons_yet() -> None:
    growing = ChatTurn("k1", Ask("where?"), found=Retrieved((hit("Boat"),), "boats"), answer="A bo")
    assert "<button" not in foot(growing)
    assert "searched for" in foot(growing)
    lost = ChatTurn("k1", Ask("where?"), error="the model is gone: `start it`")
    assert "<code>start it</code>" in foot(lost)
    assert "retry-k1" in foot(lost)
    assert "il-thumb" not in foot(lost)


@pytest.mark.parametrize(
    ("reason", "says"), [("length", "length limit"), ("refused", "declined"), ("broken", "broke off")]
)
def test_an_answer_that_ended_early_says_so(reason: str, says: str) -> None:
    assert says in foot(turn(Done("A", (), stop=Stop(reason))))  # type: ignore[arg-type]
