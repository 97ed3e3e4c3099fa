"""What the language server finds in a text, as the editor shows it: without what is right in a block file.

A block file may use names that nothing in it defines: its decorators, and its upstreams as `df_1` or by their names.
Types of code that computes with frames are often unknown; such findings are hints, not errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from penstock.model.block import FOLDERS
from penstock.project.code import is_installed
from penstock.sdk.decorators import BLOCK_DECORATORS

ERROR, WARNING, INFORMATION, HINT = 1, 2, 3, 4
_MAGIC = frozenset({*BLOCK_DECORATORS, "condition", "test", "preprocesser", "preprocessor", "spark"})
_FOLDERS = frozenset(FOLDERS.values())
_UPSTREAM = re.compile(r"df_\d+")
_FENCE = re.compile(r"```\w*")
_NAME = re.compile(r"`([^`]+)`")
_CERTAIN = frozenset({"invalid-syntax", "unresolved-reference", "possibly-unresolved-reference"})
_MISSING = frozenset({"unresolved-import", "import-not-found"})


def shown_findings(findings: object, known: Callable[[str], bool]) -> list[dict[str, Any]]:
    """The findings to show of a text.

    Args:
        findings: those of the server.
        known: whether a name is that of a block, which its code may use.
    """
    if not isinstance(findings, list):
        return []
    return [shown for finding in findings if isinstance(finding, dict) and (shown := _shown(finding, known))]


def _shown(finding: dict[str, Any], known: Callable[[str], bool]) -> dict[str, Any] | None:
    code = str(finding.get("code") or "")
    if finding.get("severity") == HINT:
        return None
    if code.endswith("unresolved-reference"):
        found = _NAME.search(str(finding.get("message")))
        name = found[1] if found else ""
        if name in _MAGIC or _UPSTREAM.fullmatch(name) or known(name):
            return None
    if code in _MISSING and _hidden_by_a_folder(str(finding.get("message"))):
        return None
    if code in _CERTAIN or not code:
        return finding
    return {**finding, "severity": WARNING if code in _MISSING else INFORMATION}


def _hidden_by_a_folder(message: str) -> bool:
    """Whether an import fails only here: a folder of blocks, such as `transformers`, has the name of a package.

    When a block runs, the package comes first.
    """
    found = _NAME.search(message)
    name = found[1].partition(".")[0] if found else ""
    return name in _FOLDERS and is_installed(name)


def says_something(hover: object) -> bool:
    """Whether what the server tells about a name is worth showing: of much that comes from a frame it knows nothing."""
    contents = hover.get("contents") if isinstance(hover, dict) else None
    value = contents.get("value") if isinstance(contents, dict) else contents
    return _FENCE.sub("", str(value)).strip() not in {"", "Unknown", "None"}
