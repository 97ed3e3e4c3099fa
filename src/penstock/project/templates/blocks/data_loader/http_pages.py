import json
import urllib.parse
import urllib.request

import pandas as pd

from penstock import data_loader

URL = "https://api.example.org/orders"
ROWS = 100
SECONDS = 30


@data_loader
def http_pages(*args, **kwargs):
    """A JSON API page by page until one is empty; each page is stored as it comes."""
    page = 1
    while True:
        query = urllib.parse.urlencode({"page": page, "per_page": ROWS})
        with urllib.request.urlopen(f"{URL}?{query}", timeout=SECONDS) as answer:
            records = json.load(answer)
        if not records:
            return
        kwargs["logger"].info(f"page {page}: {len(records)} records")
        yield pd.json_normalize(records)
        page += 1
