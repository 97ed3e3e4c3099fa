from __future__ import annotations

import yaml

from tests.server.projects.conftest import Browser


def test_the_menu_lists_what_runs_and_says_what_is_missing(browser: Browser) -> None:
    templates = browser.get("/templates")["templates"]
    by_id = {template["id"]: template for template in templates}
    assert len(by_id) == len(templates) > 200
    assert sum(template["ready"] for template in templates) >= 90
    waiting = by_id["data_loader.snowflake"]
    assert not waiting["ready"]
    assert "no connector for Snowflake" in waiting["needs"]
    assert all(template["ready"] == (template["needs"] is None) for template in templates)
    inputs = {template["id"]: template["inputs"] for template in templates}
    assert [
        inputs[name]
        for name in (
            "data_loader.csv_file",
            "transformer.keep_columns",
            "transformer.join",
            "transformer.append_frames",
            "transformer.sql_join",
            "data_exporter.zip_of_all",
            "markdown.notes",
        )
    ] == [0, 1, 2, -1, 2, -1, 0]


def test_one_is_shown_with_its_code_and_values(browser: Browser) -> None:
    detail = browser.get("/templates/transformer.keep_columns")
    assert detail["parameters"] == [{"name": "COLUMNS", "value": ["order_id", "country", "price"]}]
    assert "def keep_columns(" in detail["content"]
    assert detail["revision"] is None
    assert browser.get("/templates/transformer.none", status=404)["error"]["code"] == "J108"


def test_a_block_is_made_from_one(browser: Browser) -> None:
    new = {"type": "transformer", "name": "Only names", "template": "transformer.keep_columns"}
    added = browser.ask("POST", "/pipelines/orders/blocks", {**new, "values": {"COLUMNS": ["name"]}})
    content = browser.block("orders", added["block"])["content"]
    assert 'COLUMNS = ["name"]' in content
    assert "def only_names(" in content
    wrong = browser.ask("POST", "/pipelines/orders/blocks", {**new, "values": {"X": 1}, "name": "other"}, status=422)
    assert "COLUMNS" in wrong["error"]["hint"]
    sql = {"type": "data_exporter", "name": "to pg", "template": "data_exporter.sql_postgres_table"}
    added = browser.ask("POST", "/pipelines/orders/blocks", sql)
    assert browser.block("orders", added["block"])["configuration"]["data_provider"] == "postgres"


def test_a_block_becomes_a_template_and_the_template_a_block(browser: Browser) -> None:
    first = browser.get("/pipelines/orders")["blocks"][0]
    body = {"name": "Our way 1", "description": "As we do it", "pipeline": "orders", "block": first["uuid"]}
    made = browser.ask("POST", "/templates", {**body, "tags": ["ours"]})
    assert (made["id"], made["source"], made["content"]) == ("project.our_way_1", "project", first["content"])
    assert browser.get("/templates")["templates"][0]["id"] == made["id"], "the project's own come first"
    metadata = yaml.safe_load(browser.file("custom_templates/blocks/our_way_1/metadata.yaml"))
    assert (metadata["block_type"], metadata["language"], metadata["tags"]) == (
        first["type"],
        first["language"],
        ["ours"],
    )
    new = {"type": first["type"], "name": "again", "template": made["id"]}
    added = browser.ask("POST", "/pipelines/orders/blocks", new)
    assert browser.block("orders", added["block"])["content"].splitlines()[0] == first["content"].splitlines()[0]
    assert browser.ask("POST", "/templates", body, status=409)["error"]["hint"] == "Choose another name."


def test_the_folder_of_the_projects_templates_has_another_name(browser: Browser, monkeypatch) -> None:
    monkeypatch.setenv("CUSTOM_TEMPLATES_DIRECTORY", "shared/patterns/")
    first = browser.get("/pipelines/orders")["blocks"][0]
    body = {"name": "Our way", "description": "", "pipeline": "orders", "block": first["uuid"], "tags": []}
    made = browser.ask("POST", "/templates", body)
    assert yaml.safe_load(browser.file("shared/patterns/blocks/our_way/metadata.yaml"))["block_type"] == first["type"]
    assert browser.get("/templates")["templates"][0]["id"] == made["id"]
    for outside in ("../elsewhere", "/etc", "a/../../b"):
        monkeypatch.setenv("CUSTOM_TEMPLATES_DIRECTORY", outside)
        told = browser.ask("POST", "/templates", {**body, "name": "Another"}, status=422)["error"]
        assert "is no folder of the project" in told["message"]


def test_one_of_the_project_is_changed_and_comments_stay(browser: Browser) -> None:
    folder = "custom_templates/blocks/mine"
    browser.write(
        f"{folder}/metadata.yaml", "# ours\nblock_type: custom\nlanguage: python\nname: Mine # short\nuser: a\n"
    )
    browser.write(f"{folder}/mine.py", "X = 1\n")
    shown = browser.get("/templates/project.mine")
    changed = browser.ask(
        "PUT",
        "/templates/project.mine",
        {"description": "New", "content": "X = 2\n", "revision": shown["revision"], "color": "teal"},
    )
    assert (changed["description"], changed["content"], changed["color"]) == ("New", "X = 2\n", "teal")
    text = browser.file(f"{folder}/metadata.yaml")
    assert text.startswith("# ours\n")
    assert "name: Mine # short" in text
    assert "user: a" in text
    stale = {"content": "X = 3\n", "revision": shown["revision"]}
    conflict = browser.ask("PUT", "/templates/project.mine", stale, status=409)["error"]
    assert conflict["details"]["content"] == "X = 2\n"


def test_one_of_the_project_goes_and_comes_back(browser: Browser) -> None:
    browser.ask(
        "POST", "/templates", {"name": "gone", "content": "a\n", "block_type": "markdown", "language": "markdown"}
    )
    undo = browser.ask("DELETE", "/templates/project.gone")["undo"]
    browser.get("/templates/project.gone", status=404)
    browser.ask("POST", f"/undo/{undo}", {})
    assert browser.get("/templates/project.gone")["content"] == "a\n"


def test_those_that_come_along_stay_as_they_are(browser: Browser) -> None:
    name = "/templates/transformer.keep_columns"
    assert "comes with Penstock" in browser.ask("PUT", name, {"name": "x"}, status=409)["error"]["message"]
    browser.ask("DELETE", name, status=409)
    browser.ask("DELETE", "/pipeline-templates/csv_to_parquet", status=409)


def test_names_and_links_lead_nowhere_else(browser: Browser) -> None:
    for name in ("..", "../../etc", "", "  ", "/", "\u202e"):
        browser.ask("POST", "/templates", {"name": name, "content": "x"}, status=409 if name != "../../etc" else 201)
    assert (browser.root / "custom_templates/blocks/etc").is_dir()
    for name in ("project...%2F..", "project.%2Fetc", "project.", "project...%2f..%2fio_config"):
        browser.get(f"/templates/{name}", status=404)
    outside = browser.root.parent / "outside"
    outside.mkdir()
    (outside / "metadata.yaml").write_text("block_type: custom\nname: out\n")
    (outside / "out.py").write_text("secret\n")
    (browser.root / "custom_templates/blocks/out").symlink_to(outside)
    assert "project.out" not in {template["id"] for template in browser.get("/templates")["templates"]}
    assert "secret" not in str(browser.get("/templates/project.out", status=404))


def test_files_that_cannot_be_read_are_no_templates_and_the_others_stay(browser: Browser) -> None:
    for folder, text in (("a", "block_type: [\n"), ("b", "- 1\n"), ("c", "block_type: nothing\n"), ("d", "\x00")):
        browser.write(f"custom_templates/blocks/{folder}/metadata.yaml", text)
    browser.write("custom_templates/blocks/e/metadata.yaml", "block_type: custom\nconfiguration: 3\ntags: x\n")
    mine = [template for template in browser.get("/templates")["templates"] if template["source"] == "project"]
    assert [template["id"] for template in mine] == ["project.e"]
    (browser.root / "custom_templates/blocks/e/e.py").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in browser.get("/templates/project.e", status=422)["error"]["message"]
    assert len(browser.get("/templates")["templates"]) > 200


def test_templates_are_found_by_name(browser: Browser) -> None:
    assert [item for item in browser.get("/search", q="csv in pieces")["items"] if item["kind"] == "template"] == []
    items = browser.get("/search", q="large csv")["items"]
    assert ("template", "Large CSV file in parts", "data_loader.csv_in_chunks") in {
        (item["kind"], item["title"], item["path"]) for item in items
    }


def test_a_pipeline_is_made_from_a_template_without_touching_files_that_are_there(browser: Browser) -> None:
    browser.write("data_loaders/load_orders.py", "# mine\n")
    browser.write("data/orders.csv", "mine\n")
    detail = browser.ask("POST", "/pipelines", {"name": "First", "template": "csv_to_parquet"})
    assert [block["uuid"] for block in detail["blocks"]] == [
        "load_orders_2",
        "clean_orders",
        "check_orders",
        "export_orders",
    ]
    assert detail["blocks"][1]["upstream"] == ["load_orders_2"]
    assert detail["blocks"][0]["downstream"] == ["clean_orders"]
    assert [each for each in detail["diagnostics"] if each["severity"] == "error"] == []
    assert browser.file("data_loaders/load_orders.py") == "# mine\n"
    assert browser.file("data/orders.csv") == "mine\n"
    assert "def load_orders_2(" in browser.file("data_loaders/load_orders_2.py")


def test_nothing_stays_of_a_pipeline_that_could_not_be_made(browser: Browser) -> None:
    browser.ask("POST", "/pipelines", {"name": "x", "template": "nothing"}, status=404)
    (browser.root / "pipelines/taken").write_text("a file")
    browser.ask("POST", "/pipelines", {"name": "taken", "template": "python_sql_chart"}, status=409)
    assert not (browser.root / "data_loaders/sample_orders.py").exists()


def test_a_pipeline_is_kept_as_a_template(browser: Browser) -> None:
    made = browser.ask("POST", "/pipeline-templates", {"name": "As orders", "pipeline": "orders", "tags": ["x"]})
    mine = made["templates"][0]
    assert (mine["id"], mine["source"], mine["tags"]) == ("project.as_orders", "project", ["x"])
    detail = browser.ask("POST", "/pipelines", {"name": "Second", "template": mine["id"]})
    original = browser.get("/pipelines/orders")
    assert [block["uuid"] for block in detail["blocks"]] == [block["uuid"] for block in original["blocks"]]
    assert (detail["name"], detail["uuid"]) == ("Second", "second")
    undo = browser.ask("DELETE", "/pipeline-templates/project.as_orders")["undo"]
    assert len(browser.get("/pipeline-templates")["templates"]) == 5
    browser.ask("POST", f"/undo/{undo}", {})
    assert len(browser.get("/pipeline-templates")["templates"]) == 6
