from penstock import data_loader
from penstock.sdk.io import ConfigFileLoader, GoogleSheets

PROFILE = "default"
SHEET_ID = "id of the sheet, from its address"
WORKSHEET = "Sheet1"


@data_loader
def google_sheet(*args, **kwargs):
    """One worksheet of a Google sheet."""
    sheets = GoogleSheets.with_config(ConfigFileLoader(profile=PROFILE))
    return sheets.load(sheet_id=SHEET_ID, worksheet_name=WORKSHEET)
