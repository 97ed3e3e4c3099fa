"""Mage's name for running the pipeline of a global data product."""

from penstock.sdk.triggers import trigger_and_check_status

__all__ = ["trigger_and_check_status"]
