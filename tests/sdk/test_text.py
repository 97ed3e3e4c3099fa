import pytest

from penstock.sdk import text


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (("abc", "X", 1), "aXc"),
        (("abc", "XY", 2), "abXY"),
        (("abc", "", 0), "bc"),
        (("abc", "X", 9, True), "abcX"),
        (("abc", "X", -1, True), "Xabc"),
    ],
)
def test_replacer(arguments, result):
    assert text.replacer(*arguments) == result


@pytest.mark.parametrize("index", [3, -1])
def test_replacer_refuses_a_place_outside(index):
    with pytest.raises(ValueError, match="outside"):
        text.replacer("abc", "X", index)


def test_the_other_names():
    assert text.camel_to_snake_case("camelCaseName") == "camel_case_name"
    assert text.camel_to_snake_case("HTTPServer") == "http_server"
    assert text.classify("foo_bar") == "FooBar"
    assert text.capitalize_remove_underscore_lower("FOO_BAR") == "Foo bar"
    assert [text.is_number(value) for value in ("1.5", "1e5", "x", "", None)] == [True, True, False, False, False]
    assert [text.is_json(value) for value in ("{}", "[1]", "1", "x", None)] == [{}, [1], False, False, False]
    assert [text.string_to_number(value) for value in ("1", "1.5", "x", "")] == [1, 1.5, "x", ""]
    assert [text.singularize(word) for word in ("users", "stories", "class", "buses")] == [
        "user",
        "story",
        "class",
        "bus",
    ]
    assert text.remove_extension_from_filename("x/a.b.py") == "x/a"
    assert text.to_ordinal_integers("abc") == [1, 2, 3]
    assert text.size_of_string("é") == 2
