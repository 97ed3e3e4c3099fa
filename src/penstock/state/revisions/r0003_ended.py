"""An index by which the runs of a pipeline are found that have ended since a moment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
_ENDED = "ended_at IS NOT NULL"


def upgrade() -> None:
    """Make it."""
    where = sa.text(_ENDED)
    op.create_index(
        "ix_penstock_run_pipeline_ended",
        "penstock_run",
        ["pipeline", "ended_at"],
        sqlite_where=where,
        postgresql_where=where,
        mssql_where=where,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_penstock_run_pipeline_ended", "penstock_run")
