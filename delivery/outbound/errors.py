"""Why no answer came, as a code for filters and a sentence for people."""

import errno
import ssl
from typing import Literal

from delivery.outcome import Timings

Fault = Literal[
    "dns",
    "dns_timeout",
    "blocked_address",
    "blocked_port",
    "connect",
    "connect_timeout",
    "proxy",
    "tls",
    "timeout",
    "reset",
    "protocol",
    "too_large_headers",
]

NOT_RETRYABLE: frozenset[Fault] = frozenset({"blocked_address", "blocked_port"})


class OutboundError(Exception):
    """No final status and headers arrived.

    code: one of Fault. reason: one sentence a dashboard user understands. address: what was dialled, `ip:port`, or empty.
    """

    def __init__(self, code: Fault, reason: str, *, timings: Timings | None = None, address: str = "") -> None:
        super().__init__(reason)
        self.code: Fault = code
        self.reason = reason
        self.timings = timings or Timings()
        self.address = address

    @property
    def is_retryable(self) -> bool:
        return self.code not in NOT_RETRYABLE


# X509_V_ERR_* of OpenSSL's x509_vfy.h; the standard library exposes the number and no names.
_CERTIFICATE_SENTENCES = {
    9: "The certificate of {host} is not valid yet.",
    10: "The certificate of {host} has expired.",
    18: "The certificate of {host} is self-signed.",
    19: "The certificate of {host} comes from an unknown authority.",
    20: "The certificate of {host} comes from an unknown authority, or the server does not send the certificates in between.",
    21: "The certificate of {host} comes from an unknown authority, or the server does not send the certificates in between.",
    23: "The certificate of {host} was revoked.",
    62: "The certificate of {host} is for another name.",
    64: "The certificate of {host} is for another address.",
}
_TLS_SENTENCES = {
    "UNSUPPORTED_PROTOCOL": "{host} only speaks TLS older than 1.2, which is no longer safe.",
    "TLSV1_ALERT_PROTOCOL_VERSION": "{host} only speaks TLS older than 1.2, which is no longer safe.",
    "WRONG_VERSION_NUMBER": "{host} does not speak TLS on this port; the URL may have to begin with http://.",
    "RECORD_LAYER_FAILURE": "{host} does not speak TLS on this port; the URL may have to begin with http://.",
    "HTTP_REQUEST": "{host} does not speak TLS on this port; the URL may have to begin with http://.",
    "TLSV1_UNRECOGNIZED_NAME": "{host} has no certificate for that name.",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "{host} asks for a client certificate.",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "{host} refused the TLS handshake.",
    "UNEXPECTED_EOF_WHILE_READING": "{host} closed the connection during the TLS handshake.",
}


def tls_reason(error: Exception, host: str) -> str:
    """A sentence for a TLS handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = _CERTIFICATE_SENTENCES.get(error.verify_code)
        return sentence.format(host=host) if sentence else f"The certificate of {host} is not valid: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        sentence = _TLS_SENTENCES.get(error.reason or "")
        words = (error.reason or "unknown fault").replace("_", " ").lower()
        return sentence.format(host=host) if sentence else f"The TLS handshake with {host} failed: {words}."
    return f"{host} closed the connection during the TLS handshake."


def connect_reason(error: OSError, host: str, port: int) -> str:
    """A sentence for a TCP connection that was not established."""
    match error.errno:
        case errno.ECONNREFUSED:
            return f"{host} refuses connections on port {port}."
        case errno.ENETUNREACH | errno.EHOSTUNREACH | errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return f"There is no route to {host}."
        case errno.EMFILE | errno.ENFILE | errno.ENOBUFS | errno.ENOMEM:
            return "Leadflip has too many connections open at the moment."
    return f"No connection to {host} on port {port} could be made."
