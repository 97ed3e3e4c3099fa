import pyarrow as pa
import pyarrow.compute as pc

from penstock import transformer


@transformer
def arrow_compute(frame, *args, **kwargs):
    """Filter and compute on an Arrow table, without pandas in between."""
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    table = table.filter(pc.greater_equal(table["quantity"], 2))
    return table.append_column("amount", pc.multiply(table["quantity"], table["price"]))
