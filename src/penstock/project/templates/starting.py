"""Pipelines to start from: a few that are useful as they are, and run at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.model.block import EXTENSIONS, FOLDERS, BlockType, Language
from penstock.model.errors import FileMissingError
from penstock.project.templates.catalogue import built_in, render_template

_FOLDER = Path(__file__).parent / "starting"
SAMPLE = "data/orders.csv"
"""A file of sample orders that comes along where a pipeline reads it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A block: its uuid, its code (a template, a file in `starting/`, or the text), and the blocks before it."""

    uuid: str
    template: str = ""
    after: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    text: str = ""
    kind: BlockType = BlockType.TRANSFORMER
    configuration: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StartingPipeline:
    """A pipeline to start from; `files` are those that it reads."""

    id: str
    name: str
    description: str
    steps: tuple[Step, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """What to write: the data of the pipeline's file, and other files by their path in the project."""

    data: dict[str, Any]
    files: dict[str, str]


STARTING = (
    StartingPipeline(
        "csv_to_parquet",
        "CSV to Parquet",
        "Reads a CSV file, cleans it, checks it and writes a Parquet file.",
        (
            Step("load_orders", "data_loader.csv_file"),
            Step("clean_orders", "transformer.fill_missing", ("load_orders",)),
            Step("check_orders", "transformer.check_quality", ("clean_orders",)),
            Step("export_orders", "data_exporter.parquet_file", ("check_orders",)),
        ),
        (SAMPLE,),
    ),
    StartingPipeline(
        "api_to_duckdb",
        "API to DuckDB",
        "Reads a JSON API page by page and keeps the records as a table of a DuckDB file. Write your address first.",
        (
            Step("load_pages", "data_loader.http_pages"),
            Step("clean_names", "transformer.clean_column_names", ("load_pages",)),
            Step("export_table", "data_exporter.duckdb_table", ("clean_names",)),
        ),
    ),
    StartingPipeline(
        "python_sql_chart",
        "Python, SQL and a chart",
        "Sample orders from Python, joined and summed in SQL, and a chart of the result.",
        (
            Step("sample_orders", "data_loader.sample_orders"),
            Step("countries", "data_loader.rows_in_code"),
            Step("orders_by_country", code="orders_by_country.sql", after=("sample_orders", "countries")),
            Step(
                "amount_by_country",
                after=("orders_by_country",),
                text="# The chart is drawn from the block's output, as its settings say.\n",
                kind=BlockType.CHART,
                configuration={
                    "chart_type": "bar chart",
                    "x": ["country"],
                    "metrics": [{"aggregation": "sum", "column": "amount"}],
                },
            ),
        ),
    ),
    StartingPipeline(
        "wait_load_report",
        "Wait for files, report",
        "Waits until a file is there, reads it, sums it up by week and writes a page that a browser shows.",
        (
            Step("wait_for_file", "sensor.file_exists"),
            Step("load_orders", "data_loader.csv_file", ("wait_for_file",)),
            Step("weekly", "transformer.totals_by_time", ("load_orders",)),
            Step("write_report", "data_exporter.html_report", ("weekly",)),
        ),
        (SAMPLE,),
    ),
    StartingPipeline(
        "postgres_to_parquet",
        "PostgreSQL to Parquet",
        "Reads a query of PostgreSQL and writes a folder of Parquet files. The connection stands in io_config.yaml.",
        (
            Step("query_orders", "data_loader.postgres_query"),
            Step("export_partitions", "data_exporter.partitioned_parquet", ("query_orders",)),
        ),
    ),
)


def starting_pipeline(template: str) -> StartingPipeline:
    """The pipeline of that id. Raises FileMissingError when there is none."""
    found = next((each for each in STARTING if each.id == template), None)
    if found is None:
        raise FileMissingError(
            f"looking for the pipeline template {template[:80]!r}: there is none of that name",
            hint="Choose one of the list of templates.",
        )
    return found


def start(template: str, exists: Callable[[str], bool]) -> Started:
    """What a new pipeline consists of.

    Args:
        template: the id of a pipeline to start from.
        exists: whether the project has a file of that path already; blocks then get another name, data files stay.

    Raises:
        FileMissingError: there is no such template.
    """
    pipeline = starting_pipeline(template)
    files: dict[str, str] = {}
    names: dict[str, str] = {}
    data: dict[str, Any] = {"description": pipeline.description, "type": "python", "blocks": [], "widgets": []}
    for step in pipeline.steps:
        kind, language = _kind(step), _language(step)
        names[step.uuid] = _free(step.uuid, kind, language, exists)
        entry = {
            "uuid": names[step.uuid],
            "name": names[step.uuid],
            "type": kind.value,
            "language": language.value,
            "upstream_blocks": [names[parent] for parent in step.after],
            "downstream_blocks": [],
            **_configured(step),
        }
        files[_path(names[step.uuid], kind, language)] = _text(step, names[step.uuid])
        data["widgets" if kind is BlockType.CHART else "blocks"].append(entry)
        for parent in (block for block in data["blocks"] if block["uuid"] in entry["upstream_blocks"]):
            parent["downstream_blocks"] += [entry["uuid"]] if kind is not BlockType.CHART else []
    for file in pipeline.files:
        if not exists(file):
            files[file] = (_FOLDER / Path(file).name).read_text(encoding="utf-8")
    return Started(data, files)


def _kind(step: Step) -> BlockType:
    return built_in(step.template).block_type if step.template else step.kind


def _language(step: Step) -> Language:
    if step.template:
        return built_in(step.template).language
    return Language.SQL if step.code.endswith(".sql") else Language.PYTHON


def _configured(step: Step) -> dict[str, Any]:
    found = {**(built_in(step.template).configuration if step.template else {}), **step.configuration}
    return {"configuration": found} if found else {}


def _text(step: Step, name: str) -> str:
    if step.template:
        return render_template(step.template, name=name, values=step.values)
    return (_FOLDER / step.code).read_text(encoding="utf-8") if step.code else step.text


def _path(uuid: str, kind: BlockType, language: Language) -> str:
    return f"{FOLDERS[kind]}/{uuid}.{EXTENSIONS[language]}"


def _free(uuid: str, kind: BlockType, language: Language, exists: Callable[[str], bool]) -> str:
    name, number = uuid, 2
    while exists(_path(name, kind, language)):
        name, number = f"{uuid}_{number}", number + 1
    return name
