"""Stored outputs for a browser: the catalogue of products, and a process of its own that reads their data.

The server reads manifests only. Tables, charts and comparisons come from the reader process (`reader/`), which holds
pyarrow and DuckDB, never pandas, and never unpickles; `client` is this side of it.
"""
