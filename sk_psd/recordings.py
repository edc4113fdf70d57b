"""Recordings of any length: windows, votes and a classifier of whole recordings."""

import warnings
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
)

from sk_psd._arguments import check_flag, check_option
from sk_psd._arrays import (
    as_floating,
    as_ndarray,
    as_numbers,
    tensor_to_ndarray,
)
from sk_psd._constraints import HasMethods, StrOptions, WholeNumber
from sk_psd._doc_link import DocLink
from sk_psd._fitted_state import FittedState
from sk_psd._holdout import set_aside
from sk_psd._layout import check_signals
from sk_psd._numbers import as_int, as_rate
from sk_psd._pages import release_pages
from sk_psd._signal_lists import as_signal_list, remember_lengths
from sk_psd._state import VersionedState
from sk_psd._validation import check_labels, check_rows, find_classes

__all__ = ["WindowedClassifier", "cut_windows", "vote"]

# Values of the windows that an estimator predicts at a time.
_CHUNK_VALUES = 2**21

# Smaller probabilities count as this one in a vote by logarithms. Otherwise a single
# window of probability 0 would decide about a recording.
_LEAST_PROBABILITY = 1e-6


def cut_windows(recordings, n_times, step=None, *, pad=False):
    """Cut recordings of any length into windows of one length.

    Parameters
    ----------
    recordings : list of arrays, or array of shape (n_recordings, [n_channels,] n_times)
        Each recording is of shape (length,) or (n_channels, length). A memory-mapped
        recording is read in parts, but the windows are copied.

    n_times : int
        Samples in each window.

    step : int, default=None
        Samples from the start of a window to the start of the next one. None stands for
        `n_times`: the windows do not overlap.

    pad : bool, default=False
        Whether a recording shorter than a window is padded with zeros at its end. It is
        an error otherwise. Of longer recordings, samples after the last whole window
        are left out in both cases.

    Returns
    -------
    windows : ndarray of shape (n_windows, [n_channels,] n_times)
        The windows of the first recording, then those of the second, and so on.

    index : int64 ndarray of shape (n_windows,)
        Index of the recording of each window: the `groups` of
        :class:`sklearn.model_selection.GroupKFold`. ``y[index]`` are the labels of the
        windows.

    starts : int64 ndarray of shape (n_windows,)
        First sample of each window in its recording.

    Raises
    ------
    ValueError
        If a recording is shorter than a window and `pad` is False, if the recordings
        have unequal numbers of channels, or a parameter is none of the above.

    See Also
    --------
    vote : One probability for each recording from those of its windows.
    WindowedClassifier : Windows, votes and cross-validation without leaks.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import cut_windows
    >>> windows, index, starts = cut_windows([np.arange(5), np.arange(10, 14)], 2)
    >>> windows.tolist()
    [[0, 1], [2, 3], [10, 11], [12, 13]]
    >>> index.tolist(), starts.tolist()
    ([0, 0, 1, 1], [0, 2, 0, 2])
    """
    rows = as_signal_list(recordings)
    if rows is None:
        X = as_numbers(recordings, "recordings")
        if X.ndim not in (2, 3) or not X.size:
            raise ValueError(
                "recordings must be a list of recordings, or an array of two or three "
                f"axes. Got shape {X.shape}; pass [recording] for one."
            )
        check_signals("cut_windows", X)
        rows = list(X)
    rows = [as_numbers(row, f"recordings[{i}]") for i, row in enumerate(rows)]
    n_times, step = _check_sizes(n_times, step)
    check_flag("pad", pad)
    starts = _find_starts(rows, n_times, step, pad)
    dtype = np.result_type(*(row.dtype for row in rows))
    shape = sum(map(len, starts)), *rows[0].shape[:-1], n_times
    windows, end = np.empty(shape, dtype), 0
    for row, first in zip(rows, starts, strict=True):
        for part in np.array_split(
            first, max(1, len(first) * n_times // _CHUNK_VALUES)
        ):
            windows[end : end + len(part)] = _cut(row, part, n_times)
            end += len(part)
            release_pages(row)
    return windows, _index_of(starts), np.concatenate(starts)


def _check_sizes(n_times, step):
    sizes = []
    for name, value in [("n_times", n_times), ("step", step)]:
        value = n_times if name == "step" and value is None else value
        try:
            size = as_int(value)
        except (TypeError, ValueError, OverflowError):
            size = 0
        if size < 1:
            raise ValueError(
                f"{name} must be a number of samples, an int of at least 1. Got "
                f"{value!r}."
            )
        sizes.append(size)
    return sizes


def _find_starts(recordings, n_times, step, pad):
    """Return the first samples of the windows of each recording."""
    starts = []
    for i, row in enumerate(recordings):
        length = row.shape[-1]
        if length < n_times and not pad:
            hint = ""
            if row.ndim > 1 and row.shape[0] >= n_times:
                hint = f" Its shape is {row.shape}: pass x.T if time is the first axis."
            raise ValueError(
                f"Recording {i} has {length} samples, fewer than a window "
                f"(n_times = {n_times}).{hint} Leave it out, choose shorter windows, "
                "or pass pad=True to pad it with zeros."
            )
        starts.append(np.arange(0, max(length - n_times, 0) + 1, step))
    return starts


def _index_of(starts):
    return np.repeat(np.arange(len(starts)), [len(first) for first in starts])


def _cut(recording, starts, n_times):
    """Return the windows of a recording that begin at some of its samples, as a copy.

    Parameters
    ----------
    recording : ndarray of shape ([n_channels,] length)

    starts : int ndarray of shape (n_windows,)
        In equal steps.

    n_times : int

    Returns
    -------
    windows : ndarray of shape (n_windows, [n_channels,] n_times)
    """
    if recording.shape[-1] < n_times:
        windows = np.zeros((1, *recording.shape[:-1], n_times), recording.dtype)
        windows[0, ..., : recording.shape[-1]] = recording
        return windows
    step = starts[1] - starts[0] if len(starts) > 1 else 1
    part = np.asarray(recording[..., starts[0] : starts[-1] + n_times])
    views = np.lib.stride_tricks.sliding_window_view(part, n_times, axis=-1)
    return np.moveaxis(views[..., ::step, :], -2, 0).copy()


def _cut_in_blocks(recordings, starts, n_times):
    """Yield all windows, in blocks of a fixed number, each of one type of numbers.

    Windows of several recordings share a block, as an estimator is quicker with many.
    """
    n_values = n_times * recordings[0][..., 0].size
    n_rows = max(1, _CHUNK_VALUES // n_values)
    parts, n_parts = [], 0
    for row, first in zip(recordings, starts, strict=True):
        while len(first):
            if parts and (n_parts == n_rows or parts[0].dtype != row.dtype):
                yield np.concatenate(parts)
                parts, n_parts = [], 0
            take, first = np.split(first, [n_rows - n_parts])
            parts.append(_cut(row, take, n_times))
            n_parts += len(take)
            release_pages(row)
    yield np.concatenate(parts)


def vote(proba, index, method="log"):
    """Return one probability of each class for each recording.

    Parameters
    ----------
    proba : array-like of shape (n_windows, n_classes)
        Probabilities of the windows, such as `predict_proba` returns.

    index : array-like of shape (n_windows,)
        Recording of each window, such as :func:`cut_windows` returns.

    method : {"log", "mean"}, default="log"
        "log" takes the mean of the logarithms and scales its exponentials to a sum of
        1. The most probable class is that of the product of the probabilities. A
        probability below 1e-6 counts as 1e-6, so that a single window does not decide.
        "mean" takes the mean of the probabilities, in which confident windows have less
        influence. Use "mean" for windows with several labels, as their probabilities do
        not sum to 1.

    Returns
    -------
    proba : float64 ndarray of shape (n_recordings, n_classes)
        One row for each value that occurs in `index`, in ascending order.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a probability is negative or not finite.

    See Also
    --------
    cut_windows : Cut recordings into windows.

    Examples
    --------
    >>> from sk_psd import vote
    >>> vote([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [0, 0, 1], "mean")
    array([[0.65, 0.35],
           [0.2 , 0.8 ]])
    """
    check_option("method", method, ("log", "mean"))
    proba = as_floating(proba, "proba").astype(np.float64)
    index = as_ndarray(index, "index")
    if proba.ndim != 2 or not proba.size or index.shape != proba.shape[:1]:
        raise ValueError(
            "proba must be of shape (n_windows, n_classes) and index of shape "
            f"(n_windows,). Got the shapes {proba.shape} and {index.shape}."
        )
    if index.dtype.kind not in "biuSU":
        raise ValueError(
            f"index must hold an int or a name for each window. Got {index.dtype}."
        )
    if not (np.isfinite(proba).all() and (proba >= 0).all()):
        raise ValueError("proba must hold finite numbers of at least 0.")
    if method == "mean":
        return _mean_of_each(proba, index)
    levels = _mean_of_each(np.log(np.maximum(proba, _LEAST_PROBABILITY)), index)
    powers = np.exp(levels - levels.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _mean_of_each(values, index):
    """Return the mean of the rows of each recording."""
    order = np.argsort(index, kind="stable")
    first = np.unique(index[order], return_index=True)[1]
    parts = np.split(values[order], first[1:])
    return np.stack([part.mean(axis=0) for part in parts])


def _is_transformer(self):
    return hasattr(getattr(self, "estimator_", self.estimator), "transform")


class WindowedClassifier(
    ClassifierMixin, FittedState, VersionedState, DocLink, BaseEstimator
):
    """Classify recordings of any length by a classifier of their windows.

    A sample is a recording. It is cut into windows of one length, the estimator is
    trained on the windows, and the windows of a recording vote on its class. So
    cross-validation and searches of scikit-learn never have windows of one recording
    in the training and in the test data, which would make the score too good: the
    windows of a recording resemble each other.

    Parameters
    ----------
    estimator : classifier
        Classifier of windows, usually a Pipeline that begins with :class:`WelchPSD`.

    n_times : int
        Samples in each window.

    step : int, default=None
        Samples from the start of a window to the start of the next one. None stands for
        `n_times`: the windows do not overlap.

    vote : {"log", "mean"}, default="log"
        How the probabilities of the windows become that of the recording, see
        :func:`vote`.

    weight : {"recording", "window"}, default="recording"
        Whether every recording or every window has the same weight in the training.
        With "recording", the windows of a longer recording have smaller weights. If
        recordings have unequal numbers of windows, this needs an estimator whose `fit`
        takes `sample_weight`; others are an error. With "window", a longer recording
        counts more.

    pad : bool, default=False
        Whether a recording shorter than a window is padded with zeros. It is an error
        otherwise.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier of windows.

    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.

    validation_recordings_ : ndarray of shape (n_val_recordings,)
        Indices of the recordings that early stopping has set aside, in ascending order.
        Exists only with early stopping.

    n_features_in_ : int
        Length of the recordings, in samples. Does not exist if they were a list of
        unequal lengths.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    cut_windows : The windows, for other uses.
    vote : The vote, for other uses.

    Notes
    -----
    Early stopping: if the last step of the estimator has ``early_stopping=True`` and
    its `fit` takes `X_val` and `y_val`, as in this package, whole recordings are set
    aside: the part `validation_fraction` of that step, and at least one of each class
    that has several. Their windows go through the fitted steps before and are the
    validation data. The `random_state` of that step draws them. With
    ``early_stopping=True`` and no `X_val`, an estimator would watch windows of the
    recordings that it trains on, which is an error.

    A search or a calibration that divides its training data has to stand outside, as
    ``GridSearchCV(WindowedClassifier(...))``. Inside, it would divide windows.

    An estimator without `predict_proba` gives the class that it predicts for a window
    the probability 1.

    `fit` copies all windows into one array. Predictions read a memory-mapped recording
    in parts, so it may be larger than the memory.

    An array of two or three axes holds recordings of one length, and the length must be
    the same in all calls. Recordings in a list may always have other lengths.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sk_psd import WelchPSD, WindowedClassifier
    >>> rng = np.random.default_rng(0)
    >>> noise = [rng.standard_normal(n) for n in rng.integers(2000, 9000, 20)]
    >>> y = np.repeat(["rough", "smooth"], 10)
    >>> X = noise[:10] + [np.cumsum(x) for x in noise[10:]]
    >>> windows = make_pipeline(WelchPSD(decibels=True), LogisticRegression())
    >>> cross_val_score(WindowedClassifier(windows, 1000), X, y, cv=5).mean()
    np.float64(1.0)
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_times": [WholeNumber(1)],
        "step": [WholeNumber(1), None],
        "vote": [StrOptions({"log", "mean"})],
        "weight": [StrOptions({"recording", "window"})],
        "pad": ["boolean"],
    }

    def __init__(
        self,
        estimator,
        n_times,
        step=None,
        *,
        vote="log",
        weight="recording",
        pad=False,
    ):
        self.estimator = estimator
        self.n_times = n_times
        self.step = step
        self.vote = vote
        self.weight = weight
        self.pad = pad

    def fit(self, X, y, sample_weight=None):
        """Cut the recordings into windows and train the estimator on them.

        Parameters
        ----------
        X : list of arrays, or array-like of shape (n_samples, [n_channels,] n_times)
            Recordings, of shape (length,) or (n_channels, length) in a list.

        y : array-like of shape (n_samples,)
            Labels of the recordings, of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the recordings. Those of weight 0 are left out.

        Returns
        -------
        self : object
            Fitted classifier.
        """
        with self._unfitted_on_error():
            self._validate_params()
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X, y, sample_weight):
        recordings = self._check(X, reset=True)
        y = check_labels(self, recordings, y)
        find_classes(self, y)
        weights = np.ones(len(y))
        if sample_weight is not None:
            weights = _check_sample_weight(
                tensor_to_ndarray(sample_weight),
                recordings,
                dtype=np.float64,
                ensure_non_negative=True,
            )
        used = np.flatnonzero(weights > 0)
        find_classes(self, y[used])
        estimator = clone(self.estimator)
        last = _last_step(estimator)
        _warn_of_inner_splits(last)
        held = _set_aside(last, y, used)
        train = np.setdiff1d(used, held)

        def cut(chosen):
            windows, index, _ = cut_windows(
                [recordings[i] for i in chosen], self.n_times, self.step, pad=self.pad
            )
            return windows, y[chosen[index]], self._weigh(index, weights[chosen])

        training = cut(train)
        if training[-1] is not None and not has_fit_parameter(last, "sample_weight"):
            raise ValueError(
                "Recordings of unequal weights or lengths need an estimator whose fit "
                f"takes sample_weight, and that of {type(last).__name__} does not. "
                "Choose another one, or leave sample_weight out and set "
                "weight='window'."
            )
        with _naming_recordings(recordings):
            _fit_estimator(estimator, training, cut(held) if len(held) else None)
        if len(held):
            self.validation_recordings_ = held
        self.estimator_, self.classes_ = estimator, estimator.classes_

    def _check(self, X, reset):
        """Return recordings as a list of arrays of numbers."""
        if isinstance(X, (list, tuple)) and not len(X):
            raise ValueError("X holds no recordings: Got an empty list.")
        if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "biufc":
            raise ValueError(
                f"Expected 2D array, got 1D array instead: X has shape {X.shape}. "
                "Reshape your data: one recording goes into a list, [recording]."
            )
        rows = as_signal_list(X)
        if rows is None:
            options = dict(allow_complex=True, in_parts=True)
            return list(check_rows(self, X, reset=reset, **options))
        if reset:
            remember_lengths(self, rows)
        return [as_numbers(row, f"X[{i}]") for i, row in enumerate(rows)]

    def _weigh(self, index, weights):
        """Return the weights of windows, or None if all are 1."""
        result = weights[index]
        if self.weight == "recording":
            counts = np.bincount(index)
            result = result * (counts.mean() / counts[index])
        return None if (result == 1).all() else result

    def _on_windows(self, function, recordings, step=None):
        """Return what a function gives for all windows, and where these lie."""
        n_times, step = _check_sizes(self.n_times, self.step if step is None else step)
        starts = _find_starts(recordings, n_times, step, self.pad)
        blocks = _cut_in_blocks(recordings, starts, n_times)
        with _naming_recordings(recordings):
            return np.concatenate([function(windows) for windows in blocks]), starts

    def _proba_of_windows(self, windows):
        if hasattr(self.estimator_, "predict_proba"):
            return np.asarray(self.estimator_.predict_proba(windows))
        labels = np.asarray(self.estimator_.predict(windows))
        return (labels[:, None] == self.classes_).astype(np.float64)

    def predict_proba(self, X):
        """Return the probability of each class for each recording.

        Parameters
        ----------
        X : list of arrays, or array-like of shape (n_samples, [n_channels,] n_times)
            Recordings, of shape (length,) or (n_channels, length) in a list.

        Returns
        -------
        proba : float64 ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        recordings = self._check(X, reset=False)
        proba, starts = self._on_windows(self._proba_of_windows, recordings)
        return vote(proba, _index_of(starts), self.vote)

    def predict(self, X):
        """Return the most probable class of each recording.

        Parameters
        ----------
        X : list of arrays, or array-like of shape (n_samples, [n_channels,] n_times)
            Recordings, of shape (length,) or (n_channels, length) in a list.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels as in `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def predict_windows(self, recording, step=None, *, fs=1.0):
        """Return the probability of each class along a recording.

        Parameters
        ----------
        recording : array-like of shape (length,) or (n_channels, length)
            One recording. A memory-mapped one is read in parts.

        step : int, default=None
            Samples from the start of a window to the start of the next one. None stands
            for that of the training.

        fs : float, default=1.0
            Sampling frequency in Hz, for the times.

        Returns
        -------
        times : ndarray of shape (n_windows,)
            Middle of each window, in seconds from the start of the recording, or in
            samples with ``fs=1.0``.

        proba : float64 ndarray of shape (n_windows, n_classes)
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        fs = as_rate(fs)
        recording = as_numbers(recording, "recording")
        if recording.ndim not in (1, 2) or not recording.size:
            raise ValueError(
                "recording must be of shape (length,) or (n_channels, length). Got "
                f"{recording.shape}."
            )
        proba, starts = self._on_windows(self._proba_of_windows, [recording], step)
        return (starts[0] + as_int(self.n_times) / 2) / fs, proba

    @available_if(_is_transformer)
    def transform(self, X):
        """Return the mean of what the estimator's `transform` gives for the windows.

        Exists only if the estimator has `transform`, as the net classifiers do.

        Parameters
        ----------
        X : list of arrays, or array-like of shape (n_samples, [n_channels,] n_times)
            Recordings, of shape (length,) or (n_channels, length) in a list.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            Mean features of each recording.
        """
        check_is_fitted(self)
        recordings = self._check(X, reset=False)

        def features_of(windows):
            return np.asarray(self.estimator_.transform(windows))

        features, starts = self._on_windows(features_of, recordings)
        return _mean_of_each(features, _index_of(starts))

    @available_if(_is_transformer)
    def get_feature_names_out(self, input_features=None):
        """Return the names of the features of the estimator.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        return self.estimator_.get_feature_names_out()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


@contextmanager
def _naming_recordings(recordings):
    """Say which recording holds NaN or infinity if the body raises an error.

    The error of the estimator would name a row of the windows.
    """
    try:
        yield
    except ValueError as error:
        for i, row in enumerate(recordings):
            for start in range(0, row.shape[-1], _CHUNK_VALUES):
                part = row[..., start : start + _CHUNK_VALUES]
                bad = np.argwhere(~np.isfinite(part))
                if len(bad):
                    *channel, sample = bad[0].tolist()
                    value = part[tuple(bad[0])]
                    where = "".join(f"channel {c}, " for c in channel)
                    raise ValueError(
                        f"Recording {i} contains "
                        f"{'NaN' if np.isnan(value) else 'infinity'}, first in "
                        f"{where}sample {start + sample}, and the estimator refuses "
                        "such windows. Leave the recording out or fill the gaps. "
                        "WelchPSD(nan_segments='omit') leaves short gaps out."
                    ) from error
                release_pages(row)
        raise


def _last_step(estimator):
    """Return the last step of a Pipeline, or of one in it, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _warn_of_inner_splits(last):
    """Warn of a search or a calibration, which would split windows."""
    if hasattr(last, "get_params") and "cv" in last.get_params(deep=False):
        name = type(last).__name__
        warnings.warn(
            f"{name} inside of WindowedClassifier splits windows. Windows of one "
            "recording are then on both sides, and its scores are too good. Put it "
            f"outside: {name}(WindowedClassifier(...)).",
            stacklevel=4,
        )


def _set_aside(last, y, used):
    """Return the indices of the recordings to validate on, which may be none.

    Parameters
    ----------
    last : classifier
        Last step of the estimator.

    y : ndarray of shape (n_recordings,)

    used : int ndarray
        Indices of the recordings to choose from.
    """
    stops = getattr(last, "early_stopping", False)
    if not (isinstance(stops, (bool, np.bool_)) and stops):
        return used[:0]
    if not has_fit_parameter(last, "X_val"):
        raise ValueError(
            f"{type(last).__name__}(early_stopping=True) would stop by windows of the "
            "recordings that it trains on, as its fit takes no X_val. Set "
            "early_stopping=False."
        )
    _, codes, counts = np.unique(y[used], return_inverse=True, return_counts=True)
    several = counts > 1
    if not several.any():
        raise ValueError(
            "early_stopping needs a class of at least two recordings, one of which is "
            "set aside. Set early_stopping=False."
        )
    # A stratified split needs at least as many recordings as classes.
    fraction = max(
        float(last.validation_fraction), several.sum() / several[codes].sum()
    )
    seed = check_random_state(last.random_state).randint(2**31 - 1)
    held = set_aside((used, codes), fraction, seed)[1][0]
    # At least one recording of each class that has several, also of a rare class.
    rng = check_random_state(seed)
    missed = np.setdiff1d(np.flatnonzero(several), codes[np.isin(used, held)])
    more = [rng.choice(used[codes == code]) for code in missed]
    return np.sort(np.concatenate([held, np.array(more, held.dtype)]))


def _fit_estimator(estimator, train, valid):
    """Train an estimator, whose last step gets the weights and the validation data.

    Parameters
    ----------
    estimator : classifier
        Trained in place.

    train, valid : (windows, labels, weights)
        The weights may be None. So may `valid`.
    """
    X, y, weights = train
    if weights is None and valid is None:
        estimator.fit(X, y)
        return
    if isinstance(estimator, Pipeline):
        first = estimator[:-1]
        if len(first):
            X = first.fit_transform(X, y)
            # With a memory, the fitted steps are copies.
            estimator.steps[: len(first)] = first.steps
            if valid is not None:
                valid = first.transform(valid[0]), *valid[1:]
        _fit_estimator(estimator.steps[-1][1], (X, y, weights), valid)
        return
    options = {}
    if weights is not None:
        options["sample_weight"] = weights
    if valid is not None:
        options["X_val"], options["y_val"], weights = valid
        if weights is not None and has_fit_parameter(estimator, "sample_weight_val"):
            options["sample_weight_val"] = weights
    estimator.fit(X, y, **options)
