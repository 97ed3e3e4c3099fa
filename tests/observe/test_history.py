import os

import pytest

from penstock.observe.history import find_run, latest_run, past_run
from penstock.observe.record import run_folder
from tests.observe.runs import record_run


def test_a_run_is_read_back(tmp_path):
    record_run(tmp_path)
    found = past_run(tmp_path, "flights", "r1")
    assert found is not None
    assert (found.state, found.partition, found.variables["day"]) == ("failed", "2013-01-01", 1)
    assert found.blocks == {"load": "completed", "a/b": "failed"}
    assert find_run(tmp_path, "r1") == found
    assert past_run(tmp_path, "flights", "other") is None
    assert find_run(tmp_path, "other") is None


def test_a_record_that_ends_early_is_a_run_that_still_runs(tmp_path):
    record_run(tmp_path, ends=False)
    found = past_run(tmp_path, "flights", "r1")
    assert found is not None
    assert found.state == "running"


def test_the_latest_run_of_a_window(tmp_path):
    for number, at in enumerate([100.0, 200.0, 300.0]):
        record_run(tmp_path, f"r{number}", at=at)
    record_run(tmp_path, "other", pipeline="weather", at=250.0)
    found = latest_run(tmp_path, "flights", 100.0, 299.0)
    assert found is not None
    assert found.run == "r1"
    assert latest_run(tmp_path, "flights", 301.0, 400.0) is None
    assert latest_run(tmp_path, "nothing", 0.0, 400.0) is None


def test_what_was_written_last_before_the_window_is_not_read(tmp_path):
    record_run(tmp_path, "r1", at=1000.0)
    record = run_folder(tmp_path, "flights", "r1") / "run.jsonl"
    record.write_text('{"event": "RunStarted"}\n')  # to read it would be an error
    os.utime(record, (1005.0, 1005.0))
    assert latest_run(tmp_path, "flights", 2000.0, 3000.0) is None
    with pytest.raises(KeyError):
        latest_run(tmp_path, "flights", 900.0, 3000.0)
