"""Units of resources in the store: all or nothing, never more than there are."""

from __future__ import annotations

import threading

from penstock.state.rows import Blocked, HoldRow
from penstock.state.store import State


def test_units_are_taken_until_there_are_none(state: State) -> None:
    with state.write() as connection:
        holds = state.holds
        assert holds.acquire(connection, "r1", "a", {"db": (2, 3)}, 1.0) is None
        assert holds.acquire(connection, "r2", "a", {"db": (2, 3)}, 2.0) == Blocked("db", 2, 2, 3)
        assert holds.acquire(connection, "r2", "a", {"gpu": (1, 1), "db": (2, 3)}, 2.0) == Blocked("db", 2, 2, 3)
        assert holds.taken(connection) == {"db": 2}  # of two keys none was taken
        assert holds.acquire(connection, "r2", "a", {"gpu": (1, 1), "db": (1, 3)}, 2.0) is None
        assert holds.taken(connection, ["gpu", "none"]) == {"gpu": 1}
        assert holds.of_key(connection, "db") == [HoldRow("db", "r1", "a", 2, 1.0), HoldRow("db", "r2", "a", 1, 2.0)]
        assert holds.release(connection, "r1", "b") == 0
        assert holds.release(connection, "r1", "a") == 1
        assert holds.acquire(connection, "r3", "", {"db": (2, 3)}, 3.0) is None
        assert [row.key for row in holds.of_run(connection, "r2")] == ["db", "gpu"]
        assert holds.release(connection, "r2") == 2
        assert holds.acquire(connection, "r4", "", {}, 3.0) is None


def test_a_block_that_asks_again_does_not_wait_for_itself(state: State) -> None:
    with state.write() as connection:
        assert state.holds.acquire(connection, "r1", "a", {"db": (3, 3)}, 1.0) is None
        assert state.holds.acquire(connection, "r1", "a", {"db": (2, 3)}, 2.0) is None
        assert state.holds.taken(connection) == {"db": 2}
        assert state.holds.acquire(connection, "r1", "b", {"db": (2, 3)}, 3.0) == Blocked("db", 2, 2, 3)


def test_more_than_there_is_never_goes(state: State) -> None:
    with state.write() as connection:
        assert state.holds.acquire(connection, "r1", "a", {"db": (2, 1)}, 1.0) == Blocked("db", 2, 0, 1)


def test_many_that_ask_at_once_never_get_more_than_there_is(state: State) -> None:
    taken: list[str] = []

    def take(number: int) -> None:
        name = f"r{number}"
        if state.transact(lambda connection: state.holds.acquire(connection, name, "a", {"db": (1, 3)}, 1.0)) is None:
            taken.append(name)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 3
