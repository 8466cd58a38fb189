"""Colours of a sentence that its sources tell otherwise. What only a picture can tell is left to the picture."""

from __future__ import annotations

from imagelore.generate._support.hues import Hue, alike
from imagelore.generate._support.reading import Evidence, Statement

_COLOUR_FIELDS = frozenset({"colour", "color", "colours", "colors", "farbe", "couleur"})
_IT = frozenset({"it"})


def miscoloured(claim: Statement, evidence: Evidence) -> str:
    """A colour of a thing that the sources give another; or any that they do not name, where no picture was sent."""
    for hue in claim.hues:
        told = _told(hue, evidence)
        if told and not any(alike(hue.name, name) for name in told):
            return f"the sources say {' and '.join(dict.fromkeys(told))}, not {hue.shown.casefold()}"
        if not evidence.pictured and not _known(hue, evidence):
            return f"the sources do not say {hue.shown.casefold()}"
    return ""


def _told(hue: Hue, evidence: Evidence) -> list[str]:
    """The colours that the sources give the same thing."""
    told = [known.name for known in evidence.hues if hue.things & known.things]
    if hue.things & (evidence.titles | _IT) and (hue.said_of_it or hue.things <= evidence.titles):
        own = [Statement(str(value)) for name, value in evidence.fields.items() if name.casefold() in _COLOUR_FIELDS]
        told += [known.name for value in own for known in value.hues]
    return told


def _known(hue: Hue, evidence: Evidence) -> bool:
    return any(alike(hue.name, known.name) for known in (*evidence.hues, *evidence.guessed.hues))
