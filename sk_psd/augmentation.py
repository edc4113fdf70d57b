"""Transformers that change training data only."""

import copy
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils import check_random_state

from sk_psd._constraints import RealNotInt, StrOptions, at_least
from sk_psd._layout import warn_of_frames, warn_of_spectra, warn_of_waveforms
from sk_psd._numbers import as_float
from sk_psd._shift import random_shift
from sk_psd._transformer import SpectrumTransformer
from sk_psd.signals import add_noise, shift_frequency

__all__ = ["RandomFreqShift", "RandomNoise", "is_max_shift", "max_shift_in_bins"]


class _TrainingOnly(SpectrumTransformer):
    """A transformer that changes X in `fit_transform` and returns it in `transform`."""

    def fit_transform(self, X, y=None):
        """Change the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_channels, n_features)
            Rows to train on.

        y : None
            Ignored.

        Returns
        -------
        changed : ndarray of the shape of X
            Changed rows.
        """
        X = self._fit(X)
        rng = check_random_state(self.random_state)
        return self._in_chunks(lambda part: self._change(part, rng), X)

    def transform(self, X):
        """Return the rows as they are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_channels, n_features)
            Rows to predict on.

        Returns
        -------
        X : ndarray
            The same values.
        """
        return self._check(X)


class RandomFreqShift(_TrainingOnly):
    """Shift each training spectrum, or signal, by its own random frequency.

    .. note::

        ``fit_transform(X)`` shifts, ``transform(X)`` returns X as it is. In a
        :class:`~sklearn.pipeline.Pipeline` the training data are therefore shifted,
        once per `fit`, and the data to predict never are.

    Parameters
    ----------
    max_shift : int or float, default=0.5
        Shifts are drawn uniformly from the whole numbers of bins between
        ``-max_shift`` and ``max_shift``. An int is a number of bins, a float a
        fraction of the axis between 0 and 1. The bins of a signal are those of the FFT
        over its whole length. The axis of a complex signal is its sampling frequency,
        that of a real one is half of it, whatever part :class:`WelchPSD` keeps.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters at the vacated end: what left at the other one (for two-sided
        spectra of complex signals, whose axis is a circle), the value of the last
        bin, or the spectrum's own noise (values of its weaker half of bins). Signals
        know "wrap" only.

    domain : {"spectrum", "signal"}, default="spectrum"
        Whether the rows are spectra, or raw signals to be shifted before their spectra
        are taken, as by :func:`sk_psd.signals.shift_frequency`. Complex signals are
        mixed. Real ones are shifted by one sideband, and what would leave the axis is
        removed.

    fill : {"noise"} or None, default="noise"
        What the vacated strip of a real signal holds: white noise at the signal's own
        floor, or nothing. For signals only.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        What becomes of the mean of each signal: it moves with the rest, it is taken off
        together with the drift, or both stay at 0 Hz. "auto" is "move" for complex
        signals and "stay" for real ones, where the mean belongs to the sensor. For a
        complex signal with the spike of a receiver at 0 Hz choose "stay". For signals
        only.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same shifts at every call.

    Attributes
    ----------
    n_features_in_ : int
        Length of the rows.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    GlobalPoolCNNClassifier : Shifts anew in every batch, by its `augmentation`.

    Notes
    -----
    All channels of a sample are shifted together. The number of samples stays the
    same, and so does X itself.

    Real signals that are shifted off their axis are gone. Choose `max_shift` so that
    the band of each stays on it.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import RandomFreqShift
    >>> X = np.eye(3, 8)
    >>> shift = RandomFreqShift(max_shift=2, random_state=0)
    >>> shift.fit_transform(X).argmax(axis=1)
    array([7, 7, 1])
    >>> shift.transform(X).argmax(axis=1)
    array([0, 1, 2])
    """

    _parameter_constraints = {
        "max_shift": [at_least(0), at_least(0, RealNotInt)],
        "mode": [StrOptions({"wrap", "edge", "floor"})],
        "domain": [StrOptions({"spectrum", "signal"})],
        "fill": [StrOptions({"noise"}), None],
        "offset": [StrOptions({"auto", "move", "remove", "stay"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        max_shift=0.5,
        *,
        mode="wrap",
        domain="spectrum",
        fill="noise",
        offset="auto",
        random_state=None,
    ):
        self.max_shift = max_shift
        self.mode = mode
        self.domain = domain
        self.fill = fill
        self.offset = offset
        self.random_state = random_state

    @property
    def _allow_complex(self):
        return self.domain == "signal"

    def _fit(self, X):
        X = super()._fit(X)
        if self.domain == "signal" and self.mode != "wrap":
            raise ValueError(
                "mode must be 'wrap' with domain='signal'; see fill for what a real "
                f"signal gets at the vacated end. Got mode={self.mode!r}."
            )
        if self.domain == "spectrum":
            remedy = "For signals use RandomFreqShift(domain='signal')."
            warn_of_waveforms("RandomFreqShift", X, remedy)
            warn_of_frames("RandomFreqShift", X)
        self._max_bins(X)
        return X

    def _max_bins(self, X):
        n_bins = X.shape[-1]
        if self.domain == "signal" and not np.iscomplexobj(X):
            n_bins = n_bins // 2 + 1
        return max_shift_in_bins(self.max_shift, n_bins)

    def _change(self, X, rng):
        max_bins = self._max_bins(X)
        if self.domain == "signal":
            bins = rng.randint(-max_bins, max_bins + 1, size=len(X))
            offset = self.offset
            if offset == "auto":
                offset = "move" if np.iscomplexobj(X) else "stay"
            # From a copy, so that the shifts are the same with and without noise.
            seed = copy.deepcopy(rng).randint(2**31 - 1)
            shift = bins / X.shape[-1]
            return shift_frequency(
                X, shift, fill=self.fill, offset=offset, random_state=seed
            )
        generator = torch.Generator().manual_seed(int(rng.randint(2**31 - 1)))
        shifted = random_shift(
            torch.from_numpy(X), max_bins, mode=self.mode, generator=generator
        )
        return shifted.numpy()


class RandomNoise(_TrainingOnly):
    """Add white noise to each training signal, as strong as drawn at random.

    A noise level that was never seen in training breaks every model of spectra, as it
    lifts the floor between the shapes. Show them before.

    .. note::

        ``fit_transform(X)`` adds noise, ``transform(X)`` returns X as it is. In a
        :class:`~sklearn.pipeline.Pipeline` noise is therefore added to the training
        data, once per `fit`, and never to the data to predict.

    Parameters
    ----------
    snr_db : float or (float, float), default=(0, 20)
        Power of the signal (without its mean) over that of the noise, on the whole
        axis, in dB: for all, or drawn uniformly for each signal.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same noise at every call.

    Attributes
    ----------
    n_features_in_ : int
        Length of the signals.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    RandomFreqShift : Shift the training data.

    Notes
    -----
    The number of samples stays the same, and so does X itself. Of a range such as
    ``(0, 20)`` a model no longer knows clean signals; ``(0, 60)`` shows it both.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import RandomNoise
    >>> X = np.sin(np.arange(1000.0))[None]
    >>> noise = RandomNoise(snr_db=10, random_state=0).fit_transform(X) - X
    >>> round(float(X.var() / noise.var()))
    10
    """

    _parameter_constraints = {
        "snr_db": [Real, tuple, list],
        "random_state": ["random_state"],
    }
    _allow_complex = True

    def __init__(self, snr_db=(0, 20), *, random_state=None):
        self.snr_db = snr_db
        self.random_state = random_state

    def _fit(self, X):
        X = super()._fit(X)
        warn_of_spectra("RandomNoise", X)
        self._limits()
        return X

    def _limits(self):
        snr = self.snr_db
        limits = tuple(snr) if isinstance(snr, (tuple, list)) else (snr, snr)
        try:
            low, high = map(as_float, limits)
            # Not of any size, as a range that overflows has no uniform distribution.
            good = -1e300 < low <= high < 1e300
        except (TypeError, ValueError, OverflowError):
            good = False
        if not good:
            raise ValueError(
                "snr_db must be a finite number or a tuple (low, high) of them with "
                f"low <= high. Got {snr!r} instead."
            )
        return low, high

    def _change(self, X, rng):
        return add_noise(X, rng.uniform(*self._limits(), size=len(X)), rng)


def is_max_shift(value):
    """Say whether a value is an int (bins) or a fraction, none negative.

    Parameters
    ----------
    value : object

    Returns
    -------
    good : bool
    """
    if isinstance(value, bool):
        return False
    return (
        isinstance(value, Integral)
        and value >= 0
        or (isinstance(value, Real) and 0 <= value <= 1)
    )


def max_shift_in_bins(max_shift, n_freqs, name="max_shift", unit="bins"):
    """Convert `max_shift` to bins: an int is bins, a float a fraction of the axis.

    Parameters
    ----------
    max_shift : int or float

    n_freqs : int
        Length of the axis.

    name : str, default="max_shift"
        Of the parameter, for the message of an error.

    unit : str, default="bins"
        Of the axis, for the message of an error.

    Returns
    -------
    bins : int
    """
    whole = isinstance(max_shift, Integral)
    if max_shift > (n_freqs if whole else 1.0):
        raise ValueError(
            f"{name} (={max_shift!r}) must not exceed the axis: an int is a number of "
            f"{unit}, here at most {n_freqs}; a float is a fraction, at most 1.0."
        )
    return int(max_shift if whole else max_shift * n_freqs)
