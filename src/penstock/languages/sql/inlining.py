"""Queries of upstream blocks put into the place of a table, with an alias where the database wants one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penstock.connect.sql.statements import Token, tokens

_BEFORE_TABLE = frozenset({"from", "join", "lateral", "using"})
_JOINS = frozenset({"join", "inner", "left", "right", "full", "cross", "natural", "asof", "positional", "semi", "anti"})
_ENDS_TABLES = frozenset(
    ["select", "where", "set", "having", "by", "limit", "offset", "values", "returning", "qualify", "with"]
)
"""Words after which a comma parts no tables, until there is FROM or JOIN again."""
_NO_ALIAS = frozenset(
    (
        *("and", "anti", "asof", "cross", "do", "end", "else", "except", "exclude", "fetch", "for", "from", "full"),
        *("group", "having", "inner", "intersect", "into", "is", "join", "lateral", "left", "limit"),
        *("natural", "not", "offset", "on", "or", "order", "pivot", "positional", "qualify", "returning"),
        *("right", "sample", "select", "semi", "set", "tablesample", "then", "union", "unpivot", "using"),
        *("values", "when", "where", "window", "with"),
    )
)
"""Words that go on with the statement after a table, so that they are not its alias."""


@dataclass(frozen=True, slots=True)
class Inlined:
    """A query and the name that it goes by where its user gives it none."""

    query: str
    alias: str


def with_queries(text: str, inlined: Mapping[str, Inlined]) -> str:
    """The text with each of those names replaced by its query.

    Args:
        text: statements.
        inlined: name -> query; the names occur nowhere else.
    """
    if not inlined:
        return text
    parts = list(tokens(text))
    told = [at for at, token in enumerate(parts) if token.kind not in {"space", "comment"}]
    order = [parts[at] for at in told]
    for index, at in enumerate(told):
        found = inlined.get(parts[at].text)
        if found is not None:
            parts[at] = Token("query", _written(found, order, index))
    return "".join(_mentioned(token, inlined) for token in parts)


def _mentioned(token: Token, inlined: Mapping[str, Inlined]) -> str:
    """A lexeme with the names inside of it replaced: in a comment, which may end with its line, by what they go by."""
    text = token.text
    for name, found in inlined.items() if token.kind != "query" else ():
        text = text.replace(name, found.alias if token.kind == "comment" else f"(\n{found.query}\n)")
    return text


def _written(found: Inlined, order: Sequence[Token], index: int) -> str:
    after = order[index + 1] if index + 1 < len(order) else None
    if after is not None and after.text == ".":
        return found.alias
    query = f"(\n{found.query}\n)"
    return query if _has_alias(after) or not _is_table(order, index) else f"{query} AS {found.alias}"


def _has_alias(after: Token | None) -> bool:
    if after is None or not after.identifier:
        return False
    return after.kind == "name" or after.identifier not in _NO_ALIAS


def _is_table(order: Sequence[Token], index: int) -> bool:
    """Whether a table stands at that place: after FROM or JOIN, or further on in their list."""
    before = order[index - 1] if index else Token("space", "")
    if before.text == "(":
        # without a join it is a query in parentheses, which gets its alias behind them
        joined = index + 1 < len(order) and order[index + 1].identifier in _JOINS
        return joined and _is_table(order, index - 1)
    if before.text == ",":
        return _clause(order[:index]) in _BEFORE_TABLE
    return before.kind == "word" and before.identifier in _BEFORE_TABLE


def _clause(before: Sequence[Token]) -> str:
    """The word that began the list in which the next token stands; empty when none of those that matter did."""
    depth = 0
    for token in reversed(before):
        depth += {")": 1, "(": -1}.get(token.text, 0)
        if depth < 0 or token.text == ";":
            return ""
        if depth == 0 and token.kind == "word" and token.identifier in _BEFORE_TABLE | _ENDS_TABLES:
            return token.identifier
    return ""
