"""The reader as a process: it falls over, it is cancelled, it is too slow; whoever asks is told, or never notices."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from penstock.data.places import manifest_key
from penstock.model.errors import (
    ProductCorruptError,
    ProductMissingError,
    ReaderLostError,
    ReadingTooLargeError,
    TimeoutExceededError,
)
from penstock.server.outputs import client as client_module
from penstock.server.outputs.client import ReaderClient
from penstock.server.outputs.reader.questions import CellQuestion, DownloadQuestion, PageQuestion, ProfileQuestion, Rows
from penstock.server.outputs.reader.wire import Sort
from penstock.server.schema.selections import Condition, SortBy
from tests.patience import PATIENCE, until
from tests.server.outputs.conftest import Desk

ROWS = 2_000_000
put = client_module._Pending.put


@pytest.fixture(scope="module")
def big(desk: Desk) -> Iterator[object]:
    words = np.array([f"some words {n:07d} and more of them" for n in range(100_000)], dtype=object)
    numbers = np.random.default_rng(3).integers(0, 100_000, ROWS)
    return desk.put(pd.DataFrame({"n": np.arange(ROWS), "t": pd.array(words[numbers], "str")}))


def test_the_reader_never_has_pandas(desk: Desk, big) -> None:
    desk.page(big, sort=["t"], limit=5)
    desk.profile(big)
    maps = Path(f"/proc/{desk.client.pid}/maps").read_text()
    assert "pyarrow" in maps
    assert "duckdb" in maps
    assert "pandas" not in maps


def test_a_killed_reader_is_started_again_and_nobody_notices(desk: Desk, big) -> None:
    desk.page(big)
    before = desk.client.pid
    assert before is not None

    async def killed() -> int:
        question = ProfileQuestion(target=desk.target(big), rows=Rows(filters=(Condition("n", ">", 0),)))
        asking = asyncio.ensure_future(desk.client.ask(question))
        while not desk.client._connection.pending:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        os.kill(before, signal.SIGKILL)
        return len((await asking)[1])

    assert desk.run(killed()) > 100
    assert desk.client.pid not in {before, None}


def test_a_reader_that_dies_twice_is_told(desk: Desk, big) -> None:
    async def killed() -> None:
        asking = asyncio.ensure_future(
            desk.client.ask(ProfileQuestion(target=desk.target(big), rows=Rows(filters=(Condition("n", ">", 1),))))
        )
        for _ in range(2):
            known = None
            while known is None or known.lost or not known.pending:
                known = desk.client._connection
                await asyncio.sleep(0)
            os.kill(known.process.pid, signal.SIGKILL)
            while not known.lost:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
        await asking

    with pytest.raises(ReaderLostError, match="the process that reads it ended") as caught:
        desk.run(killed())
    assert caught.value.hint
    assert desk.page(big, limit=1).head["total"] == ROWS


def test_what_is_downloaded_breaks_off_when_the_reader_dies(desk: Desk, big) -> None:
    async def killed() -> int:
        received = 0
        async with desk.client.stream(DownloadQuestion(target=desk.target(big), format="csv")) as answer:
            async for piece in answer:
                received += len(piece)
                os.kill(desk.client.pid, signal.SIGKILL)
                break
            async for piece in answer:
                received += len(piece)
        return received

    with pytest.raises((ReaderLostError, TypeError)):
        desk.run(killed())


def test_a_question_that_takes_too_long_is_ended_and_the_reader_lives(desk: Desk, big, monkeypatch) -> None:
    monkeypatch.setattr(client_module, "STUBBORN", 600.0)  # it heeds the request, and is not killed for it
    desk.page(big, limit=1)
    before = desk.client.pid
    slow = Rows(sort=(SortBy("t"), SortBy("n", descending=True)), filters=(Condition("t", "contains", "words 00"),))
    with pytest.raises(TimeoutExceededError, match=r"took longer than 0\.02 seconds"):
        desk.ask(PageQuestion(target=desk.target(big), offset=10_000, rows=slow), seconds=0.02)
    assert desk.page(big, limit=1).head["total"] == ROWS
    assert before == desk.client.pid


def test_a_cancelled_question_stops_and_pages_go_on_beside_it(desk: Desk, big, monkeypatch) -> None:
    monkeypatch.setattr(client_module, "STUBBORN", 600.0)
    kinds: dict[int, int] = {}
    monkeypatch.setattr(
        client_module._Pending,
        "put",
        lambda self, kind, body: (kinds.update({self.number: kind}), put(self, kind, body)),
    )

    async def cancelled() -> bool:
        rows = Rows(search="not to be found anywhere")
        await desk.client.warm()
        connection = desk.client._connection
        assert connection is not None
        before = set(connection.pending)
        asking = asyncio.ensure_future(desk.client.ask(PageQuestion(target=desk.target(big), rows=rows)))
        while not (new := connection.pending.keys() - before):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        head, _ = await desk.client.ask(PageQuestion(target=desk.target(big), offset=5, limit=1))
        assert head["total"] == ROWS
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(PATIENCE):
            while connection.pending:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.001)
        assert not connection.lost
        return kinds.get(min(new)) == Sort.FAILED  # the search was given up, and not gone through with

    until("a search that is not over before it is cancelled", lambda: desk.run(cancelled()))


def test_slow_downloads_hold_up_nobody(desk: Desk, big) -> None:
    async def held() -> None:
        answers = [desk.client.stream(DownloadQuestion(target=desk.target(big), format="csv")) for _ in range(6)]
        for answer in answers:
            await answer.__aenter__()
        async with asyncio.timeout(10):
            head, _ = await desk.client.ask(PageQuestion(target=desk.target(big), limit=1))
        assert head["total"] == ROWS
        for answer in answers:
            await answer.__aexit__()

    desk.run(held())


def test_too_much_memory_is_an_answer_and_not_the_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path, memory=100 << 20)
    try:
        import pyarrow as pa

        rows = 30_000_000
        offsets = pa.array([0, rows], pa.int64())
        stored = desk.put(pa.table({"l": pa.LargeListArray.from_arrays(offsets, pa.array(np.arange(rows)))}))
        with pytest.raises((ReadingTooLargeError, ReaderLostError)) as caught:
            desk.ask(CellQuestion(target=desk.target(stored), row=0, column=0))
        assert caught.value.hint
        assert desk.page(stored).column(0)[0].startswith("[0,1,2")
    finally:
        desk.close()


def test_what_does_not_fit_into_memory_is_sorted_aside_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path, memory=100 << 20)
    try:
        names = [f"text {n * 7919 % 2_000_003} and so on and so forth, at some length {n}" for n in range(2_000_000)]
        stored = desk.put(pd.DataFrame({"t": pd.array(names, "str")}))
        last = desk.page(stored, sort=["t"], offset=1_999_999)
        assert last.rows == [[max(names)]]
    finally:
        desk.close()
    assert not (tmp_path / ".reader").exists()
    assert not (tmp_path / ".tmp").exists()


def test_a_reader_without_work_ends(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    try:
        stored = desk.put(pd.DataFrame({"n": [1]}))

        async def rested() -> None:
            client = ReaderClient(tmp_path, 1 << 30, idle=0.05)
            await client.ask(PageQuestion(target=desk.target(stored)))
            process = psutil.Process(client.pid)
            async with asyncio.timeout(PATIENCE):
                while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.01)
            assert client.pid is None
            assert (await client.ask(PageQuestion(target=desk.target(stored))))[0]["total"] == 1
            await client.close()

        desk.run(rested())
    finally:
        desk.close()


def _libraries(pid: int) -> set[str]:
    """Which of the large libraries a process has mapped."""
    return {
        name
        for name in ("_multiarray_umath", "libarrow.", "duckdb")
        if any(name in one.path for one in psutil.Process(pid).memory_maps())
    }


def test_a_reader_waits_with_little_until_somebody_looks(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    try:
        stored = desk.put(pd.DataFrame({"n": [1]}))

        async def waits() -> None:
            client = ReaderClient(tmp_path, 1 << 30)
            await client.start()
            waiting = await _other(client, None)
            while "_multiarray_umath" not in _libraries(waiting):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
            assert _libraries(waiting) == {"_multiarray_umath"}
            assert (await client.ask(PageQuestion(target=desk.target(stored))))[0]["total"] == 1
            assert client.pid == waiting
            client._idle = 0.05
            await client.ask(PageQuestion(target=desk.target(stored)))
            # It ends after a while without questions; another one waits in its place, with no more than that.
            assert "libarrow." not in _libraries(await _other(client, waiting))
            await client.close()
            assert client.pid is None

        async def _other(client: ReaderClient, than: int | None) -> int:
            async with asyncio.timeout(PATIENCE):
                while client.pid in {None, than}:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.01)
            return client.pid

        desk.run(asyncio.wait_for(waits(), PATIENCE))
    finally:
        desk.close()


def test_the_reader_ends_with_its_server(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\nfrom penstock.server.outputs.client import ReaderClient\n"
        "async def main():\n    client = ReaderClient(Path(sys.argv[1]), 1 << 30)\n    await client.warm()\n"
        "    print(client.pid, flush=True)\n    os._exit(9)\nasyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(PATIENCE)


def test_damaged_and_missing_files_are_told(desk: Desk) -> None:
    frame = pd.DataFrame({"n": np.arange(50_000)})
    for damage, error in (
        (b"", ProductCorruptError),
        (None, ProductMissingError),
        (b"x" * 400_000, ProductCorruptError),
    ):
        stored = desk.put(frame)
        file = desk.store.root / stored.files[0].key
        if damage is None:
            file.unlink()
        else:
            file.write_bytes((damage + b"y" * file.stat().st_size)[: file.stat().st_size] if damage else b"short")
        with pytest.raises(error) as caught:
            desk.page(stored)
        assert caught.value.hint


def test_a_version_that_is_cleaned_meanwhile_is_told(desk: Desk) -> None:
    stored = desk.put(pd.DataFrame({"n": [1, 2]}))
    assert desk.page(stored).head["total"] == 2
    desk.store.backend.path(manifest_key(stored.ref.address, 1)).unlink()
    with pytest.raises(ProductMissingError, match="there is no such version"):
        desk.page(stored)
