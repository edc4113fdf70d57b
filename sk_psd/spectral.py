"""From time to frequency: Welch power spectral densities and FFT magnitudes."""

from numbers import Integral, Real

import numpy as np
from joblib import Parallel, delayed
from scipy import fft, signal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from sk_psd._validation import Options, StrOptions, at_least, check_rows, positive

__all__ = ["FFTMagnitude", "WelchPSD", "decibels", "fft_magnitude", "welch"]

# scipy keeps the whole complex spectrogram of what it is given; in chunks of about
# this many samples that stays near 100 MB whatever the number of rows.
_CHUNK_SAMPLES = 2**20


def welch(
    X,
    fs=1.0,
    *,
    window="hann",
    nperseg=256,
    noverlap=None,
    nfft=None,
    detrend="constant",
    return_onesided=True,
    scaling="density",
    average="mean",
    n_jobs=None,
):
    """Estimate the power spectral density of each signal.

    :func:`scipy.signal.welch` over chunks of rows, with the frequencies in ascending
    order also for two-sided spectra.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_times)
        Real signals, or complex ones with `return_onesided=False`.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    window : str, tuple or array-like, default="hann"
        Window, as in :func:`scipy.signal.get_window`; an array is the window itself.

    nperseg : int, default=256
        Length of each segment, in samples.

    noverlap : int, default=None
        Samples that neighbouring segments share. None is ``nperseg // 2``.

    nfft : int, default=None
        Length of the FFT. None is `nperseg`.

    detrend : {"constant", "linear"}, False or callable, default="constant"
        What is subtracted from each segment.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    average : {"mean", "median"}, default="mean"
        How the segments are averaged.

    n_jobs : int, default=None
        Number of threads, in joblib's conventions.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order, in Hz.

    psd : ndarray of shape (n_samples, n_freqs)
        float32 for float32 and complex64 input, else float64.
    """
    # In double precision, as an offset would drown single precision.
    double = np.complex128 if np.iscomplexobj(X) else np.float64

    def one_chunk(rows):
        freqs, psd = signal.welch(
            X[rows].astype(double, copy=False),
            fs,
            window=window,
            nperseg=nperseg,
            noverlap=noverlap,
            nfft=nfft,
            detrend=detrend,
            return_onesided=return_onesided,
            scaling=scaling,
            average=average,
        )
        return freqs, psd.astype(X.real.dtype, copy=False)

    step = nperseg - (nperseg // 2 if noverlap is None else noverlap)
    n_values = (X.shape[-1] // step + 1) * (nfft or nperseg)  # of one row
    batch = max(1, _CHUNK_SAMPLES // n_values)
    done = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(one_chunk)(rows) for rows in gen_batches(len(X), batch)
    )
    freqs = done[0][0]
    psd = np.concatenate([part for _, part in done])
    if not return_onesided:
        freqs, psd = fft.fftshift(freqs), fft.fftshift(psd, axes=-1)
    return freqs, psd


def decibels(psd):
    """Return ``10 log10`` of each spectrum, with a floor 120 dB below its maximum.

    Parameters
    ----------
    psd : ndarray of shape (..., n_freqs)
        Powers, none negative.

    Returns
    -------
    level : ndarray of shape (..., n_freqs)
        In dB. The level of a spectrum of zeros is that of the smallest normal number.
    """
    floor = np.maximum(
        psd.max(axis=-1, keepdims=True) * psd.dtype.type(1e-12),
        np.finfo(psd.dtype).tiny,
    )
    return 10 * np.log10(np.maximum(psd, floor))


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


class _FrequencyTransformer(TransformerMixin, BaseEstimator):
    """Base of transformers whose output columns are frequencies."""

    def get_feature_names_out(self, input_features=None):
        """Return a name for each frequency, such as "psd_1250.0Hz" or "fft_0.125".

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str objects
            With at least one decimal and as many as keep them apart.
        """
        check_is_fitted(self)
        freqs = self.freqs_
        step = freqs[1] - freqs[0] if len(freqs) > 1 else 1.0
        decimals = max(1, 2 - int(np.floor(np.log10(step))))
        prefix, unit = self._name
        names = [f"{prefix}{f:.{decimals}f}{unit}" for f in freqs]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class WelchPSD(_FrequencyTransformer):
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
        axis needs False.

    return_onesided : bool, default=True
        Whether to return the frequencies from 0 to ``fs / 2`` only, with the power of
        the negative ones added. Use False for complex signals.

    scaling : {"density", "spectrum"}, default="density"
        For signals in V: V**2/Hz, or V**2.

    average : {"mean", "median"}, default="mean"
        How the segments are averaged; the median resists short disturbances.

    decibels : bool, default=False
        Whether to return ``10 log10`` of the result, with a floor 120 dB below the
        maximum of each spectrum.

    fmin, fmax : float, default=None
        Keep only frequencies from `fmin` to `fmax`, both included, in Hz.

    n_jobs : int, default=None
        Number of threads over chunks of rows. ``None`` means 1 unless in a
        :obj:`joblib.parallel_config` context. ``-1`` means all processors.

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
    float32 and complex64 input give float32 output. A signal of zeros gives a spectrum
    of zeros, in decibels the level of the smallest normal number.

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
        "average": [StrOptions({"mean", "median"})],
        "decibels": ["boolean"],
        "fmin": [Real, None],
        "fmax": [Real, None],
        "n_jobs": [Integral, None],
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

    def fit(self, X, y=None):
        """Check the parameters and find the frequencies of the output.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times)
            Real signals, or complex ones with `return_onesided=False`.

        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.
        """
        self._validate_params()
        X = self._check(X, reset=True)
        n_times = X.shape[-1]
        nperseg = self.nperseg
        if not isinstance(self.window, (str, tuple)):
            window = np.asarray(self.window, float)
            if window.ndim != 1 or not (window != 0).any():
                raise ValueError(
                    "A window given as an array must be one-dimensional and not all "
                    f"zero. Got shape {window.shape}."
                )
            length = len(window)
            if nperseg not in (None, length):
                raise ValueError(
                    f"nperseg (={nperseg}) must be the length of the window array "
                    f"(={length}) or None."
                )
            nperseg = length
        if nperseg is None:
            nperseg = min(256, n_times)
        if nperseg > n_times:
            raise ValueError(
                f"nperseg (={nperseg}) must not exceed the length of the signals "
                f"(n_times = {n_times}). Choose a shorter nperseg, or None."
            )
        if self.noverlap is not None and self.noverlap >= nperseg:
            raise ValueError(
                f"noverlap (={self.noverlap}) must be less than nperseg (={nperseg})."
            )
        if self.nfft is not None and self.nfft < nperseg:
            raise ValueError(
                f"nfft (={self.nfft}) must be at least nperseg (={nperseg}), or None."
            )
        self._nperseg = nperseg
        freqs, _ = self._welch(np.zeros((1, nperseg), X.dtype))
        low = -np.inf if self.fmin is None else self.fmin
        high = np.inf if self.fmax is None else self.fmax
        self._kept = (freqs >= low) & (freqs <= high)
        self.freqs_ = freqs[self._kept]
        if len(self.freqs_) == 0:
            raise ValueError(
                f"No frequency lies between fmin (={self.fmin}) and fmax "
                f"(={self.fmax}). The axis runs from {freqs[0]} to {freqs[-1]} Hz in "
                f"{len(freqs)} bins."
            )
        return self

    def transform(self, X):
        """Return the power spectral density of each signal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times)
            Signals of the length seen in `fit`.

        Returns
        -------
        psd : ndarray of shape (n_samples, n_freqs)
            Power spectral densities.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        _, psd = self._welch(X)
        if not self._kept.all():
            psd = psd[:, self._kept]
        return decibels(psd) if self.decibels else psd

    def _check(self, X, reset):
        return check_rows(
            self,
            X,
            reset=reset,
            allow_complex=not self.return_onesided,
            complex_hint=" with return_onesided=True: use return_onesided=False",
        )

    def _welch(self, X):
        return welch(
            X,
            self.fs,
            window=self.window,
            nperseg=self._nperseg,
            noverlap=self.noverlap,
            nfft=self.nfft,
            detrend=self.detrend,
            return_onesided=self.return_onesided,
            scaling=self.scaling,
            average=self.average,
            n_jobs=self.n_jobs,
        )


class FFTMagnitude(_FrequencyTransformer):
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
