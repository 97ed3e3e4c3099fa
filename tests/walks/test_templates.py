"""Every built-in template does its work in a real run: files, addresses and databases are there, nothing is replaced."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from penstock.cli.wire import Workbench, open_workbench
from penstock.data import ProductStore
from penstock.engine.plan import RunOptions
from penstock.engine.supervisor import Captured
from penstock.model import events
from penstock.model.block import EXTENSIONS, FOLDERS, RUNNABLE_TYPES, BlockType, Language
from penstock.model.messages import BlockOrder, Limits, WorkOrder
from penstock.model.run import RunState
from penstock.project.check import check_project
from penstock.project.code import scan
from penstock.project.templates.catalogue import built_in, list_templates, missing, render_template
from penstock.project.templates.starting import STARTING, StartingPipeline, start
from penstock.project.templates.template import Template
from penstock.sdk.decorators import Collector, collect
from penstock.sdk.logger import BlockLogger
from tests.patience import PATIENCE
from tests.servers import PostgresServer
from tests.walks.template_project import SOURCES, Web, web, write_files, write_profiles

Check = Callable[[Any, "Place"], object]


@dataclass
class Case:
    """How a template is used here: the blocks before it, its values, and what must be so afterwards."""

    up: tuple[str, ...] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    check: Check | None = None
    configuration: dict[str, Any] = field(default_factory=dict)


@dataclass
class Place:
    """What the checks may look at."""

    project: Path
    web: Web
    orders: pd.DataFrame
    postgres: Callable[[str], list[tuple[Any, ...]]]

    def out(self, name: str) -> Path:
        return self.project / "output" / name


def rows(count: int) -> Check:
    return lambda frame, _: len(frame) == count


def columns(*names: str) -> Check:
    return lambda frame, _: list(names) == list(getattr(frame, "column_names", frame.columns))


def has(*names: str) -> Check:
    return lambda frame, _: set(names) <= set(frame.columns)


def equal_group(function: str, column: str = "price") -> Check:
    def check(frame: pd.DataFrame, place: Place) -> bool:
        expected = place.orders.groupby("country")[column].transform(function)
        new = [name for name in frame.columns if name.startswith("country_")]
        pd.testing.assert_series_equal(frame[new[0]], expected, check_names=False, check_dtype=False)
        return len(new) == 1

    return check


def written(name: str, read: Callable[[Path], pd.DataFrame], count: int = 200) -> Check:
    return lambda _, place: len(read(place.out(name))) == count


def in_table(table: str, count: int = 200) -> Check:
    return lambda _, place: place.postgres(f"SELECT count(*) FROM {table}") == [(count,)]


TEXTS, JOINED = ("prices_as_text",), ("orders", "countries")

CASES: dict[str, Case] = {
    "data_loader.sample_orders": Case(check=lambda frame, _: len(frame) == 200 and frame["price"].isna().any()),
    "data_loader.rows_in_code": Case(check=columns("country", "name", "vat")),
    "data_loader.calendar": Case(check=rows(366)),
    "data_loader.random_numbers": Case(check=rows(10_000)),
    "data_loader.pipeline_variables": Case(check=lambda found, _: found["pipeline_uuid"] == "all"),
    "data_loader.other_pipeline_output": Case(check=rows(200)),
    "data_loader.csv_in_chunks": Case(values={"ROWS": 70}, check=rows(200)),
    "data_loader.parquet_columns": Case(check=columns("order_id", "country", "price")),
    "data_loader.text_lines": Case(check=lambda frame, _: list(frame["level"]) == ["INFO", "ERROR"]),
    "data_loader.fixed_width_file": Case(check=lambda frame, _: set(frame["country"]) == {"NO", "SE", "DK", "FI"}),
    "data_loader.folder_of_files": Case(check=lambda frame, _: frame["file"].nunique() == 2 and len(frame) == 50),
    "data_loader.newest_file": Case(check=rows(30)),
    "data_loader.zip_archive": Case(check=rows(5)),
    "data_loader.arrow_file": Case(check=rows(200)),
    "data_loader.partitioned_dataset": Case(
        check=lambda frame, place: len(frame) == (place.orders["country"] == "NO").sum()
    ),
    "data_loader.geo_file": Case(check=lambda frame, _: list(frame["name"]) == ["Bergen"]),
    "data_loader.polars_scan": Case(check=lambda frame, place: len(frame) == (place.orders["quantity"] >= 2).sum()),
    "data_loader.sql_generated_rows": Case(check=rows(366)),
    "data_loader.sql_parquet_file": Case(check=columns("country", "orders", "quantity")),
    "data_loader.http_csv": Case(values={"URL": "/orders.csv"}, check=rows(200)),
    "data_loader.http_json": Case(values={"URL": "/orders"}, check=rows(5)),
    "data_loader.http_with_token": Case(values={"URL": "/private"}, check=rows(5)),
    "data_loader.http_pages": Case(values={"URL": "/pages", "ROWS": 90}, check=rows(200)),
    "data_loader.http_with_retries": Case(values={"URL": "/busy"}, check=rows(5)),
    "data_loader.graphql_query": Case(values={"URL": "/graphql"}, check=rows(7)),
    "data_loader.web_feed": Case(values={"URL": "/feed.xml"}, check=columns("title", "link", "pubDate")),
    "data_loader.postgres_query": Case(check=rows(200)),
    "data_loader.postgres_in_chunks": Case(values={"ROWS": 70}, check=rows(200)),
    "data_loader.postgres_new_rows": Case(check=rows(200)),
    "data_loader.sql_postgres_query": Case(check=rows(200)),
    "data_loader.duckdb_query": Case(values={"FILE": "data/loading.duckdb"}, check=rows(200)),
    "data_loader.sql_duckdb_query": Case(check=rows(200), configuration={"data_provider_profile": "exporting"}),
    "data_loader.sqlite_query": Case(check=rows(200)),
    "transformer.clean_column_names": Case(values={}, check=has("order_id")),
    "transformer.keep_columns": Case(check=columns("order_id", "country", "price")),
    "transformer.remove_columns": Case(check=lambda frame, _: "email" not in frame.columns),
    "transformer.rename_columns": Case(check=has("time", "unit_price")),
    "transformer.reorder_columns": Case(check=lambda frame, _: list(frame.columns[:2]) == ["ordered_at", "order_id"]),
    "transformer.change_column_types": Case(check=lambda frame, _: frame["quantity"].dtype == "float64"),
    "transformer.add_column": Case(check=has("amount")),
    "transformer.add_condition_column": Case(
        check=lambda frame, _: set(frame["price_class"]) == {"unknown", "high", "middle", "low"}
    ),
    "transformer.normalize_columns": Case(
        check=lambda frame, _: (frame["price"].min(), frame["price"].max()) == (0, 1)
    ),
    "transformer.standardize_columns": Case(check=lambda frame, _: abs(frame["price"].mean()) < 1e-9),
    "transformer.date_parts": Case(check=lambda frame, _: set(frame["year"]) == {2024}),
    "transformer.filter_rows": Case(check=lambda frame, _: set(frame["country"]) == {"NO"}),
    "transformer.remove_incomplete_rows": Case(
        check=lambda frame, _: frame["price"].notna().all() and len(frame) < 200
    ),
    "transformer.remove_duplicates": Case(check=lambda frame, _: len(frame) < 200),
    "transformer.remove_outliers": Case(check=lambda frame, place: frame["price"].max() < place.orders["price"].max()),
    "transformer.sort_rows": Case(check=lambda frame, _: frame["country"].is_monotonic_increasing),
    "transformer.top_rows": Case(check=rows(10)),
    "transformer.sample_rows": Case(check=rows(50)),
    "transformer.number_rows": Case(check=lambda frame, _: frame["number"].min() == 1 and frame["number"].max() > 1),
    "transformer.split_text_into_rows": Case(check=rows(400)),
    "transformer.in_batches": Case(check=lambda frame, _: len(frame) == 200 and "amount" in frame),
    "transformer.split_into_outputs": Case(
        check=lambda found, _: len(found) == 2 and len(found[0]) + len(found[1]) == 200
    ),
    "transformer.fill_missing": Case(check=lambda frame, _: frame["price"].notna().all()),
    "transformer.fill_with_median": Case(check=lambda frame, _: frame["price"].notna().all()),
    "transformer.fill_with_mode": Case(check=lambda frame, _: frame["price"].notna().all()),
    "transformer.fill_with_random": Case(check=lambda frame, _: frame["price"].notna().all()),
    "transformer.fill_with_constants": Case(check=lambda frame, _: (frame["price"] == 0).sum() >= 1),
    "transformer.fill_time_gaps": Case(check=lambda frame, _: frame["price"].notna().all()),
    "transformer.mark_wrong_values": Case(up=("emails",), check=lambda frame, _: "invalid" in set(frame["email"])),
    "transformer.change_case": Case(check=lambda frame, _: "GREEN TEA" in set(frame["product"])),
    "transformer.replace_values": Case(check=lambda frame, _: "Norway" in set(frame["country"])),
    "transformer.extract_from_text": Case(check=lambda frame, _: set(frame["domain"]) == {"example.org"}),
    "transformer.parse_currency": Case(up=TEXTS, check=lambda frame, _: list(frame["price"])[:2] == [1200.5, -3.0]),
    "transformer.parse_dates": Case(up=TEXTS, check=lambda frame, _: frame["ordered_at"].notna().sum() == 2),
    "transformer.hide_personal_data": Case(
        check=lambda frame, place: (
            frame["email"].nunique() == place.orders["email"].nunique() and not frame["email"].str.contains("@").any()
        )
    ),
    "transformer.flatten_json": Case(up=TEXTS, check=has("details.size", "details.color.code")),
    "transformer.records_to_frame": Case(up=("records",), check=columns("id", "inner.name")),
    "transformer.group_and_aggregate": Case(check=lambda frame, _: frame["orders"].sum() == 200),
    "transformer.add_group_average": Case(check=equal_group("mean")),
    "transformer.add_group_sum": Case(check=equal_group("sum")),
    "transformer.add_group_count": Case(check=equal_group("count")),
    "transformer.add_group_distinct": Case(check=equal_group("nunique", "customer")),
    "transformer.add_group_minimum": Case(check=equal_group("min")),
    "transformer.add_group_maximum": Case(check=equal_group("max")),
    "transformer.add_group_median": Case(check=equal_group("median")),
    "transformer.add_group_first": Case(check=equal_group("first")),
    "transformer.add_group_last": Case(check=equal_group("last")),
    "transformer.shift_column": Case(check=has("previous_price")),
    "transformer.shift_up": Case(check=has("next_price")),
    "transformer.running_total": Case(
        check=lambda frame, place: (
            frame.groupby("country")["quantity_so_far"].max().sum() == place.orders["quantity"].sum()
        )
    ),
    "transformer.totals_by_time": Case(check=lambda frame, _: frame["rows"].sum() == 200),
    "transformer.describe_columns": Case(check=rows(8)),
    "transformer.join": Case(check=lambda frame, _: len(frame) == 200 and frame["vat"].notna().all()),
    "transformer.append_frames": Case(up=("orders", "fewer_orders"), check=rows(390)),
    "transformer.rows_without_partner": Case(
        up=("orders", "nordic"), check=lambda frame, _: set(frame["country"]) == {"DK", "FI"}
    ),
    "transformer.compare_frames": Case(
        up=("orders", "fewer_orders"),
        check=lambda frame, _: frame["change"].value_counts().to_dict() == {"removed": 10, "changed": 1},
    ),
    "transformer.look_up_nearest": Case(
        up=("orders", "rates"), check=lambda frame, _: set(frame["rate"]) == {1.0, 2.0}
    ),
    "transformer.pivot": Case(check=columns("country", "black coffee", "dark chocolate", "green tea")),
    "transformer.unpivot": Case(check=rows(400)),
    "transformer.polars_expressions": Case(check=lambda frame, _: type(frame).__module__.startswith("polars")),
    "transformer.polars_group": Case(check=rows(4)),
    "transformer.arrow_compute": Case(check=lambda frame, _: "amount" in frame.column_names),
    "transformer.duckdb_in_python": Case(check=rows(4)),
    "transformer.train_model": Case(check=lambda found, _: len(found) == 2 and found[1]["rows"] > 100),
    "transformer.sql_query": Case(check=lambda frame, place: len(frame) == (place.orders["quantity"] >= 2).sum()),
    "transformer.sql_join": Case(check=has("vat")),
    "transformer.sql_group": Case(check=rows(4)),
    "transformer.sql_window": Case(check=has("number", "previous_order")),
    "transformer.sql_by_time": Case(check=lambda frame, _: frame["orders"].sum() == 200),
    "transformer.sql_pivot": Case(check=rows(4)),
    "transformer.sql_unpivot": Case(check=lambda frame, _: set(frame["name"]) == {"quantity", "price"}),
    "transformer.sql_postgres": Case(check=rows(4)),
    "transformer.sql_duckdb_file": Case(check=rows(4), configuration={"data_provider_profile": "transforming"}),
    "data_exporter.csv_file": Case(check=written("orders.csv", pd.read_csv)),
    "data_exporter.csv_compressed": Case(check=written("orders.csv.gz", pd.read_csv)),
    "data_exporter.append_to_csv": Case(check=written("history.csv", pd.read_csv)),
    "data_exporter.parquet_file": Case(check=written("orders.parquet", pd.read_parquet)),
    "data_exporter.partitioned_parquet": Case(
        check=lambda _, place: len(list(place.out("by_country").glob("*/*"))) == 4
    ),
    "data_exporter.json_file": Case(check=written("orders.json", pd.read_json)),
    "data_exporter.json_lines": Case(check=written("orders.jsonl", lambda path: pd.read_json(path, lines=True))),
    "data_exporter.xml_file": Case(check=written("orders.xml", lambda path: pd.read_xml(path, parser="etree"))),
    "data_exporter.arrow_file": Case(check=written("orders.arrow", pd.read_feather)),
    "data_exporter.file_per_group": Case(check=lambda _, place: len(list(place.out("countries").iterdir())) == 4),
    "data_exporter.dated_file": Case(check=lambda _, place: len(list(place.out("history").iterdir())) == 1),
    "data_exporter.zip_of_all": Case(up=JOINED, check=lambda _, place: place.out("all.zip").stat().st_size > 1000),
    "data_exporter.polars_parquet": Case(check=written("orders_polars.parquet", pd.read_parquet)),
    "data_exporter.html_report": Case(
        up=JOINED, check=lambda _, place: place.out("report.html").read_text().count("<table") == 2
    ),
    "data_exporter.picture": Case(check=lambda _, place: place.out("orders.png").read_bytes()[:4] == b"\x89PNG"),
    "data_exporter.http_post": Case(
        values={"URL": "/sink", "ROWS": 150},
        check=lambda _, place: sum(len(json.loads(body)) for path, body in place.web.sent if path == "/sink") == 200,
    ),
    "data_exporter.chat_message": Case(
        check=lambda _, place: ("/chat", b'{"text": "all: 200 rows"}') in place.web.sent
    ),
    "data_exporter.email_report": Case(
        values={"HOST": "127.0.0.1", "PORT": "mail"},
        check=lambda _, place: "all: 200 rows" in place.web.mails[0] and "rows.csv" in place.web.mails[0],
    ),
    "data_exporter.postgres_table": Case(check=in_table("orders_copy")),
    "data_exporter.postgres_append": Case(check=in_table("orders_history")),
    "data_exporter.postgres_upsert": Case(check=in_table("orders_latest")),
    "data_exporter.sql_postgres_table": Case(check=in_table("orders_from_sql")),
    "data_exporter.sqlite_table": Case(check=lambda _, place: place.out("orders.sqlite").stat().st_size > 10_000),
    "data_exporter.duckdb_table": Case(check=lambda _, place: place.out("warehouse.duckdb").exists()),
    "data_exporter.sql_duckdb_table": Case(configuration={"data_provider_profile": "writing"}, check=rows(200)),
    "data_exporter.sql_parquet_file": Case(check=written("orders_sql.parquet", pd.read_parquet)),
    "data_exporter.sql_csv_file": Case(check=written("orders_sql.csv", pd.read_csv)),
    "sensor.http_answers": Case(values={"URL": "/orders"}),
    "sensor.http_value": Case(values={"URL": "/export"}),
    "sensor.port_is_open": Case(values={"HOST": "127.0.0.1", "PORT": "web"}),
    "sensor.upstream_has_rows": Case(up=("orders",)),
    "sensor.time_of_day": Case(values={"EARLIEST": "00:00"}),
    "custom.several_outputs": Case(up=("orders",), check=lambda found, _: len(found) == 3 and found[2] == "200 rows"),
    "custom.run_pipeline": Case(check=lambda found, _: found["status"] == "completed"),
    "custom.run_command": Case(check=lambda text, _: text.startswith("git version")),
    "custom.download_file": Case(
        values={"URL": "/orders.csv"},
        check=lambda _, place: len(pd.read_csv(place.project / "data" / "downloads" / "orders.csv")) == 200,
    ),
    "custom.postgres_statements": Case(check=in_table("visits", 0)),
    "custom.sql_statements": Case(up=("orders",), check=rows(4)),
}
READY = [template for template in list_templates() if not template.later and template.block_type in RUNNABLE_TYPES]


def sample_orders() -> pd.DataFrame:
    """What the template of that name gives, computed in this process."""
    space: dict[str, Any] = {}
    exec(render_template("data_loader.sample_orders"), space)
    frame: pd.DataFrame = space["sample_orders"]()
    return frame


def upstream(template: Template, case: Case) -> tuple[str, ...]:
    if case.up is not None:
        return case.up
    if template.language is Language.SQL:
        text = render_template(template.id)
        return tuple(name for number, name in enumerate(JOINED, 1) if f"df_{number}" in text)
    function = next(each for each in scan(render_template(template.id)).functions if each.decorator != "test")
    return JOINED[: len(function.arguments.positional)]


def entry(uuid: str, kind: str, language: str, up: tuple[str, ...], configuration: dict[str, Any]) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "name": uuid,
        "type": kind,
        "language": language,
        "upstream_blocks": list(up),
        "configuration": configuration,
    }


def add(
    project: Path, uuid: str, text: str, template: Template, up: tuple[str, ...], more: dict[str, Any]
) -> dict[str, Any]:
    file = project / FOLDERS[template.block_type] / f"{uuid}.{EXTENSIONS[template.language]}"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    configuration = {**template.configuration, **more}
    return entry(uuid, template.block_type.value, template.language.value, up, configuration)


def write_pipeline(project: Path, uuid: str, blocks: list[dict[str, Any]]) -> None:
    folder = project / "pipelines" / uuid
    folder.mkdir(parents=True)
    (folder / "metadata.yaml").write_text(
        yaml.safe_dump({"uuid": uuid, "name": uuid, "type": "python", "blocks": blocks})
    )


def filled(values: dict[str, Any], site: Web) -> dict[str, Any]:
    ports = {"mail": site.mail_port, "web": site.port}
    return {
        name: site.url(value) if name == "URL" else ports.get(value, value) if name == "PORT" else value
        for name, value in values.items()
    }


@dataclass
class Finished:
    """The outcome of the one run of all templates."""

    place: Place
    bench: Workbench
    ended: dict[str, events.BlockEnded]
    store: ProductStore

    def output(self, uuid: str) -> Any:
        ref = self.ended[uuid].ref
        return None if ref is None else self.store.load(ref)


def _run(bench: Workbench, pipeline: str, into: dict[str, events.BlockEnded]) -> RunState:
    def note(event: events.Event) -> None:
        if isinstance(event, events.BlockEnded):
            into[event.block] = event

    return bench.loop.wait(bench.start(bench.plan(pipeline, RunOptions()), [note]))


def _database(server: PostgresServer, orders: pd.DataFrame) -> Callable[[str], list[tuple[Any, ...]]]:
    import psycopg

    place = {"host": server.host, "port": server.port, "user": server.user}
    with psycopg.connect(**place, dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE templates")
    with psycopg.connect(**place, dbname="templates", autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE orders (order_id int PRIMARY KEY, ordered_at timestamp, customer text, email text, "
            "country text, product text, quantity int, price float8)"
        )
        with connection.cursor().copy("COPY orders FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(orders.to_csv(index=False))

    def ask(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(**place, dbname="templates") as connection:
            return connection.execute(query).fetchall()

    return ask


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Finished]:
    folder = tmp_path_factory.mktemp("all templates")
    project = folder / "shop"
    project.mkdir()
    (project / "metadata.yaml").write_text("project_type: standalone\n")
    orders = sample_orders()
    write_files(project, orders)
    ask = _database(postgres_server, orders)
    write_profiles(project, postgres_server.profile("templates"))
    with web(orders) as site, pytest.MonkeyPatch.context() as patch:
        for name, value in (("API_TOKEN", "sesame"), ("HASH_SALT", "salt"), ("CHAT_WEBHOOK", site.url("/chat"))):
            patch.setenv(name, value)
        patch.setenv("PENSTOCK_DATA_DIR", str(folder / "data"))
        _write_pipelines(project, site)
        place = Place(project, site, orders, ask)
        with open_workbench(project, width=3) as bench:
            ended: dict[str, events.BlockEnded] = {}
            assert _run(bench, "daily_orders", ended) is RunState.COMPLETED
            _run(bench, "all", ended)
            yield Finished(place, bench, ended, ProductStore(bench.store.root, worker=True))


def _write_pipelines(project: Path, site: Web) -> None:
    orders, countries = built_in("data_loader.sample_orders"), built_in("data_loader.rows_in_code")
    text = render_template(orders.id, name="load_orders")
    write_pipeline(project, "daily_orders", [add(project, "load_orders", text, orders, (), {})])
    blocks = [
        add(project, "orders", render_template(orders.id), orders, (), {}),
        add(project, "countries", render_template(countries.id), countries, (), {}),
    ]
    for uuid, code in SOURCES.items():
        kind = "transformers" if "@transformer" in code else "data_loaders"
        (project / kind).mkdir(exist_ok=True)
        (project / kind / f"{uuid}.py").write_text(code)
        up = ("orders",) if kind == "transformers" else ()
        blocks.append(entry(uuid, kind.removesuffix("s"), "python", up, {}))
    for template in READY:
        if missing(template):
            continue
        case = CASES.get(template.id, Case())
        uuid = template.id.replace(".", "_")
        text = render_template(template.id, name=uuid, values=filled(case.values, site))
        blocks.append(add(project, uuid, text, template, upstream(template, case), case.configuration))
    write_pipeline(project, "all", blocks)


@pytest.mark.parametrize("template", READY, ids=lambda template: template.id)
def test_it_does_its_work(template: Template, finished: Finished) -> None:
    lacking = missing(template)
    if lacking:
        pytest.skip(", ".join(need.command for need in lacking))
    uuid = template.id.replace(".", "_")
    ended = finished.ended[uuid]
    assert ended.state == "completed", ended.failure
    check = CASES.get(template.id, Case()).check
    if check is not None:
        assert check(finished.output(uuid), finished.place)


def test_there_are_as_many_that_run_as_people_know_from_elsewhere() -> None:
    able = [template for template in READY if not missing(template)]
    assert len(able) >= 90
    count = {kind: sum(template.block_type is kind for template in able) for kind in BlockType}
    assert count[BlockType.TRANSFORMER] >= 30
    assert count[BlockType.DATA_LOADER] >= 26
    assert count[BlockType.DATA_EXPORTER] >= 23
    assert count[BlockType.SENSOR] >= 8


def test_every_case_is_of_a_template_that_exists() -> None:
    assert set(CASES) - {template.id for template in READY} == set()


ALONE = [
    template
    for template in list_templates()
    if template.block_type in {BlockType.SCRATCHPAD, BlockType.MARKDOWN} and not template.later
]


@pytest.mark.parametrize("template", ALONE, ids=lambda template: template.id)
def test_what_is_no_part_of_a_run_works_by_itself(template: Template, finished: Finished) -> None:
    seen: list[Any] = []
    fence = finished.store.issue_fence("alone", template.id)
    block = BlockOrder(
        uuid="alone",
        name="alone",
        type=template.block_type.value,
        language=template.language.value,
        file=None,
        source=render_template(template.id),
        upstream=(),
        configuration={},
    )
    order = WorkOrder(
        run="alone",
        attempt=fence.token,
        fence=fence,
        project=str(finished.place.project),
        project_name="shop",
        data_root=str(finished.store.root),
        pipeline="all",
        partition="_",
        block=block,
        inputs=(),
        limits=Limits(),
        variables={"pipeline_uuid": "all"},
    )
    attempt = finished.bench.supervisor.launch(order, on_event=seen.append)
    give_up = time.monotonic() + PATIENCE
    while attempt.ended is None:
        assert time.monotonic() < give_up, "waited too long"
        finished.bench.supervisor.poll(1.0)
    assert attempt.ended.failure is None, attempt.ended.failure
    printed = "".join(event.text for event in seen if isinstance(event, Captured))
    assert bool(printed) == (template.block_type is BlockType.SCRATCHPAD)


def attached(text: str) -> Collector:
    """The functions that a callback or a conditional decorates."""
    space: dict[str, Any] = {}
    collector = Collector(space)
    collect(collector)
    try:
        exec(text, space)
    finally:
        collect(None)
    return collector


def test_callbacks_say_how_it_went(finished: Finished) -> None:
    lines: list[str] = []
    logger = BlockLogger(lambda level, text: lines.append(f"{level}: {text}"), "load")
    found = attached(render_template("callback.log_outcome")).found["callback"]
    for function, (status,) in found:
        function({}, logger=logger, pipeline_uuid="daily", __error="no disk")
        assert status in {"success", "failure"}
    assert ["completed" in line or "no disk" in line for line in lines] == [True, True]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAT_WEBHOOK", finished.place.web.url("/told"))
        attached(render_template("callback.tell_webhook")).every("callback")[0](
            {}, pipeline_uuid="daily", __error="no disk"
        )
    assert ("/told", b'{"text": "daily failed: no disk"}') in finished.place.web.sent


def test_conditionals_decide() -> None:
    with_rows = attached(render_template("conditional.upstream_has_rows")).first("condition")
    assert [with_rows([1]), with_rows([1], [])] == [True, False]
    when_set = attached(render_template("conditional.variable_is_set", values={"VARIABLE": "ok"})).first("condition")
    assert [when_set(ok=True), when_set()] == [True, False]


@pytest.fixture(scope="module")
def started(finished: Finished) -> Finished:
    """The project with every pipeline to start from, as it is made; only addresses are those of this test."""
    project = finished.place.project
    for pipeline in STARTING:
        found = start(pipeline.id, lambda path: (project / path).exists())
        for path, text in found.files.items():
            file = project / path
            file.parent.mkdir(exist_ok=True)
            address = finished.place.web.url("/pages")
            file.write_text(text.replace("https://api.example.org/orders", address), encoding="utf-8")
        folder = project / "pipelines" / pipeline.id
        folder.mkdir()
        (folder / "metadata.yaml").write_text(yaml.safe_dump({"uuid": pipeline.id, "name": pipeline.id, **found.data}))
    return finished


@pytest.mark.parametrize("pipeline", STARTING, ids=lambda pipeline: pipeline.id)
def test_a_pipeline_to_start_from_runs_as_it_is(pipeline: StartingPipeline, started: Finished) -> None:
    problems = [
        each for each in check_project(started.bench.project, [pipeline.id]) if each.severity in {"error", "warning"}
    ]
    assert not problems
    ended: dict[str, events.BlockEnded] = {}
    state = _run(started.bench, pipeline.id, ended)
    assert state is RunState.COMPLETED, {uuid: each.failure for uuid, each in ended.items()}
    assert len(ended) == len([step for step in pipeline.steps if step.kind is not BlockType.CHART])
