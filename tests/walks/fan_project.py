"""Runs pipelines that fan out, with conditions and callbacks, in real processes, and reads what they have stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.data import ProductStore
from penstock.model.product import Address
from tests.cli.projects import B, Result, penstock, write_pipeline, write_project

ITEMS = {"dynamic": True}
REDUCE = {"reduce_output": True}


@dataclass
class Fan:
    """One project with one pipeline `p`, its data folder beside it."""

    home: Path

    def write(self, *blocks: B, attached: Mapping[str, tuple[str, str]] | None = None, **keys: Any) -> None:
        """Write the pipeline; `attached` is uuid -> (blocks, text) of conditionals and callbacks."""
        project = write_project(self.home / "project")
        sections: dict[str, list[dict[str, Any]]] = {"conditionals": [], "callbacks": []}
        for uuid, (upstream, text) in (attached or {}).items():
            kind = "conditional" if "@condition" in text else "callback"
            file = project / f"{kind}s" / f"{uuid}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(
                f"from mage_ai.data_preparation.decorators import callback, condition, on_failure, on_success\n\n\n{text}\n"
            )
            entry = {"uuid": uuid, "type": kind, "language": "python", "upstream_blocks": upstream.split()}
            sections[f"{kind}s"].append(entry)
        write_pipeline(project, "p", list(blocks), **sections, **keys)

    def run(self, *options: str, **environment: str) -> Result:
        return penstock("run", self.home / "project", "p", "--json", *options, home=self.home, **environment)

    def store(self) -> ProductStore:
        root = next((self.home / "data").rglob("products"))
        return ProductStore(root.parent if root.parent.name == "products" else root)

    def stored(self, key: str) -> Any:
        """What a block or a child has stored last."""
        store = self.store()
        manifest = store.latest(Address("p", key))
        assert manifest is not None, f"{key} has stored nothing"
        return store.load(manifest.ref)

    def children(self, block: str) -> dict[str, Any]:
        """The label of each stored child, and its value."""
        found = [address.block for address in self.store().addresses("p") if address.block.startswith(f"{block}:")]
        return {key.partition(":")[2]: self.stored(key) for key in sorted(found)}

    def log(self, block: str) -> str:
        """The newest run's log of a block or child, as text."""
        runs = sorted((self.home / "data").rglob(".logs/*"))
        from penstock.data.naming import quote

        file = runs[-1] / f"{quote(block)}.log"
        return file.read_text() if file.exists() else ""


def states(result: Result) -> dict[str, str]:
    return {entry["block"]: entry["state"] for entry in result.document["blocks"]}
