import json
import urllib.request

from penstock import sensor

URL = "https://api.example.org/export"
FIELD = "state"
VALUE = "finished"
SECONDS = 10


@sensor
def http_value(*args, **kwargs):
    """Waits until a field of a JSON answer has a value: an export that is finished, a job that is done."""
    with urllib.request.urlopen(URL, timeout=SECONDS) as answer:
        found = json.load(answer).get(FIELD)
    print(f"{FIELD} is {found!r}")
    return found == VALUE
