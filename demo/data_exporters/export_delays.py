from pathlib import Path

from penstock import data_exporter


@data_exporter
def export_delays(by_carrier, by_hour, by_weather, **kwargs):
    """Write each table as Parquet and as CSV into `output_dir`."""
    folder = Path(kwargs["output_dir"]).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"by_carrier": by_carrier, "by_hour": by_hour, "by_weather": by_weather}
    for name, table in tables.items():
        table.to_parquet(folder / f"delays_{name}.parquet", index=False)
        table.to_csv(folder / f"delays_{name}.csv", index=False)
    kwargs["logger"].info(f"{len(tables)} tables written to {folder}")
    return {"folder": str(folder), "rows": {name: len(table) for name, table in tables.items()}}
