"""In which encoding a file is written. Decided by every byte of it: a letter that is wrong in row 90,000 is wrong all the same."""

import codecs
from dataclasses import dataclass
from typing import BinaryIO

from accounts.faults import Fault, RefusedChangeError

# Python's codec by the name that people know.
CODECS = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "windows-1252": "cp1252",
    "iso-8859-1": "latin-1",
    "iso-8859-2": "iso8859-2",
    "iso-8859-15": "iso8859-15",
    "macintosh": "mac-roman",
}
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook (or another ZIP file); save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV",
    b"%PDF": "a PDF file; wanted CSV",
    b"\x1f\x8b": "compressed; unpack it first",
}
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Encoding:
    """name: one of CODECS. warning: what was assumed, in words; empty when nothing was."""

    name: str
    has_bom: bool
    warning: str = ""

    @property
    def codec(self) -> str:
        return CODECS[self.name]


@dataclass(frozen=True, slots=True)
class _Bad:
    position: int
    is_nul: bool


def find_encoding(file: BinaryIO, wanted: str | None) -> Encoding:
    """By the byte order mark, else UTF-8 if all of it is, else Windows-1252. wanted: one of CODECS, which it then must be. Raises RefusedChangeError."""
    file.seek(0)
    start = file.read(4)
    for signature, what in _SIGNATURES.items():
        if start.startswith(signature):
            raise RefusedChangeError([Fault("file", "not_csv", f"This is {what}.")])
    marked = next((name for mark, name in _BOMS.items() if start.startswith(mark)), None)
    name = wanted or marked or "utf-8"
    bad = _first_bad(file, name)
    if bad is None:
        return Encoding(name, has_bom=marked == name)
    if bad.is_nul or wanted or marked:
        raise _refusal(name, bad)
    if second := _first_bad(file, "windows-1252"):
        raise _refusal("windows-1252" if second.is_nul else "utf-8", second if second.is_nul else bad)
    detail = f"The file is not UTF-8 (byte {bad.position:,} is not); it was read as Windows-1252. Look whether accented letters are right."
    return Encoding("windows-1252", has_bom=False, warning=detail)


def _first_bad(file: BinaryIO, name: str) -> _Bad | None:
    """The first byte that cannot be read, counted from 1; None when all of it can."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(CODECS[name])()
    position = 0
    while chunk := file.read(_CHUNK):
        if name != "utf-16" and (nul := chunk.find(b"\x00")) >= 0:
            return _Bad(position + nul + 1, is_nul=True)
        position += len(chunk)
        if bad := _decode(decoder, chunk, position, is_last=False):
            return bad
    return _decode(decoder, b"", position, is_last=True)


def _decode(decoder: codecs.IncrementalDecoder, chunk: bytes, end: int, *, is_last: bool) -> _Bad | None:
    """end: how many bytes of the file there are up to the end of this chunk."""
    try:
        text = decoder.decode(chunk, is_last)
    except UnicodeDecodeError as error:
        # The decoder may hold the first bytes of a character from the chunk before.
        return _Bad(end - len(error.object) + error.start + 1, is_nul=False)
    nul = text.find("\x00")
    # Reached in UTF-16 alone: a unit of two bytes per character, but for the rare ones of four.
    return _Bad(end - len(text[nul:].encode("utf-16-le")) + 1, is_nul=True) if nul >= 0 else None


def _refusal(name: str, bad: _Bad) -> RefusedChangeError:
    if bad.is_nul:
        detail = f"Byte {bad.position:,} of the file is NUL, which no text holds; wanted CSV in UTF-8, or in UTF-16 with a byte order mark."
        return RefusedChangeError([Fault("file", "nul", detail)])
    detail = f"The file cannot be read as {name}: byte {bad.position:,} means nothing in it. Save it as CSV in UTF-8, or name its encoding."
    return RefusedChangeError([Fault("file", "encoding", detail)])
