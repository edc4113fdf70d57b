"""From time to frequency: power spectral densities, spectrograms, FFT magnitudes."""

import math
import warnings
from numbers import Integral, Real

import numpy as np
import torch
from scipy import fft
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from sk_psd._arguments import check_n_jobs, check_option
from sk_psd._frequency_names import FrequencyNames
from sk_psd._layout import check_signals
from sk_psd._notch import Notch
from sk_psd._numbers import Number, WholeNumber, as_float, as_rate, rate
from sk_psd._pages import release_pages
from sk_psd._powers import SILENT_LEVEL, estimate_powers, name_row, to_levels
from sk_psd._segments import Segments
from sk_psd._transformer import Transformer
from sk_psd._validation import (
    Options,
    StrOptions,
    as_floats,
    as_ndarray,
    as_signals,
    check_axis,
    check_finite,
    check_result,
    check_rows,
    is_complex,
    to_numbers,
)

__all__ = [
    "FFTMagnitude",
    "Spectrogram",
    "WelchPSD",
    "decibels",
    "fft_magnitude",
    "spectrogram",
    "welch",
]

# Values of one part of the result in `fit`, which returns none of it.
_PART_VALUES = 2**22


def welch(
    X,
    fs=1.0,
    *,
    window="hann",
    nperseg=None,
    noverlap=None,
    nfft=None,
    detrend="constant",
    return_onesided=True,
    scaling="density",
    average="mean",
    nan_segments="propagate",
    fmin=None,
    fmax=None,
    n_jobs=None,
):
    """Estimate the power spectral density of each signal.

    The result is that of :func:`scipy.signal.welch`, with the frequencies in ascending
    order also for two-sided spectra, and with another correction of the median at two
    frequencies of real signals, see `average`. It is computed in blocks that stay in
    the cache, so that it takes a small part of the time and hardly any memory beside
    the result.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, [n_channels,] n_times)
        Real signals, or complex ones with `return_onesided=False`. A memory-mapped
        array is read in parts. The spectra of a tensor are computed where it is.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple, float or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; a list or an array is the window
        itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighboring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only, so that a shape that lies there looks different from elsewhere; with
        False it keeps its shape anywhere on a two-sided axis. A receiver with a spike
        at 0 Hz needs "constant", or False and the `notch` of :class:`WelchPSD`, as the
        spike stays where it is when the signal moves. A function takes segments of
        shape (..., nperseg) and returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    average : {"mean", "median"}, default="mean"
        How the segments are averaged. The median resists short disturbances and needs
        memory for the powers of all segments of a signal. It is corrected for its bias
        for noise. At 0 Hz and ``fs / 2`` the powers of real signals have one degree of
        freedom, and are corrected for that, which scipy does not do. Signals that are
        padded with zeros to one length need the mean.

    nan_segments : {"propagate", "omit"}, default="propagate"
        Whether NaN in one segment makes the spectrum of its signal NaN, or whether the
        average is taken over the segments without NaN, as for gaps in a recording.

    fmin, fmax : float, default=None
        Keep only frequencies from `fmin` to `fmax`, both included, in Hz.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order, in Hz.

    psd : ndarray or Tensor of shape (n_samples, [n_channels,] n_freqs)
        float32 for float32 and complex64 signals, else float64.

    Raises
    ------
    ValueError
        If a parameter does not fit the signals, or all powers of a signal are too
        small or some too large for the type of the result.

    See Also
    --------
    spectrogram : The same without the average.

    References
    ----------
    .. [1] Welch, P. (1967). "The use of the fast Fourier transform for the estimation
       of power spectra". IEEE Transactions on Audio and Electroacoustics, 15(2),
       70-73. :doi:`10.1109/TAU.1967.1161901`
    """
    X = as_signals("welch", X)
    check_n_jobs(n_jobs)
    check_option("average", average, ("mean", "median"))
    check_option("nan_segments", nan_segments, ("propagate", "omit"))
    segments = Segments(
        X.shape[-1],
        fs,
        window=window,
        nperseg=nperseg,
        noverlap=noverlap,
        nfft=nfft,
        detrend=detrend,
        return_onesided=return_onesided,
        scaling=scaling,
        fmin=fmin,
        fmax=fmax,
        omit_nan=nan_segments == "omit",
    )
    return segments.freqs, estimate_powers(X, segments, average, n_jobs)[0]


def spectrogram(
    X,
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
    n_jobs=None,
):
    """Estimate the power spectral density of each segment of each signal.

    The mean of the result over time is what `welch` returns. It equals
    :func:`scipy.signal.spectrogram` for the same parameters, but for the order of
    two-sided frequencies; note that the default window and overlap there are others.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, [n_channels,] n_times)
        Real signals, or complex ones with `return_onesided=False`.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple, float or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; a list or an array is the window
        itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighboring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only, so that a shape that lies there looks different from elsewhere; with
        False it keeps its shape anywhere on a two-sided axis. A receiver with a spike
        at 0 Hz needs "constant", or False and the `notch` of :class:`WelchPSD`, as the
        spike stays where it is when the signal moves. A function takes segments of
        shape (..., nperseg) and returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    fmin, fmax : float, default=None
        Keep only frequencies from `fmin` to `fmax`, both included, in Hz.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order, in Hz.

    times : ndarray of shape (n_frames,)
        Middle of each segment, in seconds.

    powers : ndarray or Tensor of shape (n_samples, [n_channels,] n_freqs, n_frames)
        float32 for float32 and complex64 signals, else float64. NaN in a segment makes
        the powers of this segment NaN.

    Raises
    ------
    ValueError
        If a parameter does not fit the signals, or all powers of a signal are too
        small or some too large for the type of the result.

    See Also
    --------
    welch : The average over the segments.
    """
    X = as_signals("spectrogram", X)
    check_n_jobs(n_jobs)
    segments = Segments(
        X.shape[-1],
        fs,
        window=window,
        nperseg=nperseg,
        noverlap=noverlap,
        nfft=nfft,
        detrend=detrend,
        return_onesided=return_onesided,
        scaling=scaling,
        fmin=fmin,
        fmax=fmax,
    )
    powers = estimate_powers(X, segments, None, n_jobs)[0]
    return segments.freqs, _times(segments, fs), powers


def _times(segments, fs):
    middle = segments.nperseg / 2
    return (middle + segments.step * np.arange(segments.n_segments)) / as_rate(fs)


def decibels(psd, axis=-1, *, silent_level=SILENT_LEVEL):
    """Return ``10 log10`` of each spectrum, with a floor 120 dB below its maximum.

    Parameters
    ----------
    psd : array-like or Tensor of shape (..., n_freqs)
        Powers, none negative.

    axis : int or tuple of int, default=-1
        Axis, or axes, along which one spectrum lies.

    silent_level : float, default=-120.0
        Level of a spectrum of zeros, which has no maximum, in dB.

    Returns
    -------
    level : ndarray or Tensor of shape (..., n_freqs)
        In dB: float32 for float32 and shorter numbers, else float64. NaN and infinity
        stay where they are.

    Raises
    ------
    TypeError
        If `psd` does not hold real numbers.

    ValueError
        If it is empty, has no such axis, or `silent_level` is no finite number.

    Examples
    --------
    >>> from sk_psd.spectral import decibels
    >>> decibels([[100.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    array([[  20.,    0., -100.],
           [-120., -120., -120.]])
    """
    psd = psd if isinstance(psd, torch.Tensor) else as_ndarray(psd, "psd")
    if is_complex(psd):
        raise TypeError(
            f"psd must hold powers, which are real. Got {psd.dtype}; pass "
            "np.abs(X) ** 2 of the complex amplitudes X."
        )
    psd = as_floats(psd, "psd")
    if psd.ndim == 0 or 0 in psd.shape:
        raise ValueError(
            f"psd must hold one power at least. Got shape {tuple(psd.shape)}."
        )
    check_axis(axis, psd.ndim)
    try:
        level = as_float(silent_level)
    except (TypeError, ValueError, OverflowError):
        level = np.nan
    if not abs(level) <= np.finfo(np.float32).max:  # NaN is not either
        raise ValueError(
            f"silent_level must be a finite level in dB. Got {silent_level!r}."
        )
    return to_levels(psd, axis, level)


def fft_magnitude(X):
    """Return ``|rfft|`` of real rows, two-sided ascending ``|fft|`` of complex ones.

    Parameters
    ----------
    X : array-like of shape (..., n_times)
        Real or complex numbers.

    Returns
    -------
    magnitude : ndarray of shape (..., n_freqs)
        With ``n_times // 2 + 1`` frequencies for real and ``n_times`` for complex X,
        of float32 for float32 and complex64, else of float64.

    Raises
    ------
    ValueError
        If X has no axis of samples, or one without any, or if magnitudes of finite X
        exceed the largest number.
    """
    X = to_numbers(as_ndarray(X))
    if X.ndim == 0 or 0 in X.shape:
        raise ValueError(
            "X must hold signals, of shape (..., n_times), of one sample at least. Got "
            f"shape {X.shape}."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        if np.iscomplexobj(X):
            single = X.dtype.itemsize == 8
            X = X.astype(np.complex64 if single else np.complex128, copy=False)
            magnitude = np.abs(fft.fftshift(fft.fft(X), axes=-1))
        else:
            magnitude = np.abs(fft.rfft(as_floats(X)))
    check_result("magnitudes", magnitude, X)
    return magnitude


class _SegmentTransformer(Transformer):
    """Base of transformers of segments: their parameters, axis and checks."""

    _parameter_constraints = {
        "fs": [rate()],
        "window": [str, tuple, Real, "array-like"],
        "nperseg": [WholeNumber(1), None],
        "noverlap": [WholeNumber(0), None],
        "nfft": [WholeNumber(1), None],
        "detrend": [
            StrOptions({"constant", "linear"}),
            Options(bool, {False}),
            callable,
        ],
        "return_onesided": ["boolean"],
        "scaling": [StrOptions({"density", "spectrum"})],
        "decibels": ["boolean"],
        "fmin": [Number(None, None), None],
        "fmax": [Number(None, None), None],
        "notch": [Real, "array-like", None],
        "n_jobs": [Integral, None],
    }

    def fit(self, X, y=None):
        """Check the parameters and the signals and find the axes of the output.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Real signals, or complex ones with `return_onesided=False`.

        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.
        """
        X = self._fit(X)
        if not self.decibels:
            check_finite(self, X, omit_nan=self._omits_nan())
            return self
        n_frames = self._segments.n_segments if self._average() is None else 1
        n_values = len(self.freqs_) * n_frames * math.prod(X.shape[1:-1])
        floors = []
        for rows in gen_batches(len(X), max(1, _PART_VALUES // n_values)):
            floors.append(self._floors(*self._estimate(X[rows], rows.start)))
        self._learn(np.concatenate(floors))
        return self

    def fit_transform(self, X, y=None):
        """Fit to X, then transform it, reading it once.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Real signals, or complex ones with `return_onesided=False`.

        y : None
            Ignored.

        Returns
        -------
        psd : ndarray of shape (n_samples, ...)
            What `transform` returns.
        """
        result, silent = self._estimate(self._fit(X))
        if self.decibels:
            self._learn(self._floors(result, silent))
        return self._finish(result, silent)

    def _transform(self, X):
        check_is_fitted(self)
        return self._finish(*self._estimate(self._check(X, reset=False)))

    def _fit(self, X):
        self._validate_params()
        X = self._check(X, reset=True)
        check_signals(type(self).__name__, X)
        release_pages(X)
        self._segments = Segments(
            self.n_features_in_,
            self.fs,
            window=self.window,
            nperseg=self.nperseg,
            noverlap=self.noverlap,
            nfft=self.nfft,
            detrend=self.detrend,
            return_onesided=self.return_onesided,
            scaling=self.scaling,
            fmin=self.fmin,
            fmax=self.fmax,
            omit_nan=self._omits_nan(),
        )
        self.freqs_ = self._segments.freqs
        self._notch = None
        if self.notch is not None:
            self._notch = Notch(
                self.notch,
                self.freqs_,
                fs=as_rate(self.fs),
                window=self._segments.window,
                onesided=self.return_onesided,
            )
        return X

    def _average(self):
        """Return the average over the segments, or None to keep each of them."""
        return getattr(self, "average", None)

    def _omits_nan(self):
        return getattr(self, "nan_segments", None) == "omit"

    def _estimate(self, X, first_row=0):
        """Return powers or levels of checked signals, and which of these are silent."""

        def check(X, sample=0):
            first = first_row, sample
            check_finite(self, X, omit_nan=self._omits_nan(), first=first)

        segments, average = self._segments, self._average()
        result, silent = estimate_powers(
            X,
            segments,
            average,
            self.n_jobs,
            levels=self.decibels,
            check=check,
            notch=self._notch,
            first_row=first_row,
        )
        rest = segments.step * (segments.n_segments - 1) + segments.nperseg
        if rest < X.shape[-1]:  # after the last segment
            check(X[..., rest:], rest)
        self._check_result(result, first_row)
        empty = segments.empty_bin
        if self.decibels and empty is not None and len(self.freqs_) > 1:
            levels = result if average is None else result[..., None]
            beside = [i for i in (empty - 1, empty + 1) if 0 <= i < len(self.freqs_)]
            levels[..., empty, :] = levels[..., beside, :].mean(-2)
        return result, silent

    def _check_result(self, result, first_row):
        """Raise an error of numbers that are none although X holds numbers."""
        xp = torch if isinstance(result, torch.Tensor) else np
        if xp.isfinite(result).all():
            return
        place = np.nonzero(np.asarray((~xp.isfinite(result)).tolist()))
        n_axes = result.ndim - (2 if self._average() is None else 1)
        row = name_row(place[:n_axes], first_row=first_row)
        if self._omits_nan() and xp.isnan(result).any():
            raise ValueError(
                f"Input X contains NaN in every segment of {row}: there is nothing to "
                "average. Leave it out or choose a shorter nperseg."
            )
        raise ValueError(
            f"The powers of X are not finite, although X is: look at {row}, at fs and "
            "at what detrend returns."
        )

    def _floors(self, result, silent):
        """Return the lowest level of each signal that holds power."""
        levels = result.reshape(silent.size, -1)
        xp = torch if isinstance(levels, torch.Tensor) else np
        floors = np.asarray(xp.amin(levels, axis=1).tolist())
        return np.where(silent.ravel(), np.nan, floors)

    def _learn(self, floors):
        """Remember the level of a silent signal: that of a low floor."""
        known = floors[~np.isnan(floors)]
        self.silent_level_ = SILENT_LEVEL
        if len(known):
            self.silent_level_ = float(np.quantile(known, 0.1))

    def _finish(self, result, silent):
        """Give silent signals their level, and say how many there are."""
        if silent.any():
            place = np.nonzero(silent)
            level = "Their powers are 0."
            if self.decibels:
                level = (
                    f"Their level is {self.silent_level_:.1f} dB at all frequencies."
                )
                index = place
                if isinstance(result, torch.Tensor):
                    index = tuple(torch.from_numpy(p).to(result.device) for p in place)
                result[index] = self.silent_level_
            where = " in most segments" if self._average() == "median" else ""
            warnings.warn(
                f"{type(self).__name__}: {silent.sum()} of {silent.size} signals hold "
                f"no power, the first is {name_row(place)}. They are zero{where}, or "
                f"what detrend takes off is all there is. {level}",
                stacklevel=3,
            )
        return result

    def _check(self, X, reset):
        return check_rows(
            self,
            X,
            reset=reset,
            allow_3d=True,
            as_is=True,
            tensors=True,
            allow_complex=not self.return_onesided,
            complex_hint=" with return_onesided=True: use return_onesided=False",
        )


class WelchPSD(FrequencyNames, _SegmentTransformer):
    """Estimate the power spectral density of each signal with Welch's method.

    Equal to :func:`scipy.signal.welch` for the same parameters, except that two-sided
    spectra come in ascending order of frequency, that complex signals need
    `return_onesided=False`, that an `nperseg` longer than the signals is an error, and
    that the median has another correction at two frequencies of real signals.

    Parameters
    ----------
    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple, float or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; a list or an array is the window
        itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighboring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only, so that a shape that lies there looks different from elsewhere; with
        False it keeps its shape anywhere on a two-sided axis. A receiver with a spike
        at 0 Hz needs "constant", or False and the `notch` of :class:`WelchPSD`, as the
        spike stays where it is when the signal moves. A function takes segments of
        shape (..., nperseg) and returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    average : {"mean", "median"}, default="mean"
        How the segments are averaged. The median resists short disturbances and needs
        memory for the powers of all segments of a signal. It is corrected for its bias
        for noise. At 0 Hz and ``fs / 2`` the powers of real signals have one degree of
        freedom, and are corrected for that, which scipy does not do. Signals that are
        padded with zeros to one length need the mean.

    nan_segments : {"raise", "omit"}, default="raise"
        Whether NaN in a signal is an error that says where it stands, or whether the
        average is taken over the segments without NaN, as for gaps in a recording. A
        signal without any such segment is an error.

    decibels : bool, default=False
        Whether to return ``10 log10`` of the result, with a floor 120 dB below the
        maximum of each spectrum. A signal without power gets `silent_level_`. Where
        window and `detrend` leave nothing at 0 Hz, as ``window="boxcar"`` does, the
        level there is that of the frequencies beside it.

    fmin, fmax : float, default=None
        Keep only frequencies from `fmin` to `fmax`, both included, in Hz.

    notch : list of float or (float, float), default=None
        Frequencies of lines that do not belong to the signals, in Hz, such as mains hum
        or the spike of a receiver at 0 Hz. A number takes the bins in the main lobe of
        the window around it, which is two bins wide to either side with a Hann window.
        A pair takes the bins from low to high. They get the levels on a straight line
        in decibels between the neighbors on both sides; at the end of an axis, that of
        the one neighbor. On a two-sided axis list the negative frequencies too.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each output bin, in Hz, in ascending order.

    silent_level_ : float
        Level of a signal without power, in dB, if `decibels`: the 10 % quantile of the
        lowest levels of the signals with power that `fit` saw; -120 if there are none.

    n_features_in_ : int
        Length of the signals, in samples.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    FFTMagnitude : Magnitude of one FFT over the whole signal.
    MinMaxScale : Scale each spectrum to [0, 1].

    Notes
    -----
    float32 and complex64 signals are transformed in single precision, which an offset
    does not harm, but what lies 90 dB and more below the strongest line of a signal
    gets lost in its rounding errors. For such a dynamic range pass float64.

    All signals of one X have one sampling frequency. Channels that a file holds at
    other rates are resampled first, or get a transformer of their own.

    Signals of any scale have their level in decibels. Without `decibels`, powers that
    float32 (or float64) cannot hold are an error.

    A signal without power (zeros, or a constant that `detrend` takes off) gives a
    spectrum of zeros, in decibels `silent_level_`. A warning counts them.

    The last axis of X is time. In `fit`, rows of one sample, and up to 4 samples in at
    least 64 times as many rows or channels, are an error that names the transposition;
    up to 16 samples a warning. A row that rises by equal steps from end to end, as a
    column of times does, is a warning.

    References
    ----------
    .. [1] Welch, P. (1967). "The use of the fast Fourier transform for the estimation
       of power spectra". IEEE Transactions on Audio and Electroacoustics, 15(2),
       70-73. :doi:`10.1109/TAU.1967.1161901`

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import WelchPSD
    >>> t = np.arange(4096) / 1000
    >>> X = np.sin(2 * np.pi * 125 * t)[None]
    >>> welch = WelchPSD(fs=1000).fit(X)
    >>> float(welch.freqs_[welch.transform(X).argmax()])
    125.0
    """

    _parameter_constraints = {
        **_SegmentTransformer._parameter_constraints,
        "average": [StrOptions({"mean", "median"})],
        "nan_segments": [StrOptions({"raise", "omit"})],
    }

    _name = "psd_", "Hz"

    def __init__(
        self,
        fs=1.0,
        *,
        window="hann",
        nperseg=None,
        noverlap=None,
        nfft=None,
        detrend="constant",
        return_onesided=True,
        scaling="density",
        average="mean",
        nan_segments="raise",
        decibels=False,
        fmin=None,
        fmax=None,
        notch=None,
        n_jobs=None,
    ):
        self.fs = fs
        self.window = window
        self.nperseg = nperseg
        self.noverlap = noverlap
        self.nfft = nfft
        self.detrend = detrend
        self.return_onesided = return_onesided
        self.scaling = scaling
        self.average = average
        self.nan_segments = nan_segments
        self.decibels = decibels
        self.fmin = fmin
        self.fmax = fmax
        self.notch = notch
        self.n_jobs = n_jobs

    def transform(self, X):
        """Return the power spectral density of each signal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Signals of the length seen in `fit`.

        Returns
        -------
        psd : ndarray of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Power spectral densities, float32 for float32 and complex64 signals and
            float64 for others. A tensor on the device of X if X is one and array API
            dispatch is on.
        """
        return self._transform(X)


class Spectrogram(_SegmentTransformer):
    """Estimate how the power spectral density of each signal changes over time.

    The columns are the spectra of overlapping segments; their mean is what
    :class:`WelchPSD` returns for the same parameters.

    Parameters
    ----------
    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple, float or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; a list or an array is the window
        itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighboring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only, so that a shape that lies there looks different from elsewhere; with
        False it keeps its shape anywhere on a two-sided axis. A receiver with a spike
        at 0 Hz needs "constant", or False and the `notch` of :class:`WelchPSD`, as the
        spike stays where it is when the signal moves. A function takes segments of
        shape (..., nperseg) and returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    decibels : bool, default=False
        Whether to return ``10 log10`` of the result, with a floor 120 dB below the
        maximum of each spectrogram. A signal without power gets `silent_level_`.

    fmin, fmax : float, default=None
        Keep only frequencies from `fmin` to `fmax`, both included, in Hz.

    notch : list of float or (float, float), default=None
        Frequencies of lines that do not belong to the signals, in Hz, such as mains hum
        or the spike of a receiver at 0 Hz. A number takes the bins in the main lobe of
        the window around it, which is two bins wide to either side with a Hann window.
        A pair takes the bins from low to high. They get the levels on a straight line
        in decibels between the neighbors on both sides; at the end of an axis, that of
        the one neighbor. On a two-sided axis list the negative frequencies too.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each row of the output, in Hz, in ascending order.

    times_ : ndarray of shape (n_frames,)
        Middle of each segment, in seconds from the start of the signal.

    silent_level_ : float
        Level of a signal without power, in dB, if `decibels`: the 10 % quantile of the
        lowest levels of the signals with power that `fit` saw; -120 if there are none.

    n_features_in_ : int
        Length of the signals, in samples.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    WelchPSD : The mean over time.
    scipy.signal.spectrogram : The same for the same parameters, with other defaults.

    Notes
    -----
    Arrays in the wrong layout are named as by :class:`WelchPSD`.

    Only whole segments make a column, so nothing is padded at the ends. To scale the
    result use ``MinMaxScale(per="spectrogram")``.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import Spectrogram
    >>> t = np.arange(4096) / 1000
    >>> X = np.sin(2 * np.pi * np.where(t < 2, 125, 250) * t)[None]
    >>> spectrogram = Spectrogram(fs=1000).fit(X)
    >>> powers = spectrogram.transform(X)
    >>> powers.shape
    (1, 129, 31)
    >>> spectrogram.freqs_[powers[0].argmax(axis=0)[[0, -1]]]
    array([125., 250.])
    """

    def __init__(
        self,
        fs=1.0,
        *,
        window="hann",
        nperseg=None,
        noverlap=None,
        nfft=None,
        detrend="constant",
        return_onesided=True,
        scaling="density",
        decibels=False,
        fmin=None,
        fmax=None,
        notch=None,
        n_jobs=None,
    ):
        self.fs = fs
        self.window = window
        self.nperseg = nperseg
        self.noverlap = noverlap
        self.nfft = nfft
        self.detrend = detrend
        self.return_onesided = return_onesided
        self.scaling = scaling
        self.decibels = decibels
        self.fmin = fmin
        self.fmax = fmax
        self.notch = notch
        self.n_jobs = n_jobs

    def _fit(self, X):
        X = super()._fit(X)
        self.times_ = _times(self._segments, self.fs)
        return X

    def transform(self, X):
        """Return the spectrogram of each signal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Signals of the length seen in `fit`.

        Returns
        -------
        powers : ndarray of shape (n_samples, [n_channels,] n_freqs, n_frames)
            Power spectral densities, float32 for float32 and complex64 signals and
            float64 for others. A tensor on the device of X if X is one and array API
            dispatch is on.
        """
        return self._transform(X)


class FFTMagnitude(FrequencyNames, Transformer):
    """Return the magnitude of the FFT of each row.

    Of signals it is the plain spectrum. Of spectra it is a description that does not
    change when a spectrum is rolled along its axis, but is blind to mirror images.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each output bin, in cycles per sample, in ascending order:
        one-sided if `fit` saw real rows, two-sided if it saw complex ones.

    n_features_in_ : int
        Length of the rows.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    WelchPSD : Average over segments: less noise, fewer bins.

    Examples
    --------
    >>> from sk_psd import FFTMagnitude
    >>> FFTMagnitude().fit_transform([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    array([[1., 1., 1.],
           [1., 1., 1.]])
    """

    _name = "fft_", ""

    def fit(self, X, y=None):
        """Remember the length of the rows and whether they are complex.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Real or complex rows.

        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.
        """
        X = check_rows(self, X, reset=True, allow_complex=True, allow_3d=True)
        n_times, is_complex = X.shape[-1], np.iscomplexobj(X)
        self.freqs_ = (
            fft.fftshift(fft.fftfreq(n_times)) if is_complex else fft.rfftfreq(n_times)
        )
        self._is_complex = is_complex
        return self

    def transform(self, X):
        """Return the magnitude of the FFT of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Rows of the length and kind seen in `fit`. Each channel is a row of its own.

        Returns
        -------
        magnitude : ndarray of shape (n_samples, [n_channels,] n_freqs)
            ``n_times // 2 + 1`` frequencies for real rows, ``n_times`` for complex.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False, allow_complex=True, allow_3d=True)
        if np.iscomplexobj(X) != self._is_complex:
            kinds = ["real", "complex"]
            raise ValueError(
                f"FFTMagnitude was fitted on {kinds[self._is_complex]} rows, but X is "
                f"{kinds[not self._is_complex]}: the frequencies would differ."
            )
        return fft_magnitude(X)
