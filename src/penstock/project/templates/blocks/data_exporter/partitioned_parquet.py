from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from penstock import data_exporter

FOLDER = "output/by_country"
PARTITION_BY = ["country"]


@data_exporter
def partitioned_parquet(frame, *args, **kwargs):
    """A folder of Parquet files, one sub-folder per value: country=NO/. Partitions that get rows are replaced."""
    ds.write_dataset(
        pa.Table.from_pandas(frame, preserve_index=False),
        Path(kwargs["repo_path"]) / FOLDER,
        format="parquet",
        partitioning=PARTITION_BY,
        partitioning_flavor="hive",
        existing_data_behavior="delete_matching",
    )
