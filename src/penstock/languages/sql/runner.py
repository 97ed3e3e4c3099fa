"""Runs one SQL block on the system that its configuration names."""

from __future__ import annotations

from penstock.languages.job import BlockResult, Job
from penstock.languages.sql.settings import DUCKDB, SqlSettings, read_settings


class SqlRunner:
    """The runner of SQL blocks."""

    def run(self, job: Job) -> BlockResult:
        """Run the block's statements; its one output is the rows of the last, as an Arrow table.

        Raises:
            TemplateError: the text cannot be rendered.
            QueryFailedError: the system refuses a statement.
            PenstockError: the profile, the driver or the connection; see `connect`.
        """
        block = job.order.block
        settings = read_settings(block.configuration, block.uuid)
        files = frozenset({block.file} if block.file else ())
        if not settings.provider or (settings.provider == DUCKDB and not settings.profile):
            from penstock.languages.sql.embedded import run_embedded

            table = run_embedded(job, settings)
        else:
            table = _on_profile(job, settings)
        return BlockResult(outputs=[] if table is None else [table], files=files)


def _on_profile(job: Job, settings: SqlSettings) -> object:
    from penstock.languages.sql.connection import client_of
    from penstock.languages.sql.database import run_on

    client = client_of(job, settings)
    if client is None:
        # a DuckDB profile that names no database means one in memory
        from penstock.languages.sql.embedded import run_embedded

        return run_embedded(job, settings)
    with client:
        return run_on(client.system, job, settings)
