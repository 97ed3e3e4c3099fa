"""Stored outputs over HTTP, from a real server over a real project."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.data import Durability, ProductStore, fingerprint
from penstock.model.product import Address, Lineage
from penstock.server.outputs import client as client_module
from penstock.server.outputs.reader.wire import Sort
from tests.patience import PATIENCE, until
from tests.server.serving import Server, make_project, serving

FRAME = """
import pandas as pd

@data_loader
def load(**kwargs):
    return pd.DataFrame({"n": range(1000), "t": ["x", "y"] * 500})
"""
HTML = """
@data_loader
def page(**kwargs):
    return "<html><script>parent.document.title = 'owned'</script></html>"
"""
TWICE = """
@transformer
def twice(frame, **kwargs):
    return frame * 2
"""
BLOCKS = [
    ("load", "data_loader", [], FRAME),
    ("page", "data_loader", [], HTML),
    ("twice", "transformer", ["load"], TWICE),
]
LOAD = "/products/flights/load"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = make_project(tmp_path_factory.mktemp("outputs") / "project", blocks=BLOCKS)
    with serving(root) as running:
        running.run()
        yield running


def test_the_catalogue_tells_what_is_stored(server: Server) -> None:
    found = [one for one in server.get("/products")["products"] if one["block"] != "large"]  # of a test below
    assert {(one["block"], one["kind"], one["rows"]) for one in found} == {
        ("load", "table", 1000),
        ("page", "text", None),
        ("twice", "table", 1000),
    }
    assert [one["block"] for one in server.get("/products", q="twice")["products"]] == ["twice"]
    assert server.get("/products", pipeline="none")["products"] == []


def test_a_product_tells_where_it_comes_from(server: Server) -> None:
    found = server.get("/products/flights/twice")
    assert found["versions"][0]["number"] == 1
    assert found["latest"]["outputs"][0]["columns"][0]["name"] == "n"
    assert [one["block"] for one in found["upstream"]] == ["load"]
    assert [one["path"] for one in found["lineage"]["code"]] == ["transformers/twice.py"]
    assert [one["block"] for one in server.get(LOAD)["downstream"]] == ["twice"]


def test_pages_as_arrow_and_as_json(server: Server) -> None:
    body = {"offset": 10, "limit": 2, "sort": [{"column": "n", "descending": True}]}
    reply = server.client.post(f"{LOAD}/page", json=body)
    assert reply.headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert (reply.headers["x-rows-total"], reply.headers["x-rows-filtered"]) == ("1000", "1000")
    assert pa.ipc.open_stream(reply.content).read_all().column("n").to_pylist() == [989, 988]
    body = {"filters": [{"column": "n", "op": "<", "value": 3}], "format": "json"}
    found = server.client.post(f"{LOAD}/page", json=body).json()
    assert (found["filtered"], found["page"]["rows"]) == (3, [[0, "x"], [1, "y"], [2, "x"]])
    assert server.get(f"{LOAD}/cell", row=1, column="t") == {"text": "y", "size": 1, "truncated": False}
    assert server.get(f"{LOAD}/cell", row=1, index=0)["text"] == "1"


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (f"{LOAD}/page", {"filters": [{"column": "n", "op": ">", "value": "abc"}]}, 422, "is not a number"),
        (f"{LOAD}/page", {"sort": [{"column": "nope"}]}, 422, "there is no column"),
        (f"{LOAD}/page", {"surprise": 1}, 422, "surprise"),
        (f"{LOAD}/page?version=00000009-aaaaaaaa", {}, 404, "no such version"),
        (f"{LOAD}/page?version=../../etc", {}, 404, "no such version"),
        (f"{LOAD}/page?output=output_7", {}, 404, "no such output"),
        ("/products/flights/nowhere/page", {}, 404, "nothing is stored"),
        ("/products/flights/page/page", {}, 422, "it is text"),
        (f"{LOAD}/chart", {"chart": {"chart_type": "odd"}}, 422, "unknown type"),
        (f"{LOAD}/diff", {"before": "1", "after": "2"}, 404, "no such version"),
        (f"{LOAD}/chart", {"chart": {"x": 10**30}}, 422, "64 bits"),
    ],
)
def test_what_does_not_fit_says_why(server: Server, path: str, body: dict, status: int, words: str) -> None:
    reply = server.client.post(path, json=body)
    assert reply.status_code == status, reply.text
    assert words in reply.json()["error"]["message"]


def test_numbers_without_end_are_refused_and_leave_nothing_behind(server: Server) -> None:
    for path, name in (("cell", "row"), ("value", "offset")):
        reply = server.client.get(f"{LOAD}/{path}", params={name: "9" * 30, "column": "t"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (422, "C101"), reply.text
    assert server.get(f"{LOAD}/cell", row=1, column="t")["text"] == "y"


def test_profiles_charts_and_differences(server: Server) -> None:
    profile = server.client.post(f"{LOAD}/profile", json={}).json()
    assert sum(profile["columns"][0]["histogram"]["counts"]) == 1000
    assert profile["columns"][1]["top"] == [{"value": "x", "count": 500}, {"value": "y", "count": 500}]
    chart = server.client.post(f"{LOAD}/chart", json={"chart": {"chart_type": "bar chart", "x": "t"}}).json()
    assert chart["rows"] == [["x", 500], ["y", 500]]
    version = server.get(LOAD)["latest"]["version"]
    found = server.client.post(f"{LOAD}/diff", json={"before": version, "after": version, "keys": ["n"]}).json()
    assert (found["content_differs"], found["keyed"]["changed"]) == (False, 0)


def test_markup_has_an_origin_of_its_own(server: Server) -> None:
    value = server.get("/products/flights/page/value")
    url = value["mime"]["text/html"]["url"]
    reply = httpx.get(f"http://127.0.0.1:{server.port}{url}", headers=server.headers)
    assert reply.text.startswith("<html>")
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("sandbox")
    assert "allow-same-origin" not in policy


def test_downloads(server: Server) -> None:
    chosen = json.dumps(
        {"filters": [{"column": "n", "op": ">=", "value": 998}], "sort": [{"column": "n", "descending": True}]}
    )
    reply = server.client.get(f"{LOAD}/download?format=csv&q={quote(chosen)}")
    assert reply.text == '"n","t"\n999,"y"\n998,"x"\n'
    assert "flights-load-output_0.csv" in reply.headers["content-disposition"]
    content = server.client.get(f"{LOAD}/download?format=parquet").content
    assert pq.read_table(io.BytesIO(content)).num_rows == 1000
    assert server.client.get("/products/flights/page/download?format=raw").text.startswith("<html>")
    for query in ("format=xls", "format=raw", "format=csv&q=%7B", "format=csv&q=%7B%22x%22%3A1%7D"):
        assert server.client.get(f"{LOAD}/download?{query}").status_code == 422


def test_the_server_itself_imports_no_table_library(server: Server) -> None:
    import subprocess
    import sys

    code = "import sys; import penstock.cli.studio, penstock.server.app, penstock.server.routes as r; r.all_routes(); print(sorted(set(sys.modules) & {'pyarrow', 'duckdb', 'pandas', 'numpy'}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_corrupt_version_is_told_and_hides_no_other(server: Server) -> None:
    store = server.root
    manifests = sorted(store.rglob("products/*/twice/*/m/*"))
    assert manifests
    whole = manifests[-1].read_bytes()
    manifests[-1].write_bytes(whole[:100])
    try:
        found = {one["block"]: one["error"] for one in server.get("/products")["products"]}
        assert "reading the manifest" in (found["twice"] or "")
        assert found["load"] is None
        reply = server.client.post("/products/flights/twice/page", json={})
        assert (reply.status_code, "reading the manifest" in reply.json()["error"]["message"]) == (500, True)
    finally:
        manifests[-1].write_bytes(whole)
    assert server.client.post("/products/flights/twice/page", json={}).status_code == 200


def test_the_first_tab_has_the_reader_warmed_ahead(tmp_path) -> None:
    with serving(make_project(tmp_path / "project", blocks=BLOCKS)) as server, server.live() as live:
        live.subscribe("project")
        reader = server.studio.reader
        until("the reader", lambda: (pid := reader.pid) and _has_arrow(pid))


def _has_arrow(pid: int) -> bool:
    return any("libarrow." in one.path for one in psutil.Process(pid).memory_maps())


@pytest.fixture(scope="module")
def large(server: Server) -> str:
    """The path of a product that takes a while to look through."""
    import numpy as np
    import pandas as pd

    store = ProductStore(server.studio.store.root, worker=True, durability=Durability.PROCESS)
    words = np.array([f"some words {n:07d} and more" for n in range(100_000)], dtype=object)
    frame = pd.DataFrame({"t": pd.array(words[np.arange(3_000_000) % 100_000], "str")})
    with store.draft(Address("flights", "large"), store.issue_fence("r", "large")) as draft:
        draft.add(frame)
        draft.publish(Lineage(run="r"), fingerprint=fingerprint(Lineage(run="r")))
    return "/products/flights/large"


def test_who_hangs_up_has_the_question_ended(server: Server, large: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "STUBBORN", 600.0)  # it heeds the request, and is not killed for it
    ends: list[int] = []
    put = client_module._Pending.put
    monkeypatch.setattr(
        client_module._Pending, "put", lambda self, kind, body: (ends.append(kind), put(self, kind, body))
    )
    server.client.post(f"{large}/page", json={"limit": 1})
    reader = server.studio.reader
    asked = json.dumps({"search": "nothing of the kind", "sort": [{"column": "t"}]}).encode()
    head = [f"POST /api{large}/page HTTP/1.1", f"Host: 127.0.0.1:{server.port}", f"Content-Length: {len(asked)}"]
    head += ["Content-Type: application/json", *(f"{name}: {value}" for name, value in server.headers.items())]

    def given_up() -> bool:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            connection.sendall("\r\n".join([*head, "", ""]).encode() + asked)
            until("the question", lambda: server.call(lambda: len(reader._connection.pending)))
            ends.clear()
        until("its end", lambda: not server.call(lambda: len(reader._connection.pending)))
        return ends == [Sort.FAILED]

    until("a question that is not answered before its asker is gone", given_up)
    assert not reader._connection.lost


def test_a_download_that_fails_midway_is_broken_off(server: Server, large: str) -> None:
    import os
    import signal

    url = f"http://127.0.0.1:{server.port}/api{large}/download?format=csv"
    with (  # noqa: PT012 - the stream is broken while it is read
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("GET", url, headers=server.headers, timeout=PATIENCE) as reply,
    ):
        assert reply.status_code == 200
        pieces = reply.iter_bytes()
        next(pieces)
        os.kill(server.studio.reader.pid or 0, signal.SIGKILL)
        for _ in pieces:
            pass
