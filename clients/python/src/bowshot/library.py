"""libbowshot.so by ctypes: bowshot.h in Python, and no more. ctypes lets go of the GIL while the
library works."""

from __future__ import annotations

import ctypes
import json
import os
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

from bowshot.errors import Problem, StartError, local_error, make_error

ABI_VERSION = 1
_STREAM_CAPSULE = b"arrow_array_stream"


class ArrowArrayStream(ctypes.Structure):
    """https://arrow.apache.org/docs/format/CStreamInterface.html"""

    _fields_ = (
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )


ReadBody = ctypes.CFUNCTYPE(c_int64, c_void_p, c_void_p, c_size_t)


class HttpRequest(ctypes.Structure):
    """bowshot_request."""

    _fields_ = (
        ("method", c_char_p),
        ("target", c_char_p),
        ("headers", POINTER(c_char_p)),
        ("read_body", ReadBody),
        ("read_context", c_void_p),
    )


_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "bowshot_abi_version": (c_int32, []),
    "bowshot_version": (c_char_p, []),
    "bowshot_free": (None, [c_void_p]),
    "bowshot_open": (c_void_p, [c_char_p, POINTER(c_void_p)]),
    "bowshot_close": (None, [c_void_p]),
    "bowshot_stop_make": (c_void_p, []),
    "bowshot_stop_request": (None, [c_void_p]),
    "bowshot_stop_free": (None, [c_void_p]),
    "bowshot_query": (
        c_int32,
        [
            c_void_p,
            c_char_p,
            c_void_p,
            POINTER(ArrowArrayStream),
            POINTER(c_void_p),
            POINTER(c_void_p),
        ],
    ),
    "bowshot_publish": (
        c_int32,
        [c_void_p, c_char_p, c_void_p, c_void_p, POINTER(c_void_p)],
    ),
    "bowshot_encode": (
        c_void_p,
        [c_void_p, c_char_p, c_char_p, c_char_p, c_void_p, POINTER(c_void_p)],
    ),
    "bowshot_body_media_type": (c_char_p, [c_void_p]),
    "bowshot_body_coding": (c_char_p, [c_void_p]),
    "bowshot_body_length": (c_int64, [c_void_p]),
    "bowshot_body_next": (
        c_int64,
        [c_void_p, POINTER(c_void_p), POINTER(c_int64), POINTER(c_void_p)],
    ),
    "bowshot_body_free": (None, [c_void_p]),
    "bowshot_handle": (c_void_p, [c_void_p, POINTER(HttpRequest)]),
    "bowshot_answer_status": (c_int32, [c_void_p]),
    "bowshot_answer_headers": (POINTER(c_char_p), [c_void_p]),
    "bowshot_answer_next": (c_int64, [c_void_p, POINTER(c_void_p)]),
    "bowshot_answer_stop": (None, [c_void_p]),
    "bowshot_answer_free": (None, [c_void_p]),
}


def library_path() -> Path:
    """Where libbowshot.so is: BOWSHOT_LIBRARY, else in this package."""
    named = os.environ.get("BOWSHOT_LIBRARY")
    return Path(named) if named else Path(__file__).parent / "_native" / "libbowshot.so"


@cache
def library() -> ctypes.CDLL:
    """The library, loaded once. A StartError where it is not there or another one."""
    path = library_path()
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise local_error(
            StartError, "internal", f"libbowshot cannot be loaded: {error}"
        ) from error
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    version = loaded.bowshot_abi_version()
    if version != ABI_VERSION:
        detail = f"{path} speaks version {version} of the ABI, this package version {ABI_VERSION}"
        raise local_error(StartError, "internal", detail)
    return loaded


def take_text(pointer: c_void_p) -> str:
    """A text that the library handed out; it is freed."""
    if not pointer.value:
        return ""
    try:
        return ctypes.string_at(pointer.value).decode()
    finally:
        library().bowshot_free(pointer)


def raise_problem(problem: c_void_p) -> None:
    """The library's problem document as this package's exception."""
    text = take_text(problem)
    raise make_error(Problem.from_json(json.loads(text)) if text else Problem("internal", ""))


def stream_pointer(capsule: object) -> int:
    """The address of the stream in what `__arrow_c_stream__()` gave. The capsule owns it, and must
    live until the stream has been taken."""
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = c_void_p, [ctypes.py_object, c_char_p]
    return int(get_pointer(capsule, _STREAM_CAPSULE))


class EncodedTable:
    """A table as the bytes of one of the protocol's formats, on the caller's thread.

    `table` is anything with `__arrow_c_stream__`. `format` is a name of the protocol, or None: then
    the headers decide. Raises Error: `not_acceptable`, `bad_parameter`, `bad_data`. Close it.
    """

    def __init__(
        self,
        table: Any,
        *,
        format: str | None = None,
        accept: str = "",
        accept_encoding: str = "",
    ) -> None:
        self._library = library()
        self._stop = self._library.bowshot_stop_make()
        self._body = None
        capsule = table.__arrow_c_stream__()
        problem = c_void_p()
        self._body = self._library.bowshot_encode(
            stream_pointer(capsule),
            format.encode() if format is not None else None,
            accept.encode("latin-1"),
            accept_encoding.encode("latin-1"),
            self._stop,
            byref(problem),
        )
        if not self._body:
            self.close()
            raise_problem(problem)
        self.media_type = self._library.bowshot_body_media_type(self._body).decode()
        self.coding = self._library.bowshot_body_coding(self._body).decode()
        length = self._library.bowshot_body_length(self._body)
        self.length = None if length < 0 else int(length)

    def next(self) -> memoryview | None:
        """The next bytes, valid until the next call; None at the end. A BrokenTableError when the
        table fails."""
        bytes_at, last, problem = c_void_p(), c_int64(), c_void_p()
        count = self._library.bowshot_body_next(
            self._body, byref(bytes_at), byref(last), byref(problem)
        )
        if count < 0:
            end = ctypes.string_at(bytes_at.value or 0, last.value) if last.value else b""
            raise BrokenTableError(end, take_text(problem))
        if count == 0 or bytes_at.value is None:
            return None
        return memoryview((ctypes.c_char * count).from_address(bytes_at.value)).cast("B")

    def stop(self) -> None:
        """From any thread: next() ends with an error."""
        if self._stop:
            self._library.bowshot_stop_request(self._stop)

    def close(self) -> None:
        """Idempotent; not while another thread is in next()."""
        if self._body:
            self._library.bowshot_body_free(self._body)
            self._body = None
        if self._stop:
            self._library.bowshot_stop_free(self._stop)
            self._stop = None


class BrokenTableError(Exception):
    """A table that failed in the middle. `last` is what its reader is sent before the connection is
    broken, so that no part passes for the whole."""

    def __init__(self, last: bytes, problem: str) -> None:
        super().__init__(problem)
        self.last = last
