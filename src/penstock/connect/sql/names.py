"""Names of tables and columns: cleaned for a database, quoted for a statement, never pasted in raw."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.connect.sql.reserved import RESERVED
from penstock.model.errors import QueryFailedError

_NOT_WORD = re.compile(r"\W")


@dataclass(frozen=True, slots=True)
class Target:
    """A table: its name as the database has it, not quoted; empty `schema` or `database` means the connection's own."""

    table: str
    schema: str = ""
    database: str = ""

    @property
    def sql(self) -> str:
        """The quoted name for a statement."""
        return ".".join(quoted(part) for part in (self.database, self.schema, self.table) if part)

    def __str__(self) -> str:
        return ".".join(part for part in (self.database, self.schema, self.table) if part)


def quoted(name: str) -> str:
    """A name as a delimited identifier of standard SQL.

    Raises:
        QueryFailedError: the name is empty or holds a NUL character, which no database can store.
    """
    if not name or "\x00" in name:
        raise QueryFailedError(f"naming a table or column {name!r}: the name is empty or holds a NUL character")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a string literal of standard SQL."""
    if "\x00" in text:
        raise QueryFailedError("writing a text into a statement: it holds a NUL character")
    return "'" + text.replace("'", "''") + "'"


def clean_name(name: object, *, case_sensitive: bool = False, allow_reserved_words: bool = False) -> str:
    """A name that needs no quoting in a query: letters, digits and underscores, in lower case.

    A leading digit gets `letter_` before it and a word of SQL an underscore, as in tables that Mage made.
    """
    text = _NOT_WORD.sub("_", str(name).strip())
    if not case_sensitive:
        text = text.lower()
    if text[:1].isdigit():
        text = f"letter_{text}"
    if not allow_reserved_words and text.lower() in RESERVED:
        text = f"_{text}"
    return text or "_"


def shortened(name: str, limit: int) -> str:
    """A name of at most `limit` UTF-8 bytes: a longer one is cut and gets a hash of the whole, so it stays unique."""
    data = name.encode()
    if len(data) <= limit:
        return name
    tail = hashlib.sha256(data).hexdigest()[:8]
    return data[: limit - 9].decode(errors="ignore") + "_" + tail


def unique_names(names: Sequence[str], doing: str) -> None:
    """Refuse two columns of one name, which a table cannot have (upper and lower case count as the same in DuckDB).

    Raises:
        QueryFailedError: naming the columns.
    """
    seen: set[str] = set()
    twice = sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    if twice:
        raise QueryFailedError(
            f"{doing}: several columns are named {', '.join(twice)}", hint="Rename the columns before the export."
        )
