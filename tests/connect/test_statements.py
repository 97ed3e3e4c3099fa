"""Where SQL statements end, and what they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connect.sql.names import clean_name, quoted, shortened
from penstock.connect.sql.statements import in_short, last_table, relined, split, tokens
from penstock.connect.sql.widening import fits
from penstock.model.errors import QueryFailedError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1", ["select 1"]),
        ("select 1;", ["select 1"]),
        (" ; ;; -- x\n;/* y; */;", []),
        ("a;b", ["a", "b"]),
        ("select ';' ; select \";\"", ["select ';'", 'select ";"']),
        ("select 'it''s;' ; x", ["select 'it''s;'", "x"]),
        (r"select E'it\'s;' ; x", [r"select E'it\'s;'", "x"]),
        ("select $$a;b$$; select $t$ $$;$$ $t$", ["select $$a;b$$", "select $t$ $$;$$ $t$"]),
        ("select $1; x", ["select $1", "x"]),
        (
            "-- a;b\nselect 1 -- c;\n; /* d; /* e; */ f; */ select 2",
            ["-- a;b\nselect 1 -- c;", "/* d; /* e; */ f; */ select 2"],
        ),
        ("select `a;b`; x", ["select `a;b`", "x"]),
        ("select 'open; x", ["select 'open; x"]),
        ("select /* open; x", ["select /* open; x"]),
        (
            "create function f() begin atomic select case when a then 1 end; select 2; end; x",
            ["create function f() begin atomic select case when a then 1 end; select 2; end", "x"],
        ),
        ("begin; x; commit", ["begin", "x", "commit"]),
    ],
)
def test_statements_end_at_semicolons_of_their_own(text: str, expected: list[str]) -> None:
    assert [statement.text for statement in split(text)] == expected


@pytest.mark.parametrize(
    ("text", "verb", "answers", "plain"),
    [
        ("select 1", "select", True, True),
        ("(select 1) union (select 2)", "select", True, True),
        ("values (1)", "values", True, True),
        ("with t as (select 1) select * from t", "select", True, True),
        ("with t as (insert into x values (1) returning a) select * from t", "select", True, False),
        ("with t as (select 1) insert into x select * from t", "insert", False, False),
        ("select 1 into t", "select", False, False),
        ("select extract(day from (select 1 into_x))", "select", True, True),
        ("insert into t values (1)", "insert", False, False),
        ("insert into t values (1) returning a", "insert", True, False),
        ("insert into t select returning_x from (select 1 as returning_x)", "insert", False, False),
        ("update t set a = 1 returning *", "update", True, False),
        ("create table t as select 1", "create", False, False),
        ("show tables", "show", True, False),
        ("explain select 1", "explain", True, False),
        ("pragma version", "pragma", True, False),
        ("drop table t", "drop", False, False),
        ("-- x\n/* y */ SELECT 1", "select", True, True),
    ],
)
def test_what_statements_do(text: str, verb: str, answers: bool, plain: bool) -> None:  # noqa: FBT001 - a table of tests
    (statement,) = split(text)
    assert (statement.verb, statement.answers, statement.plain_query) == (verb, answers, plain)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("create table t as select 1", "t"),
        ("CREATE OR REPLACE TABLE a.b AS SELECT 1", "a.b"),
        ('create temp table if not exists "a b"."c;d" (x int)', '"a b"."c;d"'),
        ("insert into t(a) values (1)", "t"),
        ("insert or replace into x.y select 1", "x.y"),
        ("with q as (select 1) insert into t select * from q", "t"),
        ("create view v as select 1", ""),
        ("create index i on t (a)", ""),
        ("select * from t", ""),
        ("update t set a = 1", ""),
    ],
)
def test_which_table_a_statement_makes_or_fills(text: str, table: str) -> None:
    assert split(text)[0].table == table


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("create table a as select 1; insert into b select 1; update c set x = 1", "b"),
        ("create table if not exists a (x int); delete from a", "a"),
        ('create table a (x int); create table "B" (x int); drop table "B"', "a"),
        ("create table s.a (x int); drop table s.a", ""),
        ("update c set x = 1", ""),
    ],
)
def test_which_table_was_made_or_filled_last(text: str, table: str) -> None:
    assert last_table(split(text)) == table


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-- what it does\n\n/* and\nwhy */ select 1\n  -- one\n  from a", "select 1 from a"),
        ("select 1 -- x", "select 1"),
        ("select 'a -- b'", "select 'a -- b'"),
        ("-- only", ""),
        ("", ""),
    ],
)
def test_messages_show_a_statement_in_one_line(text: str, line: str) -> None:
    assert in_short(text) == line
    assert in_short("select " + "a" * 100) == "select " + "a" * 72 + "…"


def test_the_lines_of_a_message_are_moved_with_the_mark_below() -> None:
    message = "no such column\nLINE 9: nope\n        ^\nHINT: LINE 3: is a text"
    assert relined(message, 1) == "no such column\nLINE 10: nope\n         ^\nHINT: LINE 3: is a text"
    assert relined("LINE 2: x", -1) == "LINE 1: x"


def test_statements_know_their_lines() -> None:
    text = "-- one\n\nselect 'a\nb' ;\n\n/* \n */ select\n2; select 3;\n"
    assert [each.line for each in split(text)] == [3, 7, 8]


@given(st.text(alphabet="ab;'\"`$-/*\n eE\\()_1é", max_size=60))
def test_lexemes_are_the_text_and_statements_lose_nothing(text: str) -> None:
    assert "".join(token.text for token in tokens(text)) == text
    kept = [token.text for token in tokens(text) if token.kind not in {"space", "comment"} and token.text != ";"]
    assert [token.text for statement in split(text) for token in statement.tokens if token.text != ";"] == kept


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text))
def test_a_quoted_name_is_one_token(name: str) -> None:
    (token,) = tokens(quoted(name))
    assert token.identifier == name.lower()


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_names_that_cannot_be_quoted_are_refused(name: str) -> None:
    with pytest.raises(QueryFailedError):
        quoted(name)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("ID", "id"),
        ("Mixed Col", "mixed_col"),
        ("x-y", "x_y"),
        ("9x", "letter_9x"),
        ("é ü", "é_ü"),
        ("name", "_name"),
        ("select", "_select"),
        ("__x__ (y)", "__x____y_"),
        ("order.id", "order_id"),
        ("", "_"),
        (5, "letter_5"),
    ],
)
def test_clean_names(name: object, clean: str) -> None:
    assert clean_name(name) == clean


def test_cleaning_can_keep_case_and_words_of_sql() -> None:
    assert clean_name("Amt", case_sensitive=True) == "Amt"
    assert clean_name("Name", case_sensitive=True) == "_Name"
    assert clean_name("name", allow_reserved_words=True) == "name"


def test_long_names_are_cut_between_characters_and_stay_different() -> None:
    one, two = shortened("é" * 40, 63), shortened("é" * 41, 63)
    assert one != two
    assert all(len(name.encode()) <= 63 for name in (one, two))
    assert shortened("short", 63) == "short"


@pytest.mark.parametrize(
    ("new", "existing", "expected"),
    [
        ("bigint", "bigint", True),
        ("INTEGER", "bigint", True),
        ("bigint", "integer", False),
        ("bigint", "double precision", False),
        ("smallint", "real", True),
        ("double precision", "DECIMAL(18,3)", False),
        ("DECIMAL(10,2)", "numeric(12,2)", True),
        ("DECIMAL(10,3)", "numeric(12,2)", False),
        ("bigint", "numeric", True),
        ("text", "character varying", True),
        ("timestamp with time zone", "timestamp without time zone", False),
        ("UINTEGER", "bigint", True),
        ("UBIGINT", "bigint", False),
        ("boolean", "text", False),
    ],
)
def test_which_types_hold_which(new: str, existing: str, expected: bool) -> None:  # noqa: FBT001 - a table of tests
    assert fits(new, existing) is expected
