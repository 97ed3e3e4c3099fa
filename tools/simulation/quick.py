"""Runs the statements of the state store straight on `sqlite3`, in memory: what a simulation spends its time on.

The statements, the types and the transactions are the store's own; only the way from a compiled statement to its rows
is a shorter one. A test plays the same seeds on both ways and compares every step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa


class Found:
    """What a statement has found: as much of SQLAlchemy's result as the store asks for."""

    __slots__ = ("_names", "_rows", "rowcount")

    def __init__(self, names: tuple[str, ...], rows: list[tuple[Any, ...]], rowcount: int) -> None:
        self._names = names
        self._rows = rows
        self.rowcount = rowcount

    def mappings(self) -> Lines:
        """The rows by name."""
        names = self._names
        return Lines([dict(zip(names, row, strict=True)) for row in self._rows])

    def scalar(self) -> Any:
        """The first value, None when there is none."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The only value."""
        ((value,),) = self._rows
        return value

    def scalars(self) -> Lines:
        """The first value of each row."""
        return Lines([row[0] for row in self._rows])

    def first(self) -> Any:
        """The first row, None when there is none."""
        return self._rows[0] if self._rows else None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)


class Lines(list[Any]):
    """Rows, or values."""

    def first(self) -> Any:
        """The first one, None when there is none."""
        return self[0] if self else None

    def all(self) -> list[Any]:
        """All of them."""
        return self


class Prepared:
    """A compiled statement, with the place of each of its values.

    Args:
        statement: any that has that shape.
        names: of the values that are given apart, as those of a row.
        dialect: SQLite's.
    """

    def __init__(self, statement: Any, names: list[str], dialect: sa.Dialect) -> None:
        key = statement._generate_cache_key()  # noqa: SLF001
        compiled = statement.compile(dialect=dialect, column_keys=names or None, cache_key=key)
        self.compiled = compiled
        self.text = str(compiled)
        self.processors: Mapping[str, Callable[[Any], Any]] = compiled._bind_processors  # noqa: SLF001
        self.expands = bool(compiled.post_compile_params or compiled.literal_execute_params)
        places = {bind.key: place for place, bind in enumerate(key.bindparams)}
        self.values = [
            (places.get(compiled.binds[name].key), compiled.binds[name].key, self.processors.get(name), name)
            for name in (() if self.expands else compiled.positiontup)
        ]
        columns = getattr(compiled, "_result_columns", ())
        self.names = tuple(column.keyname for column in columns)
        readers = [column.type._cached_result_processor(dialect, None) for column in columns]  # noqa: SLF001
        self.readers = [(place, reader) for place, reader in enumerate(readers) if reader is not None]

    def bound(self, given: Sequence[Any], row: Mapping[str, Any]) -> list[Any]:
        """The values of the statement in their order, as the database takes them."""
        found = []
        for place, key, process, name in self.values:
            if key in row:
                value = row[key]
            elif place is not None:
                value = given[place].effective_value
            else:
                value = self.compiled.binds[name].effective_value
            found.append(process(value) if process is not None else value)
        return found

    def expanded(self, given: Sequence[Any], row: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The same for a statement with lists in it, which has another text each time."""
        params = self.compiled.construct_params(row or None, extracted_parameters=given, escape_names=False)
        state = self.compiled._process_parameters_for_postcompile(params)  # noqa: SLF001
        processors = {**self.processors, **state.processors}
        values = [(processors.get(name), params[name]) for name in state.positiontup]
        return state.statement, [process(value) if process is not None else value for process, value in values]

    def read(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Rows as the database has them, as the store wants them."""
        if not self.readers:
            return rows
        found = []
        for row in rows:
            values = list(row)
            for place, reader in self.readers:
                values[place] = reader(values[place])
            found.append(tuple(values))
        return found


class Quick:
    """A connection to a database in memory that takes the store's statements.

    Args:
        dialect: SQLite's, as SQLAlchemy knows it.
    """

    def __init__(self, dialect: sa.Dialect) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=512)
        self.dialect = dialect
        self._prepared: dict[Any, Prepared] = {}

    def execute(self, statement: Any, parameters: Any = None) -> Found:
        """Run a statement, once for each of the rows that are given apart."""
        rows: list[Mapping[str, Any]] = parameters if isinstance(parameters, list) else [parameters or {}]
        prepared, given = self._known(statement, rows[0])
        if prepared.expands:
            cursor = self.raw.execute(*prepared.expanded(given, rows[0]))
        elif len(rows) > 1 and not prepared.names:
            cursor = self.raw.executemany(prepared.text, [prepared.bound(given, row) for row in rows])
        else:
            return self._each(prepared, given, rows)
        return Found(prepared.names, prepared.read(cursor.fetchall()), cursor.rowcount)

    def _known(self, statement: Any, row: Mapping[str, Any]) -> tuple[Prepared, Sequence[Any]]:
        """The statement as it is prepared, and its own values; one that is made once is asked for its shape once."""
        found: dict[tuple[str, ...], Any] | None = statement.__dict__.get("_quick")
        if found is None:
            found = statement.__dict__["_quick"] = {}
        names = tuple(row)
        if names not in found:
            key = statement._generate_cache_key()  # noqa: SLF001
            shape = (key.key, names)
            if shape not in self._prepared:
                self._prepared[shape] = Prepared(statement, sorted(names), self.dialect)
            found[names] = (self._prepared[shape], key.bindparams)
        prepared, given = found[names]
        return prepared, given

    def _each(self, prepared: Prepared, given: Sequence[Any], rows: list[Mapping[str, Any]]) -> Found:
        found: list[tuple[Any, ...]] = []
        count = 0
        for row in rows:
            cursor = self.raw.execute(prepared.text, prepared.bound(given, row))
            found += cursor.fetchall()
            count += cursor.rowcount
        return Found(prepared.names, prepared.read(found), count)
