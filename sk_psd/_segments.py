"""Periodograms of overlapping segments, in blocks of signals that stay in the cache."""

import math
import threading
from functools import lru_cache
from numbers import Integral

import numpy as np
import torch
from scipy import signal

from sk_psd._threads import map_in_threads
from sk_psd._validation import is_complex, release_pages

__all__ = ["Segments", "empty_result", "row_views"]

# Windowed segments of one block, in bytes: they and their spectra fit the cache of one
# core. On a GPU a block costs some launches of kernels, so there are few.
_BLOCK_BYTES = 2**21
_BLOCK_BYTES_GPU = 2**28
# Blocks of one task: enough to forget what a task costs, few enough to share out.
_TASK_BLOCKS = 4
# A row of many tasks is cut into a multiple of so many, for any number of threads.
_PIECES = 4


class Segments:
    """How signals are cut into segments, and these into the powers of frequencies.

    Parameters
    ----------
    n_times : int
        Length of the signals.

    fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling
        As in :func:`sk_psd.spectral.welch`.

    fmin, fmax : float, default=None
        Keep only the frequencies from `fmin` to `fmax`.

    Attributes
    ----------
    nperseg, step, nfft, n_segments : int
        Lengths in samples, and the number of segments of a signal.

    freqs : ndarray of shape (n_freqs,)
        The frequencies kept, in ascending order.
    """

    def __init__(
        self,
        n_times,
        fs=1.0,
        *,
        window="hann",
        nperseg=None,
        noverlap=None,
        nfft=None,
        detrend="constant",
        return_onesided=True,
        scaling="density",
        fmin=None,
        fmax=None,
    ):
        if not (np.isfinite(fs) and fs > 0):
            raise ValueError(f"fs must be positive and finite. Got {fs!r}.")
        if not (detrend is False or callable(detrend)) and not (
            isinstance(detrend, str) and detrend in ("constant", "linear")
        ):
            raise ValueError(
                "detrend must be 'constant', 'linear', False or a function. Got "
                f"{detrend!r}."
            )
        if scaling not in ("density", "spectrum"):
            raise ValueError(
                f"scaling must be 'density' or 'spectrum'. Got {scaling!r}."
            )
        for name, value in [
            ("nperseg", nperseg),
            ("noverlap", noverlap),
            ("nfft", nfft),
        ]:
            low = 0 if name == "noverlap" else 1
            if not (value is None or isinstance(value, Integral) and value >= low):
                raise ValueError(
                    f"{name} must be an int of at least {low}, or None. Got {value!r}."
                )
        self.nperseg = _find_nperseg(n_times, window, nperseg)
        self.nfft = self.nperseg if nfft is None else int(nfft)
        if self.nfft < self.nperseg:
            raise ValueError(
                f"nfft (={nfft}) must be at least nperseg (={self.nperseg}), or None."
            )
        noverlap = self.nperseg // 2 if noverlap is None else int(noverlap)
        if noverlap >= self.nperseg:
            raise ValueError(
                f"noverlap (={noverlap}) must be less than nperseg (={self.nperseg})."
            )
        self.step = self.nperseg - noverlap
        self.n_segments = (n_times - self.nperseg) // self.step + 1
        self.detrend = detrend
        self.onesided = return_onesided
        scaled = _known_window if isinstance(window, str) else _scaled_window
        self._window = scaled(window, self.nperseg, fs, scaling)
        if return_onesided:
            bins = np.arange(self.nfft // 2 + 1)
        else:
            bins = np.arange(-(self.nfft // 2), (self.nfft + 1) // 2)
        freqs = bins * (fs / self.nfft)
        low = -np.inf if fmin is None else fmin
        high = np.inf if fmax is None else fmax
        kept = (freqs >= low) & (freqs <= high)
        if not kept.any():
            raise ValueError(
                f"No frequency lies between fmin (={fmin}) and fmax (={fmax}). The "
                f"axis runs from {freqs[0]} to {freqs[-1]} Hz in {len(freqs)} bins."
            )
        self.freqs = freqs[kept]
        self._bins = bins[kept]

    def mean(self, X, out, n_jobs=None):
        """Write the mean powers of all segments.

        Parameters
        ----------
        X : ndarray or Tensor of shape (n_samples, n_times)
            Signals.

        out : ndarray or Tensor of shape (n_samples, n_freqs)
            To write to.

        n_jobs : int, default=None
            Number of threads.
        """
        window, select = self._prepare(X, divisor=self.n_segments)

        def work(task):
            total = None
            for rows, span, spectra in self._blocks(X, task, window):
                part = _sum_of_powers(spectra)
                if len(span) == self.n_segments:
                    _write(out, rows, select(part))
                else:  # in double precision, as this may be a long sum
                    total = part if total is None else total.double() + part
            return total

        total = None
        for (rows, span), part in self._run(work, X, window, n_jobs):
            if part is not None:
                total = part if total is None else total.double() + part
                if span.stop == self.n_segments:
                    _write(out, rows, select(total))
                    total = None

    def median(self, X, out, n_jobs=None):
        """Write the median powers of all segments, corrected for their bias.

        Parameters
        ----------
        X, out, n_jobs
            As in `mean`.

        Notes
        -----
        The bias is that for noise, from appendix B of Allen, B., et al. (2012),
        "FINDCHIRP: An algorithm for detection of gravitational waves from inspiraling
        compact binaries", Physical Review D, 85, 122006.
        """
        odd = np.arange(3, self.n_segments + 1, 2)
        bias = 1 + (1 / odd - 1 / (odd - 1)).sum()
        window, select = self._prepare(X, divisor=bias)

        def work(task):
            parts = []
            for rows, span, spectra in self._blocks(X, task, window):
                parts.append(_powers(spectra))
                if span.stop == self.n_segments:
                    _write(out, rows, select(_median(torch.cat(parts, 1))))
                    parts = []

        for _ in self._run(work, X, window, n_jobs, whole_rows=True):
            pass

    def each(self, X, out, n_jobs=None):
        """Write the powers of each segment.

        Parameters
        ----------
        X, n_jobs
            As in `mean`.

        out : ndarray or Tensor of shape (n_samples, n_freqs, n_segments)
            To write to.
        """
        window, select = self._prepare(X, divisor=1)

        def work(task):
            for rows, span, spectra in self._blocks(X, task, window):
                place = rows, slice(None), slice(span.start, span.stop)
                _write(out, place, select(_powers(spectra)).transpose(1, 2))

        for _ in self._run(work, X, window, n_jobs):
            pass

    def _run(self, work, X, window, n_jobs, whole_rows=False):
        """Yield the last block of each task and what `work` made of the task."""
        on_cpu = window.device.type == "cpu"
        n_bytes = _BLOCK_BYTES if on_cpu else _BLOCK_BYTES_GPU
        capacity = max(1, n_bytes // window.itemsize // self.nfft)
        tasks = self._tasks(len(X), capacity, whole_rows)

        def work_and_release(task):
            with np.errstate(over="ignore", invalid="ignore"):  # seen in the result
                result = work(task)
            release_pages(X)
            return result

        n_values = len(X) * self.n_segments * self.nfft
        results = (
            map_in_threads(work_and_release, tasks, n_values=n_values, n_jobs=n_jobs)
            if on_cpu
            else map(work_and_release, tasks)
        )
        for task, result in zip(tasks, results, strict=True):
            yield task[-1], result

    def _tasks(self, n_rows, capacity, whole_rows):
        """Lists of blocks (rows, range of segments), whatever the number of threads."""
        if self.n_segments <= capacity:
            height = capacity // self.n_segments
            blocks = [
                (slice(first, min(first + height, n_rows)), range(self.n_segments))
                for first in range(0, n_rows, height)
            ]
            return _groups(blocks, -(-len(blocks) // _TASK_BLOCKS))
        n_blocks = -(-self.n_segments // capacity)
        spans = _groups(range(self.n_segments), n_blocks)
        n_pieces = 1
        if n_blocks >= 2 * _PIECES and not whole_rows:
            n_pieces = _PIECES * max(1, n_blocks // (_PIECES * _TASK_BLOCKS))
        return [
            [(slice(row, row + 1), span) for span in piece]
            for row in range(n_rows)
            for piece in _groups(spans, n_pieces)
        ]

    def _blocks(self, X, task, window):
        """Yield rows, range of segments and spectra (R, S, F) of each block."""
        centre = self.detrend == "constant"
        for rows, span in task:
            first = span.start * self.step
            last = first + (len(span) - 1) * self.step + self.nperseg
            signals = _load(X[rows, first:last], window.dtype, centre)
            segments = self._detrend(signals)
            if window.is_complex():  # real and imaginary parts in turn
                parts = torch.view_as_real(segments).flatten(-2)
                torch.mul(parts, torch.view_as_real(window).flatten(), out=parts)
                spectra = torch.fft.fft(segments, n=self.nfft)
            else:
                torch.mul(segments, window, out=segments)
                spectra = torch.fft.rfft(segments, n=self.nfft)
            yield rows, span, spectra

    def _detrend(self, signals):
        """Return the detrended segments (R, S, N) of signals (R, T), contiguous."""
        segments = signals.unfold(-1, self.nperseg, self.step)
        if signals.device.type == "cpu":
            out = _memory("segments", segments.shape, segments.dtype)
        else:
            out = segments.new_empty(segments.shape)
        if self.detrend == "constant":
            return torch.sub(segments, self._means(signals).unsqueeze(-1), out=out)
        if self.detrend == "linear":
            middle = (self.nperseg - 1) / 2
            time = torch.arange(
                self.nperseg, dtype=torch.float64, device=signals.device
            )
            time -= middle
            slope = (segments * time).sum(-1, keepdim=True)
            slope /= float((time * time).sum()) or 1.0  # of a single sample
            line = segments.mean(-1, keepdim=True) + slope * time
            return torch.sub(segments, line, out=out)
        if self.detrend is False:
            return out.copy_(segments)
        # Of a copy, as the function may keep it, or compute spectra itself.
        given = np.array(segments.cpu().numpy())
        result = np.asarray(self.detrend(given))
        if result.shape != segments.shape or result.dtype.kind not in "fiu" + (
            "c" if segments.is_complex() else ""
        ):
            raise ValueError(
                "The function detrend must return detrended segments of the shape and "
                f"kind it is given, {tuple(segments.shape)} of {given.dtype}. Got "
                f"{result.shape} of {result.dtype}."
            )
        return out.copy_(torch.from_numpy(np.ascontiguousarray(result)))

    def _means(self, signals):
        """Return the mean of each segment (R, S), each sample read once if possible."""
        n_rows, n_times = signals.shape
        n_steps, rest = divmod(self.nperseg, self.step)
        if rest:
            return signals.unfold(-1, self.nperseg, self.step).mean(-1)
        steps = signals.reshape(n_rows, n_times // self.step, self.step).mean(-1)
        if n_steps == 2:
            return (steps[:, :-1] + steps[:, 1:]).mul_(0.5)
        return steps.unfold(-1, n_steps, 1).mean(-1)

    def _prepare(self, X, divisor):
        """Return the window in the dtype to compute in, and what makes the output.

        The window is a tensor on the device of X, of ``w + 1j * w`` for complex
        signals. The function picks the frequencies to keep and scales them.
        """
        on_device = isinstance(X, torch.Tensor)
        two_parts = is_complex(X)
        if two_parts and self.onesided:
            raise ValueError(
                "Complex data not supported with return_onesided=True: use "
                "return_onesided=False."
            )
        window = torch.from_numpy(self._window)
        # The slope of a trend would drown single precision.
        if _is_single(X) and (self.detrend == "constant" or self.detrend is False):
            window = window.to(torch.float32)
        dtype = window.dtype
        if two_parts:
            window = torch.complex(window, window)
        raw = self._bins % self.nfft if two_parts else np.abs(self._bins)
        weights = np.full(len(raw), 1 / divisor)
        if self.onesided:
            weights[(raw > 0) & (2 * raw < self.nfft)] *= 2
        weights, index = torch.from_numpy(weights).to(dtype), torch.from_numpy(raw)
        if on_device:
            window, weights = window.to(X.device), weights.to(X.device)
            index = index.to(X.device)
        if self.onesided and len(raw) == self.nfft // 2 + 1:
            index = slice(None)

        def select(powers):
            return powers[..., index] * weights

        return window, select


class _Memory(threading.local):
    """Buffers of each thread, used again for each block: fresh memory is slow.

    They hold a block, so a few megabytes; what is larger is not kept.
    """

    def __init__(self):
        self._buffers = {}

    def __call__(self, name, shape, dtype):
        """Return a tensor of this shape, with any values in it."""
        size = math.prod(shape)
        if size * dtype.itemsize > _BLOCK_BYTES:
            return torch.empty(shape, dtype=dtype, device="cpu")
        if (name, dtype) not in self._buffers:
            self._buffers[name, dtype] = torch.empty(
                _BLOCK_BYTES // dtype.itemsize, dtype=dtype, device="cpu"
            )
        return self._buffers[name, dtype][:size].view(shape)


_memory = _Memory()


def _load(block, dtype, centre):
    """Return rows as a tensor, with `centre` near zero, where numbers are finer."""
    if isinstance(block, torch.Tensor):
        signals = block.to(dtype)
        return signals - signals.mean(-1, keepdim=True) if centre else signals
    signals = _memory("signals", block.shape, dtype)
    array = signals.numpy()
    if centre:
        some = block[:, :: max(1, block.shape[1] // 64)]
        offset = np.add.reduce(some, axis=-1, keepdims=True, dtype=array.dtype)
        offset /= some.shape[1]
        np.subtract(block, offset, out=array, casting="unsafe")
    else:
        np.copyto(array, block, casting="unsafe")
    return signals


def _squares(spectra):
    """Square the real and imaginary parts in place, as (R, S, 2 F)."""
    return torch.view_as_real(spectra).flatten(-2).square_()


def _powers(spectra):
    """Return the powers (R, S, F) of spectra, which are lost."""
    return _add_parts(_squares(spectra))


def _sum_of_powers(spectra):
    """Return the sum of the powers over the segments (R, F) of spectra, then lost."""
    return _add_parts(_squares(spectra).sum(1))


def _add_parts(squares):
    return squares[..., 0::2] + squares[..., 1::2]


def _median(powers):
    """Return the median over the segments; torch's would be the lower of two."""
    return torch.from_numpy(np.median(powers.cpu().numpy(), axis=1)).to(powers)


def _write(out, place, values):
    out[place] = values if isinstance(out, torch.Tensor) else values.numpy()


def _groups(items, n_groups):
    """Cut a sequence into parts of nearly equal length."""
    edges = [len(items) * i // n_groups for i in range(n_groups + 1)]
    return [items[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _is_single(X):
    if isinstance(X, torch.Tensor):
        return X.dtype in (torch.float32, torch.complex64)
    return (X.dtype.kind, X.dtype.itemsize) in (("f", 4), ("c", 8))  # any byte order


def empty_result(X, *shape):
    """Return memory for results: an array or tensor like X of another last axis.

    Parameters
    ----------
    X : ndarray or Tensor of shape (..., n_times)

    *shape : int
        What takes the place of the last axis.

    Returns
    -------
    out : ndarray or Tensor of shape (..., *shape)
        Of float32 for float32 and complex64 signals, else of float64.
    """
    shape = *X.shape[:-1], *shape
    if isinstance(X, torch.Tensor):
        dtype = torch.float32 if _is_single(X) else torch.float64
        return torch.empty(shape, dtype=dtype, device=X.device)
    return np.empty(shape, np.float32 if _is_single(X) else np.float64)


def row_views(X, out):
    """Yield views of signals and of their results as rows, without a copy.

    Parameters
    ----------
    X : ndarray or Tensor of shape ([n_samples, [n_channels,]] n_times)

    out : ndarray or Tensor of shape ([n_samples, [n_channels,]] ...)
        C-contiguous.

    Yields
    ------
    rows : ndarray or Tensor of shape (n_rows, n_times)

    part : ndarray or Tensor of shape (n_rows, ...)
    """
    if X.ndim == 1:
        yield X[None], out[None]
    elif X.ndim == 2:
        yield X, out
    elif X.shape[0] and _stride(X, 0) == _stride(X, 1) * X.shape[1]:
        n_rows = X.shape[0] * X.shape[1]
        flat = X.reshape(n_rows, X.shape[-1])
        yield flat, out.reshape(n_rows, *out.shape[2:])
    else:
        for channel in range(X.shape[1]):
            yield X[:, channel], out[:, channel]


def _stride(X, axis):
    return X.stride(axis) if isinstance(X, torch.Tensor) else X.strides[axis]


def _find_nperseg(n_times, window, nperseg):
    if not isinstance(window, (str, tuple)):
        window = np.asarray(window)
        good = window.ndim == 1 and window.dtype.kind in "fiu"
        if not (good and (window != 0).any() and np.isfinite(window).all()):
            raise ValueError(
                "A window given as an array must be one-dimensional, real, finite and "
                f"not all zero. Got shape {window.shape} of {window.dtype}."
            )
        if nperseg not in (None, len(window)):
            raise ValueError(
                f"nperseg (={nperseg}) must be the length of the window array "
                f"(={len(window)}) or None."
            )
        nperseg = len(window)
    if nperseg is None:
        return min(256, n_times)
    if nperseg > n_times:
        raise ValueError(
            f"nperseg (={nperseg}) must not exceed the length of the signals "
            f"(n_times = {n_times}). Choose a shorter nperseg, or None."
        )
    return int(nperseg)


def _scaled_window(window, nperseg, fs, scaling):
    """Return the window so scaled that the squares after it are the powers."""
    if isinstance(window, (str, tuple)):
        window = signal.get_window(window, nperseg)
    window = np.asarray(window, dtype=np.float64)
    # No dot product, which would wake the threads of the linear algebra library.
    if scaling == "density":
        power = fs * (window * window).sum()
    else:
        power = window.sum() ** 2
    if power == 0:
        raise ValueError("With scaling='spectrum' the window must not sum to zero.")
    return window / np.sqrt(power)


# Of short signals the window takes longer than the spectra.
_known_window = lru_cache(maxsize=4)(_scaled_window)
