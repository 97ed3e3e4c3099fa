"""Mage's name for starting a run of another pipeline."""

from penstock.sdk.triggers import PipelineRun, trigger_pipeline

__all__ = ["PipelineRun", "trigger_pipeline"]
