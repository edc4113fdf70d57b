"""Blocks of signals that fit the cache: their bounds, and their samples as tensors."""

import math
import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from sk_psd._arrays import is_complex

__all__ = ["Block", "is_single", "load_signals", "reuse_buffer", "split_into_tasks"]

# Bytes of the windowed segments of one block. The segments and their spectra then fit
# the cache of one core, so each step of the computation reads from the cache. Blocks of
# half this size take 1.0 to 1.2 times as long on a busy machine, as more calls are
# needed. On a GPU every block costs several kernel launches, so blocks are large there.
_BLOCK_BYTES = 2**21
_BLOCK_BYTES_GPU = 2**28

# Blocks of one task: enough that starting a task costs little beside it, and few enough
# that all threads get a share. Tasks of four take 1.04 to 1.09 times as long.
_TASK_BLOCKS = 8

# A long signal is split into a multiple of this many tasks.
_TASKS_PER_SIGNAL = 4


class Block(NamedTuple):
    """Bounds of a block: some rows of X, and some of their segments."""

    rows: slice
    segments: range

    @property
    def n_segments(self):
        """Number of segments in all rows together."""
        return (self.rows.stop - self.rows.start) * len(self.segments)


def split_into_tasks(n_rows, segments, window, *, split_rows):
    """Split signals into blocks, and these into tasks for threads.

    The result does not depend on the number of threads. The powers of a long signal are
    therefore added in the same order for every `n_jobs`, and give the same bits.

    Parameters
    ----------
    n_rows : int
        Number of signals.

    segments : Segments
        Plan of the segments.

    window : Tensor
        The segments are computed in the dtype and on the device of this tensor.

    split_rows : bool
        Whether the blocks of one long signal may lie in several tasks.

    Returns
    -------
    tasks : list of list of Block
        Either each block holds all segments of some rows, or each block holds some
        segments of one row. Blocks are in ascending order of rows and segments, and no
        task holds blocks of two rows that are split.
    """
    n_bytes = _BLOCK_BYTES if window.device.type == "cpu" else _BLOCK_BYTES_GPU
    # Segments that fit a block, with their padding.
    capacity = max(1, n_bytes // window.itemsize // segments.nfft)
    all_segments = range(segments.n_segments)
    if len(all_segments) <= capacity:
        height = capacity // len(all_segments)
        blocks = [
            Block(slice(first, min(first + height, n_rows)), all_segments)
            for first in range(0, n_rows, height)
        ]
        return _split_evenly(blocks, -(-len(blocks) // _TASK_BLOCKS))
    n_blocks = -(-len(all_segments) // capacity)
    spans = _split_evenly(all_segments, n_blocks)
    n_tasks = 1
    if split_rows and n_blocks >= 2 * _TASKS_PER_SIGNAL:
        n_tasks = _TASKS_PER_SIGNAL * max(
            1, n_blocks // (_TASKS_PER_SIGNAL * _TASK_BLOCKS)
        )
    return [
        [Block(slice(row, row + 1), span) for span in some_spans]
        for row in range(n_rows)
        for some_spans in _split_evenly(spans, n_tasks)
    ]


def _split_evenly(items, n_parts):
    """Split a sequence into parts of nearly equal length."""
    edges = [len(items) * i // n_parts for i in range(n_parts + 1)]
    return [items[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]


def is_single(X):
    """Return whether X holds float32 or complex64, of any byte order."""
    if isinstance(X, torch.Tensor):
        return X.dtype in (torch.float32, torch.complex64)
    return (X.dtype.kind, X.dtype.itemsize) in (("f", 4), ("c", 8))


class _Buffers(threading.local):
    """Memory of each thread that every block uses again, as fresh memory is slow."""

    def __init__(self):
        self.by_use = {}
        self.last_views = {}
        # This memory is freed at once and never used. In a new process the malloc of
        # glibc returns the memory of freed spectra to the system, and the next block
        # faults the pages in again, which takes up to half of the time. After an
        # allocation of this size is freed, malloc keeps up to twice as much memory.
        torch.empty(2**24, dtype=torch.uint8, device="cpu")


_buffers = _Buffers()


def reuse_buffer(use, shape, dtype):
    """Return memory that the calling thread uses again for each block.

    The values are valid until the same thread asks for memory of the same use and
    dtype. So a result that outlives its block must not be a view of this memory.

    Parameters
    ----------
    use : {"signals", "segments"}
        Memory of two uses does not overlap.

    shape : tuple of int

    dtype : torch.dtype

    Returns
    -------
    buffer : Tensor of shape `shape`
        On the CPU, with arbitrary values. Memory larger than a block is not kept.
    """
    # Most blocks have the shape of the previous one. A new view for each block would
    # take 5 % of the time, as calls are slow after an FFT has filled the cache.
    last = _buffers.last_views.get((use, dtype))
    if last is not None and last.shape == shape:
        return last
    size = math.prod(shape)
    if size * dtype.itemsize > _BLOCK_BYTES:
        return torch.empty(shape, dtype=dtype, device="cpu")
    buffer = _buffers.by_use.get((use, dtype))
    if buffer is None or len(buffer) < size:
        n_values = _BLOCK_BYTES // dtype.itemsize
        buffer = torch.empty(n_values, dtype=dtype, device="cpu")
        _buffers.by_use[use, dtype] = buffer
    view = _buffers.last_views[use, dtype] = buffer[:size].view(shape)
    return view


_NUMPY_DTYPES = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
    torch.complex64: np.dtype(np.complex64),
    torch.complex128: np.dtype(np.complex128),
}


def load_signals(X, task, segments, dtype):
    """Yield the samples of each block of a task, as tensors of the dtype to compute in.

    If `detrend` subtracts means, a typical sample is subtracted from rows that lie far
    from zero. The means of segments are then computed from numbers near zero, with
    smaller rounding errors. The sample need not be exact, as the means are subtracted
    later.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, n_times)

    task : list of Block

    segments : Segments
        Plan of the segments.

    dtype : torch.dtype

    Yields
    ------
    signals : Tensor of shape (n_rows, n_times_of_block)
        Read-only: the samples may share memory with X, or with the buffer "signals",
        which the next block overwrites.
    """
    blocks = [X[block.rows, _times(block.segments, segments)] for block in task]
    offsets = [None] * len(blocks)
    if segments.detrend in ("constant", "linear"):
        offsets = _find_offsets(blocks, dtype)
    for block, offset in zip(blocks, offsets, strict=True):
        if isinstance(block, torch.Tensor):
            signals = block.to(dtype)
            yield signals if offset is None else signals - offset
        else:
            yield _load_array(block, dtype, offset)


def _times(block_segments, segments):
    """Return the slice of a row that holds some of its segments."""
    first, last = block_segments[0], block_segments[-1]
    return slice(first * segments.step, last * segments.step + segments.nperseg)


def _load_array(block, dtype, offset):
    # torch warns of arrays that are read-only, and takes no negative strides.
    if offset is None and block.dtype == _NUMPY_DTYPES[dtype] and block.flags.writeable:
        if block.strides[1] == block.itemsize and block.strides[0] > 0:
            return torch.from_numpy(block)
    signals = reuse_buffer("signals", block.shape, dtype)
    if offset is None:
        np.copyto(signals.numpy(), block, casting="unsafe")
    else:
        np.subtract(block, offset, out=signals.numpy(), casting="unsafe")
    return signals


@lru_cache(maxsize=256)
def _sample_positions(n_times):
    """Return 16 to 64 positions in a row, at uneven distances.

    At even distances all samples of a spectral line could have the same phase.
    """
    n = min(n_times, max(16, min(64, n_times // 16)))
    jitter = np.arange(n) * (np.sqrt(5) - 1) / 2 % 1
    return ((np.arange(n) + jitter) * (n_times / n)).astype(np.int64)


def _find_offsets(blocks, dtype):
    """Return a typical value of each row of each block.

    All blocks of a task are read together. Block by block, after an FFT has filled the
    cache, these calls would take 7 % of the time.

    Returns
    -------
    offsets : list of (ndarray or Tensor of shape (n_rows, 1), or None)
        None if all rows of all blocks lie around zero.
    """
    positions = _sample_positions(min(block.shape[1] for block in blocks))
    if isinstance(blocks[0], torch.Tensor):
        places = torch.from_numpy(positions).to(blocks[0].device)
        found = _typical_values(torch.cat([b[:, places].to(dtype) for b in blocks]))
    else:
        sample = np.concatenate([block.take(positions, axis=1) for block in blocks])
        found = _typical_values(sample.astype(_NUMPY_DTYPES[dtype], copy=False))
    if found is None:
        return [None] * len(blocks)
    edges = np.cumsum([0] + [len(block) for block in blocks])
    return [found[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _typical_values(sample):
    """Return a typical value of each row, or None if all rows lie around zero.

    The value is the upper median of the finite values. A mean would follow a few
    spikes, codes of missing values or NaN, and cost all other values their digits. A
    row lies around zero if its median is at most twice the distance of its quartiles.
    Then the value is 0, so that the row stays as it is.

    Parameters
    ----------
    sample : ndarray or Tensor of shape (n_rows, n_values)

    Returns
    -------
    values : ndarray or Tensor of shape (n_rows, 1), or None
    """
    if is_complex(sample):
        parts = _typical_values(sample.real), _typical_values(sample.imag)
        if parts[0] is None and parts[1] is None:
            return None
        real, imag = (0 if part is None else part for part in parts)
        return real + 1j * imag
    xp = torch if isinstance(sample, torch.Tensor) else np
    ranked = _sort_rows(sample)
    n = ranked.shape[1]
    middle, spread = ranked[:, n // 2], 2 * (ranked[:, 3 * n // 4] - ranked[:, n // 4])
    if (abs(middle) <= spread).all():
        return None
    if not xp.isfinite(spread).all():  # use the finite values only, NaN comes last
        finite = xp.isfinite(ranked)
        ranked = _sort_rows(xp.where(finite, ranked, xp.nan))
        take = torch.take_along_dim if xp is torch else np.take_along_axis
        n, last = finite.sum(1), n - 1
        low, middle, high = (
            take(ranked, (n * i // 4).clip(0, last)[:, None], 1)[:, 0]
            for i in (1, 2, 3)
        )
        spread = 2 * (high - low)
    return xp.where(abs(middle) > spread, middle, 0)[:, None]


def _sort_rows(values):
    if isinstance(values, torch.Tensor):
        return torch.sort(values).values
    return np.sort(values)
