"""Expressions to filters: names and values are checked against the fields that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from imagelore.errors import ExpressionError
from imagelore.types import (
    EXACT_FIELDS,
    OWN_FIELDS,
    AllOf,
    AnyOf,
    Compare,
    FieldType,
    Filter,
    Kind,
    Mentions,
    Missing,
    Not,
)
from imagelore.where.fields import WRITTEN, meant, no_field, operators, value_of
from imagelore.where.grammar import tree, wrong

if TYPE_CHECKING:
    from lark import Token, Tree


def parsed(text: str, fields: Mapping[str, FieldType]) -> Filter:
    """An expression as a filter, given the user's own fields; the record's own are always there.

    Raises:
        ExpressionError: it is none, or names a field that does not exist, or a value of another type.
    """
    return _Reader(text, fields).filter(tree(text))


class _Named(NamedTuple):
    name: str
    kind: Kind


class _Reader:
    """One expression, read from the leaves up."""

    def __init__(self, text: str, fields: Mapping[str, FieldType]) -> None:
        self._text = text
        self._fields: Mapping[str, Kind] = {**OWN_FIELDS, **fields, **EXACT_FIELDS}

    def filter(self, tree: Tree[Token]) -> Filter:
        found: Filter = getattr(self, f"_{tree.data}")(*tree.children)
        return found

    # ------------------------------------------------ one method for each rule

    def _either(self, *parts: Tree[Token]) -> Filter:
        return _joined(AnyOf, map(self.filter, parts))

    def _both(self, *parts: Tree[Token]) -> Filter:
        return _joined(AllOf, map(self.filter, parts))

    def _negated(self, *parts: Any) -> Filter:
        *nots, part = parts
        found: Filter = self.filter(part)
        return found if len(nots) % 2 == 0 else found.filter if isinstance(found, Not) else Not(found)

    def _everything(self, _: Token) -> Filter:
        return AllOf(())

    def _nothing(self, _: Token) -> Filter:
        return AnyOf(())

    def _mentions(self, word: Token) -> Filter:
        return Mentions(_literal(word))

    def _missing(self, name: Token, *words: Token) -> Filter:
        missing = Missing(self._field(name).name)
        return missing if len(words) == 1 else Not(missing)

    def _compared(self, name: Token, operator: Token, value: Token) -> Filter:
        field = self._field(name)
        self._check_operator(field, operator, operator)
        return Compare(field.name, operator.value, self._value(field, value))

    def _among(self, name: Token, *words: Token) -> Filter:
        field = self._field(name)
        values = [word for word in words if word.type not in ("NOT", "IN")]
        found = (Compare(field.name, "=", self._value(field, value)) for value in values)
        return self._said(field, words[0], _joined(AnyOf, found))

    def _between(self, name: Token, *words: Token) -> Filter:
        field = self._field(name)
        *_, operator, low, high = words
        self._check_operator(field, operator, "between")
        both = self._value(field, low), self._value(field, high)
        return self._said(field, words[0], Compare(field.name, "between", both))

    def _like(self, name: Token, *words: Token) -> Filter:
        field = self._field(name)
        *_, operator, pattern = words
        self._check_operator(field, operator, "prefix")
        start = re.fullmatch(r"((?:\\[\\%]|[^\\%]|\\(?![\\%]))*)%", self._value(field, pattern))
        if not start:
            raise self._wrong("`like` takes the start of a text and one % at its end, as 'N%'", pattern)
        prefix = re.sub(r"\\([\\%])", r"\1", start[1])
        return self._said(field, words[0], Compare(field.name, "prefix", prefix))

    # ------------------------------------------------ names, values, operators

    def _said(self, field: _Named, first: Token, found: Filter) -> Filter:
        """`not in`, `not like` and `not between` are comparisons: false where the value is missing."""
        return AllOf((Not(Missing(field.name)), Not(found))) if first.type == "NOT" else found

    def _field(self, token: Token) -> _Named:
        name = token[1:-1].replace('""', '"') if token.type == "QUOTED" else token.value
        names = meant(name, self._fields)
        if not names:
            raise self._wrong(no_field(name, self._fields), token)
        if len(names) > 1:
            listed = " or ".join(f"`{each}`" for each in names)
            raise self._wrong(f"{name!r} may be {listed}: write it as it is", token)
        return _Named(names[0], self._fields[names[0]])

    def _value(self, field: _Named, token: Token) -> Any:
        try:
            return value_of(_literal(token), field.kind)
        except ValueError:
            what, how = WRITTEN[field.kind]
            raise self._wrong(f"field `{field.name}` is {what}: {how}", token) from None

    def _check_operator(self, field: _Named, token: Token, operator: str) -> None:
        known = operators(field.kind)
        if operator not in known:
            names = ", ".join(["like" if each == "prefix" else each for each in known])
            raise self._wrong(f"field `{field.name}` is {WRITTEN[field.kind][0]}: it takes {names}, in, is null", token)

    def _wrong(self, said: str, token: Token) -> ExpressionError:
        return wrong(said, self._text, token.start_pos or 0)


def _literal(token: Token) -> Any:
    match token.type:
        case "STRING":
            return token[1:-1].replace("''", "'")
        case "NUMBER":
            return int(token) if token.lstrip("+-").isdigit() else float(token)
    return token.type == "TRUE"


def _joined(kind: type[AllOf | AnyOf], parts: Iterable[Filter]) -> Filter:
    """`a and (b and c)` as `a and b and c`."""
    found: list[Filter] = []
    for part in parts:
        found.extend(part.filters if isinstance(part, kind) else (part,))
    return found[0] if len(found) == 1 else kind(tuple(found))
