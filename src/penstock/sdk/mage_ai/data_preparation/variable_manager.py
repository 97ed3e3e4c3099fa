"""Mage's names for variables of pipelines and outputs of blocks."""

from penstock.sdk.variables import (
    VariableManager,
    clean_variables,
    delete_global_variable,
    get_global_variable,
    get_global_variables,
    get_variable,
    set_global_variable,
)

__all__ = [
    "VariableManager",
    "clean_variables",
    "delete_global_variable",
    "get_global_variable",
    "get_global_variables",
    "get_variable",
    "set_global_variable",
]
