"""Places in an answer, by the part of JSONPath that is safe with anybody's text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.webhook.json_path import PathError, compile_path

DOCUMENT = {
    "result": {"status": "accepted", "größe": 1, "a-b": {"": 2}},
    "leads": [{"id": 7, "price": 1.5}, {"id": 8}, 3, None],
    "*": "star",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [DOCUMENT]),
        ("$.result.status", ["accepted"]),
        ("$.result.größe", [1]),
        ("$['result'][\"status\"]", ["accepted"]),
        ("$.result['a-b']['']", [2]),
        ("$.leads[0].id", [7]),
        ("$.leads[-1]", [None]),
        ("$[ 'leads' ][ 1 ].id", [8]),
        ("$.leads[*].id", [7, 8]),
        ("$.leads.*.id", [7, 8]),
        ("$.result[*]", ["accepted", 1, {"": 2}]),
        ("$['*']", ["star"]),
        ("$.leads[4]", []),
        ("$.leads[-5]", []),
        ("$.leads.id", []),
        ("$.result[0]", []),
        ("$.result.status.x", []),
        ("$.result.status[*]", []),
        ("$.gone.further[0][*]", []),
    ],
)
def test_what_a_path_names(path: str, found: list[Any]) -> None:
    assert list(compile_path(path)(DOCUMENT)) == found


@pytest.mark.parametrize(
    "path",
    ["", "result", "$.", "$..id", "$[", "$[]", "$[01]", "$[-0]", "$[1:2]", "$[?(@.id)]", "$['a", "$['a\\'b']", "$[1e3]", "$ .a", "$.a ", "$.1",
     "$" + ".a" * 21, "$." + "a" * 200, "$[9999999]", "$.a\n"],
)  # fmt: skip
def test_what_is_no_path_or_none_of_ours(path: str) -> None:
    with pytest.raises(PathError):
        compile_path(path)


def test_the_place_that_cannot_be_read_is_named() -> None:
    with pytest.raises(PathError, match=r"^cannot be read from character 4 on; a step is"):
        compile_path("$.a..b")


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=20,
)


@given(document=documents, path=st.lists(st.sampled_from([".a", ".b", "[0]", "[-1]", "[*]"]), max_size=6).map("".join))
def test_no_document_upsets_a_path(document: Any, path: str) -> None:
    assert isinstance(list(compile_path(f"${path}")(document)), list)
