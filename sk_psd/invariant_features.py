"""Features of spectra that no shift changes: `InvariantFeatures`."""

import numpy as np
import torch
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from sk_psd._constraints import at_least
from sk_psd._feature_plan import (
    DECADES,
    FILTERS,
    LEAST_MAGNITUDE,
    choose_ranks,
    list_pairs,
    split_into_octaves,
)
from sk_psd._layout import warn_of_frames, warn_of_linear_power, warn_of_waveforms
from sk_psd._shift import canonical_roll
from sk_psd._transformer import SpectrumTransformer
from sk_psd.scaling import min_max_scale

__all__ = ["InvariantFeatures"]

# Number of values in one block of spectra. The block and its copies fit the cache.
_BLOCK_VALUES = 2**16


class InvariantFeatures(SpectrumTransformer):
    """Transform each spectrum to features that do not depend on its position.

    Each spectrum is scaled to [0, 1] by its own minimum and maximum. There are three
    kinds of features:

    - Sorted outputs. Five filters (the value itself, and differences of the first to
      the third order) run over the spectrum and over its means of 2, 4, 8, ... bins.
      The outputs of each filter are sorted, and the values at some ranks are kept.
    - Fourier magnitudes: those of the spectrum in decibels, their logarithms, and those
      of the spectrum in powers.
    - The bispectrum: products of Fourier coefficients whose phases do not change with a
      shift.

    Each spectrum is first rolled to a canonical position, as :class:`PeakAlign` does.
    So all circular shifts of a spectrum give the same features, bit for bit. Nothing is
    learned from the training data.

    Parameters
    ----------
    n_octaves : int, default=7
        Number of resolutions for the sorted outputs. Each octave has half as many bins
        as the one before. 0 leaves the sorted outputs out. The coarsest octave has at
        least 4 bins, so short spectra have fewer octaves.

    n_ranks : int, default=12
        Number of ranks to keep between each end of a sorted output and its median, both
        included. The ranks are denser at the ends.

    n_fourier : int, default=64
        Number of Fourier magnitudes of each kind, from the first coefficient on (one
        period along the frequency axis). 0 leaves them out. At most half the number of
        bins.

    n_bispectrum : int, default=0
        Number of Fourier coefficients in the bispectrum. 28 coefficients give 392
        features. 0 leaves the bispectrum out. At most half the number of bins. Each
        product is scaled to the cube root of its magnitude.

    align : bool, default=True
        Whether to roll each spectrum to a canonical position. If False, a shift changes
        the sorted outputs of the coarser octaves a little, and the other features by
        rounding.

    Attributes
    ----------
    n_channels_ : int
        Channels of the spectra.

    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    PeakAlign : The canonical position alone.
    FFTMagnitude : All Fourier magnitudes, without a scale.
    make_baselines : Pipelines with these features.

    Notes
    -----
    Spectra should be in decibels. A gain does not change the features. For the sorted
    outputs, spectra of 2048 bins and more are first shortened to means of 2, 4, 8, ...
    bins.

    Each channel of a sample has features of its own. All channels are rolled together.

    Most classifiers need scaled features, for example by
    :class:`sklearn.preprocessing.StandardScaler`. Linear discriminant analysis with
    shrinkage was the best classifier of the sorted outputs. A support vector machine or
    logistic regression was the best classifier of the bispectrum.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import InvariantFeatures
    >>> X = np.random.default_rng(0).random((2, 256))
    >>> features = InvariantFeatures()
    >>> F = features.fit_transform(X)
    >>> F.shape
    (2, 687)
    >>> bool((features.transform(np.roll(X, 100, axis=1)) == F).all())
    True
    >>> features.get_feature_names_out()[[0, -1]].tolist()
    ['level0_value_rank000', 'fourier_power_64']
    """

    _parameter_constraints = {
        "n_octaves": [at_least(0)],
        "n_ranks": [at_least(1)],
        "n_fourier": [at_least(0)],
        "n_bispectrum": [at_least(0)],
        "align": ["boolean"],
    }

    def __init__(
        self, n_octaves=7, n_ranks=12, n_fourier=64, n_bispectrum=0, *, align=True
    ):
        self.n_octaves = n_octaves
        self.n_ranks = n_ranks
        self.n_fourier = n_fourier
        self.n_bispectrum = n_bispectrum
        self.align = align

    def _fit(self, X):
        X = super()._fit(X)
        warn_of_waveforms("InvariantFeatures", X)
        warn_of_frames("InvariantFeatures", X)
        warn_of_linear_power("InvariantFeatures", X)
        self.n_channels_ = 1 if X.ndim == 2 else X.shape[1]
        if not self._list_names(X.shape[-1]):
            raise ValueError(
                f"{self!r} makes no features of spectra with n_features = "
                f"{X.shape[-1]}. Choose n_octaves, n_fourier or n_bispectrum above 0, "
                "or longer spectra."
            )
        return X

    def _check(self, X):
        X = super()._check(X)
        n_channels = 1 if X.ndim == 2 else X.shape[1]
        if n_channels != self.n_channels_:
            raise ValueError(
                f"X has {n_channels} channels, but InvariantFeatures is expecting "
                f"{self.n_channels_} channels as input."
            )
        return X

    def _frequencies_out(self, freqs):
        return None

    def get_feature_names_out(self, input_features=None):
        """Return a name for each feature.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str objects
            "level2_slope_rank013": the value at place 13, from 0 in ascending order, of
            the slopes between means of ``2**2`` bins. "fourier_db_03": the magnitude of
            Fourier coefficient 3 of the decibels. "bispectrum_02_05_real": the real
            part of the product of coefficients 2, 5 and 7 (conjugate). With several
            channels the names start with ``channel0_``.
        """
        check_is_fitted(self, "n_features_in_")
        names = self._list_names(self.n_features_in_)
        if self.n_channels_ > 1:
            channels = range(self.n_channels_)
            names = [f"channel{c}_{name}" for c in channels for name in names]
        return np.array(names, dtype=object)

    def transform(self, X):
        """Return the features of each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra of the length seen in `fit`, in decibels.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features)
            The features of the first channel, then those of the second, and so on.
            float32 for float32, else float64.
        """
        return self._apply(self._check(X))

    def _apply(self, X):
        result = None
        for rows in gen_batches(len(X), max(1, _BLOCK_VALUES // X[0].size)):
            # A copy, as torch warns of arrays that are read-only.
            x = min_max_scale(np.array(X[rows], order="C"))
            if self.align:
                x = canonical_roll(torch.from_numpy(x)).numpy()
            part = self._describe(np.ascontiguousarray(x).reshape(-1, x.shape[-1]))
            if result is None:
                n_features = self.n_channels_ * part.shape[1]
                result = np.empty((len(X), n_features), X.dtype)
            result[rows] = part.reshape(len(x), -1)
        return result

    def _describe(self, x):
        """Return the features of scaled and aligned rows, of shape (n_rows, n_freqs).

        The features of a row do not depend on the other rows, bit for bit. So this
        method uses operations on single values, sorts, and the FFT of NumPy, which
        transforms one row at a time. Sums over an axis and matrix products are not
        used: the order of their additions depends on the index of a row.
        """
        parts = []
        for _, octave in split_into_octaves(x, self.n_octaves, _halve):
            places = choose_ranks(octave.shape[-1], self.n_ranks)
            for weights in FILTERS.values():
                parts.append(np.sort(_filter(octave, weights), axis=-1)[:, places])
        n_fourier, n_bispectrum = self._counts(x.shape[-1])
        if n_fourier or n_bispectrum:
            coefficients = np.fft.rfft(x, axis=-1).astype(_complex_of(x)) / x.shape[-1]
        if n_fourier:
            powers = np.fft.rfft(10 ** (DECADES * x), axis=-1).astype(_complex_of(x))
            kept = slice(1, n_fourier + 1)
            magnitudes = np.abs(coefficients[:, kept])
            parts += [
                magnitudes,
                np.log(magnitudes + LEAST_MAGNITUDE),
                np.abs(powers[:, kept]) / powers[:, :1].real,
            ]
        if n_bispectrum:
            parts += _bispectrum(coefficients, *list_pairs(n_bispectrum))
        return np.concatenate(parts, axis=1)

    def _counts(self, n_freqs):
        """Return the numbers of coefficients on an axis of this length."""
        n = n_freqs // 2
        return min(int(self.n_fourier), n), min(int(self.n_bispectrum), n)

    def _list_names(self, n_freqs):
        """Return the names of the features of a spectrum, in their order."""
        names = []
        for level, octave in split_into_octaves(
            np.zeros((1, n_freqs)), self.n_octaves, _halve
        ):
            n = octave.shape[-1]
            places = [
                f"{place:0{len(str(n - 1))}}" for place in choose_ranks(n, self.n_ranks)
            ]
            for name in FILTERS:
                names += [f"level{level}_{name}_rank{place}" for place in places]
        n_fourier, n_bispectrum = self._counts(n_freqs)
        for kind in ("db", "log", "power"):
            numbers = range(1, n_fourier + 1)
            names += [f"fourier_{kind}_{number:02}" for number in numbers]
        pairs = list(zip(*list_pairs(n_bispectrum), strict=True))
        for part in ("real", "imag"):
            names += [f"bispectrum_{i:02}_{j:02}_{part}" for i, j in pairs]
        return names


def _halve(x):
    """Return means of pairs of neighbors. An odd last bin is left out."""
    n = x.shape[-1] // 2 * 2
    return (x[:, 0:n:2] + x[:, 1:n:2]) * x.dtype.type(0.5)


def _filter(x, weights):
    """Return the weighted sums of each bin and its neighbors on the circle."""
    total = 0
    for distance, weight in weights.items():
        total = total + weight * (np.roll(x, -distance, axis=-1) if distance else x)
    return total


def _bispectrum(coefficients, i, j):
    """Return the real and the imaginary part of the bispectrum.

    A value is the product of the coefficients i and j and the conjugate of coefficient
    i + j, with the cube root of the magnitude. A shift changes the phases of the three
    coefficients, but not that of the product.
    """
    magnitudes = np.abs(coefficients)
    least = np.finfo(magnitudes.dtype).tiny
    roots = coefficients / np.maximum(magnitudes, least) ** (2 / 3)
    products = roots[:, i] * roots[:, j] * roots[:, i + j].conj()
    return products.real, products.imag


def _complex_of(x):
    """Return the complex dtype of the precision of x. NumPy below 2 has double FFTs."""
    return np.result_type(x.dtype, np.complex64)
