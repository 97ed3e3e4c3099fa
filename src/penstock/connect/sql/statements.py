"""Reads SQL text just well enough: where statements end, what they do, which names they use.

It knows comments (nested too), strings, delimited names, dollar quotes and the bodies of SQL functions, so a semicolon
inside any of them splits nothing. It never judges whether a statement is valid: that is the database's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_LEXEME = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--[^\n]*)
  | (?P<nested>/\*)
  | (?P<dollar>\$(?P<tag>[A-Za-z_\u0080-\uffff][\w]*)?\$)
  | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z))
  | (?P<string>'(?:[^']|'')*(?:'|\Z))
  | (?P<name>"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z))
  | (?P<word>[^\W\d][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_LINE = re.compile(r"^LINE (?P<line>\d+):(?P<rest>[^\n]*)(?:\n(?P<space> *)\^)?", re.MULTILINE)

_QUERIES = frozenset(
    (
        *("select", "values", "table", "from", "pivot", "unpivot", "summarize"),
        *("show", "describe", "desc", "explain", "pragma", "call", "fetch", "execute"),
    )
)
_WRITES = frozenset(("insert", "update", "delete", "merge"))


@dataclass(frozen=True, slots=True)
class Token:
    """One lexeme: its kind (space, comment, string, name, word, number, mark) and its text."""

    kind: str
    text: str

    @property
    def identifier(self) -> str:
        """The name that a word or a delimited name stands for, in lower case; empty for anything else."""
        if self.kind == "word":
            return self.text.lower()
        if self.kind == "name":
            mark = self.text[0]
            return self.text[1:-1].replace(mark * 2, mark).lower()
        return ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its semicolon; `tokens` leave out space and comments, `line` is that of the first."""

    text: str
    tokens: tuple[Token, ...]
    line: int = field(default=0, compare=False)

    @property
    def verb(self) -> str:
        """The word that says what it does: of `with ... insert` that is `insert`; lower case."""
        depth = 0
        first = next((token.identifier for token in self.tokens if token.kind == "word"), "")
        if first != "with":
            return first
        for token in self.tokens[1:]:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and token.kind == "word" and token.identifier in _QUERIES | _WRITES:
                return token.identifier
        return first

    @property
    def answers(self) -> bool:
        """Whether it returns rows: a query, or a change with RETURNING."""
        if self.verb in _QUERIES:
            return not self.selects_into
        return self.verb in _WRITES and "returning" in self._top_words()

    @property
    def plain_query(self) -> bool:
        """Whether it can stand as a subquery: a SELECT, VALUES or WITH that changes nothing."""
        words = {token.identifier for token in self.tokens if token.kind == "word"}
        return (
            self.verb in {"select", "values"}
            and not self.selects_into
            and not (words & _WRITES and self._first == "with")
        )

    @property
    def selects_into(self) -> bool:
        """Whether it is SELECT ... INTO, which makes a table."""
        return self.verb == "select" and "into" in self._top_words()

    @property
    def table(self) -> str:
        """The table that it creates or inserts into, as written there; empty when it does neither."""
        words = [token.identifier if token.kind == "word" else token.text for token in self.tokens]
        if self._first == "create" and "table" in words[:5]:
            start = words.index("table") + 1
            if words[start : start + 3] == ["if", "not", "exists"]:
                start += 3
            return self._dotted(start)
        if self.verb == "insert" and "into" in words:
            return self._dotted(words.index("into") + 1)
        return ""

    @property
    def temporary(self) -> bool:
        """Whether the table that it creates or inserts into is one of the connection alone, as far as it tells."""
        before = self.tokens[: _before_table(self.tokens)] if self._first == "create" else ()
        words = {token.identifier for token in before if token.kind == "word"}
        return bool(words & {"temp", "temporary"}) or self.table.lower().startswith(("pg_temp.", "temp."))

    @property
    def names(self) -> frozenset[str]:
        """Every name that occurs in it, in lower case: tables, columns, functions, words of the language."""
        return frozenset(token.identifier for token in self.tokens if token.identifier)

    @property
    def _first(self) -> str:
        return next((token.identifier for token in self.tokens if token.kind == "word"), "")

    def _dotted(self, start: int) -> str:
        parts: list[str] = []
        for token in self.tokens[start:]:
            wanted = ("mark",) if len(parts) % 2 else ("word", "name")
            if token.kind not in wanted or (token.kind == "mark" and token.text != "."):
                break
            parts.append(token.text)
        return "".join(parts).removesuffix(".")

    def _top_words(self) -> set[str]:
        depth, found = 0, set()
        for token in self.tokens:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and token.kind == "word":
                found.add(token.identifier)
        return found


def tokens(text: str) -> Iterator[Token]:
    """The lexemes of a text, in order; joined they are the text again."""
    position = 0
    while position < len(text):
        match = _LEXEME.match(text, position)
        assert match is not None
        kind, end = str(match.lastgroup), match.end()
        if kind == "tag" or match["dollar"]:
            close = text.find(match["dollar"], end)
            kind, end = "string", len(text) if close < 0 else close + len(match["dollar"])
        elif kind == "nested":
            kind, end = "comment", _comment_end(text, position)
        elif kind == "escaped":
            kind = "string"
        yield Token(kind, text[position:end])
        position = end


def split(text: str) -> list[Statement]:
    """The statements of a text; those that hold nothing but comments are left out."""
    found: list[Statement] = []
    parts: list[Token] = []
    depth = line = 0
    now = 1
    for token in tokens(text):
        if token.text == ";" and token.kind == "mark" and depth == 0:
            _close(parts, found, line)
            parts, line = [], 0
            continue
        parts.append(token)
        if not line and token.kind not in {"space", "comment"}:
            line = now
        now += token.text.count("\n")
        if token.kind == "word":
            depth = _body_depth(depth, token.identifier, parts)
    _close(parts, found, line)
    return found


def relined(message: str, by: int) -> str:
    """A database's message whose `LINE 3: ...` counts from so many lines before; the mark below it stays in place."""

    def moved(match: re.Match[str]) -> str:
        line = str(int(match["line"]) + by)
        space = (match["space"] or "") + " " * (len(line) - len(match["line"]))
        return f"LINE {line}:{match['rest']}" + ("" if match["space"] is None else f"\n{space}^")

    return _LINE.sub(moved, message) if by else message


def in_short(text: str, longest: int = 80) -> str:
    """A text in one line without its comments, for messages; cut where it is long."""
    parts: list[str] = []
    size = 0
    for token in tokens(text):
        if token.kind in {"space", "comment"}:
            if parts and parts[-1] != " ":
                parts.append(" ")
            continue
        parts.append(token.text)
        size += len(token.text)
        if size > longest:
            break
    short = " ".join("".join(parts).split())
    return short if len(short) <= longest else short[: longest - 1].rstrip() + "…"


def last_table(statements: Sequence[Statement]) -> str:
    """The table that was made or filled last and not dropped afterwards, as written there; empty when there is none."""
    dropped: set[str] = set()
    for statement in reversed(statements):
        if statement.verb == "drop":
            dropped |= statement.names
        table = statement.table
        if table and split(table)[0].tokens[-1].identifier not in dropped:
            return table
    return ""


def is_temporary(table: str, statements: Sequence[Statement]) -> bool:
    """Whether those statements make that table, as written there, for their connection alone."""
    name = split(table)[0].tokens
    made = [split(each.table)[0].tokens for each in statements if each.table and each.temporary]
    return any(tokens[-1].identifier == name[-1].identifier for tokens in made)


def _before_table(found: Sequence[Token]) -> int:
    return next((at for at, token in enumerate(found[:5]) if token.identifier == "table"), 0)


def _close(parts: list[Token], found: list[Statement], line: int) -> None:
    told = tuple(token for token in parts if token.kind not in {"space", "comment"})
    if told:
        found.append(Statement("".join(token.text for token in parts).strip(), told, line))


def _body_depth(depth: int, word: str, parts: list[Token]) -> int:
    """How deep a statement is inside BEGIN ATOMIC ... END, where semicolons belong to the body of a function."""
    if depth == 0:
        before = [token.identifier for token in parts if token.kind == "word"][-2:]
        return 1 if before == ["begin", "atomic"] else 0
    if word == "case":
        return depth + 1
    return depth - 1 if word == "end" else depth


def _comment_end(text: str, start: int) -> int:
    depth, position = 0, start
    for match in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if match[0] == "/*" else -1
        position = match.end()
        if depth == 0:
            return position
    return len(text)
