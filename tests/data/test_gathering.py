"""Files that are written in large pieces."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.data import gathering
from penstock.data.gathering import PIECE, RESERVED, GatheringFile

CONTENT = os.urandom(3 * RESERVED + 12_345)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each call that handed something to the system."""
    found: list[int] = []

    def noted(descriptor: int, parts: Any) -> int:
        found.append(os.writev(descriptor, parts))
        return found[-1]

    monkeypatch.setattr(gathering, "_write", noted)
    return found


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The ranges that the system was asked to begin to write to the disk; nothing else shows that it was."""
    ask = gathering._sync_file_range()
    found: list[tuple[int, int]] = []

    def noted(descriptor: int, start: int, length: int, flags: int) -> int:
        found.append((start, length))
        return int(ask(descriptor, start, length, flags))

    monkeypatch.setattr(gathering, "_sync_file_range", lambda: noted if ask is not None else None)
    return found


# `_fallocate` is replaced here because nobody can see afterwards whether room was asked for: the file is the same. What
# is put in its place asks the system, too; of the two below, one is a system that has no such call, and the other a
# file system that refuses it, neither of which every machine has.
@pytest.mark.skipif(gathering._fallocate() is None, reason="the system has no way to ask for room")
def test_room_for_a_large_buffer_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []
    ask = gathering._fallocate()

    def noted(descriptor: int, mode: int, start: int, length: int) -> int:
        asked.append((mode, start, length))
        return int(ask(descriptor, mode, start, length))

    monkeypatch.setattr(gathering, "_fallocate", lambda: noted)
    with GatheringFile(tmp_path / "file") as file:
        file.write(b"head")
        file.write(CONTENT)
        file.flush()
        assert os.fstat(file.fileno()).st_size == 4 + len(CONTENT)
    assert asked == [(1, 4, len(CONTENT))]
    assert (tmp_path / "file").read_bytes() == b"head" + CONTENT


def test_a_file_is_written_where_no_room_can_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, ask in enumerate([lambda: None, lambda: lambda *_: -1]):
        monkeypatch.setattr(gathering, "_fallocate", ask)
        with GatheringFile(tmp_path / f"{number}") as file:
            file.write(CONTENT)
        assert (tmp_path / f"{number}").read_bytes() == CONTENT


def test_a_file_is_written_where_the_system_takes_one_buffer_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "writev")  # as on Windows
    with GatheringFile(tmp_path / "file") as file:
        file.write(b"head")
        file.write(CONTENT)
        file.write(bytearray(b"tail"))
    assert (tmp_path / "file").read_bytes() == b"head" + CONTENT + b"tail"


# Linux alone has the call; there it is never skipped.
@pytest.mark.skipif(gathering._sync_file_range() is None, reason="the system has no way to begin")
def test_a_long_file_begins_to_go_to_the_disk_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(gathering, "EARLY", 2 * PIECE)
    with GatheringFile(tmp_path / "file") as file:
        file.write(CONTENT[: 2 * PIECE - 1])
        assert begun == []
        file.write(CONTENT[2 * PIECE - 1 :])
        assert begun == [(0, 2 * PIECE)]
        file.write(CONTENT)
    assert begun == [(0, 2 * PIECE), (2 * PIECE, 2 * PIECE), (4 * PIECE, 2 * PIECE)]
    assert (tmp_path / "file").read_bytes() == CONTENT + CONTENT


def test_what_is_held_begins_to_go_to_the_disk_with_the_rest(tmp_path: Path, begun: list[tuple[int, int]]) -> None:
    with GatheringFile(tmp_path / "file") as file:
        file.write(b"held")
        assert os.fstat(file.fileno()).st_size == 0
        file.begin_to_sync()
        assert os.fstat(file.fileno()).st_size == 4
    assert begun == ([(0, 0)] if gathering._sync_file_range() is not None else [])


def test_a_closed_file_takes_nothing(tmp_path: Path) -> None:
    file = GatheringFile(tmp_path / "file")
    file.write(b"kept")
    file.close()
    for data in (b"lost", bytearray(b"lost")):
        with pytest.raises(ValueError, match="closed file"):
            file.write(data)
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_what_is_held_counts_where_a_file_is_cut_off(tmp_path: Path) -> None:
    with GatheringFile(tmp_path / "file") as file:
        file.write(b"123456")
        assert file.truncate() == 6
        assert file.truncate(4) == 4
        file.seek(0, os.SEEK_END)
        file.write(b"tail")
    assert (tmp_path / "file").read_bytes() == b"1234tail"


def test_the_place_is_right_after_others_wrote_by_way_of_the_descriptor(tmp_path: Path) -> None:
    array = np.arange(1000)
    with GatheringFile(tmp_path / "file") as file:
        file.write(b"head")
        np.save(file, array)  # its header by `write`, its data beside it
        after = file.tell()
        assert after == os.fstat(file.fileno()).st_size
        os.write(file.fileno(), b"beside")
        file.write(b"tail")
        assert file.tell() == after + len(b"besidetail")
    content = (tmp_path / "file").read_bytes()
    assert content[after:] == b"besidetail"
    assert np.array_equal(np.load(io.BytesIO(content[4:after])), array)


def test_what_nobody_can_change_is_gathered_into_whole_pieces(tmp_path: Path, calls: list[int]) -> None:
    buffers = [
        CONTENT[:5],
        pa.py_buffer(CONTENT[5 : PIECE // 2]),
        CONTENT[PIECE // 2 : PIECE + 9],
        CONTENT[PIECE + 9 :],
    ]
    with GatheringFile(tmp_path / "file") as file:
        for number, buffer in enumerate(buffers):
            assert file.write(buffer) == memoryview(buffer).nbytes
            assert file.tell() == sum(memoryview(each).nbytes for each in buffers[: number + 1])
        assert calls == [PIECE] * 3
    assert calls == [PIECE] * 3 + [len(CONTENT) % PIECE]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_memory_that_its_writer_uses_again_is_written_at_once(tmp_path: Path) -> None:
    buffer = bytearray(b"first")
    with GatheringFile(tmp_path / "file") as file:
        file.write(b"<")
        file.write(memoryview(buffer))
        buffer[:] = b"other"
        file.write(buffer)
        buffer[:] = b"third"
        file.write(b">")
    assert (tmp_path / "file").read_bytes() == b"<firstother>"


def test_many_small_buffers_are_more_than_one_call_takes(tmp_path: Path, calls: list[int]) -> None:
    with GatheringFile(tmp_path / "file") as file:
        for at in range(5000):
            file.write(CONTENT[at : at + 1])
    assert (tmp_path / "file").read_bytes() == CONTENT[:5000]
    assert len(calls) == 10


def test_a_writer_may_go_back_to_correct_a_header(tmp_path: Path) -> None:
    with GatheringFile(tmp_path / "file") as file:
        file.write(b"0000" + CONTENT)
        file.seek(0)
        file.write(b"head")
        assert file.seek(0, os.SEEK_END) == file.tell() == 4 + len(CONTENT)
        file.write(b"tail")
    assert (tmp_path / "file").read_bytes() == b"head" + CONTENT + b"tail"


def test_what_is_not_wanted_any_more_is_not_written(tmp_path: Path) -> None:
    with GatheringFile(tmp_path / "file") as file:
        file.write(CONTENT[:100])
        file.forget()
    assert (tmp_path / "file").read_bytes() == b""


def test_a_full_disk_is_told_at_the_latest_by_flush(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    file = GatheringFile(tmp_path / "file")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        file.write(CONTENT[:3000])
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            file.flush()
        file.forget()
        file.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, heard)
    assert (tmp_path / "file").read_bytes() == CONTENT[:1000]
