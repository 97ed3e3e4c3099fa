"""Mage's names for conversions to frames and to JSON."""

from penstock.sdk.conversion import convert_matrix_to_dataframe, deserialize_matrix, encode_complex, serialize_matrix

__all__ = ["convert_matrix_to_dataframe", "deserialize_matrix", "encode_complex", "serialize_matrix"]
