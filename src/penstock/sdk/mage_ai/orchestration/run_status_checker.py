"""Mage's name for asking how a run went."""

from penstock.sdk.run_status import check_status

__all__ = ["check_status"]
