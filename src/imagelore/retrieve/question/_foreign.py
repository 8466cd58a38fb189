"""Questions in other languages: the rules read English, and say so where a question leans on the one before."""

from __future__ import annotations

import re

from imagelore.retrieve.question._intents import as_written
from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Intent
from imagelore.words import language

_LEANS = {
    "de": r"^(?:und|nur|aber|wie viele sind (?:es|das))\b"
    r"|\b(?:es|davon|dies\w{1,2}|erste[nrs]?|zweite[nrs]?|dritte[nrs]?|letzte[nrs]?)\b",
    "fr": r"^(?:et|mais|seulement|combien y en a)\b"
    r"|\b(?:celui|celle|ceux|celles|premi(?:er|ère)|deuxième|troisième|derni(?:er|ère)|en y a)\b|-t-(?:il|elle)\b",
    "es": r"^¿?(?:y|pero|solo|sólo)\b|\b(?:ést[aeo]s?|primer[ao]?|segund[ao]|tercer[ao]?|últim[ao]|cuántos hay)\b",
    "zh": r"第[一二三四五六]|那(?:个|张|么)|呢[？?]?$|它",
}


def foreign(spoken: Spoken) -> Intent:
    """The question as it stands; told where it seems to point back."""
    leans = _LEANS.get(language(spoken.question))
    if spoken.before and leans and re.search(leans, spoken.text.casefold()):
        return as_written(spoken, "what points back to an earlier answer is understood in English")
    return Intent(spoken.question)
