"""Mage's names for blocks as objects."""

from penstock.sdk.absent import Absent

__all__ = ["Block", "run_blocks", "run_blocks_sync"]

Block = Absent("Block", "Use trigger_pipeline.")
run_blocks = Absent("run_blocks", "Use trigger_pipeline.")
run_blocks_sync = Absent("run_blocks_sync", "Use trigger_pipeline.")
