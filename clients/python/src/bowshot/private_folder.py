"""A folder for as long as what it is for."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref


class PrivateFolder:
    """A temporary folder, removed by `remove()`, with the last reference to this object, or when
    the process that made it exits. A forked child never removes it, as
    tempfile.TemporaryDirectory does."""

    def __init__(self) -> None:
        self.name = tempfile.mkdtemp(prefix="bowshot-")
        self._finalizer = weakref.finalize(self, _remove, self.name, os.getpid())

    def remove(self) -> None:
        """Idempotent; what cannot be removed is left."""
        self._finalizer()


def _remove(name: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(name, ignore_errors=True)
