"""However the network cuts an answer into pieces, it reads the same."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.outbound.reader import AnswerError, AnswerReader

ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
    b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
)
Reading = tuple[int, list[tuple[bytes, bytes]], bytes, bool, bool]


def read(pieces: list[bytes]) -> Reading:
    reader = AnswerReader()
    for piece in pieces:
        reader.feed(piece)
    assert reader.is_complete
    return reader.status, reader.headers, reader.body, reader.is_truncated, reader.is_reusable


@given(st.sampled_from(ANSWERS), st.lists(st.integers(min_value=0, max_value=140), max_size=8))
def test_pieces_do_not_matter(answer: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(edges) if start < end]
    assert read(pieces) == read([answer])


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_arbitrary_bytes_give_an_answer_an_error_or_a_wait(pieces: list[bytes]) -> None:
    reader = AnswerReader()
    with suppress(AnswerError):
        for piece in pieces:
            reader.feed(piece)
    assert reader.status >= 200 or not reader.is_complete


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_follows_the_headers_cannot_fail_the_answer(first: bytes, second: bytes) -> None:
    reader = AnswerReader()
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    reader.feed(first)
    reader.feed(second)
    assert reader.finish()
    assert reader.status == 200


@pytest.mark.parametrize("answer", ANSWERS[:3])
def test_one_reader_reads_one_answer_after_another(answer: bytes) -> None:
    reader = AnswerReader()
    for _ in range(3):
        reader.start(is_head=False)
        assert reader.feed(answer)
        assert reader.is_reusable


def test_no_more_than_64_kib_of_a_body_are_held() -> None:
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 200_000)
    assert reader.body == b"a" * 65_536
    assert reader.is_truncated
    assert not reader.is_reusable
