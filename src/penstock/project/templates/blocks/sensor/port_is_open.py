import socket

from penstock import sensor

HOST = "localhost"
PORT = 5432
SECONDS = 5


@sensor
def port_is_open(*args, **kwargs):
    """Waits until a server accepts connections."""
    try:
        with socket.create_connection((HOST, PORT), timeout=SECONDS):
            return True
    except OSError as error:
        print(f"{HOST}:{PORT}: {error}")
        return False
