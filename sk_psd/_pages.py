"""Give back the pages of a file mapped into memory, as it may exceed the memory."""

import mmap

import numpy as np

__all__ = ["release_pages"]


def release_pages(X):
    """Let go of what was read of a file mapped into memory, as it may exceed it.

    Parameters
    ----------
    X : ndarray or Tensor
        Left as it is unless it is a view of a :class:`numpy.memmap` that reads from
        its file and writes to it. Other maps may hold values that are in no file.
    """
    mapped, base = None, X
    while isinstance(base, np.ndarray):
        mapped = base if isinstance(base, np.memmap) else mapped
        base = base.base
    shared = mapped is not None and mapped.mode in ("r", "r+", "w+")
    if shared and isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)  # there is none on Windows
