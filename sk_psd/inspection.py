"""Measure what a shift does to a fitted classifier, or to a whole pipeline."""

from numbers import Integral

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, check_array

from sk_psd.mixing import retune
from sk_psd.nn.shift import noise_bins, shift_bins

__all__ = ["shift_curve", "shift_invariance", "shift_rows"]


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
        What X is. "auto": signals if they are complex or the pipeline has a step with
        a sampling frequency `fs`, else spectra.

    Returns
    -------
    shifted : ndarray like `X`
    """
    axis = _find_axis(estimator, X, domain)
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
        if not abs(shift) <= 1:
            raise ValueError(
                "shift must be an int (bins) or a float between -1 and 1 (fraction of "
                f"the axis). Got {shift!r} instead."
            )
        return round(shift * self.n_bins)


def _find_axis(estimator, X, domain):
    steps = estimator.named_steps.values() if isinstance(estimator, Pipeline) else []
    psd = next((s for s in steps if hasattr(s, "fs") and hasattr(s, "freqs_")), None)
    if domain not in ("auto", "spectrum", "signal"):
        raise ValueError(
            f"domain must be 'auto', 'spectrum' or 'signal'. Got {domain!r} instead."
        )
    if domain == "auto":
        domain = "signal" if np.iscomplexobj(X) or psd is not None else "spectrum"
    if domain == "spectrum":
        return _Axis(domain, X.shape[-1])
    whole = 1.0 if np.iscomplexobj(X) else 0.5
    if psd is None or len(psd.freqs_) < 2:
        return _Axis(domain, round(whole * X.shape[-1]), 1 / X.shape[-1])
    step = (psd.freqs_[1] - psd.freqs_[0]) / psd.fs
    return _Axis(domain, round(whole / step), step)


def _check(X):
    """Return rows as an array; the estimator validates the rest."""
    X = np.asarray(X)
    if X.dtype.kind not in "fc":
        X = check_array(X, dtype=np.float64, allow_nd=True)
    return X


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
        What X is. "auto": raw signals if they are complex or the pipeline has a step
        with a sampling frequency `fs`, else spectra.

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
    X = _check(X)
    axis = _find_axis(estimator, X, domain)
    shifts = np.linspace(-0.5, 0.5, 41) if shifts is None else list(shifts)
    scorer = check_scoring(estimator, scoring)

    def score(shift):
        moved = shift_rows(estimator, X, shift, mode=mode, domain=domain)
        return scorer(estimator, moved, y)

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
        What X is. "auto": raw signals if they are complex or the pipeline has a step
        with a sampling frequency `fs`, else spectra.

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
    X = _check(X)
    axis = _find_axis(estimator, X, domain)
    shifts = range(1, axis.n_bins) if shifts is None else list(shifts)
    reference = estimator.predict_proba(X)
    label = reference.argmax(axis=1)

    def compare(shift):
        moved = shift_rows(estimator, X, shift, mode=mode, domain=domain)
        proba = estimator.predict_proba(moved)
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
