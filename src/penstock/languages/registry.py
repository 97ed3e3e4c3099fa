"""Which runner runs which language; each is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from penstock.languages.job import LanguageRunner
from penstock.model.errors import UnsupportedError

_RUNNERS = {
    "python": "penstock.languages.python",
    "sql": "penstock.languages.sql",
    "markdown": "penstock.languages.markdown",
    "global_data_product": "penstock.languages.global_product",
}


def languages() -> tuple[str, ...]:
    """The languages whose blocks this version runs."""
    return tuple(name for name in _RUNNERS if name != "global_data_product")  # a type of block, without a language


def runner(language: str) -> LanguageRunner:
    """The runner of that language.

    Raises:
        UnsupportedError: this version has no runner for it.
    """
    module = _RUNNERS.get(language)
    if module is None:
        raise UnsupportedError(
            f"running a {language} block: this version runs {', '.join(languages())} blocks",
            hint="Run the pipeline's other blocks with --block-uuid, or rewrite the block in one of these languages.",
        )
    return cast("LanguageRunner", import_module(module).RUNNER)
