"""Gain and phase of a filter at each frequency."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sk_psd._arrays import as_ndarray
from sk_psd._numbers import as_rate
from sk_psd._result import Result
from sk_psd.filters import dilate
from sk_psd.spectral import decibels

__all__ = ["filter_response"]


def filter_response(filter, fs=None, *, n_freqs=512):
    """Return the gain and the phase of a filter at each frequency.

    Parameters
    ----------
    filter : estimator object or array-like of shape (kernel_size,)
        Fitted :class:`ConvFilter` or :class:`LearnedConvFilter`, or a kernel for a true
        convolution.

    fs : float, default=None
        Sampling frequency, in Hz. None is the `fs` of the filter. It is 1.0 for a
        kernel and for a :class:`LearnedConvFilter`, which have none.

    n_freqs : int, default=512
        Number of frequencies.

    Returns
    -------
    response : Bunch
        `freqs`, in Hz and ascending: for a real kernel `n_freqs` values from 0 to
        ``fs / 2``, both included; for a complex one from ``-fs / 2`` to just below
        ``fs / 2``. `gain` of the amplitude, in dB, with a floor 120 dB below its
        maximum. `phase`, in rad from -pi to pi. Each is an ndarray of shape
        (n_freqs,). `kernel` is the dilated kernel, an ndarray.

    See Also
    --------
    sk_psd.plotting.FilterDisplay : Draws the kernel and its gain.
    scipy.signal.freqz : Gives the complex response, without ``fs / 2``.

    Notes
    -----
    The phase belongs to mode "full", in which no value depends on a later sample. In
    mode "same" the values come earlier by half of the span of the kernel, so that a
    symmetric kernel of odd size has no delay: its phase is 0, or pi where it inverts
    the sign. A dilation is taken into account, a stride is not.

    Examples
    --------
    >>> from sk_psd import filter_response
    >>> response = filter_response([0.5, 0.5], fs=100, n_freqs=3)
    >>> response.freqs
    array([ 0., 25., 50.])
    >>> response.gain.round(2)
    array([   0.  ,   -3.01, -120.  ])
    """
    kernel = _read_kernel(filter)
    if fs is None:
        fs = getattr(filter, "fs", 1.0) if isinstance(filter, BaseEstimator) else 1.0
    fs = as_rate(fs)
    if not (isinstance(n_freqs, Integral) and n_freqs >= 2):
        raise ValueError(f"n_freqs must be an int of at least 2. Got {n_freqs!r}.")
    if np.iscomplexobj(kernel):
        cycles = np.arange(n_freqs) / n_freqs - 0.5
    else:
        cycles = np.linspace(0, 0.5, n_freqs)
    # Scaled, as squares of very large or very small taps would overflow or vanish.
    largest = float(np.abs(kernel).max()) or 1.0
    response = np.polynomial.polynomial.polyval(
        np.exp(-2j * np.pi * cycles), kernel / largest
    )
    return Result(
        freqs=cycles * fs,
        gain=decibels(np.abs(response) ** 2) + 20 * np.log10(largest),
        phase=np.angle(response),
        kernel=kernel,
    )


def _read_kernel(filter):
    """Return the dilated kernel of a fitted filter, or a kernel as an array."""
    if isinstance(filter, BaseEstimator):
        check_is_fitted(filter)
        if not hasattr(filter, "kernel_"):
            raise ValueError(
                f"filter has no kernel_: it is a {type(filter).__name__}. Pass a "
                "ConvFilter or a LearnedConvFilter. From a Pipeline pass the filter "
                "alone."
            )
        return dilate(filter.kernel_, getattr(filter, "dilation", 1))
    kernel = as_ndarray(filter, "filter")
    is_valid = kernel.ndim == 1 and len(kernel) and kernel.dtype.kind in "biufc"
    if not (is_valid and np.isfinite(kernel).all()):
        raise ValueError(
            "filter must be a fitted ConvFilter or LearnedConvFilter, or a kernel: a "
            f"one-dimensional array of finite numbers. Got {filter!r} instead."
        )
    return kernel
