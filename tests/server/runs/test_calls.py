"""Calls of other programs over a real server: tokens, signatures, single blocks, events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.data import ProductStore
from penstock.model.product import Address
from penstock.project import open_project
from penstock.server.runs.callers import SIGNATURE, TIMESTAMP, signature_of
from penstock.server.runs.calls import MOST_NESTED
from tests.patience import PATIENCE
from tests.server.running import Server, start

PIPELINE = """name: sales
type: python
blocks:
- {uuid: load, name: load, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: [score]}
- {uuid: score, name: score, type: transformer, language: python, upstream_blocks: [load], downstream_blocks: []}
- {uuid: table, name: table, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
- {uuid: seen, name: seen, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
- {uuid: model, name: model, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
- {uuid: pieces, name: pieces, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
- {uuid: several, name: several, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
- {uuid: nothing, name: nothing, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
- {uuid: long, name: long, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
- {uuid: broken, name: broken, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
"""
BLOCKS = {
    "data_loaders/load.py": "@data_loader\ndef load(*args, **kwargs):\n    return {'base': kwargs.get('base', 1)}\n",
    "transformers/score.py": (
        "@transformer\ndef score(value, *args, **kwargs):\n"
        "    return {'score': value['base'] * kwargs.get('factor', 1), 'event': kwargs['event']}\n"
    ),
    "data_loaders/table.py": (
        "import pandas as pd\n@data_loader\ndef table(*args, **kwargs):\n    return pd.DataFrame({'a': [1, 2]})\n"
    ),
    "data_loaders/seen.py": (
        "NAMES = ('customer', 'factor', 'env', 'event', 'trigger_name', 'pipeline_run_id')\n"
        "@data_loader\ndef seen(*args, **kwargs):\n    return {name: kwargs.get(name) for name in NAMES}\n"
    ),
    "data_loaders/model.py": (
        "import numpy as np\nimport pandas as pd\n@data_loader\ndef model(*args, **kwargs):\n"
        "    frame = pd.DataFrame({'a': [1, 2], 'b': [[1], []]})\n"
        "    return {'scores': np.array([0.1, np.nan]), 'table': frame, 'n': np.int64(7)}\n"
    ),
    "data_loaders/pieces.py": (
        "@data_loader\ndef pieces(*args, **kwargs):\n    yield {'piece': 1}\n    yield {'piece': 2}\n"
    ),
    "data_loaders/several.py": "@data_loader\ndef several(*args, **kwargs):\n    return ['a', None, 1.5]\n",
    "data_loaders/nothing.py": "@data_loader\ndef nothing(*args, **kwargs):\n    pass\n",
    "data_loaders/long.py": "@data_loader\ndef long(*args, **kwargs):\n    text = 'x' * kwargs.get('length', 1)\n"
    "    return [text] * kwargs['times'] if 'times' in kwargs else text\n",
    "data_loaders/broken.py": "@data_loader\ndef broken(*args, **kwargs):\n    raise ValueError('no such model')\n",
}
TRIGGERS = """triggers:
- {name: called, schedule_type: api, status: active, token: plain-token-of-the-file, variables: {factor: 2}}
- {name: also_off, schedule_type: api, status: inactive, token: plain-token-of-the-file}
- {name: off, schedule_type: api, status: inactive, token: token-of-one-that-is-off}
- {name: timed, schedule_type: time, schedule_interval: '@daily', status: inactive, token: token-of-a-timed-one}
- name: signed
  schedule_type: api
  status: active
  token: token-of-the-signed-one
  settings: {webhook: {secret: hook, tolerance_seconds: 60}}
- name: on_file
  schedule_type: event
  status: active
  token: token-of-the-event
  event_matchers:
  - {event_type: aws_event, name: new file, pattern: {source: [aws.s3], detail: {bucket: [mine, ours]}}}
"""
COPIED = """name: copied
type: python
blocks:
- {uuid: table, name: table, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
"""
SHARED = """- {name: shared, schedule_type: api, status: active, token: token-of-two-pipelines}
- name: of_both
  schedule_type: event
  status: active
  token: event-token-of-two-pipelines
  event_matchers:
  - {event_type: aws_event, name: shared, pattern: {source: [aws.sqs]}}
"""
"""Triggers with the same tokens in two pipelines, as after a triggers.yaml was copied."""


@contextmanager
def studio(home: Path) -> Iterator[Server]:
    files = {
        "metadata.yaml": "project_type: standalone\n",
        "pipelines/sales/metadata.yaml": PIPELINE,
        "pipelines/sales/triggers.yaml": TRIGGERS + SHARED,
        "pipelines/copied/metadata.yaml": COPIED,
        "pipelines/copied/triggers.yaml": "triggers:\n" + SHARED,
        **BLOCKS,
    }
    for name, text in files.items():
        file = home / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    running = start(home / "project", home, environment={"PENSTOCK_SECRET_HOOK": "the signing secret"})
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


def stranger(server: Server) -> httpx.Client:
    """A program that has no login."""
    return httpx.Client(base_url=server.url, timeout=PATIENCE)


@pytest.fixture(scope="module")
def outside(server: Server) -> Iterator[httpx.Client]:
    with stranger(server) as client:
        yield client


def number(server: Server, name: str, pipeline: str = "sales") -> int:
    triggers = server.get("/api/triggers", params={"pipeline": pipeline})["triggers"]
    return next(int(each["id"]) for each in triggers if each["name"] == name)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def finished(server: Server, run: str) -> dict[str, Any]:
    with server.client.stream("GET", f"/api/runs/{run}/events", timeout=PATIENCE) as stream:
        for line in stream.iter_lines():
            if '"run_ended"' in line:
                break
    found: dict[str, Any] = server.get(f"/api/runs/{run}")
    return found


def test_a_trigger_is_called_by_address_and_by_header(server: Server, outside: httpx.Client) -> None:
    trigger = number(server, "called")
    body = {"pipeline_run": {"variables": {"base": 5}, "execution_date": "2024-02-03T04:05:06"}, "who": "you"}
    by_address = outside.post(
        f"/api/pipeline_schedules/{trigger}/pipeline_runs/plain-token-of-the-file", json=body
    ).json()["pipeline_run"]
    assert (by_address["pipeline_uuid"], by_address["status"]) == ("sales", "initial")
    assert by_address["variables"] == {"factor": 2, "base": 5}
    assert by_address["event_variables"] == {"who": "you"}
    assert by_address["execution_date"] == "2024-02-03T04:05:06+00:00"
    by_header = outside.post(
        f"/api/pipeline_schedules/{trigger}/api_trigger", headers=bearer("plain-token-of-the-file")
    ).json()["pipeline_run"]
    assert by_header["variables"] == {"factor": 2}
    run = finished(server, by_address["id"])
    assert (run["origin"], run["trigger"]["name"]) == ("api", "called")
    assert run["execution_date"] == 1706933106.0
    assert finished(server, by_header["id"])["trigger"]["id"] == trigger


def test_what_stands_beside_the_run_fills_the_keywords_that_no_variable_has(
    server: Server, outside: httpx.Client
) -> None:
    body = {"pipeline_run": {"variables": {"event": {"a": 1}}}, "customer": 7, "factor": 9, "env": "theirs"}
    path = f"/api/pipeline_schedules/{number(server, 'called')}/api_trigger"
    made = outside.post(path, headers=bearer("plain-token-of-the-file"), json=body).json()["pipeline_run"]
    finished(server, made["id"])
    store = ProductStore(open_project(server.project).store_root())
    (seen,) = (each for each in store.versions(Address("sales", "seen")) if each.lineage.run == made["id"])
    assert store.load(seen.ref) == {
        "customer": 7,
        "factor": 2,
        "env": "prod",
        "event": {"a": 1, "customer": 7, "factor": 9, "env": "theirs"},
        "trigger_name": "called",
        "pipeline_run_id": made["id"],
    }
    assert "customer" not in seen.lineage.variables, "what a run was made for makes nothing stale"


def test_who_may_not_is_answered_the_same_whatever_is_wrong(server: Server, outside: httpx.Client) -> None:
    called, signed, timed = number(server, "called"), number(server, "signed"), number(server, "timed")
    answers = []
    for path, headers in (
        (f"/api/pipeline_schedules/{called}/api_trigger", {}),
        (f"/api/pipeline_schedules/{called}/api_trigger", bearer("x")),
        (f"/api/pipeline_schedules/{called}/api_trigger", bearer("plain-token-of-the-file" + "x")),
        (f"/api/pipeline_schedules/{called}/pipeline_runs/x", {}),
        ("/api/pipeline_schedules/99999/api_trigger", bearer("plain-token-of-the-file")),
        ("/api/pipeline_schedules/nobody/api_trigger", bearer("plain-token-of-the-file")),
        (f"/api/pipeline_schedules/{'9' * 400}/api_trigger", bearer("plain-token-of-the-file")),
        (f"/api/pipeline_schedules/{signed}/api_trigger", bearer("token-of-the-signed-one")),
        (f"/api/pipeline_schedules/{signed}/api_trigger", {SIGNATURE: "sha256=", TIMESTAMP: "0"}),
        (f"/api/pipeline_schedules/{called}/api_trigger", {SIGNATURE: signature_of("", "1", b"{}"), TIMESTAMP: "1"}),
        (f"/api/pipeline_schedules/{timed}/api_trigger", bearer("token-of-a-timed-one")),
        ("/api/runs", bearer("token-of-the-event")),
        ("/api/runs/x", {}),
        ("/api/events", {}),
        ("/api/events", bearer("plain-token-of-the-file")),
    ):
        reply = outside.post(path, headers=headers, json={})
        answers.append((reply.status_code, reply.text))
    assert len(set(answers)) == 1
    assert answers[0][0] == 401


def test_a_trigger_that_is_off_says_so_to_who_has_its_token(server: Server, outside: httpx.Client) -> None:
    path = f"/api/pipeline_schedules/{number(server, 'off')}/api_trigger"
    reply = outside.post(path, headers=bearer("token-of-one-that-is-off"))
    assert reply.status_code == 409
    assert "switched off" in reply.json()["error"]["message"]
    block = {"run": {"block_uuid": "load"}}
    assert outside.post("/api/runs", headers=bearer("token-of-one-that-is-off"), json=block).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 422),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"pipeline_run": 5}', 422),
        (b'{"pipeline_run": {"variables": []}}', 422),
        (b'{"pipeline_run": {"execution_date": "soon"}}', 422),
        (b'{"pipeline_run": {"execution_date": 1e300}}', 422),
        (b'{"pipeline_run": {"execution_date": "9999-12-31T23:59:59-12:00"}}', 422),
        (b'{"pipeline_run": {"execution_date": "0001-01-01T00:00:00+14:00"}}', 422),
        (b"[" * 100_000, 400),
        (b'{"a": ' + b"[" * 95 + b"]" * 95 + b"}", 422),
        (b'{"pipeline_run": {"variables": {"a": ' + b"[" * 95 + b"]" * 95 + b"}}}", 422),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', 413),
    ],
    ids=range(13),
)
def test_bodies_that_are_none(server: Server, outside: httpx.Client, body: bytes, status: int) -> None:
    path = f"/api/pipeline_schedules/{number(server, 'called')}/api_trigger"
    reply = outside.post(path, headers=bearer("plain-token-of-the-file"), content=body)
    assert reply.status_code == status, reply.text


def test_what_is_taken_reaches_the_blocks_however_deep_it_is(server: Server, outside: httpx.Client) -> None:
    headers = bearer("plain-token-of-the-file")
    path = f"/api/pipeline_schedules/{number(server, 'called')}/api_trigger"
    given = b"[" * (MOST_NESTED - 3) + b"]" * (MOST_NESTED - 3)
    body = b'{"a": ' + given + b', "pipeline_run": {"variables": {"b": ' + given + b"}}}"
    made = outside.post(path, headers=headers, content=body).json()["pipeline_run"]
    blocks = {each["block"]: each["state"] for each in finished(server, made["id"])["blocks"]}
    assert blocks["seen"] == "completed"
    deep: list[Any] = []
    for _ in range(MOST_NESTED):
        deep = [deep]
    run = {"block_uuid": "seen", "variables": {"a": deep}}
    assert outside.post("/api/runs", headers=headers, json={"run": run}).status_code == 422
    assert outside.post("/api/events", headers=bearer("token-of-the-event"), json={"a": deep}).status_code == 422


def test_what_a_body_names_changes_no_code_and_no_settings(server: Server, outside: httpx.Client) -> None:
    body = {
        "pipeline_run": {"pipeline_uuid": "other", "options": {"blocks": ["broken"]}, "origin": "x"},
        "blocks": ["x"],
    }
    path = f"/api/pipeline_schedules/{number(server, 'called')}/api_trigger"
    made = outside.post(path, headers=bearer("plain-token-of-the-file"), json=body).json()["pipeline_run"]
    run = finished(server, made["id"])
    assert (run["pipeline"], run["origin"], run["what"]) == ("sales", "api", "all")


def test_signed_calls(server: Server, outside: httpx.Client) -> None:
    path = f"/api/pipeline_schedules/{number(server, 'signed')}/api_trigger"
    body = json.dumps({"pipeline_run": {"variables": {"base": 3}}}).encode()

    def send(stamp: int, secret: str = "the signing secret", content: bytes = body) -> int:
        headers = {SIGNATURE: signature_of(secret, str(stamp), body), TIMESTAMP: str(stamp)}
        return outside.post(path, headers=headers, content=content).status_code

    now = int(time.time())
    assert send(now) == 200
    assert send(now) == 409, "a signature counts once"
    assert send(now - 1) == 200
    assert send(now - 120) == 401, "too old"
    assert send(now + 120) == 401, "not yet"
    assert send(now - 2, secret="another") == 401
    assert send(now - 3, content=body + b" ") == 401, "another body"


def test_one_block_is_run_and_its_output_is_the_answer(server: Server, outside: httpx.Client) -> None:
    body = {
        "run": {"pipeline_uuid": "sales", "block_uuid": "score", "variables": {"base": 7}, "run_upstream_blocks": True}
    }
    reply = outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["run"]["output"] == [{"score": 14, "event": {}}]
    assert reply.json()["run"]["status"] == "completed"
    by_address = outside.post("/api/runs/plain-token-of-the-file", json={"run": {"block_uuid": "table"}})
    assert by_address.json()["run"]["output"] == [[{"a": 1}, {"a": 2}]]


def test_an_answer_is_json_all_the_way_down(outside: httpx.Client) -> None:
    def call(block: str, **variables: Any) -> httpx.Response:
        body = {"run": {"block_uuid": block, "variables": variables}}
        return outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json=body)

    table = [{"a": 1, "b": [1]}, {"a": 2, "b": []}]
    assert call("model").json()["run"]["output"] == [{"scores": [0.1, None], "table": table, "n": 7}]
    assert call("pieces").json()["run"]["output"] == [[{"piece": 1}, {"piece": 2}]]
    assert call("several").json()["run"]["output"] == ["a", None, 1.5]
    assert call("nothing").json()["run"]["output"] == []
    refused = call("long", length=17_000_000)
    assert refused.status_code == 422
    assert "it has 17,000,000 bytes, and an answer may have 16,777,216 bytes (16 MB)" in refused.text
    assert "it has 18,000,000 bytes" in call("long", length=9_000_000, times=3).text


def test_calls_at_the_same_time_get_each_their_own_answer(outside: httpx.Client, server: Server) -> None:
    def call(factor: int) -> int:
        run = {"block_uuid": "score", "variables": {"base": factor, "factor": 1}, "run_upstream_blocks": True}
        reply = outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json={"run": run})
        return int(reply.json()["run"]["output"][0]["score"])

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(call, range(12))) == list(range(12))


@pytest.fixture(autouse=True)
def same_data(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests look where the server stores."""
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(server.project.parent / "data"))


def stored(server: Server) -> dict[Address, list[str]]:
    """The versions of every output of the project, by address."""
    store = ProductStore(open_project(server.project).store_root())
    return {address: [each.ref.version for each in store.versions(address)] for address in store.addresses()}


def recorded(server: Server) -> list[str]:
    """The folders of all runs that have a log or a record."""
    return sorted(path.name for path in open_project(server.project).logs_root().glob("pipelines/*/.logs/*"))


@pytest.mark.parametrize("block", ["score", "table"])
def test_a_call_that_stores_nothing_leaves_nothing_behind(server: Server, outside: httpx.Client, block: str) -> None:
    run = {"block_uuid": block, "variables": {"base": 3}, "run_upstream_blocks": True, "store_variables": False}
    before = stored(server)
    reply = outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json={"run": run})
    assert reply.status_code == 200, reply.text
    answer = reply.json()["run"]
    assert answer["output"] == [{"score": {"score": 6, "event": {}}, "table": [{"a": 1}, {"a": 2}]}[block]]
    assert stored(server) == before
    folder = open_project(server.project).store_root() / "products" / "sales" / block
    assert not [place for place in folder.glob("call-*") if list(place.glob("m/*"))]
    shown = finished(server, answer["pipeline_run_id"])
    assert shown["state"] == "completed"
    assert {each["block"]: each["ref"] for each in shown["blocks"]}[block] is None, "no page offers what is gone"


def test_a_call_that_fails_stores_nothing_either(server: Server, outside: httpx.Client) -> None:
    before = stored(server)
    run = {"block_uuid": "score", "run_upstream_blocks": True, "store_variables": False, "variables": {"base": None}}
    reply = outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json={"run": run})
    assert reply.status_code == 422, reply.text
    assert stored(server) == before


def test_a_call_that_is_not_recorded_is_no_run(server: Server, outside: httpx.Client) -> None:
    before, runs = recorded(server), server.get("/api/runs", params={"limit": 500})["runs"]
    run = {"block_uuid": "table", "record": False}
    reply = outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json={"run": run})
    assert reply.json()["run"]["output"] == [[{"a": 1}, {"a": 2}]]
    newest = stored(server)[Address("sales", "table")]
    assert recorded(server) == before
    assert [each["run"] for each in server.get("/api/runs", params={"limit": 500})["runs"]] == [
        each["run"] for each in runs
    ]
    again = outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json={"run": {**run, "record": True}})
    assert again.json()["run"]["pipeline_run_id"] in recorded(server)
    assert newest == stored(server)[Address("sales", "table")][1:], "each of both is stored"


@pytest.mark.parametrize(
    ("run", "status", "words"),
    [
        ({"block_uuid": "broken"}, 422, "no such model"),
        ({"block_uuid": "nobody"}, 404, "nobody"),
        ({"block_uuid": "../../etc/passwd"}, 404, "has no block"),
        ({"block_uuid": "load", "pipeline_uuid": "other"}, 403, "the token is one of pipeline sales"),
        ({}, 422, "block_uuid"),
    ],
)
def test_a_block_that_cannot_be_run(
    outside: httpx.Client, server: Server, run: dict[str, Any], status: int, words: str
) -> None:
    reply = outside.post("/api/runs", headers=bearer("plain-token-of-the-file"), json={"run": run})
    assert (reply.status_code, words in reply.text) == (status, True), reply.text


def test_events_start_the_triggers_that_they_match(server: Server, outside: httpx.Client) -> None:
    event = {"source": "aws.s3", "detail": {"bucket": "ours", "key": "a.csv"}, "more": 1}
    made = outside.post("/api/events", headers=bearer("token-of-the-event"), json=event).json()
    assert made["count"] == 1
    run = finished(server, made["runs"][0])
    assert (run["origin"], run["trigger"]["name"]) == ("event", "on_file")
    other = {"source": "aws.s3", "detail": {"bucket": "theirs"}}
    assert outside.post("/api/events", headers=bearer("token-of-the-event"), json=other).json() == {
        "count": 0,
        "runs": [],
    }
    assert server.post("/api/events", event)["count"] == 1, "a user needs no token"


def test_a_token_that_two_pipelines_share_starts_what_is_called(server: Server, outside: httpx.Client) -> None:
    token, trigger = "token-of-two-pipelines", "/api/pipeline_schedules/{}"
    for pipeline in ("sales", "copied"):
        path = trigger.format(number(server, "shared", pipeline))
        for reply in (
            outside.post(f"{path}/pipeline_runs/{token}"),
            outside.post(f"{path}/api_trigger", headers=bearer(token)),
        ):
            assert reply.json()["pipeline_run"]["pipeline_uuid"] == pipeline, reply.text
        reply = outside.post(f"/api/runs/{token}", json={"run": {"pipeline_uuid": pipeline, "block_uuid": "table"}})
        assert reply.status_code == 200, reply.text
        assert reply.json()["run"]["pipeline_uuid"] == pipeline
    reply = outside.post(f"/api/runs/{token}", json={"run": {"block_uuid": "table"}})
    assert reply.status_code == 422
    assert "pipelines copied and sales" in reply.json()["error"]["message"]
    assert "pipeline_uuid" in reply.json()["error"]["hint"]
    reply = outside.post(f"/api/runs/{token}", json={"run": {"pipeline_uuid": "other", "block_uuid": "table"}})
    assert (reply.status_code, "pipelines copied and sales" in reply.text) == (403, True)
    made = outside.post("/api/events", headers=bearer(f"event-{token}"), json={"source": "aws.sqs"}).json()
    assert {finished(server, run)["pipeline"] for run in made["runs"]} == {"sales", "copied"}
    assert made["count"] == 2


def test_tokens_are_in_no_log_and_not_in_the_database(server: Server) -> None:
    home = server.project.parent
    assert "plain-token-of-the-file" not in (home / "server.log").read_text()
    for file in home.rglob("state.db*"):
        assert b"plain-token-of-the-file" not in file.read_bytes()


def test_who_guesses_is_slowed_down_and_who_has_the_token_is_not(tmp_path: Path) -> None:
    with studio(tmp_path) as server, stranger(server) as outside:
        path = f"/api/pipeline_schedules/{number(server, 'called')}/api_trigger"
        statuses = [outside.post(path, headers=bearer(f"guess{i}")).status_code for i in range(60)]
        assert statuses[-1] == 429
        assert outside.post(path, headers=bearer("plain-token-of-the-file")).status_code == 200
