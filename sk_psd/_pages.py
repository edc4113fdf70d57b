"""Reading of mapped files, whose memory pages are released."""

import mmap

import numpy as np

__all__ = ["is_mapped", "read_rows", "release_pages"]

# Linux maps up to this many bytes around the byte that is read.
_READ_AROUND = 2**16

# Rows at random places that are read at a time: each may map a huge page of 2 MB.
_FEW_ROWS = 8


def is_mapped(X):
    """Say whether an array lies in a mapped file whose pages can be released.

    Parameters
    ----------
    X : object
        Only views of a :class:`numpy.memmap` of mode "r", "r+" or "w+" count. Other
        maps may hold values that are in no file, and keep them.

    Returns
    -------
    is_mapped : bool
    """
    return _find_map(X) is not None


def release_pages(X):
    """Release the memory that holds the values of X, which were read of a mapped file.

    A file may be larger than the memory. Its values stay readable: the next access
    reads them from the file again.

    Parameters
    ----------
    X : ndarray or Tensor
        Nothing happens unless :func:`is_mapped` holds. The rest of the file stays.
    """
    mapped = _find_map(X)
    if mapped is not None and X.size:
        low, high = _bounds(X)
        _release(mapped, np.array([low]), np.array([high]))


def read_rows(X, rows):
    """Return a copy of some rows of X, and release their pages in a mapped file.

    Parameters
    ----------
    X : ndarray, Tensor or RowView of shape (n_samples, ...)

    rows : int64 ndarray of shape (n_rows,)

    Returns
    -------
    values : ndarray or Tensor of shape (n_rows, ...)
    """
    mapped = _find_map(X)
    if mapped is None:
        return X[rows]
    values = np.empty((len(rows), *X.shape[1:]), X.dtype)
    low, high = _bounds(X[0])
    for first in range(0, len(rows), _FEW_ROWS):
        few = rows[first : first + _FEW_ROWS]
        values[first : first + _FEW_ROWS] = X[few]
        steps = np.sort(few % len(X) * X.strides[0])
        _release(mapped, low + steps, high + steps)
    return values


def _find_map(X):
    """Return the map of the operating system that holds X, or None."""
    # A view names its array as its base, down to the map, which owns the memory.
    array, base = None, X  # the memmap that is nearest to the map, and the base
    while isinstance(base, np.ndarray):
        array = base if isinstance(base, np.memmap) else array
        base = base.base
    is_shared = array is not None and array.mode in ("r", "r+", "w+")
    can_release = hasattr(mmap, "MADV_DONTNEED")  # not on Windows
    return base if is_shared and can_release and isinstance(base, mmap.mmap) else None


def _address(X):
    """Return the address of the first value of X."""
    return X.__array_interface__["data"][0]


def _bounds(X):
    """Return the address of the first byte of X, and that after the last one."""
    steps = [(n - 1) * stride for n, stride in zip(X.shape, X.strides, strict=True)]
    low = _address(X) + sum(min(step, 0) for step in steps)
    return low, low + sum(map(abs, steps)) + X.itemsize


def _release(mapped, low, high):
    """Release all pages between some addresses, which ascend, and those around."""
    first = _address(np.frombuffer(mapped, np.uint8))
    low = np.maximum(low // _READ_AROUND * _READ_AROUND - first, 0)
    high = np.minimum(-(-high // _READ_AROUND) * _READ_AROUND - first, len(mapped))
    # Spans that touch are released by one call.
    starts = np.flatnonzero(np.append(True, low[1:] > high[:-1]))
    ends = np.append(starts[1:], len(low)) - 1
    for start, end in zip(low[starts].tolist(), high[ends].tolist(), strict=True):
        start -= start % mmap.PAGESIZE
        mapped.madvise(mmap.MADV_DONTNEED, start, end - start)
