"""What git knows about the project, asked of the git program.

Paths of requests reach git only behind `--`, and never with a leading dash; hooks, file-system monitors, external diff
programs, text converters and the repository's own filters are switched off, and the environment's GIT_ variables are
left out, so that nothing that a repository or an environment says makes git run a program. Filters of the user's own
settings stay: without them, git would call files changed that are not.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from penstock.config import environment
from penstock.model.errors import FileMissingError, PathRefusedError
from penstock.server.projects.resolver import Resolved
from penstock.server.schema.files import GitChange, GitStatus
from penstock.server.schema.pipelines import GitState

SECONDS = 10.0
"""How long git may take for one answer."""
LARGEST = 16 * 1024 * 1024
_SAFE = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external="),
    *("-c", "core.pager=cat", "-c", "protocol.allow=never", "-c", "core.quotePath=false"),
    *("-c", "core.untrackedCache=keep", "-c", "credential.helper=", "-c", "core.sshCommand=false"),
    *("-c", "submodule.recurse=false", "--no-optional-locks", "--literal-pathspecs", "--no-pager"),
)
_UNMERGED = {"DD", "AU", "UD", "UA", "DU", "AA", "UU"}


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that touched a file; `at` in seconds since the epoch."""

    id: str
    at: float
    author: str
    message: str


class Git:
    """Asks git about one project.

    Args:
        root: the project's folder; the repository may begin above it.
        changes: a number that grows whenever a file of the project has changed.
    """

    def __init__(self, root: Path, changes: Callable[[], int]) -> None:
        self._root = root
        self._changes = changes
        self._lock = threading.Lock()
        self._known: tuple[tuple[object, ...], GitStatus] | None = None

    def status(self) -> GitStatus:
        """Branch, distance to its upstream, and every file of the project that differs from the last commit."""
        with self._lock:
            state = self._state()
            if state is None:
                return GitStatus(repository=False, reason=self._why_none())
            if self._known is None or self._known[0] != state:
                self._known = (state, self._ask_status())
            return self._known[1]

    def state(self, paths: list[str]) -> GitState | None:
        """The branch, and which of these files differ from the last commit; None without a repository."""
        status = self.status()
        if not status.repository:
            return None
        differing = {change.path for change in status.changed}
        folders = tuple(path for path in differing if path.endswith("/"))
        changed = [path for path in paths if path in differing or path.startswith(folders)]
        return GitState(status.branch or "", changed)

    def committed(self, file: Resolved, commit: str = "HEAD") -> bytes | None:
        """The bytes of a file in a commit; None when it is not in it.

        Raises:
            PathRefusedError: the path or the commit is not one.
        """
        if commit != "HEAD" and not _is_commit(commit):
            raise PathRefusedError(f"reading {file.relative} of a commit: {commit[:80]!r} is no commit id", hint="")
        _check(file.relative)
        prefix = self._prefix()
        if prefix is None:
            return None
        # git takes the path in one word with the commit, which cannot start with a dash here.
        return self._run("cat-file", "blob", f"{commit}:{prefix}{file.relative}")

    def commits(self, file: Resolved, limit: int = 50) -> list[Commit]:
        """The commits that changed a file, newest first, renames followed; [] without a repository."""
        _check(file.relative)
        form = "--format=%H%x1f%at%x1f%an%x1f%s"
        arguments = ("log", form, f"--max-count={limit}", "-z", "--no-show-signature", "--no-ext-diff", "--no-textconv")
        answer = self._run(*arguments, "--", file.relative)
        found: list[Commit] = []
        for line in (answer or b"").decode("utf-8", "replace").split("\0"):
            parts = line.strip("\n").split("\x1f")
            if len(parts) == 4:  # noqa: PLR2004 - the four of the format
                found.append(Commit(parts[0], float(parts[1]), parts[2], parts[3]))
        return found

    def content(self, file: Resolved, commit: str) -> bytes:
        """The bytes of a file in a commit.

        Raises:
            FileMissingError: the commit does not have it.
            PathRefusedError: the path or the commit is not one.
        """
        found = self.committed(file, commit)
        if found is None:
            raise FileMissingError(
                f"reading {file.relative} of commit {commit[:12]}: it is not in it", hint="Choose another version."
            )
        return found

    def _ask_status(self) -> GitStatus:
        without = self._without_filters()
        if any(word.count("=") > 1 for word in without):
            return GitStatus(
                repository=False, reason="A filter of the repository has a name that cannot be switched off."
            )
        listing = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--", ".")
        answer = self._run(*without, *listing)
        prefix = self._prefix()
        if answer is None or prefix is None:
            return GitStatus(repository=False, reason=self._why_none())
        return _parsed(answer.decode("utf-8", "replace"), prefix)

    def _state(self) -> tuple[object, ...] | None:
        """What the last answer depended on; None when there is no repository."""
        folder = next((each for each in (self._root, *self._root.parents) if (each / ".git").exists()), None)
        if folder is None:
            return None
        stamps: list[object] = [self._changes()]
        for name in ("index", "HEAD", "logs/HEAD", "FETCH_HEAD"):
            try:
                found = (folder / ".git" / name).stat()
                stamps.append((found.st_mtime_ns, found.st_size))
            except OSError:
                stamps.append(None)
        return tuple(stamps)

    def _why_none(self) -> str:
        if shutil.which("git") is None:
            return "The git program is not installed on the server."
        return "The project is in no git repository, or git does not trust its owner."

    def _prefix(self) -> str | None:
        """The project's path in the repository, with a slash at its end; None without a repository."""
        answer = self._run("rev-parse", "--show-prefix")
        return None if answer is None else answer.decode("utf-8", "replace").rstrip("\n")

    def _without_filters(self) -> list[str]:
        """Options of git that empty every filter which the repository itself defines."""
        listed = self._run("config", "--show-scope", "--includes", "-z", "--name-only", "--get-regexp", r"^filter\.")
        words = (listed or b"").decode("utf-8", "surrogateescape").split("\0")
        scopes = zip(words[::2], words[1::2], strict=False)
        own = {name.rpartition(".")[0] for scope, name in scopes if scope not in {"global", "system"}}
        settings = [f"{name}.{key}=" for name in sorted(own) for key in ("clean", "smudge", "process")]
        settings += [f"{name}.required=false" for name in sorted(own)]
        return [word for setting in settings for word in ("-c", setting)]

    def _run(self, *arguments: str) -> bytes | None:
        """The output of git; None when it refuses, is missing, or takes too long."""
        keep = {name: value for name, value in environment.snapshot().items() if not name.startswith("GIT_")}
        keep |= {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1", "LC_ALL": "C"}
        try:
            done = subprocess.run(  # noqa: S603 - a list of arguments; what comes from requests stands behind `--`
                ["git", *_SAFE, *arguments],  # noqa: S607 - the user's git, wherever it is
                cwd=self._root,
                env=keep,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, ValueError):
            return None
        return done.stdout[:LARGEST] if done.returncode == 0 else None


def _check(path: str) -> None:
    if path.startswith("-") or not path:
        raise PathRefusedError(f"asking git about {path[:80]!r}: a path cannot start with a dash", hint="Rename it.")


def _is_commit(text: str) -> bool:
    return 7 <= len(text) <= 64 and all(char in "0123456789abcdef" for char in text)  # noqa: PLR2004 - SHA-1, SHA-256


def _parsed(text: str, prefix: str) -> GitStatus:
    branch, ahead, behind = None, 0, 0
    changed: list[GitChange] = []
    records = iter(text.split("\0"))
    for record in records:
        kind, _, rest = record.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            if name == "branch.head":
                branch = value
            elif name == "branch.ab":
                ahead, behind = (abs(int(number)) for number in value.split())
        elif kind in {"1", "u"}:
            fields = rest.split(" ", 7 if kind == "1" else 9)
            changed.append(GitChange(fields[-1].removeprefix(prefix), _code(fields[0])))
        elif kind == "2":
            fields = rest.split(" ", 8)
            next(records, "")  # the name before
            changed.append(GitChange(fields[-1].removeprefix(prefix), "R"))
        elif kind == "?":
            changed.append(GitChange(rest.removeprefix(prefix), "?"))
    return GitStatus(True, branch, ahead, behind, sorted(changed, key=lambda change: change.path))


def _code(pair: str) -> str:
    if pair in _UNMERGED:
        return "U"
    letters = pair.replace(".", "")
    return next((letter for letter in "DARM" if letter in letters), "M")
