# ruff: noqa: S608 - every name in a statement is quoted or written by the block itself
"""SQL on a database of a profile: upstreams become tables there, the query runs there, the output is read back."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from penstock.connect.sql.names import Target, shortened
from penstock.connect.sql.statements import Statement, is_temporary, last_table
from penstock.connect.sql.system import ROW_CAP, SqlSystem
from penstock.connect.sql.write import WritePlan, hold_for, write_query
from penstock.languages.job import Job
from penstock.languages.sql.naming import default_table
from penstock.languages.sql.places import placed, told_at
from penstock.languages.sql.settings import SqlSettings
from penstock.languages.sql.templating import rendered
from penstock.languages.sql.upstreams import Upstreams
from penstock.languages.templating import Reference
from penstock.model.errors import QueryFailedError

if TYPE_CHECKING:
    import pyarrow as pa

REREAD_ROWS = 1000
"""Rows of a table that raw statements made or filled and that becomes the output."""

_RULE = frozenset({"begin", "start", "commit", "rollback", "end", "abort", "savepoint"})
_ALONE = frozenset({"vacuum", "cluster", "reindex", "checkpoint"})


def run_on(system: SqlSystem, job: Job, settings: SqlSettings) -> pa.Table | None:
    """Run the block on an open connection; its output is the table that it wrote, or the last statement's rows.

    Raises:
        QueryFailedError: the database refuses a statement, or the table exists and the policy is fail.
        TemplateError: the text cannot be rendered.
        ValueRefusedError: the query reads an upstream that is not tabular.
    """
    block = _Block(system, job, settings)
    upstreams = Upstreams(system, job, settings, block.schema)
    references = {token: Reference(partial(upstreams.use, token)) for token in upstreams.tokens}
    text = job.source if settings.verbatim else rendered(job, references)
    statements = placed(job, text, upstreams.complete(text))
    if not statements:
        job.log("warning", "The block holds no SQL statement; it has no output.")
        return None
    if system.shared and not any(_rules(statement) for statement in statements):
        return _undisturbed(block, upstreams, statements)
    upstreams.upload(statements)
    return block.run(statements)


def _undisturbed(block: _Block, upstreams: Upstreams, statements: list[Statement]) -> pa.Table | None:
    """Upload, query and reading back in one transaction, so that no other run changes a table in between.

    Tables of uploads are named after the upstream: blocks beside this one and other runs write them too. An upload
    stays when the query is refused, to be looked at.
    """
    with block.system.transaction():
        uploads = upstreams.uploads()
        if block.wraps(statements):
            hold_for(block.system, block.target(), block.plan(), also=uploads)
        elif uploads:
            block.system.hold(uploads)
        upstreams.upload(statements)
        with block.system.kept() if uploads else nullcontext():
            return block.run(statements)


@dataclass(slots=True)
class _Block:
    system: SqlSystem
    job: Job
    settings: SqlSettings
    schema: str = field(init=False)

    def __post_init__(self) -> None:
        self.schema = self.settings.schema or self.system.default_schema()

    def run(self, statements: list[Statement]) -> pa.Table | None:
        """The output of the block's statements."""
        return self.wrapped(statements) if self.wraps(statements) else self.raw(statements)

    def wraps(self, statements: list[Statement]) -> bool:
        """Whether the rows of the last statement go into the block's table."""
        return not self.settings.raw and not self.settings.verbatim and statements[-1].plain_query

    def plan(self) -> WritePlan:
        """How they go there."""
        return WritePlan(if_exists=self.settings.policy)

    def wrapped(self, statements: list[Statement]) -> pa.Table | None:
        """Write the query's rows into the block's table, by the write policy, and read the table."""
        target = self.target()
        if len(statements) > 1:
            self._all(statements[:-1])
        with told_at(self.job, statements[-1]):
            write_query(self.system, statements[-1].text, target, self.plan())
        return self._read(f"SELECT * FROM {target.sql}")

    def raw(self, statements: list[Statement]) -> pa.Table | None:
        """Run the statements as they are, all or nothing; the last one's rows, or the first of the table it filled."""
        last = statements[-1]
        if last.answers and len(statements) == 1 and last.plain_query:
            with told_at(self.job, last):
                return self._read(last.text)
        found = self._all(statements)
        if found is not None:
            return self._cut(found)
        table = last_table(statements)
        if table:
            # a temporary table is gone after this block, whose output is all that is left of it
            most = ROW_CAP if is_temporary(table, statements) else REREAD_ROWS
            return self._read(f"SELECT * FROM {table}", most)
        return None

    def _all(self, statements: list[Statement]) -> pa.Table | None:
        """The rows of the last statement. One transaction, unless the statements rule theirs or cannot be in one."""
        if any(_alone(statement) for statement in statements):
            return self._each_alone(statements)
        if any(_rules(statement) for statement in statements):
            return self._run(statements)
        with self.system.transaction():
            return self._run(statements)

    def _run(self, statements: list[Statement]) -> pa.Table | None:
        table = None
        for statement in statements:
            with told_at(self.job, statement):
                table = self.system.run(statement.text)
        return table if statements[-1].answers else None

    def _each_alone(self, statements: list[Statement]) -> pa.Table | None:
        table = None
        for statement in statements:
            with told_at(self.job, statement):
                table = self.system.run_alone(statement.text) if _alone(statement) else self.system.run(statement.text)
                self.system.commit()
        return table if statements[-1].answers else None

    def _read(self, query: str, most: int = ROW_CAP) -> pa.Table:
        wanted = self.settings.limit
        answer = self.system.query(query, min(most, ROW_CAP if wanted is None else wanted))
        if answer.cut:
            self._tell_cut(answer.table.num_rows, most)
        return answer.table

    def _cut(self, table: pa.Table) -> pa.Table:
        most = min(ROW_CAP, ROW_CAP if self.settings.limit is None else self.settings.limit)
        if table.num_rows <= most:
            return table
        self._tell_cut(most, ROW_CAP)
        return table.slice(0, most)

    def _tell_cut(self, rows: int, most: int) -> None:
        why = "the limit for reading a query"
        if self.settings.limit is not None and self.settings.limit <= most:
            why = "limit_in_pipeline_run"
        elif most == REREAD_ROWS:
            why = "the last statement answers with none, and a SELECT at the end passes on all that it gives"
        self.job.log(
            "warning", f"The output has only the first {rows:,} rows: {why}. The table in the database has all."
        )

    def target(self) -> Target:
        """The block's table.

        Raises:
            QueryFailedError: its name holds a dot.
        """
        order = self.job.order
        name = self.settings.table
        if name and "." in name and not self.settings.schema:
            raise QueryFailedError(
                f"naming the table of block {order.block.uuid}: {name} holds a dot",
                hint="Put the schema into data_provider_schema.",
            )
        if not name:
            name = default_table(order.pipeline, order.block.uuid, self.job.variables, self.system.name_limit)
            index = self.job.variables.get("dynamic_block_index")
            name = name if index is None else shortened(f"{name}__dynamic_{index}", self.system.name_limit)
        return Target(name, self.schema)


def _alone(statement: Statement) -> bool:
    """Whether it cannot run inside a transaction."""
    words = statement.names
    made = statement.verb in {"create", "drop", "alter"}
    return statement.verb in _ALONE or (
        made and ("concurrently" in words or _second(statement) in (["database"], ["system"]))
    )


def _rules(statement: Statement) -> bool:
    """Whether it begins or ends a transaction by itself."""
    return statement.verb in _RULE or _alone(statement)


def _second(statement: Statement) -> list[str]:
    return [token.identifier for token in statement.tokens[1:2]]
