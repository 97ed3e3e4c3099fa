"""Queries on mutes: what somebody knows of already, and wants to hear no more of until a time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import sqlalchemy as sa

from penstock.state.statements import put
from penstock.state.tables import meta

_PREFIX = "mute:"


@dataclass(frozen=True, slots=True)
class Mute:
    """Failures of a pipeline at a block are not told until a time; without a block, nothing of the pipeline is."""

    pipeline: str
    block: str
    until: float

    def holds(self, pipeline: str, block: str, now: float) -> bool:
        """Whether it is about what went wrong there."""
        return self.pipeline == pipeline and self.block in {"", block} and now < self.until


class Mutes:
    """Mutes, by pipeline and block; one that has expired counts for nothing, and goes with the next change."""

    def all(self, connection: sa.Connection, now: float) -> list[Mute]:
        """Those that hold, the one that ends first first."""
        query = sa.select(meta.c.value).where(meta.c.key.startswith(_PREFIX, autoescape=True))
        found = [Mute(**json.loads(text)) for text in connection.execute(query).scalars()]
        return sorted((one for one in found if now < one.until), key=lambda one: (one.until, one.pipeline, one.block))

    def holding(self, connection: sa.Connection, pipeline: str, block: str, now: float) -> Mute | None:
        """The one that ends last of those that are about what went wrong there."""
        return next((one for one in reversed(self.all(connection, now)) if one.holds(pipeline, block, now)), None)

    def put(self, connection: sa.Connection, mute: Mute, now: float) -> None:
        """Mute from now on, instead of what held for the same before."""
        query = sa.select(meta.c.key, meta.c.value).where(meta.c.key.startswith(_PREFIX, autoescape=True))
        over = [key for key, text in connection.execute(query) if json.loads(text)["until"] <= now]
        if over:
            connection.execute(sa.delete(meta).where(meta.c.key.in_(over)))
        text = json.dumps({"pipeline": mute.pipeline, "block": mute.block, "until": mute.until})
        put(connection, meta, [{"key": _key(mute.pipeline, mute.block), "value": text}])

    def end(self, connection: sa.Connection, pipeline: str, block: str) -> bool:
        """Tell of it again; whether it was muted."""
        return connection.execute(sa.delete(meta).where(meta.c.key == _key(pipeline, block))).rowcount > 0

    def move(self, connection: sa.Connection, before: Mute, pipeline: str, block: str, now: float) -> None:
        """What is muted has another name from now on."""
        self.end(connection, before.pipeline, before.block)
        self.put(connection, Mute(pipeline, block, before.until), now)


def _key(pipeline: str, block: str) -> str:
    # Names may be longer than a key, and hold anything.
    return _PREFIX + hashlib.sha256(json.dumps([pipeline, block]).encode()).hexdigest()[:40]
