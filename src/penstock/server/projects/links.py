"""Which blocks the text of a block names: as parameters of its function, or as tables of its query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from penstock.connect.sql.statements import Token, tokens
from penstock.model.block import BlockType, Language
from penstock.server.projects.signature import parameters

_DF = re.compile(r"\{\{[^{}]*?\bdf_(\d+)\b[^{}]*?\}\}")
_BLOCK_OUTPUT = re.compile(r"block_output\s*\(\s*(?:block_uuid\s*=\s*)?['\"]([^'\"]+)['\"]")
_KEYWORDS = frozenset(
    (
        *("select", "from", "join", "where", "group", "order", "having", "limit", "on", "using", "union", "except"),
        *("intersect", "left", "right", "inner", "outer", "full", "cross", "natural", "lateral", "as", "with", "case"),
        *("when", "then", "else", "end", "and", "or", "not", "in", "is", "null", "only", "values", "distinct", "all"),
        *("table", "create", "insert", "update", "delete", "into", "set", "by", "for", "fetch", "offset", "window"),
    )
)
"""Words that are no name of a table unless they stand in quotes."""
_READS = frozenset({"from", "join", "using"})


@dataclass(frozen=True, slots=True)
class Links:
    """The upstreams that a block is to have by its text, and what could not be drawn, in sentences."""

    upstream: list[str]
    drawn: list[str]
    removed: list[str]


def links_of(
    kind: BlockType, language: Language, old: str | None, new: str, upstream: Sequence[str], blocks: Iterable[str]
) -> Links:
    """The upstreams that a new text asks for.

    A block that the new text names and the old one did not becomes an upstream; an upstream that the old text named
    and the new one does not is one no longer, when every upstream is named by the text. Everything else stays.

    Args:
        kind: the block's type.
        language: its language.
        old: its text before, when there was one.
        new: its text.
        upstream: its upstreams now.
        blocks: the uuids that it may name, without its own.
    """
    known = list(blocks)
    if language is Language.SQL:
        return _sql_links(old, new, list(upstream), known)
    if language is Language.PYTHON:
        return _python_links(kind, old, new, list(upstream), known)
    return Links(list(upstream), [], [])


def sql_names(text: str, blocks: Iterable[str]) -> list[str]:
    """The blocks that a query reads, in the order in which it first names them."""
    by_name = {uuid.lower(): uuid for uuid in blocks}
    found: list[str] = []
    parts = [token for token in tokens(_without_templates(text)) if token.kind not in {"space", "comment"}]
    local = _with_names(parts)
    for name in _tables(parts):
        uuid = by_name.get(name)
        if uuid is not None and name not in local and uuid not in found:
            found.append(uuid)
    for name in _BLOCK_OUTPUT.findall(text):
        if name in by_name.values() and name not in found:
            found.append(name)
    return found


def renamed_in_sql(text: str, old: str, new: str) -> str:
    """The query with another name for a table, and for what `block_output` takes; other strings and columns stay."""
    if old not in sql_names(text, [old]):
        return text
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", new) is not None and new not in _KEYWORDS
    written = new if plain else '"' + new.replace('"', '""') + '"'
    result: list[str] = []
    significant: list[Token] = []
    pieces = list(tokens(text))
    for at, token in enumerate(pieces):
        if token.kind in {"space", "comment"}:
            result.append(token.text)
            continue
        follows = next((each for each in pieces[at + 1 :] if each.kind not in {"space", "comment"}), None)
        qualifies = follows is not None and follows.text == "." and not (significant and significant[-1].text == ".")
        is_name = _names_something(token) and token.identifier == old.lower()
        is_table = is_name and (_opens_table(significant) or qualifies)
        result.append(written if is_table else token.text)
        significant.append(token)
    return _BLOCK_OUTPUT.sub(lambda call: _renamed_call(call, old, new), "".join(result))


def _renamed_call(call: re.Match[str], old: str, new: str) -> str:
    """The beginning of a call of `block_output`, of the block by its new name."""
    if call[1] != old:
        return call[0]
    begin, end = call.span(1)
    return call[0][: begin - call.start()] + new + call[0][end - call.start() :]


def _sql_links(old: str | None, new: str, upstream: list[str], known: list[str]) -> Links:
    named = sql_names(new, known)
    before = sql_names(old, known) if old is not None else []
    drawn = [uuid for uuid in named if uuid not in upstream]
    # The numbers of {{ df_1 }} count upstreams, so none may go while the text counts them.
    counts = bool(_DF.search(new))
    removed = [] if counts else [uuid for uuid in before if uuid not in named and uuid in upstream]
    return Links([*(uuid for uuid in upstream if uuid not in removed), *drawn], drawn, removed)


def _python_links(kind: BlockType, old: str | None, new: str, upstream: list[str], known: list[str]) -> Links:
    now = parameters(new, kind)
    if now is None:
        return Links(upstream, [], [])
    names, varargs = now
    was = parameters(old, kind) if old is not None else None
    named = [name for name in names if name in known]
    former = [name for name in (was[0] if was else ()) if name in known]
    # An edge that somebody removed is not drawn again by every save, unless the function cannot be called without it.
    needed = len(names) > len(upstream)
    drawn = [name for name in named if name not in upstream and (needed or name not in former)]
    named = [name for name in named if name in upstream or name in drawn]
    gone = [name for name in former if name not in names and name in upstream]
    removed = gone if not varargs and len(named) == len(names) else []
    if not drawn and not removed and (was is None or set(former) != set(named) or former == named):
        return Links(upstream, [], [])
    rest = [uuid for uuid in upstream if uuid not in named and uuid not in removed]
    ordered: list[str] = []
    for name in names:
        if name in named:
            ordered.append(name)
        elif rest:
            ordered.append(rest.pop(0))
    return Links([*ordered, *rest], drawn, removed)


def _without_templates(text: str) -> str:
    """The text with its template marks and what is in them taken for names that no block has."""
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", " _ ", text, flags=re.DOTALL)


def _tables(parts: list[Token]) -> Iterable[str]:
    """The names behind FROM, JOIN and USING, in lower case; of a dotted name none, for that is of the database."""
    for at, token in enumerate(parts):
        dotted = at + 1 < len(parts) and parts[at + 1].text == "."
        if _names_something(token) and not dotted and _opens_table(parts[:at]) and not _is_call(parts, at):
            yield token.identifier


def _names_something(token: Token) -> bool:
    """Whether a token is a name: a word of the language is one only in quotes."""
    return bool(token.identifier) and (token.kind == "name" or token.identifier not in _KEYWORDS)


def _is_call(parts: list[Token], at: int) -> bool:
    return at + 1 < len(parts) and parts[at + 1].text == "("


def _opens_table(before: list[Token]) -> bool:
    """Whether the next name stands where a table stands: behind FROM or JOIN, or behind a comma of a list of tables."""
    depth = 0
    for back in range(len(before) - 1, -1, -1):
        token = before[back]
        if depth == 0 and token.kind == "word" and token.identifier in _READS:
            return (back == len(before) - 1 or before[-1].text == ",") and not _is_other_from(before, back)
        if token.text == ")":
            depth += 1
        elif token.text == "(":
            if depth == 0:
                return False
            depth -= 1
        elif depth == 0 and token.kind == "word" and token.identifier in _ENDS_TABLES:
            return False
    return False


_ENDS_TABLES = frozenset(
    ("select", "where", "group", "order", "having", "limit", "on", "set", "values", "union", "except", "intersect")
)


def _is_other_from(before: list[Token], at: int) -> bool:
    """Whether a FROM belongs to `extract(year from x)`, `trim(...)`, `substring(...)` or `is distinct from`."""
    if at and before[at - 1].identifier == "distinct" and at > 1 and before[at - 2].identifier in {"is", "not"}:
        return True
    depth = 0
    for back in range(at - 1, -1, -1):
        text = before[back].text
        depth += {")": 1, "(": -1}.get(text, 0)
        if depth < 0:
            return back > 0 and before[back - 1].identifier in {"extract", "trim", "substring", "overlay"}
        if before[back].identifier == "select" and depth == 0:
            return False
    return False


def _with_names(parts: list[Token]) -> set[str]:
    """The names that the query gives itself: `with name as (`."""
    return {
        parts[at].identifier
        for at in range(len(parts) - 2)
        if parts[at].identifier
        and parts[at + 1].identifier == "as"
        and (parts[at + 2].text == "(" or parts[at + 2].identifier in {"materialized", "not"})
    }
