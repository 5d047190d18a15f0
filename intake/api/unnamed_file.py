"""Where the bytes of an upload wait to be read: in a file without a name, which is gone with the process whatever happens to it.

Django's own would be a named file, in clear, that a killed process leaves behind.
"""

import tempfile
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest


class UnnamedFileHandler(FileUploadHandler):
    """Takes one file of a bounded request; `request` must not have been read."""

    def __init__(self, request: HttpRequest, *, max_bytes: int) -> None:
        super().__init__(request)
        self._max_bytes = max_bytes
        self._file: IO[bytes] | None = None

    def handle_raw_input(self, input_data: IO[bytes], META: Any, content_length: int, *args: Any) -> None:  # noqa: N803 - Django's name
        # A session's CSRF check reads the body before the view could look at its length.
        if content_length > self._max_bytes:
            raise RequestDataTooBig(f"The body has {content_length:,} bytes; at most {self._max_bytes:,} are read.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - the view closes it

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._file is not None  # new_file was called before
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        assert self._file is not None
        self._file.seek(0)
        return UploadedFile(self._file, self.file_name, self.content_type, file_size, self.charset)
