# ruff: noqa: S608 - every name in a statement is quoted or written by the block itself
"""DuckDB behind the protocol of SQL systems; rows go in and out as Arrow, without a copy where DuckDB allows it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from penstock.connect.duckdb.opening import LOCK_WAIT, MEMORY, connect
from penstock.connect.sql.frames import MARK, marked
from penstock.connect.sql.moments import losses
from penstock.connect.sql.names import Target, literal, quoted
from penstock.connect.sql.statements import in_short, relined, split
from penstock.connect.sql.system import ROW_CAP, Answer, SqlSystem
from penstock.connect.sql.widening import fits
from penstock.data.duck import for_duck
from penstock.model.errors import ConnectionFailedError, QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pyarrow as pa

_ROWS = "_penstock_rows"
_AS_TEXT = frozenset({"BIGNUM", "VARINT", "BIT", "UHUGEINT", "TIME WITH TIME ZONE"})
_DIGITS = 38
_ROUNDED = ("int", "uint", "decimal", "float", "double", "halffloat")


class DuckDBSystem(SqlSystem):
    """One connection to a DuckDB database.

    Args:
        database: a path, `:memory:` or a MotherDuck database; see `opening.connect`.
        schema: of names that give none; made when it does not exist.
        token: of MotherDuck.
        wait: seconds to wait while another process holds the file.
        tell: is told what the user should know.
    """

    name = "duckdb"
    name_limit = 4096
    case_folds = True
    shows_frames = True

    def __init__(
        self,
        database: str = MEMORY,
        *,
        schema: str = "",
        token: str = "",
        wait: float = LOCK_WAIT,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.database = database
        self.schema = schema
        self.token = token
        self._wait = wait
        self._tell = tell
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __repr__(self) -> str:
        return f"DuckDBSystem({self.database!r})"

    def open(self) -> None:
        """See the protocol; waits for a file that another process holds."""
        if self._connection is not None:
            return
        self._connection = connect(self.database, token=self.token, wait=self._wait, tell=self._tell)
        if self.schema and self.schema != "main":
            with self._errors("USE"):
                self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(self.schema)}")
                self._connection.execute(f"SET schema = {literal(self.schema)}")

    def close(self) -> None:
        """See the protocol."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """See the protocol."""
        self.open()
        assert self._connection is not None
        return self._connection

    def commit(self) -> None:
        """See the protocol. Outside `transaction` each statement commits itself, as DuckDB does."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """See the protocol."""
        if self._connection is not None:
            self._end("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See the protocol; joins a transaction that the user's own statements began."""
        import duckdb

        with suppress(duckdb.TransactionException):
            self.connection.execute("BEGIN")
        with super().transaction():
            yield

    def run(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> pa.Table | None:
        """See the protocol."""
        found = split(sql)
        answers = bool(found) and found[-1].answers
        with self._errors(sql):
            relation = self.connection.sql(sql, params=parameters)
            if relation is None or not answers:
                return None
            return tidied(relation)

    def query(self, sql: str, limit: int = ROW_CAP, parameters: Any = None) -> Answer:
        """See the protocol."""
        with self._errors(sql):
            relation = self.connection.sql(sql, params=parameters)
            if relation is None:
                raise QueryFailedError("running a query on DuckDB: the statement returns no rows")
            table = tidied(relation.limit(limit + 1))
        return Answer(table.slice(0, limit), cut=table.num_rows > limit)

    def result_names(self, sql: str) -> list[str]:
        """See the protocol."""
        with self._errors(sql):
            return [str(name) for name in self.connection.sql(sql).columns]

    def columns(self, target: Target) -> dict[str, str] | None:
        """See the protocol."""
        with self._errors("reading the columns of a table"):
            rows = self.connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND NOT internal "
                "AND (schema_name = CASE WHEN ? = '' THEN current_schema() ELSE ? END OR database_name = 'temp') "
                "AND database_name IN (CASE WHEN ? = '' THEN current_database() ELSE ? END, 'temp') "
                "ORDER BY column_index",
                [target.table, target.schema, target.schema, target.database, target.database],
            ).fetchall()
        return {str(name): str(kind) for name, kind in rows} or None

    def has_schema(self, target: Target) -> bool:
        """See the protocol."""
        with self._errors("reading the schemas"):
            found = self.connection.execute(
                "SELECT count(*) FROM duckdb_schemas() WHERE schema_name = ? "
                "AND database_name = CASE WHEN ? = '' THEN current_database() ELSE ? END",
                [target.schema, target.database, target.database],
            ).fetchall()
        return bool(found[0][0])

    def ddl_type(self, field: pa.Field) -> str:
        """See the protocol. DuckDB itself says which type holds an Arrow type."""
        import pyarrow as pa

        if marked(field):
            return {"json": "JSON", "uuid": "UUID"}[marked(field)]
        if pa.types.is_null(field.type):
            return "VARCHAR"
        if pa.types.is_dictionary(field.type):
            field = field.with_type(field.type.value_type)
        with self._errors(f"finding a type for column {field.name}"):
            empty = pa.schema([field]).empty_table()
            return str(self.connection.from_arrow(empty).types[0])

    def insert(self, table: pa.Table, target: Target) -> None:
        """See the protocol. A number that the existing column could only hold rounded is refused."""
        existing = self.columns(target) or {}
        for sentence in losses(table, existing, "DuckDB"):
            self._tell(sentence)
        with self._registered(table):
            for field in table.schema:
                kind = existing.get(field.name, "")
                if str(field.type).startswith(_ROUNDED) and kind and not fits(self.ddl_type(field), kind):
                    self._refuse_rounding(field.name, kind, target)
            names = ", ".join(quoted(name) for name in table.column_names)
            with self._errors(f"INSERT INTO {target.sql}"):
                self.connection.execute(f"INSERT INTO {target.sql} ({names}) SELECT {names} FROM {_ROWS}")

    def show(self, name: str, table: pa.Table) -> None:
        """See the protocol."""
        with self._errors("reading the frame"):
            self.connection.register(name, _plain(table))
            for sentence in view_losses(self.connection, name, table):
                self._tell(sentence)

    def unique_keys(self, target: Target) -> list[frozenset[str]]:
        """See the protocol."""
        names = [target.table, target.schema, target.schema]
        here = "table_name = ? AND schema_name = CASE WHEN ? = '' THEN current_schema() ELSE ? END"
        with self._errors("reading the keys of a table"):
            keys = self.connection.execute(
                "SELECT constraint_column_names FROM duckdb_constraints() "
                f"WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND {here}",
                names,
            ).fetchall()
            made = self.connection.execute(
                f"SELECT sql FROM duckdb_indexes() WHERE is_unique AND {here}",
                names,
            ).fetchall()
        found = [frozenset(map(str, columns)) for (columns,) in keys]
        return found + [_indexed(str(sql)) for (sql,) in made]

    def default_schema(self) -> str:
        """See the protocol."""
        return self.schema or "main"

    def same_database(self, other: SqlSystem) -> bool:
        """See the protocol. Each connection to memory has a database of its own."""
        if not isinstance(other, DuckDBSystem) or self.database.startswith(MEMORY) or self.token != other.token:
            return False
        return os.path.realpath(self.database) == os.path.realpath(other.database)

    def _refuse_rounding(self, column: str, kind: str, target: Target) -> None:
        name = quoted(column)
        with self._errors(f"checking column {column}"):
            found = self.connection.execute(
                f"SELECT {name} FROM {_ROWS} WHERE {name} IS NOT NULL AND "
                f"TRY_CAST(TRY_CAST({name} AS {kind}) AS DOUBLE) IS DISTINCT FROM TRY_CAST({name} AS DOUBLE) "
                f"AND TRY_CAST({name} AS DOUBLE) IS NOT NULL LIMIT 1"
            ).fetchall()
        if found:
            raise QueryFailedError(
                f"exporting to {target}: column {column} is {kind} there and cannot hold {found[0][0]} exactly",
                hint="Change the type of the column, round the values, or replace the table.",
            )

    @contextmanager
    def _registered(self, table: pa.Table) -> Iterator[None]:
        import duckdb

        with self._errors("reading the frame"):
            self.connection.register(_ROWS, _plain(table))
        try:
            yield
        finally:
            # after a statement has failed, the rollback takes the view away
            with suppress(duckdb.TransactionException):
                self.connection.unregister(_ROWS)

    def _end(self, how: str) -> None:
        import duckdb

        try:
            self.connection.execute(how)
        except duckdb.TransactionException as error:
            if "no transaction is active" not in str(error):
                raise QueryFailedError(f"ending a transaction on DuckDB: {error}") from None

    @contextmanager
    def _errors(self, sql: str) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.ConnectionException as error:
            raise ConnectionFailedError(f"using the DuckDB database {self.database}: {error}") from None
        except (duckdb.Error, RuntimeError) as error:
            first = in_short(self._about or sql)
            text = str(error).replace(self.token, "***") if self.token else str(error)
            raise QueryFailedError(
                f"running {first!r} on DuckDB: {relined(text.strip(), -1 if self._about else 0)}"
            ) from None


def view_losses(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[str]:
    """What the moments of a table that is registered by that name lose in queries, one sentence for each column."""
    if any("[ns" in str(kind) for kind in table.schema.types):  # what is coarser is exact in every version of DuckDB
        view = connection.view(name)
        yield from losses(table, dict(zip(view.columns, map(str, view.types), strict=True)), "DuckDB")


def tidied(relation: Any) -> pa.Table:
    """The rows of a relation as Arrow; whole numbers of 128 bits become ones of 64 when all of them fit."""
    import pyarrow as pa

    kinds = [str(kind) for kind in relation.types]
    relation = _with_text(relation, kinds)
    table = relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()
    for at, kind in enumerate(kinds):
        if kind == "UHUGEINT":
            table = table.set_column(at, table.schema.field(at).name, _whole_numbers(table.column(at)))
        elif kind == "HUGEINT":
            # a sum of integers is one of these, and a 128-bit number is a Decimal object to Python
            with suppress(pa.ArrowInvalid):
                table = table.set_column(at, table.schema.field(at).name, table.column(at).cast(pa.int64()))
        elif kind == "JSON":
            field = table.schema.field(at).with_metadata({MARK: b"json"})
            table = table.set_column(at, field, table.column(at))
        elif kind == "INTERVAL":
            table = table.set_column(at, table.schema.field(at).name, _durations(table.column(at)))
        elif kind in {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}:
            utc = pa.timestamp("us" if kind.startswith("TIMESTAMP ") else "ns", "UTC")
            table = table.set_column(at, table.schema.field(at).name, table.column(at).cast(utc))
    return table


def _with_text(relation: Any, kinds: list[str]) -> Any:
    """The relation with text in place of what Arrow has no type for and DuckDB would write as something else."""
    if not _AS_TEXT.intersection(kinds):
        return relation
    return relation.project(
        ", ".join(
            f"CAST(#{at} AS VARCHAR) AS {quoted(name)}" if kind in _AS_TEXT else f"#{at} AS {quoted(name)}"
            for at, (name, kind) in enumerate(zip(relation.columns, kinds, strict=True), 1)
        )
    )


def _whole_numbers(column: Any) -> Any:
    """Numbers that were written as text, in the smallest type that takes all of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    with suppress(pa.ArrowInvalid):
        return column.cast(pa.int64())
    longest = pc.max(pc.utf8_length(column)).as_py()
    return column.cast(pa.decimal128(38, 0)) if longest <= _DIGITS else column


def _durations(column: Any) -> Any:
    """Intervals as durations when none of them counts in months, whose length varies."""
    import pyarrow as pa

    values = column.to_pylist()
    if any(value is not None and value.months for value in values):
        return column
    day = 86_400_000_000
    return pa.array([None if v is None else v.days * day + v.nanoseconds // 1000 for v in values], pa.duration("us"))


def _plain(table: pa.Table) -> pa.Table:
    """The table with types that DuckDB reads: text for a column of nulls alone, values for dictionaries of text."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(at, field.name, pa.nulls(table.num_rows, pa.string()))
    return for_duck(table).replace_schema_metadata(None)


def _indexed(sql: str) -> frozenset[str]:
    """The columns of a CREATE INDEX statement."""
    statement = split(sql)[0]
    depth, found = 0, []
    for token in statement.tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth and token.identifier:
            found.append(token.text.strip('"').replace('""', '"') if token.kind == "name" else token.text)
    return frozenset(found)
