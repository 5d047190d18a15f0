"""Rows out of bytes."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.faults import RefusedChangeError
from intake.imports.encoding import find_encoding
from intake.imports.reading import MAX_ROW_CHARACTERS, find_delimiter, read_rows

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12).filter(
    lambda cell: not cell.startswith(" ")
)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=5), min_size=1, max_size=12)


def cells_of(content: bytes, *, delimiter: str = ",", codec: str = "utf-8-sig") -> list[list[str]]:
    return [row.cells for row in read_rows(io.BytesIO(content), codec, delimiter)]


def fault_of(reading: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(RefusedChangeError) as caught:
        reading()
    (fault,) = caught.value.faults
    return fault.code, fault.detail


@given(
    table=TABLES,
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    codec=st.sampled_from(["utf-8-sig", "utf-16"]),
)
def test_what_was_written_is_read(table: list[list[str]], delimiter: str, end: str, codec: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    content = text.getvalue().encode(codec)
    encoding = find_encoding(io.BytesIO(content), None)
    assert cells_of(content, delimiter=delimiter, codec=encoding.codec) == table


def test_line_ends_may_be_mixed() -> None:
    assert cells_of(b"a,b\r1,2\n3,4\r\n5,6") == [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"]]


def test_a_quoted_cell_keeps_its_line_breaks() -> None:
    assert cells_of(b'a,b\n"one\r\ntwo\nthree\rfour",2\n') == [["a", "b"], ["one\r\ntwo\nthree\rfour", "2"]]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    rows = list(read_rows(io.BytesIO(b'a,b\n\n"x\ny",2\n,\n3,4\n'), "utf-8", ","))
    assert [(row.number, row.is_blank) for row in rows] == [(1, False), (2, True), (3, False), (4, True), (5, False)]


def test_a_quote_that_is_never_closed_is_told_with_its_place() -> None:
    code, detail = fault_of(lambda: cells_of(b'a,b\n"x\ny",2\n"open,3\n4,5\n'))
    assert (code, detail) == ("unclosed_quote", "Row 3, which begins in line 4, opens a quote that is never closed.")


@pytest.mark.parametrize("cell", [b"x" * (10 << 20), b'"' + b"x" * (10 << 20) + b'"', b'"' + b"x\n" * (5 << 20) + b'"'])
def test_a_cell_of_ten_megabytes_is_refused(cell: bytes) -> None:
    code, detail = fault_of(lambda: cells_of(b"a,b\n1,2\n" + cell + b",3\n"))
    assert code == "too_large"
    assert detail.startswith("Row 3, which begins in line 3, has ")


def test_a_row_of_many_large_cells_is_refused() -> None:
    cells = b",".join([b"x" * 100_000] * 11)
    limit = f"{MAX_ROW_CHARACTERS:,}"
    wanted = f"Row 2, which begins in line 2, has more than {limit} characters. Is a quote not closed?"
    assert fault_of(lambda: cells_of(b"a,b\n" + cells + b"\n")) == ("too_large", wanted)


def test_ten_thousand_columns_are_refused() -> None:
    code, detail = fault_of(lambda: cells_of(b",".join([b"x"] * 10_000)))
    assert (code, "has 10,000 cells; at most 500 columns are read" in detail) == ("too_many_columns", True)


@pytest.mark.parametrize(
    ("content", "name", "has_bom"),
    [
        ("naïve,ß\n".encode(), "utf-8", False),
        ("naïve,ß\n".encode("utf-8-sig"), "utf-8", True),
        ("naïve,ß\n".encode("utf-16"), "utf-16", True),
        (b"\xfe\xff" + "naïve,ß\n".encode("utf-16-be"), "utf-16", True),
        ("naïve,ß\n".encode("cp1252"), "windows-1252", False),
    ],
)
def test_the_encoding_is_found(content: bytes, name: str, *, has_bom: bool) -> None:
    encoding = find_encoding(io.BytesIO(content), None)
    assert (encoding.name, encoding.has_bom) == (name, has_bom)
    assert cells_of(content, codec=encoding.codec) == [["naïve", "ß"]]


def test_one_letter_near_the_end_of_a_large_file_decides() -> None:
    content = b"a,b\n" + b"1,2\n" * 300_000 + "ä,2\n".encode("cp1252")
    encoding = find_encoding(io.BytesIO(content), None)
    assert encoding.name == "windows-1252"
    assert "byte 1,200,005 is not" in encoding.warning


def test_a_named_encoding_must_hold() -> None:
    code, detail = fault_of(lambda: find_encoding(io.BytesIO("a,ä\n".encode("cp1252")), "utf-8"))
    assert (code, "cannot be read as utf-8: byte 3 means nothing" in detail) == ("encoding", True)


@pytest.mark.parametrize(
    ("content", "position"),
    [(b"a,b\n1,\x00\n", 7), (b"x" * 400_000 + b"\x00", 400_001), ("a,\x00".encode("utf-16"), 7), ("a,b".encode("utf-16-le"), 2)],
)
def test_nul_is_refused_with_its_place(content: bytes, position: int) -> None:
    code, detail = fault_of(lambda: find_encoding(io.BytesIO(content), None))
    assert (code, detail.partition(" of the file")[0]) == ("nul", f"Byte {position:,}")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "This is an Excel workbook (or another ZIP file); save it as CSV."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "This is an old Excel workbook; save it as CSV."),
        (b"%PDF-1.7", "This is a PDF file; wanted CSV."),
        (b"\x1f\x8b\x08\x00", "This is compressed; unpack it first."),
    ],
)
def test_other_kinds_of_files_are_known(content: bytes, detail: str) -> None:
    assert fault_of(lambda: find_encoding(io.BytesIO(content), None)) == ("not_csv", detail)


def test_the_first_line_may_say_the_delimiter() -> None:
    assert find_delimiter(io.BytesIO(b"sep=;\r\na,b;c\r\n"), "utf-8") == (";", True)
