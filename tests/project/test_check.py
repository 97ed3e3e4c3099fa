from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.errors import PipelineNotFoundError
from penstock.project import check_project, open_project
from penstock.project.rules.base import every_rule
from tests.project.golden import PROJECTS, copy

DECORATED = "@{0}\ndef f({1}):\n    return 1\n"


def _block(
    root: Path, code: str | bytes, *, kind: str = "transformer", entry: str = "", others: str = ""
) -> list[Diagnostic]:
    """Findings of a project with one block `x` of that code."""
    folder = root / "pipelines/p"
    folder.mkdir(parents=True)
    (root / "metadata.yaml").write_text("")
    (folder / "metadata.yaml").write_text(f"type: python\nblocks:\n- {{uuid: x, type: {kind}, {entry}}}\n{others}")
    code_folder = root / (kind if kind == "custom" else f"{kind}s")
    code_folder.mkdir()
    extension = "sql" if "sql" in entry else "md" if kind == "markdown" else "py"
    (code_folder / f"x.{extension}").write_bytes(code.encode() if isinstance(code, str) else code)
    for name in ("one", "two"):
        (code_folder / f"{name}.py").write_text(DECORATED.format(kind, "*a"))
    return check_project(open_project(root))


UPSTREAMS = (
    "- {uuid: one, type: transformer}\n- {uuid: two, type: transformer}\n- {uuid: note, type: markdown, content: x}\n"
)


@pytest.mark.parametrize(
    ("parameters", "upstream", "cause"),
    [
        ("data", "one", ""),
        ("data, **kwargs", "one", ""),
        ("*args, **kwargs", "one, two", ""),
        ("a, b", "one, two", ""),
        ("a, *args", "one, two", ""),
        ("a, b=1", "one", ""),
        ("a, limit", "one", ""),
        ("a, env", "one", ""),
        ("a, interval_seconds, interval_start_datetime_previous", "one", ""),
        ("data", "one, note", ""),
        ("**kwargs", "one", "takes no upstream blocks, the block has 1: one"),
        ("a", "one, two", "takes 1 upstream block, the block has 2: one, two"),
        ("a, b", "one", "needs an upstream block for b, the block has 1"),
        ("a, *args", "", "needs an upstream block for a, the block has 0"),
    ],
)
def test_arguments_and_upstreams_must_agree(parameters: str, upstream: str, cause: str, tmp_path: Path) -> None:
    others = UPSTREAMS + "variables: {limit: 1}\n"
    found = _block(
        tmp_path, DECORATED.format("transformer", parameters), entry=f"upstream_blocks: [{upstream}]", others=others
    )
    assert [finding.code for finding in found] == (["PS032"] if cause else [])
    assert not cause or (cause in found[0].message and str(found[0].location) == "transformers/x.py:2")


@pytest.mark.parametrize(
    ("code", "kind", "entry", "expected", "place"),
    [
        ("x = 1\n# Title\n- item\nsome words here\n", "custom", "", "PS030", "custom/x.py:4:6"),
        ("x = 1\n<<<<<<< HEAD\ny = 1\n=======\ny = 2\n>>>>>>> other\n", "custom", "", "PS030", "custom/x.py:2:1"),
        ("def f(): ...\n", "custom", "", "PS031", "custom/x.py"),
        (DECORATED.format("data_loader", ""), "custom", "", "PS031", "custom/x.py"),
        (b"x = '\xe9'\n", "custom", "", "PS029", "custom/x.py"),
        (b"\x00\xff" * 5000, "custom", "", "PS029", "custom/x.py"),
        ("select 1\nfrom {{ df_1 }\n", "transformer", "language: sql", "PS033", "transformers/x.sql:2"),
        ("# {% if %}\n", "markdown", "", "PS033", "markdowns/x.md:1"),
        ("from default_repo.utils import x\n" + DECORATED.format("custom", ""), "custom", "", "PS034", "custom/x.py:1"),
        ("import no_such_package_anywhere\n" + DECORATED.format("custom", ""), "custom", "", "PS035", "custom/x.py:1"),
        ("from default_repo.custom.wrap.tools import x\n" + DECORATED.format("custom", ""), "custom", "", "PS034", "custom/x.py:1"),
        (DECORATED.format("custom", ""), "custom", "language: r", "PS014", "pipelines/p/metadata.yaml:3:3"),
        (DECORATED.format("transformer", ""), "transformer", "configuration: {isolation: Shared}", "PS025", "pipelines/p/metadata.yaml:3:48"),
        (DECORATED.format("transformer", ""), "transformer", "configuration: {isolation: [shared]}", "PS025", "pipelines/p/metadata.yaml:3:48"),
        ("select 1", "transformer", "language: sql, configuration: {data_provider: postgres, data_provider_profile: none}", "PS042", "pipelines/p/metadata.yaml:3:88"),
    ],
)  # fmt: skip
def test_rules_find_what_they_are_for(
    code: str | bytes, kind: str, entry: str, expected: str, place: str, tmp_path: Path
) -> None:
    found = {finding.code: finding for finding in _block(tmp_path, code, kind=kind, entry=entry)}
    assert expected in found
    assert str(found[expected].location) == place
    assert found[expected].hint
    assert found[expected].block == "x"
    assert found[expected].pipeline == "p"


def test_sql_of_dbt_is_not_read_as_a_template_of_ours(tmp_path: Path) -> None:
    found = _block(tmp_path, "{% snapshot s %} select 1 {% endsnapshot %}", kind="dbt", entry="language: sql")
    assert "PS033" not in {finding.code for finding in found}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_conflict_that_a_merge_left_is_called_one(tmp_path: Path, ending: str) -> None:
    conflict = "blocks: []\n<<<<<<< HEAD\nname: a\n=======\nname: b: c\n>>>>>>> theirs\n"
    (tmp_path / "pipelines/p").mkdir(parents=True)
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n")
    (tmp_path / "pipelines/p/metadata.yaml").write_bytes(conflict.replace("\n", ending).encode())
    (found,) = check_project(open_project(tmp_path))
    assert (found.message, str(found.location)) == (
        "reading pipelines/p/metadata.yaml:2:1: it holds an unresolved merge conflict",
        "pipelines/p/metadata.yaml:2:1",
    )
    assert found.hint.startswith("Choose between the two sides")


def test_lines_that_look_like_half_a_conflict_are_none(tmp_path: Path) -> None:
    found = _block(tmp_path, "x = 1\n<<<<<<< HEAD\n=======\n", kind="custom")
    assert [finding.message for finding in found if finding.code == "PS030"] == [
        "block x: it does not parse: invalid syntax"
    ]


def test_every_cycle_is_named(tmp_path: Path) -> None:
    (tmp_path / "pipelines/p").mkdir(parents=True)
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n")
    (tmp_path / "pipelines/p/metadata.yaml").write_text(
        "type: python\nblocks:\n"
        + "".join(
            f"- {{uuid: {uuid}, type: transformer, upstream_blocks: [{above}]}}\n"
            for uuid, above in (("a", "b"), ("b", "a"), ("c", "d, a"), ("d", "c"), ("e", "d"))
        )
    )
    found = [each for each in check_project(open_project(tmp_path)) if each.code == "PS020"]
    assert [sorted(set(each.message.rpartition(": ")[2].split(" -> "))) for each in found] == [["a", "b"], ["c", "d"]]
    assert [each.location.line if each.location else 0 for each in found] == [3, 5]


WORDS = """notification_config:
  message_templates:
    failure:
      title: "{pipeline_uuid} of {{ env_var('NAME') }}"
      summary: "{pipeline_uid} and {pipeline_uid} {"
"""


def test_words_of_alerts_that_name_no_variable_are_found_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "pipelines/p").mkdir(parents=True)
    (tmp_path / "metadata.yaml").write_text(WORDS)
    (tmp_path / "pipelines/p/metadata.yaml").write_text("uuid: p\ntype: python\nblocks: []\n" + WORDS)
    found = [each for each in check_project(open_project(tmp_path)) if each.code == "PS050"]
    assert [(str(each.location), each.pipeline, each.severity.value) for each in found] == [
        ("metadata.yaml:5:7", "", "error"),
        ("pipelines/p/metadata.yaml:8:7", "p", "error"),
    ]
    assert found[1].message == ("pipeline p: message_templates.failure.summary: alerts have no variable {pipeline_uid}")
    assert found[1].hint == "Write {pipeline_uuid}."


BROKEN_ALERTS = """notification_config:
  alert_on: [trigger_failed, trigger_success]
  repeat_after: bogus
  slack_config: {webhook: x}
  teams_config: text
  discord_config: {webhook_url: "{{ env_var('DISCORD') }}"}
  google_chat_config: {webhook_url: ""}
  telegram_config:
  opsgenie_config: {api_key: "{{ mage_secret_var('key') }}", url: here}
  email_config: {smtp_host: "{{ env_var('HOST') }}", smtp_port: "{{ env_var('PORT') }}"}
"""


@pytest.mark.parametrize("pipeline", ["", "p"])
def test_alert_settings_that_cannot_be_used_are_found_where_they_stand(tmp_path: Path, pipeline: str) -> None:
    (tmp_path / "pipelines/p").mkdir(parents=True)
    (tmp_path / "metadata.yaml").write_text("" if pipeline else BROKEN_ALERTS)
    text = "uuid: p\ntype: python\nblocks: []\n" + (BROKEN_ALERTS if pipeline else "")
    (tmp_path / "pipelines/p/metadata.yaml").write_text(text)
    found = [each for each in check_project(open_project(tmp_path)) if each.code == "PS051"]
    below = 3 if pipeline else 0
    assert {(each.location.line - below, each.message.partition(": ")[2][:40]) for each in found if each.location} == {
        (2, "alert_on: 'trigger_failed' is none of tr"),
        (3, "reading repeat_after: 'bogus' is not a d"),
        (4, "slack_config: webhook_url is missing or "),
        (5, "teams_config: it is no map"),
        (9, "opsgenie_config: url is no address that "),
        (10, "email_config: to_emails is missing or em"),
    }
    assert {(each.pipeline, each.severity.value) for each in found} == {(pipeline, "warning")}


ODD_WORDS = """notification_config:
  message_templates:
    failures: {title: x}
    success: text
    failure:
      titel: x
      title: "{error!r} {error:>10} {pipeline_run_url.x} {'a': {error}} {other: 1}"
      summary: 7
    recovery:
"""


def test_words_of_alerts_that_would_not_be_told_are_found(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "metadata.yaml").write_text(ODD_WORDS)
    found = [each for each in check_project(open_project(tmp_path)) if each.code == "PS050"]
    assert [
        (each.location.line if each.location else 0, each.message.partition("templates.")[2]) for each in found
    ] == [
        (3, "failures: there is no such occasion"),
        (4, "success: it is no map of title, summary and details"),
        (6, "failure: a message has no part titel"),
        (7, "failure.title: {error!r} is not filled in, for a variable stands alone in its braces"),
        (7, "failure.title: {error:>10} is not filled in, for a variable stands alone in its braces"),
        (7, "failure.title: {pipeline_run_url.x} is not filled in, for a variable stands alone in its braces"),
    ]
    assert [each.hint for each in found][2:4] == ["Write title.", "Write {error}."]


def test_a_module_is_looked_for_to_its_last_part(tmp_path: Path) -> None:
    (tmp_path / "utils/deep").mkdir(parents=True)
    for name in ("__init__", "dates", "deep/more"):
        (tmp_path / f"utils/{name}.py").touch()
    imports = ["utils.dates", "utils.deep.more", "default_repo.utils.deep", "utils", "utils.gone", "utils.dates.x"]
    imports += ["default_repo.utils.gone.more", f"{tmp_path.name}.utils.deep.gone"]
    code = "".join(f"from {name} import f\n" for name in imports)
    found = _block(tmp_path, code + DECORATED.format("custom", ""), kind="custom")
    assert [(each.code, each.location.line) for each in found if each.location] == [("PS034", n) for n in (5, 6, 7, 8)]


def test_a_package_that_a_module_of_the_project_needs_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils/pages.py").write_text("import os\nfrom no_such_soup import Soup\nfrom utils import deeper\n")
    (tmp_path / "utils/deeper.py").write_text(
        "def f():\n    import no_such_either\ntry:\n    import nor_this\nexcept ImportError: ...\n"
    )
    code = "from utils.pages import Soup\nfrom utils import pages\n" + DECORATED.format("custom", "")
    found = [each for each in _block(tmp_path, code, kind="custom") if each.code == "PS035"]
    assert [(str(each.location), each.message) for each in found] == [
        ("utils/pages.py:2", "block x: what it imports needs no_such_soup, which is not installed here")
    ]


def test_mage_needs_no_installing(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("mage-ai==0.9.80\nMage_AI[all]\nno-such-thing>=1\n")
    found = {each.code: each for each in _block(tmp_path, DECORATED.format("custom", ""), kind="custom")}
    assert found["PS036"].message.endswith(": no-such-thing")


def test_a_replica_of_a_block_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    others = "- {uuid: y, type: custom, replicated_block: gone}\n- {uuid: z, type: custom, replicated_block: x}\n"
    found = _block(tmp_path, DECORATED.format("custom", ""), kind="custom", others=others)
    assert [(each.code, each.message) for each in found] == [
        ("PS014", "block y: it repeats the block gone, which is not in the pipeline")
    ]
    assert str(found[0].location) == "pipelines/p/metadata.yaml:4:27"


def test_names_of_mage_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils/lake.py").write_text("from mage_ai.io.s3 import S3\n")
    code = (
        "from mage_ai.data_preparation.shared.utils import get_template_vars\n"
        "from mage_ai.io.bigquery import BigQuery\nfrom mage_ai.io.bigquery import BigQuery as Again\n"
        "from mage_ai.io.postgres import Postgres\nfrom mage_ai.io import bigquery\nfrom utils.lake import S3\n"
        "try:\n    import mage_ai.no_such\nexcept ImportError: ...\n"
    )
    found = [
        each
        for each in _block(tmp_path, code + DECORATED.format("custom", ""), kind="custom")
        if each.code in {"PS054", "PS055"}
    ]
    assert [(each.code, str(each.location)) for each in found] == [
        ("PS054", "custom/x.py:1"),
        ("PS055", "custom/x.py:2"),
        ("PS055", "utils/lake.py:1"),
    ]
    assert "mage_ai.data_preparation.shared.utils" in found[0].message
    assert "BigQuery" in found[1].message


def test_sql_on_a_system_that_is_not_there_yet_is_told(tmp_path: Path) -> None:
    entry = "language: sql, configuration: {data_provider: BigQuery, data_provider_profile: default}"
    found = {each.code: each for each in _block(tmp_path, "select 1", entry=entry)}
    assert found["PS023"].message == "block x: this version does not run SQL on bigquery"
    assert str(found["PS023"].location) == "pipelines/p/metadata.yaml:3:63"


def test_limits_that_are_not_read_are_told(tmp_path: Path) -> None:
    root = tmp_path / "p"
    (root / "pipelines/a").mkdir(parents=True)
    (root / "metadata.yaml").write_text(
        "project_type: standalone\nresources: {warehouse: two, lake: 3}\n"
        "retry_config: {retries: 1, dealy: 3}\nconcurrency_config:\n  block_run_limit: x\n"
        "  pipeline_run_limit_all_pipelines: 3\n  on_pipeline_run_limit_reached: skp\n"
        "  block_run_limit_per_block_uuid: {b: 1, c: many}\n  bogus_limit: 4\n"
    )
    (root / "pipelines/a/metadata.yaml").write_text(
        "uuid: a\ntype: python\nconcurrency_config: {pipeline_run_limt: 1, pipeline_run_limit: '2', pipeline_run_priority: 1.5}\n"
        "blocks:\n- {uuid: m, type: markdown, language: markdown, content: x, resources: {warehouse: none}, retry_config: {tries: 2}}\n"
        "- {uuid: n, type: markdown, language: markdown, content: x, resources: [warehouse, lake]}\n"
        "- {uuid: o, type: markdown, language: markdown, content: x, resources: warehouse}\n"
    )
    found = [each for each in check_project(open_project(root)) if each.code == "PS056"]
    told = {(str(each.location).split(":")[1], each.message.split(": ")[1], each.hint) for each in found}
    assert told == {
        ("2", "resources.warehouse", "Write a whole number."),
        ("3", "retry_config.dealy", "Did you mean delay?"),
        ("5", "concurrency_config.block_run_limit", "Write a whole number."),
        ("7", "concurrency_config.on_pipeline_run_limit_reached", "Write wait or skip."),
        ("8", "concurrency_config.block_run_limit_per_block_uuid.c", "Write a whole number."),
        ("9", "concurrency_config.bogus_limit", "Did you mean block_run_limit?"),
        ("3", "concurrency_config.pipeline_run_limt", "Did you mean pipeline_run_limit?"),
        ("3", "concurrency_config.pipeline_run_priority", "Write a whole number."),
        ("5", "resources.warehouse", "Write a whole number."),
        ("5", "retry_config.tries", "Did you mean retries?"),
    }


@pytest.mark.parametrize("entry", ["configuration: {isolation: shared}", "configuration: {isolation: }", ""])
def test_isolation_that_there_is_is_no_finding(entry: str, tmp_path: Path) -> None:
    assert _block(tmp_path, DECORATED.format("transformer", ""), entry=entry) == []


def test_a_global_data_product_runs(tmp_path: Path) -> None:
    others = "- {uuid: users, type: global_data_product, language: python, configuration: {global_data_product: {uuid: u}}}\n"
    assert [each.code for each in _block(tmp_path, DECORATED.format("custom", ""), kind="custom", others=others)] == []


def test_code_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    _block(tmp_path / "p", f"open({str(mark)!r}, 'w')\n" + DECORATED.format("custom", ""), kind="custom")
    assert not mark.exists()


def test_the_odd_project_has_these_kinds_of_findings() -> None:
    found = check_project(open_project(PROJECTS / "odd"))
    assert {finding.code for finding in found} == {
        "PS001", "PS002", "PS003", "PS005", "PS010", "PS011", "PS012", "PS013", "PS014", "PS015", "PS016", "PS017",
        "PS018", "PS019", "PS020", "PS021", "PS040", "PS041", "PS043", "PS044", "PS046",
    }  # fmt: skip
    cycle = next(finding for finding in found if finding.code == "PS020")
    assert "a -> b -> c -> a" in cycle.message
    assert str(cycle.location) == "pipelines/everything/metadata.yaml:61:3"
    assert sum(finding.code == "PS040" for finding in found) == 5


def test_kinds_that_do_not_run_are_told() -> None:
    found = check_project(open_project(PROJECTS / "kinds"))
    assert sorted((finding.code, finding.pipeline) for finding in found) == [
        ("PS022", "stream"), ("PS022", "sync"), ("PS023", "models"), ("PS023", "models"),
    ]  # fmt: skip
    assert all(finding.severity is Severity.WARNING for finding in found)


def test_a_check_can_be_limited_to_pipelines() -> None:
    project = open_project(PROJECTS / "odd")
    found = check_project(project, ["fine"])
    assert {finding.pipeline for finding in found} == {"", "fine"}
    with pytest.raises(PipelineNotFoundError):
        check_project(project, ["nothing"])


def test_findings_as_data() -> None:
    (first, *_) = check_project(open_project(PROJECTS / "odd"))
    assert first.to_dict() == {
        "code": "PS002",
        "severity": "warning",
        "message": "metadata.yaml: the key project_type stands twice, first on line 1; the last one counts",
        "hint": "Remove the one that is not meant.",
        "file": "metadata.yaml",
        "line": 10,
        "column": 1,
        "pipeline": "",
        "block": "",
    }


def test_rules_have_a_code_of_their_own_and_a_page() -> None:
    rules = every_rule()
    codes = [rule.code for rule in rules]
    assert len(codes) == len(set(codes)) > 25
    assert all(rule.__doc__ and len(rule.__doc__) > 60 for rule in rules)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    root = copy("good", tmp_path)
    (root / "pipelines/orders/triggers.yaml").write_bytes(b"\xff")
    (root / "io_config.yaml").write_text("default: {{ nothing_such('x') }}\n")
    (root / "requirements.txt").write_bytes(b"caf\xe9\n")
    (root / "custom").symlink_to(root / "custom")
    (root / "pipelines/fifo").mkdir()
    os.mkfifo(root / "pipelines/fifo/metadata.yaml")
    found = {finding.code: finding for finding in check_project(open_project(root))}
    assert {"PS001", "PS036", "PS041"} <= set(found)
