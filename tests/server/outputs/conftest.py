from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.data import Durability, Manifest, ProductStore, fingerprint
from penstock.model.product import Address, Lineage, ProductRef
from penstock.server.outputs.client import ReaderClient
from penstock.server.outputs.reader import questions
from penstock.server.schema.selections import Condition, SortBy

MEMORY = 2 << 30


@dataclass
class Page:
    """A page as a browser gets it."""

    head: dict[str, Any]
    table: Any

    @property
    def rows(self) -> list[list[Any]]:
        return [list(row.values())[:-1] for row in self.table.to_pylist()] if self.table.num_columns > 1 else []

    @property
    def names(self) -> list[str]:
        return self.table.schema.names[:-1]

    @property
    def numbers(self) -> list[int]:
        return self.table.column(self.table.num_columns - 1).to_pylist()

    def column(self, at: int) -> list[Any]:
        return self.table.column(at).to_pylist()

    def notes(self, at: int) -> dict[str, str]:
        return {key.decode(): value.decode() for key, value in (self.table.schema.field(at).metadata or {}).items()}


class Desk:
    """A real store, and the real reader process over it."""

    def __init__(self, root: Path, memory: int = MEMORY) -> None:
        self.store = ProductStore(root, worker=True, durability=Durability.PROCESS, allow_pickle=True)
        self.runner = asyncio.Runner()
        self.client = self.run(self._made(root, memory))
        self.count = 0

    async def _made(self, root: Path, memory: int) -> ReaderClient:
        return ReaderClient(root, memory)

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def put(self, *values: object, block: str = "", inputs: tuple[ProductRef, ...] = (), checks: Any = ()) -> Manifest:
        self.count += 1
        name = block or f"block_{self.count}"
        with self.store.draft(Address("p", name), self.store.issue_fence(f"run {self.count}", name)) as draft:
            for value in values:
                draft.add(value)
            lineage = Lineage(run=f"run {self.count}", inputs=inputs, variables={"n": self.count})
            return draft.publish(lineage, fingerprint=fingerprint(lineage), checks=checks)

    def target(self, manifest: Manifest, output: str = "") -> questions.Target:
        address = manifest.ref.address
        return questions.Target(
            pipeline=address.pipeline, block=address.block, version=manifest.ref.version, output=output
        )

    def ask(self, question: questions.Question, **options: Any) -> tuple[dict[str, Any], bytes]:
        return self.run(self.client.ask(question, **options))

    def page(self, what: object, **options: Any) -> Page:
        import pyarrow as pa

        manifest = what if isinstance(what, Manifest) else self.put(what)
        rows = questions.Rows(
            sort=tuple(SortBy(*one) if isinstance(one, tuple) else SortBy(one) for one in options.pop("sort", ())),
            filters=tuple(Condition(*one) for one in options.pop("filters", ())),
            search=options.pop("search", ""),
        )
        head, content = self.ask(questions.PageQuestion(target=self.target(manifest), rows=rows, **options))
        return Page(head, pa.ipc.open_stream(content).read_all())

    def profile(self, what: object, **options: Any) -> list[dict[str, Any]]:
        manifest = what if isinstance(what, Manifest) else self.put(what)
        filters = tuple(Condition(*one) for one in options.pop("filters", ()))
        rows = questions.Rows(filters=filters)
        found = self.ask(questions.ProfileQuestion(target=self.target(manifest), rows=rows, **options))[1]
        return json.loads(found)["columns"]

    def value(self, what: object, **options: Any) -> dict[str, Any]:
        manifest = what if isinstance(what, Manifest) else self.put(what)
        return json.loads(self.ask(questions.ValueQuestion(target=self.target(manifest), **options))[1])

    def download(self, what: object, format: str, **options: Any) -> bytes:  # noqa: A002
        manifest = what if isinstance(what, Manifest) else self.put(what)
        rows = questions.Rows(
            sort=tuple(SortBy(one) for one in options.pop("sort", ())),
            filters=tuple(Condition(*one) for one in options.pop("filters", ())),
        )
        question = questions.DownloadQuestion(target=self.target(manifest), format=format, rows=rows, **options)
        return self.ask(question)[1]

    def chart(self, what: object, **configuration: Any) -> dict[str, Any]:
        manifest = what if isinstance(what, Manifest) else self.put(what)
        question = questions.ChartQuestion(target=self.target(manifest), configuration=configuration)
        return json.loads(self.ask(question)[1])

    def diff(self, before: Manifest, after: Manifest, *keys: str, choose: bool = False) -> dict[str, Any]:
        question = questions.DiffQuestion(
            target=self.target(after), before=before.ref.version, after=after.ref.version, keys=None if choose else keys
        )
        return json.loads(self.ask(question)[1])

    def close(self) -> None:
        self.run(self.client.close())
        self.runner.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One store and reader for the tests of a module; every test puts blocks of its own."""
    made = Desk(tmp_path_factory.mktemp("store"))
    yield made
    made.close()
