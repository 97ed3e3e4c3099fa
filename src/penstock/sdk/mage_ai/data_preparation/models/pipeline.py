"""Mage's name for pipelines as objects."""

from penstock.sdk.absent import Absent

__all__ = ["Pipeline"]

Pipeline = Absent("Pipeline", "Read the pipeline with `penstock blocks`.")
