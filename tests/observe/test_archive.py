"""Runs are found again quickly, and one that was cut off is told from one that goes on."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

from penstock.model import events
from penstock.model.run import BlockState, RunState
from penstock.observe import archive as archive_module
from penstock.observe.archive import RunArchive
from penstock.observe.record import RunRecorder, run_folder
from tests.observe.runs import record_run


def finished(root, run, *, pipeline="flights", state=RunState.COMPLETED, at=1000.0, error="", origin="studio"):
    recorder = RunRecorder(root, pipeline, run)
    recorder(events.RunStarted(run, pipeline, "_", at, ("load", "save"), {}, origin, "all"))
    recorder(events.BlockEnded(run, "load", BlockState.COMPLETED, at + 1))
    recorder(
        events.RunEnded(run, pipeline, state, at + 2, 2.0, done=1, failed_block="save" if error else None, error=error)
    )
    recorder.close()


@contextmanager
def looking():
    """What this process opens and lists meanwhile."""
    looks = []
    _HEARING.append(looks)
    try:
        yield looks
    finally:
        _HEARING.remove(looks)


_HEARING = []


def _hear(event, given):
    if _HEARING and event in {"open", "os.listdir", "os.scandir"}:
        for looks in _HEARING:
            looks.append((event, str(given[0])))


sys.addaudithook(_hear)


def _settle(folder):
    """Nothing has happened in it for a while."""
    os.utime(folder, (1_000_000_000, 1_000_000_000))


def test_what_a_list_shows(tmp_path):
    finished(tmp_path, "20260101-000000-a", error="no such day", state=RunState.FAILED)
    (head,), following = RunArchive(tmp_path).page()
    assert following is None
    assert (head.run, head.pipeline, head.state) == ("20260101-000000-a", "flights", "failed")
    assert (head.blocks, head.done, head.failed_block, head.error) == (("load", "save"), 1, "save", "no such day")
    assert (head.started, head.ended, head.origin, head.what) == (1000.0, 1002.0, "studio", "all")


def test_a_record_that_is_none_of_ours_hides_no_other(tmp_path):
    finished(tmp_path, "20260101-000000-a")
    odd = ('{"event": "RunStarted"}', '{"event": "RunStarted", "pipeline": "flights", "at": [], "blocks": 5}')
    begun = '{"event": "RunStarted", "pipeline": "flights", "at": 1.0, "blocks": []}\n'
    for number, text in enumerate((*odd, begun + '{"event": "BlockEnded"}', begun + '{"event": "RunEnded"}')):
        folder = run_folder(tmp_path, "flights", f"20260101-000001-{number}")
        folder.mkdir()
        (folder / "run.jsonl").write_text(f"{text}\n")
    assert [head.run for head in RunArchive(tmp_path).page()[0]] == ["20260101-000000-a"]


def test_newest_first_filtered_and_in_pages(tmp_path):
    for number in range(7):
        finished(tmp_path, f"2026-{number}", pipeline="a" if number % 2 else "b/c")
    finished(tmp_path, "2026-9", state=RunState.FAILED, error="Disk is full")
    archive = RunArchive(tmp_path)
    first, before = archive.page(limit=3)
    second, _ = archive.page(limit=3, before=before)
    assert [head.run for head in (*first, *second)] == ["2026-9", "2026-6", "2026-5", "2026-4", "2026-3", "2026-2"]
    assert [head.run for head in archive.page(pipeline="b/c")[0]] == ["2026-6", "2026-4", "2026-2", "2026-0"]
    assert [head.run for head in archive.page(state="failed, cancelled")[0]] == ["2026-9"]
    assert [head.run for head in archive.page(text="disk IS")[0]] == ["2026-9"]
    assert archive.find("2026-4").pipeline == "b/c"
    assert archive.find("none") is None


def test_pipelines_with_names_too_long_for_a_folder(tmp_path):
    name = "sales/" + "x" * 300
    finished(tmp_path, "r1", pipeline=name)
    archive = RunArchive(tmp_path)
    assert [head.pipeline for head in archive.page()[0]] == [name]
    assert archive.find("r1").pipeline == name
    assert [head.run for head in RunArchive(tmp_path).page(pipeline=name)[0]] == ["r1"]


def test_runs_follow_a_pipeline_that_is_renamed(tmp_path):
    finished(tmp_path, "r1", pipeline="before")
    archive = RunArchive(tmp_path)
    assert archive.find("r1").pipeline == "before"
    assert [head.pipeline for head in archive.page()[0]] == ["before"]
    (tmp_path / "pipelines" / "before").rename(tmp_path / "pipelines" / "after")
    head = archive.find("r1")
    assert head.pipeline == "after"
    assert archive.events(head)
    assert [head.pipeline for head in archive.page()[0]] == ["after"]
    assert archive.page(pipeline="before")[0] == []


def test_a_run_that_is_retried_goes_on_in_its_record(tmp_path):
    record_run(tmp_path)
    os.utime(tmp_path / "pipelines" / "flights" / ".logs", (1000, 1000))  # long ago: what is read now is kept
    archive = RunArchive(tmp_path)
    assert [head.state for head in archive.recent("flights", 5)] == ["failed"]
    assert archive.head("flights", "r1").ended == 1005.0

    recorder = RunRecorder(tmp_path, "flights", "r1")
    recorder(events.RunStarted("r1", "flights", "2013-01-01", 2000.0, ("load", "a/b"), {}))
    under_way = archive.head("flights", "r1")
    assert (under_way.state, under_way.done, under_way.failed_block, under_way.ended) == ("running", 1, None, None)
    assert [head.state for head in archive.recent("flights", 5)] == ["running"]
    recorder(events.BlockEnded("r1", "a/b", BlockState.COMPLETED, 2001.0, 1.0, 1))
    assert archive.head("flights", "r1").done == 2
    recorder(events.RunEnded("r1", "flights", RunState.COMPLETED, 2002.0, 2.0, done=2))
    recorder.close()
    again = archive.head("flights", "r1")
    assert (again.state, again.ended, again.failed_block, again.error) == ("completed", 2002.0, None, "")
    assert [head.state for head in archive.recent("flights", 5)] == ["completed"]


def test_a_retried_run_that_was_killed_is_interrupted(tmp_path):
    record_run(tmp_path)
    code = (
        "import os, sys; from pathlib import Path; from penstock.model import events\n"
        "from penstock.observe.record import RunRecorder; recorder = RunRecorder(Path(sys.argv[1]), 'flights', 'r1')\n"
        "recorder(events.RunStarted('r1', 'flights', '_', 2000.0, ('load', 'a/b'), {})); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert RunArchive(tmp_path).find("r1").state == "interrupted"


def test_a_run_that_begins_later_is_seen(tmp_path):
    archive = RunArchive(tmp_path)
    for number in range(3):
        finished(tmp_path, f"r{number}")
        assert len(archive.page()[0]) == number + 1


def test_the_last_runs_of_many_pipelines_cost_little(tmp_path):
    for number in range(5):
        finished(tmp_path, f"r{number}", pipeline="flights")
    archive = RunArchive(tmp_path)
    assert [head.run for head in archive.recent("flights", 3)] == ["r2", "r3", "r4"]
    assert archive.recent("never run", 3) == []
    finished(tmp_path, "r9", pipeline="flights")
    assert [head.run for head in archive.recent("flights", 3)] == ["r3", "r4", "r9"]
    _settle(tmp_path / "pipelines" / "flights" / ".logs")
    archive.recent("flights", 30)
    with looking() as looks:
        for _ in range(1000):
            archive.recent("flights", 30)
    assert looks == []


def test_no_more_runs_are_remembered_than_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_module, "KEPT", 3)
    for number in range(8):
        finished(tmp_path, f"r{number}")
    archive = RunArchive(tmp_path)
    for _ in range(2):
        assert [head.run for head in archive.page()[0]] == [f"r{number}" for number in range(7, -1, -1)]
    assert len(archive._heads) == len(archive._places) == 3
    assert archive.find("r7").state == "completed"


def test_a_run_of_this_process_goes_on(tmp_path):
    record_run(tmp_path, ends=False)
    (head,), _ = RunArchive(tmp_path).page()
    assert (head.state, head.done, head.failed_block, head.error) == ("running", 1, "a/b", "ValueError: no such day")


def test_a_run_whose_process_was_killed_is_interrupted(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from tests.observe.runs import record_run\n"
        "record_run(Path(sys.argv[1]), ends=False); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False, env={**os.environ, "PYTHONPATH": "."})
    head = RunArchive(tmp_path).find("r1")
    assert head.state == "interrupted"
    assert head.ended is not None
    assert "ended before the run did" in head.error


def test_a_record_of_a_reused_process_number_is_interrupted(tmp_path):
    record_run(tmp_path, ends=False)
    record = run_folder(tmp_path, "flights", "r1") / "run.jsonl"
    first, *rest = record.read_text().splitlines()
    entry = json.loads(first)
    entry["process"]["started"] = "1"
    record.write_text("\n".join([json.dumps(entry), *rest]) + "\n")
    assert RunArchive(tmp_path).find("r1").state == "interrupted"


def test_records_of_before_the_last_line_told_how_it_went(tmp_path):
    record_run(tmp_path)
    record = run_folder(tmp_path, "flights", "r1") / "run.jsonl"
    lines = record.read_text().splitlines()
    entry = json.loads(lines[-1])
    for key in ("done", "failed_block", "error"):
        del entry[key]
    record.write_text("\n".join([*lines[:-1], json.dumps(entry)]) + "\n")
    head = RunArchive(tmp_path).find("r1")
    assert (head.state, head.done, head.failed_block, head.error) == ("failed", 1, "a/b", "ValueError: no such day")


def test_damaged_records_are_left_out(tmp_path):
    finished(tmp_path, "good")
    for name, content in (("empty", b""), ("binary", b"\xff\x00{"), ("other", b'{"event": "RunEnded"}\n')):
        folder = run_folder(tmp_path, "flights", name)
        folder.mkdir(parents=True)
        (folder / "run.jsonl").write_bytes(content)
    (run_folder(tmp_path, "flights", "no record")).mkdir()
    assert [head.run for head in RunArchive(tmp_path).page()[0]] == ["good"]


def test_thousands_of_runs_are_listed_at_once(tmp_path):
    finished(tmp_path, "r00000")
    source = run_folder(tmp_path, "flights", "r00000") / "run.jsonl"
    for number in range(1, 3000):
        folder = run_folder(tmp_path, "flights", f"r{number:05}")
        folder.mkdir()
        os.link(source, folder / "run.jsonl")
    _settle(run_folder(tmp_path, "flights", "r00000").parent)
    archive = RunArchive(tmp_path)
    with looking() as looks:
        assert len(archive.page(limit=50)[0]) == 50
    assert len(looks) < 60
    assert archive.page(state="failed")[0] == []
    with looking() as looks:
        assert archive.page(state="failed")[0] == []
    assert len(looks) < 5
