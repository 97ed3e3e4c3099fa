# ruff: noqa: FBT001, FBT002, PLR0917 - signatures that block code was written for
"""The client of SQL databases: load a query into a frame, export a frame or a query into a table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.connect.sql.frames import arrow_of, pandas_of
from penstock.connect.sql.names import Target, clean_name
from penstock.connect.sql.statements import split
from penstock.connect.sql.write import IfExists, OnConflict, WritePlan, write_query, write_table
from penstock.model.errors import QueryFailedError
from penstock.sdk.io.base import QUERY_ROW_LIMIT, BaseSQLConnection

if TYPE_CHECKING:
    import pandas as pd

    from penstock.connect.sql.system import SqlSystem


class BaseSQL(BaseSQLConnection):
    """A client over one connection. Loading needs no commit; `export` commits what it wrote or changes nothing."""

    system: SqlSystem

    @abstractmethod
    def default_database(self) -> str | None:
        """The database of the connection."""

    @abstractmethod
    def default_schema(self) -> str | None:
        """The schema of names that give none."""

    @property
    def conn(self) -> Any:
        """The driver's own connection, opened when it was not."""
        return self.system.connection

    def open(self) -> None:
        """Connect. Raises ConnectionFailedError or DriverMissingError."""
        self.system.open()

    def close(self) -> None:
        """Disconnect; what was not committed is undone."""
        self.system.close()

    def commit(self) -> None:
        """Make what `execute` did durable."""
        self.system.commit()

    def rollback(self) -> None:
        """Undo what was not committed."""
        self.system.rollback()

    def load(
        self,
        query_string: str,
        limit: int | None = QUERY_ROW_LIMIT,
        display_query: str | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> pd.DataFrame:
        """The rows of a query as a pandas frame.

        Args:
            query_string: one query.
            limit: the most rows to bring; never more than 10,000,000. More rows than that are cut, and told.
            display_query: what to print instead of the query.
            verbose: whether to print what is loaded.
            kwargs: `params` for the query's placeholders; `coerce_float=False` keeps decimals exact; `index_col`,
                `parse_dates`, `columns` and `dtype` as in `pandas.read_sql`.

        Raises:
            QueryFailedError: the database refuses the query.
        """
        if verbose:
            self.told(f"Loading data: {display_query or query_string}" if display_query else "Loading data")
        most = min(limit if limit is not None else QUERY_ROW_LIMIT, QUERY_ROW_LIMIT)
        answer = self.system.query(_single(query_string), most, kwargs.pop("params", None))
        if answer.cut and (limit is None or limit >= QUERY_ROW_LIMIT):
            self.tell(
                f"The query has more than {QUERY_ROW_LIMIT:,} rows; only the first {QUERY_ROW_LIMIT:,} were loaded."
            )
        frame = pandas_of(answer.table, coerce_float=bool(kwargs.pop("coerce_float", True)))
        return _shaped(frame, kwargs)

    def sample(self, schema: str, table: str, size: int = QUERY_ROW_LIMIT, **kwargs: Any) -> pd.DataFrame:
        """The first rows of a table."""
        return self.load(f"SELECT * FROM {Target(table, schema or '').sql}", limit=size, **kwargs)  # noqa: S608 - quoted

    def execute(self, query_string: str, **query_vars: Any) -> None:
        """Run statements; `query_vars` fill `%(name)s` placeholders. PostgreSQL keeps what they did after `commit`."""
        self.told(f"Executing query '{query_string}'")
        for statement in split(query_string):
            self.system.run(statement.text, query_vars or None)

    def execute_query_raw(self, query: str, **_: Any) -> list[Any]:
        """Run the text as it is and commit; the rows of the last statement that has any, as tuples."""
        rows: list[Any] = []
        for statement in split(query):
            table = self.system.run(statement.text)
            if table is not None:
                rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
        self.system.commit()
        return rows

    def execute_queries(
        self,
        queries: Sequence[str],
        query_variables: Sequence[Mapping[str, Any] | None] | None = None,
        commit: bool = False,
        fetch_query_at_indexes: Sequence[bool | int] | None = None,
    ) -> list[Any]:
        """Run several statements; for each a frame where `fetch_query_at_indexes` says so, else None."""
        results: list[Any] = []
        for at, query in enumerate(queries):
            variables = query_variables[at] if query_variables and at < len(query_variables) else None
            table = self.system.run(query, variables or None)
            wanted = bool(fetch_query_at_indexes and at < len(fetch_query_at_indexes) and fetch_query_at_indexes[at])
            results.append(pandas_of(table) if wanted and table is not None else None)
        if commit:
            self.commit()
        return results

    def fetch_query(self, cursor: Any, query: str) -> pd.DataFrame:
        """The rows of a query; the cursor is not needed."""
        del cursor
        return self.load(query, verbose=False)

    def table_exists(self, schema_name: str | None, table_name: str) -> bool:
        """Whether there is a table or view of that name."""
        return self.system.columns(self._target(schema_name, table_name)) is not None

    def export(
        self,
        df: Any,
        schema_name: str | None = None,
        table_name: str | None = None,
        if_exists: str = IfExists.REPLACE,
        index: bool = False,
        verbose: bool = True,
        allow_reserved_words: bool = False,
        auto_clean_name: bool = True,
        case_sensitive: bool = False,
        cascade_on_drop: bool = False,
        drop_table_on_replace: bool = False,
        overwrite_types: Mapping[str, str] | None = None,
        query_string: str | None = None,
        unique_conflict_method: str | None = None,
        unique_constraints: Sequence[str] | None = None,
        skip_semicolon_at_end: bool = False,  # noqa: ARG002 - statements are sent one by one
        **kwargs: Any,
    ) -> None:
        """Write a frame, or the rows of a query, into a table, in one transaction that it commits.

        Args:
            df: a pandas or polars frame, an Arrow table or a list of dicts; ignored when `query_string` is given.
            schema_name: the table's schema, made when it does not exist.
            table_name: the table.
            if_exists: `replace` (its rows; the table stays as it is), `append` or `fail`.
            index: whether the frame's index becomes columns.
            verbose: whether to print what is exported.
            allow_reserved_words: keep a column name that is a word of SQL; otherwise an underscore goes before it.
            auto_clean_name: make column names that need no quoting.
            case_sensitive: keep capital letters when cleaning.
            cascade_on_drop: drop what depends on a table that is dropped.
            drop_table_on_replace: make the table anew, with the columns and types of the frame.
            overwrite_types: column -> type in the words of the database.
            query_string: a query that the database itself runs.
            unique_conflict_method: `IGNORE` or `UPDATE` for rows whose unique key is there already.
            unique_constraints: columns that make the unique key.
            skip_semicolon_at_end: accepted for compatibility.
            kwargs: `database` for the table's database; anything else is ignored.

        Raises:
            QueryFailedError: as `connect.sql.write.write_table` says; the old table is untouched.
        """
        if not table_name:
            raise QueryFailedError("exporting a frame: table_name is missing", hint="Pass table_name='...'.")
        target = self._target(schema_name, table_name, kwargs.get("database"))
        known = {"case_sensitive": case_sensitive, "allow_reserved_words": allow_reserved_words}

        def named(column: object) -> str:
            return clean_name(column, **known) if auto_clean_name else str(column)

        plan = WritePlan(
            if_exists=_policy(if_exists),
            unique=[named(column) for column in unique_constraints or ()],
            on_conflict=_conflict(unique_conflict_method),
            drop=drop_table_on_replace,
            keep=True,
            cascade=cascade_on_drop,
            types={named(column): str(kind) for column, kind in (overwrite_types or {}).items()},
        )
        if verbose:
            self.told(f"Exporting data to '{target}'")
        if query_string:
            write_query(self.system, _single(query_string), target, plan)
            return
        table = arrow_of(df, index=index)
        names = [named(column) for column in table.column_names]
        self._tell_renamed(table.column_names, names)
        write_table(self.system, table.rename_columns(names), target, plan)

    def _tell_renamed(self, before: Sequence[str], after: Sequence[str]) -> None:
        changed = [f"{old} -> {new}" for old, new in zip(before, after, strict=True) if old.lower() != new.lower()]
        if changed:
            self.tell(
                f"Columns renamed for the table: {', '.join(changed)}. "
                "auto_clean_name=False keeps names, allow_reserved_words=True keeps words of SQL."
            )

    def _target(self, schema: str | None, table: str, database: str | None = None) -> Target:
        return Target(table, schema or self.default_schema() or "", database or "")


def _single(query: str) -> str:
    """The one statement of a query text, without its semicolon."""
    found = split(query)
    if not found:
        raise QueryFailedError("running a query: the text holds no statement", hint="Write a SELECT.")
    if len(found) > 1:
        raise QueryFailedError(
            f"running a query: the text holds {len(found)} statements",
            hint="Load one query at a time, or run the others with execute().",
        )
    return found[0].text


def _policy(value: str) -> IfExists:
    try:
        return IfExists(str(value).lower())
    except ValueError:
        raise QueryFailedError(
            f"exporting a frame: if_exists is {str(value)!r}", hint="Choose append, replace or fail."
        ) from None


def _conflict(value: str | None) -> OnConflict | None:
    if not value:
        return None
    try:
        return OnConflict(str(value).upper())
    except ValueError:
        raise QueryFailedError(
            f"exporting a frame: unique_conflict_method is {str(value)!r}", hint="Choose IGNORE or UPDATE."
        ) from None


def _shaped(frame: pd.DataFrame, options: dict[str, Any]) -> pd.DataFrame:
    """The frame with the options of `pandas.read_sql` applied; an unknown one is refused."""
    import pandas as pd

    for column in options.pop("parse_dates", None) or ():
        frame[column] = pd.to_datetime(frame[column])
    if options.pop("columns", None) is not None:
        raise QueryFailedError(
            "loading a query: columns applies to tables, not to queries", hint="Name them in SELECT."
        )
    dtype = options.pop("dtype", None)
    if dtype is not None:
        frame = frame.astype(dtype)
    index = options.pop("index_col", None)
    if options:
        raise QueryFailedError(f"loading a query: unknown options {', '.join(sorted(options))}")
    return frame.set_index(index) if index is not None else frame
