"""The habits of docs/ARCHITECTURE.md section 7 that neither ruff nor import-linter can see."""

from __future__ import annotations

import ast
import re
import subprocess

from tests.architecture.source_tree import PACKAGE, ROOT, SourceFile, dotted, source_files

FILE_LINES = 500
FUNCTION_LINES = 60
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "stuff"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError$")

BROAD_EXCEPTS = {
    "engine/worker.py": "the worker's entry: whatever an attempt raises becomes its Failure",
    "engine/supervisor.py": "the supervisor's loop: one broken worker must not end the others",
    "engine/zygote.py": "a forked child must never go on as a second zygote",
    "engine/preload.py": "a library may raise anything while it is imported, and the zygote lives on",
    "engine/session.py": "the worker's entry for scratchpads: whatever a cell raises becomes its Failure",
    "engine/completion.py": "properties, keys and __repr__ of the user's objects are the user's code",
    "languages/python/add_ons.py": "a condition that raises is false, a callback that raises does not undo its block",
    "engine/display.py": "how a value shows itself is the user's code",
    "server/outputs/reader/service.py": "the reader's entry: whatever a question raises becomes its answer",
    "server/dispatch.py": "the server's middleware: an error of ours in one request becomes a 500, told in the log",
    "server/sockets.py": "the same for sockets",
    "schedule/service.py": "the scheduler's thread outlives a mistake of ours; what it drove is handed over",
    "observe/alerts/sender.py": "the thread that sends alerts outlives a mistake of ours, and says it in the log",
    "engine/told_by_python.py": "the format of a log record, and its values, are the user's code",
    "engine/failures.py": "the text of a user's exception is made by the user's code",
}
"""Where `except Exception` may stand, and why."""

UNPICKLERS = {
    "data/codecs/pickled.py": "a store that was not opened in a worker refuses to load",
}
"""Where objects that users pickled are loaded, and why that is safe there."""

ENVIRONMENT = "config/environment.py"
"""The one file that reads environment variables."""

TYPED_DECODING = {
    "config/decoding.py": "it looks at types, one thread at a time",
    "engine/channel.py": "has the type looked at there first; its decoder takes a hook",
}
"""Where msgspec is given a type to read, and why."""


def _report(found: list[str]) -> None:
    assert not found, "\n" + "\n".join(found)


def _place(file: SourceFile, node: ast.AST) -> str:
    return f"src/penstock/{file.name}:{getattr(node, 'lineno', 0)}"


def test_the_tree_is_there() -> None:
    assert len(source_files()) > 20


def test_files_are_short() -> None:
    long = {file.name: file.text.count("\n") for file in source_files()}
    _report([f"{name}: {lines} lines, {FILE_LINES} at most" for name, lines in long.items() if lines > FILE_LINES])


def test_functions_are_short() -> None:
    found = []
    for file in source_files():
        for node in ast.walk(file.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if ast.get_docstring(node):
                    lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
                if lines > FUNCTION_LINES:
                    found.append(f"{_place(file, node)}: {node.name} has {lines} lines, {FUNCTION_LINES} at most")
    _report(found)


def test_no_drawer_names() -> None:
    # sdk/mage_ai holds the import names of Mage, which are not ours to choose.
    names = [
        path.relative_to(PACKAGE)
        for path in PACKAGE.rglob("*")
        if path.suffix in {"", ".py"} and "mage_ai" not in path.parts and "__pycache__" not in path.parts
    ]
    _report([f"{name}: the name says nothing" for name in names if name.stem in DRAWERS])


def test_nothing_is_unfinished() -> None:
    found = []
    for file in source_files():
        for number, line in enumerate(file.text.splitlines(), 1):
            if UNFINISHED.search(line):
                found.append(f"src/penstock/{file.name}:{number}: {line.strip()}")
    _report(found)


def test_every_package_says_what_it_is() -> None:
    found = []
    for file in source_files():
        if file.path.name == "__init__.py":
            doc = ast.get_docstring(file.tree)
            if not doc:
                found.append(f"src/penstock/{file.name}: no docstring")
    folders = {file.path.parent for file in source_files()} - {
        file.path.parent for file in source_files() if file.path.name == "__init__.py"
    }
    found += [f"{folder.relative_to(ROOT)}: Python files and no __init__.py" for folder in sorted(folders)]
    _report(found)


def test_packages_name_their_borders() -> None:
    # A top-level package says what lives in it, what never does, and where to start reading.
    found = []
    for file in source_files():
        if file.path.name == "__init__.py" and file.path.parent.parent == PACKAGE:
            doc = (ast.get_docstring(file.tree) or "").lower()
            missing = [words for words in ("never", "start reading") if words not in doc]
            if missing:
                found.append(f"src/penstock/{file.name}: the docstring lacks {missing}")
    _report(found)


def test_broad_excepts_stand_in_named_places_only() -> None:
    found = []
    for file in source_files():
        for node in file.places(ast.ExceptHandler):
            assert isinstance(node, ast.ExceptHandler)
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            broad = any(kind is None or dotted(kind) in {"Exception", "BaseException"} for kind in caught)
            raises = isinstance(node.body[-1], ast.Raise)  # it cleans up or says it better, and swallows nothing
            if broad and not raises and file.name not in BROAD_EXCEPTS:
                found.append(f"{_place(file, node)}: catches everything; name the exceptions")
    _report(found)


def test_environment_is_read_in_one_file() -> None:
    found = [
        f"{_place(file, node)}: reads the environment outside {ENVIRONMENT}"
        for file in source_files()
        if file.name != ENVIRONMENT
        for node in ast.walk(file.tree)
        if dotted(node) in {"os.environ", "os.getenv", "os.environb"}
    ]
    _report(found)


def test_unpickling_stands_in_named_places_only() -> None:
    dangerous = {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal"}
    found = []
    for file in source_files():
        if file.name in UNPICKLERS:
            continue
        for node in ast.walk(file.tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] in dangerous for name in names):
                found.append(f"{_place(file, node)}: can execute what a file says; only {sorted(UNPICKLERS)} may")
    _report(found)


def test_types_are_read_through_one_module() -> None:
    """Two threads that make msgspec look at a type at once end the process: `config/decoding.py` lets one in."""
    found = []
    for file in source_files():
        for node in file.places(ast.Call):
            assert isinstance(node, ast.Call)
            name = dotted(node.func)
            typed = (
                name == "msgspec.convert"
                or (name.endswith(".Decoder") and name.startswith("msgspec.") and node.args)
                or (name.startswith("msgspec.") and any(keyword.arg == "type" for keyword in node.keywords))
            )
            if typed and file.name not in TYPED_DECODING:
                found.append(f"{_place(file, node)}: use penstock.config.decoding")
    _report(found)


def test_no_shell() -> None:
    found = []
    for file in source_files():
        for node in file.places(ast.Call):
            assert isinstance(node, ast.Call)
            if dotted(node.func) in {"os.system", "os.popen"} or any(
                word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
                for word in node.keywords
            ):
                found.append(f"{_place(file, node)}: runs a shell; pass a list of arguments")
    _report(found)


def test_the_named_places_exist() -> None:
    names = {file.name for file in source_files()}
    _report(
        [
            f"{name}: named here and not there"
            for name in [*BROAD_EXCEPTS, *UNPICKLERS, *TYPED_DECODING, ENVIRONMENT]
            if name not in names
        ]
    )


def test_no_paths_of_one_machine_and_no_registries() -> None:
    tracked = (
        subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
        .stdout.decode()
        .split("\0")
    )
    pattern = re.compile(r"(?<![\w.])/(?:work|root|tmp/lab)/|files\.pythonhosted|pypi\.org|--index-url", re.IGNORECASE)
    found = []
    for name in tracked:
        path = ROOT / name
        if not name or name.startswith("demo/data/") or path.suffix in {".svg", ".parquet"} or not path.is_file():
            continue
        if path.resolve() == ROOT / "tests" / "architecture" / "test_habits.py":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    _report(found)
