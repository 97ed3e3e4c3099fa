"""How reasons are put into words."""

from __future__ import annotations

from penstock.schedule.reasons import Explanation, Reason, counted, listed, moment


def test_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcde")) == "a, b, c and 2 more"
    assert counted(1, "run") == "1 run"
    assert counted(1200, "run") == "1,200 runs"
    assert moment(0.0) == "1970-01-01 00:00:00 UTC"
    assert moment(1e300) == "a moment beyond the calendar"
    assert Explanation((Reason("first"), Reason("second"))).text == "first"
