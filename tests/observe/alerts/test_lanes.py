"""Who is slow gets one message at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from penstock.observe.alerts.lanes import MOST, SLOW, Lanes
from tests.patience import PATIENCE


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_keeps_one_waiting_gets_no_other() -> None:
    clock = Clock()
    lanes = Lanes(clock)
    with lanes.to("slack") as first, lanes.to("slack") as second:
        assert (first, second) == (True, True)
        clock.now += SLOW
        with lanes.to("slack") as third, lanes.to("pager") as other:
            assert (third, other) == (False, True)


def test_who_was_slow_gets_one_at_a_time_until_it_is_quick_again() -> None:
    clock = Clock()
    lanes = Lanes(clock)
    with lanes.to("slack"):
        clock.now += SLOW
    with lanes.to("slack") as first, lanes.to("slack") as second:
        assert (first, second) == (True, False)
    with lanes.to("slack") as first, lanes.to("slack") as second:
        assert (first, second) == (True, True)


def test_beyond_the_most_at_once_the_next_one_waits_for_its_turn() -> None:
    looked = threading.Semaphore(0)

    class Told(Clock):
        def __call__(self) -> float:
            looked.release()
            return self.now

    lanes = Lanes(Told())

    def next_one() -> bool:
        with lanes.to("slack") as free:
            return free

    with ThreadPoolExecutor(1) as pool, ExitStack() as others:
        for _ in range(MOST - 1):
            assert others.enter_context(lanes.to("slack"))
        with lanes.to("slack"):
            while looked.acquire(blocking=False):
                pass
            waiting = pool.submit(next_one)
            for _ in ("until when it waits", "what time it is"):
                assert looked.acquire(timeout=PATIENCE)
            with lanes._changed:  # free again when the next one has gone in, or has begun to wait
                assert len(lanes._begun["slack"]) == MOST
            assert not waiting.done()
        assert waiting.result(PATIENCE)
