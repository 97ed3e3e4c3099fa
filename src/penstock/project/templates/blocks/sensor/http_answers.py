import urllib.error
import urllib.request

from penstock import sensor

URL = "https://api.example.org/health"
SECONDS = 10


@sensor
def http_answers(*args, **kwargs):
    """Waits until an address answers without an error."""
    try:
        with urllib.request.urlopen(URL, timeout=SECONDS) as answer:
            return answer.status < 400
    except (urllib.error.URLError, TimeoutError) as error:
        print(f"{URL}: {error}")
        return False
