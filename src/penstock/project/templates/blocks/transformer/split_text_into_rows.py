from penstock import transformer

COLUMN = "product"
SEPARATOR = " "


@transformer
def split_text_into_rows(frame, *args, **kwargs):
    """One row for each part of a text; the other columns repeat."""
    frame[COLUMN] = frame[COLUMN].str.split(SEPARATOR)
    return frame.explode(COLUMN, ignore_index=True)
