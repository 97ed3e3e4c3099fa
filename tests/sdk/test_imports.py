import subprocess
import sys


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_names_resolve_once_installed_and_are_our_own():
    done = python(
        "from penstock.sdk.imports import install; install(); install()\n"
        "from mage_ai.data_preparation.decorators import data_loader\n"
        "import penstock, mage_ai\n"
        "assert data_loader is penstock.data_loader\n"
        "print(mage_ai.__file__)"
    )
    assert done.returncode == 0, done.stderr
    assert "penstock" in done.stdout


def test_a_module_that_is_not_provided_says_so():
    done = python("from penstock.sdk.imports import install; install()\nimport mage_ai.no_such_part\n")
    assert "ModuleNotFoundError: importing mage_ai.no_such_part: Penstock does not provide" in done.stderr


def test_other_imports_are_left_alone():
    done = python("from penstock.sdk.imports import install; install()\nimport mage_airline\n")
    assert "No module named 'mage_airline'" in done.stderr
