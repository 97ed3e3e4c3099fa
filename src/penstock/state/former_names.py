"""The names that pipelines had before: what was put elsewhere under one of them is found by it."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa

from penstock.state.statements import put
from penstock.state.tables import meta

MOST = 50
"""Names that are remembered of a pipeline: the last ones."""
_PREFIX = "former:"


def former_names(connection: sa.Connection, pipeline: str) -> list[str]:
    """The names that a pipeline had, the last one first."""
    found = connection.execute(sa.select(meta.c.value).where(meta.c.key == _key(pipeline))).scalar()
    return [str(name) for name in json.loads(found)] if found is not None else []


def remember(connection: sa.Connection, old: str, new: str) -> None:
    """A pipeline has another name from now on.

    Args:
        connection: of the transaction that renames it.
        old: its name before.
        new: its name now.
    """
    names = [old, *former_names(connection, old), *former_names(connection, new)]
    kept = [name for name in dict.fromkeys(names) if name != new][:MOST]
    put(connection, meta, [{"key": _key(new), "value": json.dumps(kept)}])
    connection.execute(sa.delete(meta).where(meta.c.key == _key(old)))


def _key(pipeline: str) -> str:
    # A name may be longer than a key, and hold anything.
    return _PREFIX + hashlib.sha256(pipeline.encode()).hexdigest()[:40]
