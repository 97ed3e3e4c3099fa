import os

from penstock.observe.retention import old_runs, remove_old_runs
from tests.observe.runs import record_run


def test_only_the_logs_of_old_runs_are_removed(tmp_path):
    old, new = record_run(tmp_path, "old").folder, record_run(tmp_path, "new").folder
    other = record_run(tmp_path, "old", pipeline="weather").folder
    for folder in (old, other):
        os.utime(folder / "run.jsonl", (1000, 1000))
    assert set(old_runs(tmp_path, before=2000)) == {old, other}
    assert remove_old_runs(tmp_path, before=2000, pipeline="flights", dry_run=True) == 1
    assert old.exists()
    assert remove_old_runs(tmp_path, before=2000, pipeline="flights") == 1
    assert not old.exists()
    assert new.exists()
    assert other.exists()
    assert remove_old_runs(tmp_path / "nowhere", before=2000) == 0
