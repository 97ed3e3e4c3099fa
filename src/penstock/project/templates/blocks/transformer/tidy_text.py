from penstock import transformer

COLUMNS = ["customer", "product"]


@transformer
def tidy_text(frame, *args, **kwargs):
    """Texts without spaces at the ends or twice in a row; empty ones become missing."""
    for name in COLUMNS:
        texts = frame[name].str.strip().str.replace(r"\s+", " ", regex=True)
        frame[name] = texts.mask(texts == "")
    return frame
