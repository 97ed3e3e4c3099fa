"""PostgreSQL behind the protocol of SQL systems; rows go in and out by COPY, through Arrow's CSV reader and writer."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from penstock.connect.postgres import types
from penstock.connect.postgres.opening import Link, Settings, driver
from penstock.connect.sql.frames import MARK
from penstock.connect.sql.moments import losses, of_time
from penstock.connect.sql.names import Target, quoted
from penstock.connect.sql.statements import Statement, in_short, relined, split
from penstock.connect.sql.system import ROW_CAP, Answer, SqlSystem
from penstock.model.errors import ConnectionFailedError, QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    import pyarrow as pa

_CHUNK = 16 << 20
_ROWS_PER_WRITE = 65_536
_SHOWN = 80
_WRAPPED, _LIMITED = "SELECT * FROM (\n", "\n) AS limited LIMIT "


class PostgresSystem(SqlSystem):
    """One connection to a PostgreSQL database; statements run in a transaction until `commit`."""

    name = "postgres"
    name_limit = 63
    case_folds = False
    shared = True

    def __init__(self, settings: Settings, tell: Callable[[str], None] = lambda _: None) -> None:
        self.settings = settings
        self._link = Link(settings)
        self._tell = tell

    def __repr__(self) -> str:
        return f"PostgresSystem({self.settings!r})"

    def open(self) -> None:
        """See the protocol."""
        if self._link.connection is None or self._link.connection.closed:
            connection = self._link.open()
            if self.settings.schema:
                connection.execute("SELECT set_config('search_path', %s, false)", [self._search_path()])
                connection.commit()

    def close(self) -> None:
        """See the protocol."""
        self._link.close()

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """See the protocol."""
        self.open()
        assert self._link.connection is not None
        return self._link.connection

    def commit(self) -> None:
        """See the protocol."""
        with self._errors("COMMIT"):
            self.connection.commit()

    def rollback(self) -> None:
        """See the protocol."""
        with self._errors("ROLLBACK"):
            self.connection.rollback()

    def run(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> pa.Table | None:
        """See the protocol."""
        found = split(sql)
        if parameters is None and len(found) == 1 and self._copies(found[0]):
            return self._copied(found[0].text)
        with self._errors(sql), self.connection.cursor() as cursor:
            cursor.execute(sql.encode(), parameters or None)
            while cursor.nextset():
                pass
            return self._rows(cursor) if cursor.description else None

    def run_alone(self, sql: str) -> pa.Table | None:
        """See the protocol."""
        self.commit()
        self.connection.autocommit = True
        try:
            return self.run(sql)
        finally:
            self.connection.autocommit = False

    def query(self, sql: str, limit: int = ROW_CAP, parameters: Any = None) -> Answer:
        """See the protocol."""
        if parameters is not None:
            import psycopg

            with self._errors(sql):
                sql = psycopg.ClientCursor(self.connection).mogrify(sql.encode(), parameters)
        found = split(sql)
        if len(found) == 1 and found[0].plain_query:
            # one more row than asked for tells whether there were more
            table: pa.Table | None = self._copied(f"{_WRAPPED}{found[0].text}{_LIMITED}{limit + 1}")
        else:
            table = self.run(sql)
        if table is None:
            raise QueryFailedError(f"running {_shown(sql)!r} on PostgreSQL: the statement returns no rows")
        cut = table.num_rows > limit
        return Answer(table.slice(0, limit) if cut else table, cut=cut)  # without columns, a slice is as long as asked

    def result_names(self, sql: str) -> list[str]:
        """See the protocol."""
        with self._errors(sql):
            return [name for name, _, _ in self._described(sql)]

    def columns(self, target: Target) -> dict[str, str] | None:
        """See the protocol."""
        with self._errors("reading the columns of a table"):
            rows = self.connection.execute(
                "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
                "WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                [target.sql],
            ).fetchall()
            exists = rows or self.connection.execute("SELECT to_regclass(%s)", [target.sql]).fetchall()[0][0]
        return dict(rows) if exists else None

    def has_schema(self, target: Target) -> bool:
        """See the protocol."""
        with self._errors("reading the schemas"):
            found = self.connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [target.schema]).fetchone()
        return found is not None

    def hold(self, targets: Iterable[Target], *, beside: Iterable[Target] = ()) -> None:
        """See the protocol. Schemas that are not there yet are held as well."""
        targets, beside = list(targets), list(beside)
        schemas = {target.schema for target in (*targets, *beside) if target.schema and not self.has_schema(target)}
        alone: set[tuple[str, ...]] = {("table", t.schema or self.default_schema(), t.table) for t in targets}
        others = {("table", t.schema or self.default_schema(), t.table) for t in beside} - alone
        alone |= {("schema", schema) for schema in schemas}
        for what in sorted(alone | others):  # everybody in one order, so that nobody waits for one that waits for him
            self._hold(what, "_shared" if what in others else "")

    def _hold(self, what: tuple[str, ...], kind: str) -> None:
        """Wait for an advisory lock of the transaction: a table that is not there yet cannot be locked itself."""
        digest = hashlib.sha256("\0".join(("penstock", *what)).encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        with self._errors("waiting for other writers"):
            held = self.connection.execute(f"SELECT pg_try_advisory_xact_lock{kind}(%s)".encode(), [key]).fetchone()
            if held == (False,):
                self._tell(f"Another process writes to {what[0]} {'.'.join(what[1:])}; waiting until it has done that.")
                self.connection.execute(f"SELECT pg_advisory_xact_lock{kind}(%s)".encode(), [key])

    def ddl_type(self, field: pa.Field) -> str:
        """See the protocol."""
        return types.ddl_type(field)

    def insert(self, table: pa.Table, target: Target) -> None:
        """See the protocol."""
        import pyarrow.csv

        self._tell_losses(table, target)
        names = ", ".join(quoted(name) for name in table.column_names)
        command = f"COPY {target.sql} ({names}) FROM STDIN (FORMAT csv)"
        options = pyarrow.csv.WriteOptions(include_header=False)
        with self._errors(command), self.connection.cursor() as cursor, cursor.copy(command.encode()) as copy:
            for start in range(0, table.num_rows, _ROWS_PER_WRITE):
                rows = _copy_rows(table.slice(start, _ROWS_PER_WRITE))
                buffer = io.BytesIO()
                pyarrow.csv.write_csv(rows, buffer, options)
                copy.write(buffer.getvalue())

    def unique_keys(self, target: Target) -> list[frozenset[str]]:
        """See the protocol."""
        with self._errors("reading the keys of a table"):
            rows = self.connection.execute(
                "SELECT array_agg(a.attname::text) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
                "AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1]) WHERE i.indrelid = to_regclass(%s) "
                "AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL GROUP BY i.indexrelid",
                [target.sql],
            ).fetchall()
        return [frozenset(names) for (names,) in rows]

    def default_schema(self) -> str:
        """See the protocol."""
        return self.settings.schema or "public"

    def same_database(self, other: SqlSystem) -> bool:
        """See the protocol."""
        return isinstance(other, PostgresSystem) and self.settings.same_database(other.settings)

    def readable(self, target: Target) -> bool:
        """See the protocol. The connection of another user may have made the table."""
        with self._errors("reading the rights to a table"):
            found = self.connection.execute(
                "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s "
                "AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
                "AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')",
                [target.schema or self.default_schema(), target.table],
            ).fetchone()
        return found is not None

    def _search_path(self) -> str:
        schemas = dict.fromkeys([self.settings.schema, "public"])
        return ", ".join(quoted(schema) for schema in schemas)

    def _copies(self, statement: Statement) -> bool:
        return statement.plain_query or (statement.answers and statement.verb in {"insert", "update", "delete"})

    def _copied(self, query: str) -> pa.Table:
        """The rows of a query by COPY, read into Arrow in pieces as they arrive."""
        import pyarrow as pa

        with self._errors(query):
            shape = self._described(query)
            if not shape:  # SELECT without columns
                self.connection.execute(query)
                return pa.table({})
            pieces: list[pa.Table] = []
            lines: list[bytes] = []
            size = 0
            with (
                self.connection.cursor() as cursor,
                cursor.copy(f"COPY (\n{query}\n) TO STDOUT (FORMAT csv)".encode()) as copy,
            ):
                for block in copy:
                    lines.append(bytes(block))
                    size += len(block)
                    if size >= _CHUNK:
                        pieces.append(_parsed(b"".join(lines), shape))
                        lines, size = [], 0
            pieces.append(_parsed(b"".join(lines), shape))
            return self._typed(pa.concat_tables(pieces), shape)

    def _described(self, query: str) -> list[tuple[str, int, int]]:
        """Name, type and modifier of each column that the query would return; the query does not run."""
        connection = self.connection
        # the protocol below the driver does not open a transaction by itself
        connection.execute("SELECT 1")
        self._asked(query, lambda: connection.pgconn.send_prepare(b"", query.encode()))
        shape = self._asked(query, lambda: connection.pgconn.send_describe_prepared(b""))
        return [
            ((shape.fname(at) or b"").decode(), int(shape.ftype(at)), int(shape.fmod(at)))
            for at in range(shape.nfields)
        ]

    def _asked(self, query: str, send: Callable[[], None]) -> psycopg.pq.abc.PGresult:
        """The answer to what `send` asks below the driver, waited for as the driver waits for its own.

        The calls of libpq that wait by themselves keep every other thread of the process from running, among them those
        that carry the question through an SSH tunnel.
        """
        from psycopg.generators import execute
        from psycopg.pq import ExecStatus

        connection = self.connection
        with connection.lock:
            send()
            answer: psycopg.pq.abc.PGresult = connection.wait(execute(connection.pgconn))[-1]
        if answer.status != ExecStatus.COMMAND_OK:
            raise QueryFailedError(_failed(query, self._about, answer.error_message.decode(errors="replace")))
        return answer

    def _typed(self, table: pa.Table, shape: list[tuple[str, int, int]]) -> pa.Table:
        import pyarrow as pa

        columns, fields = [], []
        for at, (name, oid, modifier) in enumerate(shape):
            column = types.typed(table.column(at), oid, modifier, self._loader(oid))
            mark = {types.JSON: b"json", types.JSONB: b"json", types.UUID: b"uuid"}.get(oid)
            fields.append(pa.field(name, column.type, metadata={MARK: mark} if mark else None))
            columns.append(column)
        return pa.Table.from_arrays(columns, schema=pa.schema(fields))

    def _loader(self, oid: int) -> Callable[[str], object]:
        """The driver's reading of a value's text."""
        psycopg = driver()
        loader = psycopg.adapt.Transformer(self.connection).get_loader(oid, psycopg.pq.Format.TEXT)
        return lambda text: loader.load(text.encode())

    def _rows(self, cursor: psycopg.Cursor[Any]) -> pa.Table:
        """The rows of a statement that COPY cannot run, such as SHOW or EXPLAIN."""
        from penstock.connect.sql.frames import arrow_of

        names = [column.name for column in cursor.description or []]
        rows = cursor.fetchall()
        table = arrow_of({str(at): [row[at] for row in rows] for at in range(len(names))})
        return table.rename_columns(names)

    def _tell_losses(self, table: pa.Table, target: Target) -> None:
        kinds = self.columns(target) if any(of_time(field.type) for field in table.schema) else None
        for sentence in losses(table, kinds or {}, "PostgreSQL", text_is_exact=False):
            self._tell(sentence)

    @contextmanager
    def _errors(self, sql: str) -> Iterator[None]:
        psycopg = driver()
        try:
            yield
        except psycopg.Error as error:
            connection = self._link.connection
            if connection is None or connection.closed or connection.broken:
                known = self.settings
                raise ConnectionFailedError(
                    f"using PostgreSQL at {known.host}:{known.port}/{known.dbname}: the connection was lost "
                    f"({str(error).strip().splitlines()[0] if str(error).strip() else 'no reason given'})",
                    hint="Run it again; nothing that was not committed has been changed.",
                ) from None
            raise QueryFailedError(_failed(sql, self._about, str(error))) from None


def _shown(sql: str) -> str:
    if sql.startswith(_WRAPPED):
        sql = sql.removeprefix(_WRAPPED).rpartition(_LIMITED)[0]
    return in_short(sql, _SHOWN)


def _failed(sql: str, about: str, reason: str) -> str:
    ours = bool(about) or sql.startswith(_WRAPPED)
    return f"running {_shown(about or sql)!r} on PostgreSQL: {relined(reason.strip(), -1 if ours else 0)}"


def _parsed(data: bytes, shape: list[tuple[str, int, int]]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv

    names = [str(at) for at in range(len(shape))]
    kinds = {name: types.direct(oid) for name, (_, oid, _) in zip(names, shape, strict=True)}
    if not data:
        return pa.schema(list(kinds.items())).empty_table()
    return pyarrow.csv.read_csv(
        io.BytesIO(data),
        pyarrow.csv.ReadOptions(column_names=names, block_size=max(len(data), 1)),
        pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        pyarrow.csv.ConvertOptions(
            column_types=kinds,
            true_values=["t"],
            false_values=["f"],
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _copy_rows(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    columns = [types.copy_text(table.column(at), field) for at, field in enumerate(table.schema)]
    return pa.Table.from_arrays(columns, names=[str(at) for at in range(len(columns))])
