"""How values are stored: one module per library, found by the name of the value's library, imported only then.

What never lives here: files, manifests, paths. A codec turns a value into Arrow columns, bytes, JSON and further
values, and back. Start reading at `base`, then `registry`, then `pandas_frame`.
"""
