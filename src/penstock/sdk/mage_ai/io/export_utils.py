"""Looking at a frame before an export."""

from penstock.sdk.io.export_utils import (
    BadConversionError,
    PandasTypes,
    clean_df_for_export,
    clean_name,
    gen_table_creation_query,
    infer_dtypes,
)

__all__ = [
    "BadConversionError",
    "PandasTypes",
    "clean_df_for_export",
    "clean_name",
    "gen_table_creation_query",
    "infer_dtypes",
]
