"""Templates in project files: Jinja in a sandbox, with the functions that Mage's files use.

jinja2 costs more than the rest of opening a project, so it is imported only for a text that holds template marks.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from penstock.config import environment
from penstock.config.secrets import SecretProvider, variable_of
from penstock.model.errors import DriverMissingError, Location, PenstockError, SecretMissingError, TemplateError

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

MARKS = ("{{", "{%", "{#")
_CALL = re.compile(r"""\{\{ *(\w+)\( *(?:'([^'"\\\n]*)'|"([^'"\\\n]*)") *\) *\}\}""")
"""A call with one plain text, which is all that most files use."""
_OUTPUT = re.compile(r"\{\{-?\s*(?=block_output\s*\()")
_OUTPUT_END = re.compile(r"-?\}\}")


def has_marks(text: str) -> bool:
    """Whether rendering could change the text at all."""
    return any(mark in text for mark in MARKS)


def render(
    text: str,
    variables: Mapping[str, Any],
    *,
    functions: Mapping[str, Callable[..., Any]],
    strict: bool = True,
    file: str = "",
) -> str:
    """Fill in a template.

    Args:
        text: the template; returned as it is when it holds no marks.
        variables: names that the template may use.
        functions: functions that it may call; they win over variables of the same name.
        strict: an unknown name is an error; otherwise it is empty text, as in project and profile files.
        file: what the text was read from, for messages.

    Raises:
        TemplateError: syntax, an unknown name, a forbidden attribute, or an error inside an expression.
        PenstockError: what one of the functions raises.
    """
    if not has_marks(text):
        return text
    simple = _render_simple(text, functions)
    if simple is not None:
        return simple
    import jinja2

    sandbox = _sandbox(strict)
    try:
        return sandbox.from_string(text).render({**variables, **functions})
    except PenstockError:
        raise
    except jinja2.TemplateSyntaxError as error:
        raise _error(error.message or "it does not parse", file, error.lineno) from None
    except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _error(str(error) or type(error).__name__, file, _line(error)) from None
    except (RecursionError, MemoryError) as error:
        raise _error(f"it needs too much: {type(error).__name__}", file, 0) from None


def _render_simple(text: str, functions: Mapping[str, Callable[..., Any]]) -> str | None:
    """The result, when the text holds nothing but calls with one plain text; else None. Spares importing jinja2."""
    rest = _CALL.sub("", text)
    if has_marks(rest) or any(call[1] not in functions for call in _CALL.finditer(text)):
        return None
    try:
        return _CALL.sub(lambda call: str(functions[call[1]](call[2] if call[2] is not None else call[3])), text)
    except TypeError:
        return None  # jinja2 tells on which line a function was called wrongly


@dataclass(frozen=True, slots=True)
class OutputCall:
    """A `{{ block_output(...) }}` in a text: a Python expression, which Jinja does not see."""

    start: int
    end: int
    expression: str


def output_calls(text: str, file: str = "") -> Iterator[OutputCall]:
    """The calls of `block_output` in the text of a SQL block. Raises TemplateError for one that is no Python."""
    position = 0
    for match in _OUTPUT.finditer(text):
        if match.start() >= position:
            call = _output_call(text, match, file)
            yield call
            position = call.end


def _output_call(text: str, match: re.Match[str], file: str) -> OutputCall:
    """Up to the closing braces that belong to the template and not to the expression."""
    for end in _OUTPUT_END.finditer(text, match.end()):
        expression = text[match.end() : end.start()].strip()
        try:
            ast.parse(expression, mode="eval")
        except (SyntaxError, ValueError, RecursionError):
            continue
        return OutputCall(match.start(), end.end(), expression)
    raise TemplateError(
        f"rendering {file}: block_output(...) is not a Python expression followed by two closing braces",
        hint="Write {{ block_output('block', parse=lambda data, variables: ...) }}.",
    )


def check_syntax(text: str, file: str = "", *, outputs: bool = False) -> None:
    """Parse a template without rendering it. Raises TemplateError with the line.

    Args:
        text: the template.
        file: where it stands.
        outputs: whether it may call `block_output`, as SQL blocks do.
    """
    if not has_marks(text):
        return
    for call in list(output_calls(text, file)) if outputs else ():
        kept = "".join(character if character == "\n" else " " for character in text[call.start : call.end])
        text = text[: call.start] + kept + text[call.end :]
    import jinja2

    try:
        _sandbox(strict=True).parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise _error(error.message or "it does not parse", file, error.lineno) from None
    except RecursionError:
        raise _error("it is nested too deeply", file, 0) from None


def project_functions(
    secrets: SecretProvider, *, lookup: Callable[[str], str | None] = environment.lookup, strict_secrets: bool = False
) -> dict[str, Callable[..., Any]]:
    """The functions of project files, profiles, SQL and markdown.

    Args:
        secrets: what `mage_secret_var` and `secret` ask.
        lookup: what `env_var` asks; None for a variable that is not set.
        strict_secrets: a missing secret raises SecretMissingError; otherwise it is None, as in Mage.
    """

    def env_var(name: str, default: Any = None) -> Any:
        value = lookup(name)
        return default if value is None else value

    def mage_secret_var(name: str) -> str | None:
        value = secrets.get(name)
        if value is None and strict_secrets:
            raise SecretMissingError(
                f"rendering mage_secret_var('{name}'): no provider has this secret",
                hint=f"Set the environment variable {variable_of(name)}.",
            )
        return value

    return {
        "env_var": env_var,
        "mage_secret_var": mage_secret_var,
        "json_value": json_value,
        "aws_secret_var": aws_secret_var,
        "azure_secret_var": azure_secret_var,
    }


def json_value(text: Any, key: str) -> Any:
    """The value under a key of a JSON object; None when it has no such key, the text itself when it is not JSON."""
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
    return value.get(key) if isinstance(value, Mapping) else value


def aws_secret_var(name: str, cached: bool = True) -> str:  # noqa: FBT001, FBT002 - the signature that templates use
    """A secret of AWS Secrets Manager.

    Raises:
        DriverMissingError: boto3 is not installed.
        SecretMissingError: AWS has no such secret or refuses it.
    """
    try:
        boto3, exceptions = import_module("boto3"), import_module("botocore.exceptions")
    except ImportError:
        raise DriverMissingError(
            f"rendering aws_secret_var('{name}'): boto3 is not installed", hint="Install it: pip install boto3."
        ) from None
    errors = (exceptions.BotoCoreError, exceptions.ClientError)
    fetch = _aws_secret if cached else _aws_secret.__wrapped__
    return fetch(name, boto3, errors)


@lru_cache(maxsize=256)
def _aws_secret(name: str, boto3: Any, errors: tuple[type[Exception], ...]) -> str:
    try:
        client = boto3.client("secretsmanager", region_name=environment.text("AWS_REGION_NAME") or None)
        return str(client.get_secret_value(SecretId=name)["SecretString"])
    except errors as error:
        raise SecretMissingError(
            f"rendering aws_secret_var('{name}'): {error}", hint="Check the secret's name, region and your permissions."
        ) from error


def azure_secret_var(name: str) -> str:
    """A secret of the Azure key vault of AZURE_KEY_VAULT_URL.

    Raises:
        DriverMissingError: the Azure packages are not installed.
        SecretMissingError: no vault is set, or it has no such secret or refuses it.
    """
    try:
        errors = import_module("azure.core.exceptions")
        identity = import_module("azure.identity")
        vaults = import_module("azure.keyvault.secrets")
    except ImportError:
        raise DriverMissingError(
            f"rendering azure_secret_var('{name}'): the Azure packages are not installed",
            hint="Install them: pip install azure-identity azure-keyvault-secrets.",
        ) from None
    vault = environment.text("AZURE_KEY_VAULT_URL")
    if not vault:
        raise SecretMissingError(
            f"rendering azure_secret_var('{name}'): no vault is set", hint="Set AZURE_KEY_VAULT_URL."
        )
    try:
        client = vaults.SecretClient(vault_url=vault, credential=identity.DefaultAzureCredential())
        return str(client.get_secret(name).value)
    except errors.AzureError as error:
        raise SecretMissingError(
            f"rendering azure_secret_var('{name}'): {error}", hint="Check the secret's name and your permissions."
        ) from error


def _error(cause: str, file: str, line: int) -> TemplateError:
    location = Location(file, line) if file else None
    where = str(location) if location else f"line {line}" if line else "a template"
    return TemplateError(
        f"rendering {where}: {cause}",
        hint="Correct the expression; {% raw %} ... {% endraw %} keeps braces as they are.",
        location=location,
    )


def _line(error: BaseException) -> int:
    """The line of the template on which an expression failed; jinja2 names templates made of text `<template>`."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@lru_cache(maxsize=2)
def _sandbox(strict: bool) -> SandboxedEnvironment:  # noqa: FBT001 - a cache key
    from penstock.config.sandbox import BoundedSandbox

    return BoundedSandbox.create(strict=strict)
