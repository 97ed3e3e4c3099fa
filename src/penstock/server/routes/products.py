"""Stored outputs: the catalogue, pages of tables, profiles, single cells, values, files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from penstock.config.decoding import from_json
from penstock.model.errors import SettingInvalidError
from penstock.model.product import Address
from penstock.server.outputs.client import Answer
from penstock.server.outputs.reader import questions
from penstock.server.permissions import Permission
from penstock.server.routing import Reply, Routes
from penstock.server.schema import products as schema
from penstock.server.waiting import unless_gone

if TYPE_CHECKING:
    from penstock.server.routing import Call

routes = Routes("products")
ARROW = "application/vnd.apache.arrow.stream"


@routes.get("/api/products", Permission.VIEW, query=schema.ProductQuery)
def products(call: Call) -> schema.ProductList:
    """Every product with its newest version."""
    return schema.ProductList(call.studio.catalog.products(call.query.pipeline, call.query.q))


@routes.get("/api/products/{pipeline}/{block}", Permission.VIEW, query=schema.PartitionQuery)
def product(call: Call) -> schema.ProductDetail:
    """A product: its versions, what the chosen one holds, what it was made from."""
    address = Address(call.path["pipeline"], call.path["block"], call.query.partition)
    return call.studio.catalog.detail(address, call.query.version)


def target(call: Call) -> questions.Target:
    """The output that a request is about. Raises SettingInvalidError for a place that is none."""
    at = getattr(call.query, "at", "")
    return questions.Target(
        pipeline=call.path["pipeline"],
        block=call.path["block"],
        partition=call.query.partition,
        version=call.query.version,
        output=call.query.output,
        place=_positions(at),
    )


def _positions(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise SettingInvalidError(
            f"reading a part of a value: {text[:60]!r} is no path", hint="Write positions with commas: 0,3,2."
        ) from None


@routes.post(
    "/api/products/{pipeline}/{block}/page", Permission.VIEW, body=schema.PageRequest, query=schema.OutputQuery
)
async def page(call: Call) -> Reply:
    """Rows of a table, as an Arrow stream (or JSON): sorted and filtered over all of it."""
    body: schema.PageRequest = call.body
    question = questions.PageQuestion(
        target=target(call),
        offset=body.offset,
        limit=body.limit,
        rows=questions.Rows(sort=tuple(body.sort), filters=tuple(body.filters), search=body.search),
        columns=tuple(body.columns) if body.columns is not None else None,
        format=body.format,
    )
    head, content = await unless_gone(call.request, call.studio.reader.ask(question, seconds=30))
    headers = {
        "X-Rows-Total": str(head["total"]),
        "X-Rows-Filtered": str(head["filtered"]),
        "X-Columns-Total": str(head["columns_total"]),
        "X-Version": head["version"],
        "Cache-Control": "no-store",
    }
    if body.format == "json":
        whole = msgspec.json.encode({**head, "page": msgspec.Raw(content)})
        return Reply(whole, "application/json", headers=headers)
    return Reply(content, ARROW, headers=headers)


@routes.get("/api/products/{pipeline}/{block}/columns", Permission.VIEW, query=schema.OutputQuery)
async def columns(call: Call) -> schema.Columns:
    """All columns of a table by name and type, in the stored order: what a page of some of them leaves out."""
    question = questions.ColumnsQuestion(target=target(call))
    _, content = await unless_gone(call.request, call.studio.reader.ask(question, seconds=30))
    return from_json(content, schema.Columns)


@routes.post(
    "/api/products/{pipeline}/{block}/profile", Permission.VIEW, body=schema.ProfileRequest, query=schema.OutputQuery
)
async def profile(call: Call) -> schema.Profile:
    """What the columns hold: share of nulls, extremes, a histogram or the most frequent values."""
    body: schema.ProfileRequest = call.body
    question = questions.ProfileQuestion(
        target=target(call),
        columns=tuple(body.columns) if body.columns is not None else None,
        rows=questions.Rows(filters=tuple(body.filters), search=body.search),
    )
    _, content = await unless_gone(call.request, call.studio.reader.ask(question, seconds=120))
    return from_json(content, schema.Profile)


@routes.get("/api/products/{pipeline}/{block}/cell", Permission.VIEW, query=schema.CellQuery)
async def cell(call: Call) -> schema.Cell:
    """One cell in full."""
    query: schema.CellQuery = call.query
    column: Any = query.index if query.index is not None else query.column
    question = questions.CellQuestion(target=target(call), row=query.row, column=column)
    head, content = await unless_gone(call.request, call.studio.reader.ask(question))
    text = None if head["null"] else content.decode("utf-8", "replace")
    return schema.Cell(text, head["size"], head["truncated"])


@routes.get("/api/products/{pipeline}/{block}/value", Permission.VIEW, query=schema.ValueQuery)
async def value(call: Call) -> schema.Value:
    """What is no table, by MIME type."""
    query: schema.ValueQuery = call.query
    path = _positions(query.path)
    question = questions.ValueQuestion(target=target(call), path=path, offset=max(0, query.offset))
    _, content = await unless_gone(call.request, call.studio.reader.ask(question))
    found: schema.Value = from_json(content, schema.Value)
    if "text/html" in found.mime:
        found.mime["text/html"] = {"url": _frame_url(call, found)}
    return found


@routes.get("/api/products/{pipeline}/{block}/find", Permission.VIEW, query=schema.FindQuery)
async def find(call: Call) -> schema.Places:
    """Where a text stands in a value that is shown as a tree."""
    question = questions.FindQuestion(target=target(call), text=call.query.text[:200])
    _, content = await unless_gone(call.request, call.studio.reader.ask(question, seconds=60))
    return from_json(content, schema.Places)


def _frame_url(call: Call, found: schema.Value) -> str:
    """The address of the sandboxed page, relative to the base of the API."""
    where = "/".join(quote(part, safe="") for part in (call.path["pipeline"], call.path["block"]))
    query = urlencode({"partition": call.query.partition, "version": found.version, "output": found.output})
    return f"/api/products/{where}/frame?{query}"


@routes.get("/api/products/{pipeline}/{block}/frame", Permission.VIEW, query=schema.OutputQuery)
async def frame(call: Call) -> Reply:
    """Markup that a block has made, with an origin of its own."""
    head, content = await unless_gone(
        call.request, call.studio.reader.ask(questions.FrameQuestion(target=target(call)))
    )
    return Reply(content, head["media_type"], headers={"Cache-Control": "no-store"}, sandbox=True)


@routes.get("/api/products/{pipeline}/{block}/download", Permission.VIEW, query=schema.DownloadQuery)
async def download(call: Call) -> Reply:
    """An output as a file, sent while it is written; a failure breaks the transfer off."""
    query: schema.DownloadQuery = call.query
    try:
        chosen = from_json(query.q or "{}", schema.Selection)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingInvalidError(f"downloading a table: the selection is none ({error})", hint="") from None
    question: questions.Question = questions.RawQuestion(target=target(call))
    if query.format != "raw":
        question = questions.DownloadQuestion(
            target=target(call),
            format=query.format,
            rows=questions.Rows(sort=tuple(chosen.sort), filters=tuple(chosen.filters), search=chosen.search),
            columns=tuple(chosen.columns) if chosen.columns is not None else None,
        )
    answer = await unless_gone(call.request, call.studio.reader.stream(question).__aenter__())
    head = answer.head
    name = f"{call.path['pipeline']}-{call.path['block']}-{head['output']}".replace("/", "_")
    return Reply(
        stream=_pieces(answer),
        media_type=head["media_type"],
        filename=f"{name}.{head['ending']}",
        headers={"Cache-Control": "no-store", "X-Version": head["version"]},
    )


async def _pieces(answer: Answer) -> AsyncIterator[bytes]:
    try:
        async for piece in answer:
            yield piece
    finally:
        await answer.__aexit__()


@routes.post(
    "/api/products/{pipeline}/{block}/diff", Permission.VIEW, body=schema.DiffRequest, query=schema.OutputQuery
)
async def diff(call: Call) -> schema.Difference:
    """What differs between two versions of an output."""
    body: schema.DiffRequest = call.body
    question = questions.DiffQuestion(
        target=target(call), before=body.before, after=body.after, keys=None if body.keys is None else tuple(body.keys)
    )
    _, content = await unless_gone(call.request, call.studio.reader.ask(question, seconds=300))
    return from_json(content, schema.Difference)


@routes.post(
    "/api/products/{pipeline}/{block}/chart", Permission.VIEW, body=schema.ChartRequest, query=schema.OutputQuery
)
async def chart(call: Call) -> schema.Chart:
    """The points of a chart, aggregated."""
    body: schema.ChartRequest = call.body
    question = questions.ChartQuestion(
        target=target(call),
        configuration=body.chart,
        rows=questions.Rows(filters=tuple(body.filters), search=body.search),
    )
    _, content = await unless_gone(call.request, call.studio.reader.ask(question, seconds=60))
    return from_json(content, schema.Chart)
