"""Where in its file the statement of a block stands, for messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from penstock.connect.sql.statements import Statement, relined, split, tokens
from penstock.languages.job import Job
from penstock.model.errors import Location, QueryFailedError


def placed(job: Job, text: str, complete: str) -> list[Statement]:
    """The statements of the complete text, each with its line in the block's file, or 0 where that is not known.

    Args:
        job: the block.
        text: its rendered text, before queries of other blocks were put into it.
        complete: the text that runs.
    """
    statements = split(complete)
    # templates may have put lines in or taken them away; queries of other blocks are never statements of their own
    kept = text.count("\n") == job.source.count("\n")
    lines = [each.line for each in (statements if text == complete else split(text))] if kept else []
    if len(lines) != len(statements):
        lines = [0] * len(statements)
    return [replace(each, line=line) for each, line in zip(statements, lines, strict=True)]


@contextmanager
def told_at(job: Job, statement: Statement) -> Iterator[None]:
    """Say of an error in that statement where in the block's file it stands; a `LINE` in it becomes one of the file."""
    try:
        yield
    except QueryFailedError as error:
        if error.location is not None:
            raise
        place = Location(_file(job), statement.line)
        # behind a query that was put into the statement the database counts further than the file has lines
        lead = takewhile(lambda token: token.kind in {"space", "comment"}, tokens(statement.text))
        before = sum(token.text.count("\n") for token in lead)
        message = relined(error.message, statement.line - before - 1) if statement.line else error.message
        raise QueryFailedError(f"{place}: {message}", hint=error.hint, location=place) from None


def _file(job: Job) -> str:
    file, project = Path(job.order.block.file or job.order.block.uuid), Path(job.order.project)
    return str(file.relative_to(project) if file.is_relative_to(project) else file)
