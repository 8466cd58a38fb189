"""The grammar of filter expressions, parsed by Lark (LALR(1)), and what is said where an expression leaves it.

An error shows the expression and a caret under the place. Lark is imported when there is an expression to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from imagelore.errors import ExpressionError
from imagelore.where.fields import shortened

if TYPE_CHECKING:
    from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken

LONGEST = 4_000  # characters
DEEPEST = 8  # parentheses in parentheses: LanceDB's SQL parser gives up past two dozen
_SHOWN = 100  # characters of an expression around the place of an error

_GRAMMAR = r"""
?start: either
?either: both (_OR both)*
?both: single (_AND single)*
?single: piece
    | NOT+ piece -> negated
?piece: "(" either ")"
    | field OPERATOR value -> compared
    | field NOT? IN "(" value ("," value)* ")" -> among
    | field NOT? BETWEEN value _AND value -> between
    | field NOT? LIKE value -> like
    | field _IS NOT? NULL -> missing
    | _MENTIONS "(" STRING ")" -> mentions
    | TRUE -> everything
    | FALSE -> nothing
?field: NAME | QUOTED
?value: STRING | NUMBER | TRUE | FALSE

OPERATOR: /[<>!]=|[<>=]/
NUMBER: /[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?(?![\w.])/i
STRING: /'([^']|'')*'/
QUOTED: /"([^"]|"")*"/
NAME: /[^\W\d]\w*/
_AND.1: /and\b/i
_OR.1: /or\b/i
NOT.1: /not\b/i
IN.1: /in\b/i
BETWEEN.1: /between\b/i
LIKE.1: /like\b/i
_IS.1: /is\b/i
NULL.1: /null\b/i
TRUE.1: /true\b/i
FALSE.1: /false\b/i
_MENTIONS.1: /mentions(?=\s*\()/i
%ignore /\s+/
"""
KEYWORDS = frozenset(re.findall(r"^_?([A-Z]+)\.1: ", _GRAMMAR, re.MULTILINE))

_EXPECTED = (  # what is expected where the parser accepts one of these terminals; the first that fits
    ("NAME", "a condition such as `year >= 1960`"),
    ("STRING", "a value (a number, a text in single quotes, true or false)"),
    ("OPERATOR", "one of = != < <= > >= in, like, between, is null"),
    ("NULL", "`null` or `not null`"),
    ("IN", "`in`, `like` or `between`"),
    ("LPAR", "values in parentheses"),
    ("COMMA", "`,` or `)`"),
    ("RPAR", "`and`, `or` or `)`"),
    ("$END", "`and`, `or` or the end"),
    ("_AND", "`and` and a second value"),
)


def tree(text: str) -> Tree[Token]:
    """The rules that an expression is made of; without recursion, and never deeper than a recursion bears.

    Raises:
        ExpressionError: it is no expression, a very long one, or one with parentheses nested deeply.
    """
    from lark import UnexpectedInput, UnexpectedToken

    if len(text) > LONGEST:
        raise ExpressionError(f"the filter has {len(text):,} characters; {LONGEST:,} are the limit: shorten it")
    try:
        _check_depth(text, _parser().lex(text))
        return _parser().parse(text)
    except UnexpectedToken as error:
        raise _unexpected(text, error) from None
    except UnexpectedInput as error:
        raise _strange(text, error) from None


def wrong(said: str, text: str, position: int) -> ExpressionError:
    """The error with the expression and a caret under the place; of a long expression what is around it."""
    start = max(0, min(position - _SHOWN // 2, len(text) - _SHOWN))
    shown = [c if c.isprintable() else " " for c in text[start : start + _SHOWN]]
    before, after = "… " if start else "", " …" if start + _SHOWN < len(text) else ""
    room = len(before) + sum(map(_cells, shown[: position - start]))
    return ExpressionError(f"{said}\n  {before}{''.join(shown)}{after}\n  {' ' * room}^")


def _cells(character: str) -> int:
    """How many cells of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="basic")


def _check_depth(text: str, tokens: Iterable[Token]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.type == "LPAR") - (token.type == "RPAR")
        if depth > DEEPEST:
            raise wrong(f"parentheses may stand in {DEEPEST - 1} others at most", text, token.start_pos or 0)


def _unexpected(text: str, error: UnexpectedToken) -> ExpressionError:
    """At a word that may not stand there."""
    token, accepted = error.token, error.accepts or ()
    expected = next(said for name, said in _EXPECTED if name in accepted)
    if token.type == "$END":
        return wrong(f"expected {expected}, but the filter ends", text, len(text.rstrip()))
    word = shortened(token)
    said = f"expected {expected}, not `{word}`"
    if "STRING" in accepted and token.type in ("NAME", "QUOTED"):
        said = f"a text stands in single quotes: '{word.strip(chr(34))}'"
    elif "STRING" in accepted and token.type == "NULL":
        said = "nothing equals null: write `is null` or `is not null`"
    elif "NAME" in accepted and token.upper() in KEYWORDS:
        said += f'; a field of this name is written "{word}"'
    return wrong(said, text, token.start_pos or 0)


def _strange(text: str, error: UnexpectedInput) -> ExpressionError:
    """At a character that begins no word of the language."""
    position = error.pos_in_stream or 0
    found = text[position]
    if found in "'\"":
        return wrong(f"a closing {found} is missing to this one", text, position)
    if found in "‘’“”`´":
        return wrong("a text stands in straight single quotes: 'bird'", text, position)
    word = re.match(r"[\w.+-]+", text[position:])
    shown = shortened(word[0]) if word else found if found.isprintable() else repr(found)[1:-1]
    return wrong(f"`{shown}` is no word of a filter", text, position)
