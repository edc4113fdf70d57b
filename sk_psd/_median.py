"""Median of the periodograms of each signal, corrected for its bias."""

from functools import lru_cache

import numpy as np
import torch
from scipy import special

from sk_psd._periodograms import (
    Periodograms,
    as_shared_tensor,
    find_largest,
    to_powers,
)

__all__ = ["median_correction", "write_median"]


def write_median(segments, X, out, n_jobs=None, *, double=False):
    """Write the median power of the segments of each signal at each frequency.

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

    Returns
    -------
    n_silent : int ndarray of shape (n_samples,)
        Number of segments of each signal without power.

    loses_digits : bool ndarray of shape (n_samples,)
        Which signals need double precision: a value is so large that subtracting the
        mean of its segment costs the other values their digits.
    """
    periodograms, out = Periodograms(segments, X, double=double), as_shared_tensor(out)
    window = periodograms.window
    is_real = not window.is_complex()
    may_lose_digits = window.dtype in (torch.float32, torch.complex64)
    may_lose_digits &= segments.detrend == "constant"
    n_silent, loses_digits = np.zeros(len(X), dtype=int), np.zeros(len(X), dtype=bool)

    def find_median(powers):
        n = powers.shape[1]
        factors = median_correction(segments, n, is_real) if n else np.array(np.nan)
        median = periodograms.to_result(_median(powers))
        return median * torch.from_numpy(factors).to(powers)

    def write_rows(task):
        parts, masks = [], []  # of all blocks that hold segments of the same rows
        for block, signals in periodograms.load_blocks(task):
            spectra, used = periodograms.compute_spectra(signals)
            powers = to_powers(spectra)
            totals = powers.sum(-1)
            _mark_overflow(powers, totals, signals, segments)
            n_silent[block.rows] += _count_silent(totals, signals, used, segments)
            if may_lose_digits:
                loses_digits[block.rows] |= _lose_digits(totals, signals, segments)
            parts.append(powers)
            masks.append(used)
            if block.segments.stop == segments.n_segments:
                powers = torch.cat(parts, 1)
                result = find_median(powers)
                for row, mask in _rows_with_gaps(parts, masks):
                    result[row] = find_median(powers[row, mask].unsqueeze(0))[0]
                out[block.rows] = result
                parts, masks = [], []

    for _ in periodograms.map_tasks(write_rows, n_jobs, split_rows=False):
        pass
    return n_silent, loses_digits


def _median(powers):
    """Return the median over the segments. That of torch is the lower of two."""
    if not powers.shape[1]:
        return powers.new_full((powers.shape[0], powers.shape[2]), torch.nan)
    return torch.from_numpy(np.median(powers.cpu().numpy(), axis=1)).to(powers)


def _rows_with_gaps(parts, masks):
    """Yield each row with segments to leave out, and a mask of those to use.

    Parameters
    ----------
    parts : list of Tensor of shape (n_rows, n_segments_of_part, n_freqs)
        Powers of some rows, in parts of their segments.

    masks : list of (bool Tensor of shape (n_rows, n_segments_of_part) or None)
        Which segments of each part are used. None stands for all.
    """
    if all(mask is None for mask in masks):
        return
    masks = [
        torch.ones(part.shape[:2], dtype=torch.bool, device=part.device)
        if mask is None
        else mask
        for part, mask in zip(parts, masks, strict=True)
    ]
    used = torch.cat(masks, 1)
    for row in (~used.all(1)).nonzero().flatten().tolist():
        yield row, used[row]


def _mark_overflow(powers, totals, signals, segments):
    """Replace powers that are not finite, in place, by infinity or NaN.

    A segment of finite values whose squares overflow gets infinity, which the median
    passes over. A segment that holds NaN or infinity gets NaN, which becomes an error.

    Parameters
    ----------
    powers : Tensor of shape (n_rows, n_segments, n_freqs)

    totals : Tensor of shape (n_rows, n_segments)
        Sums of the powers of each segment.

    signals : Tensor of shape (n_rows, n_times)

    segments : Segments
    """
    overflow = ~torch.isfinite(totals)
    if overflow.any():
        finite = torch.isfinite(signals)
        finite = finite.unfold(-1, segments.nperseg, segments.step).all(-1)
        powers[overflow & finite] = torch.inf
        powers[overflow & ~finite] = torch.nan


def _count_silent(totals, signals, used, segments):
    """Count the segments of each signal that hold no power but rounding errors.

    Segments of little power are only candidates: beside a strong segment a weak one
    looks the same. So their samples decide, unless the power is exactly 0.
    """
    is_silent = totals <= 1e-10 * totals.amax(-1, keepdim=True)
    if used is not None:
        is_silent &= used
    if is_silent.any():
        parts = torch.view_as_real(signals) if signals.is_complex() else signals
        parts = parts.unfold(1, segments.nperseg, segments.step)
        low, high = parts.amin(-1), parts.amax(-1)
        is_flat = (low == high) & (low == 0 if segments.detrend is False else True)
        is_flat = is_flat.all(-1) if signals.is_complex() else is_flat
        is_silent &= is_flat | (totals == 0)
    return is_silent.sum(-1).cpu().numpy()


def _lose_digits(totals, signals, segments):
    """Return which signals have a segment with a mean far beyond their deviation.

    The median of the total powers gives the deviation of ordinary segments. The largest
    value over `nperseg` is the least mean that its segment has if it stands alone.
    """
    middle = totals.median(-1).values * (2 if segments.onesided else 1)
    mean = find_largest(signals).squeeze(-1) / segments.nperseg
    power_of_unit = segments.nperseg * float((segments.window**2).sum())
    return (mean > 16 * (middle / power_of_unit).sqrt()).cpu().numpy()


def median_correction(segments, n, is_real):
    """Return the inverse bias of the median of n powers at each frequency kept.

    Parameters
    ----------
    segments : Segments
        Plan of the segments.

    n : int
        Number of segments in the median.

    is_real : bool
        Whether the signals are real.

    Returns
    -------
    factors : ndarray of shape (n_freqs,)
    """
    factors = np.full(len(segments.bins), 1 / _median_bias(n))
    if is_real:  # at 0 Hz and fs / 2 the spectrum of a real signal is real
        ends = segments.bins * 2 % segments.nfft == 0
        factors[ends] = 1 / _median_bias(n, n_degrees=1)
    return factors


@lru_cache(maxsize=256)
def _median_bias(n, n_degrees=2):
    """Return the mean of the median of n powers of noise, relative to their mean.

    Parameters
    ----------
    n : int
        Number of powers, which are treated as independent.

    n_degrees : {1, 2}, default=2
        Degrees of freedom of a power: 1 where the spectrum is a real number, else 2.

    Returns
    -------
    bias : float

    Notes
    -----
    For two degrees this is a sum, see [1]_. For one degree it is the mean of an order
    statistic: an integral over the amplitude, which is the magnitude of a normal
    number.

    References
    ----------
    .. [1] Allen, B., et al. (2012). "FINDCHIRP: An algorithm for detection of
       gravitational waves from inspiraling compact binaries". Physical Review D, 85,
       122006, appendix B.
    """
    if n_degrees == 2:
        odd = np.arange(3, n + 1, 2)
        return 1 + (1 / odd - 1 / (odd - 1)).sum()
    if n <= 2:  # the median is the mean
        return 1.0
    # The density of the median amplitude is negligible 12 deviations from its center.
    center, deviation = special.ndtri(0.75), 0.8 / np.sqrt(n)
    low, high = max(0, center - 12 * deviation), center + 12 * deviation
    nodes, weights = np.polynomial.legendre.leggauss(200)
    amplitude = low + (high - low) * (nodes + 1) / 2
    share_below = 2 * special.ndtr(amplitude) - 1
    amplitude_density = 2 * np.exp(-(amplitude**2) / 2) / np.sqrt(2 * np.pi)
    density = 0
    for rank in ((n + 1) // 2, n // 2 + 1):  # two middle ranks if n is even
        exponent = special.xlogy(rank - 1, share_below)
        exponent = exponent + special.xlog1py(n - rank, -share_below)
        density += np.exp(exponent - special.betaln(rank, n + 1 - rank)) / 2
    integrand = weights * amplitude**2 * density * amplitude_density
    return float(integrand.sum() * (high - low) / 2)
