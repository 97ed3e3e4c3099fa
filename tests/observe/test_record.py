import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model import events
from penstock.model.errors import StorageError
from penstock.model.messages import Failure, Frame
from penstock.model.run import BlockState, RunState
from penstock.observe import record
from penstock.observe.archive import RunArchive
from penstock.observe.logs import read_logs
from penstock.observe.record import (
    RUN_LOG,
    RUN_RECORD,
    RotatingFile,
    RunRecorder,
    printed_lines,
    read_record,
    record_refusal,
    record_stop,
    run_folder,
)
from tests.observe.runs import record_run


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


@given(st.lists(st.text(alphabet='anu0",\\{}[]:é\u2028\x00 ', max_size=12), max_size=8), st.text(max_size=6))
def test_printed_lines_are_the_json_of_each(texts, block):
    text = "".join(f"{item}\n" for item in texts)
    found = [json.loads(line) for line in printed_lines(1.5, text, block, "stderr").decode().split("\n")[:-1]]
    wanted = [line for line in text.splitlines() if line]
    assert [entry["message"] for entry in found] == wanted
    for entry in found:
        rest = {key: value for key, value in entry.items() if key != "message"}
        assert rest == {"at": "1970-01-01T00:00:01.500+00:00", "level": "ERROR", "block": block, "stream": "stderr"}


def test_a_sensor_says_one_line_for_each_question(tmp_path):
    recorder = RunRecorder(tmp_path, "p", "r")
    for at in (1.0, 2.0, 3.0):
        recorder(events.BlockStarted("r", "wait", 1, at))
        if at < 3.0:
            recorder(events.BlockLogged("r", "wait", "INFO", "not yet; asked again in 1 s", at))
            recorder(events.BlockWaiting("r", "wait", at + 1, at))
    recorder(events.BlockStarted("r", "other", 1, 3.0))
    recorder(events.BlockStarted("r", "wait", 2, 4.0))
    recorder.close()
    told = [line.text for line in read_logs(recorder.folder, limit=100).lines]
    assert told == [
        "wait: started",
        "not yet; asked again in 1 s",
        "not yet; asked again in 1 s",
        "other: started",
        "wait: started, attempt 2",
    ]


def test_the_last_output_of_a_block_that_was_killed_stands_once_in_its_log_beside_why_it_ended(tmp_path):
    recorder = RunRecorder(tmp_path, "p", "r")
    recorder(events.BlockPrinted("r", "load", "stdout", "last words\n", 1.0))
    killed = Failure("killed", "the block's process was ended by SIGKILL", traceback="last words")
    recorder(events.BlockEnded("r", "load", BlockState.FAILED, 2.0, 1.0, 1, failure=killed))
    trace = "Traceback (most recent call last):\nKeyboardInterrupt"
    stopped = Failure(
        "interrupted", "the block was interrupted", frames=(Frame("a.py", 1, "f", "", own=True),), traceback=trace
    )
    recorder(events.BlockEnded("r", "other", BlockState.CANCELLED, 3.0, 1.0, 1, failure=stopped))
    recorder.close()
    assert [line["message"] for line in lines(recorder.folder / "load.log")] == ["last words", killed.message]
    assert [line["message"] for line in lines(recorder.folder / "other.log")] == [trace]


def test_a_block_has_a_log_of_its_own_in_json_lines(tmp_path):
    folder = record_run(tmp_path).folder
    log = lines(folder / "load.log")
    assert [(entry["level"], entry["message"]) for entry in log] == [
        ("INFO", "one"),
        ("INFO", "two"),
        ("WARNING", "café"),
    ]
    assert log[0]["at"] == "1970-01-01T00:16:41.000+00:00"
    assert log[0]["stream"] == "stdout"
    failed = lines(folder / "a%2fb.log")
    assert failed[0]["level"] == "ERROR"
    assert failed[0]["message"].endswith("ValueError: no such day")


def test_the_record_holds_the_run_and_survives_a_last_line_cut_by_a_kill(tmp_path):
    folder = record_run(tmp_path).folder
    entries = read_record(tmp_path, "flights", "r1")
    assert [entry["event"] for entry in entries] == [
        "RunStarted",
        "BlockStarted",
        "BlockEnded",
        "BlockEnded",
        "RunEnded",
    ]
    assert entries[0]["variables"] == {"day": 1, "city": "Zürich"}
    whole = (folder / "run.jsonl").read_bytes()
    (folder / "run.jsonl").write_bytes(whole[:-20])
    assert [entry["event"] for entry in read_record(tmp_path, "flights", "r1")][-1] == "BlockEnded"


def test_what_is_written_is_there_before_the_file_is_closed(tmp_path):
    recorder = RunRecorder(tmp_path, "p", "r")
    recorder(events.BlockPrinted("r", "b", "stderr", "last words", 1.0))
    assert lines(recorder.folder / "b.log")[0]["level"] == "ERROR"
    recorder.close()


def test_text_that_is_no_unicode_is_kept_readable(tmp_path):
    recorder = RunRecorder(tmp_path, "p", "r")
    recorder(events.BlockLogged("r", "b", "INFO", "lone \udcff surrogate", 1.0))
    recorder.close()
    assert "lone" in (recorder.folder / "b.log").read_text()


def test_a_log_is_continued_in_a_fresh_file_and_ten_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "ROTATE_BYTES", 100)
    file = RotatingFile(tmp_path / "b.log")
    for number in range(60):
        file.write(f"line {number:04d} {'x' * 39}\n".encode())
    file.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == record.KEPT_FILES
    assert "line 0059" in (tmp_path / "b.log").read_text()
    assert "line 0057" in (tmp_path / "b.log.1").read_text()


@pytest.mark.parametrize("name", ["a/b", "..", "../../x", "ž" * 300, "nul\0", "x" * 1000, "con trol\n", "Con"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    recorder = record_run(tmp_path / "logs", name, pipeline=name)
    assert recorder.folder.resolve().is_relative_to(tmp_path / "logs")
    assert not recorder.failed
    assert read_record(tmp_path / "logs", name, name)[0]["pipeline"] == name
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "pipelines").write_text("a file")
    with pytest.raises(StorageError, match="making the log folder"):
        RunRecorder(tmp_path, "p", "r")


def test_a_disk_that_fills_up_ends_no_run(tmp_path):
    recorder = RunRecorder(tmp_path, "p", "r")
    (recorder.folder / "b.log").symlink_to("/dev/full")
    recorder(events.BlockLogged("r", "b", "INFO", "x", 1.0))
    assert "No space left" in recorder.failed
    assert run_folder(tmp_path, "p", "r") == recorder.folder


def test_the_log_of_a_block_that_has_ended_is_closed(tmp_path):
    recorder = RunRecorder(tmp_path, "flights", "r1")
    for number in range(50):
        block = f"b{number}"
        recorder(events.BlockPrinted("r1", block, "stdout", "one\n", 1.0))
        recorder(events.BlockEnded("r1", block, BlockState.COMPLETED, 2.0))
        recorder(events.BlockPrinted("r1", block, "stdout", "late\n", 3.0))
        recorder(events.BlockEnded("r1", block, BlockState.COMPLETED, 4.0))
        assert (recorder.folder / f"{block}.log").read_text().count("\n") == 2
    assert len(recorder._files) == 2  # the record and the run's own log
    recorder.close()


def test_a_run_says_how_it_began_and_ended(tmp_path):
    record_run(tmp_path)
    said = lines(run_folder(tmp_path, "flights", "r1") / RUN_LOG)
    assert [(line["level"], line["message"]) for line in said] == [
        ("INFO", "run started: 2 blocks"),
        ("INFO", "load: started"),
        ("INFO", "load: completed after 3.0 s"),
        ("ERROR", "a/b: failed after 1.0 s: ValueError: no such day"),
        ("ERROR", "run failed after 5.0 s"),
    ]


def test_a_run_that_could_not_begin_has_a_record_and_a_line(tmp_path):
    record_refusal(tmp_path, "flights", "r1", 1000.0, "reading pipeline flights: it has gone", origin="schedule")
    page = read_logs(run_folder(tmp_path, "flights", "r1"))
    assert [line.text for line in page.lines] == [
        "run started: 0 blocks, started by the clock",
        "run failed after 0 ms: reading pipeline flights: it has gone",
    ]
    head = RunArchive(tmp_path).find("r1")
    assert head is not None
    assert (head.state, head.error) == ("failed", "reading pipeline flights: it has gone")


def test_a_run_that_was_stopped_for_a_mistake_of_ours_tells_where_it_was(tmp_path):
    recorder = record_run(tmp_path)
    record_stop(tmp_path, "flights", "r1", 2000.0, "internal error in run r1", "Traceback: here", 12.0)
    said = [(line["level"], line["message"]) for line in lines(recorder.folder / RUN_LOG)][-2:]
    assert said == [("ERROR", "Traceback: here"), ("ERROR", "run failed after 12.0 s: internal error in run r1")]
    head = RunArchive(tmp_path).find("r1")
    assert head is not None
    assert (head.state, head.error) == ("failed", "internal error in run r1")
    record_stop(tmp_path, "flights", "r2", 2000.0, "internal error in run r2", "Traceback: here")
    assert not (
        run_folder(tmp_path, "flights", "r2") / RUN_RECORD
    ).exists()  # it never began: whoever tells of that writes its record


def test_a_block_may_be_called_like_the_log_of_the_run(tmp_path):
    recorder = RunRecorder(tmp_path, "flights", "r1")
    for block in ("run", "%run", "pipeline", "Run"):
        recorder(events.BlockPrinted("r1", block, "stdout", f"{block} speaks\n", 1.0))
    recorder(events.RunEnded("r1", "flights", RunState.COMPLETED, 2.0, 1.0))
    recorder.close()
    texts = [line.text for line in read_logs(recorder.folder).lines]
    assert sorted(texts) == ["%run speaks", "Run speaks", "pipeline speaks", "run completed after 1.0 s", "run speaks"]


def test_less_severe_records_are_left_out_and_printed_lines_never(tmp_path):
    recorder = RunRecorder(tmp_path, "flights", "r1", level="warning")
    for level in ("DEBUG", "INFO", "WARNING", "ERROR", "OWN"):
        recorder(events.BlockLogged("r1", "load", level, f"logged {level}", 1.0))
    recorder(events.BlockPrinted("r1", "load", "stdout", "printed\n", 2.0))
    recorder.close()
    said = [line["message"] for line in lines(recorder.folder / "load.log")]
    assert said == ["logged WARNING", "logged ERROR", "logged OWN", "printed"]


def test_only_what_went_wrong_is_an_error_in_the_log_of_the_run(tmp_path):
    recorder = RunRecorder(tmp_path, "p", "r")
    ends = {
        "condition": BlockState.CONDITION_FAILED,
        "withdrawn": BlockState.CANCELLED,
        "ValueError": BlockState.FAILED,
    }
    for kind, ended in ends.items():
        recorder(events.BlockEnded("r", kind, ended, 1.0, failure=Failure(kind, "said so")))
    for run in (RunState.COMPLETED, RunState.CANCELLED, RunState.FAILED):
        recorder(events.RunEnded("r", "p", run, 2.0, 1.0))
    recorder.close()
    levels = [entry["level"] for entry in lines(recorder.folder / RUN_LOG)]
    assert levels == ["INFO", "WARNING", "ERROR", "INFO", "WARNING", "ERROR"]
