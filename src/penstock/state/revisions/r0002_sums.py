"""Sums over runs by span of time, which are added up from the runs when they are first asked for.

The list of runs by time also finds their states in its index, which counts them by hour without looking at the runs.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; let an index hold the state too."""
    op.create_table(
        "penstock_sums",
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("total", sa.UnicodeText(), nullable=False),
        sa.Column("pipelines", sa.UnicodeText(), nullable=False),
        sa.Column("failures", sa.UnicodeText(), nullable=False),
        sa.PrimaryKeyConstraint("span", "since", name="pk_penstock_sums"),
    )
    op.drop_index("ix_penstock_run_created", "penstock_run")
    op.create_index("ix_penstock_run_created", "penstock_run", ["created_at", "id", "state"])


def downgrade() -> None:
    """Take both back."""
    op.drop_index("ix_penstock_run_created", "penstock_run")
    op.create_index("ix_penstock_run_created", "penstock_run", ["created_at", "id"])
    op.drop_table("penstock_sums")
