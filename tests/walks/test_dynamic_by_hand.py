"""One block of a pipeline that fans out, run by hand on what other runs have stored."""

from __future__ import annotations

import pytest

from tests.cli.projects import B
from tests.walks.fan_project import ITEMS, REDUCE, states

NUMBERS = "return [[1, 2, 3]]"
TENFOLD = "return args[0] * 10"
NAMED = 'return [[1, 2, 3], [{"block_uuid": "zeta"}, {"block_uuid": "alpha"}, {"block_uuid": "mid"}]]'
SAME_NAMES = 'return [[1, 2, 3], [{"block_uuid": "x"}, {"block_uuid": "x"}, {"block_uuid": "a"}]]'
STREAM = {"dynamic": {"parent": True, "modes": [{"type": "stream"}]}}
READS = "return {'got': args[0]}"


def test_a_block_that_reads_all_children_does_not_run_when_one_has_failed(fan, tmp_path):
    bad = tmp_path / "bad"
    fails = f"import os\nassert not (args[0] == 2 and os.path.exists({str(bad)!r}))\n"
    blocks = [
        B("numbers", "data_loader", NUMBERS, configuration=ITEMS),
        B("each", "transformer", fails + TENFOLD, ("numbers",), configuration=REDUCE),
        B("all", "data_exporter", READS, ("each",)),
    ]
    fan.write(*blocks)
    bad.touch()
    assert fan.run().code == 1
    bad.unlink()
    alone = fan.run("--block-uuid", "all")
    assert alone.code == 1
    message = alone.block("all")["failure"]["message"]
    assert "1 of 3 children of its upstream each have no stored output" in message
    assert "(each:1)" in message
    assert fan.run("--stale").code == 0
    assert fan.stored("all") == {"got": [10, 20, 30]}
    # The children are of two runs now; all of them count.
    assert fan.run("--block-uuid", "all").code == 0
    assert fan.stored("all") == {"got": [10, 20, 30]}
    # One fails that an earlier run had made otherwise.
    bad.touch()
    blocks[1].body = fails + "return args[0] * 100"
    fan.write(*blocks)
    assert fan.run().code == 1
    assert "(each:1)" in fan.run("--block-uuid", "all").block("all")["failure"]["message"]
    # What is made of each child alone fails for that one.
    blocks[1].configuration = {}
    fan.write(*blocks)
    result = fan.run("--block-uuid", "all")
    assert states(result) == {"all:0": "completed", "all:1": "failed", "all:2": "completed", "all": "failed"}
    assert "its upstream each:1 has no stored output" in result.block("all:1")["failure"]["message"]


@pytest.mark.parametrize(
    ("items", "configuration"),
    [(NAMED, ITEMS), (SAME_NAMES, ITEMS), (SAME_NAMES.replace("return", "yield"), STREAM)],
    ids=["named", "duplicate names", "stream"],
)
def test_the_items_keep_their_order(fan, items, configuration):
    fan.write(
        B("numbers", "data_loader", items, configuration=configuration),
        B("each", "transformer", TENFOLD, ("numbers",)),
        B("plus", "transformer", "return args[0] + 1", ("each",), configuration=REDUCE),
        B("all", "data_exporter", READS, ("plus",)),
    )
    assert fan.run().code == 0
    for block in ("all", "each", "plus", "all"):
        assert fan.run("--block-uuid", block).code == 0
        assert fan.stored("all") == {"got": [11, 21, 31]}


def test_children_of_children_are_found_by_the_items_of_these(fan):
    fan.write(
        B("numbers", "data_loader", NUMBERS, configuration=ITEMS),
        B("spread", "transformer", "return [[args[0]] * args[0]]", ("numbers",), configuration=ITEMS),
        B("leaf", "transformer", TENFOLD, ("spread",), configuration=REDUCE),
        B("all", "data_exporter", READS, ("leaf",)),
    )
    assert fan.run().code == 0
    for block in ("all", "leaf", "all"):
        assert fan.run("--block-uuid", block).code == 0
        assert fan.stored("all") == {"got": [10, 20, 20, 30, 30, 30]}


def test_children_that_a_condition_left_out_are_not_missed(fan):
    condition = "@condition\ndef odd(*args, **kwargs):\n    return kwargs['dynamic_block_index'] != 1\n"
    fan.write(
        B("numbers", "data_loader", NUMBERS, configuration=ITEMS),
        B("each", "transformer", TENFOLD, ("numbers",), configuration=REDUCE),
        B("all", "data_exporter", READS, ("each",)),
        attached={"odd": ("each", condition)},
    )
    assert fan.run("--block-uuid", "numbers").code == 0
    assert fan.run("--block-uuid", "each").code == 0
    assert fan.run("--block-uuid", "all").code == 0
    assert fan.stored("all") == {"got": [10, 30]}


def test_a_parent_that_returned_no_items_has_no_children(fan):
    blocks = [
        B("numbers", "data_loader", NUMBERS, configuration=ITEMS),
        B("each", "transformer", TENFOLD, ("numbers",), configuration=REDUCE),
        B("all", "data_exporter", READS, ("each",)),
    ]
    fan.write(*blocks)
    assert fan.run().code == 0
    blocks[0].body = "return [[]]"
    fan.write(*blocks)
    assert fan.run().code == 0
    assert fan.run("--block-uuid", "all").code == 0
    assert fan.stored("all") == {"got": []}


def test_items_that_are_not_stored_are_not_none(fan):
    blocks = [
        B("numbers", "data_loader", NUMBERS),
        B("each", "transformer", TENFOLD, ("numbers",), configuration=REDUCE),
        B("all", "data_exporter", READS, ("each",)),
    ]
    fan.write(*blocks)
    assert fan.run("--block-uuid", "numbers").code == 0
    blocks[0].configuration = ITEMS
    fan.write(*blocks)
    result = fan.run("--block-uuid", "each")
    assert result.code == 1
    assert (
        "reading the items of numbers: its output was stored when it was not dynamic"
        in (result.block("each")["failure"]["message"])
    )
    assert fan.run("--block-uuid", "numbers").code == 0
    result = fan.run("--block-uuid", "all")
    assert result.code == 1
    assert "reading the children of each: none of them has a stored output" in result.block("all")["failure"]["message"]
    assert fan.run("--block-uuid", "each").code == 0
    assert fan.run("--block-uuid", "all").code == 0
    assert fan.stored("all") == {"got": [10, 20, 30]}


def test_children_of_a_parent_that_never_ran_are_not_none(fan):
    fan.write(
        B("numbers", "data_loader", NUMBERS, configuration=ITEMS),
        B("each", "transformer", TENFOLD, ("numbers",)),
    )
    result = fan.run("--block-uuid", "each")
    assert result.code == 1
    assert "reading the items of numbers: it has no stored output" in result.block("each")["failure"]["message"]
