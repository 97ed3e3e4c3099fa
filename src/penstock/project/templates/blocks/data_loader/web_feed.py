import urllib.request
import xml.etree.ElementTree as ET

import pandas as pd

from penstock import data_loader

URL = "https://example.org/feed.xml"
FIELDS = ["title", "link", "pubDate"]
SECONDS = 30


@data_loader
def web_feed(*args, **kwargs):
    """The entries of an RSS feed, one row each."""
    with urllib.request.urlopen(URL, timeout=SECONDS) as answer:
        root = ET.fromstring(answer.read())
    return pd.DataFrame([{field: item.findtext(field) for field in FIELDS} for item in root.iter("item")])
