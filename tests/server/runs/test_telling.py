"""What a block prints reaches the browsers at a bounded rate, its last lines always."""

from __future__ import annotations

import asyncio

from penstock.server.runs.telling import GATHER_CHARACTERS, RATE, TAIL, Printing


class Told:
    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[tuple[str, int]] = []
        self.printing = Printing(self._tell, lambda: self.now)

    def _tell(self, items, dropped):
        self.calls.append(("".join(item["text"] for item in items), dropped))

    def add(self, text):
        self.printing.add({"stream": "stdout", "text": text, "at": self.now})

    @property
    def text(self):
        return "".join(text for text, _ in self.calls)


def in_loop(test):
    def run():
        async def work():
            test()

        asyncio.run(work())

    run.__name__ = test.__name__
    return run


@in_loop
def test_little_is_gathered_and_told_once():
    told = Told()
    told.add("one\n")
    told.add("two\n")
    assert told.calls == []
    told.printing.finish(told.now)
    assert told.calls == [("one\ntwo\n", 0)]


@in_loop
def test_much_is_told_at_once():
    told = Told()
    told.add("x" * GATHER_CHARACTERS + "\n")
    assert len(told.calls) == 1


@in_loop
def test_too_much_is_counted_and_its_end_is_told():
    told = Told()
    lines = [f"{n:09}\n" for n in range(RATE // 10 * 3)]
    for start in range(0, len(lines), 1000):
        told.add("".join(lines[start : start + 1000]))
    assert len(told.text) <= RATE
    told.printing.finish(told.now)
    shown = told.text.splitlines(keepends=True)
    assert shown[-1] == lines[-1]
    assert len(told.text) <= RATE + TAIL
    assert len(shown) + sum(dropped for _, dropped in told.calls) == len(lines)


@in_loop
def test_the_rate_recovers_with_time():
    told = Told()
    told.add("y" * (RATE - 1) + "\n")
    told.add("dropped\n")
    told.now += 1.0
    told.add("after\n")
    told.printing.finish(told.now)
    assert told.calls[-1] == ("after\n", 1)


@in_loop
def test_a_line_that_is_too_long_is_left_out_whole():
    told = Told()
    told.add("z" * (2 * RATE) + "\nshort\n")
    told.printing.finish(told.now)
    assert told.text == "short\n"
    assert sum(dropped for _, dropped in told.calls) == 1
