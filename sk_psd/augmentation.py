"""Transformers that change training data only."""

from numbers import Integral

import torch
from sklearn.utils import check_random_state

from sk_psd._validation import RealNotInt, SpectrumTransformer, StrOptions, at_least
from sk_psd.nn.shift import in_chunks, random_shift

__all__ = ["RandomFreqShift"]


class RandomFreqShift(SpectrumTransformer):
    """Shift each training spectrum by its own random number of bins.

    .. note::

        ``fit_transform(X)`` shifts, ``transform(X)`` returns X as it is. In a
        :class:`~sklearn.pipeline.Pipeline` the training data are therefore shifted,
        once per `fit`, and the data to predict never are.

    Parameters
    ----------
    max_shift : int or float, default=0.5
        Shifts are drawn uniformly from the whole numbers of bins between
        ``-max_shift`` and ``max_shift``. An int is a number of bins, a float a
        fraction of the axis between 0 and 1.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters at the vacated end: what left at the other one (for two-sided
        spectra of complex signals, whose axis is a circle), the value of the last
        bin, or the spectrum's own noise (values of its weaker half of bins).

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same shifts at every call.

    Attributes
    ----------
    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    GlobalPoolCNNClassifier : Shifts anew in every batch, by its `augmentation`.

    Notes
    -----
    All channels of a sample are shifted together. The number of samples stays the
    same, and so does X itself.

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
        "random_state": ["random_state"],
    }

    def __init__(self, max_shift=0.5, *, mode="wrap", random_state=None):
        self.max_shift = max_shift
        self.mode = mode
        self.random_state = random_state

    def fit_transform(self, X, y=None):
        """Shift each spectrum by a random number of bins.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra to train on.

        y : None
            Ignored.

        Returns
        -------
        shifted : ndarray of the shape of X
            Shifted spectra.
        """
        X = self._fit(X)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        generator = torch.Generator().manual_seed(int(seed))
        max_bins = max_shift_in_bins(self.max_shift, X.shape[-1])

        def shift(part):
            return random_shift(part, max_bins, mode=self.mode, generator=generator)

        return in_chunks(shift, X)

    def transform(self, X):
        """Return the spectra as they are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra to predict on.

        Returns
        -------
        X : ndarray
            The same values.
        """
        return self._check(X)

    def _fit(self, X):
        X = super()._fit(X)
        max_shift_in_bins(self.max_shift, X.shape[-1])
        return X


def max_shift_in_bins(max_shift, n_freqs):
    """Convert `max_shift` to bins: an int is bins, a float a fraction of the axis."""
    if isinstance(max_shift, Integral):
        bins, limit = int(max_shift), n_freqs
    else:
        bins, limit = int(max_shift * n_freqs), 1.0
    if max_shift > limit:
        raise ValueError(
            f"max_shift (={max_shift!r}) must not exceed the axis: an int is a number "
            f"of bins, here at most {n_freqs}; a float is a fraction, at most 1.0."
        )
    return bins
