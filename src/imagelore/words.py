"""Words of questions and records: tokens, content words, stems. Pure functions that every step may use.

`stem` is steps 1 and 5 of Porter's algorithm ("An algorithm for suffix stripping", Program 14(3), 1980, pp. 130-137),
with the later rule for a final y (Snowball's English stemmer) and a table of irregular forms. The steps between are
left out: they join words of different meaning ("organ", "organise"), and here a wrong match makes a wrong answer.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

from imagelore import languages
from imagelore.languages import language_of, stop_words

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"  # scripts that write no spaces
_LETTER = rf"(?:(?![{_UNSPACED}])[^\W_])"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|\d+(?:[.,]\d+)+|{_LETTER}+(?:['’]{_LETTER}+)*")
_PAIRED = re.compile(rf"[{_UNSPACED}]")
_PARTICLES_ZH = re.compile(  # Chinese grammar that is hardly ever part of a word: no pair of characters goes across it
    "什么时候|为什么|有没有|是不是|能不能|什么|怎么|怎样|多少|哪里|哪儿|哪个|哪些|这个|那个|这些|那些|请问|[的了是在有和与或吗呢吧啊把被给请谁这那哪着]"
)
_PARTICLES = re.compile(r"[\u3040-\u309f]+")  # Hiragana alone: grammar, mostly

_READ = 2_000  # characters of a text that tell its language
_PICTURES = "picture pictures photo photos photograph photographs image images pic pics shot shots snapshot snapshots"
PICTURE_WORDS = frozenset(_PICTURES.split())
"""What a question calls a record; never what the record is about."""

_STOP = """
    a about above after again all also am an and any anything are as at be because been before being below between
    both but by can cannot could did do does doing down during each else ever every few for from further get got had has
    have having he her here hers him his how i if in into is it its itself just let like lot many may me might more
    most much must my no nor not now of off on once one only onto or other our out over own per please same shall she
    should since so some something still such than that the their them then there these they thing things this those
    through to too toward under until up upon us very was we were what whatever when where which while who whom whose
    why will with within without would yes you your yours
    aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't shouldn't wasn't weren't won't wouldn't
    i'm i've it's that's there's we've what's where's who's
    show shows showing shown find tell give list describe display depict depicts depicting know want need
    see say says contain
    contains containing another instead rather"""
STOP_WORDS = frozenset(_STOP.split())
"""English words that carry grammar or a request, not a subject."""

_IRREGULAR = {
    form: base
    for base, forms in {
        "man": "men", "woman": "women", "child": "children", "foot": "feet", "tooth": "teeth", "goose": "geese",
        "mouse": "mice", "person": "people persons", "ox": "oxen", "leaf": "leaves", "wolf": "wolves",
        "knife": "knives", "wife": "wives", "shelf": "shelves", "half": "halves", "calf": "calves",
        "loaf": "loaves", "thief": "thieves", "scarf": "scarves", "hoof": "hooves", "lens": "lenses",
        "sky": "skies", "die": "died dies dying", "build": "built", "make": "made", "take": "took taken",
        "see": "seen", "write": "wrote written", "draw": "drew drawn", "grow": "grew grown", "stand": "stood",
        "sit": "sat", "hold": "held", "keep": "kept", "lose": "lost", "sink": "sank sunk", "sing": "sang sung",
        "swim": "swam swum", "fly": "flew flown", "run": "ran", "eat": "ate eaten", "drive": "drove driven",
        "ride": "rode ridden", "break": "broke broken", "wear": "wore worn", "give": "gave given",
        "go": "went gone goes", "come": "came", "buy": "bought", "bring": "brought", "catch": "caught",
        "sell": "sold", "win": "won", "hang": "hung", "lay": "laid", "sleep": "slept", "fall": "fell fallen",
        "begin": "began begun", "shoot": "shot", "speak": "spoke spoken", "throw": "threw thrown",
    }.items()
    for form in forms.split()
}  # fmt: skip
_FIXED = frozenset({"lens", "sky", "news", "series", "species", "gas", "bus", "always", "christmas", "atlas", "canvas"})


def words(text: str) -> list[str]:
    """All words, case-folded, in order; text in a script without spaces becomes overlapping pairs of characters."""
    found: list[str] = []
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if _PAIRED.match(token):
            found += [token[i : i + 2] for i in range(max(1, len(token) - 1))]
        else:
            found.append(re.sub(r"['’]s$|['’]$", "", token) if token not in STOP_WORDS else token)
    return found


def content_words(text: str) -> list[str]:
    """The words that say what a text is about, in its language: no grammar, no "show me", no "picture"."""
    spoken = language(text)
    idle = stop_words(spoken)
    text = _PARTICLES_ZH.sub(" ", text) if spoken == "zh" else text
    return [word for word in words(text) if not _is_empty(word) and word not in idle]


def language(text: str) -> str:
    """The language of a text: "de", "fr", "es", "zh"; "" for English and for what cannot be told."""
    return _language(text[:_READ])


@lru_cache(maxsize=2_000)
def _language(text: str) -> str:
    return language_of(text, STOP_WORDS)


def subject(text: str) -> str:
    """A question without its grammar and its "show me pictures of": what an embedder should look for.

    A question that is nothing else stays as it is.
    """
    idle = stop_words(language(text))
    kept = [token for token in text.split() if not all(_is_empty(word) or word in idle for word in words(token))]
    return " ".join(kept).rstrip("?!. ") or text


def stems(text: str) -> list[str]:
    """The stems of a text's content words, in order."""
    return [form for form, _ in stemmed(text)]


@lru_cache(maxsize=128)  # a search reads each hit several times in a row; texts may be long
def stemmed(text: str) -> tuple[tuple[str, str], ...]:
    """(stem, word) of a text's content words, in order, by the rules of its language."""
    spoken = language(text)
    return tuple(
        (_without_accents(languages.stem(word, spoken)) if spoken else stem(word), word) for word in content_words(text)
    )


def _is_empty(word: str) -> bool:
    return word in STOP_WORDS or word in PICTURE_WORDS or bool(_PARTICLES.fullmatch(word))


_YEAR = "January February March April May June July August September October November December"
_MONTHS = _YEAR.split()


def said(value: object) -> str:
    """A field's value as text for people: "yes", "oil, canvas", "17 May 2004", "3.5"."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.15g}"
        case date():
            return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
        case list() | tuple():
            return ", ".join(map(said, value))
        case _:
            return str(value)


def singular(word: str) -> str:
    """An English noun's singular, by rule; a word that is none already stays as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _FIXED or len(word) < 4 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(?:ch|sh|x|ss|z)es$", word):
        return word[:-2]
    return word if re.search(r"(?:[^s]|ss|us|is)$", word) else word[:-1]


_LONGEST = 64  # letters: what is longer is no word of a language, and the rules take squares of its length


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """What the forms of a word share: "windmills" and "windmill", "built" and "building", "café" and "cafe"."""
    word = _IRREGULAR.get(folded := _without_accents(word.casefold()), folded)
    if not 3 <= len(word) <= _LONGEST or not word.isascii() or not word.isalpha() or word in _FIXED:
        return word
    return _step_5(_step_1c(_step_1b(_step_1a(word))))


def _without_accents(word: str) -> str:
    if word.isascii() or any(ord(c) >= 0x250 for c in word):
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _step_1a(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    return word if len(word) < 4 or re.search(r"(?:[^s]|ss|us|is)$", word) else word[:-1]


def _step_1b(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    match = re.fullmatch(r"(.*[aeiouy].*)(?:ed|ing)", word)
    if not match:
        return word
    base = match[1]
    if base.endswith(("at", "bl", "iz")):
        return base + "e"
    if re.search(r"([^aeiouylsz])\1$", base):
        return base[:-1]
    return base + "e" if _measure(base) == 1 and _is_short(base) else base


def _step_1c(word: str) -> str:
    return re.sub(r"(?<=.[^aeiouy])y$", "i", word)


def _step_5(word: str) -> str:
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _is_short(word[:-1])):
            return word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word


def _measure(base: str) -> int:
    """Porter's m: how often a consonant follows a vowel."""
    return len(re.findall(r"[aeiouy]+[^aeiouy]+", base))


def _is_short(base: str) -> bool:
    """Porter's *o: ends consonant, vowel, consonant, where the last is not w, x or y."""
    return bool(re.search(r"[^aeiou][aeiouy][^aeiouwxy]$", base))


_COLOUR_NAMES = """red orange yellow green blue purple violet pink brown black white grey gray golden gold silver beige
    turquoise"""
COLOURS = frozenset(stem(name) for name in _COLOUR_NAMES.split())
"""The stems of colour names."""
_COLOUR_WORD = re.compile(  # each begins with its stem
    rf"(?<![^\W_])(?:{'|'.join(COLOURS)})[^\W_]{{0,4}}(?![^\W_])", re.IGNORECASE
)


def colours_in(text: str) -> frozenset[str]:
    """The stems of the colours that a text names, much sooner than by all of its stems."""
    return COLOURS & set(map(stem, _COLOUR_WORD.findall(text)))


_NUMBER_NAMES = "one two three four five six seven eight nine ten eleven twelve dozen hundred"
NUMBERS = frozenset(stem(name) for name in _NUMBER_NAMES.split())
"""The stems of number words."""
