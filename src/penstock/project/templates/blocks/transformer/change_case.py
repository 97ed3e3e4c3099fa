from penstock import transformer

COLUMNS = ["country", "product"]
CASE = "upper"


@transformer
def change_case(frame, *args, **kwargs):
    """Texts in upper, lower, title or capitalize case."""
    for name in COLUMNS:
        frame[name] = getattr(frame[name].str, CASE)()
    return frame
