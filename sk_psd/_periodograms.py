"""Periodograms of the segments of signals, and their means."""

import numpy as np
import torch
from scipy import fft

from sk_psd._arrays import is_complex
from sk_psd._blocks import (
    is_single,
    load_signals,
    reuse_buffer,
    split_into_tasks,
)
from sk_psd._pages import release_pages
from sk_psd._progress import advance
from sk_psd._threads import map_in_threads

__all__ = [
    "Periodograms",
    "as_shared_tensor",
    "find_largest",
    "to_powers",
    "write_mean",
    "write_segments",
]


class Periodograms:
    """Computation of the periodograms of one array, block by block.

    The squared magnitudes of the spectra are powers at once, as the window holds the
    factors of `fs` and `scaling`.

    Parameters
    ----------
    segments : Segments
        Plan of the segments.

    X : ndarray or Tensor of shape (n_samples, n_times)
        Signals.

    n_summed : int, default=1
        Number of periodograms in the sums passed to `to_result`.

    double : bool, default=False
        Whether to compute in double precision also if X is in single precision.

    Attributes
    ----------
    window : Tensor of shape (nperseg,)
        Window on the device of X, in the dtype to compute in. For complex signals it
        is ``window + 1j * window``, to be multiplied with real and imaginary parts.
    """

    def __init__(self, segments, X, *, n_summed=1, double=False):
        two_parts = is_complex(X)
        if two_parts and segments.onesided:
            raise ValueError(
                "Complex data not supported with return_onesided=True: use "
                "return_onesided=False."
            )
        self.segments = segments
        self.X = X
        window = segments.window
        if not window.flags.writeable:  # in a mapped file, of which torch warns
            window = window.copy()
        window = torch.from_numpy(window)
        # The slope of a trend needs double precision, also for single X.
        if (
            is_single(X)
            and not double
            and (segments.detrend == "constant" or segments.detrend is False)
        ):
            window = window.to(torch.float32)
        dtype = window.dtype
        parts = window
        if two_parts:
            parts, window = window.repeat_interleave(2), torch.complex(window, window)

        # The place of each frequency in torch's FFT. That of real signals has the
        # frequencies from 0 on only; the power at -f is that at f.
        bins, nfft = segments.bins, segments.nfft
        places = bins % nfft if two_parts else np.abs(bins)
        weights = np.full(len(places), 1 / n_summed)
        if segments.onesided:  # add the power of negative frequencies
            weights[(places > 0) & (2 * places < nfft)] *= 2
        weights, places = torch.from_numpy(weights).to(dtype), torch.from_numpy(places)
        if isinstance(X, torch.Tensor):
            window, parts = window.to(X.device), parts.to(X.device)
            weights, places = weights.to(X.device), places.to(X.device)
        if segments.onesided and segments.has_all_freqs:
            places = None  # all, in the order of torch
        self.window = window
        self._window_parts = parts
        self._weights = weights
        self._places = places

    def map_tasks(self, function, n_jobs, *, split_rows=True):
        """Call a function with each task, in threads on the CPU.

        Parameters
        ----------
        function : callable
            Gets a list of blocks.

        n_jobs : int or None
            Number of threads.

        split_rows : bool, default=True
            Whether the blocks of one long signal may lie in several tasks.

        Yields
        ------
        task : list of Block
            Each task, in their order.

        result : object
            Value that the function returned for the task. Later tasks run meanwhile.
        """
        X, segments = self.X, self.segments
        tasks = split_into_tasks(len(X), segments, self.window, split_rows=split_rows)

        def run(task):
            # NumPy has such settings for each thread. The result shows an overflow.
            with np.errstate(over="ignore", invalid="ignore"):
                result = function(task)
            release_pages(X[task[0].rows.start : task[-1].rows.stop])
            return result

        if self.window.device.type == "cpu":
            results = map_in_threads(run, tasks, n_jobs=n_jobs)
        else:
            results = map(run, tasks)
        for task, result in zip(tasks, results, strict=True):
            advance(sum(block.n_segments for block in task), "segment")
            yield task, result

    def load_blocks(self, task):
        """Yield each block of a task with its signals, see `load_signals`."""
        signals = load_signals(self.X, task, self.segments, self.window.dtype)
        return zip(task, signals, strict=True)

    def compute_spectra(self, signals):
        """Return the spectra of the segments of one block.

        Parameters
        ----------
        signals : Tensor of shape (n_rows, n_times)

        Returns
        -------
        spectra : Tensor of shape (n_rows, n_segments, n_fft_freqs)
            Complex FFT of each windowed segment, with the frequencies in the order of
            torch. 0 where `used` is False.

        used : bool Tensor of shape (n_rows, n_segments) or None
            The segments that enter the average. None stands for all.
        """
        plan = self.segments
        if callable(plan.detrend):
            # The function may compute spectra itself, which uses the same buffer.
            signals = signals.clone()
        used = None
        if plan.omit_nan:
            gaps = torch.isnan(signals)
            if gaps.any():
                used = ~gaps.unfold(-1, plan.nperseg, plan.step).any(-1)
                signals = signals.masked_fill(gaps, 0)
        # A buffer that the next block of this thread overwrites. The FFT copies it.
        segments = _detrend(signals, plan)
        _as_parts(segments).mul_(self._window_parts)
        spectra = self._fft(segments)
        if used is not None:
            spectra.masked_fill_(~used.unsqueeze(-1), 0)
        return spectra, used

    def _fft(self, segments):
        """Return the FFT of each segment, one-sided for real segments."""
        nfft, two_parts = self.segments.nfft, segments.is_complex()
        if nfft % 2 and segments.is_cpu:
            # For odd lengths the FFT of torch takes up to 5.7 times as long as that of
            # SciPy (length 16385, float64), and is at most 1.2 times as fast (343).
            transform = fft.fft if two_parts else fft.rfft
            return torch.from_numpy(transform(segments.numpy(), nfft, workers=1))
        transform = torch.fft.fft if two_parts else torch.fft.rfft
        return transform(segments, n=nfft)

    def to_result(self, powers):
        """Pick the frequencies to keep, and divide by the number of periodograms.

        Parameters
        ----------
        powers : Tensor of shape (..., n_fft_freqs)
            Powers, or their sums over segments.

        Returns
        -------
        result : Tensor of shape (..., n_freqs)
            In ascending order of the frequencies.
        """
        kept = powers
        if self._places is not None:
            kept = powers.index_select(-1, self._places)
        if not self.segments.has_all_freqs:
            # Beside a strong line outside of the band, less than this is rounding.
            least = powers.amax(-1, keepdim=True) * (4 * _eps(powers)) ** 2
            empty = (kept.amax(-1, keepdim=True) <= least) & torch.isfinite(least)
            kept = kept.masked_fill(empty, 0)
        return kept * self._weights


def write_mean(segments, X, out, n_jobs=None, *, double=False):
    """Write the mean power of the segments of each signal at each frequency.

    Parameters
    ----------
    segments : Segments
        Plan of the segments.

    X : ndarray or Tensor of shape (n_samples, n_times)
        Signals.

    out : ndarray or Tensor of shape (n_samples, n_freqs)
        Array to write to.

    n_jobs : int, default=None
        Number of threads.

    double : bool, default=False
        Whether to compute in double precision also if X is in single precision. `out`
        is of float64 then.
    """
    n_segments, out = segments.n_segments, as_shared_tensor(out)
    periodograms = Periodograms(segments, X, n_summed=n_segments, double=double)

    window, nfft = periodograms.window, segments.nfft

    def write_rows(rows, power_sums):
        out[rows] = periodograms.to_result(power_sums)

    def sum_squares(signals):
        """Return the sums of the squares of real and of imaginary parts.

        The spectra are freed at the end of this function, before the next FFT. The next
        FFT then writes to memory in the cache, which saves 9 % of the time with nperseg
        1024. The sums are allocated before the spectra. Otherwise the sums would keep
        malloc from joining the freed memory to the free memory behind it.
        """
        n_parts = 2 * (nfft if window.is_complex() else nfft // 2 + 1)
        sums = signals.new_empty((len(signals), n_parts), dtype=window.real.dtype)
        spectra, used = periodograms.compute_spectra(signals)
        torch.sum(_square_parts(spectra), 1, out=sums)
        return sums, None if used is None else used.sum(1)

    def add_blocks(task):
        """Write rows that lie in one block, or return the sum of a part of a row."""
        square_sums, row_sum, n_used = [], None, 0
        for block, signals in periodograms.load_blocks(task):
            block_sums, n_in_block = sum_squares(signals)
            if len(block.segments) == n_segments:
                square_sums.append(_scale_to_all(block_sums, n_in_block, n_segments))
            else:
                row_sum = _add(row_sum, _add_parts(block_sums))
                n_in_block = len(block.segments) if n_in_block is None else n_in_block
                n_used = n_used + n_in_block
        if square_sums:
            rows = slice(task[0].rows.start, task[-1].rows.stop)
            write_rows(rows, _add_parts(torch.cat(square_sums)))
        return row_sum, n_used

    row_sum, n_used = None, 0
    for task, (task_sum, n_in_task) in periodograms.map_tasks(add_blocks, n_jobs):
        if task_sum is not None:
            # Results come in the order of the tasks, whichever thread is first, so
            # that the sum has the same rounding errors for every n_jobs.
            row_sum = _add(row_sum, task_sum)
            n_used = n_used + n_in_task
            if task[-1].segments.stop == n_segments:
                write_rows(task[-1].rows, _scale_to_all(row_sum, n_used, n_segments))
                row_sum, n_used = None, 0


def write_segments(segments, X, out, n_jobs=None, *, double=False):
    """Write the power of each segment at each frequency.

    Parameters
    ----------
    segments, X, n_jobs, double
        As in `write_mean`.

    out : ndarray or Tensor of shape (n_samples, n_freqs, n_segments)
        Array to write to.
    """
    periodograms, out = Periodograms(segments, X, double=double), as_shared_tensor(out)

    def write_blocks(task):
        for block, signals in periodograms.load_blocks(task):
            powers = to_powers(periodograms.compute_spectra(signals)[0])
            frames = slice(block.segments.start, block.segments.stop)
            out[block.rows, :, frames] = periodograms.to_result(powers).transpose(1, 2)

    for _ in periodograms.map_tasks(write_blocks, n_jobs):
        pass


def _detrend(signals, plan):
    """Return the detrended segments of signals, as contiguous memory of their own.

    Parameters
    ----------
    signals : Tensor of shape (n_rows, n_times)

    plan : Segments

    Returns
    -------
    detrended : Tensor of shape (n_rows, n_segments, nperseg)
        On the CPU it lies in the buffer "segments".
    """
    segments = signals.unfold(-1, plan.nperseg, plan.step)  # a view
    if callable(plan.detrend):
        return _detrend_by_function(segments, plan.detrend)
    out = _empty_like(segments)
    if plan.detrend == "constant":
        return torch.sub(segments, segments.mean(-1, keepdim=True), out=out)
    if plan.detrend == "linear":
        return _subtract_lines(segments, out)
    return out.copy_(segments)


def _empty_like(segments):
    if segments.is_cpu:
        return reuse_buffer("segments", segments.shape, segments.dtype)
    return segments.new_empty(segments.shape)


def _subtract_lines(segments, out):
    """Write segments to `out` without the straight line through each by least squares.

    Segments and their lines are of double precision, see `Periodograms`.
    """
    nperseg = segments.shape[-1]
    middle = (nperseg - 1) / 2
    time = torch.arange(nperseg, dtype=torch.float64, device=segments.device) - middle
    slope = (segments * time).sum(-1, keepdim=True)
    slope /= float((time * time).sum()) or 1.0  # a single sample has no slope
    mean = segments.mean(-1, keepdim=True)
    torch.sub(segments, mean + slope * time, out=out)
    # A segment that is a straight line leaves rounding errors only. They become 0, so
    # that the signal counts as silent.
    size = mean.abs() + slope.abs() * middle
    is_line = find_largest(out) <= 32 * _eps(out) * size
    return out.masked_fill_(is_line, 0) if is_line.any() else out


def _detrend_by_function(segments, function):
    """Return the segments that a user's function detrends."""
    # The function gets a copy, as it may write to its argument or keep it.
    passed = np.array(segments.cpu().numpy())
    result = np.asarray(function(passed))
    kinds = "fiuc" if segments.is_complex() else "fiu"
    if result.shape != segments.shape or result.dtype.kind not in kinds:
        raise ValueError(
            "The function detrend must return detrended segments of the shape and "
            f"kind it is given, {tuple(segments.shape)} of {passed.dtype}. Got "
            f"{result.shape} of {result.dtype}."
        )
    out = _empty_like(segments).copy_(torch.from_numpy(np.ascontiguousarray(result)))
    # A constant segment leaves rounding errors only if the function subtracts a mean
    # that is rounded. They become 0, as in `_subtract_lines`.
    is_flat = (segments == segments[..., :1]).all(-1, keepdim=True)
    if is_flat.any():
        is_small = find_largest(out) <= 32 * _eps(out) * find_largest(segments)
        out.masked_fill_(is_flat & is_small, 0)
    return out


def find_largest(segments):
    """Return the largest magnitude of a real or imaginary part in each segment.

    Parameters
    ----------
    segments : Tensor of shape (n_rows, n_segments, nperseg)

    Returns
    -------
    largest : real Tensor of shape (n_rows, n_segments, 1)
    """
    segments = _as_parts(segments)
    high, low = segments.amax(-1, keepdim=True), segments.amin(-1, keepdim=True)
    return torch.maximum(high, -low)


def to_powers(spectra):
    """Return the squared magnitudes of spectra, which are overwritten.

    Parameters
    ----------
    spectra : complex Tensor of shape (..., n_fft_freqs)

    Returns
    -------
    powers : real Tensor of shape (..., n_fft_freqs)
    """
    return _add_parts(_square_parts(spectra))


def _square_parts(spectra):
    """Square real and imaginary parts in place, side by side in the last axis."""
    return _as_parts(spectra).square_()


def _as_parts(values):
    """Return a view of real and imaginary parts, side by side in the last axis."""
    return torch.view_as_real(values).flatten(-2) if values.is_complex() else values


def _add_parts(squares):
    return squares[..., 0::2] + squares[..., 1::2]


def _add(total, part):
    """Add to a sum, in double precision as it may have many terms, or start it."""
    return part if total is None else total.double() + part


def as_shared_tensor(out):
    """Return memory for results as a tensor that writes to the same memory."""
    return out if isinstance(out, torch.Tensor) else torch.from_numpy(out)


def _scale_to_all(sums, n_used, n_segments):
    """Return sums over some segments of each row, as if over all. NaN for no segment.

    Parameters
    ----------
    sums : Tensor of shape (n_rows, n_values)

    n_used : int Tensor of shape (n_rows,), or int or None
        Number of segments in each sum. An int or None stands for all segments.

    n_segments : int
    """
    if not isinstance(n_used, torch.Tensor):
        return sums
    return sums * (n_segments / n_used.double()).to(sums.dtype).unsqueeze(-1)


def _eps(values):
    return torch.finfo(values.dtype).eps
