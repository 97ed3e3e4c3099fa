"""Language services over a real server and a real `ty server`: what a tab asks, is told, and must not reach."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from penstock.server.language import service, tools
from penstock.server.language.texts import Texts
from tests.server.serving import PATIENCE, Server, add_pipeline, make_project, serving

LOAD = """\
import pandas as pd
from shop.utils.dates import day
from mage_ai.io.file import FileIO


@data_loader
def load(*args, **kwargs):
    frame = pd.DataFrame({"day": [day("2024-01-31")]})
    frame.head(1)
    return frame


@test
def there_is_something(frame, *args):
    assert len(frame)
"""
CLEAN = """\
from default_repo.utils.dates import day
from data_loaders.load import load


@transformer
def clean(frame, *args, **kwargs):
    other = df_1.merge(load_orders)
    return frame.assign(day=day("2024-01-31"), n=nothing_of_that_name)
"""
DATES = '''\
from pathlib import Path

(Path(__file__).parent / "imported").touch()


def day(text: str) -> int:
    """The day of a date."""
    return int(text[-2:])
'''


class Tab:
    """A language client as small as can be."""

    def __init__(self, server: Server) -> None:
        address = f"ws://127.0.0.1:{server.port}/api/language"
        self.socket = connect(address, additional_headers=server.headers, max_size=2**26).__enter__()
        self.numbers = itertools.count(1)
        self.told: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self.capabilities = self.ask("initialize", {"capabilities": {}})["capabilities"]
        self.tell("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def tell(self, method: str, params: Any) -> None:
        self.socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    def answer(self, method: str, params: Any) -> dict[str, Any]:
        number = next(self.numbers)
        self.socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(PATIENCE))
            if message.get("id") == number:
                return message
            self.told.append(message)

    def ask(self, method: str, params: Any) -> Any:
        message = self.answer(method, params)
        assert "error" not in message, message
        return message["result"]

    def open(self, path: str, text: str) -> str:
        uri = f"project:///{path}"
        self.tell(
            "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": 0, "text": text}}
        )
        return uri

    def change(self, uri: str, text: str) -> None:
        self.tell(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": 1}, "contentChanges": [{"text": text}]}
        )

    def at(self, method: str, uri: str, text: str, mark: str, **more: Any) -> Any:
        """Ask about the place just behind a mark in the text."""
        before = text[: text.index(mark) + len(mark)]
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": place, **more})

    def findings(self, uri: str) -> list[dict[str, Any]]:
        """The next findings about a file."""
        while True:
            for number, message in enumerate(self.told):
                if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                    del self.told[number]
                    return list(message["params"]["diagnostics"])
            self.told.append(json.loads(self.socket.recv(PATIENCE)))


def labels(found: Any) -> list[str]:
    items = found["items"] if isinstance(found, dict) else found
    return [item["label"] for item in items or []]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = make_project(
        tmp_path_factory.mktemp("around") / "shop",
        "flights",
        [
            ("load", "data_loader", [], LOAD),
            ("load_orders", "data_loader", [], LOAD),
            ("clean", "transformer", ["load", "load_orders"], CLEAN),
        ],
    )
    (root / "utils").mkdir()
    (root / "utils" / "dates.py").write_text(DATES)
    with serving(root) as running:
        yield running


def test_completion_knows_packages_members_and_modules_of_the_project(server: Server) -> None:
    with Tab(server) as tab:
        uri = tab.open("data_loaders/load.py", LOAD)
        text = "import pandas as pd\nframe = pd.DataFrame()\nframe.he"
        tab.change(uri, text)
        assert labels(tab.at("completion", uri, text, "frame.he"))[0] == "head"
        for text, expected in (
            ("import pan", "pandas"),
            ("from utils.", "dates"),
            ("from shop.utils.dates import d", "day"),
        ):
            tab.change(uri, text)
            assert expected in labels(tab.at("completion", uri, text, text)), text


def test_hover_and_signature(server: Server) -> None:
    with Tab(server) as tab:
        uri = tab.open("data_loaders/load.py", LOAD)
        hover = tab.at("hover", uri, LOAD, "frame.he")
        assert "DataFrame.head" in str(hover["contents"])
        unknown = "def f(frame):\n    return frame\n"
        tab.change(uri, unknown)
        assert tab.at("hover", uri, unknown, "return fra") is None
        tab.change(uri, LOAD)
        shown = tab.at("signatureHelp", uri, LOAD, "[day(")
        assert "text: str" in shown["signatures"][0]["label"]


def test_definitions_lie_in_the_project_by_whatever_name_it_is_imported(server: Server) -> None:
    with Tab(server) as tab:
        uri = tab.open("transformers/clean.py", CLEAN)
        dates = tab.at("definition", uri, CLEAN, "import d")
        assert [each["uri"] for each in dates] == ["project:///utils/dates.py"]
        assert dates[0]["range"]["start"]["line"] == 5
        (block,) = tab.at("definition", uri, CLEAN, "import l")
        assert block["uri"] == "project:///data_loaders/load.py"
        uri = tab.open("data_loaders/load.py", LOAD)
        (day,) = tab.at("definition", uri, LOAD, "[da")
        assert day["uri"] == "project:///utils/dates.py"
        outside = tab.at("definition", uri, LOAD, "pd.DataF")
        assert outside
        assert all(each["uri"].startswith("file:///") for each in outside)


def test_renaming_reaches_every_file_of_the_project(server: Server) -> None:
    with Tab(server) as tab:
        uri = tab.open("utils/dates.py", DATES)
        edits = tab.at("rename", uri, DATES, "def da", newName="day_of")["changes"]
        assert set(edits) >= {"project:///utils/dates.py", "project:///data_loaders/load.py"}
        assert all(edit["newText"] == "day_of" for each in edits.values() for edit in each)
        uri = tab.open("data_loaders/load.py", LOAD)
        again = tab.at("rename", uri, LOAD, "[da", newName="day_of")["changes"]
        assert set(again) == set(edits)


def test_what_is_right_in_a_block_is_no_finding(server: Server) -> None:
    with Tab(server) as tab:
        uri = tab.open("transformers/clean.py", CLEAN)
        found = tab.findings(uri)
        assert ["nothing_of_that_name" in each["message"] for each in found] == [True]
        uri = tab.open("data_loaders/load.py", LOAD)
        assert tab.findings(uri) == []
        text = "import no_such_package\n\nx: int = 'text'\n(\n"
        tab.change(uri, text)
        severities = {each.get("code") or "syntax": each["severity"] for each in tab.findings(uri)}
        assert severities.pop("invalid-syntax", 1) == 1
        assert sorted(severities.values()) == [2, 3]


def test_nothing_of_the_user_is_imported(server: Server) -> None:
    with Tab(server) as tab:
        uri = tab.open("data_loaders/load.py", LOAD)
        tab.findings(uri)
        tab.at("completion", uri, LOAD, "frame.he")
        tab.at("definition", uri, LOAD, "[da")
    assert not (server.root / "utils" / "imported").exists()
    assert not list(server.root.rglob("__pycache__"))


def test_two_tabs_see_their_own_texts_of_one_file(server: Server) -> None:
    mine, theirs = "first = 1\nfirst.bit_", "second = 'a'\nsecond.upp"
    with Tab(server) as tab, Tab(server) as other:
        uri = tab.open("custom/both.py", mine)
        other.open("custom/both.py", theirs)
        for _ in range(2):
            assert "bit_length" in labels(tab.at("completion", uri, mine, "first.bit_"))
            assert labels(other.at("completion", uri, theirs, "second.upp"))[0] == "upper"
        other.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        assert "bit_length" in labels(tab.at("completion", uri, mine, "first.bit_"))
        pids = {server.studio.language.pid}
    assert len(pids) == 1


def test_files_that_change_on_disk_are_seen(server: Server) -> None:
    with Tab(server) as tab:
        text = "from shop.utils.fresh import new_function\n"
        uri = tab.open("custom/watching.py", text)
        assert tab.findings(uri)
        (server.root / "utils" / "fresh.py").write_text("def new_function() -> int:\n    return 1\n")
        tell(server, "utils/fresh.py")
        assert tab.at("definition", uri, text, "import new_f")[0]["uri"] == "project:///utils/fresh.py"
        (server.root / "utils" / "fresh.py").write_text("\n\ndef new_function() -> int:\n    return 1\n")
        tell(server, "utils/fresh.py")
        assert tab.at("definition", uri, text, "import new_f")[0]["range"]["start"]["line"] == 2
        (server.root / "utils" / "fresh.py").unlink()
        tell(server, "utils/fresh.py")
        tab.change(uri, text + "\n")
        while not tab.findings(uri):  # the earlier ones, until those come that say it is gone
            pass


def tell(server: Server, path: str) -> None:
    server.call(server.studio.workspace.announcer.tell, [server.root / path])
    server.call(lambda: None)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "project:///../../etc/passwd",
        "project:////etc/passwd",
        "project:///%2e%2e/%2e%2e/etc/passwd",
        "project:///.git/config",
        "project:///.data/products",
        "project:///data_loaders/load.py",
        "http://example.org/",
        "",
        "untitled:x",
    ],
)
def test_a_tab_can_ask_only_about_what_it_has_open(server: Server, uri: str) -> None:
    with Tab(server) as tab:
        message = tab.answer("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        assert message["error"]["code"] == -32602
        if uri != "project:///data_loaders/load.py":
            document = {"uri": uri, "languageId": "python", "version": 0, "text": "x = 1"}
            tab.tell("textDocument/didOpen", {"textDocument": document})
            assert "error" in tab.answer("textDocument/documentSymbol", {"textDocument": {"uri": uri}})


def test_a_link_that_leads_out_is_refused(server: Server) -> None:
    (server.root / "leak.py").symlink_to("/etc/passwd")
    with Tab(server) as tab:
        uri = tab.open("leak.py", "x = 1\n")
        assert tab.answer("textDocument/documentSymbol", {"textDocument": {"uri": uri}})["error"]["code"] == -32602


@pytest.mark.parametrize("method", ["workspace/executeCommand", "workspace/symbol", "textDocument/formatting", "x"])
def test_other_requests_are_not_offered(server: Server, method: str) -> None:
    with Tab(server) as tab:
        assert tab.answer(method, {"command": "ty.printDebugInformation"})["error"]["code"] == -32601


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"method": 3}', '{"id": [], "method": "x"}', "[" * 5000])
def test_a_message_that_is_none_ends_the_socket_and_nothing_else(server: Server, text: str) -> None:
    with Tab(server) as tab:
        tab.socket.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            tab.socket.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4422
    with Tab(server) as tab:
        assert tab.capabilities["hoverProvider"]


def test_odd_messages_are_left_aside(server: Server) -> None:
    with Tab(server) as tab:
        for params in (
            None,
            [],
            {"textDocument": 3},
            {"textDocument": {"uri": 3}},
            {"textDocument": {"uri": "project:///x"}},
        ):
            for method in (
                "textDocument/didOpen",
                "textDocument/didChange",
                "textDocument/didClose",
                "$/cancelRequest",
            ):
                tab.tell(method, params)
            assert "error" in tab.answer("textDocument/hover", params)
        uri = tab.open("custom/odd.py", "x = 1\n")
        partial = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}, "text": "y"}
        tab.tell("textDocument/didChange", {"textDocument": {"uri": uri}, "contentChanges": [partial]})
        tab.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "text": "x" * 3_000_000}})
        assert tab.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})[0]["name"] == "x"


def test_when_it_is_killed_tabs_hear_so_and_can_come_again(server: Server) -> None:
    with Tab(server) as tab:
        tab.open("data_loaders/load.py", LOAD)
        os.kill(server.studio.language.pid, signal.SIGKILL)
        with pytest.raises(ConnectionClosed) as closed:
            tab.findings("project:///never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4410
    with Tab(server) as tab:
        uri = tab.open("data_loaders/load.py", LOAD)
        assert tab.at("hover", uri, LOAD, "frame.he")


def test_it_ends_after_the_last_tab_and_with_the_server(tmp_path: Path) -> None:
    with serving(make_project(tmp_path / "shop")) as running:
        assert running.studio.language.pid == 0, "nothing runs before it is needed"
        running.studio.language.idle_seconds = 0.0
        with Tab(running):
            process = psutil.Process(running.studio.language.pid)
        process.wait(PATIENCE)
        running.studio.language.idle_seconds = 60.0
        with Tab(running):
            process = psutil.Process(running.studio.language.pid)
    process.wait(PATIENCE)


def test_without_it_the_socket_says_what_to_install(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.shutil, "which", lambda *_, **__: None)
    status = server.get("/language/status")
    assert status == {"server": False, "formatter": False, "formats": [], "install": 'pip install "penstock[editor]"'}
    server.call(lambda: setattr(server.studio.language, "_process", None))
    with pytest.raises(ConnectionClosed) as closed:
        Tab(server).__enter__()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404
    assert 'pip install "penstock[editor]"' in closed.value.rcvd.reason
    assert (
        "ruff is not installed"
        in server.post("/language/format", {"language": "python", "content": ""}, 422)["error"]["message"]
    )


def test_one_that_keeps_ending_is_not_started_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "find_tool", lambda _: "/bin/false")
    with serving(make_project(tmp_path / "shop")) as running:
        reasons = []
        for _ in range(service.STARTS + 1):
            with pytest.raises(ConnectionClosed) as closed:
                Tab(running).__enter__()
            assert closed.value.rcvd is not None
            reasons.append(closed.value.rcvd.reason)
        assert "has ended" in reasons[0]
        assert "again and again" in reasons[-1]


def test_neighbours_with_the_names_of_packages_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("")
    root = make_project(tmp_path / "shop", "p", [("load", "data_loader", [], LOAD)])
    (root / "utils").mkdir()
    (root / "utils" / "dates.py").write_text(DATES)
    with serving(root) as running, Tab(running) as tab:
        uri = tab.open("data_loaders/load.py", LOAD)
        assert tab.findings(uri) == []
        assert [each["uri"] for each in tab.at("definition", uri, LOAD, "[da")] == ["project:///utils/dates.py"]
        place = {"textDocument": {"uri": uri}, "position": {"line": 7, "character": 35}, "newName": "x"}
        assert "pandas.py" in tab.answer("textDocument/rename", place)["error"]["message"]


def test_python_is_formatted_by_the_rules_of_the_project(server: Server) -> None:
    body = {"language": "python", "content": "x = {  'a':1 }\n"}
    assert server.post("/language/format", body, 200) == {"content": 'x = {"a": 1}\n'}
    (server.root / "ruff.toml").write_text('[format]\nquote-style = "single"\n')
    assert server.post("/language/format", {**body, "path": "custom/x.py"}, 200) == {"content": "x = {'a': 1}\n"}
    error = server.post("/language/format", {"language": "python", "content": "def f(:\n"}, 422)["error"]
    assert "formatting Python" in error["message"]
    assert str(server.root) not in error["message"]
    assert (
        "no formatter"
        in server.post("/language/format", {"language": "sql", "content": "select 1"}, 422)["error"]["message"]
    )
    server.post("/language/format", {**body, "path": "../x.py"}, 403)


def check(server: Server, content: str, **where: str) -> list[tuple[int, str, str]]:
    found = server.post("/language/check", {"content": content, **where}, 200)["diagnostics"]
    return [(each["line"], each["code"], each["message"]) for each in found]


def test_a_text_is_checked_as_it_stands_in_the_editor(server: Server) -> None:
    place = {"pipeline": "flights", "block": "clean"}
    assert check(server, "@transformer\ndef f(a, b):\n    return a\n", **place) == []
    ((line, code, message),) = check(server, "\n\ndef f(:\n", **place)
    assert (line, code) == (3, "PS030")
    assert message.startswith("it does not parse")
    ((line, code, message),) = check(server, "@transformer\ndef f(a):\n    return a\n", **place)
    assert (line, code) == (2, "PS032")
    assert "f() takes 1 upstream block" in message
    assert [code for _, code, _ in check(server, "x = 1\n", **place)] == ["PS031"]
    assert [code for _, code, _ in check(server, "a: [\n", path="io_config.yaml")] == ["J104"]
    assert [line for line, _, _ in check(server, "x = 1\ny = (\n", path="utils/x.py")] == [2]
    assert check(server, "anything {{", path="notes.md") == []


def test_sql_is_checked_for_its_templates(tmp_path: Path) -> None:
    root = make_project(tmp_path / "shop")
    add_pipeline(root, "sql", [])
    (root / "transformers").mkdir()
    (root / "transformers" / "q.sql").write_text("select 1")
    (root / "pipelines" / "sql" / "metadata.yaml").write_text(
        "blocks:\n- uuid: q\n  type: transformer\n  language: sql\n"
    )
    with serving(root) as running:
        ((line, code, _),) = check(running, "SELECT *\nFROM {{ df_1\n", pipeline="sql", block="q")
        assert (line, code) == (2, "PS033")
        assert check(running, "SELECT * FROM {{ df_1 }}", pipeline="sql", block="q") == []


def test_names_are_those_of_stored_outputs_and_files(tmp_path: Path) -> None:
    load = """
        import pandas as pd
        from penstock import data_loader

        @data_loader
        def load(**kwargs):
            return pd.DataFrame({"day": ["a"], "delay in minutes": [1.5]})
    """
    use = """
        from penstock import transformer

        @transformer
        def use(flights, *args, **kwargs):
            return [1, 2]
    """
    root = make_project(tmp_path / "shop")
    blocks = [("load", "data_loader", [], load), ("use", "transformer", ["load"], use), ("end", "custom", ["use"], use)]
    add_pipeline(root, "flights", blocks, variables={"limit": 3})
    (root / "utils").mkdir()
    (root / "utils" / "dates.py").write_text("")
    with serving(root) as running:
        before = running.get("/pipelines/flights/blocks/use/names")
        assert before["upstream"] == [
            {"block": "load", "argument": "flights", "table": "df_1", "kind": None, "columns": []}
        ]
        running.run("flights", blocks=["load", "use"])
        names = running.get("/pipelines/flights/blocks/use/names")
        (upstream,) = names["upstream"]
        assert [column["name"] for column in upstream["columns"]] == ["day", "delay in minutes"]
        assert upstream["kind"] == "table"
        assert names["tables"] == ["df_1", "load"]
        assert names["variables"][0] == {"name": "limit", "type": "int", "source": "pipeline"}
        assert "shop.utils.dates" in names["project_modules"]
        assert running.get("/pipelines/flights/blocks/end/names")["upstream"][0]["kind"] == "list"
        assert running.client.get("/pipelines/flights/blocks/none/names").status_code == 404


def test_nobody_changes_a_text_while_an_answer_about_it_is_due() -> None:
    told: list[str] = []

    def tell_server(method: str, params: dict[str, Any]) -> None:
        document = params["textDocument"]
        text = document.get("text") or (params.get("contentChanges") or [{}])[0].get("text")
        told.append(f"{method.rpartition('/')[2]} {text}")

    async def talk() -> None:
        texts = Texts(tell_server)
        texts.open("a", "x", "python", "A")
        texts.open("b", "x", "python", "B")
        order: list[str] = []

        async def ask(tab: str) -> None:
            async with texts.asking(tab, "x"):
                order.append(told[-1])

        async with texts.asking("a", "x"):
            waiting = asyncio.create_task(ask("b"))
            await asyncio.sleep(0)
            texts.change("b", "x", "B2")
            assert told[-1] == "didChange A"
        await waiting
        assert order == ["didChange B2"]
        texts.close_all("b")
        assert told[-1] == "didChange A"
        texts.close_all("a")

    asyncio.run(talk())
    assert told == [
        "didOpen A",
        "didChange B",
        "didChange A",
        "didChange B2",
        "didChange A",
        "didClose None",
    ]
