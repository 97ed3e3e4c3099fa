"""An old place of `mage_ai.io`, which Mage itself no longer has."""

from penstock.sdk.absent import Absent

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

AzureBlobStorage = Absent(
    "AzureBlobStorage", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO."
)
BigQuery = Absent("BigQuery", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO.")
FileIO = Absent("FileIO", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO.")
GoogleCloudStorage = Absent(
    "GoogleCloudStorage", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO."
)
MySQL = Absent("MySQL", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO.")
Postgres = Absent("Postgres", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO.")
Redshift = Absent("Redshift", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO.")
S3 = Absent("S3", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO.")
Snowflake = Absent("Snowflake", "Import it from mage_ai.io, for example: from mage_ai.io.file import FileIO.")
