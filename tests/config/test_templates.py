from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from penstock.config.secrets import EnvironmentSecrets, SecretChain
from penstock.config.templates import check_syntax, json_value, project_functions, render
from penstock.model.errors import DriverMissingError, SecretMissingError, TemplateError

ENVIRONMENT = {"HOST": "db", "PENSTOCK_SECRET_TOKEN": "s3", "plain": "p", "J": '{"k": "v"}', "BRACES": "{{ 1 }}"}
FUNCTIONS = project_functions(EnvironmentSecrets(ENVIRONMENT.get), lookup=ENVIRONMENT.get)


def _render(text: str, *, strict: bool = True, **variables: Any) -> str:
    return render(text, variables, functions=FUNCTIONS, strict=strict, file="f.yaml")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("no marks {a}", "no marks {a}"),
        ("{{ env_var('HOST') }}:{{ env_var(\"HOST\") }}\n", "db:db\n"),
        ("{{ env_var('NOPE') }}", "None"),
        ("{{ env_var('NOPE', 'x') }}", "x"),
        ("{{ env_var('NOPE') or 'x' }}", "x"),
        ("{{ env_var('BRACES') }}", "{{ 1 }}"),
        ("{{ mage_secret_var('token') }}{{ mage_secret_var('plain') }}", "s3p"),
        ("{{ mage_secret_var('nope') }}", "None"),
        ("{{ json_value(env_var('J'), 'k') }}", "v"),
        ("{{ json_value(env_var('J'), 'z') }}", "None"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}{# gone #}", "012"),
        ("{{ rate * 2 }} {{ 2 ** 8 }}", "6 256"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_rendering(text: str, result: str) -> None:
    assert _render(text, rate=3) == result


def test_unknown_names_are_errors_or_empty() -> None:
    with pytest.raises(TemplateError, match="'nothing' is undefined"):
        _render("a\n{{ nothing }}")
    assert _render("a{{ nothing }}", strict=False) == "a"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb {{ x", 2),
        ("a\n{% if %}", 2),
        ("{{ nothing_such('a') }}", 1),
        ("a\n\n{{ 1 / 0 }}", 3),
        ("a\n{{ 'a' + 1 }}", 2),
        ("{{ env_var() }}", 1),
        ("x\n{{ json_value('x') }}", 2),
        ("{{ [].append(1) }}", 1),
        ("{{ {}['a'] }}", 1),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_errors_name_the_line(text: str, line: int, strict: bool) -> None:  # noqa: FBT001
    if not strict and text == "{{ {}['a'] }}":
        return
    with pytest.raises(TemplateError) as caught:
        _render(text, strict=strict)
    assert str(caught.value.location) == f"f.yaml:{line}"
    assert caught.value.hint


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "{{ ().__class__ }}",
        "{{ ().__class__.__bases__[0].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ (''|attr('__class__')).__mro__ }}",
        "{{ env_var.__globals__ }}",
        "{{ env_var.__globals__['__builtins__'] }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ '%s' % ().__class__ }}",
        "{{ values.append(1) }}",
        "{{ values.clear() }}",
        "{% set values.x = 1 %}",
        "{{ 'a' * 100000000000 }}",
        "{{ [0] * 100000000000 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ range(10000000000) | list }}",
    ],
)
def test_templates_reach_no_objects_and_no_gigabytes(text: str, strict: bool) -> None:  # noqa: FBT001
    values = [1]
    with pytest.raises(TemplateError):
        _render(text, strict=strict, values=values)
    assert values == [1]


def test_secrets_can_be_demanded() -> None:
    functions = project_functions(SecretChain(()), strict_secrets=True)
    with pytest.raises(SecretMissingError, match="nope"):
        render("{{ mage_secret_var('nope') }}", {}, functions=functions)


@pytest.mark.parametrize("name", ["aws_secret_var", "azure_secret_var"])
def test_cloud_secrets_say_what_is_missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("boto3", "azure", "azure.core", "azure.core.exceptions", "azure.identity"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DriverMissingError, match="not installed"):
        _render(f"{{{{ {name}('x') }}}}")


def test_functions_win_over_variables() -> None:
    assert _render("{{ env_var('HOST') ~ 1 }}", env_var="mine") == "db1"


def test_json_values() -> None:
    assert json_value("not json", "k") == "not json"
    assert json_value({"k": 1}, "k") == 1
    assert json_value("[1]", "k") == [1]


def test_syntax_is_checked_without_rendering() -> None:
    check_syntax("{{ env_var() / 0 }} {{ unknown }}")
    check_syntax("{{ block_output('a', parse=lambda data, _: {'n': {1}}) }}\n{{ x }}", "x.sql", outputs=True)
    with pytest.raises(TemplateError, match="block_output"):
        check_syntax("{{ block_output('a', parse=lambda) }}", "x.sql", outputs=True)
    with pytest.raises(TemplateError) as later:
        check_syntax("{{ block_output(\n'a') }}\n{{ a", "x.sql", outputs=True)
    assert str(later.value.location) == "x.sql:3"
    with pytest.raises(TemplateError):
        check_syntax("{{ a", "x.sql")
    with pytest.raises(TemplateError):
        check_syntax("{{ " + "(" * 100_000, "x.sql")


def test_simple_texts_cost_no_import() -> None:
    code = (
        "import sys; from penstock.config.templates import render, project_functions as f;"
        "from penstock.config.secrets import default_provider as d;"
        "render('{x}', {}, functions={}); render('{{ env_var(\"A\") }}', {}, functions=f(d()));"
        "print('jinja2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
