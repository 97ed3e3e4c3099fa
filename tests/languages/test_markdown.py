"""Markdown blocks have the names and functions of every template of a block; SQL blocks give the same answers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from penstock.model.errors import TemplateError
from tests.languages.jobs import run_block

VARIABLES = {
    "region": "north",
    "days": [7, 8],
    "moment": dt.date(2024, 1, 2),
    "execution_date": dt.datetime(2024, 3, 1, 5, tzinfo=dt.UTC),
    "json_text": '{"a": {"b": 1}}',
}

SAME = {
    "{{ region }} {{ variables('region') }}": "north north",
    "{% if nope %}a{% endif %}{{ nope or 'b' }}{{ variables('nope') or 'c' }}{{ nope == 'd' }}": "bcFalse",
    "{{ variables('days', 'lambda value: value[1]') }}": "8",
    """{{ variables('json_text', 'lambda value: json.loads(value)["a"]["b"]') }}""": "1",
    "{{ env_var('PENSTOCK_NOT_SET', 'by default') }}": "by default",
    "{{ env_var('REGION_OF_TESTS') }}": "south",
    "{{ mage_secret_var('api_key') }}": "hush",
    "{{ json_value(json_text, 'a') }}": "{'b': 1}",
    "{{ ds }} {{ hr }}": "2024-03-01 05",
    "{% if region == 'north' %}cold{% endif %}": "cold",
}


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGION_OF_TESTS", "south")
    monkeypatch.setenv("PENSTOCK_SECRET_API_KEY", "hush")


def told(folder: Path, language: str, text: str) -> Any:
    source = text if language == "markdown" else f"SELECT $${text}$$ AS told"
    block_type = "markdown" if language == "markdown" else "transformer"
    (output,) = run_block(
        folder, source, language=language, block_type=block_type, uuid="note", variables=VARIABLES
    ).outputs
    return output if language == "markdown" else output["told"].to_pylist()[0]


@pytest.mark.parametrize("language", ["markdown", "sql"])
@pytest.mark.parametrize("text", SAME)
def test_templates_of_blocks_have_the_same_names_and_functions(tmp_path: Path, language: str, text: str) -> None:
    assert told(tmp_path, language, text) == SAME[text]


@pytest.mark.parametrize("language", ["markdown", "sql"])
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{{ variables('nope') }}", "no variable of that name"),
        ("{{ nope }}", "'nope' is undefined"),
        ("{{ variables('region', 'lambda') }}", "SyntaxError"),
        ("{{ variables('region', 'elsewhere') }}", "NameError"),
    ],
)
def test_what_a_template_has_not_is_one_sentence(tmp_path: Path, language: str, text: str, cause: str) -> None:
    with pytest.raises(TemplateError, match=cause) as caught:
        told(tmp_path, language, text)
    assert caught.value.hint


def test_text_without_templates_is_left_as_it_is(tmp_path: Path) -> None:
    text = "# A { note } of 100 %\n"
    assert told(tmp_path, "markdown", text) == text
