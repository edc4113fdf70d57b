"""Arrays that carry the frequencies of their last axis from step to step."""

import numpy as np
import torch

__all__ = ["frequencies_of", "full_axis", "with_frequencies"]

# Attribute of a Tensor. Operations of torch return Tensors without it.
_ATTRIBUTE = "_sk_psd_freqs"


class FrequencyArray(np.ndarray):
    """Array whose last axis is frequency, of known values.

    Rows, copies, pickles and the results of arithmetic keep the frequencies. A result
    whose last axis has another length has none, and neither has one whose columns were
    chosen or put in another order. Functions that call :func:`numpy.asarray`, as the
    estimators of scikit-learn do, see a normal array.

    joblib.Memory compares the values of an array, not its frequencies.

    Attributes
    ----------
    freqs : ndarray of shape (n_freqs,) or None
        Frequencies of the last axis, in Hz.
    """

    freqs = None

    def __array_finalize__(self, source):
        freqs = getattr(source, "freqs", None)
        if freqs is not None and self.shape[-1:] == freqs.shape:
            self.freqs = freqs

    def __getitem__(self, key):
        part = super().__getitem__(key)
        if isinstance(part, FrequencyArray) and not _keeps_columns(key, self.ndim):
            part.freqs = None
        return part

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        # On normal arrays, as NumPy returns a sum over a subclass as an array.
        known = [frequencies_of(x) for x in inputs if isinstance(x, FrequencyArray)]
        if out is not None:
            kwargs["out"] = tuple(map(_without_frequencies, out))
        inputs = map(_without_frequencies, inputs)
        result = getattr(ufunc, method)(*inputs, **kwargs)
        if method != "__call__" or ufunc.signature is not None or not known:
            return result
        if any(not np.array_equal(freqs, known[0]) for freqs in known):
            return result  # of two axes
        if isinstance(result, tuple):
            return tuple(with_frequencies(part, known[0]) for part in result)
        return with_frequencies(result, known[0])

    def __reduce__(self):
        function, arguments, state = super().__reduce__()
        return function, arguments, (state, self.freqs)

    def __setstate__(self, state):
        state, freqs = state
        super().__setstate__(state)
        self.freqs = freqs

    def __deepcopy__(self, memo):
        return self.copy()


def _without_frequencies(x):
    return np.asarray(x) if isinstance(x, FrequencyArray) else x


def _keeps_columns(key, n_axes):
    """Say whether an index takes all columns, in their order."""
    keys = [k for k in (key if isinstance(key, tuple) else (key,)) if k is not None]
    if not keys or keys[-1] is Ellipsis:
        return True
    if isinstance(keys[-1], slice) and keys[-1].step in (None, 1):
        return True  # or fewer columns, which have no frequencies
    if any(k is Ellipsis for k in keys):
        return False
    return sum(_n_axes_taken(k) for k in keys) < n_axes


def _n_axes_taken(key):
    is_mask = not isinstance(key, slice) and np.asarray(key).dtype == bool
    return np.ndim(key) if is_mask else 1


def with_frequencies(X, freqs):
    """Return an array or a Tensor that carries the frequencies of its last axis.

    Parameters
    ----------
    X : object
        Returned as it is unless it is an array or a Tensor. Columns of data frames
        have names instead.

    freqs : ndarray of shape (n_freqs,) or None
        None, or another number than the length of the last axis, are not carried.

    Returns
    -------
    X : object
        A view of X, or X itself.
    """
    if freqs is None or getattr(X, "shape", ())[-1:] != freqs.shape:
        return X
    if isinstance(X, torch.Tensor):
        setattr(X, _ATTRIBUTE, freqs)
    elif isinstance(X, np.ndarray):
        X = X.view(FrequencyArray)
        X.freqs = freqs
    return X


def frequencies_of(X):
    """Return the frequencies that an array or a Tensor carries, or None.

    Parameters
    ----------
    X : object

    Returns
    -------
    freqs : ndarray of shape (n_freqs,) or None
    """
    if isinstance(X, torch.Tensor):
        return getattr(X, _ATTRIBUTE, None)
    freqs = X.freqs if isinstance(X, FrequencyArray) else None
    # NumPy swaps the axes of an array after it was made: its length is known here only.
    return freqs if freqs is not None and X.shape[-1:] == freqs.shape else None


def full_axis(fs, n_freqs):
    """Return the axis of a one-sided spectrum of which only these two are known.

    Parameters
    ----------
    fs : float
        Sampling frequency, in Hz.

    n_freqs : int
        Length of the axis.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        From 0 to ``fs / 2``, equally spaced.
    """
    return np.linspace(0.0, fs / 2, n_freqs)
