"""Sentences that deny what their sources say, or say what these deny. Both sides have to use the same words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from imagelore.generate._support.reading import Evidence, Statement
from imagelore.words import content_words, stem

_DENIAL = re.compile(
    r"\b(?:no longer|not|no|never|without|neither|nor|none|cannot|\w+n['’]t|kein(?:e[mnrs]?)?|nicht|ohne|nie|sans|"
    r"aucune?|sin)\b(?!\.? ?\d)",
    re.IGNORECASE,
)
_ONLY = re.compile(
    r"\b(?:not|nicht) (?:only|just|the only|nur)\b|\bno doubt\b|\bnot (?:all|every|necessarily)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"[,;:.!?()]|\b(?:and|but|or|und|aber|oder|et|mais|y|pero|since|because)\b", re.IGNORECASE)
_IT = re.compile(r"\b(?:it|they|he|she|without|er|sie|es|ohne|il|elle|sans)\b", re.IGNORECASE)
_KEPT = 4_000  # texts that are remembered: each passage is compared with each sentence
_REACH = 3  # content words that a denial speaks of


class _Denied(NamedTuple):
    """A clause's words: those a denial speaks of, and the others that it has in common with its subject."""

    words: tuple[str, ...]
    others: frozenset[str]
    of_it: bool  # it is denied of "it": of what the record is about


def contradicted(claim: Statement, evidence: Evidence) -> str:
    """A denial on one side of what the other side affirms."""
    if _ONLY.search(claim.text):
        return ""
    for passage in evidence.passages:
        if _ONLY.search(passage.text):
            continue
        if _affirms(passage, _denied(claim.text), evidence):
            return f'the sources say "{passage.text[:120]}"'
        if _affirms(claim, _denied(passage.text), evidence):
            return f'the sources say "{passage.text[:120]}"'
    return ""


def _affirms(statement: Statement, denied: tuple[_Denied, ...], evidence: Evidence) -> bool:
    """A clause without a denial holds all that was denied, and something of the subject it was denied of."""
    for denial in denied:
        about = denial.of_it or not denial.others or denial.others & evidence.titles
        subject = (denial.others | (evidence.titles if about else frozenset())) - {*denial.words}
        if not denial.words or not subject & (statement.stems | evidence.titles):
            continue
        if any({*denial.words} <= held for held in _affirmed(statement.text)):
            return True
    return False


@lru_cache(maxsize=_KEPT)
def _affirmed(text: str) -> tuple[frozenset[str], ...]:
    """The stems of each clause without a denial."""
    return tuple(frozenset(map(stem, content_words(c))) for c in _clauses(text) if not _DENIAL.search(c))


@lru_cache(maxsize=_KEPT)
def _denied(text: str) -> tuple[_Denied, ...]:
    """What each clause with a denial denies."""
    found = []
    for clause in _clauses(text):
        if match := _DENIAL.search(clause):
            words = tuple(map(stem, content_words(clause[match.end() :])[:_REACH]))
            found.append(_Denied(words, Statement(text).stems - {*words}, bool(_IT.search(clause))))
    return tuple(found)


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause.strip()]
