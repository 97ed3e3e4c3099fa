"""Mage's names for the tables of triggers and runs: what code is told of a run, and names of what it cannot reach."""

from penstock.sdk.absent import Absent
from penstock.sdk.runs import BlockRun, PipelineRun

__all__ = ["Backfill", "BlockRun", "EventMatcher", "PipelineRun", "PipelineSchedule"]

Backfill = Absent("Backfill", "Use check_status and trigger_pipeline.")
EventMatcher = Absent("EventMatcher", "Use check_status and trigger_pipeline.")
PipelineSchedule = Absent("PipelineSchedule", "Use check_status and trigger_pipeline.")
