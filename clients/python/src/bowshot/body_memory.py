"""Memory for large bodies of record batches, which the socket writes and the batches point into."""

from __future__ import annotations

import mmap
from collections import deque

BYTES_MIN = 1 << 20
# A body's length is what a peer claims; beyond this, memory is taken as the bytes come.
BYTES_MAX = 64 << 20
SPARE = 2  # of a stream whose batches are dropped as they come: one is read, one is written
# The pages at once: a fault for each, one by one, costs as much as copying the bytes.
_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)


class BodyMemory:
    """Of one stream. Memory is used again when nothing points into it any more; what is still
    pointed into belongs to those who do. One thread's at a time."""

    def __init__(self) -> None:
        self._lent: deque[mmap.mmap] = deque(maxlen=SPARE)

    def take(self, size: int) -> memoryview:
        """`size` writable bytes, of any content."""
        memory = self._returned(size)
        if memory is None:
            try:
                memory = mmap.mmap(-1, size, flags=_FLAGS)
            except OSError as error:
                raise MemoryError(f"{size} bytes for a record batch: {error}") from error
        self._lent.append(memory)
        return memoryview(memory)

    def _returned(self, size: int) -> mmap.mmap | None:
        if len(self._lent) < SPARE:
            return None
        memory = self._lent.popleft()
        try:
            memory.resize(size)
        except (BufferError, SystemError):  # pointed into, by any slice of any view; no mremap()
            return None
        return memory
