"""Mage's names for its database, which Penstock does not have."""

from penstock.sdk.absent import Absent

__all__ = ["db_connection"]

db_connection = Absent("db_connection", "Use check_status and trigger_pipeline.")
