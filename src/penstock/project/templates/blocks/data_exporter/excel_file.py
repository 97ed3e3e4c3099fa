from pathlib import Path

import pandas as pd

from penstock import data_exporter

FILE = "output/report.xlsx"


@data_exporter
def excel_file(*frames, **kwargs):
    """An Excel file with a sheet per upstream."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with pd.ExcelWriter(path) as book:
        for number, frame in enumerate(frames, start=1):
            frame.to_excel(book, sheet_name=f"sheet {number}", index=False)
