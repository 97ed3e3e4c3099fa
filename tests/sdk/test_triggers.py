import datetime as dt

import pytest

from penstock.model.errors import BlockFailedError, SettingInvalidError, UnsupportedError
from penstock.model.messages import AskKind
from penstock.sdk import context, nesting, triggers
from penstock.sdk.remote import RemoteBlock


@pytest.fixture
def asked(tmp_path):
    """What is requested, with the answer to give in `asked.answer`."""

    class Asked(list):
        answer = None

        def __call__(self, kind, arguments):
            self.append((kind, arguments))
            return self.answer

    asker = Asked()
    context.activate(context.Context(project=str(tmp_path), project_name=tmp_path.name, ask=asker))
    yield asker
    context.activate(None)


def test_trigger_pipeline_asks_and_gives_the_run(asked):
    asked.answer = {"id": "r1", "pipeline_uuid": "orders", "status": "running"}
    run = triggers.trigger_pipeline("orders", variables={"day": "2024-01-01"}, check_status=True, poll_timeout=5)
    kind, arguments = asked[0]
    assert kind is AskKind.TRIGGER_PIPELINE
    assert arguments["variables"] == {"day": "2024-01-01"}
    assert (arguments["check_status"], arguments["error_on_failure"], arguments["poll_timeout"]) == (True, False, 5)
    assert (run.id, run.pipeline_uuid, run.status) == ("r1", "orders", "running")


def test_the_run_tells_its_moments_and_blocks(asked):
    blocks = [{"block_uuid": "load", "status": "failed", "started_at": 10.0, "completed_at": 11.0, "error": "no file"}]
    told = {"id": "r1", "pipeline_uuid": "orders", "status": "failed", "started_at": 10.0, "completed_at": 12.5}
    asked.answer = {**told, "execution_date": 0, "partition": "_", "block_runs": blocks}
    run = triggers.trigger_pipeline("orders", check_status=True)
    assert run.status == run.PipelineRunStatus.FAILED == "failed"
    assert run.execution_date == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert (run.completed_at - run.started_at).total_seconds() == 2.5
    (block,) = run.block_runs
    assert (block.block_uuid, block.status, block.error) == ("load", block.BlockRunStatus.FAILED, "no file")
    asked.answer = {**told, "status": "completed"}
    assert run.refresh() is run
    assert (run.status, run.block_runs) == ("completed", [])
    assert asked[-1] == (AskKind.RUN, {"run": "r1"})


def test_remote_blocks_are_handed_over_as_references(asked):
    asked.answer = {"id": "r1", "pipeline_uuid": "orders", "status": "completed", "partition": "_"}
    triggers.trigger_pipeline("orders", remote_blocks=[{"block_uuid": "a"}, RemoteBlock("b", "p1", "other")])
    first, second = asked[0][1]["remote_blocks"]
    assert (first["block_uuid"], first["execution_partition"]) == ("a", "_")
    assert (second["block_uuid"], second["execution_partition"], second["pipeline_uuid"]) == ("b", "p1", "other")
    with pytest.raises(SettingInvalidError, match="no remote block"):
        triggers.trigger_pipeline("orders", remote_blocks=[7])
    assert len(asked) == 1


def test_the_blocks_of_the_run_can_be_given_instead_of_it(asked):
    blocks = [{"block_uuid": "load", "status": "completed"}, {"block_uuid": "clean", "status": "completed"}]
    asked.answer = {
        "id": "r1",
        "pipeline_uuid": "orders",
        "status": "completed",
        "partition": "_",
        "block_runs": blocks,
    }
    found = triggers.trigger_pipeline("orders", return_remote_blocks=True)
    assert asked[0][1]["check_status"] is True
    assert [(block.pipeline_uuid, block.block_uuid) for block in found] == [("orders", "load"), ("orders", "clean")]


def test_run_waits_and_fails_with_the_run(asked):
    asked.answer = {"id": "r1", "pipeline_uuid": "orders", "status": "completed"}
    nesting.run("orders", day=1)
    arguments = asked[0][1]
    assert arguments["check_status"] is True
    assert arguments["error_on_failure"] is True
    assert arguments["variables"] == {"day": 1}
    assert (arguments["block_uuid"], arguments["skip_sensors"]) == ("", False)
    nesting.run("orders", block_uuid="load", run_sensors=False)
    assert (asked[1][1]["block_uuid"], asked[1][1]["skip_sensors"]) == ("load", True)


def test_another_project_is_refused_and_this_one_is_known_by_any_of_its_names(asked, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    asked.answer = {"id": "r1", "pipeline_uuid": "orders", "status": "completed"}
    (tmp_path / "link").symlink_to(tmp_path)
    of_other_machines = (
        f"/home/somebody/{context.current().project_name}",
        rf"C:\work\{context.current().project_name}",
    )
    for path in (None, tmp_path, f"{tmp_path}/.", tmp_path.name, ".", tmp_path / "link", *of_other_machines):
        nesting.run("orders", path)
        triggers.trigger_pipeline("orders", repo_path=path)
    assert len(asked) == 16
    for path in ("/nowhere", "elsewhere", tmp_path.parent):
        for call in (lambda path: nesting.run("orders", path), lambda path: triggers.trigger_pipeline("orders", path)):
            with pytest.raises(UnsupportedError, match=r"pipeline orders: .* is not this project") as refusal:
                call(path)
            assert "penstock.run" in refusal.value.hint
    assert len(asked) == 16


@pytest.mark.parametrize(
    ("answer", "block", "status"),
    [
        (None, None, False),
        ({"run": "r", "state": "running", "blocks": {}}, None, False),
        ({"run": "r", "state": "completed", "blocks": {}}, None, True),
        ({"run": "r", "state": "running", "blocks": {"a": "completed"}}, "a", True),
        ({"run": "r", "state": "running", "blocks": {"a": "skipped"}}, "a", True),
        ({"run": "r", "state": "completed", "blocks": {"a": "completed"}}, "b", False),
    ],
)
def test_check_status(asked, answer, block, status):
    asked.answer = answer
    assert triggers.check_status("orders", dt.datetime(2024, 1, 1, tzinfo=dt.UTC), block_uuid=block) is status


@pytest.mark.parametrize(
    ("answer", "block", "words"),
    [
        (None, None, "pipeline orders: no run of it has begun in the 24 hours before 2024-01-01T00:00:00+00:00"),
        ({"run": "r", "state": "running", "blocks": {}}, None, "the run r has the state running"),
        ({"run": "r", "state": "running", "blocks": {}}, "a", "block a in the run r has not ended"),
        ({"run": "r", "state": "completed", "blocks": {}}, None, ""),
    ],
)
def test_check_status_says_what_it_waits_for(asked, answer, block, words, capsys):
    asked.answer = answer
    triggers.check_status("orders", dt.datetime(2024, 1, 1, tzinfo=dt.UTC), block_uuid=block)
    printed = capsys.readouterr().out
    assert words in printed
    assert bool(printed) is bool(words)


@pytest.mark.parametrize(("state", "blocks", "block"), [("failed", {}, None), ("running", {"a": "cancelled"}, "a")])
def test_check_status_does_not_wait_in_vain(asked, state, blocks, block):
    asked.answer = {"run": "r", "state": state, "blocks": blocks}
    with pytest.raises(BlockFailedError, match="orders"):
        triggers.check_status("orders", None, block_uuid=block)


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (dt.datetime(2024, 1, 1, 5), "2024-01-01T05:00:00+00:00"),  # noqa: DTZ001 - a time without a zone is the case
        (dt.datetime(2024, 1, 1, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))), "2024-01-01T05:00:00+02:00"),
        ("2024-01-01", "2024-01-01T00:00:00+00:00"),
    ],
)
def test_a_moment_without_a_zone_is_utc(asked, moment, told):
    triggers.check_status("orders", moment, hours=2)
    wanted = {"pipeline_uuid": "orders", "block_uuid": None, "execution_date": told, "hours": 2}
    assert asked[0] == (AskKind.RUN_STATUS, wanted)


def test_a_moment_that_is_none_is_refused(asked):
    with pytest.raises(SettingInvalidError, match="'soon'"):
        triggers.check_status("orders", "soon")


def test_outside_a_run_nobody_answers(tmp_path):
    context.activate(context.Context(project=str(tmp_path), project_name="p"))
    try:
        with pytest.raises(UnsupportedError, match="triggering pipeline orders"):
            triggers.trigger_pipeline("orders")
    finally:
        context.activate(None)
