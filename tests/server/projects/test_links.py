from __future__ import annotations

import pytest

from penstock.model.block import BlockType, Language
from penstock.server.projects.links import links_of, renamed_in_sql, sql_names

BLOCKS = ["orders", "customers", "api/rates", "Ümsatz", "ts", "x"]
QUERIES = {
    "select * from orders": ["orders"],
    "SELECT * FROM Orders o, customers AS c WHERE o.x = 'from ts'": ["orders", "customers"],
    "select * from orders left join customers using (id)": ["orders", "customers"],
    'select * from "api/rates" join "Ümsatz" on true': ["api/rates", "Ümsatz"],
    "with x as (select 1), y as (select * from orders) select * from x, y": ["orders"],
    "select extract(year from ts), trim(both from x) from orders": ["orders"],
    "select a is not distinct from ts from orders": ["orders"],
    "-- from orders\n/* join customers */ select 'from orders'": [],
    "select * from schema.orders": [],
    "select * from read_csv('orders'), orders('x')": [],
    "select * from {{ df_1 }} join {{ orders }} on 1=1": [],
    "select * from (select * from (select * from orders))": ["orders"],
    "select orders from ts": ["ts"],
    "insert into orders select * from customers": ["customers"],
    "select * from {{ block_output('orders') }}": ["orders"],
    "": [],
    "select * from": [],
    "((((((": [],
    "select * from orders; select * from customers": ["orders", "customers"],
}


@pytest.mark.parametrize("query", QUERIES)
def test_tables_that_are_blocks(query: str) -> None:
    assert sql_names(query, BLOCKS) == QUERIES[query]


def test_renaming_touches_tables_only() -> None:
    before = "select orders.id, o.orders, 'orders' -- orders\nfrom orders join x.orders on orders.id = x.orders.id"
    assert renamed_in_sql(before, "orders", "bills") == (
        "select bills.id, o.orders, 'orders' -- orders\nfrom bills join x.orders on bills.id = x.orders.id"
    )
    assert renamed_in_sql("select * from orders", "orders", "über/x") == 'select * from "über/x"'
    assert renamed_in_sql("select orders from x", "orders", "bills") == "select orders from x"
    called = "select '{{ block_output('orders', parse=lambda d, v: d) }}', {{block_output(block_uuid = \"orders\")}}, block_output('x')"
    assert renamed_in_sql(called, "orders", "bills") == called.replace("orders", "bills")


def _sql(old: str | None, new: str, upstream: list[str]) -> list[str]:
    return links_of(BlockType.TRANSFORMER, Language.SQL, old, new, upstream, BLOCKS).upstream


def test_edges_of_queries() -> None:
    assert _sql(None, "select * from orders", []) == ["orders"]
    assert _sql("select * from orders", "select * from customers", ["orders"]) == ["customers"]
    assert _sql("select 1", "select * from customers", ["orders"]) == ["orders", "customers"]
    # The numbers in the text count upstreams, so none goes away from under them.
    assert _sql("select * from orders, {{ df_1 }}", "select * from {{ df_1 }}", ["orders", "x"]) == ["orders", "x"]


def _python(old: str | None, new: str, upstream: list[str]) -> list[str]:
    def code(parameters: str | None) -> str | None:
        return None if parameters is None else f"@transformer\ndef f({parameters}):\n    pass\n"

    return links_of(BlockType.TRANSFORMER, Language.PYTHON, code(old), code(new) or "", upstream, BLOCKS).upstream


def test_edges_of_functions() -> None:
    assert _python(None, "orders", []) == ["orders"]
    assert _python("orders", "orders, customers", ["orders"]) == ["orders", "customers"]
    assert _python("orders, customers", "customers", ["orders", "customers"]) == ["customers"]
    assert _python("orders, customers", "customers, orders", ["orders", "customers"]) == ["customers", "orders"]
    assert _python("data", "data, customers", ["x"]) == ["x", "customers"]
    assert _python("data", "customers, data", ["x"]) == ["customers", "x"]
    assert _python("data, *args", "data, *args", ["x", "ts"]) == ["x", "ts"]
    assert _python("orders", "orders, limit=3, **kwargs", ["orders"]) == ["orders"]
    assert _python("orders", "data", ["orders"]) == ["orders"], "the argument may have another name"
    assert _python("orders", "broken(", ["orders"]) == ["orders"]
    assert _python("x, orders", "x, orders", ["ts", "x"]) == ["ts", "x"], "somebody has removed that edge"
    assert _python("x, orders", "x, orders", ["x"]) == ["x", "orders"], "it cannot be called without"
