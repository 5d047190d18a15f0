"""A body that nobody read is read away, so that the connection can serve the client's next request.

A view that refuses a request early (401, 404, 413) leaves its body where it is. The server would close the connection behind the answer's back,
and the client's next request on it would fail without an answer.
"""

from collections.abc import Callable, Iterable
from typing import Any

_PIECE = 1 << 16


class ReadsToTheEnd:
    """A WSGI application around another. most: bytes that are read away at most; beyond that the connection is lost."""

    def __init__(self, application: Callable[..., Iterable[bytes]], *, most: int) -> None:
        self._application = application
        self._most = most

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._application(environ, start_response)
        unread = environ["wsgi.input"]
        for _ in range(0, self._most, _PIECE):
            if not unread.read(_PIECE):
                break
        return answer
