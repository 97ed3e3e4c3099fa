from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock.config.templates import has_marks
from penstock.model.block import BlockType, Language
from penstock.model.errors import FileMissingError, SettingInvalidError
from penstock.project.code import scan
from penstock.project.rules.blocks import DECORATORS
from penstock.project.templates.catalogue import FOLDER, list_templates, render_template, template_text
from penstock.project.templates.rendering import parameters, render
from penstock.project.templates.systems import CLIENTS
from penstock.project.templates.template import Template
from penstock.sdk import io
from penstock.sdk.decorators import CHART_DECORATORS
from penstock.sdk.io.unbuilt import SYSTEMS

ALL = list_templates()
PYTHON = [template for template in ALL if template.language is Language.PYTHON]


def test_ids_and_names_tell_templates_apart() -> None:
    assert len({template.id for template in ALL}) == len(ALL)
    assert len({(template.block_type, template.group, template.name) for template in ALL}) == len(ALL)


def test_every_file_is_listed() -> None:
    files = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*.*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert files == {template.file for template in ALL}


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.id)
def test_it_says_in_one_sentence_what_it_does(template: Template) -> None:
    assert template.description.endswith((".", ".)")) or template.language is Language.SQL, template.description
    assert 10 < len(template.description) <= 150
    assert template.name[0].isupper() or not template.name[0].isalpha()


@pytest.mark.parametrize("template", PYTHON, ids=lambda template: template.id)
def test_python_code_parses_and_has_the_function_of_its_type(template: Template) -> None:
    text = render_template(template.id, name="my new block")
    facts = scan(text)
    assert not facts.error
    assert "__pycache__" not in text
    if template.block_type is BlockType.SCRATCHPAD:
        return
    if template.block_type is BlockType.CHART:
        assert {function.decorator for function in facts.functions} <= set(CHART_DECORATORS)
        return
    kinds = DECORATORS[template.block_type]
    first = next(function for function in facts.functions if function.decorator in kinds)
    assert first.name == "my_new_block"
    assert any(imported.module == "penstock" and first.decorator in imported.names for imported in facts.imports)


@pytest.mark.parametrize("template", PYTHON, ids=lambda template: template.id)
def test_every_value_can_be_filled_in_and_leaves_the_rest(template: Template) -> None:
    before = template_text(template)
    values = {parameter.name: parameter.value for parameter in parameters(before, template.language)}
    # As a browser sends them: without tuples.
    after = render_template(template.id, values=json.loads(json.dumps(values)))
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(before))


PLAIN = ["plain", 'it\'s "so"', "line\nbreak", "naïve 项目", "\\d+\x7f\u2028", 3, -1.5, True, None]
NESTED = [
    [],
    ["a", 1],
    {"a": [1, None]},
    {},
    (),
    (1,),
    (1, "b"),
    ["a long name of a column"] * 12,
    {"k" * 60: "v" * 60},
]


@pytest.mark.parametrize("value", [*PLAIN, *NESTED])
def test_values_stay_what_they_are(value: Any) -> None:
    text = "é = 1\nFIRST, LAST = 1, 2\nVALUE = {\n    'old': 'é',\n}  # why\nREST = 2\n"
    space: dict[str, Any] = {}
    rendered = render(text, Language.PYTHON, values={"VALUE": value})
    exec(rendered, space)
    assert space["VALUE"] == value
    assert type(space["VALUE"]) is type(value)
    assert rendered.startswith("é = 1\nFIRST, LAST = 1, 2\nVALUE = ")
    assert rendered.endswith("  # why\nREST = 2\n")


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}])
def test_values_without_a_text_are_refused(value: object) -> None:
    with pytest.raises(SettingInvalidError, match="VALUE"):
        render("VALUE = 1\n", Language.PYTHON, values={"VALUE": value})


def test_unknown_values_are_refused() -> None:
    with pytest.raises(SettingInvalidError) as caught:
        render_template("transformer.keep_columns", values={"NAMES": []})
    assert "COLUMNS" in caught.value.hint
    with pytest.raises(SettingInvalidError):
        render_template("transformer.sql_query", values={"COLUMNS": []})


@pytest.mark.parametrize("name", ["", "class", "1st", "!!", "项目 one"])
def test_names_that_are_no_function_names_leave_the_code_parsable(name: str) -> None:
    assert not scan(render_template("data_loader.csv_file", name=name)).error


def test_marks_of_sql_and_markdown_stay() -> None:
    assert "{{ df_1 }}" in render_template("transformer.sql_query", name="x")
    assert has_marks(render_template("markdown.pipeline_description"))


def test_an_unknown_template_is_told() -> None:
    with pytest.raises(FileMissingError, match="nothing"):
        render_template("nothing")


def test_systems_without_a_connector_are_told_as_long_as_there_is_none() -> None:
    waiting = {template.tags[0] for template in ALL if template.later and template.tags}
    assert waiting <= set(CLIENTS)
    assert set(CLIENTS) <= set(SYSTEMS), "one of them has a connector now: list it among those that run"
    for client in CLIENTS:
        assert getattr(io, client).system is SYSTEMS[client]


def test_clients_come_from_one_place() -> None:
    assert io.FileIO.__name__ == "FileIO"
    with pytest.raises(AttributeError, match="Nothing"):
        _ = io.Nothing


def test_the_code_of_templates_is_tidy() -> None:
    rules = ["--isolated", "--line-length", "120", FOLDER]
    for command in (["check", "--select", "E,F,I,B,UP,PTH", *rules], ["format", "--check", *rules]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_of_it_is_imported_when_it_is_listed() -> None:
    code = (
        "import sys; from penstock.project.templates.catalogue import list_templates, missing\n"
        "for template in list_templates(): missing(template)\n"
        "heavy = {'pandas', 'pyarrow', 'duckdb', 'polars', 'sklearn', 'numpy', 'google', 'psycopg'} & set(sys.modules)\n"
        "print(sorted(heavy), [name for name in sys.modules if 'templates.blocks' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_files_lie_where_their_type_says() -> None:
    for template in ALL:
        assert Path(template.file).parent.name == template.block_type.value
