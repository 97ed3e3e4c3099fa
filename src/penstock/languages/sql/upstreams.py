"""Upstream outputs in the database of a SQL block: used where they are, inlined, or uploaded as tables."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.connect.sql.names import Target, shortened
from penstock.connect.sql.statements import Statement, is_temporary, split
from penstock.connect.sql.system import SqlSystem
from penstock.connect.sql.write import IfExists, WritePlan, write_table
from penstock.languages.job import Input, Job
from penstock.languages.sql.connection import upstream_system
from penstock.languages.sql.inlining import Inlined, with_queries
from penstock.languages.sql.naming import default_table, fitted_names, identifier, written
from penstock.languages.sql.settings import SqlSettings, read_settings
from penstock.languages.sql.tables import table_of
from penstock.languages.sql.templating import rendered
from penstock.languages.templating import Reference
from penstock.model.block import EXTENSIONS, FOLDERS, BlockType, Language
from penstock.model.errors import FileInvalidError, PenstockError
from penstock.project.text_file import read_text

if TYPE_CHECKING:
    import pyarrow as pa

_NEEDS_TABLE = re.compile(r"\b(?:drop|view|alter|update|delete|truncate|merge|index|macro)\b", re.IGNORECASE)
"""Words of statements that may need an upstream as a table of its own, in blocks that run their text as it is."""

_TOKENS = re.compile(r"\bdf_\d+\b")


class Upstreams:
    """What `df_1`, `df_2`, ... become in a query on a database.

    Args:
        system: the open connection.
        job: the block.
        settings: its configuration.
        schema: where uploaded tables go.
    """

    def __init__(self, system: SqlSystem, job: Job, settings: SqlSettings, schema: str) -> None:
        self.tokens = {f"df_{at}": entry for at, entry in enumerate(job.inputs, start=1)}
        self._system = system
        self._job = job
        self._settings = settings
        self._schema = schema
        self._texts: dict[str, str] = {}
        self._uploads: dict[str, Target] = {}
        self._shown: dict[str, str] = {}
        self._queries: dict[str, Inlined] = {}

    def use(self, token: str) -> str:
        """What stands for that upstream in the query, before `complete`; an upload happens later, in `upload`."""
        if token not in self._texts:
            entry = self.tokens[token]
            there = self._there(token, entry)
            if there:
                self._texts[token] = there
            elif self._can_show(entry):
                self._shown[token] = f"_penstock_{token}"
                self._texts[token] = self._shown[token]
            else:
                self._uploads[token] = self._target(entry)
                self._texts[token] = written(self._uploads[token])
        return self._texts[token]

    def complete(self, text: str) -> str:
        """The rendered text with the queries of upstreams in their places."""
        return with_queries(text, self._queries)

    def uploads(self) -> list[Target]:
        """The tables that `upload` is going to write."""
        return list(self._uploads.values())

    def upload(self, statements: list[Statement]) -> None:
        """Make the upstreams readable that the query uses and that are not in the database: shown or uploaded."""
        for token, name in self._shown.items():
            self._system.show(name, self._fitted(token, "it", statements))
        for token, target in self._uploads.items():
            table = self._fitted(token, str(target), statements)
            self._job.log("info", f"Uploading {table.num_rows:,} rows of {self.tokens[token].block} to {target}.")
            write_table(self._system, table, target, WritePlan(if_exists=IfExists.REPLACE))

    def _fitted(self, token: str, place: str, statements: list[Statement]) -> pa.Table:
        """The upstream's table, with the column names that the query uses for them."""
        entry = self.tokens[token]
        table = table_of(entry, token)
        renamed = fitted_names(table.column_names, statements, folds=self._system.case_folds)
        if not renamed:
            return table
        told = ", ".join(f"{old} as {new}" for old, new in renamed.items())
        self._job.log("info", f"The query calls columns of {entry.block} otherwise; {place} has {told}.")
        return table.rename_columns([renamed.get(column, column) for column in table.column_names])

    def _can_show(self, entry: Input) -> bool:
        """Whether the query can read the frame where it lies: nobody has named a table for it, and it is only read."""
        named = self._settings.unique_upstream or self._settings.upstream_tables.get(entry.block)
        only_read = not (self._settings.raw and _NEEDS_TABLE.search(self._job.source))
        return self._system.shows_frames and not named and only_read

    def _there(self, token: str, entry: Input) -> str:
        """How the query reaches an upstream that worked on this very database: its table or its query; else empty."""
        if entry.language != Language.SQL or entry.type == BlockType.SENSOR or entry.partial:
            return ""
        theirs = read_settings(entry.configuration, entry.block)
        place = upstream_system(self._job, self._settings, self._system, theirs)
        if place is None:
            return ""
        source = _source(self._job, entry)
        if not theirs.raw and not theirs.verbatim and self._is_query(source):
            return self._written_table(entry, theirs, place.default_schema())
        # names without a schema mean something else where the default one is another
        alike = place.default_schema() == self._system.default_schema()
        return self._raw_result(token, entry, source) if source and alike else ""

    def _is_query(self, source: str) -> bool:
        """Whether the rows of that block's last statement went into the block's table, as far as can be told.

        Where they did not, a table of that name is one that an upload has left.
        """
        if "block_output" in source:  # an expression over what only that block has
            return True
        stubs = {token: Reference(partial(str, token)) for token in _TOKENS.findall(source)}
        try:
            statements = split(rendered(_quiet(self._job, source), stubs))
        except PenstockError:  # it may have been rendered with other variables
            return True
        return not statements or statements[-1].plain_query

    def _written_table(self, entry: Input, theirs: SqlSettings, default_schema: str) -> str:
        limit = self._system.name_limit
        name = theirs.table or default_table(self._job.order.pipeline, entry.block, self._job.variables, limit)
        # the schema is where that block wrote: a table of this name in another one is an upload of an earlier run
        target = Target(name, theirs.schema or default_schema)
        # the block may have run on other settings; then its stored output is what counts
        return written(target) if self._system.readable(target) else ""

    def _raw_result(self, token: str, entry: Input, source: str) -> str:
        """What stands for an upstream's own SELECT, or its table's name; empty when it reads its own upstreams."""
        if "df_" in source or "block_output" in source:
            return ""
        text = rendered(_quiet(self._job, source), {})
        statements = split(text)
        if len(statements) == 1 and statements[0].plain_query:
            place = f"_penstock_query_{token}_"
            self._queries[place] = Inlined(statements[0].text, identifier(self._target(entry).table))
            return place
        table = statements[-1].table if statements and not statements[-1].answers else ""
        # a temporary one has gone with the connection of that block
        return "" if table and is_temporary(table, statements) else table

    def _target(self, entry: Input) -> Target:
        limit = self._system.name_limit
        name = self._settings.upstream_tables.get(entry.block)
        schema = self._schema
        if not name:
            name = default_table(self._job.order.pipeline, entry.block, self._job.variables, limit)
        elif "." in name:
            schema, _dot, name = name.rpartition(".")
        index = self._job.variables.get("dynamic_block_index")
        if entry.partial and index is not None:  # each child uploads what it reads, at the same time as the others
            name = f"{name}__dynamic_{index}"
        if self._settings.unique_upstream:
            name = shortened(f"{name}_{time.time_ns() // 1_000_000}", limit)
        return Target(shortened(name, limit), schema)


def _source(job: Job, entry: Input) -> str:
    """The SQL of an upstream block, from its file; empty when it has none that can be found."""
    own = entry.configuration.get("file_source") or {}
    path = own.get("path") if isinstance(own, dict) else None
    path = path or entry.configuration.get("file_path")
    if not path:
        folder = FOLDERS.get(BlockType(entry.type)) if entry.type in set(BlockType) else None
        if folder is None:
            return ""
        path = f"{folder}/{entry.block}.{EXTENSIONS[Language.SQL]}"
    try:
        return read_text(Path(job.order.project) / str(path)).text
    except FileInvalidError:
        return ""


def _quiet(job: Job, source: str) -> Job:
    """The job with another text, for rendering an upstream's query with the same variables."""
    return Job(
        order=job.order,
        source=source,
        inputs=[],
        variables=job.variables,
        context=job.context,
        log=lambda _level, _text: None,
        ask=job.ask,
    )
