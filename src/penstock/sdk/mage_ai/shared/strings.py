"""Mage's names for changing texts."""

from penstock.sdk.text import (
    camel_to_snake_case,
    capitalize_remove_underscore_lower,
    classify,
    format_enum,
    is_json,
    is_number,
    remove_extension_from_filename,
    replacer,
    singularize,
    size_of_string,
    string_to_number,
    to_ordinal_integers,
)

__all__ = [
    "camel_to_snake_case",
    "capitalize_remove_underscore_lower",
    "classify",
    "format_enum",
    "is_json",
    "is_number",
    "remove_extension_from_filename",
    "replacer",
    "singularize",
    "size_of_string",
    "string_to_number",
    "to_ordinal_integers",
]
