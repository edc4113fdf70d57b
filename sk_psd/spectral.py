"""From time to frequency: power spectral densities, spectrograms, FFT magnitudes."""

from numbers import Integral, Real

import numpy as np
import torch
from scipy import fft
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sk_psd._frequency_names import FrequencyNames
from sk_psd._layout import check_signals
from sk_psd._segments import Segments, empty_result, row_views
from sk_psd._validation import (
    Options,
    StrOptions,
    as_signals,
    at_least,
    check_finite,
    check_rows,
    positive,
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
    fmin=None,
    fmax=None,
    n_jobs=None,
):
    """Estimate the power spectral density of each signal.

    The result is that of :func:`scipy.signal.welch`, with the frequencies in ascending
    order also for two-sided spectra. It is computed in blocks that stay in the cache,
    so that it takes a small part of the time and hardly any memory beside the result.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, [n_channels,] n_times)
        Real signals, or complex ones with `return_onesided=False`. A memory-mapped
        array is read in parts. The spectra of a tensor are computed where it is.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; an array is the window itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighbouring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only; a spectrum that is to keep its shape wherever it lies on a two-sided
        axis needs False. A function takes segments of shape (..., nperseg) and
        returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    average : {"mean", "median"}, default="mean"
        How the segments are averaged. The median resists short disturbances and needs
        memory for the powers of all segments of a signal.

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
    return segments.freqs, _averages(X, segments, average, n_jobs)


def _averages(X, segments, average, n_jobs):
    averages = {"mean": segments.mean, "median": segments.median}
    if average not in averages:
        raise ValueError(f"average must be 'mean' or 'median'. Got {average!r}.")
    write = averages[average]
    psd = empty_result(X, len(segments.freqs))
    for rows, out in row_views(X, psd):
        write(rows, out, n_jobs)
    return psd


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

    window : str, tuple or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; an array is the window itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighbouring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only; a spectrum that is to keep its shape wherever it lies on a two-sided
        axis needs False. A function takes segments of shape (..., nperseg) and
        returns them detrended.

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
        float32 for float32 and complex64 signals, else float64.

    See Also
    --------
    welch : The average over the segments.
    """
    X = as_signals("spectrogram", X)
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
    return segments.freqs, _times(segments, fs), _frames(X, segments, n_jobs)


def _frames(X, segments, n_jobs):
    powers = empty_result(X, len(segments.freqs), segments.n_segments)
    for rows, out in row_views(X, powers):
        segments.each(rows, out, n_jobs)
    return powers


def _times(segments, fs):
    middle = segments.nperseg / 2
    return (middle + segments.step * np.arange(segments.n_segments)) / fs


def decibels(psd, axis=-1):
    """Return ``10 log10`` of each spectrum, with a floor 120 dB below its maximum.

    Parameters
    ----------
    psd : ndarray or Tensor of shape (..., n_freqs)
        Powers, none negative.

    axis : int or tuple of int, default=-1
        What a spectrum consists of.

    Returns
    -------
    level : ndarray or Tensor of shape (..., n_freqs)
        In dB. The level of a spectrum of zeros is that of the smallest normal number.
    """
    xp = torch if isinstance(psd, torch.Tensor) else np
    if xp is np:
        psd = np.asarray(psd)
        psd = psd if psd.dtype.kind == "f" else psd.astype(np.float64)
    floor = xp.amax(psd, axis=axis, keepdims=True) * 1e-12
    level = xp.maximum(psd, floor.clip(xp.finfo(psd.dtype).tiny))
    xp.log10(level, out=level)
    level *= 10
    return level


def fft_magnitude(X):
    """Return ``|rfft|`` of real rows, two-sided ascending ``|fft|`` of complex ones.

    Parameters
    ----------
    X : ndarray of shape (..., n_times)

    Returns
    -------
    magnitude : ndarray of shape (..., n_freqs)
        With ``n_times // 2 + 1`` frequencies for real and ``n_times`` for complex X.
    """
    if np.iscomplexobj(X):
        return np.abs(fft.fftshift(fft.fft(X), axes=-1))
    return np.abs(fft.rfft(X))


class _SegmentTransformer(TransformerMixin, BaseEstimator):
    """Base of transformers of segments: their parameters, axis and checks."""

    _parameter_constraints = {
        "fs": [positive()],
        "window": [str, tuple, "array-like"],
        "nperseg": [at_least(1), None],
        "noverlap": [at_least(0), None],
        "nfft": [at_least(1), None],
        "detrend": [
            StrOptions({"constant", "linear"}),
            Options(bool, {False}),
            callable,
        ],
        "return_onesided": ["boolean"],
        "scaling": [StrOptions({"density", "spectrum"})],
        "decibels": ["boolean"],
        "fmin": [Real, None],
        "fmax": [Real, None],
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
        check_finite(self, self._fit(X))
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
        self._fit(X)
        return self.transform(X)

    def _fit(self, X):
        self._validate_params()
        X = self._check(X, reset=True)
        check_signals(type(self).__name__, X)
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
        )
        self.freqs_ = self._segments.freqs
        return X

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

    def _check_result(self, powers, X):
        """Raise an error of what X held: every NaN in it is one in the result."""
        segments = self._segments
        rest = segments.step * (segments.n_segments - 1) + segments.nperseg
        xp = torch if isinstance(powers, torch.Tensor) else np
        if not xp.isfinite(powers).all():
            check_finite(self, X)
            raise ValueError(
                "The powers of X are not finite, although X is: scale signals of such "
                "large values first, and look at fs and at what detrend returns."
            )
        if rest < X.shape[-1]:  # after the last segment
            check_finite(self, X[..., rest:])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class WelchPSD(FrequencyNames, _SegmentTransformer):
    """Estimate the power spectral density of each signal with Welch's method.

    Equal to :func:`scipy.signal.welch` for the same parameters, except that two-sided
    spectra come in ascending order of frequency, that complex signals need
    `return_onesided=False`, and that an `nperseg` longer than the signals is an error.

    Parameters
    ----------
    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; an array is the window itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighbouring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only; a spectrum that is to keep its shape wherever it lies on a two-sided
        axis needs False. A function takes segments of shape (..., nperseg) and
        returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    average : {"mean", "median"}, default="mean"
        How the segments are averaged. The median resists short disturbances and needs
        memory for the powers of all segments of a signal.

    decibels : bool, default=False
        Whether to return ``10 log10`` of the result, with a floor 120 dB below the
        maximum of each spectrum.

    fmin, fmax : float, default=None
        Keep only frequencies from `fmin` to `fmax`, both included, in Hz.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each output bin, in Hz, in ascending order.

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

    A signal of zeros gives a spectrum of zeros, in decibels the level of the smallest
    normal number.

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
        decibels=False,
        fmin=None,
        fmax=None,
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
        self.decibels = decibels
        self.fmin = fmin
        self.fmax = fmax
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
        check_is_fitted(self)
        X = self._check(X, reset=False)
        psd = _averages(X, self._segments, self.average, self.n_jobs)
        self._check_result(psd, X)
        return decibels(psd) if self.decibels else psd


class Spectrogram(_SegmentTransformer):
    """Estimate how the power spectral density of each signal changes over time.

    The columns are the spectra of overlapping segments; their mean is what
    :class:`WelchPSD` returns for the same parameters.

    Parameters
    ----------
    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; an array is the window itself.

    nperseg : int, default=None
        Length of each segment, in samples. None is 256, the length of the signals
        where they are shorter, or the length of a window given as an array.

    noverlap : int, default=None
        Samples that neighbouring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT; longer than `nperseg` pads each segment with zeros. None is
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment. "constant" removes power around 0 Hz
        only; a spectrum that is to keep its shape wherever it lies on a two-sided
        axis needs False. A function takes segments of shape (..., nperseg) and
        returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    decibels : bool, default=False
        Whether to return ``10 log10`` of the result, with a floor 120 dB below the
        maximum of each spectrogram.

    fmin, fmax : float, default=None
        Keep only frequencies from `fmin` to `fmax`, both included, in Hz.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each row of the output, in Hz, in ascending order.

    times_ : ndarray of shape (n_frames,)
        Middle of each segment, in seconds from the start of the signal.

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
        check_is_fitted(self)
        X = self._check(X, reset=False)
        powers = _frames(X, self._segments, self.n_jobs)
        self._check_result(powers, X)
        return decibels(powers, axis=(-2, -1)) if self.decibels else powers


class FFTMagnitude(FrequencyNames, TransformerMixin, BaseEstimator):
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
        X : array-like of shape (n_samples, n_times)
            Real or complex rows.

        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.
        """
        X = check_rows(self, X, reset=True, allow_complex=True)
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
        X : array-like of shape (n_samples, n_times)
            Rows of the length and kind seen in `fit`.

        Returns
        -------
        magnitude : ndarray of shape (n_samples, n_freqs)
            ``n_times // 2 + 1`` frequencies for real rows, ``n_times`` for complex.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False, allow_complex=True)
        if np.iscomplexobj(X) != self._is_complex:
            kinds = ["real", "complex"]
            raise ValueError(
                f"FFTMagnitude was fitted on {kinds[self._is_complex]} rows, but X is "
                f"{kinds[not self._is_complex]}: the frequencies would differ."
            )
        return fft_magnitude(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
