"""Fencing: only the newest attempt of a block in a run may publish, and only once.

`runs/<run>/<block>.fence` holds the highest token that was issued and the publication that was begun last, under a
lock that issuing and publishing share. So an attempt that was given up and runs on cannot publish once the next one
was started.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from penstock.data.backend import Backend, Lock
from penstock.data.naming import quote
from penstock.model.errors import FenceError
from penstock.model.product import Fence

RUNS = "runs"
_AFTER_DAMAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Record:
    issued: int = 0
    claimed_by: int = 0
    claimed_key: str = ""


def fence_key(run: str, block: str) -> str:
    """The key of the fence of a block in a run."""
    return f"{RUNS}/{quote(run)}/{quote(block)}.fence"


def issue_fence(backend: Backend, run: str, block: str) -> Fence:
    """Give the next attempt the right to publish; every earlier one loses it.

    Raises:
        StorageError: the place refused.
    """
    with backend.lock(fence_key(run, block)) as lock:
        assert lock is not None
        record = _read(lock)
        token = record.issued + 1
        _write(lock, _Record(token, record.claimed_by, record.claimed_key))
    return Fence(run, block, token)


class Passage:
    """The way through a fence, held while one publication is made."""

    def __init__(self, backend: Backend, lock: Lock, record: _Record, fence: Fence) -> None:
        self._backend = backend
        self._lock = lock
        self._record = record
        self._fence = fence

    def claim(self, key: str) -> None:
        """Note which manifest is about to be created, so that a second one is refused even after a crash."""
        _write(self._lock, _Record(self._record.issued, self._fence.token, key))


@contextmanager
def pass_fence(backend: Backend, fence: Fence) -> Iterator[Passage]:
    """Hold the fence's lock while publishing.

    Raises:
        FenceError: a newer attempt was started, this one has published, or the fence was never issued.
    """
    what = f"publishing block {fence.block} of run {fence.run} (attempt {fence.token})"
    with backend.lock(fence_key(fence.run, fence.block), create=False) as lock:
        record = _read(lock) if lock is not None else _Record()
        if lock is None or fence.token > record.issued or fence.token < 1:
            raise FenceError(f"{what}: this attempt was never started", hint="Start the run again.")
        if record.issued > fence.token:
            raise FenceError(
                f"{what}: attempt {record.issued} has been started since",
                hint="Nothing to do: the newer attempt publishes the outputs.",
            )
        if record.claimed_by == fence.token and backend.size(record.claimed_key) is not None:
            raise FenceError(
                f"{what}: it has published already", hint="Start another attempt to publish another version."
            )
        yield Passage(backend, lock, record, fence)


def _read(lock: Lock) -> _Record:
    content = lock.read()
    if not content:
        return _Record()
    import msgspec

    try:
        fields = msgspec.json.decode(content)
        return _Record(int(fields["issued"]), int(fields["by"]), str(fields["key"]))
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError):
        # Torn by a loss of power. Whoever was under way then is gone; count on from where nobody can have been.
        return _Record(_AFTER_DAMAGE)


def _write(lock: Lock, record: _Record) -> None:
    import msgspec

    lock.write(msgspec.json.encode({"issued": record.issued, "by": record.claimed_by, "key": record.claimed_key}))
