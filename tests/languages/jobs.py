"""Jobs for language tests: a block's source and values of its upstreams, without a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from penstock.languages.job import BlockResult, Job
from penstock.languages.registry import runner
from penstock.model.messages import AskKind, BlockOrder, WorkOrder
from penstock.model.product import Fence


@dataclass
class Given:
    """An upstream whose output is in memory."""

    block: str
    content: Any
    type: str = "data_loader"
    language: str = "python"
    configuration: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False
    read: int = 0

    def empty(self) -> bool:
        return isinstance(self.content, list) and not self.content

    def value(self) -> Any:
        self.read += 1
        return self.content

    def table(self) -> pa.Table:
        self.read += 1
        return self.content if isinstance(self.content, pa.Table) else pa.Table.from_pandas(self.content)


def make_job(
    folder: Path,
    source: str,
    *upstream: Given,
    block_type: str = "transformer",
    language: str = "python",
    uuid: str = "my_block",
    variables: dict[str, Any] | None = None,
    configuration: dict[str, Any] | None = None,
    logs: list[tuple[str, str]] | None = None,
) -> Job:
    file = folder / f"{uuid}.{'py' if language == 'python' else language}"
    file.write_text(source, encoding="utf-8")
    records = logs if logs is not None else []
    order = WorkOrder(
        run="run",
        attempt=1,
        fence=Fence("run", uuid, 1),
        project=str(folder),
        project_name=folder.name,
        data_root=str(folder / "data"),
        pipeline="pipe",
        partition="_",
        block=BlockOrder(
            uuid,
            uuid,
            block_type,
            language,
            str(file),
            None,
            tuple(entry.block for entry in upstream),
            configuration or {},
        ),
    )
    return Job(
        order=order,
        source=source,
        inputs=list(upstream),
        variables={"repo_path": str(folder), "env": "dev", **(variables or {})},
        context={},
        log=lambda level, text: records.append((level, text)),
        ask=_ask,
    )


def _ask(kind: AskKind, arguments: dict[str, Any]) -> Any:
    raise AssertionError(f"unexpected request {kind} {arguments}")


def run_block(folder: Path, source: str, *upstream: Given, **options: Any) -> BlockResult:
    job = make_job(folder, source, *upstream, **options)
    return runner(job.order.block.language).run(job)
