import hashlib
import os

from penstock import transformer

COLUMNS = ["email"]
SALT_VARIABLE = "HASH_SALT"


@transformer
def hide_personal_data(frame, *args, **kwargs):
    """Values replaced by a keyed hash: equal ones stay equal, and nobody can read them back without the salt."""
    salt = os.environ.get(SALT_VARIABLE, "")
    if not salt:
        kwargs["logger"].warning(f"{SALT_VARIABLE} is not set: guessed values could be recognised by their hash")

    def hidden(value):
        return hashlib.blake2b(str(value).encode(), key=salt.encode()[:64], digest_size=12).hexdigest()

    for name in COLUMNS:
        frame[name] = frame[name].map(hidden, na_action="ignore")
    return frame
