"""Dynamic blocks in stream mode: children begin while their parent still yields; through the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.projects import B
from tests.patience import PATIENCE
from tests.walks.fan_project import ITEMS, REDUCE, Fan, states

STREAM = {"dynamic": {"parent": True, "modes": [{"type": "stream", "poll_interval": 10}]}}


def waits(file: Path) -> str:
    """Lines that wait for a file; who never makes it fails the block."""
    return f"""
import os, time
begun = time.monotonic()
while not os.path.exists({str(file)!r}):
    assert time.monotonic() - begun < {PATIENCE}, "nobody made it"
    time.sleep(0.01)
"""


def makes(file: Path, when: str = "True") -> str:
    return f"if {when}: open({str(file)!r}, 'w').close()\n"


def parts_left(fan: Fan) -> list[str]:
    return [str(path) for path in fan.store().root.glob("parts/**/*") if path.is_file()]


def test_children_begin_before_their_parent_ends_and_so_do_those_below_them(fan, tmp_path):
    made = tmp_path / "made"
    parent = f"""
yield [["a", "b"], [{{"block_uuid": "first", "n": 1}}, {{"block_uuid": "second", "n": 2}}]]
{waits(made)}
yield ["c"]
yield None
yield [[], []]
yield [["d"]]
"""
    fan.write(
        B("users", "data_loader", parent, configuration=STREAM),
        B("each", "transformer", "return args[0] + str(kwargs.get('n', ''))", ("users",)),
        B(
            "leaf",
            "transformer",
            makes(made, "args[0] == 'a1'") + "return args[0] * 2",
            ("each",),
            configuration=REDUCE,
        ),
        B("all", "data_exporter", "return {'all': args[0]}", ("leaf",)),
    )
    result = fan.run()
    assert result.code == 0, result.err
    assert set(states(result).values()) == {"completed"}
    assert fan.children("each") == {"first": "a1", "second": "b2", "2": "c", "3": "d"}
    assert fan.stored("all") == {"all": ["a1a1", "b2b2", "cc", "dd"]}
    assert parts_left(fan) == []
    order = list(states(result))
    assert order.index("leaf:first") < order.index("users") < order.index("leaf") < order.index("all")
    # What was stored is an ordinary output: each child, and what is fresh, can be run on it alone.
    alone = fan.run("--block-uuid", "each")
    assert alone.code == 0, alone.err
    assert fan.children("each") == {"first": "a1", "second": "b2", "2": "c", "3": "d"}


def test_what_was_made_early_is_fresh(fan):
    fan.write(
        B("users", "data_loader", "yield [1]\nyield [[2], [{'block_uuid': 'two'}]]", configuration=STREAM),
        B("each", "transformer", "return args[0]", ("users",)),
    )
    assert fan.run().code == 0
    stale = fan.run("--stale")
    assert stale.code == 0, stale.err
    assert set(states(stale).values()) == {"skipped"}
    again = fan.run("--block-uuid", "users")
    assert again.code == 0
    assert set(states(fan.run("--stale")).values()) == {"skipped", "completed"}, "a newer version of the parent"


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_rows_of_frames_that_are_yielded(fan, library):
    make = {"pandas": "pandas.DataFrame", "polars": "polars.DataFrame", "pyarrow": "pyarrow.table"}[library]
    parent = f"import {library}\nfor at in range(3):\n    yield {make}({{'n': [at * 2, at * 2 + 1], 't': ['x', 'y']}})"
    fan.write(
        B("rows", "data_loader", parent, configuration=STREAM),
        B("each", "transformer", "return dict(args[0])", ("rows",)),
        B("whole", "transformer", "return {'rows': len(args[0])}", ("rows",)),
    )
    assert fan.run().code == 0
    rows = {str(at): {"n": at, "t": "xy"[at % 2]} for at in range(6)}
    assert fan.children("each") == rows
    assert fan.run("--block-uuid", "each").code == 0
    assert fan.children("each") == rows


def test_fixed_parents_are_waited_for_and_two_that_are_dynamic_for_their_ends(fan, tmp_path):
    made = tmp_path / "made"
    fan.write(
        B("users", "data_loader", f"yield [1]\n{waits(made)}\nyield [2, 3]", configuration=STREAM),
        B("letters", "data_loader", 'return [["a", "b"]]', configuration=ITEMS),
        B("fixed", "data_loader", "return {'by': 10}"),
        B("mixed", "transformer", makes(made) + "return args[0] * args[1]['by']", ("users", "fixed")),
        B("both", "transformer", "return f'{args[0]}{args[1]}'", ("users", "letters")),
        B("product", "transformer", "return f'{args[0]}{args[1]}'", ("mixed", "letters")),
    )
    result = fan.run()
    assert result.code == 0, result.err
    assert fan.children("mixed") == {"0": 10, "1": 20, "2": 30}
    assert sorted(fan.children("both").values()) == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert sorted(fan.children("product").values()) == ["10a", "10b", "20a", "20b", "30a", "30b"]


def test_a_child_that_is_dynamic_itself_fans_out_once_all_are_known(fan):
    fan.write(
        B("users", "data_loader", "yield [1]\nyield [2]", configuration=STREAM),
        B("each", "transformer", "for at in range(args[0]):\n    yield [at]", ("users",), configuration=STREAM),
        B("leaf", "transformer", "return args[0]", ("each",)),
    )
    assert fan.run().code == 0
    assert fan.children("leaf") == {"0:0": 0, "1:0": 0, "1:1": 1}


@pytest.mark.parametrize(("parent", "children"), [("return None\nyield", 0), ("yield None", 0), ("yield [7]", 1)])
def test_few_or_no_parts(fan, parent, children):
    fan.write(
        B("users", "data_loader", parent, configuration=STREAM),
        B("each", "transformer", "return args[0]", ("users",), configuration=REDUCE),
        B("all", "data_exporter", "return {'all': args[0]}", ("each",)),
    )
    result = fan.run()
    assert result.code == 0, result.err
    assert len(fan.children("each")) == children
    assert fan.stored("all") == {"all": [7] * children}


def test_a_function_that_returns_is_read_as_without_the_mode(fan):
    fan.write(
        B("users", "data_loader", "return [[1, 2], [{'block_uuid': 'x'}, {'block_uuid': 'y'}]]", configuration=STREAM),
        B("each", "transformer", "return args[0]", ("users",)),
    )
    assert fan.run().code == 0
    assert fan.children("each") == {"x": 1, "y": 2}


def test_a_parent_that_fails_leaves_what_has_run_and_begins_nothing_more(fan, tmp_path):
    begun, failed = tmp_path / "begun", tmp_path / "failed"
    child = f"{makes(begun)}{waits(failed)}return args[0]"
    fan.write(
        B("users", "data_loader", f"yield [1, 2]\n{waits(begun)}\nraise ValueError('no more')", configuration=STREAM),
        B("each", "transformer", child, ("users",), configuration=REDUCE),
        B("leaf", "transformer", "return args[0]", ("each",)),
        B("all", "data_exporter", "return {'all': args[0]}", ("each",)),
        attached={"tell": ("users", f"@callback('failure')\ndef tell(*args, **kwargs):\n    {makes(failed, '1')}")},
    )
    result = fan.run(DYNAMIC_BLOCKS_MAX_CONCURRENT_CHILD_BLOCKS="1")
    assert result.code == 1
    found = states(result)
    assert [found[block] for block in ("users", "each", "all")] == ["failed", "upstream_failed", "upstream_failed"]
    assert (found["each:0"], found["each:1"]) == ("completed", "upstream_failed")
    assert fan.children("each") == {"0": 1}
    assert parts_left(fan) == []
    left = [path for path in fan.store().root.glob("products/p/users/**/*") if path.is_file()]
    assert left == [], "what it had yielded is not left behind"


def test_a_parent_that_is_tried_again_makes_its_children_anew(fan, tmp_path):
    log, first, begun = tmp_path / "log", tmp_path / "first", tmp_path / "begun"
    parent = f"""
if kwargs['retry']['attempts'] == 0:
    yield [[1, 2, 99], [{{"block_uuid": name}} for name in ("one", "two", "gone")]]
    {waits(first).replace(chr(10), chr(10) + "    ")}
    {waits(begun).replace(chr(10), chr(10) + "    ")}
    raise ValueError("once")
yield [[10, 20], [{{"block_uuid": name}} for name in ("one", "two")]]
"""
    child = f"""
import os, time
with open({str(log)!r}, "a") as file: file.write(f"begin {{args[0]}}\\n")
if args[0] == 2:
    open({str(begun)!r}, "w").close()
    try:
        time.sleep({PATIENCE})
    except KeyboardInterrupt:
        with open({str(log)!r}, "a") as file: file.write("ended 2\\n")
        raise
{makes(first, "args[0] == 1")}
return args[0]
"""
    fan.write(
        B("users", "data_loader", parent, configuration=STREAM, more={"retry_config": {"retries": 1, "delay": 0}}),
        B("each", "transformer", child, ("users",), configuration=REDUCE),
        B("all", "data_exporter", "return {'all': args[0]}", ("each",)),
    )
    result = fan.run(DYNAMIC_BLOCKS_MAX_CONCURRENT_CHILD_BLOCKS="2")
    assert result.code == 0, result.err
    assert fan.stored("all") == {"all": [10, 20]}
    lines = log.read_text().splitlines()
    assert lines.index("ended 2") < lines.index("begin 20"), "never two attempts of one child at once"
    found = states(result)
    assert found["each:one"] == found["each:two"] == found["each"] == "completed"
    assert found["each:gone"] == "cancelled", "what does not come again is told as withdrawn"
    assert result.block("each:gone")["failure"]["kind"] == "withdrawn"
    assert parts_left(fan) == []


@pytest.mark.parametrize(("behaviour", "code", "made"), [("fail", 1, None), ("limit", 0, 3)])
def test_too_many_children(fan, behaviour, code, made):
    fan.write(
        B("users", "data_loader", "for at in range(3):\n    yield [at, at]", configuration=STREAM),
        B("each", "transformer", "return args[0]", ("users",)),
    )
    limits = {"DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS": "3", "DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS_BEHAVIOR": behaviour}
    result = fan.run(**limits)
    assert result.code == code
    assert states(result)["users"] == "completed"
    if made is None:
        assert states(result)["each"] == "failed"
        assert "it would run 4 times, the limit is 3" in result.block("each")["failure"]["message"]
    else:
        assert len(fan.children("each")) == made
        assert "the limit of 3 children leaves out 3 more" in fan.log("each")


def test_a_part_that_does_not_fit_is_told(fan):
    fan.write(
        B("users", "data_loader", "yield [1]\nyield [[1, 2], [{}]]", configuration=STREAM),
        B("each", "transformer", "return args[0]", ("users",)),
    )
    result = fan.run()
    assert result.code == 1
    assert "it has 2 items and metadata for 1" in result.block("users")["failure"]["message"]


def test_conditions_and_tries_count_for_each_child(fan, tmp_path):
    made = tmp_path / "made"
    child = f"{makes(made)}\nif kwargs['retry']['attempts'] == 0: raise ValueError('once')\nreturn args[0]"
    fan.write(
        B("users", "data_loader", f"yield [1, 2]\n{waits(made)}\nyield [3]", configuration=STREAM),
        B("each", "transformer", child, ("users",), more={"retry_config": {"retries": 1, "delay": 0}}),
        attached={"odd": ("each", "@condition\ndef odd(*args, **kwargs):\n    return args[0] % 2 == 1")},
    )
    result = fan.run()
    assert result.code == 0, result.err
    found = states(result)
    assert [found[f"each:{at}"] for at in range(3)] == ["completed", "condition_failed", "completed"]
    assert result.block("each:2")["attempts"] == 2


def test_where_all_blocks_share_one_process_children_begin_at_the_end(fan):
    fan.write(
        B("users", "data_loader", "yield [[1, 2], [{}, {}]]\nyield [[3], [{}]]", configuration=STREAM),
        B("each", "transformer", "return args[0]", ("users",)),
        run_pipeline_in_one_process=True,
    )
    assert fan.run().code == 0
    assert fan.children("each") == {"0": 1, "1": 2, "2": 3}
