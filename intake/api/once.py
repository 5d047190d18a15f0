"""Requests that may be sent twice: with `Idempotency-Key` the second is answered with what the first was, and nothing is done."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.views import AccountView, access_of
from intake.idempotency import Replay, keep_answer, take_key

HEADER = "Idempotency-Key"
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Done:
    """What a request is answered with, and the leads it brought."""

    answer: dict[str, Any]
    lead_ids: Sequence[UUID]


class OnceView(AccountView):
    def once(self, request: Request, work: Callable[[], Done]) -> Response:
        """Do the work, or answer as before. An answer that is an error is not kept: the request may come again, mended."""
        key = request.headers.get(HEADER)
        if key is None:
            return Response(work().answer)
        access = access_of(request)
        taken = take_key(access, key, path=request.path, body=self.body)
        if isinstance(taken, Replay):
            return Response(json.loads(taken.answer), headers={"Idempotent-Replayed": "true"})
        done = work()
        keep_answer(access, taken, _encode(done.answer).decode(), lead_ids=done.lead_ids)
        return Response(done.answer)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Read before DRF parses the stream, after its size was found good.
        self.body: bytes = request.body if HEADER in request.headers else b""
