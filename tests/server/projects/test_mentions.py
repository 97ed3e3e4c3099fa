from __future__ import annotations

import pytest

from penstock.server.projects.mentions import named_files, named_modules, named_paths, words


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("from good.transformers.join import clean", "transformers/join.py"),
        ("from transformers import join", "transformers/join.py"),
        ("    from some.where.data_loaders.api.pages import fetch  # here", "data_loaders/api/pages.py"),
        ("import good.custom.steps as steps, json", "custom/steps.py"),
        ("import json; import transformers.join", "transformers/join.py"),
        ("from transformers import (\n    totals,  # first\n    join,\n)", "transformers/join.py"),
        ("from transformers import totals, \\\n    join", "transformers/join.py"),
        ("from .shared import clean", "transformers/shared.py"),
        ("from . import shared", "transformers/shared.py"),
        ("from ..custom.steps import one", "custom/steps.py"),
        ("import shared", "transformers/shared.py"),
        ("module = importlib.import_module('good.custom.steps')", "custom/steps.py"),
    ],
)
def test_modules_are_found_by_every_way_to_import_them(line: str, file: str) -> None:
    assert file in named_modules(f"import pandas as pd\n{line}\n", "transformers/join_all.py")


def test_a_text_that_is_broken_names_what_it_names() -> None:
    text = "def (:\nfrom transformers.join import clean\nprint 'x'\n"
    assert named_modules(text, "utils/x.py") == {"transformers/join.py", "transformers/join/clean.py"}


def test_comments_and_strings_import_nothing() -> None:
    text = "# from transformers.join import clean\nnote = 'to import transformers.join'\n"
    assert named_modules(text, "utils/x.py") == set()


def test_a_file_does_not_use_itself() -> None:
    assert named_modules("from transformers.join import clean", "transformers/join.py") == {
        "transformers/join/clean.py"
    }


def test_paths_are_found_in_strings() -> None:
    text = "open('transformers/totals.sql')\nopen(root + '/data_loaders/a b.sql')\nfolder / 'custom/x.md'."
    assert {"transformers/totals.sql", "custom/x.md"} <= named_paths(text)
    assert "data_loaders/a b.sql" in named_paths(text)
    assert named_files("Path(folder) / 'totals.sql'") == {"totals.sql"}


def test_words_of_a_text_that_is_not_understood() -> None:
    found = words("blocks:\n- uuid: api/pages\n  file: 'transformers/totals.sql'\n")
    assert {"api/pages", "transformers/totals.sql"} <= found
