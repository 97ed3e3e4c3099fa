"""Dynamic blocks in every form, through the command line, their stored outputs compared."""

from __future__ import annotations

import pytest

from tests.cli.projects import B
from tests.walks.fan_project import ITEMS, REDUCE, states

USERS = """
users = [{"id": at, "name": f"user_{at}"} for at in range(1, 4)]
return [users, [{"block_uuid": f"for_user_{at}", "score": at * 10} for at in range(1, 4)]]
"""
LETTERS = 'return [["a", "b", "c"]]'
NUMBERS = "return [[1, 2]]"
KEEP = "return [args[0]]"


def test_each_item_is_an_argument_and_its_metadata_are_variables(fan):
    seen = "return {'got': args[0], 'score': kwargs['score'], 'at': kwargs['dynamic_block_index']}"
    fan.write(
        B("users", "data_loader", USERS, configuration=ITEMS),
        B("greet", "transformer", seen, ("users",), configuration=REDUCE),
        B("all", "data_exporter", "return {'all': args[0]}", ("greet",)),
    )
    result = fan.run()
    assert result.code == 0, result.err
    greeted = [{"got": {"id": at, "name": f"user_{at}"}, "score": at * 10, "at": at - 1} for at in range(1, 4)]
    assert fan.children("greet") == {f"for_user_{at}": greeted[at - 1] for at in range(1, 4)}
    assert fan.stored("all") == {"all": greeted}
    assert set(states(result).values()) == {"completed"}
    assert list(states(result))[-1] == "all"


def test_blocks_below_children_run_for_each_of_them_until_they_are_reduced(fan):
    fan.write(
        B("letters", "data_loader", LETTERS, configuration=ITEMS),
        B("one", "transformer", "return args[0] * 2", ("letters",)),
        B("two", "transformer", "return args[0] + '!'", ("one",), configuration=REDUCE),
        B("all", "transformer", "return {'all': args[0]}", ("two",)),
    )
    assert fan.run().code == 0
    assert fan.children("two") == {"0": "aa!", "1": "bb!", "2": "cc!"}
    assert fan.stored("all") == {"all": ["aa!", "bb!", "cc!"]}


def test_several_dynamic_parents_multiply_and_fixed_ones_come_along(fan):
    fan.write(
        B("letters", "data_loader", LETTERS, configuration=ITEMS),
        B("numbers", "data_loader", NUMBERS, configuration=ITEMS),
        B("fixed", "data_loader", "return {'by': 100}"),
        B("both", "transformer", "return f\"{args[0]}{args[1]['by'] * args[2]}\"", ("letters", "fixed", "numbers")),
    )
    result = fan.run()
    assert result.code == 0, result.err
    product = {f"{x}:{y}": f"{'abc'[x]}{100 * (y + 1)}" for x in range(3) for y in range(2)}
    assert fan.children("both") == product


def test_a_child_that_is_dynamic_itself_fans_out_again(fan):
    fan.write(
        B("letters", "data_loader", LETTERS, configuration=ITEMS),
        B("spread", "transformer", "return [[args[0] * n for n in range(1, 1 + 'abc'.index(args[0]))]]", ("letters",),
          configuration=ITEMS),
        B("leaf", "transformer", "return args[0].upper()", ("spread",), configuration=REDUCE),
        B("all", "transformer", "return {'all': args[0]}", ("leaf",)),
    )  # fmt: skip
    result = fan.run()
    assert result.code == 0, result.err
    assert fan.children("leaf") == {"1:0": "B", "2:0": "C", "2:1": "CC"}
    assert fan.stored("all") == {"all": ["B", "C", "CC"]}


def test_the_settings_of_the_second_version_choose_blocks_by_name(fan):
    fan.write(
        B("letters", "data_loader", LETTERS, configuration={"dynamic": {"parent": ["each"]}}),
        B("each", "transformer", KEEP, ("letters",), configuration={"dynamic": {"reduce_output": ["some"]}}),
        B("whole", "transformer", "return {'whole': args[0]}", ("letters",)),
        B("some", "transformer", "return {'some': args[0]}", ("each",)),
        B("again", "transformer", KEEP, ("each",)),
        B("above", "transformer", "return {'above': args[0]}", ("again",),
          configuration={"dynamic": {"reduce_output_upstream": ["again"]}}),
    )  # fmt: skip
    result = fan.run()
    assert result.code == 0, result.err
    assert fan.stored("whole") == {"whole": ["a", "b", "c"]}
    assert fan.stored("some") == {"some": ["a", "b", "c"]}
    assert fan.children("again") == {"0": "a", "1": "b", "2": "c"}
    assert fan.stored("above") == {"above": ["a", "b", "c"]}


FRAME = "import pandas as pd\nreturn pd.DataFrame({'n': [1, 2, 3], 't': ['x', 'y', 'z']})"


@pytest.mark.parametrize(
    "given",
    [
        B("rows", "data_loader", FRAME, configuration=ITEMS),
        B("rows", "data_loader", "import polars as pl\nreturn pl.DataFrame({'n': [1, 2, 3], 't': ['x', 'y', 'z']})",
          configuration=ITEMS),
        B("rows", "data_loader", "SELECT unnest([1, 2, 3]) AS n, unnest(['x', 'y', 'z']) AS t", language="sql",
          configuration={**ITEMS, "use_raw_sql": True}),
        B("rows", "data_loader", "for n, t in zip([1, 2, 3], ['x', 'y', 'z']):\n    yield {'n': n, 't': t}",
          configuration=ITEMS),
        B("rows", "data_loader", "for n, t in zip([1, 2, 3], ['x', 'y', 'z']):\n    yield [[{'n': n, 't': t}], [{'m': 1}]]",
          configuration=ITEMS),
    ],
    ids=["pandas", "polars", "sql", "generator", "generator of pairs"],
)  # fmt: skip
def test_rows_of_frames_and_parts_of_generators_are_items(fan, given):
    fan.write(given, B("each", "transformer", "return {**args[0], 'k': 1}", ("rows",)))
    result = fan.run()
    assert result.code == 0, result.out + result.err
    assert fan.children("each") == {
        "0": {"n": 1, "t": "x", "k": 1}, "1": {"n": 2, "t": "y", "k": 1}, "2": {"n": 3, "t": "z", "k": 1},
    }  # fmt: skip


def test_frames_of_children_are_reduced_to_one_frame(fan):
    fan.write(
        B("letters", "data_loader", LETTERS, configuration=ITEMS),
        B("frames", "transformer", "import pandas as pd\nreturn pd.DataFrame({'l': [args[0]] * 2})", ("letters",),
          configuration=REDUCE),
        B("all", "transformer", "return {'shape': list(args[0].shape), 'l': args[0]['l'].tolist()}", ("frames",)),
        B("query", "transformer", "SELECT l, count(*) AS n FROM {{ df_1 }} GROUP BY l ORDER BY l", ("frames",),
          language="sql", configuration={"use_raw_sql": True}),
    )  # fmt: skip
    result = fan.run()
    assert result.code == 0, result.out
    assert fan.stored("all") == {"shape": [6, 1], "l": ["a", "a", "b", "b", "c", "c"]}
    assert fan.stored("query").values.tolist() == [["a", 2], ["b", 2], ["c", 2]]


def test_an_sql_block_runs_for_each_item(fan):
    fan.write(
        B("users", "data_loader", USERS, configuration=ITEMS),
        B("double", "transformer", "SELECT id * {{ score }} AS n, name FROM {{ df_1 }}", ("users",), language="sql",
          configuration={"use_raw_sql": True}),
    )  # fmt: skip
    result = fan.run()
    assert result.code == 0, result.out
    got = {label: frame.values.tolist() for label, frame in fan.children("double").items()}
    assert got == {f"for_user_{at}": [[at * at * 10, f"user_{at}"]] for at in (1, 2, 3)}


@pytest.mark.parametrize("body", ["return [[]]", "return [[], []]", "return None"])
def test_no_items_are_no_children_and_an_empty_list_below(fan, body):
    fan.write(
        B("none", "data_loader", body, configuration=ITEMS),
        B("each", "transformer", KEEP, ("none",), configuration=REDUCE),
        B("further", "transformer", KEEP, ("none",)),
        B("all", "transformer", "return {'all': args[0]}", ("each",)),
    )
    result = fan.run()
    assert result.code == 0, result.out
    assert states(result) == dict.fromkeys(["none", "each", "further", "all"], "completed")
    assert fan.stored("all") == {"all": []}


def test_one_bad_child_of_a_hundred_fails_alone(fan):
    fan.write(
        B("many", "data_loader", "return [list(range(100))]", configuration=ITEMS),
        B("each", "transformer", "if args[0] == 42:\n    raise ValueError('no answer')\nreturn args[0]", ("many",)),
        B("next", "transformer", KEEP, ("each",)),
        B("all", "transformer", "return len(args[0])", ("each",),
          configuration={"dynamic": {"reduce_output_upstream": ["each"]}}),
    )  # fmt: skip
    result = fan.run()
    assert result.code == 1
    got = states(result)
    assert {key for key, state in got.items() if state == "failed"} == {"each:42", "each"}
    assert {key for key, state in got.items() if state == "upstream_failed"} == {"next:42", "next", "all"}
    assert sum(state == "completed" for state in got.values()) == 1 + 99 + 99
    failure = result.block("each")["failure"]
    assert failure["message"] == "1 of 100 children failed (each:42); each:42: no answer"
    assert len(fan.children("next")) == 99


def test_each_child_is_tried_again_on_its_own(fan):
    body = "if kwargs['retry']['attempts'] < args[0]:\n    raise ValueError('again')\nreturn args[0]"
    retries = {"retry_config": {"retries": 2, "delay": 0}}
    fan.write(
        B("many", "data_loader", "return [[0, 1, 2, 3]]", configuration=ITEMS),
        B("each", "transformer", body, ("many",), more=retries),
    )
    result = fan.run()
    assert result.code == 1
    attempts = {entry["block"]: entry["attempts"] for entry in result.document["blocks"]}
    assert [attempts[f"each:{at}"] for at in range(4)] == [1, 2, 3, 3]
    assert states(result)["each:3"] == "failed"
    assert fan.children("each") == {"0": 0, "1": 1, "2": 2}


def test_a_child_whose_process_is_killed_is_tried_again(fan):
    body = (
        "import os, signal\nif args[0] == 1 and not kwargs['retry']['attempts']:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\nreturn args[0]"
    )
    fan.write(
        B("many", "data_loader", "return [[0, 1, 2]]", configuration=ITEMS),
        B("each", "transformer", body, ("many",), more={"retry_config": {"retries": 1, "delay": 0}}),
    )
    result = fan.run()
    assert result.code == 0, result.out
    assert fan.children("each") == {"0": 0, "1": 1, "2": 2}
    assert result.block("each:1")["attempts"] == 2


@pytest.mark.parametrize(("behaviour", "code", "made"), [("fail", 1, 0), ("limit", 0, 2)])
def test_too_many_children_fail_the_block_or_are_left_out(fan, behaviour, code, made):
    fan.write(B("letters", "data_loader", LETTERS, configuration=ITEMS), B("each", "transformer", KEEP, ("letters",)))
    limits = {"DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS": "2", "DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS_BEHAVIOR": behaviour}
    result = fan.run(**limits)
    assert result.code == code
    assert len(fan.children("each")) == made
    if code:
        assert "it would run 3 times, the limit is 2" in result.block("each")["failure"]["message"]
    else:
        assert "leaves out 1 more" in fan.log("each")


def test_children_at_once_are_limited(fan):
    body = (
        "import os, pathlib, time\nfolder = pathlib.Path(kwargs['repo_path'])\nmine = folder / f'now_{args[0]}'\n"
        "mine.touch()\nseen = len(list(folder.glob('now_*')))\nmine.unlink()\nreturn seen"
    )
    fan.write(
        B("many", "data_loader", "return [list(range(8))]", configuration=ITEMS),
        B("each", "transformer", body, ("many",)),
    )
    assert fan.run("-j", "4", DYNAMIC_BLOCKS_MAX_CONCURRENT_CHILD_BLOCKS="1").code == 0
    assert set(fan.children("each").values()) == {1}


def test_metadata_that_does_not_fit_is_told(fan):
    fan.write(
        B("bad", "data_loader", "return [[1, 2], [{'block_uuid': 'x'}]]", configuration=ITEMS),
        B("each", "transformer", KEEP, ("bad",)),
    )
    result = fan.run()
    assert result.code == 1
    assert "it has 2 items and metadata for 1" in result.block("bad")["failure"]["message"]
    assert states(result)["each"] == "upstream_failed"


def test_names_that_stand_twice_stay_apart(fan):
    fan.write(
        B("twice", "data_loader", "return [[1, 2], [{'block_uuid': 'x'}, {'block_uuid': 'x'}]]", configuration=ITEMS),
        B("each", "transformer", KEEP, ("twice",)),
    )
    assert fan.run().code == 0
    assert fan.children("each") == {"x": 1, "x_1": 2}


def test_all_in_one_process_and_shared_processes_give_the_same(fan):
    blocks = [
        B("letters", "data_loader", LETTERS, configuration=ITEMS),
        B("each", "transformer", "import os\nreturn [args[0], os.getpid()]", ("letters",)),
    ]
    fan.write(*blocks, run_pipeline_in_one_process=True)
    assert fan.run().code == 0
    assert len({pid for _, pid in fan.children("each").values()}) == 1
    blocks[1].configuration = {"isolation": "shared"}
    fan.write(*blocks)
    assert fan.run("-j", "1").code == 0
    assert [letter for letter, _ in fan.children("each").values()] == ["a", "b", "c"]
    assert len({pid for _, pid in fan.children("each").values()}) == 1
    blocks[1].configuration = {}
    fan.write(*blocks)
    assert fan.run("-j", "1").code == 0
    assert len({pid for _, pid in fan.children("each").values()}) == 3


def test_children_alone_run_over_what_is_stored(fan):
    fan.write(
        B("letters", "data_loader", LETTERS, configuration=ITEMS),
        B("one", "transformer", "return args[0] * 2", ("letters",)),
        B("two", "transformer", "return args[0] + '!'", ("one",), configuration=REDUCE),
        B("all", "transformer", "return {'all': args[0]}", ("two",)),
    )
    assert fan.run().code == 0
    for block, keys in (("one", 3), ("two", 3), ("all", 0)):
        result = fan.run("--block-uuid", block)
        assert result.code == 0, result.out
        assert len(states(result)) == keys + 1
    assert fan.stored("all") == {"all": ["aa!", "bb!", "cc!"]}
    stale = fan.run("--stale")
    assert stale.code == 0
    assert set(states(stale).values()) == {"skipped"}


def test_a_replica_runs_the_code_of_its_original_as_a_block_of_its_own(fan):
    fan.write(
        B("load", "data_loader", "return kwargs['configuration'].get('by', 1)"),
        B("again", "data_loader", "raise SystemExit", more={"replicated_block": "load"}, configuration={"by": 7}),
        B("both", "transformer", "return [args[0] + args[1]]", ("load", "again")),
    )
    result = fan.run()
    assert result.code == 0, result.out
    assert fan.stored("again") == 7
    assert fan.stored("both") == 8


def test_folds_as_real_projects_write_them(fan):
    split = (
        "import numpy as np\nfolds = [(np.arange(at), np.arange(at, 4)) for at in (1, 2)]\n"
        "return [folds, [dict(split_index=at) for at in range(len(folds))]]"
    )
    train = "train, test = args[1]\nreturn [f\"m{kwargs['split_index']}\", train.tolist(), test.tolist(), args[0]['n']]"
    judge = "model, train, test, n = args[0]\nreturn [dict(model=model, size=len(train), rest=len(test), n=n)]"
    fan.write(
        B("ml/settings", "data_loader", "return {'n': 5}"),
        B("ml/kfold", "data_loader", split, configuration=ITEMS),
        B("ml/train", "transformer", train, ("ml/settings", "ml/kfold")),
        B("ml/judge", "transformer", judge, ("ml/train",), configuration=REDUCE),
        B("ml/explain", "custom", "return {'all': args[0]}", ("ml/judge",)),
    )
    result = fan.run()
    assert result.code == 0, result.out
    judged = [{"model": f"m{at}", "size": at + 1, "rest": 3 - at, "n": 5} for at in (0, 1)]
    assert fan.stored("ml/explain") == {"all": judged}
    assert fan.children("ml/judge") == {"0": judged[0], "1": judged[1]}
