import json
import os
import urllib.request

from penstock import data_exporter

ADDRESS_VARIABLE = "CHAT_WEBHOOK"
SECONDS = 30


@data_exporter
def chat_message(frame, *args, **kwargs):
    """A message to Slack, Teams or Mattermost through an incoming webhook, whose address is in the environment."""
    text = f"{kwargs['pipeline_uuid']}: {len(frame):,} rows"
    request = urllib.request.Request(
        os.environ[ADDRESS_VARIABLE],
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        kwargs["logger"].info(f"the webhook answered {answer.status}")
