"""Measure what a shift does to a model, and what a filter does to each frequency."""

import inspect
from numbers import Integral, Real

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from sk_psd._arguments import check_n_jobs, check_option, check_rng
from sk_psd._arrays import as_floating, as_ndarray
from sk_psd._frequency_axis import frequencies_of, with_frequencies
from sk_psd._numbers import as_rate
from sk_psd._shift import noise_bins, shift_bins
from sk_psd._sideband import shift_signals, warn_of_drift
from sk_psd.filters import dilate
from sk_psd.resampling import LogFrequency
from sk_psd.spectral import decibels

__all__ = ["filter_response", "shift_curve", "shift_invariance", "shift_rows"]


def shift_rows(
    estimator,
    X,
    shift,
    *,
    mode="wrap",
    domain="auto",
    fill="noise",
    offset="auto",
    static=None,
    random_state=0,
):
    """Shift all rows by the same number of bins, as the estimator sees bins.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier of spectra, or a Pipeline from spectra or raw signals.

    X : array-like of shape (n_samples, ..., n_features)
        What it predicts from.

    shift : int or float
        An int is a number of bins of the spectrum, a float a fraction of its axis, as
        in :func:`shift_curve`. Neither may exceed the axis.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters a spectrum at the vacated end, as in :class:`RandomFreqShift`.
        Raw signals know "wrap" only; for real ones see `fill`.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        What X is. "auto": signals if they are complex or a step, however deep inside,
        has a sampling frequency `fs`; an error if a step takes either; else spectra.

    fill : {"noise"} or None, default="noise"
        What the vacated strip of a real signal holds: white noise at the signal's own
        floor, or nothing, as in :func:`sk_psd.signals.shift_frequency`.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        What becomes of the mean of each signal, as in :func:`shift_curve`.

    static : array-like of shape (n_times,) or like `X`, default=None
        Part of the signals that does not move. It is added after the shift.

    random_state : int, RandomState, Generator or None, default=0
        Source of the noise. One seed gives the same noise for every shift.

    Returns
    -------
    shifted : ndarray of the shape of `X`
        float32 and complex64 are kept, other numbers become float64 or complex128.
    """
    X, _ = _unpack(X)
    axis = _find_axis(estimator, X, domain)
    return _Mover(X, axis, mode, fill, offset, static, random_state)(shift)


class _Mover:
    """What shifts rows, checked once and called for each shift."""

    def __init__(self, X, axis, mode, fill, offset, static, random_state):
        check_option("mode", mode, ("wrap", "edge", "floor"))
        check_option("fill", fill, ("noise", None))
        check_option("offset", offset, ("auto", "move", "remove", "stay"))
        self.X, self.axis, self.mode, self.fill = X, axis, mode, fill
        self.static = None
        if axis.domain == "spectrum":
            if static is not None:
                raise ValueError(
                    "static needs raw signals. Got spectra; pass signals and the whole "
                    "pipeline."
                )
            if mode == "floor" and np.iscomplexobj(X):
                raise ValueError(
                    "mode='floor' needs real spectra. Got complex rows; for signals "
                    "pass domain='signal'."
                )
            return
        if mode != "wrap":
            raise ValueError(
                f"mode must be 'wrap' for raw signals. Got {mode!r}; pass spectra and "
                "the part of the pipeline after them."
            )
        self.offset = axis.offset if offset == "auto" else offset
        self.static = _check_static(static, X)
        # Drawn once, so that every shift gets the same noise, in any order.
        rng = check_rng(random_state, "random_state")
        draw = rng.integers if isinstance(rng, np.random.Generator) else rng.randint
        self.seed = int(draw(2**31 - 1))
        if self.offset == "move":
            warn_of_drift(X, "Pass offset='remove' or offset='stay'.")

    def __call__(self, shift):
        bins = self.axis.to_bins(shift)
        if self.axis.domain == "signal":
            return self._move_signals(bins)
        x = torch.from_numpy(np.array(self.X, order="C"))
        noise = noise_bins(x) if self.mode == "floor" else None
        ones = torch.ones(len(x), dtype=torch.int64)
        moved = shift_bins(x, bins * ones, mode=self.mode, noise=noise, start=0 * ones)
        return moved.numpy()

    def _move_signals(self, bins):
        moved = shift_signals(
            self.X,
            np.full(len(self.X), bins * self.axis.cycles_per_bin),
            fill=self.fill,
            offset=self.offset,
            rng=np.random.default_rng(self.seed),
        )
        return moved if self.static is None else moved + self.static


def _check_static(static, X):
    if static is None:
        return None
    static = as_floating(static, "static")
    try:
        fits = np.broadcast_shapes(static.shape, X.shape) == X.shape
    except ValueError:
        fits = False
    if not fits or static.shape[-1:] != X.shape[-1:]:
        raise ValueError(
            f"static must be of shape {X.shape[-1:]}, for all signals, or {X.shape}, "
            f"for each, or broadcast to it. Got {static.shape}."
        )
    if not np.isfinite(static).all():
        raise ValueError("static must be finite. Got NaN or infinity in it.")
    if np.iscomplexobj(static) and np.isrealobj(X):
        raise ValueError("static must be real for real signals. Got complex numbers.")
    return static.astype(X.dtype, copy=False)


class _Axis:
    """What a bin is to an estimator: of a spectrum, or of the PSD of a signal."""

    def __init__(self, domain, n_bins, cycles_per_bin=None, offset=None):
        self.domain = domain
        self.n_bins = n_bins
        self.cycles_per_bin = cycles_per_bin
        self.offset = offset

    def to_bins(self, shift, name="shift"):
        whole = isinstance(shift, Integral)
        if not (whole or isinstance(shift, Real) and abs(shift) <= 1):
            raise ValueError(
                f"{name} must be an int (bins) or a float between -1 and 1 (fraction "
                f"of the axis). Got {shift!r} instead."
            )
        bins = int(shift) if whole else round(float(shift) * self.n_bins)
        if abs(bins) > self.n_bins:
            raise ValueError(
                f"{name} (={shift!r}) must not exceed the axis of {self.n_bins} bins. "
                "An int is a number of bins, a float a fraction of the axis."
            )
        return bins


def _find_axis(estimator, X, domain):
    check_option("domain", domain, ("auto", "spectrum", "signal"))
    if X.ndim < 2 or 0 in X.shape:
        raise ValueError(
            f"Expected 2D array, got an array of shape {X.shape} instead: X must hold "
            "one sample at least, of shape (n_samples, ..., n_features)."
        )
    if isinstance(estimator, BaseEstimator):
        check_is_fitted(estimator)
    # LogFrequency has `fs` and `freqs_` as well, but takes spectra only.
    parts = [p for p in _walk(estimator, set()) if not isinstance(p, LogFrequency)]
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
    if psd is None or len(psd.freqs_) < 2:
        # The bins of one FFT over the whole signal, in which the mean is a line.
        n_bins = X.shape[-1] // 2 + 1 if np.isrealobj(X) else X.shape[-1]
        return _Axis(domain, n_bins, 1 / X.shape[-1], "stay")
    step = (psd.freqs_[1] - psd.freqs_[0]) / psd.fs
    keeps_mean = getattr(psd, "detrend", None) is False
    return _Axis(domain, len(psd.freqs_), step, "move" if keeps_mean else "remove")


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
    rows = as_floating(X)
    if hasattr(X, "iloc"):  # pandas
        return rows, lambda moved: type(X)(moved, columns=X.columns, index=X.index)
    if hasattr(X, "to_numpy"):  # polars
        return rows, lambda moved: type(X)(moved, schema=list(X.columns))
    return rows, lambda moved: with_frequencies(moved, frequencies_of(X))


def _list_bins(shifts, default, axis):
    """Return the shifts as given, or the default ones, and each in bins."""
    if shifts is None:
        shifts = default
    shifts = list(shifts) if np.iterable(shifts) else [shifts]
    if not shifts:
        raise ValueError("shifts must have at least one value. Got none.")
    return shifts, [axis.to_bins(shift, "each of shifts") for shift in shifts]


def _find_scorer(estimator, scoring):
    """Return a callable of an estimator, X and y, or raise an error of what came."""
    good = scoring is None or isinstance(scoring, str)
    if callable(scoring):
        try:
            inspect.signature(scoring).bind(estimator, None, None)
            good = True
        except TypeError:
            good = False
        except ValueError:  # of a function that tells no signature
            good = True
    if not good:
        raise ValueError(
            "scoring must be the name of a score, None, or a callable of (estimator, "
            f"X, y). Got {scoring!r} instead."
        )
    return check_scoring(estimator, scoring)


def shift_curve(
    estimator,
    X,
    y,
    *,
    shifts=None,
    mode="wrap",
    domain="auto",
    fill="noise",
    offset="auto",
    static=None,
    scoring=None,
    n_jobs=None,
    random_state=0,
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
        the strides of a net at different phases. None may exceed the axis. For raw
        signals the axis is the one that :class:`WelchPSD` hands on, from `fmin` to
        `fmax` where these crop it. It is in Hz also where :class:`LogFrequency`
        follows: the signals are shifted, not stretched.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters a spectrum at the vacated end, as in :class:`RandomFreqShift`.
        Raw signals know "wrap" only; for real ones see `fill`.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        What X is. "auto": signals if they are complex or a step, however deep inside,
        has a sampling frequency `fs`; an error if a step takes either; else spectra.

    fill : {"noise"} or None, default="noise"
        What the vacated strip of a real signal holds: white noise at the signal's own
        floor, as signals at another place have it, or nothing, a hole with a hard
        edge. What leaves the axis at the other end is removed. See
        :func:`sk_psd.signals.shift_frequency`.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        What becomes of the mean of each signal, which is a line at 0 Hz. "move" shifts
        it with the signal. "remove" takes it off before the shift, together with the
        drift (the straight line that fits the signal best). "stay" leaves both at
        0 Hz. "auto" is "remove" where :class:`WelchPSD` detrends, as it hides an offset
        at 0 Hz but not elsewhere, and "move" with ``detrend=False``. Without a
        WelchPSD it is "stay", as a receiver has it.

    static : array-like of shape (n_times,) or like `X`, default=None
        Part of the signals that does not move, such as mains hum or the spike of a
        receiver at 0 Hz. It is added after the shift, also to signals that are shifted
        by 0. X must come without it.

    scoring : str, callable or None, default=None
        As in scikit-learn. None is the estimator's own `score`, the accuracy.

    n_jobs : int, default=None
        Number of threads over the shifts, in joblib's conventions.

    random_state : int, RandomState, Generator or None, default=0
        Source of the noise. One seed gives the same noise for every shift.

    Returns
    -------
    curve : Bunch
        `shifts` in bins, `fractions` of the axis, and the `scores`, each an ndarray of
        shape (n_shifts,).

    Warns
    -----
    UserWarning
        If the mean moves and a real signal drifts by more than the rest of it varies.

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
    shifts, bins = _list_bins(shifts, np.linspace(-0.5, 0.5, 41), axis)
    bins = np.array(bins)
    check_n_jobs(n_jobs)
    if np.shape(y)[:1] != (len(X),):
        raise ValueError(
            f"y must hold a label for each of the {len(X)} rows of X. Got {y!r}."
        )
    scorer = _find_scorer(estimator, scoring)
    move = _Mover(X, axis, mode, fill, offset, static, random_state)

    def score(shift):
        return scorer(estimator, pack(move(shift)), y)

    scores = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(score)(shift) for shift in shifts
    )
    return Bunch(shifts=bins, fractions=bins / axis.n_bins, scores=np.array(scores))


def shift_invariance(
    estimator,
    X,
    *,
    shifts=None,
    mode="wrap",
    domain="auto",
    fill="noise",
    offset="auto",
    static=None,
    n_jobs=None,
    random_state=0,
):
    """Measure how much shifts change the predicted probabilities.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier with `predict_proba`, or a Pipeline that ends in one.

    X : array-like of shape (n_samples, ..., n_features)
        What it predicts from.

    shifts : array-like of int or float, default=None
        Integers are bins of the spectrum, floats fractions of its axis, as in
        :func:`shift_curve`. None is every whole number of bins on the axis.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        What enters a spectrum at the vacated end, as in :class:`RandomFreqShift`.
        Raw signals know "wrap" only; for real ones see `fill`.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        What X is. "auto": signals if they are complex or a step, however deep inside,
        has a sampling frequency `fs`; an error if a step takes either; else spectra.

    fill : {"noise"} or None, default="noise"
        What the vacated strip of a real signal holds, as in :func:`shift_curve`. The
        noise is not that of the signal, so that no model is exactly invariant to it.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        What becomes of the mean of each signal, as in :func:`shift_curve`.

    static : array-like of shape (n_times,) or like `X`, default=None
        Part of the signals that does not move. It is added after the shift, and to the
        signals that are compared with.

    n_jobs : int, default=None
        Number of threads over the shifts, in joblib's conventions.

    random_state : int, RandomState, Generator or None, default=0
        Source of the noise. One seed gives the same noise for every shift.

    Returns
    -------
    report : Bunch
        `max_change` and `median_change` of the probability of any class, over all
        pairs of sample and shift; `flipped`, the share of pairs whose label changes;
        `worst_sample` and `worst_shift` (in bins), where the change is largest.

    Warns
    -----
    UserWarning
        If the mean moves and a real signal drifts by more than the rest of it varies.

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
            f"{type(estimator).__name__} has no predict_proba to compare. Pass an "
            "estimator with probabilities, or use shift_curve."
        )
    X, pack = _unpack(X)
    axis = _find_axis(estimator, X, domain)
    _, bins = _list_bins(shifts, range(1, max(2, axis.n_bins)), axis)
    check_n_jobs(n_jobs)
    move = _Mover(X, axis, mode, fill, offset, static, random_state)
    reference = estimator.predict_proba(pack(move(0)))
    label = reference.argmax(axis=1)

    def compare(shift):
        proba = estimator.predict_proba(pack(move(shift)))
        return np.abs(proba - reference).max(axis=1), proba.argmax(axis=1) != label

    changes, flips = zip(
        *Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(compare)(shift) for shift in bins
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
        worst_shift=bins[row],
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
    >>> response.freqs
    array([ 0., 25., 50.])
    >>> response.gain.round(2)
    array([   0.  ,   -3.01, -120.  ])
    """
    kernel, fs = _find_kernel(estimator_or_kernel, fs)
    fs = as_rate(fs)
    if not (isinstance(n_freqs, Integral) and n_freqs >= 2):
        raise ValueError(f"n_freqs must be an int of at least 2. Got {n_freqs!r}.")
    if np.iscomplexobj(kernel):
        cycles = np.arange(n_freqs) / n_freqs - 0.5
    else:
        cycles = np.linspace(0, 0.5, n_freqs)
    # Of a kernel of any size, whose squares would overflow or vanish.
    largest = float(np.abs(kernel).max()) or 1.0
    response = np.polynomial.polynomial.polyval(
        np.exp(-2j * np.pi * cycles), kernel / largest
    )
    return Bunch(
        freqs=cycles * fs,
        gain=decibels(np.abs(response) ** 2) + 20 * np.log10(largest),
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
        kernel = as_ndarray(thing, "kernel")
        good = kernel.ndim == 1 and len(kernel) and kernel.dtype.kind in "biufc"
        if not (good and np.isfinite(kernel).all()):
            raise ValueError(
                "A kernel must be a one-dimensional array of finite numbers. Got "
                f"{thing!r} instead."
            )
    return kernel, 1.0 if fs is None else fs
