"""Features of spectra that no shift changes: `InvariantFeatures`."""

import numpy as np
import torch
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from sk_psd._constraints import at_least
from sk_psd._layout import warn_of_frames, warn_of_linear_power, warn_of_waveforms
from sk_psd._shift import canonical_roll
from sk_psd._transformer import SpectrumTransformer
from sk_psd.scaling import min_max_scale

__all__ = ["InvariantFeatures"]

# The filters, by name: the weights of a bin and of its neighbors. They are sums of two
# or three rolled copies.
_FILTERS = {
    "value": {0: 1},
    "slope": {-1: -1, 1: 1},
    "curvature": {-1: -1, 0: 2, 1: -1},
    "wide_curvature": {-2: -1, 0: 2, 2: -1},
    "third_difference": {-2: -1, -1: 2, 1: -2, 2: 1},
}

# A longer spectrum is halved, by means of two neighbors, until it is shorter than this.
# The sort of its bins would cost more than it tells.
_FEW_BINS = 2048

# The coarsest octave has at least so many bins.
_LEAST_BINS = 4

# Spectra scaled to [0, 1] are taken for decibels: this power of ten for the unit.
_DECADES = 3.0

# Magnitudes below this one are noise in their logarithm.
_LEAST_MAGNITUDE = 1e-4

# Values of the spectra of one block. With all copies they fit the cache.
_BLOCK_VALUES = 2**16


class InvariantFeatures(SpectrumTransformer):
    """Describe each spectrum by numbers that do not depend on where it lies.

    Three kinds of numbers, all of the spectrum scaled to [0, 1] by its own minimum and
    maximum. Sorted outputs: five filters (the value, differences of the first to the
    third order) run over the spectrum and over its means of 2, 4, 8, ... bins, the
    outputs of each are sorted, and some ranks are kept. Magnitudes of the Fourier
    coefficients of the spectrum, their logarithms, and those of its powers. And the
    bispectrum, which keeps the phases of the Fourier coefficients as far as a shift
    leaves them alone.

    Each spectrum is first rolled to a canonical position, as :class:`PeakAlign` does.
    All circular shifts of a spectrum therefore give the same numbers, bit for bit.
    Nothing is learned from the training data.

    Parameters
    ----------
    n_octaves : int, default=7
        Resolutions for the sorted outputs, each half as fine as the one before. 0
        leaves them out. The coarsest one has at least 4 bins, so short spectra have
        fewer.

    n_ranks : int, default=12
        Ranks that are kept of each sorted output, from either end to the median. They
        lie close together at the ends.

    n_fourier : int, default=64
        Fourier coefficients of each kind, from the slowest ripple along the frequency
        axis to faster ones. 0 leaves them out. At most half of the bins are used.

    n_bispectrum : int, default=0
        Fourier coefficients that the bispectrum combines. 28 gives 392 numbers. 0
        leaves it out.

    align : bool, default=True
        Whether to roll each spectrum to a canonical position. Without, the coarser
        octaves change a little from one shift to the next, and the rest by rounding.

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
    Spectra should be in decibels. A gain does not matter. For the sorted outputs,
    spectra of 2048 bins and more are first shortened, to means of 2, 4, 8, ... bins.

    Each channel of a sample has features of its own. All channels are rolled together.

    The features need a scale before most classifiers, such as
    :class:`sklearn.preprocessing.StandardScaler`. On the sorted outputs linear
    discriminant analysis with shrinkage was best, on the bispectrum a support vector
    machine or logistic regression.

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
        """Return a name for each number.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str objects
            "level2_slope_rank013": the value at place 13, from 0 in ascending order, of
            the slopes between means of ``2**2`` bins. "fourier_db_03": the magnitude of
            Fourier coefficient 3 of the decibels. "bispectrum_02_05_real": coefficients
            2 and 5 with their sum, 7. With several channels "channel0_" comes before.
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
            Those of the first channel, then those of the second, and so on. float32
            for float32, else float64.
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

        Each step gives a row the same bits wherever it stands in `x`: operations on
        single values, sorts, and FFTs of NumPy, which takes one row at a time. There
        are no sums over an axis and no matrix products, as the order of their additions
        depends on the place of a row.
        """
        parts = []
        for _, octave in _octaves(x, self.n_octaves):
            places = _places(octave.shape[-1], self.n_ranks)
            for weights in _FILTERS.values():
                parts.append(np.sort(_filter(octave, weights), axis=-1)[:, places])
        n_fourier, n_bispectrum = self._counts(x.shape[-1])
        if n_fourier or n_bispectrum:
            coefficients = np.fft.rfft(x, axis=-1).astype(_complex_of(x)) / x.shape[-1]
        if n_fourier:
            powers = np.fft.rfft(10 ** (_DECADES * x), axis=-1).astype(_complex_of(x))
            kept = slice(1, n_fourier + 1)
            magnitudes = np.abs(coefficients[:, kept])
            parts += [
                magnitudes,
                np.log(magnitudes + _LEAST_MAGNITUDE),
                np.abs(powers[:, kept]) / powers[:, :1].real,
            ]
        if n_bispectrum:
            parts += _bispectrum(coefficients, *_pairs(n_bispectrum))
        return np.concatenate(parts, axis=1)

    def _counts(self, n_freqs):
        """Return the numbers of coefficients on an axis of this length."""
        n = n_freqs // 2
        return min(int(self.n_fourier), n), min(int(self.n_bispectrum), n)

    def _list_names(self, n_freqs):
        """Return the names of the features of a spectrum, in their order."""
        names = []
        for level, octave in _octaves(np.zeros((1, n_freqs)), self.n_octaves):
            n = octave.shape[-1]
            places = [
                f"{place:0{len(str(n - 1))}}" for place in _places(n, self.n_ranks)
            ]
            for name in _FILTERS:
                names += [f"level{level}_{name}_rank{place}" for place in places]
        n_fourier, n_bispectrum = self._counts(n_freqs)
        for kind in ("db", "log", "power"):
            numbers = range(1, n_fourier + 1)
            names += [f"fourier_{kind}_{number:02}" for number in numbers]
        pairs = list(zip(*_pairs(n_bispectrum), strict=True))
        for part in ("real", "imag"):
            names += [f"bispectrum_{i:02}_{j:02}_{part}" for i, j in pairs]
        return names


def _octaves(x, n_octaves):
    """Yield the level and the means of ``2**level`` bins of each of the octaves."""
    level = 0
    while x.shape[-1] >= _FEW_BINS:
        x, level = _halve(x), level + 1
    for octave in range(n_octaves):
        if octave and x.shape[-1] < _LEAST_BINS:
            return
        yield level, x
        if x.shape[-1] == 1:
            return
        x, level = _halve(x), level + 1


def _halve(x):
    """Return means of two neighbors; of an odd number the last one is left out."""
    n = x.shape[-1] // 2 * 2
    return (x[:, 0:n:2] + x[:, 1:n:2]) * x.dtype.type(0.5)


def _filter(x, weights):
    """Return the weighted sums of each bin and its neighbors on the circle."""
    total = 0
    for distance, weight in weights.items():
        total = total + weight * (np.roll(x, -distance, axis=-1) if distance else x)
    return total


def _places(n, n_ranks):
    """Return ascending places among n sorted values, close together at the ends."""
    below = np.linspace(0, 1, int(n_ranks)) ** 3 / 2
    return np.unique(np.round((n - 1) * np.r_[below, 1 - below]).astype(int))


def _pairs(n):
    """Return all i and j with ``1 <= i <= j`` and ``i + j <= n``."""
    pairs = [(i, j) for i in range(1, n) for j in range(i, n - i + 1)]
    return np.array(pairs, dtype=int).reshape(-1, 2).T


def _bispectrum(coefficients, i, j):
    """Return the real and the imaginary parts of products that no shift changes.

    The product of two coefficients and the conjugate of the one at the sum of their
    indices, with the cube root of its magnitude. A shift turns the phases of all three,
    and the turns cancel.
    """
    magnitudes = np.abs(coefficients)
    least = np.finfo(magnitudes.dtype).tiny
    roots = coefficients / np.maximum(magnitudes, least) ** (2 / 3)
    products = roots[:, i] * roots[:, j] * roots[:, i + j].conj()
    return products.real, products.imag


def _complex_of(x):
    """Return the complex type of the precision of x; old NumPy has double FFTs only."""
    return np.result_type(x.dtype, np.complex64)
