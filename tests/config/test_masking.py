"""Which values of the environment are secrets, and how they are hidden."""

from __future__ import annotations

from penstock.config.masking import HIDDEN, Mask, secrets_of


def test_names_tell_what_is_secret(tmp_path):
    key_file = tmp_path / "key.json"
    key_file.write_text("{}")
    environ = {
        "DB_PASSWORD": "hunter2-hunter2",
        "PGPASS": "elephant",
        "MY_API_KEY": "k-123456",
        "apikey": "lower-case-too",
        "GITHUB_TOKEN": "gh-abcdef",
        "AWS_SECRET_ACCESS_KEY": "aws/secret+key",
        "STRIPE_KEY": "sk-live-42",
        "SENTRY_DSN": "https://abcdef123@o1.example.com/2",
        "DATABASE_URL": "postgresql://ann:wo-rd%21s@db.example.com/sales",
        "SSH_PRIVATE_KEY": "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n-----END KEY-----",
        "PWD": "/home/ann/project",
        "HOME": "/home/ann",
        "KEYBOARD": "qwertyuiop",
        "COMPASS": "northward",
        "GOOGLE_APPLICATION_CREDENTIALS": str(key_file),
        "SHORT_TOKEN": "ab12",
    }
    assert secrets_of(environ) == {
        "hunter2-hunter2",
        "elephant",
        "k-123456",
        "lower-case-too",
        "gh-abcdef",
        "aws/secret+key",
        "sk-live-42",
        "https://abcdef123@o1.example.com/2",
        "wo-rd%21s",
        "MIIEpAIBAAKCAQEA",
    }


def test_the_longest_value_is_hidden_first_and_signs_mean_themselves():
    mask = Mask(["secret", "secret.more", "a(b"])
    assert mask("secret.more, secretXmore, a(b") == f"{HIDDEN}, {HIDDEN}Xmore, {HIDDEN}"


def test_a_text_without_secrets_stays_the_same_object():
    text = "rows: 12"
    assert Mask(["hunter2"])(text) is text
    assert Mask([])(text) is text
    assert not Mask([])
