"""Copies of logs on S3 and Google Cloud Storage, sent to a server of this machine that takes what these would."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import pytest

from penstock.model.errors import ConnectionFailedError, SettingInvalidError
from penstock.observe import log_fetch
from penstock.observe.log_fetch import LogFetcher, is_fetched
from penstock.observe.log_uploads import MARK, LogUploads
from penstock.observe.logs import read_logs
from penstock.observe.record import run_folder
from penstock.project import Project, open_project
from penstock.state.rows import RunRow
from penstock.state.store import State, open_state
from tests.observe.runs import record_run

NOW = 1_700_000_000.0


class Bucket(ThreadingHTTPServer):
    """Takes objects, and remembers who signed for them; refuses while it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.objects: dict[str, bytes] = {}
        self.signed: set[str] = set()
        self.refuses = 0
        self.asked = 0
        self.came = threading.Condition()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def wait_for(self, count: int) -> None:
        with self.came:
            assert self.came.wait_for(lambda: len(self.objects) >= count, 60)


class Taking(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bucket = self.server
        with bucket.came:
            bucket.asked += 1
            if not bucket.refuses:
                bucket.objects[unquote(self.path.partition("?")[0])] = body
                bucket.signed.add(self.headers.get("Authorization", "").partition("/")[0])
            bucket.came.notify_all()
        self.send_response(bucket.refuses or 200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        bucket = self.server
        bucket.asked += 1
        if bucket.refuses:
            self._answer(bucket.refuses, b"")
        elif "list-type" in query:
            prefix = f"{unquote(path).rstrip('/')}/{parse_qs(query)['prefix'][0]}"
            self._answer(200, listing(bucket.objects, prefix, unquote(path).rstrip("/") + "/"))
        elif (body := bucket.objects.get(unquote(path))) is not None:
            self._answer(200, body)
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def listing(objects: Mapping[str, bytes], prefix: str, bucket: str) -> bytes:
    """The objects below a prefix, as S3 lists them."""
    found = "".join(
        f"<Contents><Key>{escape(name.removeprefix(bucket))}</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified>"
        f"<ETag>&quot;1&quot;</ETag><Size>{len(body)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for name, body in sorted(objects.items())
        if name.startswith(prefix)
    )
    head = "<IsTruncated>false</IsTruncated><Name>lake</Name><MaxKeys>1000</MaxKeys>"
    return f"<?xml version='1.0'?><ListBucketResult>{head}{found}</ListBucketResult>".encode()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    server = Bucket()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


@pytest.fixture
def project(tmp_path: Path, bucket: Bucket) -> Project:
    return made(
        tmp_path,
        f"""
logging_config:
  type: s3
  destination_config:
    bucket: lake
    prefix: logs/penstock
    aws_access_key_id: KEY
    aws_secret_access_key: not-a-secret
    endpoint_url: {bucket.url}
""",
    )


def made(folder: Path, settings: str) -> Project:
    (folder / "metadata.yaml").write_text(f"variables_dir: .data\n{settings}")
    return open_project(folder)


def ended(state: State, project: Project, name: str, at: float) -> Path:
    """A run that has ended, with its logs."""
    record_run(project.logs_root(), name, at=at - 5)
    with state.write() as connection:
        state.runs.insert(connection, RunRow(name, "flights", at - 9, state="failed", ended_at=at))
    return run_folder(project.logs_root(), "flights", name)


def uploads(state: State, project: Project, clock: Callable[[], float] = lambda: NOW) -> LogUploads:
    return LogUploads(state, lambda: project, clock)


def test_logs_are_copied_once_as_they_lie_on_disk(state: State, project: Project, bucket: Bucket) -> None:
    ended(state, project, "old", NOW - 7200)
    folder = ended(state, project, "r1", NOW - 5)
    assert uploads(state, project).turn() == 1
    names = {path.name for path in folder.iterdir()} - {MARK}
    assert len(names) > 2
    for name in names:
        found = [body for path, body in bucket.objects.items() if path.endswith(f"/r1/{name}")]
        assert found == [(folder / name).read_bytes()]
    assert all(path.startswith("/lake/logs/penstock/pipelines/flights/.logs/r1/") for path in bucket.objects)
    assert bucket.signed == {"AWS4-HMAC-SHA256 Credential=KEY"}
    bucket.objects.clear()
    assert uploads(state, project).turn() == 0
    ended(state, project, "r2", NOW + 5)
    assert uploads(state, project).turn() == 1
    assert all("/r2/" in path for path in bucket.objects)


def test_a_run_that_ended_by_a_clock_that_was_ahead_hides_none_of_those_after_it(
    state: State, project: Project, bucket: Bucket
) -> None:
    ended(state, project, "ahead", NOW + 90_000)
    assert uploads(state, project).turn() == 1
    ended(state, project, "r1", NOW + 60)
    assert uploads(state, project, lambda: NOW + 65).turn() == 1
    assert any("/r1/" in path for path in bucket.objects)


def test_a_file_whose_name_no_bucket_takes_keeps_no_other_run_back(
    state: State, project: Project, bucket: Bucket
) -> None:
    odd = ended(state, project, "r1", NOW - 5)
    Path(os.fsdecode(os.fsencode(odd) + b"/\xff.log")).touch()
    ended(state, project, "r2", NOW - 4)
    assert uploads(state, project).turn() == 1
    assert any("/r2/" in path for path in bucket.objects)


@pytest.mark.parametrize("status", [403, 500])
def test_what_could_not_be_copied_is_copied_later(state: State, project: Project, bucket: Bucket, status: int) -> None:
    folder = ended(state, project, "r1", NOW - 5)
    before = {path.name for path in folder.iterdir()}
    bucket.refuses = status
    copies = uploads(state, project)
    for _ in range(2):
        with pytest.raises(ConnectionFailedError, match="copying logs to s3 bucket lake") as caught:
            copies.turn()
        assert "not-a-secret" not in caught.value.message
    assert {path.name for path in folder.iterdir()} == before
    bucket.refuses = 0
    assert uploads(state, project).turn() == 1  # by another process, too
    assert bucket.objects


def test_a_bucket_that_is_away_keeps_nobody_waiting(state: State, project: Project, bucket: Bucket) -> None:
    bucket.refuses = 503
    copies = LogUploads(state, lambda: project, lambda: NOW)
    copies.start()
    ended(state, project, "r1", NOW - 5)
    copies.wake()
    with bucket.came:
        assert bucket.came.wait_for(lambda: bucket.asked > 0, 60)
    bucket.refuses = 0
    copies.close()
    again = uploads(state, project)
    again.start()
    bucket.wait_for(1)
    again.close()


def test_google_takes_them_too(state: State, tmp_path: Path, bucket: Bucket) -> None:
    (tmp_path / "key.json").write_text(
        json.dumps(
            {
                "gcs_base_url": bucket.url,
                "disable_oauth": True,
                "client_email": "",
                "private_key": "",
                "private_key_id": "",
            }
        )
    )
    config = (
        f"{{bucket: lake, prefix: logs, path_to_credentials: {tmp_path / 'key.json'}, endpoint_url: '{bucket.url}'}}"
    )
    project = made(tmp_path, f"logging_config:\n  type: gcs\n  destination_config: {config}\n")
    ended(state, project, "r1", NOW - 5)
    assert uploads(state, project).turn() == 1
    assert any(path.startswith("/lake/logs/pipelines/flights/.logs/r1/run.jsonl") for path in bucket.objects), (
        bucket.objects
    )


def test_a_bucket_without_a_name_is_told(state: State, tmp_path: Path) -> None:
    project = made(tmp_path, "logging_config: {type: s3}\n")
    with pytest.raises(SettingInvalidError, match="names no bucket"):
        uploads(state, project).turn()


def copied(state: State, project: Project) -> Path:
    """The folder of a run whose logs have been copied to the bucket."""
    copies = uploads(state, project)
    copies.turn()
    folder = ended(state, project, "r1", NOW)
    copies.turn()
    return folder


def test_logs_that_are_gone_from_the_disk_are_read_back(state: State, project: Project, bucket: Bucket) -> None:
    folder = copied(state, project)
    before = read_logs(folder, limit=100).lines
    shutil.rmtree(folder)
    now = 0.0
    fetcher = LogFetcher(lambda: project, state, lambda: now)
    bucket.refuses = 403
    with pytest.raises(ConnectionFailedError, match="reading logs back from s3 bucket lake"):
        fetcher.fetch("flights", "r1")
    bucket.refuses = 0
    assert not fetcher.fetch("flights", "r1"), "it is not asked again at once"
    now = 61.0
    assert fetcher.fetch("flights", "r1")
    assert read_logs(folder, limit=100).lines == before != []
    assert is_fetched(folder)
    # They are as old as they were, so that what removes old logs removes them again; and they are not copied again.
    assert (folder / "run.jsonl").stat().st_mtime == NOW
    asked = bucket.asked
    assert fetcher.fetch("flights", "r1")
    assert uploads(state, project).turn() == 0
    assert bucket.asked == asked
    assert not fetcher.fetch("flights", "never copied")
    assert [path.name for path in folder.parent.parent.iterdir()] == [".logs"]


def test_logs_that_were_copied_before_a_pipeline_was_renamed_are_found(
    state: State, project: Project, bucket: Bucket
) -> None:
    folder = copied(state, project)
    before = read_logs(folder, limit=100).lines
    shutil.rmtree(folder)
    for old, new in (("flights", "trips"), ("trips", "journeys")):
        with state.write() as connection:
            state.runs.rename_pipeline(connection, old, new)
    with state.read() as connection:
        assert state.runs.names(connection, "journeys") == ["journeys", "trips", "flights"]
        assert state.runs.names(connection, "trips") == ["trips"]
    assert LogFetcher(lambda: project, state).fetch("journeys", "r1")
    assert read_logs(run_folder(project.logs_root(), "journeys", "r1"), limit=100).lines == before != []


def test_what_a_killed_process_left_while_it_read_logs_back_is_removed(
    state: State, project: Project, bucket: Bucket
) -> None:
    folder = copied(state, project)
    shutil.rmtree(folder)
    old, new = (folder.parent.parent / f".fetching-{name}" for name in ("old", "new"))
    for each in (old, new):
        (each / "run").mkdir(parents=True)
        (each / "run" / "block.log").touch()
    os.utime(old, (NOW, NOW))
    assert LogFetcher(lambda: project, state).fetch("flights", "r1")
    assert not old.exists()
    assert new.exists(), "somebody else reads them back at this moment"


def test_of_two_that_bring_logs_at_once_the_first_has_brought_them(tmp_path: Path) -> None:
    place, folder = tmp_path / "new", tmp_path / "r1"
    for each in (place, folder):
        each.mkdir()
        (each / "run.jsonl").write_text(each.name)
    log_fetch._put(place, folder)
    assert (folder / "run.jsonl").read_text() == "r1"
    (folder / "run.jsonl").rename(folder / "block.log")
    log_fetch._put(place, folder)
    assert [path.name for path in folder.iterdir()] == ["run.jsonl"]
