"""The card of a failure says what the block was given, and what has changed since it last went well."""

from __future__ import annotations

import hashlib

import pytest

from tests.server.serving import Server, add_pipeline, make_project, serving

LOAD = "import pandas\n@data_loader\ndef load(**kwargs):\n    return pandas.DataFrame({'a': range(kwargs['rows'])})\n"
CHECK = "from limits import MOST\n@transformer\ndef check(rows, **kwargs):\n    assert len(rows) <= MOST, 'too many'\n    return rows\n"


@pytest.fixture
def server(tmp_path):
    blocks = [("load", "data_loader", [], LOAD), ("check", "transformer", ["load"], CHECK)]
    root = make_project(tmp_path / "project", blocks=blocks)
    (root / "limits.py").write_text("MOST = 10\n")
    with serving(root) as running:
        yield running


def failed(server: Server, **body) -> str:
    events = server.run(**body)
    assert events[-1]["run"]["state"] == "failed"
    return events[-1]["run"]["run"]


def test_inputs_code_and_variables_that_changed(server: Server):
    add_variables(server, rows=5)
    good = server.run()[-1]["run"]["run"]
    add_variables(server, rows=20)
    (server.root / "limits.py").write_text("MOST = 15\n")
    why = server.get(f"/runs/{failed(server)}/why/check")
    assert (why["failure"]["kind"], why["failure"]["message"]) == ("AssertionError", "too many")
    (given,) = why["inputs"]
    assert (given["block"], given["rows"], given["columns"]) == ("load", 20, 1)
    assert why["last_good"]["run"] == good
    assert why["known"]
    changes = {(change["kind"], change["what"]): change for change in why["changed_since_good"]}
    assert set(changes) == {("code", "limits.py"), ("input", "load"), ("variable", "rows")}
    assert changes["code", "limits.py"]["after"] == hashlib.sha256(b"MOST = 15\n").hexdigest()
    assert changes["input", "load"]["before"].endswith(", 5 rows, 1 columns")
    assert (changes["variable", "rows"]["before"], changes["variable", "rows"]["after"]) == ("5", "20")


def test_a_block_that_never_went_well(server: Server):
    add_variables(server, rows=20)
    why = server.get(f"/runs/{failed(server)}/why/check")
    assert why["last_good"] is None
    assert why["changed_since_good"] == []


def test_a_process_that_died_is_compared_by_the_files_of_now(server: Server):
    add_variables(server, rows=5)
    server.run()
    file = server.root / "transformers" / "check.py"
    file.write_text("import os\n" + CHECK.replace("assert", "os.abort()\n    assert"))
    why = server.get(f"/runs/{failed(server)}/why/check")
    assert not why["known"]
    assert code_changes(why) == ["transformers/check.py"]
    assert why["inputs"][0]["rows"] == 5


def test_a_test_that_failed_is_no_good_version(server: Server):
    add_variables(server, rows=5)
    good = server.run()[-1]["run"]["run"]
    file = server.root / "transformers" / "check.py"
    file.write_text(CHECK + "\n@test\ndef never(rows):\n    assert False, 'never'\n")
    for _ in range(2):
        why = server.get(f"/runs/{failed(server)}/why/check")
        assert why["last_good"]["run"] == good
        assert code_changes(why) == ["transformers/check.py"]


def test_code_that_is_no_python(server: Server):
    add_variables(server, rows=5)
    server.run()
    (server.root / "transformers" / "check.py").write_text("def (:\n")
    why = server.get(f"/runs/{failed(server)}/why/check")
    assert why["failure"]["kind"] == "SyntaxError"
    assert "transformers/check.py" in code_changes(why)


def test_a_block_that_has_not_failed(server: Server):
    add_variables(server, rows=5)
    run = server.run()[-1]["run"]["run"]
    assert server.client.get(f"/runs/{run}/why/check").status_code == 404
    assert server.client.get("/runs/none/why/check").status_code == 404


def code_changes(why) -> list[str]:
    return [change["what"] for change in why["changed_since_good"] if change["kind"] == "code"]


def add_variables(server: Server, **variables) -> None:
    blocks = [("load", "data_loader", [], LOAD), ("check", "transformer", ["load"], CHECK)]
    add_pipeline(server.root, "flights", blocks, variables=variables)


SWAPPED = (
    "import pandas\n@data_loader\ndef load(**kwargs):\n    rows = list(range(2000))\n    one, other = kwargs['swap']\n"
    "    rows[one], rows[other] = rows[other], rows[one]\n    return pandas.DataFrame({'a': rows})\n"
)
FAILS = "@transformer\ndef check(rows, **kwargs):\n    assert not kwargs.get('fail'), 'told to'\n    return rows\n"


@pytest.mark.parametrize(
    ("swap", "changed"), [([0, 0], []), ([1000, 1001], ["load"])], ids=["the same", "in the middle"]
)
def test_a_new_version_of_an_input_is_a_change_only_where_its_rows_are_others(tmp_path, swap, changed):
    blocks = [("load", "data_loader", [], SWAPPED), ("check", "transformer", ["load"], FAILS)]
    root = make_project(tmp_path / "project", blocks=blocks)
    with serving(root) as server:
        add_pipeline(root, "flights", blocks, variables={"swap": [0, 0]})
        server.run()
        add_pipeline(root, "flights", blocks, variables={"swap": swap, "fail": True})
        why = server.get(f"/runs/{failed(server)}/why/check")
        assert why["inputs"][0]["ref"]["version"].startswith("00000002-")
        assert [change["what"] for change in why["changed_since_good"] if change["kind"] == "input"] == changed
