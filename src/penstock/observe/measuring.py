"""Counts what runs tell: a sink of their events, for every run of this process."""

from __future__ import annotations

from penstock.model import events
from penstock.observe.metrics import METRICS, Metrics


class Measure:
    """A sink that counts the events of one run.

    Args:
        metrics: where they are counted.
    """

    def __init__(self, metrics: Metrics = METRICS) -> None:
        self._metrics = metrics
        self._origin = ""

    def __call__(self, event: events.Event) -> None:
        """Count one event."""
        match event:
            case events.RunStarted(origin=origin):
                self._origin = origin
            case events.BlockRetrying():
                self._metrics.count("penstock_block_retries_total")
            case events.BlockEnded():
                self._block_ended(event)
            case events.RunEnded(state=state, seconds=seconds, pipeline=pipeline):
                self._metrics.count("penstock_runs_ended_total", state=state.value, origin=self._origin or "cli")
                self._metrics.count("penstock_pipeline_runs_ended_total", pipeline=pipeline, state=state.value)
                self._metrics.time("penstock_run_seconds", seconds, state=state.value)

    def _block_ended(self, event: events.BlockEnded) -> None:
        self._metrics.count("penstock_block_runs_ended_total", state=event.state.value)
        if event.attempts:
            self._metrics.time("penstock_block_seconds", event.seconds, state=event.state.value)
        if event.cpu_seconds:
            self._metrics.count("penstock_block_cpu_seconds_total", event.cpu_seconds)
        if rows := sum(output.rows or 0 for output in event.outputs):
            self._metrics.count("penstock_rows_written_total", rows)
