"""Scores and predictions of a model on shifted data."""

import inspect
from numbers import Integral, Real

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from sk_psd._arguments import check_n_jobs, check_option, check_rng
from sk_psd._arrays import as_floating
from sk_psd._frequency_axis import frequencies_of, with_frequencies
from sk_psd._progress import advance, check_verbose, progress_bar
from sk_psd._result import Result
from sk_psd._shift import noise_bins, shift_bins
from sk_psd._signal_shift import shift_signals, warn_of_drift
from sk_psd.resampling import LogFrequency

__all__ = ["shift_curve", "shift_invariance", "shift_rows", "unwrap_rows"]


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
    """Shift all rows by the same number of bins of the estimator's frequency axis.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier of spectra, or a Pipeline from spectra or raw signals.

    X : array-like of shape (n_samples, ..., n_features)
        Input of the estimator: spectra or raw signals.

    shift : int or float
        An int is a number of bins of the spectrum, a float is a fraction of its axis,
        as in :func:`shift_curve`. The shift must not exceed the axis.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        Values that enter a spectrum at the vacated end, as in
        :class:`RandomFreqShift`. Raw signals take "wrap" only; see `fill` for real
        signals.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        Kind of the rows of X. "auto" takes them for signals if they are complex, or if
        a step of the estimator, at any depth, has a sampling frequency `fs`, as
        :class:`WelchPSD` does. It is an error if a step takes signals as well as
        spectra, as :class:`FFTMagnitude` does. Otherwise the rows are spectra.

    fill : {"noise"} or None, default="noise"
        Content of the vacated strip of a real signal: white noise at the signal's own
        floor, or nothing, as in :func:`sk_psd.signals.shift_frequency`.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        Treatment of the mean of each signal, as in :func:`shift_curve`.

    static : array-like of shape (n_times,) or like `X`, default=None
        Part of the signals that does not move. It is added after the shift.

    random_state : int, RandomState, Generator or None, default=0
        Source of the noise. One seed gives the same noise for every shift.

    Returns
    -------
    shifted : ndarray of the shape of `X`
        float32 and complex64 are kept, other numbers become float64 or complex128.

    Raises
    ------
    ValueError
        If `shift` exceeds the axis, if "auto" cannot tell the domain, or if another
        parameter is not as described above.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.inspection import shift_rows
    >>> X = np.eye(4, 16)
    >>> model = GlobalPoolCNNClassifier(max_epochs=1, random_state=0)
    >>> model = model.fit(X, ["a", "b", "a", "b"])
    >>> shift_rows(model, X, 5).argmax(axis=1)
    array([5, 6, 7, 8])
    """
    X, _ = unwrap_rows(X)
    axis = _find_axis(estimator, X, domain)
    return _RowShifter(X, axis, mode, fill, offset, static, random_state)(shift)


class _RowShifter:
    """A function of a shift that returns the shifted rows.

    The rows and the options are checked once, and the seed of the noise is drawn once,
    for all shifts. Parameters as in `shift_rows`; `axis` is an `_Axis`.
    """

    def __init__(self, X, axis, mode, fill, offset, static, random_state):
        check_option("mode", mode, ("wrap", "edge", "floor"))
        check_option("fill", fill, ("noise", None))
        check_option("offset", offset, ("auto", "move", "remove", "stay"))
        self.X, self.axis, self.mode, self.fill = X, axis, mode, fill
        self.static = None
        if axis.domain == "spectrum":
            if static is not None:
                raise ValueError(
                    "static needs raw signals. Got spectra; pass the signals and the "
                    "whole pipeline."
                )
            if mode == "floor" and np.iscomplexobj(X):
                raise ValueError(
                    "mode='floor' needs real spectra. Got complex rows; if they are "
                    "signals, pass domain='signal'."
                )
            return
        if mode != "wrap":
            raise ValueError(
                f"mode must be 'wrap' for raw signals. Got {mode!r}; for other modes "
                "pass spectra and the steps of the pipeline that follow them."
            )
        self.offset = axis.offset if offset == "auto" else offset
        self.static = _check_static(static, X)
        # One seed for all shifts, so that each gets the same noise, in any order.
        rng = check_rng(random_state, "random_state")
        draw = rng.integers if isinstance(rng, np.random.Generator) else rng.randint
        self.seed = int(draw(2**31 - 1))
        if self.offset == "move":
            warn_of_drift(X, "Pass offset='remove' or offset='stay'.")

    def __call__(self, shift):
        bins = self.axis.to_bins(shift)
        if self.axis.domain == "signal":
            return self._shift_signals(bins)
        x = torch.from_numpy(np.array(self.X, order="C"))
        noise = noise_bins(x) if self.mode == "floor" else None
        ones = torch.ones(len(x), dtype=torch.int64)
        shifted = shift_bins(
            x, bins * ones, mode=self.mode, noise=noise, start=0 * ones
        )
        return shifted.numpy()

    def _shift_signals(self, bins):
        shifted = shift_signals(
            self.X,
            np.full(len(self.X), bins * self.axis.cycles_per_bin),
            fill=self.fill,
            offset=self.offset,
            rng=np.random.default_rng(self.seed),
        )
        return shifted if self.static is None else shifted + self.static


def _check_static(static, X):
    """Return `static` in the type of X, or None. Raise if it cannot be added to X."""
    if static is None:
        return None
    static = as_floating(static, "static")
    try:
        fits = np.broadcast_shapes(static.shape, X.shape) == X.shape
    except ValueError:
        fits = False
    if not fits or static.shape[-1:] != X.shape[-1:]:
        raise ValueError(
            f"static must be of shape {X.shape[-1:]}, the same for all signals, or of "
            f"a shape that broadcasts to {X.shape}, the one of X. Got {static.shape}."
        )
    if not np.isfinite(static).all():
        raise ValueError("static must be finite. Got NaN or infinity in it.")
    if np.iscomplexobj(static) and np.isrealobj(X):
        raise ValueError("static must be real for real signals. Got complex numbers.")
    return static.astype(X.dtype, copy=False)


class _Axis:
    """The frequency axis of an estimator, to express shifts in its bins.

    Parameters
    ----------
    domain : {"spectrum", "signal"}
        Kind of the rows that are shifted.

    n_bins : int
        Number of bins of the spectrum.

    cycles_per_bin : float, default=None
        Width of a bin in cycles per sample, for signals.

    offset : {"move", "remove", "stay"}, default=None
        Treatment of the mean of each signal for ``offset="auto"``.

    bin_width : float, default=None
        Width of a bin in Hz, for signals of known sampling frequency.
    """

    def __init__(
        self, domain, n_bins, cycles_per_bin=None, offset=None, bin_width=None
    ):
        self.domain = domain
        self.n_bins = n_bins
        self.cycles_per_bin = cycles_per_bin
        self.offset = offset
        self.bin_width = bin_width

    def to_bins(self, shift, name="shift"):
        """Return a shift, an int or a fraction of the axis, as a number of bins."""
        is_int = isinstance(shift, Integral)
        if not (is_int or isinstance(shift, Real) and abs(shift) <= 1):
            raise ValueError(
                f"{name} must be an int (bins) or a float between -1 and 1 (fraction "
                f"of the axis). Got {shift!r} instead."
            )
        bins = int(shift) if is_int else round(float(shift) * self.n_bins)
        if abs(bins) > self.n_bins:
            raise ValueError(
                f"{name} (={shift!r}) must not exceed the axis of {self.n_bins} bins. "
                "An int is a number of bins, a float is a fraction of the axis."
            )
        return bins


def _find_axis(estimator, X, domain):
    """Return the frequency axis of a fitted estimator.

    The axis of raw signals is that of the transformer from signals to spectra. The
    transformer is the first step with the attributes `fs` and `freqs_`, which
    :class:`WelchPSD` and :class:`Spectrogram` have. Steps with `freqs_` alone, such as
    :class:`FFTMagnitude`, and functions take signals as well as spectra: if there is no
    other step to tell by, "auto" is an error.

    Parameters
    ----------
    estimator : estimator object
        Fitted.

    X : ndarray of shape (n_samples, ..., n_features)

    domain : {"auto", "spectrum", "signal"}

    Returns
    -------
    axis : _Axis
    """
    check_option("domain", domain, ("auto", "spectrum", "signal"))
    if X.ndim < 2 or 0 in X.shape:
        raise ValueError(
            f"Expected 2D array, got an array of shape {X.shape} instead: X must be of "
            "shape (n_samples, ..., n_features), with at least one sample."
        )
    if isinstance(estimator, BaseEstimator):
        check_is_fitted(estimator)
    # LogFrequency has `fs` and `freqs_` as well, but takes spectra only.
    steps = [
        step
        for step in _estimators_inside(estimator, set())
        if not isinstance(step, LogFrequency)
    ]
    psd = next((s for s in steps if hasattr(s, "fs") and hasattr(s, "freqs_")), None)
    if domain == "auto":
        if np.iscomplexobj(X) or psd is not None:
            domain = "signal"
        elif any(
            hasattr(s, "freqs_") or isinstance(s, FunctionTransformer) for s in steps
        ):
            raise ValueError(
                "domain='auto' cannot tell whether X holds signals or spectra, as the "
                f"steps of this {type(estimator).__name__} take both. Pass "
                "domain='signal' or domain='spectrum'."
            )
        else:
            domain = "spectrum"
    if domain == "spectrum":
        return _Axis(domain, X.shape[-1])
    if psd is None or len(psd.freqs_) < 2:
        # The bins are those of one FFT over the whole signal. The mean is a line there.
        n_bins = X.shape[-1] // 2 + 1 if np.isrealobj(X) else X.shape[-1]
        return _Axis(domain, n_bins, 1 / X.shape[-1], "stay")
    step = (psd.freqs_[1] - psd.freqs_[0]) / psd.fs
    keeps_mean = getattr(psd, "detrend", None) is False
    return _Axis(
        domain,
        len(psd.freqs_),
        step,
        "move" if keeps_mean else "remove",
        # fs=1.0 is the default of the steps, with which frequencies are not in Hz.
        bin_width=None if psd.fs == 1 else float(psd.freqs_[1] - psd.freqs_[0]),
    )


def _estimators_inside(value, seen):
    """Yield an estimator and all estimators in its attributes, at any depth.

    Pipelines hold their steps in lists of tuples, searches and ensembles hold fitted
    models in attributes or lists, so every attribute, list and dict is searched.

    Parameters
    ----------
    value : object
        An estimator, or an attribute of one.

    seen : set of int
        The ids of the objects that were searched already. It is extended, and ends the
        search where objects hold each other.
    """
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, BaseEstimator):
        yield value
        value = list(vars(value).values())
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _estimators_inside(item, seen)


def unwrap_rows(X):
    """Return X as an array, and a function that wraps an array like X.

    Returns
    -------
    rows : ndarray

    rewrap : callable
        Returns an array in the type of X, with its columns and its index if X is a data
        frame.
    """
    rows = as_floating(X)
    if hasattr(X, "iloc"):  # pandas
        return rows, lambda array: type(X)(array, columns=X.columns, index=X.index)
    if hasattr(X, "to_numpy"):  # polars
        return rows, lambda array: type(X)(array, schema=list(X.columns))
    return rows, lambda array: with_frequencies(array, frequencies_of(X))


def _list_bins(shifts, default, axis):
    """Return a list of the shifts, or of the default ones, and the same in bins."""
    if shifts is None:
        shifts = default
    shifts = list(shifts) if np.iterable(shifts) else [shifts]
    if not shifts:
        raise ValueError("shifts must have at least one value. Got none.")
    return shifts, [axis.to_bins(shift, "each of shifts") for shift in shifts]


def _list_neighbors(bins, phases, axis):
    """Return the shifts around each shift, (n_shifts, n_phases), within the axis."""
    if not isinstance(phases, Integral) or isinstance(phases, bool) or phases < 1:
        raise ValueError(f"phases must be an int of at least 1. Got {phases!r}.")
    if phases > axis.n_bins:
        raise ValueError(
            f"phases (={phases}) must not exceed the axis of {axis.n_bins} bins."
        )
    around = np.arange(phases) - phases // 2
    return np.clip(bins[:, None] + around, -axis.n_bins, axis.n_bins)


def _find_scorer(estimator, scoring):
    """Return the scorer, a callable of (estimator, X, y), or raise a ValueError."""
    is_valid = scoring is None or isinstance(scoring, str)
    if callable(scoring):
        try:
            inspect.signature(scoring).bind(estimator, None, None)
            is_valid = True
        except TypeError:
            is_valid = False
        except ValueError:  # a built-in function need not have a signature
            is_valid = True
    if not is_valid:
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
    phases=1,
    mode="wrap",
    domain="auto",
    fill="noise",
    offset="auto",
    static=None,
    scoring=None,
    n_jobs=None,
    verbose=0,
    random_state=0,
):
    """Score a fitted classifier on data shifted along the frequency axis.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier of spectra, or a Pipeline from spectra or raw signals.

    X : array-like of shape (n_samples, ..., n_features)
        Input of the estimator: spectra or raw signals.

    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        True labels, or an indicator matrix.

    shifts : array-like of int or float, default=None
        Integers are bins of the spectrum, floats are fractions of its axis. No shift
        may exceed the axis. None is 41 shifts from minus half to plus half of the axis.
        On an axis of 2**n bins these meet the strides of a net at different phases. For
        raw signals the axis is that of the spectra of :class:`WelchPSD`, from `fmin` to
        `fmax` if these are set. It is in Hz even if :class:`LogFrequency` follows: the
        signals are shifted, not stretched.

    phases : int, default=1
        Number of neighboring shifts, a bin apart, that are scored around each of
        `shifts`. The score of a net with strides depends on the phase of a spectrum on
        the strides. Set the `stride` that :func:`describe` returns to score all phases.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        Values that enter a spectrum at the vacated end, as in
        :class:`RandomFreqShift`. Raw signals take "wrap" only; see `fill` for real
        signals.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        Kind of the rows of X. "auto" takes them for signals if they are complex, or if
        a step of the estimator, at any depth, has a sampling frequency `fs`, as
        :class:`WelchPSD` does. It is an error if a step takes signals as well as
        spectra, as :class:`FFTMagnitude` does. Otherwise the rows are spectra.

    fill : {"noise"} or None, default="noise"
        Content of the vacated strip of a real signal. "noise" is white noise at the
        signal's own floor, as a signal at another place would have it. None leaves a
        hole with a hard edge. The part that leaves the axis at the other end is
        removed. See :func:`sk_psd.signals.shift_frequency`.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        Treatment of the mean of each signal, which is a line at 0 Hz. "move" shifts
        it with the signal. "remove" subtracts it before the shift, together with the
        drift (the straight line that fits the signal best). "stay" leaves both at
        0 Hz. "auto" is "remove" if :class:`WelchPSD` detrends, because that hides an
        offset at 0 Hz but not elsewhere, and "move" with ``detrend=False``. Without a
        WelchPSD it is "stay", as the offset of a receiver does.

    static : array-like of shape (n_times,) or like `X`, default=None
        Part of the signals that does not move, such as mains hum or the spike of a
        receiver at 0 Hz. It is added after the shift, also after a shift by 0, so X
        must not contain it.

    scoring : str, callable or None, default=None
        As in scikit-learn. None is the `score` of the estimator, the accuracy.

    n_jobs : int, default=None
        Number of threads, which share the shifts, as joblib counts them.

    verbose : int, default=0
        Whether to show a progress bar over the shifts.

    random_state : int, RandomState, Generator or None, default=0
        Source of the noise. One seed gives the same noise for every shift.

    Returns
    -------
    curve : Bunch
        `shifts` in bins, `fractions` of the axis, and the `scores`: means over the
        phases. `lowest` and `highest` are the extremes over the phases. Each is an
        ndarray of shape (n_shifts,). `bin_width` is a float in Hz, or None if X holds
        spectra or if the `fs` of the steps is 1.0, the default.

    Raises
    ------
    ValueError
        As in :func:`shift_rows`, or if `y` or `scoring` does not fit.

    Warns
    -----
    UserWarning
        If the mean moves and a real signal drifts by more than the rest of it varies.

    See Also
    --------
    shift_invariance : Changes of the predictions.
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
    X, rewrap = unwrap_rows(X)
    axis = _find_axis(estimator, X, domain)
    _, bins = _list_bins(shifts, np.linspace(-0.5, 0.5, 41), axis)
    bins = np.array(bins)
    # Each shift is scored once, although the neighbors of two shifts may overlap.
    each, places = np.unique(_list_neighbors(bins, phases, axis), return_inverse=True)
    check_n_jobs(n_jobs)
    check_verbose(verbose)
    if np.shape(y)[:1] != (len(X),):
        raise ValueError(
            f"y must hold one label for each of the {len(X)} rows of X. Got {y!r}."
        )
    scorer = _find_scorer(estimator, scoring)
    shift_by = _RowShifter(X, axis, mode, fill, offset, static, random_state)

    def score(shift):
        return scorer(estimator, rewrap(shift_by(shift)), y)

    scores = _map_shifts(score, each.tolist(), n_jobs, "shift_curve", verbose)
    scores = np.array(scores)[places.reshape(len(bins), -1)]  # (n_shifts, n_phases)
    return Result(
        shifts=bins,
        fractions=bins / axis.n_bins,
        scores=scores.mean(axis=1),
        lowest=scores.min(axis=1),
        highest=scores.max(axis=1),
        bin_width=axis.bin_width,
    )


def _map_shifts(function, shifts, n_jobs, title, verbose):
    """Return the result of a function for each shift, in the order of the shifts."""
    parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    results = []
    with progress_bar(len(shifts), unit="shift", title=title, verbose=verbose):
        for result in parallel(delayed(function)(shift) for shift in shifts):
            results.append(result)
            advance(1, "shift")
    return results


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
    verbose=0,
    random_state=0,
):
    """Measure how much shifts change the predicted probabilities.

    Parameters
    ----------
    estimator : estimator object
        Fitted classifier with `predict_proba`, or a Pipeline that ends in one.

    X : array-like of shape (n_samples, ..., n_features)
        Input of the estimator: spectra or raw signals.

    shifts : array-like of int or float, default=None
        Integers are bins of the spectrum, floats are fractions of its axis, as in
        :func:`shift_curve`. None is every number of bins from 1 to the length of the
        axis less 1.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        Values that enter a spectrum at the vacated end, as in
        :class:`RandomFreqShift`. Raw signals take "wrap" only; see `fill` for real
        signals.

    domain : {"auto", "spectrum", "signal"}, default="auto"
        Kind of the rows of X. "auto" takes them for signals if they are complex, or if
        a step of the estimator, at any depth, has a sampling frequency `fs`, as
        :class:`WelchPSD` does. It is an error if a step takes signals as well as
        spectra, as :class:`FFTMagnitude` does. Otherwise the rows are spectra.

    fill : {"noise"} or None, default="noise"
        Content of the vacated strip of a real signal, as in :func:`shift_curve`. The
        noise there is fresh, so that no model is exactly invariant to it.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        Treatment of the mean of each signal, as in :func:`shift_curve`.

    static : array-like of shape (n_times,) or like `X`, default=None
        Part of the signals that does not move. It is added to the shifted signals and
        to the unshifted ones, which they are compared with.

    n_jobs : int, default=None
        Number of threads, which share the shifts, as joblib counts them.

    verbose : int, default=0
        Whether to show a progress bar over the shifts.

    random_state : int, RandomState, Generator or None, default=0
        Source of the noise. One seed gives the same noise for every shift.

    Returns
    -------
    report : Bunch
        Over all pairs of a sample and a shift: `max_change` and `median_change` of the
        largest change of a class probability; `flipped`, the share of pairs whose
        predicted label (or one of several labels) changes; `worst_sample` (its index)
        and `worst_shift` (in bins) of the pair with the largest change.

    Raises
    ------
    ValueError
        As in :func:`shift_rows`, or if the estimator has no `predict_proba`.

    Warns
    -----
    UserWarning
        If the mean moves and a real signal drifts by more than the rest of it varies.

    See Also
    --------
    shift_curve : Accuracy on shifted data.

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
            f"{type(estimator).__name__} has no predict_proba. Pass an estimator that "
            "predicts probabilities, or use shift_curve."
        )
    X, rewrap = unwrap_rows(X)
    axis = _find_axis(estimator, X, domain)
    _, bins = _list_bins(shifts, range(1, max(2, axis.n_bins)), axis)
    check_n_jobs(n_jobs)
    check_verbose(verbose)
    shift_by = _RowShifter(X, axis, mode, fill, offset, static, random_state)
    reference = estimator.predict_proba(rewrap(shift_by(0)))
    # With several labels for each sample the probabilities do not sum to 1.
    one_label = np.allclose(reference.sum(axis=1), 1)

    def compare(shift):
        proba = estimator.predict_proba(rewrap(shift_by(shift)))
        if one_label:
            flips = proba.argmax(axis=1) != reference.argmax(axis=1)
        else:
            flips = ((proba > 0.5) != (reference > 0.5)).any(axis=1)
        return np.abs(proba - reference).max(axis=1), flips

    changes, flips = zip(
        *_map_shifts(compare, bins, n_jobs, "shift_invariance", verbose), strict=True
    )
    changes = np.array(changes)  # (n_shifts, n_samples)
    row, column = np.unravel_index(changes.argmax(), changes.shape)
    return Result(
        max_change=float(changes.max()),
        median_change=float(np.median(changes)),
        flipped=float(np.mean(flips)),
        worst_sample=int(column),
        worst_shift=bins[row],
    )
