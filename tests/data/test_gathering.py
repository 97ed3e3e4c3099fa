"""Files that are written in large pieces."""

from __future__ import annotations

import errno
import os
import resource
import signal
from pathlib import Path
from typing import Any

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
