"""What an `any` or `all` of a filter may hold.

https://learn.microsoft.com/azure/search/search-query-troubleshoot-collection-filters
"""

from __future__ import annotations

from tests.fakes.search_server.errors import expression
from tests.fakes.search_server.schema import Field


class Lambda:
    """What is used inside an `any` or `all`; over texts only what an inverted index can answer is allowed."""

    def __init__(self, kind: str, variable: str, field: Field) -> None:
        self.kind, self.variable, self.field = kind, variable, field
        self.compared: set[str] = set()
        self.joined: set[str] = set()

    def compare(self, name: str, negated: bool) -> None:
        opposite = {"eq": "ne", "ne": "eq", "in": "not in", "gt": "le", "le": "gt", "lt": "ge", "ge": "lt"}
        self.compared.add(opposite[name] if negated else name)

    def join(self, word: str, negated: bool) -> None:
        self.joined.add({"or": "and", "and": "or"}[word] if negated else word)

    def check(self) -> None:
        """Refuses what the service could not answer from its index."""
        if self.field.item != "Edm.String":
            self._check_others()
            return
        advice = (
            "For 'any', please use expressions of the form 'x eq y' or 'search.in(...)'. For 'all', please use "
            "expressions of the form 'x ne y', 'not (x eq y)', or 'not search.in(...)'."
        )
        over = "lambda expression that iterates over a field of type Collection(Edm.String)"
        allowed, word = ({"eq", "in"}, "or") if self.kind == "any" else ({"ne", "not in"}, "and")
        if self.compared & {"gt", "lt", "ge", "le"}:
            raise expression(
                "Invalid lambda expression. Found a comparison operator (one of 'lt', 'le', 'gt', or 'ge'). Only "
                f"equality operators are allowed in a {over}. {advice}",
                "$filter",
            )
        if self.compared - allowed:
            found = "inequality" if self.kind == "any" else "equality"
            raise expression(
                f"Invalid lambda expression. Found a test for {found} when the opposite was expected in a {over}. "
                f"{advice}",
                "$filter",
            )
        if self.joined - {word}:
            raise expression(
                f"Invalid lambda expression. Found an unsupported form of complex Boolean expression in a {over}: "
                f"'{self.kind}' takes only '{word}'.",
                "$filter",
            )

    def _check_others(self) -> None:
        """Booleans are not joined; `ne` in `any` takes only `or`, `eq` in `all` only `and`."""
        lonely, word = ("ne", "and") if self.kind == "any" else ("eq", "or")
        if (self.field.item == "Edm.Boolean" and self.joined) or (lonely in self.compared and word in self.joined):
            raise expression(
                "Invalid lambda expression. Found an unsupported form of complex Boolean expression. For 'any', please "
                "use expressions that are 'ORs of ANDs', also known as Disjunctive Normal Form. For 'all', please use "
                "expressions that are 'ANDs of ORs', also known as Conjunctive Normal Form.",
                "$filter",
            )
