"""Numbers for Prometheus, read by its own reader."""

from __future__ import annotations

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.model import events
from penstock.model.messages import Failure
from penstock.model.product import OutputSummary
from penstock.model.run import BlockState, RunState
from penstock.observe.measuring import Measure
from penstock.observe.metrics import COUNTER, DECLARED, GAUGE, HISTOGRAM, OTHER, SERIES, Metric, Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


def test_prometheus_reads_what_is_written() -> None:
    metrics = Metrics(
        [
            Metric("c_total", COUNTER, "Counted.", ("who",)),
            Metric("g", GAUGE, "Set."),
            Metric("h", HISTOGRAM, "Timed.", (), (0.1, 1.0)),
        ]
    )
    metrics.count("c_total", who='a "b" \\ \n c')
    metrics.count("c_total", 2.5, who='a "b" \\ \n c')
    metrics.put("g", 1e18)
    for seconds in (0.05, 0.1, 0.5, 7.0):
        metrics.time("h", seconds)
    found = samples(metrics)
    assert found["c_total", (("who", 'a "b" \\ \n c'),)] == 3.5
    assert found["g", ()] == 1e18
    assert [found["h_bucket", (("le", bound),)] for bound in ("0.1", "1", "+Inf")] == [2, 3, 4]
    assert (found["h_sum", ()], found["h_count", ()]) == (7.65, 4)


def test_all_that_is_declared_can_be_read_from_the_start() -> None:
    metrics = Metrics()
    families = {family.name: family for family in text_string_to_metric_families(metrics.text())}
    for metric in DECLARED:
        if not metric.labels:
            assert metric.name.removesuffix("_total") in families
        assert list(metric.bounds) == sorted(set(metric.bounds)), metric.name
        assert (metric.kind == COUNTER) == metric.name.endswith("_total"), metric.name


def test_labels_are_bounded() -> None:
    metrics = Metrics([Metric("c_total", COUNTER, "Counted.", ("pipeline", "state"))])
    for number in range(SERIES + 500):
        metrics.count("c_total", pipeline=f"p{number}", state="failed")
    found = samples(metrics)
    assert len(found) == SERIES + 1
    assert found["c_total", (("pipeline", OTHER), ("state", "failed"))] == 500
    metrics.count("c_total", pipeline="p1", state="failed")
    assert samples(metrics)["c_total", (("pipeline", "p1"), ("state", "failed"))] == 2


def test_a_metric_that_is_not_declared_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Metrics([]).count("unknown_total")


def test_threads_lose_no_count() -> None:
    metrics = Metrics([Metric("c_total", COUNTER, "Counted.")])
    threads = [threading.Thread(target=lambda: [metrics.count("c_total") for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert samples(metrics)["c_total", ()] == 8000


def test_a_run_is_measured() -> None:
    metrics = Metrics()
    measure = Measure(metrics)
    failure = Failure("ValueError", "no")
    measure(events.RunStarted("r", "orders", "_", 0.0, ("a", "b"), origin="schedule"))
    measure(events.BlockRetrying("r", "a", 1, 0.0, failure, 1.0))
    outputs = (OutputSummary("output_0", "dataframe", "arrow", rows=1000), OutputSummary("output_1", "value", "plain"))
    measure(events.BlockEnded("r", "a", BlockState.COMPLETED, 2.0, 2.0, 1, outputs=outputs, cpu_seconds=1.5))
    measure(events.BlockEnded("r", "b", BlockState.UPSTREAM_FAILED, 2.0))
    measure(events.RunEnded("r", "orders", RunState.FAILED, 3.0, 3.0))
    found = samples(metrics)
    assert found["penstock_runs_ended_total", (("origin", "schedule"), ("state", "failed"))] == 1
    assert found["penstock_pipeline_runs_ended_total", (("pipeline", "orders"), ("state", "failed"))] == 1
    assert found["penstock_block_runs_ended_total", (("state", "completed"),)] == 1
    assert found["penstock_block_seconds_count", (("state", "completed"),)] == 1
    assert ("penstock_block_seconds_count", (("state", "upstream_failed"),)) not in found
    assert found["penstock_rows_written_total", ()] == 1000
    assert found["penstock_block_cpu_seconds_total", ()] == 1.5
    assert found["penstock_block_retries_total", ()] == 1
