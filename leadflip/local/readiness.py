import contextlib
import socket


def http_status(port: int, path: str) -> int:
    """The status of one GET on this machine; 0 when nobody answers. By hand: HTTP clients are banned outside delivery.outbound."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    with contextlib.suppress(OSError, ValueError, IndexError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            return int(answer.readline(200).split()[1])
    return 0
