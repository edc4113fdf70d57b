"""Release of the memory pages of mapped files."""

import mmap

import numpy as np

__all__ = ["release_pages"]


def release_pages(X):
    """Release the memory that holds the values read of a mapped file.

    A file may be larger than the memory. Its values stay readable: the next access
    reads them from the file again.

    Parameters
    ----------
    X : ndarray or Tensor
        Only views of a :class:`numpy.memmap` of mode "r", "r+" or "w+" are released.
        Other maps may hold values that are in no file, and keep them.
    """
    # The first owner of the memory is the map of the operating system.
    mapped, base = None, X
    while isinstance(base, np.ndarray):
        mapped = base if isinstance(base, np.memmap) else mapped
        base = base.base
    shared = mapped is not None and mapped.mode in ("r", "r+", "w+")
    if shared and isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)  # not on Windows
