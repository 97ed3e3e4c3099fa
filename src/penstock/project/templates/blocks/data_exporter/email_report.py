import os
import smtplib
from email.message import EmailMessage

from penstock import data_exporter

HOST = "localhost"
PORT = 25
SENDER = "reports@example.org"
RECIPIENTS = ["team@example.org"]
PASSWORD_VARIABLE = "SMTP_PASSWORD"


@data_exporter
def email_report(frame, *args, **kwargs):
    """An e-mail with the first rows as a table and all rows attached as CSV."""
    message = EmailMessage()
    message["Subject"] = f"{kwargs['pipeline_uuid']}: {len(frame):,} rows"
    message["From"], message["To"] = SENDER, ", ".join(RECIPIENTS)
    message.set_content(frame.head(20).to_string(index=False))
    message.add_attachment(frame.to_csv(index=False), subtype="csv", filename="rows.csv")
    with smtplib.SMTP(HOST, PORT, timeout=30) as server:
        password = os.environ.get(PASSWORD_VARIABLE)
        if password:
            server.starttls()
            server.login(SENDER, password)
        server.send_message(message)
