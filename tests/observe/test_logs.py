"""Logs are read a page at a time, to and fro, while they are written and rotated."""

import resource

import pytest

from penstock.model import events
from penstock.observe import record
from penstock.observe.logs import LogFiles, read_logs
from penstock.observe.record import RunRecorder, log_line


@pytest.fixture
def recorder(tmp_path):
    made = RunRecorder(tmp_path, "flights", "r1")
    yield made
    made.close()


def prints(recorder, block, lines, at=1000.0, stream="stdout"):
    recorder(events.BlockPrinted("r1", block, stream, "".join(f"{line}\n" for line in lines), at))


def texts(page):
    return [line.text for line in page.lines]


def test_pages_forward_and_back_meet(recorder):
    prints(recorder, "load", range(100))
    forward, after = [], ""
    for _ in range(20):
        page = read_logs(recorder.folder, block="load", after=after, limit=7)
        forward += texts(page)
        after = page.next
        if not page.truncated:
            break
    back, before = [], "end"
    for _ in range(20):
        page = read_logs(recorder.folder, block="load", before=before, limit=7)
        back = texts(page) + back
        before = page.previous
        if not page.truncated:
            break
    assert forward == back == [str(number) for number in range(100)]


def test_what_is_written_later_comes_after(recorder):
    first = read_logs(recorder.folder, block="load")
    assert texts(first) == []
    prints(recorder, "load", ["one"])
    second = read_logs(recorder.folder, block="load", after=first.next)
    prints(recorder, "load", ["two"])
    third = read_logs(recorder.folder, block="load", after=second.next)
    assert (texts(second), texts(third)) == (["one"], ["two"])
    assert texts(read_logs(recorder.folder, block="load", after=third.next)) == []


@pytest.mark.parametrize("where", [{"before": "end"}, {"after": ""}])
def test_a_block_that_has_said_nothing_has_no_lines(recorder, where):
    page = read_logs(recorder.folder, block="silent", **where)
    assert (texts(page), page.truncated) == ([], False)
    assert texts(read_logs(recorder.folder, **where)) == []


def test_a_line_that_is_being_written_waits(recorder):
    prints(recorder, "load", ["one"])
    with (recorder.folder / "load.log").open("ab") as file:
        file.write(b'{"at": "2026')
    assert texts(read_logs(recorder.folder, block="load")) == ["one"]


def test_all_blocks_by_time(recorder):
    for number in range(30):
        prints(recorder, "abc"[number % 3], [number], at=1000.0 + number // 5)
    whole = read_logs(recorder.folder)
    assert sorted(map(int, texts(whole))) == list(range(30))
    assert [line.at for line in whole.lines] == sorted(line.at for line in whole.lines)
    pieces, after = [], ""
    while True:
        page = read_logs(recorder.folder, after=after, limit=4)
        pieces += texts(page)
        after = page.next
        if not page.truncated:
            break
    assert pieces == texts(whole)
    back, before = [], "end"
    while True:
        page = read_logs(recorder.folder, before=before, limit=4)
        back = texts(page) + back
        before = page.previous
        if not page.truncated:
            break
    assert back == texts(whole)


def test_levels_and_text(recorder):
    recorder(events.BlockLogged("r1", "load", "DEBUG", "quiet", 1.0))
    recorder(events.BlockLogged("r1", "load", "WARNING", "Beware of the Dog", 2.0))
    prints(recorder, "load", ["loud"], stream="stderr")
    assert texts(read_logs(recorder.folder, level="warning")) == ["Beware of the Dog", "loud"]
    assert texts(read_logs(recorder.folder, text="the dog")) == ["Beware of the Dog"]
    (line,) = read_logs(recorder.folder, level="error").lines
    assert (line.block, line.stream, line.level) == ("load", "stderr", "ERROR")


def test_places_hold_while_files_are_rotated(recorder, monkeypatch):
    monkeypatch.setattr(record, "ROTATE_BYTES", 2000)
    for number in range(40):
        prints(recorder, "load", [number], at=1000.0 + number)
    page = read_logs(recorder.folder, block="load", limit=10)
    assert texts(page) == [str(number) for number in range(10)]
    for number in range(40, 80):
        prints(recorder, "load", [number], at=1000.0 + number)
    assert (recorder.folder / "load.log.1").exists()
    rest = read_logs(recorder.folder, block="load", after=page.next)
    assert texts(rest) == [str(number) for number in range(10, 80)]


def test_a_place_that_was_rotated_away_goes_on_with_the_oldest(recorder, monkeypatch):
    monkeypatch.setattr(record, "ROTATE_BYTES", 500)
    prints(recorder, "load", [0])
    page = read_logs(recorder.folder, block="load")
    for number in range(1, 200):
        prints(recorder, "load", [number], at=1000.0 + number)
    rest = texts(read_logs(recorder.folder, block="load", after=page.next))
    assert rest[-1] == "199"
    assert rest == [str(number) for number in range(int(rest[0]), 200)]


@pytest.mark.parametrize("place", ["x", "1|2|3", "2026|9|9|nobody", "a|-1|x|load", "|||"])
def test_a_place_that_makes_no_sense_is_the_beginning(recorder, place):
    prints(recorder, "load", ["one"])
    assert set(texts(read_logs(recorder.folder, block="load", after=place))) <= {"one"}


def test_names_with_odd_characters(recorder):
    prints(recorder, "a/b ü", ["one"])
    assert texts(read_logs(recorder.folder, block="a/b ü")) == ["one"]
    assert [line.block for line in read_logs(recorder.folder).lines] == ["a/b ü"]
    assert texts(read_logs(recorder.folder, block="../../../etc/passwd")) == []


def test_a_run_may_have_more_logs_than_a_process_may_have_files(tmp_path):
    for number in range(300):
        line = log_line(1000.0 + number, "INFO", f"of {number}", block=f"b:{number}")
        (tmp_path / f"b%3a{number}.log").write_bytes(line)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        forwards = read_logs(tmp_path, limit=1000)
        backwards = read_logs(tmp_path, before="end", limit=1000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [line.text for line in forwards.lines] == [f"of {number}" for number in range(300)]
    assert backwards.lines == forwards.lines


def test_a_file_that_is_renamed_while_it_is_read_is_read_on(tmp_path):
    path = tmp_path / "b.log"
    path.write_bytes(b"old")
    inode = path.stat().st_ino
    path.rename(tmp_path / "b.log.1")
    path.write_bytes(b"new")
    with LogFiles() as files:
        assert files.opened(path, inode).read() == b"old"
    (tmp_path / "b.log.1").rename(tmp_path / "b.log.2")
    with LogFiles() as files:
        assert files.opened(tmp_path / "b.log.1", inode).read() == b"old"
        (tmp_path / "b.log.2").unlink()
        assert files.opened(path, path.stat().st_ino).read() == b"new"
    with LogFiles() as files:
        assert files.opened(path, inode).read() == b""
