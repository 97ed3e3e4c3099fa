"""The import names of Mage, each in a fresh interpreter as a worker has it."""

import subprocess
import sys
from pathlib import Path

import penstock.sdk
from penstock.model import mage_names
from penstock.sdk.io.unbuilt import SYSTEMS

FOLDER = Path(penstock.sdk.__file__).parent / "mage_ai"


def python(code: str) -> subprocess.CompletedProcess[str]:
    start = "from penstock.sdk.imports import install\ninstall()\n"
    return subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=False)


MODULES = sorted(
    ".".join(("mage_ai", *path.relative_to(FOLDER).with_suffix("").parts)).removesuffix(".__init__")
    for path in FOLDER.rglob("*.py")
)


def test_what_checks_know_of_them_is_what_there_is():
    assert sorted(mage_names.MODULES) == MODULES
    assert sorted(mage_names.CLIENTS_TO_COME) == sorted(SYSTEMS)


def test_every_module_imports_without_a_heavy_library():
    modules = MODULES
    assert len(modules) > 40
    done = python(
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        "print({'pandas', 'numpy', 'pyarrow', 'duckdb'} & set(sys.modules))"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "set()"


def test_the_names_that_projects_import_most_are_there():
    done = python(
        "from mage_ai.settings.repo import get_repo_path, get_repo_name, get_variables_dir, get_data_dir, set_repo_path\n"
        "from mage_ai.data_preparation.repo_manager import get_repo_path as old\n"
        "from mage_ai.data_preparation.decorators import data_loader, preprocesser, preprocesser_functions, condition\n"
        "from mage_ai.data_preparation.variable_manager import get_variable, set_global_variable, VariableManager\n"
        "from mage_ai.data_preparation.shared.secrets import get_secret_value\n"
        "from mage_ai.orchestration.triggers.api import trigger_pipeline\n"
        "from mage_ai.orchestration.run_status_checker import check_status\n"
        "from mage_ai.orchestration.db.models.schedules import PipelineRun\n"
        "from mage_ai.data_preparation.models.block.remote.models import RemoteBlock\n"
        "from mage_ai.data_preparation.models.global_data_product import GlobalDataProduct\n"
        "from mage_ai.data_preparation.models.constants import BlockType, DATAFRAME_ANALYSIS_MAX_COLUMNS\n"
        "from mage_ai.data_cleaner.transformer_actions.base import BaseAction\n"
        "from mage_ai.data_cleaner.transformer_actions.constants import ActionType, Axis, ImputationStrategy\n"
        "from mage_ai.data_cleaner.transformer_actions.utils import build_transformer_action\n"
        "from mage_ai.data_cleaner.column_types.column_type_detector import infer_column_types\n"
        "from mage_ai.data_cleaner.column_types.constants import ColumnType\n"
        "from mage_ai.shared.parsers import convert_matrix_to_dataframe, encode_complex\n"
        "from mage_ai.streaming.sources.base_python import BasePythonSource\n"
        "import mage_ai\nassert old is get_repo_path and preprocesser is preprocesser_functions and mage_ai.run\n"
    )
    assert done.returncode == 0, done.stderr


def test_what_is_not_provided_fails_when_it_is_used_and_not_before():
    done = python(
        "from mage_ai.orchestration.db.models.schedules import PipelineRun\n"
        "import inspect; inspect.isclass(PipelineRun); repr(PipelineRun)\n"
        "print('imported')\nPipelineRun.query.filter(1)\n"
    )
    assert done.stdout == "imported\n"
    assert "UnsupportedError: using PipelineRun.query of Mage: Penstock does not provide it" in done.stderr


def test_a_class_of_a_project_can_build_on_the_streaming_bases():
    done = python(
        "from mage_ai.streaming.sources.base_python import BasePythonSource\n"
        "from mage_ai.streaming.sinks.base_python import BasePythonSink\n"
        "class Source(BasePythonSource):\n"
        "    def batch_read(self, handler): handler([{'a': 1}])\n"
        "class Sink(BasePythonSink):\n"
        "    def batch_write(self, messages): print(messages)\n"
        "source, sink = Source(checkpoint_path='x'), Sink()\nsource.init_client(); sink.init_client()\n"
        "source.batch_read(sink.batch_write); sink.write({'b': 2})\n"
    )
    assert done.stdout == "[{'a': 1}]\n[{'b': 2}]\n", done.stderr
