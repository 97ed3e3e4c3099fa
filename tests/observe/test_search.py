"""Looking through the logs of all runs."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from penstock.observe.record import log_line, run_folder
from penstock.observe.search import FoundPage, LogSearch, search_logs

T0 = 1_700_000_000.0
EVERYTHING = LogSearch()


def write(
    root: Path, run: str, lines: list[tuple[float, str]], *, pipeline: str = "p", block: str = "b", level: str = "INFO"
) -> None:
    folder = run_folder(root, pipeline, run)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{block}.log").open("ab") as file:
        file.writelines(log_line(T0 + at, level, text, block=block) for at, text in lines)
    record = folder / "run.jsonl"  # its last event is that of the end of the run
    ended = max([record.stat().st_mtime - T0 if record.exists() else 0.0, *(at for at, _text in lines)])
    record.touch()
    os.utime(record, (T0 + ended, T0 + ended))


def texts(page: FoundPage) -> list[str]:
    return [each.line.text for each in page.lines]


def every_page(root: Path, wanted: LogSearch = EVERYTHING, limit: int = 2) -> list[str]:
    found: list[str] = []
    before = ""
    for _ in range(100):
        page = search_logs(root, wanted, limit=limit, before=before)
        found += texts(page)
        before = page.next
        if not before:
            return found
    raise AssertionError("it does not end")


def test_runs_that_overlap_are_merged_newest_first(tmp_path: Path) -> None:
    write(tmp_path, "r1", [(0, "a"), (10, "d"), (20, "f")])
    write(tmp_path, "r2", [(5, "b"), (8, "c"), (15, "e")], pipeline="sub/q")
    write(tmp_path, "r3", [(30, "g")])
    page = search_logs(tmp_path, EVERYTHING)
    assert texts(page) == list("gfedcba")
    assert page.next == ""
    assert [(each.pipeline, each.run) for each in page.lines][:3] == [("p", "r3"), ("p", "r1"), ("sub/q", "r2")]


def test_pages_hold_each_line_once_even_those_of_one_moment(tmp_path: Path) -> None:
    for run in ("r1", "r2", "r3"):
        write(tmp_path, run, [(1, f"{run} {n}") for n in range(5)] + [(2, f"{run} later")])
        write(tmp_path, run, [(1, f"{run} other {n}") for n in range(3)], block="other")
    whole = texts(search_logs(tmp_path, EVERYTHING, limit=1000))
    assert len(whole) == 27
    for limit in (1, 2, 3, 7):
        assert every_page(tmp_path, limit=limit) == whole


def test_filters(tmp_path: Path) -> None:
    write(tmp_path, "r1", [(0, "one"), (10, "two")])
    write(tmp_path, "r1", [(5, "Boom here")], block="c", level="ERROR")
    write(tmp_path, "r2", [(7, "three")], pipeline="q", level="WARNING")
    found = {
        "pipeline": every_page(tmp_path, LogSearch(pipeline="q")),
        "run": every_page(tmp_path, LogSearch(run="r1")),
        "block": every_page(tmp_path, LogSearch(block="c")),
        "level": every_page(tmp_path, LogSearch(level="warning")),
        "text": every_page(tmp_path, LogSearch(text="boom")),
        "since": every_page(tmp_path, LogSearch(since=T0 + 6)),
        "until": every_page(tmp_path, LogSearch(until=T0 + 6)),
        "nothing": every_page(tmp_path, LogSearch(pipeline="../p")),
    }
    assert found == {
        "pipeline": ["three"],
        "run": ["two", "Boom here", "one"],
        "block": ["Boom here"],
        "level": ["three", "Boom here"],
        "text": ["Boom here"],
        "since": ["two", "three"],
        "until": ["Boom here", "one"],
        "nothing": [],
    }


def test_a_page_ends_after_a_while_and_the_next_goes_on(tmp_path: Path) -> None:
    write(tmp_path, "r1", [(at, f"line {at}") for at in range(50)])
    times = iter(range(1_000_000))

    def clock() -> float:
        return next(times) / 10  # a second is ten lines

    page = search_logs(tmp_path, LogSearch(text="line 0"), clock=clock)
    assert page.lines == []
    assert page.newest == T0 + 49
    assert page.oldest is not None
    assert T0 < page.oldest < page.newest
    for _ in range(20):
        page = search_logs(tmp_path, LogSearch(text="line 0"), before=page.next, clock=clock)
        if page.lines:
            break
    assert texts(page) == ["line 0"]


def test_logs_that_take_long_to_open_are_not_taken_for_empty_ones(tmp_path: Path) -> None:
    write(tmp_path, "r1", [(0, "a"), (10, "b"), (10, "c")])
    found, before = [], ""
    for _ in range(10):
        times = iter([0.0])
        page = search_logs(tmp_path, EVERYTHING, before=before, clock=partial(next, times, 1000.0))
        found += texts(page)
        before = page.next
        if not before:
            break
    assert found == ["c", "b", "a"]


def test_a_long_log_is_not_read_whole(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "p", "r1")
    folder.mkdir(parents=True)
    line = log_line(T0, "INFO", "x" * 1000, block="b")
    with (folder / "b.log").open("wb") as file:
        file.truncate(40_000_000_000)  # nothing is stored of it
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + line * 300)
    (folder / "run.jsonl").touch()
    import tracemalloc

    tracemalloc.start()
    page = search_logs(tmp_path, EVERYTHING, limit=100)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(page.lines) == 100
    assert page.next
    assert peak < 8_000_000


def test_odd_folders_and_lines_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "r1", [(1, "fine")])
    folder = run_folder(tmp_path, "p", "r1")
    with (folder / "b.log").open("ab") as file:
        file.write(b"\xff\xfe not json\n{}\n[]\nnull\n")
    (tmp_path / "pipelines" / "p" / ".logs" / "a file").write_text("")
    (tmp_path / "pipelines" / "%zz" / ".logs").mkdir(parents=True)
    assert every_page(tmp_path) == ["fine"]
    assert every_page(tmp_path, LogSearch(run="%zz")) == []
    for before in ("x", "|", "|3", "9999|x", "x|99999999999999999999"):
        search_logs(tmp_path, EVERYTHING, before=before)
    assert every_page(tmp_path / "none") == []


def test_hundreds_of_runs_at_once_are_merged_newest_first(tmp_path: Path) -> None:
    # Each begins and ends at the same time as all others, and they speak in turns.
    for number in range(250):
        write(
            tmp_path, f"r{number:03d}", [(turn * 1000 + number, f"{turn} {number}") for turn in range(3)] + [(9000, "")]
        )
    found = search_logs(tmp_path, EVERYTHING, limit=2000, clock=lambda: 0.0)
    assert [text for text in texts(found) if text] == [
        f"{turn} {number}" for turn in (2, 1, 0) for number in reversed(range(250))
    ]
    late = search_logs(tmp_path, LogSearch(since=T0 + 2000), limit=2000, clock=lambda: 0.0)
    assert len(late.lines) == 500
