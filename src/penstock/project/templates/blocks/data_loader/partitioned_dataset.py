from pathlib import Path

import pyarrow.dataset as ds

from penstock import data_loader

FOLDER = "data/by_country"


@data_loader
def partitioned_dataset(*args, **kwargs):
    """A folder of Parquet files partitioned by folders such as country=NO; only what the filter needs is read."""
    dataset = ds.dataset(Path(kwargs["repo_path"]) / FOLDER, format="parquet", partitioning="hive")
    return dataset.to_table(filter=ds.field("country") == "NO")
