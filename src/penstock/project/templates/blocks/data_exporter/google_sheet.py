from penstock import data_exporter
from penstock.sdk.io import ConfigFileLoader, GoogleSheets

PROFILE = "default"
SHEET_ID = "id of the sheet, from its address"
WORKSHEET = "Sheet1"


@data_exporter
def google_sheet(frame, *args, **kwargs):
    """One worksheet of a Google sheet."""
    sheets = GoogleSheets.with_config(ConfigFileLoader(profile=PROFILE))
    sheets.export(frame, sheet_id=SHEET_ID, worksheet_name=WORKSHEET)
