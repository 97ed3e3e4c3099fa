"""Data files on a local file system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.data import local
from penstock.data.local import RESERVED, PiecewiseFile

CONTENT = os.urandom(3 * RESERVED + 12_345)


@pytest.mark.skipif(local._fallocate() is None, reason="the system has no way to ask for room")
def test_room_for_a_large_buffer_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []
    ask = local._fallocate()

    def noted(descriptor: int, mode: int, start: int, length: int) -> int:
        asked.append((mode, start, length))
        return int(ask(descriptor, mode, start, length))

    monkeypatch.setattr(local, "_fallocate", lambda: noted)
    with PiecewiseFile(tmp_path / "file", "x") as file:
        file.write(b"head")
        file.write(CONTENT)
        assert os.fstat(file.fileno()).st_size == 4 + len(CONTENT)
    assert asked == [(1, 4, len(CONTENT))]
    assert (tmp_path / "file").read_bytes() == b"head" + CONTENT


def test_a_file_is_written_where_no_room_can_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, ask in enumerate([lambda: None, lambda: lambda *_: -1]):
        monkeypatch.setattr(local, "_fallocate", ask)
        with PiecewiseFile(tmp_path / f"{number}", "x") as file:
            file.write(CONTENT)
        assert (tmp_path / f"{number}").read_bytes() == CONTENT
