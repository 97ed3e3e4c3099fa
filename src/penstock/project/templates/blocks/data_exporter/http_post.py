import json
import urllib.request

from penstock import data_exporter

URL = "https://api.example.org/orders"
ROWS = 500
SECONDS = 30


@data_exporter
def http_post(frame, *args, **kwargs):
    """The rows sent to an API as JSON, so many at a time."""
    for start in range(0, len(frame), ROWS):
        batch = frame.iloc[start : start + ROWS]
        body = batch.to_json(orient="records", date_format="iso").encode()
        request = urllib.request.Request(URL, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            kwargs["logger"].info(f"{start + len(batch):,} of {len(frame):,} rows sent: {answer.status}")
    return json.loads(json.dumps({"rows": len(frame), "url": URL}))
