"""An old place of `mage_ai.io`, which Mage itself no longer has."""

from penstock.sdk.io.file import FileIO
from penstock.sdk.io.postgres import Postgres
from penstock.sdk.io.unbuilt import client

AzureBlobStorage = client("AzureBlobStorage")
BigQuery = client("BigQuery")
GoogleCloudStorage = client("GoogleCloudStorage")
MySQL = client("MySQL")
Redshift = client("Redshift")
S3 = client("S3")
Snowflake = client("Snowflake")

__all__ = [
    "S3",
    "AzureBlobStorage",
    "BigQuery",
    "FileIO",
    "GoogleCloudStorage",
    "MySQL",
    "Postgres",
    "Redshift",
    "Snowflake",
]
