import pytest

from penstock.sdk.cleaning.naming import clean_column_name


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("good_name", "good_name"),
        ("bad case", "bad_case"),
        ("%@#342%34@@#342", "number_34234342"),
        ("PascalCaseColumn", "pascal_case_column"),
        ("camelCaseText", "camel_case_text"),
        ("___snake_case___", "snake_case"),
        ("class", "class_"),
        ("Class", "class"),
        ("None", "none_"),
        ("userID", "user_i_d"),
        ("User ID", "user_id"),
        ("ABC", "abc"),
        ("HTTP_Server", "http_server"),
        ("a - b", "a___b"),
        ("a/b", "ab"),
        ("1.5", "1_5"),
        ("Total $", "total_"),
        ("FooBar-", "foo_bar"),
        ("fooBar.", "foobar_"),
        ("Año", "ao"),
        ("日本", "number_"),
        ("", "number_"),
        ("a\u00a0b", "a_b"),
    ],
)
def test_names_become_snake_case(name, cleaned):
    assert clean_column_name(name) == cleaned
