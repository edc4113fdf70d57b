"""Periodograms of overlapping segments, in blocks of signals that stay in the cache."""

import math
import threading
from functools import lru_cache
from numbers import Real

import numpy as np
import torch
from scipy import signal, special

from sk_psd._arguments import check_flag, check_option
from sk_psd._arrays import is_complex
from sk_psd._numbers import as_int, as_limit, as_rate, rounding
from sk_psd._pages import release_pages
from sk_psd._threads import map_in_threads

__all__ = ["Segments", "empty_result", "is_single", "row_views"]

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

    omit_nan : bool, default=False
        Leave segments with NaN out of the averages.

    Attributes
    ----------
    nperseg, step, nfft, n_segments : int
        Lengths in samples, and the number of segments of a signal.

    freqs : ndarray of shape (n_freqs,)
        The frequencies kept, in ascending order.

    empty_bin : int or None
        Index of the bin at 0 Hz, if it is kept and `detrend` leaves nothing there.
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
        omit_nan=False,
    ):
        fs_rounding, fs = rounding(fs), as_rate(fs)
        # A class is callable too, but makes no segments of segments.
        function = callable(detrend) and not isinstance(detrend, type)
        if not (detrend is False or function) and not (
            isinstance(detrend, str) and detrend in ("constant", "linear")
        ):
            raise ValueError(
                "detrend must be 'constant', 'linear', False or a function. Got "
                f"{detrend!r}."
            )
        check_option("scaling", scaling, ("density", "spectrum"))
        check_flag("return_onesided", return_onesided)
        nperseg = _length("nperseg", nperseg, low=1)
        noverlap = _length("noverlap", noverlap, low=0)
        nfft = _length("nfft", nfft, low=1)
        self.nperseg = _find_nperseg(n_times, window, nperseg)
        self.nfft = self.nperseg if nfft is None else nfft
        if self.nfft < self.nperseg:
            raise ValueError(
                f"nfft (={nfft}) must be at least nperseg (={self.nperseg}), or None."
            )
        noverlap = self.nperseg // 2 if noverlap is None else noverlap
        if noverlap >= self.nperseg:
            raise ValueError(
                f"noverlap (={noverlap}) must be less than nperseg (={self.nperseg})."
            )
        self.step = self.nperseg - noverlap
        self.n_segments = (n_times - self.nperseg) // self.step + 1
        self.detrend = detrend
        self.onesided = return_onesided
        scaled = _known_window if isinstance(window, str) else _scaled_window
        self._window, is_flat = scaled(window, self.nperseg, fs, scaling)
        if return_onesided:
            bins = np.arange(self.nfft // 2 + 1)
        else:
            bins = np.arange(-(self.nfft // 2), (self.nfft + 1) // 2)
        # Rounded once, where fs is whole; the last one may not pass half of fs.
        freqs = (bins * fs / self.nfft).clip(-fs / 2, fs / 2)
        self._is_whole_axis = fmin is None and fmax is None
        if not self._is_whole_axis:
            kept = np.ones(len(freqs), bool)
            for name, limit, sign in [("fmin", fmin, 1), ("fmax", fmax, -1)]:
                if limit is not None:
                    value = as_limit(name, limit)
                    tolerance = abs(value) * (rounding(limit) + fs_rounding)
                    tolerance = tolerance if np.isfinite(value) else 0
                    kept &= sign * (freqs - value) >= -tolerance
            if not kept.any():
                raise ValueError(
                    f"No frequency lies between fmin (={fmin}) and fmax (={fmax}). The "
                    f"axis runs from {freqs[0]} to {freqs[-1]} Hz in {len(freqs)} bins."
                )
            self._is_whole_axis = bool(kept.all())
            freqs, bins = freqs[kept], bins[kept]
        self.freqs = freqs
        self._bins = bins
        self._omit_nan = omit_nan
        self.empty_bin = None
        if detrend in ("constant", "linear") and is_flat and 0 in self._bins:
            self.empty_bin = int(np.flatnonzero(self._bins == 0)[0])

    def mean(self, X, out, n_jobs=None, *, double=False):
        """Write the mean powers of all segments.

        Parameters
        ----------
        X : ndarray or Tensor of shape (n_samples, n_times)
            Signals.

        out : ndarray or Tensor of shape (n_samples, n_freqs)
            To write to.

        n_jobs : int, default=None
            Number of threads.

        double : bool, default=False
            Compute in double precision whatever X is, for an `out` of float64.
        """
        window, select = self._prepare(X, self.n_segments, double)

        def write(rows, total, n_whole):
            powers = select(total)
            if isinstance(n_whole, torch.Tensor):
                ratio = self.n_segments / n_whole.double()
                powers *= ratio.to(powers.dtype).unsqueeze(-1)
            _write(out, rows, powers)

        def work(task):
            total, n_whole = None, 0
            for rows, span, _, spectra, whole in self._blocks(X, task, window):
                part = _sum_of_powers(spectra)
                n_part = len(span) if whole is None else whole.sum(1)
                if len(span) == self.n_segments:
                    write(rows, part, n_part)
                else:  # in double precision, as this may be a long sum
                    total = part if total is None else total.double() + part
                    n_whole = n_whole + n_part
            return total, n_whole

        total, n_whole = None, 0
        for (rows, span), (part, n_part) in self._run(work, X, window, n_jobs):
            if part is not None:
                total = part if total is None else total.double() + part
                n_whole = n_whole + n_part
                if span.stop == self.n_segments:
                    write(rows, total, n_whole)
                    total, n_whole = None, 0

    def median(self, X, out, n_jobs=None, *, double=False):
        """Write the median powers of all segments, corrected for their bias.

        Parameters
        ----------
        X, out, n_jobs, double
            As in `mean`.

        Returns
        -------
        n_silent : ndarray of shape (n_samples,)
            Number of segments without power of each signal.

        coarse : bool ndarray of shape (n_samples,)
            Which signals need double precision, as they have a value so large that the
            mean of its segment takes the digits of the others.

        Notes
        -----
        The bias is that for noise, see `_median_bias`.
        """
        window, select = self._prepare(X, 1, double)
        real = not window.is_complex()
        n_silent, coarse = np.zeros(len(X), dtype=int), np.zeros(len(X), dtype=bool)
        may_be_coarse = window.dtype in (torch.float32, torch.complex64)
        may_be_coarse &= self.detrend == "constant"

        def middle(powers):
            n = powers.shape[1]
            gain = self._median_gain(n, real, powers) if n else torch.nan
            return select(_median(powers)) * gain

        def work(task):
            parts, wholes = [], []
            for rows, span, signals, spectra, whole in self._blocks(X, task, window):
                powers = _powers(spectra)
                totals = powers.sum(-1)
                self._mark_beyond(powers, totals, signals)
                n_silent[rows] += self._count_silent(totals, signals, whole)
                if may_be_coarse:
                    coarse[rows] |= self._is_coarse(totals, signals)
                parts.append(powers)
                wholes.append(whole)
                if span.stop == self.n_segments:
                    powers = torch.cat(parts, 1)
                    result = middle(powers)
                    for row, kept in _rows_with_gaps(parts, wholes):
                        result[row] = middle(powers[row, kept].unsqueeze(0))[0]
                    _write(out, rows, result)
                    parts, wholes = [], []

        for _ in self._run(work, X, window, n_jobs, whole_rows=True):
            pass
        return n_silent, coarse

    def is_silent(self, X):
        """Say which rows need no computation to know that they hold no power.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_times)

        Returns
        -------
        silent : bool ndarray of shape (n_samples,)
        """
        if self.detrend in ("constant", "linear"):
            return (X == X[:, :1]).all(1)
        if self.detrend is False:
            return (X == 0).all(1)
        return np.zeros(len(X), bool)

    def _median_gain(self, n, real, powers):
        """Return what the median of n powers is multiplied with at each frequency."""
        gain = np.full(len(self._bins), 1 / _median_bias(n))
        if real:
            gain[self._bins * 2 % self.nfft == 0] = 1 / _median_bias(n, 1)
        return torch.from_numpy(gain).to(powers)

    def _is_coarse(self, totals, signals):
        """Say which signals have a segment with a mean far beyond their deviation."""
        middle = totals.median(-1).values * (2 if self.onesided else 1)
        size = _largest(signals).squeeze(-1) / self.nperseg
        power = self.nperseg * float((self._window**2).sum())
        return (size > 16 * (middle / power).sqrt()).cpu().numpy()

    def _mark_beyond(self, powers, totals, signals):
        """Turn powers that are no numbers into infinity, or NaN where signals are none.

        A segment of finite values whose squares overflow then has a large power, which
        a median passes over. A segment with infinity or NaN becomes an error.
        """
        beyond = ~torch.isfinite(totals)
        if beyond.any():
            finite = torch.isfinite(signals).unfold(-1, self.nperseg, self.step).all(-1)
            powers[beyond & finite] = torch.inf
            powers[beyond & ~finite] = torch.nan

    def _count_silent(self, totals, signals, whole):
        """Count the segments of each signal that hold no power but rounding errors."""
        quiet = totals <= 1e-10 * totals.amax(-1, keepdim=True)
        if whole is not None:
            quiet &= whole
        if quiet.any():
            parts = torch.view_as_real(signals) if signals.is_complex() else signals
            parts = parts.unfold(1, self.nperseg, self.step)
            low, high = parts.amin(-1), parts.amax(-1)
            flat = (low == high) & (low == 0 if self.detrend is False else True)
            flat = flat.all(-1) if signals.is_complex() else flat
            quiet &= flat | (totals == 0)
        return quiet.sum(-1).cpu().numpy()

    def each(self, X, out, n_jobs=None, *, double=False):
        """Write the powers of each segment.

        Parameters
        ----------
        X, n_jobs, double
            As in `mean`.

        out : ndarray or Tensor of shape (n_samples, n_freqs, n_segments)
            To write to.
        """
        window, select = self._prepare(X, 1, double)

        def work(task):
            for rows, span, _, spectra, _ in self._blocks(X, task, window):
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
        """Yield what each block holds.

        Its rows, the range of segments, the signals (R, T), the spectra (R, S, F), and
        which segments are without NaN (R, S), or None if all are to be used.
        """
        center = self.detrend in ("constant", "linear")
        for rows, span in task:
            first = span.start * self.step
            last = first + (len(span) - 1) * self.step + self.nperseg
            signals = _load(X[rows, first:last], window.dtype, center)
            whole = None
            if self._omit_nan:
                gaps = torch.isnan(signals)
                if gaps.any():
                    whole = ~gaps.unfold(-1, self.nperseg, self.step).any(-1)
                    signals = signals.masked_fill(gaps, 0)
            segments = self._detrend(signals)
            if window.is_complex():  # real and imaginary parts in turn
                parts = torch.view_as_real(segments).flatten(-2)
                torch.mul(parts, torch.view_as_real(window).flatten(), out=parts)
                spectra = torch.fft.fft(segments, n=self.nfft)
            else:
                torch.mul(segments, window, out=segments)
                spectra = torch.fft.rfft(segments, n=self.nfft)
            if whole is not None:
                spectra.masked_fill_(~whole.unsqueeze(-1), 0)
            yield rows, span, signals, spectra, whole

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
            mean = segments.mean(-1, keepdim=True)
            torch.sub(segments, mean + slope * time, out=out)
            # After a straight line is taken off, only rounding errors remain.
            size = mean.abs() + slope.abs() * middle
            nothing = _largest(out) <= 32 * _eps(out) * size
            return out.masked_fill_(nothing, 0) if nothing.any() else out
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
        out.copy_(torch.from_numpy(np.ascontiguousarray(result)))
        # As of a line: the function may subtract a mean that is rounded.
        flat = (segments == segments[..., :1]).all(-1, keepdim=True)
        if flat.any():
            small = _largest(out) <= 32 * _eps(out) * _largest(segments)
            out.masked_fill_(flat & small, 0)
        return out

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

    def _prepare(self, X, divisor, double):
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
        window = self._window
        if not window.flags.writeable:  # of a mapped file, of which torch warns
            window = window.copy()
        window = torch.from_numpy(window)
        # The slope of a trend would drown single precision.
        single = is_single(X) and not double
        if single and (self.detrend == "constant" or self.detrend is False):
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
        if self.onesided and self._is_whole_axis:
            index = slice(None)

        def select(powers):
            kept = powers[..., index]
            if not self._is_whole_axis:
                # Beside a line outside the band there is no less than its rounding.
                least = powers.amax(-1, keepdim=True) * (4 * _eps(powers)) ** 2
                empty = (kept.amax(-1, keepdim=True) <= least) & torch.isfinite(least)
                kept = kept.masked_fill(empty, 0)
            return kept * weights

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
        buffer = self._buffers.get((name, dtype))
        if buffer is None or len(buffer) < size:
            n = _BLOCK_BYTES // dtype.itemsize
            buffer = torch.empty(n, dtype=dtype, device="cpu")
            self._buffers[name, dtype] = buffer
        return buffer[:size].view(shape)


_memory = _Memory()


def _load(block, dtype, center):
    """Return rows as a tensor; with `center` near zero, where numbers are finer.

    What lies far from zero is moved by a value of its middle. That conditions the means
    of the segments and need not be exact, but a few samples that are spikes, codes of
    missing values or NaN must not decide on it: they would take the digits of all the
    others.
    """
    if isinstance(block, torch.Tensor):
        signals = block.to(dtype)
        if center:
            places = torch.from_numpy(_places(block.shape[1])).to(block.device)
            offset = _offsets(signals[:, places])
            return signals if offset is None else signals - offset
        return signals
    native = _NUMPY_DTYPES[dtype]
    offset = None
    if center:
        some = block.take(_places(block.shape[1]), axis=1)
        offset = _offsets(some.astype(native, copy=False))
    if offset is None and block.dtype == native and block.flags.writeable:
        if block.strides[1] == block.itemsize and block.strides[0] > 0:
            return torch.from_numpy(block)
    signals = _memory("signals", block.shape, dtype)
    if offset is None:
        np.copyto(signals.numpy(), block, casting="unsafe")
    else:
        np.subtract(block, offset, out=signals.numpy(), casting="unsafe")
    return signals


_NUMPY_DTYPES = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
    torch.complex64: np.dtype(np.complex64),
    torch.complex128: np.dtype(np.complex128),
}


@lru_cache(maxsize=256)
def _places(n_times):
    """Return 16 to 64 positions in a row, at uneven distances.

    At even ones, all samples of a line may have the same phase.
    """
    n = min(n_times, max(16, min(64, n_times // 16)))
    jitter = np.arange(n) * (np.sqrt(5) - 1) / 2 % 1
    return ((np.arange(n) + jitter) * (n_times / n)).astype(np.int64)


def _offsets(some):
    """Return the offset of each row (R, 1), 0 within its deviation; None if all are 0.

    It is the upper median of the values that are finite, and "within" is twice the
    distance of their quartiles, so that noise around zero is left as it is.
    """
    if is_complex(some):
        parts = _offsets(some.real), _offsets(some.imag)
        if parts[0] is None and parts[1] is None:
            return None
        real, imag = (0 if part is None else part for part in parts)
        return real + 1j * imag
    xp = torch if isinstance(some, torch.Tensor) else np
    some = torch.sort(some).values if xp is torch else np.sort(some)
    n = some.shape[1]
    middle, spread = some[:, n // 2], 2 * (some[:, 3 * n // 4] - some[:, n // 4])
    if (abs(middle) <= spread).all():
        return None
    if not xp.isfinite(spread).all():  # many values are none: of the others alone
        finite = xp.isfinite(some)
        some = xp.where(finite, some, xp.nan)
        some = torch.sort(some).values if xp is torch else np.sort(some)
        take = torch.take_along_dim if xp is torch else np.take_along_axis
        n, last = finite.sum(1), n - 1
        low, middle, high = (
            take(some, (n * i // 4).clip(0, last)[:, None], 1)[:, 0] for i in (1, 2, 3)
        )
        spread = 2 * (high - low)
    return xp.where(abs(middle) > spread, middle, 0)[:, None]


def _largest(segments):
    """Return the largest real or imaginary part, in magnitude, of each segment."""
    if segments.is_complex():
        segments = torch.view_as_real(segments).flatten(-2)
    high, low = segments.amax(-1, keepdim=True), segments.amin(-1, keepdim=True)
    return torch.maximum(high, -low)  # (R, S, 1)


def _eps(x):
    return torch.finfo(x.dtype).eps


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
    if not powers.shape[1]:
        return powers.new_full((powers.shape[0], powers.shape[2]), torch.nan)
    return torch.from_numpy(np.median(powers.cpu().numpy(), axis=1)).to(powers)


def _rows_with_gaps(parts, wholes):
    """Yield the rows with segments to leave out, and which are to stay."""
    if any(whole is not None for whole in wholes):
        masks = [
            torch.ones(part.shape[:2], dtype=torch.bool, device=part.device)
            if whole is None
            else whole
            for part, whole in zip(parts, wholes, strict=True)
        ]
        mask = torch.cat(masks, 1)
        for row in (~mask.all(1)).nonzero().flatten().tolist():
            yield row, mask[row]


@lru_cache(maxsize=256)
def _median_bias(n, n_degrees=2):
    """Return the mean of the median of n powers of noise, relative to their mean.

    Parameters
    ----------
    n : int
        Number of powers, taken for independent.

    n_degrees : {1, 2}, default=2
        Degrees of freedom of a power: 2 in general, 1 at 0 Hz and half of the sampling
        frequency of real signals, where the spectrum is a real number.

    Returns
    -------
    bias : float
        For two degrees, from appendix B of Allen, B., et al. (2012), "FINDCHIRP: An
        algorithm for detection of gravitational waves from inspiraling compact
        binaries", Physical Review D, 85, 122006. For one, the mean of the order
        statistic: an integral over the amplitude, whose density is a half of a bell.
    """
    if n_degrees == 2:
        odd = np.arange(3, n + 1, 2)
        return 1 + (1 / odd - 1 / (odd - 1)).sum()
    if n <= 2:  # a mean
        return 1.0
    center, deviation = special.ndtri(0.75), 0.8 / np.sqrt(n)
    low, high = max(0, center - 12 * deviation), center + 12 * deviation
    nodes, weights = np.polynomial.legendre.leggauss(200)
    amplitude = low + (high - low) * (nodes + 1) / 2
    below = 2 * special.ndtr(amplitude) - 1  # the share of amplitudes below
    bell = 2 * np.exp(-(amplitude**2) / 2) / np.sqrt(2 * np.pi)
    density = 0
    for rank in ((n + 1) // 2, n // 2 + 1):  # the mean of the two, as n may be even
        exponent = special.xlogy(rank - 1, below) + special.xlog1py(n - rank, -below)
        density += np.exp(exponent - special.betaln(rank, n + 1 - rank)) / 2
    return float((weights * amplitude**2 * density * bell).sum() * (high - low) / 2)


def _write(out, place, values):
    out[place] = values if isinstance(out, torch.Tensor) else values.numpy()


def _groups(items, n_groups):
    """Cut a sequence into parts of nearly equal length."""
    edges = [len(items) * i // n_groups for i in range(n_groups + 1)]
    return [items[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]


def is_single(X):
    """Say whether X holds float32 or complex64, of any byte order."""
    if isinstance(X, torch.Tensor):
        return X.dtype in (torch.float32, torch.complex64)
    return (X.dtype.kind, X.dtype.itemsize) in (("f", 4), ("c", 8))


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
        dtype = torch.float32 if is_single(X) else torch.float64
        return torch.empty(shape, dtype=dtype, device=X.device)
    return np.empty(shape, np.float32 if is_single(X) else np.float64)


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


def _length(name, value, low):
    """Return a length in samples as an int, or None."""
    if value is None:
        return None
    try:
        length = as_int(value)
    except (TypeError, ValueError, OverflowError):
        length = low - 1
    if length < low:
        raise ValueError(
            f"{name} must be an int of at least {low}, or None. Got {value!r}."
        )
    return length


def _is_named(window):
    """Say whether a window is one of scipy's, and not given value by value."""
    return isinstance(window, (str, tuple, Real)) and not isinstance(window, bool)


def _find_nperseg(n_times, window, nperseg):
    if not _is_named(window):
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
    return nperseg


def _make_window(window, nperseg):
    """Return the values of a window by its name in scipy."""
    try:
        given = float(window) if isinstance(window, Real) else window
        values = signal.get_window(given, nperseg)
        if values.shape != (nperseg,) or not np.isfinite(values).all():
            raise ValueError("its values are not finite")
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise ValueError(
            "window must be a window of scipy.signal.get_window, such as 'hann' or "
            "('kaiser', 8.0), or a list or an array of its values. Got window="
            f"{window!r}: {error}"
        ) from error
    return values


def _scaled_window(window, nperseg, fs, scaling):
    """Return the window so scaled that squares are powers, and whether it is flat."""
    if _is_named(window):
        window = _make_window(window, nperseg)
    window = np.asarray(window, dtype=np.float64)
    # Its scale does not matter, but its squares must not overflow.
    window = np.ldexp(window, -np.frexp(np.abs(window).max())[1])
    # No dot product, which would wake the threads of the linear algebra library.
    squares, total = (window * window).sum(), window.sum()
    # Of white noise without its mean, a flat one leaves nothing at 0 Hz.
    is_flat = 1 - total**2 / (len(window) * squares) < 1e-9
    if scaling == "density":
        return window / np.sqrt(fs * squares), is_flat
    if abs(total) <= 4 * np.finfo(float).eps * np.abs(window).sum():
        raise ValueError("With scaling='spectrum' the window must not sum to zero.")
    return window / abs(total), is_flat


# Of short signals the window takes longer than the spectra.
_known_window = lru_cache(maxsize=4)(_scaled_window)
