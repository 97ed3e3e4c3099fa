from penstock import transformer

COLUMN = "email"
PATTERN = r"(?P<user>[^@]+)@(?P<domain>.+)"


@transformer
def extract_from_text(frame, *args, **kwargs):
    """A new column for each named part of a regular expression."""
    return frame.join(frame[COLUMN].str.extract(PATTERN))
