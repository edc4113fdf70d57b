"""Power spectral densities, spectrograms and FFT magnitudes of signals."""

import numpy as np
import torch
from scipy import fft
from sklearn.utils.validation import check_is_fitted

from sk_psd._arguments import check_n_jobs, check_option
from sk_psd._arrays import (
    as_ndarray,
    as_numbers,
    as_real,
    as_signals,
    check_axis,
    check_result,
    is_complex,
)
from sk_psd._constraints import StrOptions
from sk_psd._frequency_axis import full_axis
from sk_psd._frequency_names import FrequencyNames
from sk_psd._numbers import as_float, as_rate
from sk_psd._powers import SILENT_LEVEL, estimate_powers, to_levels
from sk_psd._segment_transformer import SegmentTransformer, segment_times
from sk_psd._segments import Segments
from sk_psd._transformer import Transformer
from sk_psd._validation import check_rows

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
    nan_segments="propagate",
    fmin=None,
    fmax=None,
    n_jobs=None,
):
    """Estimate the power spectral density of each signal.

    The result equals that of :func:`scipy.signal.welch`, with four differences.
    Two-sided frequencies are in ascending order. Complex signals need
    `return_onesided=False`. An `nperseg` longer than the signals is an error. The
    median has another correction at two frequencies of real signals, see `average` of
    :class:`WelchPSD`. The signals are processed in blocks that fit the cache. That
    takes a fraction of the time of SciPy, and with the mean little memory beside the
    result.

    Parameters
    ----------
    X : array-like or Tensor of shape ([n_samples, [n_channels,]] n_times)
        Real signals, or complex ones with `return_onesided=False`. A memory-mapped
        array is read in parts. The spectra of a tensor are computed on its device.

    fs : float, default=1.0
        As in :class:`WelchPSD`.

    window : str, tuple, float or array-like, default="hann"
        As in :class:`WelchPSD`.

    nperseg : int, default=None
        As in :class:`WelchPSD`.

    noverlap : int, default=None
        As in :class:`WelchPSD`.

    nfft : int, default=None
        As in :class:`WelchPSD`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        As in :class:`WelchPSD`.

    return_onesided : bool, default=True
        As in :class:`WelchPSD`.

    scaling : {"density", "spectrum"}, default="density"
        As in :class:`WelchPSD`.

    average : {"mean", "median"}, default="mean"
        As in :class:`WelchPSD`.

    nan_segments : {"propagate", "omit"}, default="propagate"
        Whether NaN in a segment makes the spectrum of its signal NaN, or whether only
        the segments without NaN are averaged, as for gaps in a recording.

    fmin, fmax : float, default=None
        As in :class:`WelchPSD`.

    n_jobs : int, default=None
        As in :class:`WelchPSD`.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order, in Hz.

    psd : ndarray or Tensor of shape ([n_samples, [n_channels,]] n_freqs)
        Power spectral densities, float32 for float32 and complex64 signals and
        float64 for others.

    Raises
    ------
    ValueError
        If a parameter is invalid or does not fit the signals. If the powers of a
        signal are too small or too large for the dtype of the result.

    See Also
    --------
    spectrogram : The spectrum of each segment, without the average.
    WelchPSD : The same as a transformer, with decibels and a notch.

    References
    ----------
    .. [1] Welch, P. (1967). "The use of fast Fourier transform for the estimation
       of power spectra". IEEE Transactions on Audio and Electroacoustics, 15(2),
       70-73. :doi:`10.1109/TAU.1967.1161901`

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.spectral import welch
    >>> tone = np.sin(2 * np.pi * 50 * np.arange(4000) / 1000)
    >>> freqs, psd = welch(tone, fs=1000, nperseg=200)
    >>> psd.shape, float(freqs[psd.argmax()])
    ((101,), 50.0)
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

    The mean of the result over time is the result of :func:`welch`. The result equals
    that of :func:`scipy.signal.spectrogram` for the same parameters, except that
    two-sided frequencies are in ascending order. The default window and overlap of
    SciPy are others.

    Parameters
    ----------
    X : array-like or Tensor of shape ([n_samples, [n_channels,]] n_times)
        Real signals, or complex ones with `return_onesided=False`. A memory-mapped
        array is read in parts. The spectra of a tensor are computed on its device.

    fs : float, default=1.0
        As in :class:`WelchPSD`.

    window : str, tuple, float or array-like, default="hann"
        As in :class:`WelchPSD`.

    nperseg : int, default=None
        As in :class:`WelchPSD`.

    noverlap : int, default=None
        As in :class:`WelchPSD`.

    nfft : int, default=None
        As in :class:`WelchPSD`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        As in :class:`WelchPSD`.

    return_onesided : bool, default=True
        As in :class:`WelchPSD`.

    scaling : {"density", "spectrum"}, default="density"
        As in :class:`WelchPSD`.

    fmin, fmax : float, default=None
        As in :class:`WelchPSD`.

    n_jobs : int, default=None
        As in :class:`WelchPSD`.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order, in Hz.

    times : ndarray of shape (n_frames,)
        Middle of each segment, in seconds.

    powers : ndarray or Tensor of shape ([n_samples, [n_channels,]] n_freqs, n_frames)
        Power spectral densities, float32 for float32 and complex64 signals and
        float64 for others. NaN in a segment makes the powers of this segment NaN.

    Raises
    ------
    ValueError
        If a parameter is invalid or does not fit the signals. If the powers of a
        signal are too small or too large for the dtype of the result.

    See Also
    --------
    welch : The average over the segments.
    Spectrogram : The same as a transformer, with decibels and a notch.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.spectral import spectrogram
    >>> t = np.arange(2000) / 1000
    >>> rising = np.sin(2 * np.pi * (50 * t + 50 * t**2))  # 50 to 250 Hz
    >>> freqs, times, powers = spectrogram(rising, fs=1000, nperseg=200)
    >>> powers.shape
    (101, 19)
    >>> freqs[powers.argmax(axis=0)][[0, -1]]
    array([ 60., 240.])
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
    return segments.freqs, segment_times(segments, fs), powers


def decibels(psd, axis=-1, *, silent_level=SILENT_LEVEL):
    """Return ``10 log10`` of each spectrum, with a floor 120 dB below its maximum.

    Parameters
    ----------
    psd : array-like or Tensor of shape (..., n_freqs)
        Powers of at least 0.

    axis : int or tuple of int, default=-1
        Axis of the frequencies, or all axes of one spectrogram.

    silent_level : float, default=-120.0
        Level of a spectrum of zeros, in dB. Such a spectrum has no maximum.

    Returns
    -------
    level : ndarray or Tensor of shape (..., n_freqs)
        Levels in dB, float32 for float32 and float16, else float64. NaN and
        infinity stay as they are.

    Raises
    ------
    TypeError
        If `psd` does not hold real numbers.

    ValueError
        If `psd` is empty or lacks an axis, or if `silent_level` is not finite.

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
    psd = as_real(psd, "psd")
    if psd.ndim == 0 or 0 in psd.shape:
        raise ValueError(
            f"psd must hold at least one power. Got shape {tuple(psd.shape)}."
        )
    check_axis(axis, psd.ndim)
    try:
        level = as_float(silent_level)
    except (TypeError, ValueError, OverflowError):
        level = np.nan
    if not abs(level) <= np.finfo(np.float32).max:  # also if it is NaN
        raise ValueError(
            f"silent_level must be a finite level in dB. Got {silent_level!r}."
        )
    return to_levels(psd, axis, level)


def fft_magnitude(X):
    """Return the magnitude of the FFT of each row.

    Parameters
    ----------
    X : array-like of shape (..., n_times)
        Real or complex rows.

    Returns
    -------
    magnitude : ndarray of shape (..., n_freqs)
        ``n_times // 2 + 1`` frequencies from 0 on for real rows, ``n_times`` in
        ascending order for complex ones. float32 for float32 and complex64 rows, else
        float64.

    Raises
    ------
    ValueError
        If X is empty or a single number, or if magnitudes of finite rows exceed the
        largest number of their dtype.

    Examples
    --------
    >>> from sk_psd.spectral import fft_magnitude
    >>> fft_magnitude([[0.0, 1.0, 0.0, -1.0]]).round(3)
    array([[0., 2., 0.]])
    """
    X = as_numbers(X)
    if X.ndim == 0 or 0 in X.shape:
        raise ValueError(
            "X must hold signals of at least one sample, of shape (..., n_times). Got "
            f"shape {X.shape}."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        if np.iscomplexobj(X):
            single = X.dtype.itemsize == 8
            X = X.astype(np.complex64 if single else np.complex128, copy=False)
            magnitude = np.abs(fft.fftshift(fft.fft(X), axes=-1))
        else:
            magnitude = np.abs(fft.rfft(as_real(X)))
    check_result("magnitudes", magnitude, X)
    return magnitude


class WelchPSD(FrequencyNames, SegmentTransformer):
    """Estimate the power spectral density of each signal with Welch's method.

    The result equals that of :func:`scipy.signal.welch` for the same parameters, with
    four differences. Two-sided frequencies are in ascending order. Complex signals need
    `return_onesided=False`. An `nperseg` longer than the signals is an error. The
    median has another correction at two frequencies of real signals, see `average`.

    Parameters
    ----------
    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple, float or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`. A list or an array holds the
        values of the window.

    nperseg : int, default=None
        Length of each segment, in samples. None stands for the length of a window that
        is an array, and else for 256 or the length of shorter signals.

    noverlap : int, default=None
        Samples that neighboring segments share. None stands for ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT. Segments are padded with zeros up to it. None stands for
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        Trend to subtract from each segment: its mean, a straight line or nothing.
        "constant" removes the power near 0 Hz, so a shape at 0 Hz looks different. With
        False it looks the same everywhere on a two-sided axis. The spike at 0 Hz of a
        receiver does not move with the signal. Remove it by "constant", or by False and
        `notch`. A function gets segments as an array of shape (..., nperseg) and
        returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the powers of
        the negative frequencies added. Complex signals need False.

    scaling : {"density", "spectrum"}, default="density"
        Unit of the result. For signals in V it is V**2/Hz or V**2.

    average : {"mean", "median"}, default="mean"
        Average over the segments. The median resists short disturbances. It needs
        memory for the powers of all segments of a signal. It is corrected for its bias
        for noise. The correction differs from that of SciPy at 0 Hz and ``fs / 2``,
        where the powers of real signals have one degree of freedom instead of two. Use
        the mean for signals that are padded with zeros to one length.

    nan_segments : {"raise", "omit"}, default="raise"
        Whether NaN in a signal is an error, which says where it is, or whether only the
        segments without NaN are averaged, as for gaps in a recording. A signal with NaN
        in every segment is an error.

    decibels : bool, default=False
        Whether to return ``10 log10`` of the result, cut below as `range_db` says. A
        signal without power gets `silent_level_`. With
        ``window="boxcar"``, `detrend` leaves no power at 0 Hz. The level there is that
        of the frequencies beside it.

    range_db : "auto", float or None, default="auto"
        Dynamic range of levels. With `decibels`, values more than this number of dB
        below the maximum of a spectrum, or of a whole spectrogram, are raised to that
        limit. So an empty band does not widen the range. "auto" learns the number in
        `fit`: from the maximum of each training spectrum to the 2 % quantile of its
        levels, the median over all spectra, at most 80. A line far above the training
        spectra raises the limit and hides weak shapes. Set None if such lines occur.
        None cuts at 120 dB only, which stands in for the logarithm of 0.

    fmin, fmax : float, default=None
        Lowest and highest frequency to keep, in Hz. None keeps all.

    notch : list of float or (float, float), default=None
        Frequencies in Hz of lines that do not belong to the signals, such as mains hum
        or the spike of a receiver at 0 Hz. A number stands for the bins in the main
        lobe of the window around it. With a Hann window and no `nfft` these are three
        or four bins. A pair stands for the bins from low to high. The bins get levels
        on a straight line in decibels between their neighbors. At an end of a one-sided
        or cropped axis they get the level of the one neighbor. On a two-sided axis pass
        the negative frequencies too.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    verbose : int, default=0
        Whether to show a progress bar over the segments. Workers of a search show none.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each output bin, in Hz, in ascending order.

    range_db_ : float or None
        The dynamic range in use, in dB. None cuts nothing. Exists only with
        `decibels=True`.

    silent_level_ : float
        Level of a signal without power, in dB. Exists only with `decibels=True`. It is
        the 10 % quantile of the lowest levels of the signals with power seen in `fit`,
        or -120 without such signals.

    n_features_in_ : int
        Length of the signals, in samples. Does not exist if they were a list of unequal
        lengths.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    FFTMagnitude : Magnitude of one FFT over the whole signal.
    MinMaxScale : Scale each spectrum to [0, 1].

    Notes
    -----
    float32 and complex64 signals are transformed in single precision. An offset of the
    signals costs no digits. Powers about 120 dB and more below the strongest line of a
    signal are lost in its rounding errors. Pass float64 for such a dynamic range.

    All signals of one X have the same sampling frequency. Resample channels of other
    rates first, or use a transformer for each rate.

    In decibels, signals of any scale have their level. Without `decibels`, powers that
    the dtype of the result cannot hold are an error.

    A signal has no power if it is zero, or if `detrend` subtracts all of it. Its
    spectrum is zero, in decibels `silent_level_`. A warning counts such signals.

    Where the frequencies do not run from 0 to ``fs / 2`` (two-sided spectra, `fmin` or
    `fmax`), the result is an array that carries them to :class:`LogFrequency`. Its
    rows, copies and pickles carry them too. In all other uses it is a normal array.

    A list of arrays holds signals of any length, with `nperseg` given. The frequencies
    do not depend on the length. The spectrum of a signal is the same, to the last bit,
    as if it came alone.

    The last axis of X is time. Signals along another axis have few samples and many
    rows or channels. In `fit`, rows of one sample are an error. So are rows of up to 4
    samples, if there are at least 64 times as many rows or channels. With up to 16
    samples this is a warning. A row that rises by equal steps from end to end, as a
    column of times does, is a warning too.

    References
    ----------
    .. [1] Welch, P. (1967). "The use of fast Fourier transform for the estimation
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
        **SegmentTransformer._parameter_constraints,
        "average": [StrOptions({"mean", "median"})],
        "nan_segments": [StrOptions({"raise", "omit"})],
    }

    _name_prefix, _name_unit = "psd_", "Hz"

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
        range_db="auto",
        fmin=None,
        fmax=None,
        notch=None,
        n_jobs=None,
        verbose=0,
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
        self.range_db = range_db
        self.fmin = fmin
        self.fmax = fmax
        self.notch = notch
        self.n_jobs = n_jobs
        self.verbose = verbose

    def transform(self, X):
        """Return the power spectral density of each signal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, \
                n_times), or list of arrays
            Signals of the length seen in `fit`. With `nperseg`, the signals of a list
            may have any length.

        Returns
        -------
        psd : ndarray of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Power spectral densities, float32 for float32 and complex64 signals and
            float64 for others. A tensor on the device of X if X is one and array API
            dispatch is on.
        """
        return self._transform(X)

    def _frequencies_out(self, freqs):
        """Return the frequencies, unless they run from 0 to half of `fs`."""
        full = full_axis(as_rate(self.fs), len(self.freqs_))
        return None if np.allclose(self.freqs_, full, 1e-9, 0) else self.freqs_


class Spectrogram(SegmentTransformer):
    """Estimate how the power spectral density of each signal changes over time.

    Each frame is the spectrum of one segment. Without `decibels` and `notch` the mean
    of all frames is the result of :class:`WelchPSD` for the same parameters.

    Parameters
    ----------
    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple, float or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`. A list or an array holds the
        values of the window.

    nperseg : int, default=None
        Length of each segment, in samples. None stands for the length of a window that
        is an array, and else for 256 or the length of shorter signals.

    noverlap : int, default=None
        Samples that neighboring segments share. None stands for ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT. Segments are padded with zeros up to it. None stands for
        `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        Trend to subtract from each segment: its mean, a straight line or nothing.
        "constant" removes the power near 0 Hz, so a shape at 0 Hz looks different. With
        False it looks the same everywhere on a two-sided axis. The spike at 0 Hz of a
        receiver does not move with the signal. Remove it by "constant", or by False and
        `notch`. A function gets segments as an array of shape (..., nperseg) and
        returns them detrended.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the powers of
        the negative frequencies added. Complex signals need False.

    scaling : {"density", "spectrum"}, default="density"
        Unit of the result. For signals in V it is V**2/Hz or V**2.

    decibels : bool, default=False
        Whether to return ``10 log10`` of the result, cut below as `range_db` says. A
        signal without power gets `silent_level_`.

    range_db : "auto", float or None, default="auto"
        Dynamic range of levels. With `decibels`, values more than this number of dB
        below the maximum of a spectrum, or of a whole spectrogram, are raised to that
        limit. So an empty band does not widen the range. "auto" learns the number in
        `fit`: from the maximum of each training spectrum to the 2 % quantile of its
        levels, the median over all spectra, at most 80. A line far above the training
        spectra raises the limit and hides weak shapes. Set None if such lines occur.
        None cuts at 120 dB only, which stands in for the logarithm of 0.

    fmin, fmax : float, default=None
        Lowest and highest frequency to keep, in Hz. None keeps all.

    notch : list of float or (float, float), default=None
        Frequencies in Hz of lines that do not belong to the signals, such as mains hum
        or the spike of a receiver at 0 Hz. A number stands for the bins in the main
        lobe of the window around it. With a Hann window and no `nfft` these are three
        or four bins. A pair stands for the bins from low to high. The bins get levels
        on a straight line in decibels between their neighbors. At an end of a one-sided
        or cropped axis they get the level of the one neighbor. On a two-sided axis pass
        the negative frequencies too.

    n_jobs : int, default=None
        Number of threads. ``None`` means 1 unless in a :obj:`joblib.parallel_config`
        context. ``-1`` means all processors. The result does not depend on it.

    verbose : int, default=0
        Whether to show a progress bar over the segments. Workers of a search show none.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each row of a spectrogram, in Hz, in ascending order.

    times_ : ndarray of shape (n_frames,)
        Middle of each segment, in seconds from the start of the signal.

    range_db_ : float or None
        The dynamic range in use, in dB. None cuts nothing. Exists only with
        `decibels=True`.

    silent_level_ : float
        Level of a signal without power, in dB. Exists only with `decibels=True`. It is
        the 10 % quantile of the lowest levels of the signals with power seen in `fit`,
        or -120 without such signals.

    n_features_in_ : int
        Length of the signals, in samples. Does not exist if they were a list of unequal
        lengths.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    WelchPSD : The mean over time.
    scipy.signal.spectrogram : The same with other defaults.

    Notes
    -----
    Signals along the wrong axis are an error or a warning as in :class:`WelchPSD`.

    A list of arrays may hold signals of unequal lengths, if `nperseg` is given and all
    have as many frames as the first one seen in `fit`. Signals that give
    another number of frames are an error. Cut such signals into windows of one
    length.

    Only whole segments make a frame. Nothing is padded at the ends. To scale the
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
        range_db="auto",
        fmin=None,
        fmax=None,
        notch=None,
        n_jobs=None,
        verbose=0,
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
        self.range_db = range_db
        self.fmin = fmin
        self.fmax = fmax
        self.notch = notch
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit(self, X):
        X = super()._fit(X)
        self.times_ = segment_times(self._segments, self.fs)
        return X

    def transform(self, X):
        """Return the spectrogram of each signal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, \
                n_times), or list of arrays
            Signals of the length seen in `fit`. With `nperseg`, the signals of a list
            may have any length that gives as many frames.

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

    Applied to signals, it gives their plain spectrum. Applied to spectra, it gives a
    description that stays the same when a spectrum is rolled along its axis. This
    description is the same for a spectrum and its mirror image.

    Attributes
    ----------
    freqs_ : ndarray of shape (n_freqs,)
        Frequency of each output bin, in cycles per sample, in ascending order. They
        start at 0 for real rows, and are two-sided for complex ones.

    n_features_in_ : int
        Length of the rows.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    WelchPSD : Average over segments, with less noise and fewer bins.

    Examples
    --------
    >>> from sk_psd import FFTMagnitude
    >>> FFTMagnitude().fit_transform([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    array([[1., 1., 1.],
           [1., 1., 1.]])
    """

    _name_prefix, _name_unit = "fft_", ""

    def fit(self, X, y=None):
        """Set the length of the rows and whether they are complex.

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
        self._fit(X)
        return self

    def fit_transform(self, X, y=None):
        """Fit to X and transform it. X is checked once.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Real or complex rows.

        y : None
            Ignored.

        Returns
        -------
        magnitude : ndarray of shape (n_samples, [n_channels,] n_freqs)
            The result of `transform` for X.
        """
        return fft_magnitude(self._fit(X))

    def transform(self, X):
        """Return the magnitude of the FFT of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Rows of the length and kind seen in `fit`. Each channel is a row of its own.

        Returns
        -------
        magnitude : ndarray of shape (n_samples, [n_channels,] n_freqs)
            ``n_times // 2 + 1`` frequencies for real rows, ``n_times`` for complex
            ones. float32 for float32 and complex64 rows, else float64.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        if np.iscomplexobj(X) != self._is_complex:
            kinds = ["real", "complex"]
            raise ValueError(
                f"FFTMagnitude was fitted on {kinds[self._is_complex]} rows, but X is "
                f"{kinds[not self._is_complex]}: the frequencies would differ."
            )
        return fft_magnitude(X)

    def _fit(self, X):
        X = self._check(X, reset=True)
        n_times, is_complex = X.shape[-1], np.iscomplexobj(X)
        self.freqs_ = (
            fft.fftshift(fft.fftfreq(n_times)) if is_complex else fft.rfftfreq(n_times)
        )
        self._is_complex = is_complex
        return X

    def _check(self, X, reset):
        return check_rows(self, X, reset=reset, allow_complex=True)
