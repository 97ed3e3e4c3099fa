"""Mage's names for the tables of triggers and runs."""

from penstock.sdk.absent import Absent

__all__ = ["Backfill", "BlockRun", "EventMatcher", "PipelineRun", "PipelineSchedule"]

BlockRun = Absent("BlockRun", "Use check_status and trigger_pipeline.")
Backfill = Absent("Backfill", "Use check_status and trigger_pipeline.")
EventMatcher = Absent("EventMatcher", "Use check_status and trigger_pipeline.")
PipelineRun = Absent("PipelineRun", "Use check_status and trigger_pipeline.")
PipelineSchedule = Absent("PipelineSchedule", "Use check_status and trigger_pipeline.")
