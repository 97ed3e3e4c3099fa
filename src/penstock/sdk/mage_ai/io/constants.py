"""Constants of exports."""

from penstock.connect.sql.reserved import RESERVED as SQL_RESERVED_WORDS
from penstock.connect.sql.write import OnConflict

UNIQUE_CONFLICT_METHOD_IGNORE = OnConflict.IGNORE.value
UNIQUE_CONFLICT_METHOD_UPDATE = OnConflict.UPDATE.value
SQL_RESERVED_WORDS_SUBSET = SQL_RESERVED_WORDS

__all__ = [
    "SQL_RESERVED_WORDS",
    "SQL_RESERVED_WORDS_SUBSET",
    "UNIQUE_CONFLICT_METHOD_IGNORE",
    "UNIQUE_CONFLICT_METHOD_UPDATE",
]
