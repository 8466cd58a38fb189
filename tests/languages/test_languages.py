"""Which language a text is in, its stems, and questions in English by the glossary."""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from itertools import chain
from pathlib import Path

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from imagelore.flows.evaluate import load
from imagelore.languages import SPOKEN, stem
from imagelore.languages.glossary import in_english
from imagelore.words import content_words, language, stemmed, subject

EVAL = Path(__file__).parents[2] / "eval"
SAID = {
    "de": [
        "Zeig mir rote Vögel", "Wo steht der Leuchtturm?", "Wer hat das gemalt?", "Gibt es Bilder von Schiffen?",
        "Welche Farbe hat das Auto?", "ein Hund, der am Strand spielt", "Was ist auf dem Foto zu sehen?",
        "Bilder mit einer Brücke über den Fluss", "Ich suche eine alte Straßenbahn", "Haben wir etwas mit Pilzen?",
    ],
    "fr": [
        "Montre-moi des oiseaux rouges", "Où se trouve le moulin à vent ?", "Qui a peint ce tableau ?",
        "Y a-t-il des photos d'une locomotive ?", "un chat qui dort sur une chaise",
        "Quelle est la couleur de la voiture ?",
        "Je cherche un pont sur une rivière", "Avez-vous des champignons ?", "la tour dans la ville",
        "Quand a-t-elle été prise ?",
    ],
    "es": [
        "Muéstrame pájaros rojos", "¿Dónde está el faro?", "¿Quién pintó este cuadro?", "¿Hay fotos de una locomotora?",
        "un perro con los niños en la playa", "¿De qué color es el coche?", "Busco un puente sobre un río",
        "¿Tenemos algo con setas?", "la torre que está en la ciudad", "imágenes de los gatos",
    ],
    "zh": ["红色的鸟在哪里？", "有没有宇航员的照片？", "给我看看雪山", "这幅画是谁画的？", "灯塔"],
    "": [
        "Show me the red birds", "Who was she?", "a man in a hat", "Was the tram built in 1900?", "die", "pie chart",
        "chat window", "The Café de Flore in Paris", "Le Corbusier's villa", "El Greco", "Los Angeles at night",
        "a war plane", "is this the bin?", "Las Vegas", "Notre-Dame de Paris", "what did Vincent van Gogh paint?",
        "her son and her main concern", "señor", "Tour de France", "La Paz", "no hat",
        "東京の写真はありますか",
        "Das Leben", "sin city", "pictures of the Côte d'Azur", "", "1970",
        "the man with the hat in the war",
    ],
}  # fmt: skip

LOOK_ALIKE = [
    "rocks", "rockets", "gates", "human", "index", "tables", "places", "lands", "sierra", "arena", "stern", "brief",
    "sauce", "Rosenberg", "kindergarten", "costume", "Moulin Rouge", "La Paz", "transport", "部门", "秘书",
]  # fmt: skip


@pytest.mark.parametrize(("spoken", "text"), [(spoken, text) for spoken, texts in SAID.items() for text in texts])
def test_the_language_of_a_question(spoken: str, text: str) -> None:
    assert language(text) == spoken


def test_content_words_leave_the_grammar_of_their_own_language_out() -> None:
    assert content_words("Zeig mir bitte Bilder von der alten Windmühle am Fluss") == ["alten", "windmühle", "fluss"]
    assert content_words("¿Dónde está el faro rojo?") == ["faro", "rojo"]
    assert subject("Montre-moi des photos de la locomotive noire") == "locomotive noire"
    assert content_words("荷兰的风车在哪里？") == ["荷兰", "风车"]
    assert content_words("the hat of the man who was there") == ["hat", "man"]  # German grammar, English content


def test_forms_of_a_word_share_a_stem_in_their_own_language() -> None:
    def stems(text: str) -> set[str]:
        return {form for form, _ in stemmed(text)}

    assert stems("Wo steht die Windmühle?") <= stems("Das sind zwei Windmühlen, und sie stehen am Fluss")
    assert stems("Où est le cheval ?") <= stems("Les chevaux sont dans la prairie")
    assert stems("¿Dónde está el pájaro rojo?") <= stems("Los pájaros rojos están en los árboles")


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Zeig mir rote Vögel", "red bird"),
        ("Windmühle", "windmill"),
        ("Segelschiffe im Hafen von Lissabon", "sail ship harbour lisbon"),
        ("Gibt es Bilder von Frau Curie?", "woman Curie"),
        ("Où se trouve le moulin à vent ?", "windmill"),
        ("l'astronaute sur la lune", "astronaut moon"),
        ("¿Hay algún perro jugando en la playa?", "dog playing beach"),
        ("有没有宇航员的照片？", "astronaut"),
        ("un perro jugando en la playa", "dog playing beach"),
        ("Wie heißt das Gemälde von Vermeer?", "painting Vermeer"),
        ("der Nebel im Wald", "fog forest"),
        ("Ist die Küche groß?", "kitchen big"),  # "Kuchen" has the same stem
        ("¿Dónde está la puerta?", "door"),  # and so has "puerto"
        ("¿Qué hay en el plato?", "plate"),  # "plata" is silver
        ("une table en bois", "table wooden"),
        ("ours polaire sur la glace", "polar bear ice"),
        ("un homme qui pêche", "man fishing"),
        ("zwei Hunde am Strand", "two dog beach"),
        ("los gatos negros durmiendo", "cat black sleeping"),
        ("梵高的画", "van gogh painting"),
        ("湖边的房子", "lake house"),
        ("手机", "mobile phone"),  # no hand
        ("长城", "great wall"),  # not long
    ],
)
def test_questions_become_english(text: str, english: str) -> None:
    found = in_english(text)
    assert found is not None
    assert found.text == english


@pytest.mark.parametrize(
    "text", [*SAID[""], "Rose", "hotel", "Was ist das?", "¿Qué es esto?", "Panda", "gorilla", *LOOK_ALIKE]
)
def test_english_and_what_nothing_is_known_of_stay_as_they_are(text: str) -> None:
    assert in_english(text) is None


def test_english_questions_of_the_evaluation_sets_stay_as_they_are() -> None:
    sets = [load(EVAL / name).questions for name in ("sample.jsonl", "second/set.jsonl")]
    asked = [q.asked.question for q in chain(*sets) if q.language in ("", "en") and q.asked.question]
    assert len(asked) > 300
    assert [text for text in asked if in_english(text)] == []


def test_bare_words_are_less_sure_than_sentences() -> None:
    bare, whole = in_english("Leuchtturm"), in_english("der Leuchtturm ist rot")
    assert bare is not None
    assert whole is not None
    assert (bare.sure, whole.sure) == (False, True)


def test_stems_are_right_in_many_threads() -> None:
    known = [f"{word}{end}" for word in ("wagen", "zeitung", "katze", "tier") for end in ("en", "lich", "keiten")]
    letters = [f"{a}{b}" for a in "abcdefghijklmn" for b in "aeioulrst"]
    words = [start + word for start in letters for word in known]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda word: stem(word, "de"), words))
    finally:
        sys.setswitchinterval(interval)
    alone = snowballstemmer.stemmer("german")
    assert found == [alone.stemWord(word) for word in words]


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    assert language(text) in {"", *SPOKEN}
    found = in_english(text)
    assert found is None or found.text


def test_the_glossary_is_whole() -> None:
    text = resources.files("imagelore.languages").joinpath("glossary.tsv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) > 900
    for spoken in SPOKEN:
        words = [word for row in rows for word in row[spoken].split("|")]
        twice = {word for word in words if words.count(word) > 1}
        assert twice <= {"flügel", "rose"}, "of two entries for a word only the first is ever found"
    for row in rows:
        assert set(row) == {"en", *SPOKEN}, row
        assert all(all(word.strip() == word and word for word in cell.split("|")) for cell in row.values()), row
