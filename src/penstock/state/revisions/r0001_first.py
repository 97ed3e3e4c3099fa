"""The first revision: triggers, runs and their blocks, backfills, holds, alerts, processes, single values."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.UnicodeText()
NAME = (
    sa.UnicodeText()
    .with_variant(sa.UnicodeText(collation="C"), "postgresql")
    .with_variant(sa.Unicode(255, collation="Latin1_General_100_BIN2"), "mssql")
)
WORD = (
    sa.UnicodeText()
    .with_variant(sa.UnicodeText(collation="C"), "postgresql")
    .with_variant(sa.Unicode(64, collation="Latin1_General_100_BIN2"), "mssql")
)


def upgrade() -> None:
    """Make all tables."""
    _trigger()
    _backfill()
    _run()
    _block_run()
    _hold()
    _alert()
    _node()
    _meta()


def downgrade() -> None:
    """Drop all tables."""
    op.drop_table("penstock_meta")
    op.drop_table("penstock_node")
    op.drop_table("penstock_alert")
    op.drop_table("penstock_hold")
    op.drop_table("penstock_block_run")
    op.drop_table("penstock_run")
    op.drop_table("penstock_backfill")
    op.drop_table("penstock_trigger")


def _trigger() -> None:
    op.create_table(
        "penstock_trigger",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pipeline", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("next_due_at", sa.Double(), nullable=True),
        sa.Column("last_slot", sa.Double(), nullable=True),
        sa.Column("last_enabled_at", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("removed_at", sa.Double(), nullable=True),
        sa.Column("digest", NAME, nullable=False),
        sa.Column("token_hash", NAME, nullable=True),
        sa.Column("problem", TEXT, nullable=False),
        sa.Column("definition", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_penstock_trigger"),
        sa.UniqueConstraint("pipeline", "name", name="uq_penstock_trigger_pipeline_name"),
        sqlite_autoincrement=True,
    )
    _partial("ix_penstock_trigger_due", "penstock_trigger", ["next_due_at"], "next_due_at IS NOT NULL")
    _partial("ix_penstock_trigger_token", "penstock_trigger", ["token_hash"], "token_hash IS NOT NULL")


def _backfill() -> None:
    op.create_table(
        "penstock_backfill",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pipeline", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("block", NAME, nullable=True),
        sa.Column("start", sa.Double(), nullable=True),
        sa.Column("end", sa.Double(), nullable=True),
        sa.Column("interval_type", WORD, nullable=False),
        sa.Column("interval_units", sa.BigInteger(), nullable=False),
        sa.Column("parallelism", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("variables", TEXT, nullable=False),
        sa.Column("settings", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_penstock_backfill"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_penstock_backfill_created", "penstock_backfill", ["created_at", "id"])


def _run() -> None:
    op.create_table(
        "penstock_run",
        sa.Column("id", NAME, nullable=False),
        sa.Column("pipeline", NAME, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("origin", WORD, nullable=False),
        sa.Column("backfill_id", sa.Integer(), nullable=True),
        sa.Column("trigger_id", sa.Integer(), nullable=True),
        sa.Column("slot", sa.Double(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("execution_date", sa.Double(), nullable=True),
        sa.Column("interval_start", sa.Double(), nullable=True),
        sa.Column("interval_end", sa.Double(), nullable=True),
        sa.Column("sla_at", sa.Double(), nullable=True),
        sa.Column("sla_missed", sa.Boolean(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("lease_owner", NAME, nullable=True),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("blocks_total", sa.BigInteger(), nullable=False),
        sa.Column("blocks_done", sa.BigInteger(), nullable=False),
        sa.Column("retry_of", NAME, nullable=True),
        sa.Column("parent_run", NAME, nullable=True),
        sa.Column("partition", NAME, nullable=False),
        sa.Column("failed_block", NAME, nullable=True),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("waiting", TEXT, nullable=True),
        sa.Column("process", TEXT, nullable=True),
        sa.Column("settings", TEXT, nullable=False),
        sa.Column("options", TEXT, nullable=False),
        sa.Column("variables", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["backfill_id"], ["penstock_backfill.id"], name="fk_penstock_run_backfill_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["trigger_id"], ["penstock_trigger.id"], name="fk_penstock_run_trigger_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_penstock_run"),
    )
    _run_indexes()


def _run_indexes() -> None:
    _partial("ix_penstock_run_backfill", "penstock_run", ["backfill_id", "created_at", "id"], "backfill_id IS NOT NULL")
    op.create_index("ix_penstock_run_created", "penstock_run", ["created_at", "id"])
    _partial(
        "ix_penstock_run_ended", "penstock_run", ["ended_at", "pipeline", "state", "seconds"], "ended_at IS NOT NULL"
    )
    _partial("ix_penstock_run_lease", "penstock_run", ["lease_owner", "lease_until"], "lease_owner IS NOT NULL")
    _partial("ix_penstock_run_parent", "penstock_run", ["parent_run"], "parent_run IS NOT NULL")
    op.create_index("ix_penstock_run_pipeline", "penstock_run", ["pipeline", "created_at", "id"])
    _partial(
        "ix_penstock_run_pipeline_queue",
        "penstock_run",
        ["pipeline", sa.text("priority DESC"), "due_at", "created_at", "id"],
        "state = 'initial'",
    )
    _partial("ix_penstock_run_pipeline_seconds", "penstock_run", ["pipeline", "seconds", "id"], "seconds IS NOT NULL")
    op.create_index("ix_penstock_run_pipeline_state", "penstock_run", ["pipeline", "state", "created_at", "id"])
    _partial(
        "ix_penstock_run_queue",
        "penstock_run",
        [sa.text("priority DESC"), "due_at", "created_at", "id"],
        "state = 'initial'",
    )
    _partial("ix_penstock_run_retry", "penstock_run", ["retry_of"], "retry_of IS NOT NULL")
    _partial("ix_penstock_run_seconds", "penstock_run", ["seconds", "id"], "seconds IS NOT NULL")
    _partial(
        "ix_penstock_run_slot",
        "penstock_run",
        ["trigger_id", "slot", "ordinal"],
        "trigger_id IS NOT NULL AND slot IS NOT NULL",
        unique=True,
    )
    op.create_index("ix_penstock_run_state", "penstock_run", ["state", "created_at", "id"])
    _partial("ix_penstock_run_trigger", "penstock_run", ["trigger_id", "created_at", "id"], "trigger_id IS NOT NULL")


def _block_run() -> None:
    op.create_table(
        "penstock_block_run",
        sa.Column("run_id", NAME, nullable=False),
        sa.Column("block", NAME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("queued_at", sa.Double(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("version", NAME, nullable=True),
        sa.Column("rows_in", sa.BigInteger(), nullable=True),
        sa.Column("rows_out", sa.BigInteger(), nullable=True),
        sa.Column("peak_memory", sa.BigInteger(), nullable=False),
        sa.Column("cpu_seconds", sa.Double(), nullable=False),
        sa.Column("upstream", TEXT, nullable=False),
        sa.Column("expansion", TEXT, nullable=True),
        sa.Column("waiting", TEXT, nullable=True),
        sa.Column("failure", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["penstock_run.id"], name="fk_penstock_block_run_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "block", name="pk_penstock_block_run", mssql_clustered=False),
        sqlite_with_rowid=False,
    )


def _hold() -> None:
    op.create_table(
        "penstock_hold",
        sa.Column("key", NAME, nullable=False),
        sa.Column("run_id", NAME, nullable=False),
        sa.Column("block", NAME, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", "run_id", "block", name="pk_penstock_hold", mssql_clustered=False),
    )
    op.create_index("ix_penstock_hold_run", "penstock_hold", ["run_id", "block"])


def _alert() -> None:
    op.create_table(
        "penstock_alert",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", NAME, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("pipeline", NAME, nullable=False),
        sa.Column("run_id", NAME, nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_penstock_alert"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_penstock_alert_created", "penstock_alert", ["created_at", "id"])
    _partial("ix_penstock_alert_due", "penstock_alert", ["due_at"], "sent_at IS NULL")
    _partial("ix_penstock_alert_open", "penstock_alert", ["incident"], "closed_at IS NULL", unique=True)


def _node() -> None:
    op.create_table(
        "penstock_node",
        sa.Column("id", NAME, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("host", NAME, nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_penstock_node"),
    )


def _meta() -> None:
    op.create_table(
        "penstock_meta",
        sa.Column("key", NAME, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_penstock_meta"),
    )


def _partial(name: str, table: str, columns: list[Any], where: str, *, unique: bool = False) -> None:
    clause = sa.text(where)
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=clause, postgresql_where=clause, mssql_where=clause
    )
