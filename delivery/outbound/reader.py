"""Reads one answer after another out of the bytes of a connection, within limits. No sockets, no clock."""

import httptools

from delivery.outbound.answer import MAX_HEADER_BYTES, MAX_HEADERS, MAX_RAW_BODY_BYTES
from delivery.outbound.errors import Fault


class AnswerError(Exception):
    """The bytes are no HTTP answer, or its headers are too long."""

    def __init__(self, code: Fault) -> None:
        super().__init__(code)
        self.code: Fault = code


class AnswerReader:
    """Feeds llhttp and keeps what it reports.

    Once the final headers are in, nothing that follows can fail the answer: it is then at worst truncated.
    """

    __slots__ = (
        "_body_room",
        "_has_headers",
        "_is_chunked",
        "_is_head",
        "_is_sized",
        "_parser",
        "_pieces",
        "_room",
        "encoding",
        "headers",
        "is_complete",
        "is_reusable",
        "is_truncated",
        "status",
    )

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        # Partners' home-made servers end lines with a bare LF, fold headers, put bytes into them that do not belong
        # there or send both framings. The status is plain all the same, and failing it would send the lead twice.
        # Dangerous is this for servers and proxies; here a partner can only confuse the answers to its own URL.
        self._parser.set_dangerous_leniencies(lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_chunked_length=True)
        self.start(is_head=False)

    def start(self, *, is_head: bool) -> None:
        """Makes ready for the answer to the next request."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.encoding = b""
        self.is_complete = self.is_truncated = self.is_reusable = False
        self._pieces: list[bytes] = []
        self._room = MAX_HEADER_BYTES
        self._body_room = MAX_RAW_BODY_BYTES
        self._is_head = is_head
        self._has_headers = self._is_sized = self._is_chunked = False

    @property
    def body(self) -> bytes:
        return b"".join(self._pieces)

    def feed(self, data: bytes) -> bool:
        """Takes in bytes; True once the answer is whole, or as much of it as is wanted. Raises AnswerError."""
        if len(data) > self._room:
            return self._feed_up_to_the_limit(data)
        self._room -= len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_reusable = False
            if not self._has_headers:
                raise AnswerError("protocol") from None
            self._cut()
        return self.is_complete

    def finish(self) -> bool:
        """The connection has ended: True if there is an answer all the same."""
        if self._has_headers and not self.is_complete:
            self.is_complete = True
            # With neither length nor chunks, the end of the connection is the end of the body (RFC 9112, 6.3).
            self.is_truncated = self._is_sized or self._is_chunked
        return self._has_headers

    def _feed_up_to_the_limit(self, data: bytes) -> bool:
        room = self._room
        if self.feed(data[:room]):
            return True
        if not self._has_headers:
            raise AnswerError("too_large_headers")
        if self._room:  # the headers ended within this piece, which opened the room for the body
            return self.feed(data[room:])
        self._cut()
        return True

    def _cut(self) -> None:
        if not self.is_complete:
            self.is_complete = self.is_truncated = True

    # What llhttp reports. An exception in here reaches `feed` as an HttpParserError.

    def on_message_begin(self) -> None:
        if self.is_complete:
            self.is_reusable = False  # a second answer that nobody asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the final headers these are trailers, after the end another answer: neither is wanted.
        if not self._has_headers and len(self.headers) < MAX_HEADERS:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._has_headers:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:  # llhttp itself ends at a switch of protocols
            self.headers.clear()
            return
        if status < 100:
            raise AnswerError("protocol")
        self.status = status
        self._has_headers = True
        self._room = MAX_RAW_BODY_BYTES
        for name, value in self.headers:
            match name.lower():
                case b"content-encoding":
                    self.encoding = value.strip().lower()
                case b"content-length":
                    self._is_sized = True
                case b"transfer-encoding":
                    self._is_chunked = True
        if self._is_head:
            self.is_complete = True

    def on_body(self, piece: bytes) -> None:
        if self.is_complete:
            return
        self._body_room -= len(piece)
        if self._body_room >= 0:
            self._pieces.append(piece)
            return
        self._pieces.append(piece[: self._body_room])
        self._cut()

    def on_message_complete(self) -> None:
        if self._has_headers and not self.is_complete:
            self.is_complete = True
            # Both framings at once end the connection (RFC 9112, 6.3).
            self.is_reusable = self._parser.should_keep_alive() and not (self._is_sized and self._is_chunked)
