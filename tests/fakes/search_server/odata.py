"""The filter language: text to a predicate over a document's values, checked against the fields of an index.

https://learn.microsoft.com/azure/search/query-odata-filter-orderby-syntax (grammar),
https://learn.microsoft.com/azure/search/search-query-odata-comparison-operators (null, types),
https://learn.microsoft.com/azure/search/search-query-odata-search-in-function,
https://learn.microsoft.com/azure/search/search-query-troubleshoot-collection-filters (what lambdas may hold).

A null field equals only null, differs from every other constant, and is neither less nor greater than anything.
Texts compare by code point. Functions of OData that the service lacks are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.search_server.errors import Refused
from tests.fakes.search_server.odata_lambdas import Lambda
from tests.fakes.search_server.odata_tokens import Constant, Cursor, literal
from tests.fakes.search_server.odata_values import Predicate, Variable, check_types, compare
from tests.fakes.search_server.schema import Schema

MAX_NODES = 500  # the service says only that hundreds of clauses are a risk
MAX_DEPTH = 100
_REVERSED = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge", "eq": "eq", "ne": "ne"}
_UNSUPPORTED_WORDS = (
    "startswith endswith contains tolower toupper length indexof substring trim concat year month day hour minute "
    "second round floor ceiling cast isof now date time matchesPattern add sub mul div mod has in"
)
_UNSUPPORTED = set(_UNSUPPORTED_WORDS.split())
_SERVICE = {"search.ismatch", "search.ismatchscoring", "geo.distance", "geo.intersects"}


def compile_filter(text: str, schema: Schema) -> Callable[[Mapping[str, Any]], bool]:
    """The predicate that a `$filter` is.

    Raises:
        Refused: it is no filter, or one that the service would not take.
    """
    parser = _Parser(text, schema)
    predicate = parser.whole()
    return lambda values: predicate(values, None)


class _Parser(Cursor):
    def __init__(self, text: str, schema: Schema) -> None:
        super().__init__(text)
        self.schema = schema
        self.nodes = self.depth = 0
        self.lambdas: list[Lambda] = []
        self.negated = False

    def whole(self) -> Predicate:
        predicate = self.either()
        if self.peek().kind != "end":
            raise self.syntax()
        return predicate

    def either(self) -> Predicate:
        return self._joined("or", lambda: self._joined("and", self.negation))

    def negation(self) -> Predicate:
        if not self.take("not"):
            return self.primary()
        self.negated = not self.negated
        inner = self.negation() if self.peek().text == "not" else self.primary(negated=True)
        self.negated = not self.negated
        return lambda values, item: not inner(values, item)

    def primary(self, negated: bool = False) -> Predicate:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.wrong(f"The filter expression is too large: it has more than {MAX_NODES} clauses.")
        if self.take("("):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.wrong("Recursion depth exceeded allowed limit.")
            inner = self.either()
            self.expect(")")
            self.depth -= 1
            return inner
        if self.peek().kind == "name" and self.peek(1).text == "(":
            return self._function()
        if self.peek().kind == "name" and self.peek(1).text == "/":
            return self._lambda()
        return self._negated_variable() if negated else self._comparison()

    def _joined(self, word: str, part: Callable[[], Predicate]) -> Predicate:
        parts = [part()]
        while self.take(word):
            if self.lambdas:
                self.lambdas[-1].join(word, self.negated)
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        test = any if word == "or" else all
        return lambda values, item: test(part(values, item) for part in parts)

    def _negated_variable(self) -> Predicate:
        """`not` binds closer than the comparisons: without parentheses it takes one boolean."""
        operand = self._operand()
        if operand.kind != "Edm.Boolean":
            raise self.wrong(
                "A unary operator with an incompatible type was detected. Found operand type "
                f"'{operand.kind}' for operator kind 'Not'."
            )
        return self._truth(operand)

    def _comparison(self) -> Predicate:
        left = self._operand()
        name = self.peek().text
        if name not in _REVERSED:
            if name in _UNSUPPORTED:
                raise self.unsupported()
            return self._truth(left)
        self.next += 1
        right = self._operand()
        if isinstance(left, Constant):
            left, right, name = right, left, _REVERSED[name]
        if not isinstance(left, Variable) or not isinstance(right, Constant):
            raise self.wrong("Comparison must be between a field, range variable or function call and a literal value.")
        check_types(left, right, name)
        if self.lambdas:
            self.lambdas[-1].compare(name, self.negated)
        return compare(left, name, right.value)

    def _truth(self, left: Constant | Variable) -> Predicate:
        if isinstance(left, Variable) and left.kind == "Edm.Boolean":
            return lambda values, item: left.read(values, item) is True
        if isinstance(left, Constant) and left.kind == "Edm.Boolean":
            return lambda values, item: bool(left.value)
        if self.peek().kind not in {"end"} and self.peek().text not in {")", "and", "or"}:
            raise self.syntax()
        raise self.wrong("The $filter expression must evaluate to a single boolean value.")

    def _operand(self) -> Constant | Variable:
        token = self.peek()
        self.next += 1
        constant = literal(token)
        if constant is not None:
            return constant
        if token.kind == "name":
            return self._variable(token.text)
        raise self.syntax(token)

    def _variable(self, name: str) -> Variable:
        if self.lambdas and name == self.lambdas[-1].variable:
            return Variable(self.lambdas[-1].field, True)
        field = self.schema.fields.get(name)
        if field is None:
            raise self.wrong(f"Could not find a property named '{name}' on type 'search.document'.")
        if not field.filterable:
            raise self.wrong(
                f"'{name}' is not a filterable field. Only filterable fields can be used in filter expressions."
            )
        if self.lambdas:
            raise self.wrong(
                f"Invalid lambda expression. It references the field '{name}', but only the range variable "
                f"'{self.lambdas[-1].variable}' can be used inside of it."
            )
        return Variable(field, False)

    def _lambda(self) -> Predicate:
        field = self._variable(self.peek().text).field
        kind = self.peek(2).text
        if not field.collection or kind not in {"any", "all"} or self.peek(3).text != "(":
            raise self.wrong(
                "The parent value for a property access of a property 'any/all' is not a collection: only collection "
                f"fields take 'any' and 'all', which '{field.name}/{kind}' is not."
            )
        self.next += 4
        name = field.name
        if kind == "any" and self.take(")"):
            return lambda values, item: bool(values.get(name))
        if self.peek().kind != "name" or self.peek(1).text != ":":
            raise self.syntax()
        self.lambdas.append(Lambda(kind, self.peek().text, field))
        self.next += 2
        outside, self.negated = self.negated, False
        inner = self.either()
        self.negated = outside
        self.expect(")")
        self.lambdas.pop().check()
        test = any if kind == "any" else all
        return lambda values, item: test(inner(values, each) for each in values.get(name) or [])

    def _function(self) -> Predicate:
        name = self.peek().text
        if name in _UNSUPPORTED:
            raise self.unsupported()
        if name in _SERVICE:
            raise Refused(f"this stand-in does not do {name}()", status=501)
        if name != "search.in":
            raise self.wrong(
                f"An unknown function with name '{name}' was found. This may also be a function import or a key lookup "
                "on a navigation property, which is not allowed."
            )
        self.next += 2
        variable = self._operand()
        texts = []
        while self.take(","):
            texts.append(self._operand())
        self.expect(")")
        given = [text.value for text in texts if isinstance(text, Constant) and text.kind == "Edm.String"]
        if (
            not isinstance(variable, Variable)
            or variable.kind != "Edm.String"
            or not 1 <= len(given) == len(texts) <= 2
        ):
            raise self.wrong(
                "No function signature for the function with name 'search.in' matches the specified arguments. The "
                "function signatures considered are: search.in(Edm.String, Edm.String), search.in(Edm.String, "
                "Edm.String, Edm.String)."
            )
        if self.lambdas:
            self.lambdas[-1].compare("in", self.negated)
        marks = re.escape(given[1] if len(given) == 2 else " ,")
        values_in = {variable.field.normal(v) for v in (re.split(f"[{marks}]", given[0]) if marks else given[:1]) if v}
        return lambda values, item: variable.read(values, item) in values_in

    def unsupported(self) -> Refused:
        return self.wrong("The expression uses an unsupported OData language feature.")
