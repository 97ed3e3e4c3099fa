"""The tables of the state store.

Their names in the database begin with `penstock_`: MAGE_DATABASE_CONNECTION_URL names the database of a Mage
installation, whose own tables stay as they are. A change here needs a revision in `revisions/`; a test compares both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

PREFIX = "penstock_"


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=str)
"""Made once: each row of a block has a few such values."""


def _text_of(value: Any) -> str | None:
    return None if value is None else _ENCODER.encode(value)


def _clean(value: str | None) -> str | None:
    if value is None or (value.isascii() and "\0" not in value):
        return value
    return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


class Json(sa.types.TypeDecorator[Any]):
    """A value as JSON text: the same on every database, and never searched by it."""

    impl = sa.UnicodeText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The text that is stored."""
        del dialect
        return _text_of(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What makes the text; for SQLite, whose own type changes nothing, without what stands around it."""
        return _text_of if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The value of stored text."""
        del dialect
        return None if value is None else json.loads(value)


class Text(sa.types.TypeDecorator[str]):
    """Text that every database takes, whatever a user's code has put into it.

    Args:
        length: characters at most where a database indexes text of a bounded length only (SQL Server); 0: not indexed.
    """

    impl = sa.UnicodeText
    cache_ok = True

    def __init__(self, length: int = 0) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """The type there; what is searched by is compared by code points, as Python does."""
        if self.length and dialect.name == "postgresql":
            return sa.UnicodeText(collation="C")
        if self.length and dialect.name == "mssql":
            return sa.Unicode(self.length, collation="Latin1_General_100_BIN2")
        return sa.UnicodeText()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without halves of characters and zeros, which no database takes; they are shown as escapes."""
        del dialect
        return _clean(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """As that of `Json`."""
        return _clean if dialect.name == "sqlite" else super().bind_processor(dialect)


class Figure(sa.types.TypeDecorator[int]):
    """A number that code of users has a hand in; for one that no database holds, the largest or smallest stands."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """The number within 64 bits."""
        del dialect
        return None if value is None else max(-_MOST, min(value, _MOST))


_MOST = 2**63 - 1
_NAME = Text(255)
_WORD = Text(64)
_PROSE = Text()

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str, *more: Any, **options: Any) -> sa.Column[str]:
    return sa.Column(name, _NAME, *more, nullable=options.pop("nullable", False), **options)


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, _WORD, nullable=False)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _json(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, Json, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _PROSE, nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(create_constraint=False), nullable=False)


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def _partial(name: str, *columns: Any, where: str, unique: bool = False) -> sa.Index:
    # Queries must spell the condition just so, as text: a parameter would keep SQLite from using the index.
    clause = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=clause, postgresql_where=clause, mssql_where=clause)


trigger = sa.Table(
    f"{PREFIX}trigger",
    metadata,
    _number(),
    _key("pipeline"),
    _key("name"),
    _flag("active"),
    _moment("next_due_at"),
    _moment("last_slot"),
    _moment("last_enabled_at"),
    _moment("created_at", nullable=False),
    _moment("updated_at", nullable=False),
    _moment("removed_at"),
    _key("digest"),
    _key("token_hash", nullable=True),
    _text("problem"),
    _json("definition", nullable=False),
    sa.UniqueConstraint("pipeline", "name"),
    sqlite_autoincrement=True,  # a number is never given twice: it stands in addresses that others call
)
_partial("ix_penstock_trigger_due", trigger.c.next_due_at, where="next_due_at IS NOT NULL")
_partial("ix_penstock_trigger_token", trigger.c.token_hash, where="token_hash IS NOT NULL")

backfill = sa.Table(
    f"{PREFIX}backfill",
    metadata,
    _number(),
    _key("pipeline"),
    _key("name"),
    _word("state"),
    _key("block", nullable=True),
    _moment("start"),
    _moment("end"),
    _word("interval_type"),
    _count("interval_units"),
    _count("parallelism"),
    _moment("created_at", nullable=False),
    _moment("started_at"),
    _moment("ended_at"),
    _text("error"),
    _json("variables", nullable=False),
    _json("settings", nullable=False),
    sa.Index("ix_penstock_backfill_created", "created_at", "id"),
    sqlite_autoincrement=True,
)

run = sa.Table(
    f"{PREFIX}run",
    metadata,
    _key("id", primary_key=True),
    _key("pipeline"),
    _word("state"),
    _word("origin"),
    sa.Column("backfill_id", sa.Integer, sa.ForeignKey(f"{PREFIX}backfill.id", ondelete="SET NULL")),
    sa.Column("trigger_id", sa.Integer, sa.ForeignKey(f"{PREFIX}trigger.id", ondelete="SET NULL")),
    _moment("slot"),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    _moment("created_at", nullable=False),
    _moment("due_at", nullable=False),
    _moment("started_at"),
    _moment("ended_at"),
    sa.Column("seconds", sa.Double),
    _moment("execution_date"),
    _moment("interval_start"),
    _moment("interval_end"),
    _moment("sla_at"),
    _flag("sla_missed"),
    _flag("cancel_requested"),
    _key("lease_owner", nullable=True),
    _count("lease_token"),
    _moment("lease_until"),
    _count("blocks_total"),
    _count("blocks_done"),
    _key("retry_of", nullable=True),
    _key("parent_run", nullable=True),
    _key("partition"),
    _key("failed_block", nullable=True),
    _text("what"),
    _text("error"),
    _json("waiting"),
    _json("process"),
    _json("settings", nullable=False),
    _json("options", nullable=False),
    _json("variables", nullable=False),
    _json("event"),
    sa.Index("ix_penstock_run_created", "created_at", "id", "state"),
    sa.Index("ix_penstock_run_pipeline", "pipeline", "created_at", "id"),
    sa.Index("ix_penstock_run_state", "state", "created_at", "id"),
    sa.Index("ix_penstock_run_pipeline_state", "pipeline", "state", "created_at", "id"),
)
_partial("ix_penstock_run_seconds", run.c.seconds, run.c.id, where="seconds IS NOT NULL")
_partial("ix_penstock_run_pipeline_seconds", run.c.pipeline, run.c.seconds, run.c.id, where="seconds IS NOT NULL")
_partial(
    "ix_penstock_run_slot",
    run.c.trigger_id,
    run.c.slot,
    run.c.ordinal,
    where="trigger_id IS NOT NULL AND slot IS NOT NULL",
    unique=True,
)
_partial(
    "ix_penstock_run_ended", run.c.ended_at, run.c.pipeline, run.c.state, run.c.seconds, where="ended_at IS NOT NULL"
)
_partial("ix_penstock_run_pipeline_ended", run.c.pipeline, run.c.ended_at, where="ended_at IS NOT NULL")
_partial("ix_penstock_run_trigger", run.c.trigger_id, run.c.created_at, run.c.id, where="trigger_id IS NOT NULL")
_partial("ix_penstock_run_backfill", run.c.backfill_id, run.c.created_at, run.c.id, where="backfill_id IS NOT NULL")
_partial("ix_penstock_run_parent", run.c.parent_run, where="parent_run IS NOT NULL")
_partial("ix_penstock_run_retry", run.c.retry_of, where="retry_of IS NOT NULL")
_partial(
    "ix_penstock_run_pipeline_queue",
    run.c.pipeline,
    run.c.priority.desc(),
    run.c.due_at,
    run.c.created_at,
    run.c.id,
    where="state = 'initial'",
)
_partial(
    "ix_penstock_run_queue", run.c.priority.desc(), run.c.due_at, run.c.created_at, run.c.id, where="state = 'initial'"
)
_partial("ix_penstock_run_lease", run.c.lease_owner, run.c.lease_until, where="lease_owner IS NOT NULL")

block_run = sa.Table(
    f"{PREFIX}block_run",
    metadata,
    _key("run_id", sa.ForeignKey(f"{PREFIX}run.id", ondelete="CASCADE")),
    _key("block"),
    sa.Column("position", sa.Integer, nullable=False),
    _word("state"),
    sa.Column("attempts", sa.Integer, nullable=False),
    _moment("due_at"),
    _moment("queued_at"),
    _moment("started_at"),
    _moment("ended_at"),
    _key("version", nullable=True),
    sa.Column("rows_in", Figure),
    sa.Column("rows_out", Figure),
    sa.Column("peak_memory", Figure, nullable=False),
    sa.Column("cpu_seconds", sa.Double, nullable=False),
    _json("upstream", nullable=False),
    _json("expansion"),
    _json("waiting"),
    _json("failure"),
    sa.PrimaryKeyConstraint("run_id", "block", mssql_clustered=False),
    sqlite_with_rowid=False,  # the rows of a run lie side by side
)

hold = sa.Table(
    f"{PREFIX}hold",
    metadata,
    _key("key"),
    _key("run_id"),
    _key("block"),
    _count("units"),
    _moment("since", nullable=False),
    sa.PrimaryKeyConstraint("key", "run_id", "block", mssql_clustered=False),
    sa.Index("ix_penstock_hold_run", "run_id", "block"),
)

alert = sa.Table(
    f"{PREFIX}alert",
    metadata,
    _number(),
    _key("incident"),
    _word("kind"),
    _key("pipeline"),
    _key("run_id", nullable=True),
    _moment("created_at", nullable=False),
    _moment("due_at", nullable=False),
    _moment("sent_at"),
    _moment("closed_at"),
    sa.Column("attempts", sa.Integer, nullable=False),
    _text("error"),
    _json("payload", nullable=False),
    sa.Index("ix_penstock_alert_created", "created_at", "id"),
    sqlite_autoincrement=True,
)
_partial("ix_penstock_alert_open", alert.c.incident, where="closed_at IS NULL", unique=True)
_partial("ix_penstock_alert_due", alert.c.due_at, where="sent_at IS NULL")

node = sa.Table(
    f"{PREFIX}node",
    metadata,
    _key("id", primary_key=True),
    _word("kind"),
    _key("host"),
    _count("pid"),
    _moment("started_at", nullable=False),
    _moment("seen_at", nullable=False),
)

meta = sa.Table(
    f"{PREFIX}meta",
    metadata,
    _key("key", primary_key=True),
    _text("value"),
)

sums = sa.Table(
    f"{PREFIX}sums",
    metadata,
    sa.Column("span", sa.Integer, nullable=False),
    sa.Column("since", sa.Integer, nullable=False),
    _text("total"),
    _text("pipelines"),
    _text("failures"),
    sa.PrimaryKeyConstraint("span", "since"),
)
