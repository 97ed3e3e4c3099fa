from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from penstock.model.errors import StorageError
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects.contents import Contents
from tests.server.projects.conftest import Browser, seg


def _edges(detail: dict) -> dict[str, list[str]]:
    return {block["uuid"]: block["upstream"] for block in detail["blocks"]}


def test_of_a_suggested_name_the_next_that_is_free_is_taken(browser: Browser) -> None:
    body = {"type": "data_loader", "language": "python", "suggested": "planes", "content": "x = 1\n"}
    made = [browser.ask("POST", "/pipelines/orders/blocks", body)["block"] for _ in range(3)]
    assert made == ["planes", "planes_2", "planes_3"]
    assert browser.ask("POST", "/pipelines/orders/blocks", {**body, "name": "planes"}, status=409)["error"]["hint"]


def test_a_block_is_added_behind_another_with_a_text_that_takes_its_upstream(browser: Browser) -> None:
    answer = browser.ask(
        "POST",
        "/pipelines/orders/blocks",
        {"type": "transformer", "name": "Big orders", "upstream": ["join"], "after": "join"},
    )
    assert answer["block"] == "big_orders"
    uuids = [block["uuid"] for block in answer["pipeline"]["blocks"]]
    assert uuids.index("big_orders") == uuids.index("join") + 1
    block = browser.block("orders", "big_orders")
    assert block["function"]["parameters"] == ["join"]
    assert block["file"] == "transformers/big_orders.py"
    assert "big_orders" in browser.block("orders", "join")["downstream"]
    assert not [found for found in answer["pipeline"]["diagnostics"] if found["block"] == "big_orders"]


def test_a_name_that_is_taken_in_the_pipeline_or_on_disk_is_refused(browser: Browser) -> None:
    error = browser.ask("POST", "/pipelines/orders/blocks", {"type": "transformer", "name": "join"}, status=409)[
        "error"
    ]
    assert "it has one of that name" in error["message"]
    error = browser.ask(
        "POST", "/pipelines/reports%2Fmonthly/blocks", {"type": "transformer", "name": "join"}, status=409
    )["error"]
    assert "used by orders" in error["message"]
    assert "shared" in error["hint"]


def test_a_file_is_shared_and_the_sharing_is_told(browser: Browser) -> None:
    answer = browser.ask(
        "POST", "/pipelines/reports%2Fmonthly/blocks", {"type": "transformer", "file": "transformers/join.py"}
    )
    assert answer["block"] == "join"
    assert browser.block("reports/monthly", "join")["shared_with"] == ["orders"]
    assert browser.block("orders", "join")["shared_with"] == ["reports/monthly"]


def test_saving_needs_the_revision_that_was_seen(browser: Browser) -> None:
    block = browser.block("orders", "join")
    text = block["content"].replace("return orders", "return customers")
    saved = browser.ask(
        "PUT", "/pipelines/orders/blocks/join/content", {"content": text, "revision": block["content_revision"]}
    )
    assert browser.file("transformers/join.py") == text
    assert saved["block"]["content_revision"] == saved["content_revision"] != block["content_revision"]
    error = browser.ask(
        "PUT",
        "/pipelines/orders/blocks/join/content",
        {"content": "x", "revision": block["content_revision"]},
        status=409,
    )["error"]
    assert error["code"] == "J109"
    assert error["details"] == {"revision": saved["content_revision"], "content": text}
    assert browser.file("transformers/join.py") == text


def test_renaming_takes_file_edges_and_queries_along(browser: Browser) -> None:
    browser.write(
        "transformers/totals.sql", '-- join stays here\nSELECT "join".x, \'join\' FROM "join" JOIN other USING (id)\n'
    )
    answer = browser.ask("PATCH", "/pipelines/orders/blocks/join", {"name": "Orders with customers"})
    assert answer["block"] == "orders_with_customers"
    edges = _edges(answer["pipeline"])
    assert edges["totals"] == edges["save"] == ["orders_with_customers"]
    assert (browser.root / "transformers/orders_with_customers.py").is_file()
    assert not (browser.root / "transformers/join.py").exists()
    assert browser.file("transformers/totals.sql") == (
        "-- join stays here\nSELECT orders_with_customers.x, 'join' FROM orders_with_customers JOIN other USING (id)\n"
    )


def test_a_query_that_cannot_be_changed_is_told_and_the_stored_outputs_follow_all_the_same(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.write("transformers/totals.sql", 'SELECT * FROM "join"\n')
    moved: list[tuple[str, str, str]] = []
    renaming = browser.workspace.changing.renaming

    def refuse(*_: object) -> None:
        raise StorageError("writing totals.sql: the disk is full")

    monkeypatch.setattr(Contents, "save", refuse)
    _, notes = replace(renaming, moved=lambda *names: moved.append(names)).rename("orders", "join", "merged")
    assert moved == [("orders", "join", "merged")]
    assert notes == ["transformers/totals.sql still reads join: writing totals.sql: the disk is full."]


def test_renaming_a_block_whose_file_is_shared_leaves_the_other_pipeline_alone(browser: Browser) -> None:
    browser.ask("POST", "/pipelines/reports%2Fmonthly/blocks", {"type": "transformer", "file": "transformers/join.py"})
    before = browser.file("pipelines/reports/monthly/metadata.yaml")
    answer = browser.ask("PATCH", "/pipelines/orders/blocks/join", {"name": "merge"})
    assert answer["block"] == "merge"
    assert browser.block("orders", "merge")["file"] == "transformers/join.py"
    assert browser.block("orders", "merge")["content"]
    assert browser.file("pipelines/reports/monthly/metadata.yaml") == before
    assert browser.block("reports/monthly", "join")["content_error"] is None
    assert "reports/monthly uses it too" in answer["pipeline"]["notes"][0]


def test_a_copy_has_its_own_file(browser: Browser) -> None:
    answer = browser.ask("POST", "/pipelines/orders/blocks/join/duplicate", {"name": "join again"})
    copied = browser.block("orders", answer["block"])
    assert (copied["uuid"], copied["file"]) == ("join_again", "transformers/join_again.py")
    assert copied["upstream"] == ["load_orders", "api/customers"]
    original = browser.file("transformers/join.py")
    browser.ask(
        "PUT",
        "/pipelines/orders/blocks/join_again/content",
        {"content": "x = 1\n", "revision": copied["content_revision"]},
    )
    assert browser.file("transformers/join.py") == original


def test_detaching_gives_a_file_of_its_own(browser: Browser) -> None:
    browser.ask("POST", "/pipelines/reports%2Fmonthly/blocks", {"type": "transformer", "file": "transformers/join.py"})
    answer = browser.ask("POST", "/pipelines/reports%2Fmonthly/blocks/join/detach")
    block = next(each for each in answer["pipeline"]["blocks"] if each["uuid"] == "join")
    assert block["file"] == "transformers/join_monthly.py"
    assert block["shared_with"] == []
    error = browser.ask("POST", "/pipelines/reports%2Fmonthly/blocks/join/detach", status=409)["error"]
    assert "no other block uses its file" in error["message"]


def test_a_deleted_block_comes_back_byte_for_byte(browser: Browser) -> None:
    file = browser.root / "pipelines/orders/metadata.yaml"
    before, code = file.read_bytes(), browser.file("transformers/join.py")
    answer = browser.ask("DELETE", "/pipelines/orders/blocks/join")
    assert answer["paths"] == ["transformers/join.py"]
    assert "join" not in _edges(answer["pipeline"])
    assert not (browser.root / "transformers/join.py").exists()
    undone = browser.ask("POST", f"/undo/{answer['undo']}")
    assert file.read_bytes() == before
    assert browser.file("transformers/join.py") == code
    assert undone["paths"] == ["transformers/join.py"]
    browser.ask("POST", f"/undo/{answer['undo']}", status=404)


def test_a_deleted_block_comes_back_although_the_pipeline_has_changed_since(browser: Browser) -> None:
    edges = _edges(browser.get("/pipelines/orders"))
    answer = browser.ask("DELETE", "/pipelines/orders/blocks/join")
    browser.ask("PATCH", "/pipelines/orders", {"description": "other"})
    browser.ask("DELETE", "/pipelines/orders/blocks/save_again")
    undone = browser.ask("POST", f"/undo/{answer['undo']}")["pipeline"]
    edges.pop("save_again")
    assert _edges(undone) == edges
    assert undone["description"] == "other"


def test_a_file_that_others_use_stays_when_a_block_is_deleted(browser: Browser) -> None:
    browser.ask("POST", "/pipelines/reports%2Fmonthly/blocks", {"type": "transformer", "file": "transformers/join.py"})
    assert browser.ask("DELETE", "/pipelines/orders/blocks/join")["paths"] == []
    assert (browser.root / "transformers/join.py").is_file()


def test_type_and_folder_and_decorator_change_together(browser: Browser) -> None:
    answer = browser.ask("PATCH", "/pipelines/orders/blocks/join", {"type": "custom"})
    block = browser.block("orders", "join")
    assert (block["type"], block["file"]) == ("custom", "custom/join.py")
    assert "@custom" in block["content"]
    assert "import custom" in block["content"]
    assert "transformer" not in block["content"]
    assert block["function"]["name"] == "join"
    assert answer["pipeline"]["notes"] == []
    assert not (browser.root / "transformers/join.py").exists()


def test_a_cycle_is_refused_with_a_sentence(browser: Browser) -> None:
    before = browser.file("pipelines/orders/metadata.yaml")
    error = browser.ask("PATCH", "/pipelines/orders/blocks/load_orders", {"upstream": ["save"]}, status=422)["error"]
    assert "cycle: " in error["message"]
    assert error["hint"]
    assert browser.file("pipelines/orders/metadata.yaml") == before


def test_edges_change_the_parameters_and_nothing_else_of_the_text(browser: Browser) -> None:
    browser.ask("POST", "/pipelines/orders/blocks", {"type": "data_loader", "name": "rates", "content": "x = 1\n"})
    before = browser.file("transformers/join.py")
    browser.ask("PATCH", "/pipelines/orders/blocks/join", {"upstream": ["rates", "load_orders", "api/customers"]})
    assert browser.file("transformers/join.py") == before.replace("(orders, customers,", "(rates, orders, customers,")
    browser.ask("PATCH", "/pipelines/orders/blocks/join", {"upstream": ["api/customers", "load_orders"]})
    assert browser.file("transformers/join.py") == before.replace("(orders, customers,", "(customers, orders,")


def test_a_parameter_that_is_still_used_stays_and_it_is_told(browser: Browser) -> None:
    before = browser.file("transformers/join.py")
    answer = browser.ask("PATCH", "/pipelines/orders/blocks/join", {"upstream": ["api/customers"]})
    assert browser.file("transformers/join.py") == before
    assert "still uses orders" in answer["pipeline"]["notes"][0]


def test_naming_a_block_draws_its_edge(browser: Browser) -> None:
    block = browser.block("orders", "totals")
    saved = browser.ask(
        "PUT",
        "/pipelines/orders/blocks/totals/content",
        {"content": 'SELECT * FROM "join" JOIN load_orders USING (id)\n', "revision": block["content_revision"]},
    )
    assert saved["block"]["upstream"] == ["join", "load_orders"]
    assert _edges(saved["pipeline"])["totals"] == ["join", "load_orders"]
    text = "from penstock import data_exporter\n\n\n@data_exporter\ndef save(join, load_orders):\n    pass\n"
    block = browser.block("orders", "save")
    saved = browser.ask(
        "PUT", "/pipelines/orders/blocks/save/content", {"content": text, "revision": block["content_revision"]}
    )
    assert saved["block"]["upstream"] == ["join", "load_orders"]
    saved = browser.ask(
        "PUT",
        "/pipelines/orders/blocks/save/content",
        {"content": text.replace("join, ", ""), "revision": saved["content_revision"]},
    )
    assert saved["block"]["upstream"] == ["load_orders"]


def test_a_text_that_would_make_a_cycle_is_saved_without_the_edge(browser: Browser) -> None:
    text = "from penstock import data_loader\n\n\n@data_loader\ndef load(join, **kwargs):\n    return join\n"
    block = browser.block("orders", "load_orders")
    saved = browser.ask(
        "PUT", "/pipelines/orders/blocks/load_orders/content", {"content": text, "revision": block["content_revision"]}
    )
    assert browser.file("data_loaders/load_orders.py") == text
    assert saved["pipeline"] is None
    assert "form a cycle" in saved["notes"][0]


def test_an_edge_that_a_query_still_needs_is_told(browser: Browser) -> None:
    browser.write("transformers/totals.sql", 'SELECT * FROM "join"\n')
    answer = browser.ask("PATCH", "/pipelines/orders/blocks/totals", {"upstream": []})
    assert answer["pipeline"]["notes"] == ["The query of totals still reads join."]


def test_changes_at_once_all_count(browser: Browser) -> None:
    from msgspec import json

    from penstock.server.schema.pipelines import PipelineChanges

    barrier = threading.Barrier(8)

    def change(number: int) -> None:
        barrier.wait()
        body = f'{{"variables": {{"set": {{"v{number}": {number}}}}}}}'
        browser.workspace.pipelines.change("orders", json.decode(body, type=PipelineChanges))

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {each["name"] for each in browser.get("/pipelines/orders")["variables"]}
    assert {f"v{number}" for number in range(8)} <= names


def test_a_replica_runs_the_code_of_another(browser: Browser) -> None:
    answer = browser.ask(
        "POST", "/pipelines/orders/blocks", {"type": "transformer", "replicate": "join", "upstream": ["load_orders"]}
    )
    replica = browser.block("orders", answer["block"])
    assert replica["replicated_block"] == "join"
    assert replica["file"] == "transformers/join.py"
    error = browser.ask("DELETE", "/pipelines/orders/blocks/join", status=409)["error"]
    assert "runs its code" in error["message"]


def test_what_a_condition_is_attached_to_is_not_what_its_function_takes(browser: Browser) -> None:
    body = {"type": "conditional", "suggested": "join condition", "upstream": ["join"]}
    answer = browser.ask("POST", "/pipelines/orders/blocks", body)
    block = browser.block("orders", answer["block"])
    assert block["upstream"] == ["join"]
    assert "(*args, **kwargs)" in block["content"]
    assert answer["block"] not in browser.block("orders", "join")["downstream"]
    others = [one["uuid"] for one in answer["pipeline"]["blocks"] if one["uuid"] != "join"]
    text = block["content"].replace("*args", others[0])
    save = {"content": text, "revision": block["content_revision"]}
    browser.ask("PUT", f"/pipelines/orders/blocks/{answer['block']}/content", save)
    assert browser.block("orders", answer["block"])["upstream"] == ["join"]
    ready = [
        one
        for one in browser.ask("GET", "/templates")["templates"]
        if one["block_type"] == "conditional" and one["ready"]
    ]
    made = browser.ask("POST", "/pipelines/orders/blocks", {**body, "template": ready[0]["id"]})
    assert "@condition" in browser.block("orders", made["block"])["content"]


def test_callbacks_and_conditionals_stand_in_lists_of_their_own(browser: Browser) -> None:
    answer = browser.ask("POST", "/pipelines/orders/blocks", {"type": "callback", "name": "cry", "upstream": ["join"]})
    assert "cry" in [block["uuid"] for block in answer["pipeline"]["callbacks"]]
    assert "callbacks:" in browser.file("pipelines/orders/metadata.yaml")
    assert browser.block("orders", "cry")["file"] == "callbacks/cry.py"
    browser.ask("PATCH", "/pipelines/orders/blocks/cry", {"upstream": ["save", "join"]})
    assert browser.block("orders", "cry")["upstream"] == ["save", "join"]
    data = parse_yaml(browser.file("pipelines/orders/metadata.yaml")).data
    assert not [block for block in data["blocks"] if "cry" in block["downstream_blocks"]]


@pytest.mark.parametrize("name", ["", "  ", "...", "/", "___", "x" * 400, "\u200b"])
def test_names_that_are_none(browser: Browser, name: str) -> None:
    body = {"type": "custom", "name": name}
    if name.strip():
        error = browser.ask("POST", "/pipelines/orders/blocks", body, status=409)["error"]
        assert "gives no name for a file" in error["message"]
    else:
        assert browser.ask("POST", "/pipelines/orders/blocks", body)["block"] == "custom"


def test_unicode_names_and_folders(browser: Browser) -> None:
    answer = browser.ask("POST", "/pipelines/orders/blocks", {"type": "custom", "name": "Über Größe/项目 один"})
    assert answer["block"] == "über_größe/项目_один"
    assert (browser.root / "custom/über_größe/项目_один.py").is_file()
    answer = browser.ask("PATCH", f"/pipelines/orders/blocks/{seg(answer['block'])}", {"color": "teal", "timeout": 30})
    block = browser.block("orders", answer["block"])
    assert (block["color"], block["timeout"]) == ("teal", 30)


def test_order_settings_and_configuration(browser: Browser) -> None:
    browser.ask("PATCH", "/pipelines/orders/blocks/totals", {"after": None})
    assert browser.get("/pipelines/orders")["blocks"][0]["uuid"] == "totals"
    browser.ask(
        "PATCH", "/pipelines/orders/blocks/totals", {"configuration": {"limit": 5}, "retry_config": {"retries": 2}}
    )
    block = browser.block("orders", "totals")
    assert (block["configuration"], block["retry_config"]) == ({"limit": 5}, {"retries": 2})


def test_the_library_tells_who_uses_what(browser: Browser) -> None:
    browser.write("transformers/unused.py", "x = 1\n")
    blocks = {block["file"]: block for block in browser.get("/blocks")["blocks"]}
    assert blocks["transformers/join.py"]["pipelines"] == ["orders"]
    assert blocks["transformers/unused.py"]["pipelines"] == []
    assert blocks["data_loaders/api/customers.py"]["name"] == "api/customers"
