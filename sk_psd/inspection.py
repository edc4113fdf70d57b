"""Measure what a shift does to a model, and what a filter does to each frequency."""

from numbers import Integral, Real

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch, check_array
from sklearn.utils.validation import check_is_fitted

from sk_psd.filters import dilate
from sk_psd.mixing import retune
from sk_psd.nn.shift import noise_bins, shift_bins
from sk_psd.spectral import decibels

__all__ = ["filter_response", "shift_curve", "shift_invariance", "shift_rows"]


def shift_rows(estimator, X, shift, *, mode="wrap", domain="auto"):
    """Shift all rows by the same number of bins, as the estimator sees bins.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier of spectra, or a Pipeline from spectra or raw signals.

    X : ndarray of shape (n_samples, ..., n_features)
        What it predicts from.

    shift : int or float
        An int is a number of bins of the spectrum, a float a fraction of its axis.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters a spectrum at the vacated end, as in :class:`RandomFreqShift`.
        Signals know "wrap" only: complex ones are mixed, of real ones the analytic
        signal is, which folds back at the ends of their axis.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        What X is. "auto": signals if they are complex or a step, however deep inside,
        has a sampling frequency `fs`; an error if a step takes either; else spectra.

    Returns
    -------
    shifted : ndarray like `X`
    """
    return _move(X, shift, _find_axis(estimator, X, domain), mode)


def _move(X, shift, axis, mode):
    bins = axis.to_bins(shift)
    if axis.domain == "signal":
        if mode != "wrap":
            raise ValueError(
                f"mode must be 'wrap' for raw signals. Got {mode!r}; pass spectra and "
                "the part of the pipeline after them."
            )
        return retune(X, bins * axis.cycles_per_bin)
    if mode not in ("wrap", "edge", "floor"):
        raise ValueError(
            f"mode must be 'wrap', 'edge' or 'floor'. Got {mode!r} instead."
        )
    x = torch.from_numpy(np.array(X, order="C"))
    noise = noise_bins(x) if mode == "floor" else None
    ones = torch.ones(len(x), dtype=torch.int64)
    moved = shift_bins(x, bins * ones, mode=mode, noise=noise, start=0 * ones)
    return moved.numpy()


class _Axis:
    """What a bin is to an estimator: of a spectrum, or of the PSD of a signal."""

    def __init__(self, domain, n_bins, cycles_per_bin=None):
        self.domain = domain
        self.n_bins = n_bins
        self.cycles_per_bin = cycles_per_bin

    def to_bins(self, shift):
        if isinstance(shift, Integral):
            return int(shift)
        if not (isinstance(shift, Real) and abs(shift) <= 1):
            raise ValueError(
                "shift must be an int (bins) or a float between -1 and 1 (fraction of "
                f"the axis). Got {shift!r} instead."
            )
        return round(shift * self.n_bins)


def _find_axis(estimator, X, domain):
    if domain not in ("auto", "spectrum", "signal"):
        raise ValueError(
            f"domain must be 'auto', 'spectrum' or 'signal'. Got {domain!r} instead."
        )
    if X.ndim < 2:
        raise ValueError(f"Expected 2D array, got an array of shape {X.shape} instead.")
    parts = list(_walk(estimator, set()))
    psd = next((p for p in parts if hasattr(p, "fs") and hasattr(p, "freqs_")), None)
    if domain == "auto":
        if np.iscomplexobj(X) or psd is not None:
            domain = "signal"
        elif any(
            hasattr(p, "freqs_") or isinstance(p, FunctionTransformer) for p in parts
        ):
            raise ValueError(
                f"domain='auto' cannot tell what {type(estimator).__name__} predicts "
                "from, as its steps take signals as well as spectra. Pass "
                "domain='signal' or domain='spectrum'."
            )
        else:
            domain = "spectrum"
    if domain == "spectrum":
        return _Axis(domain, X.shape[-1])
    whole = 1.0 if np.iscomplexobj(X) else 0.5
    if psd is None or len(psd.freqs_) < 2:
        return _Axis(domain, round(whole * X.shape[-1]), 1 / X.shape[-1])
    step = (psd.freqs_[1] - psd.freqs_[0]) / psd.fs
    return _Axis(domain, round(whole / step), step)


def _walk(thing, seen):
    """Yield an estimator and all that it holds, as pipelines and searches do."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, BaseEstimator):
        yield thing
        thing = list(vars(thing).values())
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, (list, tuple)):
        for part in thing:
            yield from _walk(part, seen)


def _unpack(X):
    """Return the rows as an array, and what makes an array a thing like X again."""
    rows = np.asarray(X)
    if rows.dtype.kind not in "fc":
        rows = check_array(rows, dtype=np.float64, allow_nd=True)
    if hasattr(X, "iloc"):  # pandas
        return rows, lambda moved: type(X)(moved, columns=X.columns, index=X.index)
    if hasattr(X, "to_numpy"):  # polars
        return rows, lambda moved: type(X)(moved, schema=list(X.columns))
    return rows, lambda moved: moved


def _list_shifts(shifts, default):
    if shifts is None:
        return list(default)
    shifts = list(shifts) if np.iterable(shifts) else [shifts]
    if not shifts:
        raise ValueError("shifts must have at least one value. Got none.")
    return shifts


def shift_curve(
    estimator,
    X,
    y,
    *,
    shifts=None,
    mode="wrap",
    domain="auto",
    scoring=None,
    n_jobs=None,
):
    """Score a fitted classifier on data shifted along the frequency axis.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier of spectra, or a Pipeline from spectra or raw signals.

    X : array-like of shape (n_samples, ..., n_features)
        What it predicts from.

    y : array-like of shape (n_samples,)
        True labels.

    shifts : array-like of int or float, default=None
        Integers are bins of the spectrum, floats fractions of its axis. None is 41
        shifts from minus to plus half of the axis: on an axis of 2**n bins they meet
        the strides of a net at different phases.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters a spectrum at the vacated end, as in :class:`RandomFreqShift`.
        Raw signals know "wrap" only.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        What X is. "auto": signals if they are complex or a step, however deep inside,
        has a sampling frequency `fs`; an error if a step takes either; else spectra.

    scoring : str, callable or None, default=None
        As in scikit-learn. None is the estimator's own `score`, the accuracy.

    n_jobs : int, default=None
        Number of threads over the shifts, in joblib's conventions.

    Returns
    -------
    curve : Bunch
        `shifts` in bins, `fractions` of the axis, and the `scores`, each an ndarray of
        shape (n_shifts,).

    See Also
    --------
    shift_invariance : How much the predictions change.
    sk_psd.plotting.ShiftCurveDisplay : Draws the curves of several models.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier, shift_curve
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), [0] * 10 + [1] * 10
    >>> model = GlobalPoolCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> shift_curve(model, X, y, shifts=[-20, 0, 20]).scores
    array([1., 1., 1.])
    """
    X, pack = _unpack(X)
    axis = _find_axis(estimator, X, domain)
    shifts = _list_shifts(shifts, np.linspace(-0.5, 0.5, 41))
    scorer = check_scoring(estimator, scoring)

    def score(shift):
        return scorer(estimator, pack(_move(X, shift, axis, mode)), y)

    scores = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(score)(shift) for shift in shifts
    )
    bins = np.array([axis.to_bins(shift) for shift in shifts])
    return Bunch(shifts=bins, fractions=bins / axis.n_bins, scores=np.array(scores))


def shift_invariance(
    estimator, X, *, shifts=None, mode="wrap", domain="auto", n_jobs=None
):
    """Measure how much shifts change the predicted probabilities.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier with `predict_proba`, or a Pipeline that ends in one.

    X : array-like of shape (n_samples, ..., n_features)
        What it predicts from.

    shifts : array-like of int or float, default=None
        Integers are bins of the spectrum, floats fractions of its axis. None is every
        whole number of bins on the axis.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters a spectrum at the vacated end, as in :class:`RandomFreqShift`.
        Raw signals know "wrap" only.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        What X is. "auto": signals if they are complex or a step, however deep inside,
        has a sampling frequency `fs`; an error if a step takes either; else spectra.

    n_jobs : int, default=None
        Number of threads over the shifts, in joblib's conventions.

    Returns
    -------
    report : Bunch
        `max_change` and `median_change` of the probability of any class, over all
        pairs of sample and shift; `flipped`, the share of pairs whose label changes;
        `worst_sample` and `worst_shift` (in bins), where the change is largest.

    See Also
    --------
    shift_curve : What shifts do to the accuracy.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier, shift_invariance
    >>> X, y = np.random.default_rng(0).random((8, 64)), [0, 1] * 4
    >>> model = GlobalPoolCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> report = shift_invariance(model, X)
    >>> report.max_change, report.flipped
    (0.0, 0.0)
    """
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict_proba to compare. Use "
            "shift_curve, or a classifier with probabilities."
        )
    X, pack = _unpack(X)
    axis = _find_axis(estimator, X, domain)
    shifts = _list_shifts(shifts, range(1, max(2, axis.n_bins)))
    reference = estimator.predict_proba(pack(X))
    label = reference.argmax(axis=1)

    def compare(shift):
        proba = estimator.predict_proba(pack(_move(X, shift, axis, mode)))
        return np.abs(proba - reference).max(axis=1), proba.argmax(axis=1) != label

    changes, flips = zip(
        *Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(compare)(shift) for shift in shifts
        ),
        strict=True,
    )
    changes = np.array(changes)  # (n_shifts, n_samples)
    row, column = np.unravel_index(changes.argmax(), changes.shape)
    return Bunch(
        max_change=float(changes.max()),
        median_change=float(np.median(changes)),
        flipped=float(np.mean(flips)),
        worst_sample=int(column),
        worst_shift=axis.to_bins(shifts[row]),
    )


def filter_response(estimator_or_kernel, fs=None, *, n_freqs=512):
    """Return what a filter does to each frequency.

    Parameters
    ----------
    estimator_or_kernel : estimator object or array-like of shape (kernel_size,)
        Fitted :class:`ConvFilter` or :class:`LearnedConvFilter`, or a kernel for a true
        convolution.

    fs : float, default=None
        Sampling frequency, in Hz. None is that of the estimator, where it has one, and
        1.0 otherwise.

    n_freqs : int, default=512
        Number of frequencies.

    Returns
    -------
    response : Bunch
        `frequencies`, in Hz and ascending: of a real kernel `n_freqs` from 0 to
        ``fs / 2``, both included, of a complex one from ``-fs / 2`` to just below
        ``fs / 2``. `gain`, of the amplitude, in dB, with a floor 120 dB below its
        maximum. `phase`, in rad from -pi to pi. Each an ndarray of shape (n_freqs,).

    See Also
    --------
    sk_psd.plotting.FilterDisplay : Draws the kernel and its gain.
    scipy.signal.freqz : Gives the same values.

    Notes
    -----
    The phase is that of mode "full", in which no value depends on a later sample. Mode
    "same" puts the values ``(kernel_size - 1) // 2`` samples earlier: then a symmetric
    kernel of odd size changes no phase. A stride is not looked at, a dilation is.

    Examples
    --------
    >>> from sk_psd import filter_response
    >>> response = filter_response([0.5, 0.5], fs=100, n_freqs=3)
    >>> response.frequencies
    array([ 0., 25., 50.])
    >>> response.gain.round(2)
    array([   0.  ,   -3.01, -120.  ])
    """
    kernel, fs = _find_kernel(estimator_or_kernel, fs)
    if not (isinstance(fs, Real) and 0 < fs < np.inf):
        raise ValueError(f"fs must be a positive number of Hz. Got {fs!r} instead.")
    if not (isinstance(n_freqs, Integral) and n_freqs >= 2):
        raise ValueError(f"n_freqs must be an int of at least 2. Got {n_freqs!r}.")
    if np.iscomplexobj(kernel):
        cycles = np.arange(n_freqs) / n_freqs - 0.5
    else:
        cycles = np.linspace(0, 0.5, n_freqs)
    response = np.polynomial.polynomial.polyval(np.exp(-2j * np.pi * cycles), kernel)
    return Bunch(
        frequencies=cycles * fs,
        gain=decibels(np.abs(response) ** 2),
        phase=np.angle(response),
    )


def _find_kernel(thing, fs=None):
    """Return the dilated kernel of an estimator or an array, and its sampling rate."""
    if isinstance(thing, BaseEstimator):
        check_is_fitted(thing)
        if not hasattr(thing, "kernel_"):
            raise ValueError(
                f"{type(thing).__name__} has no kernel_. Pass a ConvFilter or a "
                "LearnedConvFilter, of a Pipeline the step itself."
            )
        kernel = dilate(thing.kernel_, getattr(thing, "dilation", 1))
        fs = getattr(thing, "fs", None) if fs is None else fs
    else:
        kernel = np.asarray(thing)
        good = kernel.ndim == 1 and len(kernel) and kernel.dtype.kind in "biufc"
        if not (good and np.isfinite(kernel).all()):
            raise ValueError(
                "A kernel must be a one-dimensional array of finite numbers. Got "
                f"{thing!r} instead."
            )
    return kernel, 1.0 if fs is None else fs
