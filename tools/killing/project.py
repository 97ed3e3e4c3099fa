"""The project that the killed schedulers work on: a pipeline, one that triggers it from code, and triggers."""

from __future__ import annotations

from pathlib import Path

BLOCKS = 3
CHILDREN = 12
_BODY = """if 'custom' not in globals():
    from mage_ai.data_preparation.decorators import custom


@custom
def run(*args, **kwargs):
    import os
    import time

    time.sleep({seconds})
    return os.getpid()
"""
_CALLER = """if 'custom' not in globals():
    from mage_ai.data_preparation.decorators import custom


@custom
def run(*args, **kwargs):
    from mage_ai.orchestration.triggers.api import trigger_pipeline

    return trigger_pipeline('work', check_status=True, poll_interval=1, verbose=False).id
"""
_SPREAD = """from penstock import custom


@custom
def run(*args, **kwargs):
    return [list(range({children}))]
"""
_TRIGGERS = """triggers:
- name: each minute
  schedule_type: time
  schedule_interval: '* * * * *'
  status: active
  start_time: 2024-01-01
  settings: {missed_runs: all}
"""


def make_project(root: Path) -> None:
    """A project with a pipeline of three blocks and a trigger, one whose block asks for a run of it, and one that fans out.

    The children of the last one share processes.
    """
    (root / "custom").mkdir(parents=True)
    (root / "metadata.yaml").write_text("project_type: standalone\n")
    for number in range(BLOCKS):
        (root / "custom" / f"b{number}.py").write_text(_BODY.format(seconds=0.1 * number))
    (root / "custom" / "call.py").write_text(_CALLER)
    (root / "custom" / "many.py").write_text(_SPREAD.format(children=CHILDREN))
    (root / "custom" / "each.py").write_text(_BODY.format(seconds=0.01))
    chain = {f"b{number}": [f"b{number - 1}"] if number else [] for number in range(BLOCKS)}
    _make_pipeline(root, "work", chain)
    _make_pipeline(root, "caller", {"call": []})
    settings = {"many": "{dynamic: true}", "each": "{isolation: shared}"}
    _make_pipeline(root, "fan", {"many": [], "each": ["many"]}, settings)
    (root / "pipelines" / "work" / "triggers.yaml").write_text(_TRIGGERS)


def switch_off(root: Path) -> None:
    """Let the trigger fire no more."""
    file = root / "pipelines" / "work" / "triggers.yaml"
    file.write_text(_TRIGGERS.replace("status: active", "status: inactive"))


def _make_pipeline(root: Path, name: str, blocks: dict[str, list[str]], settings: dict[str, str] | None = None) -> None:
    folder = root / "pipelines" / name
    folder.mkdir(parents=True)
    lines = [f"uuid: {name}", f"name: {name}", "type: python", "blocks:"]
    for block, above in blocks.items():
        lines += [f"- uuid: {block}", f"  name: {block}", "  type: custom", "  language: python"]
        below = [other for other, parents in blocks.items() if block in parents]
        lines += [f"  upstream_blocks: [{', '.join(above)}]", f"  downstream_blocks: [{', '.join(below)}]"]
        lines += [f"  configuration: {(settings or {}).get(block, '{}')}"]
    (folder / "metadata.yaml").write_text("\n".join(lines) + "\n")
