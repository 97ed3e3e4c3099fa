import json
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.observe.record import RUN_LOG
from tests.cli.projects import B, clean_environment, penstock, write_pipeline, write_project
from tests.patience import PATIENCE
from tests.read_only import read_only

CHAIN = [
    B("load", "data_loader", "return 5"),
    B("double", "transformer", "return args[0] * 2", up=("load",)),
    B("save", "data_exporter", "print('got', args[0])", up=("double",)),
]


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "my project ü", chain=CHAIN)


def test_a_chain_runs_and_every_output_is_kept(project, tmp_path):
    done = penstock("run", project, "chain", "--json", home=tmp_path)
    assert done.code == 0, done.err
    assert [(entry["block"], entry["state"]) for entry in done.document["blocks"]] == [
        ("load", "completed"),
        ("double", "completed"),
        ("save", "completed"),
    ]
    shown = penstock("data", "list", "-p", project, "--json", home=tmp_path)
    assert {entry["block"] for entry in shown.document["products"]} == {"load", "double", "save"}


def test_piped_output_is_a_line_per_block_without_control_codes(project, tmp_path):
    done = penstock("run", project, "chain", home=tmp_path)
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == ["load", "double", "save", "chain"]
    assert "\x1b" not in done.out
    assert "got" not in done.out
    verbose = penstock("run", project, "chain", "-v", home=tmp_path)
    assert "save | got 10" in verbose.out


def test_a_pipeline_of_the_current_folder_needs_no_project_argument(project, tmp_path):
    assert penstock("run", "chain", home=tmp_path, cwd=project).code == 0


def test_a_failing_block_fails_the_run_and_says_where(tmp_path):
    project = write_project(
        tmp_path / "p",
        bad=[
            B("load", "data_loader", "print('before')\nraise ValueError('no such day: 2013-02-30')"),
            B("after", "transformer", "return 1", up=("load",)),
            B("beside", "data_loader", "return 1"),
        ],
    )
    done = penstock("run", project, "bad", home=tmp_path)
    assert done.code == 1
    assert "ValueError: no such day: 2013-02-30" in done.out
    assert "load.py:8 in f" in done.out
    assert "before" in done.out
    assert "not run" in done.out
    document = penstock("run", project, "bad", "--json", home=tmp_path).document
    states = {entry["block"]: entry["state"] for entry in document["blocks"]}
    assert states == {"load": "failed", "after": "upstream_failed", "beside": "completed"}
    logs = list((tmp_path / "data").rglob("load.log"))
    assert "ValueError" in logs[0].read_text()


def test_failed_tests_fail_the_block_and_hide_its_output_from_others(tmp_path):
    project = write_project(
        tmp_path / "p",
        tested=[
            B(
                "load",
                "data_loader",
                "return 5",
                tail="\n@test\ndef positive(x, *args):\n    assert x < 0, 'too big'\n",
            ),
            B("after", "transformer", "return args[0]", up=("load",)),
        ],
    )
    done = penstock("run", project, "tested", "--json", home=tmp_path)
    assert done.code == 1
    assert "too big" in done.block("load")["failure"]["message"]
    alone = penstock("run", project, "tested", "--block-uuid", "after", home=tmp_path)
    assert alone.code == 1
    assert "its upstream load has no stored output" in alone.out
    assert penstock("run", project, "tested", "--no-test", home=tmp_path).code == 0


def test_one_block_reads_the_stored_upstream_or_says_what_to_do(project, tmp_path):
    missing = penstock("run", project, "chain", "--block-uuid", "double", home=tmp_path)
    assert missing.code == 1
    assert "Run load first, or add --with-upstream." in missing.out
    both = penstock("run", project, "chain", "--block-uuid", "double", "--with-upstream", "--json", home=tmp_path)
    assert [entry["block"] for entry in both.document["blocks"]] == ["load", "double"]
    assert penstock("run", project, "chain", "--block-uuid", "double", home=tmp_path).code == 0


def test_only_what_is_stale_runs_again(project, tmp_path):
    def states(*more):
        document = penstock("run", project, "chain", "--stale", "--json", *more, home=tmp_path).document
        return [entry["state"] for entry in document["blocks"]]

    assert states() == ["completed"] * 3
    assert states() == ["skipped"] * 3
    file = project / "transformers" / "double.py"
    file.write_text(file.read_text().replace("* 2", "* 3"))
    assert states() == ["skipped", "completed", "completed"]
    assert states("--runtime-vars", '{"day": 1}') == ["completed"] * 3
    assert states("--runtime-vars", '{"day": 1}') == ["skipped"] * 3


def test_a_changed_helper_makes_its_users_stale_and_is_seen(tmp_path):
    project = write_project(tmp_path / "proj")
    (project / "utils").mkdir()
    (project / "utils" / "__init__.py").write_text("")
    helper = project / "utils" / "maths.py"
    helper.write_text("def f(x):\n    return x + 1\n")
    head = "from proj.utils.maths import f as helper\nfrom utils.maths import f as same\n"
    alias = "from default_repo.utils.maths import f as third\n"
    write_pipeline(project, "p", [B("a", "data_loader", "return helper(same(third(0)))", head=head + alias)])

    def run():
        return penstock("run", project, "p", "--stale", "--json", home=tmp_path).block("a")

    assert run()["state"] == "completed"
    assert run()["state"] == "skipped"
    helper.write_text("def f(x):\n    return x + 10\n")
    assert run()["state"] == "completed"
    shown = penstock("data", "show", "p/a", "-p", project, home=tmp_path)
    assert "30" in shown.out
    assert "code utils/maths.py" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["nowhere", "chain"], 2, "nowhere"),
        (["{project}", "chian"], 2, "chian"),
        (["{project}", "chain", "--block-uuid", "duoble"], 2, "Did you mean double?"),
        (["{project}", "chain", "--runtime-vars", "{day: 1}"], 2, "it is not JSON"),
        (["{project}", "chain", "--runtime-vars", "[1]"], 2, "it is [1], not an object"),
        (["{project}", "chain", "--runtime-vars", "null"], 2, "it is null, not an object"),
        (
            ["{project}", "chain", "--runtime-vars", r'{"a": ["\ud800"]}'],
            2,
            "error C101: reading --runtime-vars: a text in it",
        ),
        (["{project}", "chain", "--runtime-vars", '{"a":' * 3000], 2, "--runtime-vars: it is not JSON"),
        (["{project}", "chain", "--memory-limit", "much"], 2, "it is not a size"),
        (["{project}", "chain", "--memory-limit", "20000000000g"], 2, "error C101: reading the memory limit"),
        (["{project}", "chain", "--memory-limit", "9" * 400], 2, "it is more than 1024t"),
        (["{project}", "chain", "--executor-type", "k8s"], 2, "this version runs blocks on this machine only"),
        (["{project}", "chain", "--pipeline-run-id", "77"], 2, "reading the run 77"),
        (["{project}", "chain", "--no-such-option"], 2, "No such option"),
    ],
)
def test_misuse_is_one_sentence_and_exit_code_2(project, tmp_path, arguments, code, problem):
    filled = [argument.replace("{project}", str(project)) for argument in arguments]
    done = penstock("run", *filled, home=tmp_path)
    assert done.code == code
    assert problem in done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) <= 5


def test_a_memory_limit_of_the_environment_that_is_none_fails_no_block(project, tmp_path):
    done = penstock("run", project, "chain", home=tmp_path, PENSTOCK_BLOCK_MEMORY="2 GB")
    assert (done.code, done.out) == (2, "")
    assert "PENSTOCK_BLOCK_MEMORY: '2 GB' is not an integer" in done.err
    done = penstock("run", project, "chain", home=tmp_path, PENSTOCK_BLOCK_MEMORY="99999999999999999")
    assert done.code == 2
    assert "PENSTOCK_BLOCK_MEMORY: 99999999999999999 is above 1073741824" in done.err


@pytest.mark.parametrize("section", ["blocks", "callbacks"])
def test_a_file_outside_of_the_project_is_called_so_when_it_is_run(project, tmp_path, section):
    path = project / "pipelines" / "chain" / "metadata.yaml"
    entries = {
        "blocks": "blocks:\n- {uuid: ../../etc/passwd, type: custom, language: python}\n",
        "callbacks": "blocks:\n- {uuid: load, type: data_loader, language: python}\n"
        "callbacks:\n- {uuid: ../../etc/passwd, type: callback, language: python, upstream_blocks: [load]}\n",
    }
    path.write_text(f"uuid: chain\ntype: python\n{entries[section]}")
    words = "its file ../../etc/passwd is outside the project"
    assert words in penstock("check", project, home=tmp_path).out
    done = penstock("run", project, "chain", "--verbose", home=tmp_path)
    assert words in done.out + done.err
    if section == "blocks":
        assert done.code == 1
        assert "Move it into the project." in done.out + done.err


def test_errors_are_json_when_json_is_asked_for(project, tmp_path):
    done = penstock("run", project, "nothing", "--json", home=tmp_path)
    assert done.code == 2
    assert done.document["error"]["code"] == "J102"


def test_variables_of_an_earlier_run_are_taken_by_its_id(tmp_path):
    project = write_project(tmp_path / "p", v=[B("a", "data_loader", "return kwargs['day']")])
    first = penstock("run", project, "v", "--runtime-vars", '{"day": 7}', "--json", home=tmp_path).document
    again = penstock("run", project, "v", "--pipeline-run-id", first["run"], home=tmp_path)
    assert again.code == 0, again.out
    assert penstock("run", project, "v", home=tmp_path).code == 1


def test_a_partition_has_its_own_versions(project, tmp_path):
    assert penstock("run", project, "chain", "--execution-partition", "2013-01-01", home=tmp_path).code == 0
    listed = penstock("data", "list", "-p", project, "--json", home=tmp_path).document["products"]
    assert {entry["partition"] for entry in listed} == {"2013-01-01"}


def test_one_process_shares_context_and_memory(tmp_path):
    project = write_project(tmp_path / "p")
    blocks = [
        B("a", "data_loader", "import os\nkwargs['context']['n'] = 41\nreturn os.getpid()"),
        B("b", "transformer", "import os\nreturn [kwargs['context']['n'] + 1, args[0] == os.getpid()]", up=("a",)),
    ]
    write_pipeline(project, "one", blocks, run_pipeline_in_one_process=True)
    assert penstock("run", project, "one", home=tmp_path).code == 0
    shown = penstock("data", "show", "one/b", "-p", project, "--json", home=tmp_path).document
    assert [output["preview"] for output in shown["outputs"]] == [42, True]


def test_retries_follow_the_blocks_policy(tmp_path):
    body = (
        "from pathlib import Path\nfile = Path(kwargs['repo_path']) / 'tries'\n"
        "file.write_text((file.read_text() if file.exists() else '') + str(kwargs['retry']['attempts']))\n"
        "assert kwargs['retry']['attempts'] == 2, 'not yet'\nreturn 1"
    )
    more = {"retry_config": {"retries": 2, "delay": 0}}
    project = write_project(tmp_path / "p", r=[B("a", "data_loader", body, more=more)])
    done = penstock("run", project, "r", "--json", home=tmp_path)
    assert done.code == 0, done.out
    assert done.block("a")["attempts"] == 3
    assert (project / "tries").read_text() == "012"


def test_a_block_whose_value_is_refused_does_its_work_once(tmp_path):
    body = "file = open('done', 'a')\nfile.write('x')\nfile.flush()\nreturn file"
    more = {"retry_config": {"retries": 2, "delay": 0}}
    project = write_project(
        tmp_path / "p", r=[B("a", "data_loader", body.replace("'done'", repr(str(tmp_path / "done"))), more=more)]
    )
    done = penstock("run", project, "r", "--json", home=tmp_path)
    assert (done.code, done.block("a")["failure"]["code"]) == (1, "D103")
    assert (tmp_path / "done").read_text() == "x"


def test_retries_of_the_block_go_over_those_of_the_pipeline_and_of_the_project_key_by_key(tmp_path):
    body = (
        "from pathlib import Path\nfile = Path(kwargs['repo_path']) / kwargs['block_uuid']\n"
        "file.write_text((file.read_text() if file.exists() else '') + str(kwargs['retry']['attempts']))\n"
        "raise ValueError('never')"
    )
    own = {"retry_config": {"retries": 1}}
    project = write_project(tmp_path / "p")
    (project / "metadata.yaml").write_text(
        "project_type: standalone\nretry_config: {retries: 0, delay: 3600, max_delay: 7200}\n"
    )
    blocks = [B("a", "data_loader", body), B("b", "data_loader", body, more=own)]
    write_pipeline(project, "r", blocks, retry_config={"retries": 2, "delay": 0})
    done = penstock("run", project, "r", "--json", home=tmp_path)
    assert done.code == 1, done.out
    assert ((project / "a").read_text(), (project / "b").read_text()) == ("012", "01")


def test_retries_of_the_project_hold_where_the_block_has_none(tmp_path):
    body = "assert kwargs['retry']['attempts'] == 1, 'not yet'\nreturn 1"
    project = write_project(tmp_path / "p", r=[B("a", "data_loader", body)])
    (project / "metadata.yaml").write_text("retry_config:\n  retries: '1'\n  delay: 0\n")
    done = penstock("run", project, "r", "--json", home=tmp_path)
    assert done.code == 0, done.out
    assert done.block("a")["attempts"] == 2


def test_a_read_only_project_runs(project, tmp_path):
    with read_only(project):
        with pytest.raises(OSError, match=r"[Rr]ead-only|[Pp]ermission"):
            (project / "new").touch()
        assert penstock("run", project, "chain", home=tmp_path).code == 0


def test_a_block_that_triggers_a_pipeline_waits_for_it(tmp_path):
    body = (
        "from mage_ai.orchestration.triggers.api import trigger_pipeline\n"
        "run = trigger_pipeline('inner', variables={'n': 3}, check_status=True, error_on_failure=True)\n"
        "return str(run.status)"
    )
    project = write_project(
        tmp_path / "p",
        outer=[B("a", "data_loader", body)],
        inner=[B("b", "data_loader", "return kwargs['n']")],
    )
    done = penstock("run", project, "outer", "--json", home=tmp_path)
    assert done.code == 0, done.out
    listed = penstock("data", "list", "inner", "-p", project, "--json", home=tmp_path).document["products"]
    assert listed[0]["outputs"][0]["preview"] == 3


def test_two_runs_at_once_do_not_mix(tmp_path):
    project = write_project(
        tmp_path / "p",
        two=[
            B("a", "data_loader", "return kwargs['n']"),
            B("b", "transformer", "return [args[0], kwargs['n']]", up=("a",)),
        ],
    )
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "penstock.cli.main",
                "run",
                str(project),
                "two",
                "--json",
                "--runtime-vars",
                json.dumps({"n": number}),
            ],
            env={**clean_environment(), "PENSTOCK_DATA_DIR": str(tmp_path / "data")},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in processes:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    listed = penstock("data", "list", "two", "--versions", "-p", project, "--json", home=tmp_path).document["products"]
    pairs = [[output["preview"] for output in entry["outputs"]] for entry in listed if entry["block"] == "b"]
    assert sorted(pairs) == [[number, number] for number in range(4)]


def test_an_object_that_shows_itself_as_a_page_is_stored_as_that_and_read_by_no_block(tmp_path):
    made = "class Circuit:\n    def __init__(self):\n        self.run = lambda: 3\n    def _repr_html_(self):\n        return '<b>3 gates</b>'\n"
    project = write_project(tmp_path / "p")
    blocks = [
        B("draw", "data_loader", "return Circuit()", head=made),
        B("plain", "data_loader", "import threading\nreturn threading.Lock()"),
        B("use", "transformer", "return args[0].run()", up=("draw",)),
    ]
    write_pipeline(project, "shown", blocks[:1])
    shown = penstock("run", project, "shown", "-v", home=tmp_path)
    assert shown.code == 0, shown.out
    assert "its page is stored instead, and no block can read the object" in shown.out
    (output,) = penstock("run", project, "shown", "--json", home=tmp_path).document["blocks"][0]["outputs"]
    assert output["kind"] == "object"
    write_pipeline(project, "used", [blocks[0], blocks[2]])
    used = penstock("run", project, "used", home=tmp_path)
    assert used.code == 1
    assert "only the HTML with which it shows itself was stored" in used.out
    write_pipeline(project, "none", blocks[1:2])
    assert penstock("run", project, "none", home=tmp_path).code == 1
    memory = {"run_pipeline_in_one_process": True, "cache_block_output_in_memory": True}
    write_pipeline(project, "memory", [blocks[0], blocks[2]], **memory)
    assert penstock("run", project, "memory", home=tmp_path).code == 0


def test_what_cannot_be_stored_is_handed_on_in_memory_where_the_pipeline_says_so(tmp_path):
    project = write_project(tmp_path / "p")
    blocks = [
        B("lock", "data_loader", "import threading\nreturn threading.Lock()"),
        B("use", "transformer", "return args[0].acquire(blocking=False)", up=("lock",)),
    ]
    write_pipeline(project, "memory", blocks, run_pipeline_in_one_process=True, cache_block_output_in_memory=True)
    done = penstock("run", project, "memory", "-v", home=tmp_path)
    assert done.code == 0, done.out
    assert "the next blocks of this run get it from memory" in done.out
    alone = penstock("run", project, "memory", "--block-uuid", "use", home=tmp_path)
    assert alone.code == 1
    assert "its upstream lock has no stored output" in alone.out
    write_pipeline(project, "disk", blocks, run_pipeline_in_one_process=True)
    refused = penstock("run", project, "disk", home=tmp_path)
    assert refused.code == 1
    assert "no exact form for it is known" in refused.out


def test_a_block_that_cannot_run_fails_alone_with_what_depends_on_it(tmp_path):
    project = write_project(tmp_path / "p")
    blocks = [
        B("product", "custom", "return 1", more={"type": "global_data_product"}),
        B("after", "transformer", "return args[0]", up=("product",)),
        B("lost", "transformer", "return args[0]", up=("ghost",)),
        B("thinker", "custom", "return 1", more={"type": "ai"}),
        B("beside", "data_loader", "return 1"),
        B("gone", "data_loader", "return 1"),
    ]
    write_pipeline(project, "odd", blocks)
    (project / "data_loaders" / "gone.py").unlink()
    done = penstock("run", project, "odd", "--json", home=tmp_path)
    assert done.code == 1
    states = {entry["block"]: entry["state"] for entry in done.document["blocks"]}
    assert states == {
        "product": "failed",
        "after": "upstream_failed",
        "lost": "failed",
        "thinker": "failed",
        "beside": "completed",
        "gone": "failed",
    }
    messages = {entry["block"]: (entry["failure"] or {}).get("message", "") for entry in done.document["blocks"]}
    assert "product: it is not registered in global_data_products.yaml" in messages["product"]
    assert "does not run ai blocks" in messages["thinker"]
    assert "names ghost as upstream" in messages["lost"]
    assert "gone" in messages["gone"]


def test_a_cycle_is_named_before_anything_runs(tmp_path):
    project = write_project(
        tmp_path / "p",
        loop=[
            B("a", "custom", "return 1", up=("c",)),
            B("b", "custom", "return 1", up=("a",)),
            B("c", "custom", "", up=("b",)),
        ],
    )
    done = penstock("run", project, "loop", home=tmp_path)
    assert done.code == 2
    assert "a -> b -> c -> a" in done.err


def test_the_environment_says_what_the_pipeline_does_not(tmp_path):
    project = write_project(
        tmp_path / "p",
        pids=[
            B("a", "data_loader", "import os\nreturn os.getpid()"),
            B("b", "transformer", "import os\nreturn args[0] == os.getpid()", up=("a",)),
        ],
        odd=[B("c", "data_loader", "import types\nreturn types.SimpleNamespace(a=1)")],
    )

    def same_process(**environment):
        assert penstock("run", project, "pids", home=tmp_path, **environment).code == 0
        shown = penstock("data", "show", "pids/b", "-p", project, "--json", home=tmp_path)
        return shown.document["outputs"][0]["preview"]

    assert same_process() is False
    assert same_process(RUN_PIPELINE_IN_ONE_PROCESS="1") is True
    assert penstock("run", project, "odd", home=tmp_path).code == 1
    assert penstock("run", project, "odd", home=tmp_path, PENSTOCK_ALLOW_PICKLE="1").code == 0
    wrong = penstock("run", project, "pids", home=tmp_path, CONCURRENCY_CONFIG_BLOCK_RUN_LIMIT="many")
    assert wrong.code == 2
    assert "CONCURRENCY_CONFIG_BLOCK_RUN_LIMIT" in wrong.err


def test_pipelines_that_would_wait_for_each_other_are_refused_in_words(tmp_path: Path) -> None:
    head = "from mage_ai.orchestration.triggers.api import trigger_pipeline\n"
    project = write_project(
        tmp_path / "p",
        a=[B("call_b", "custom", "trigger_pipeline('b', check_status=True, error_on_failure=True)", head=head)],
        b=[B("call_a", "custom", "trigger_pipeline('a', check_status=True, error_on_failure=True)", head=head)],
    )
    done = penstock("run", project, "a", "--json", home=tmp_path)
    assert done.code == 1
    records = [file.read_text() for file in tmp_path.rglob("run.jsonl")]
    assert len(records) == 2, "the third run was never begun"
    assert any("the runs would wait for each other (a waits for b waits for a)" in record for record in records)


def test_what_a_run_leaves_out_is_told_and_stands_in_its_log(tmp_path):
    project = write_project(tmp_path / "project")
    extensions = {"great_expectations": {"blocks": [{"uuid": "ge", "type": "extension", "upstream_blocks": ["one"]}]}}
    one = B("one", "custom", "return 1", more={"executor_type": "k8s"})
    write_pipeline(project, "p", [one, B("two", "custom", "return 2")], extensions=extensions)

    done = penstock("run", project, "p", home=tmp_path, DEFAULT_EXECUTOR_TYPE="ecs")

    assert done.code == 0
    unchecked = "this version does not run extensions, so no data is validated by it"
    told = [
        f"block ge of the extension great_expectations is not run: {unchecked}",
        "block one asks for the executor k8s; this version runs blocks on this machine only",
    ]
    here = "DEFAULT_EXECUTOR_TYPE is ecs; this version runs blocks on this machine only"
    assert done.err.splitlines()[:3] == [f"warning: {each}" for each in (here, *told)]
    (log,) = (tmp_path / "data").rglob(RUN_LOG)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["message"] for line in lines if line["level"] == "WARNING"] == told


@pytest.mark.parametrize(("executor", "code"), [("local_python", 0), ("local_python_force", 0), ("k8s", 2)])
def test_the_executor_of_a_run_is_this_machine(executor, code, tmp_path):
    project = write_project(tmp_path / "project", p=[B("one", "custom", "return 1")])
    assert penstock("run", project, "p", "--executor-type", executor, home=tmp_path).code == code
