"""Find the net in an estimator, and the spectra at its input with their axis."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sk_psd._arrays import as_ndarray
from sk_psd._frequency_axis import frequencies_of
from sk_psd._frequency_names import read_frequencies
from sk_psd._net_classifier import NetClassifier
from sk_psd._shift import canonical_shift
from sk_psd.resampling import LogFrequency
from sk_psd.scaling import PeakAlign

__all__ = ["NetInput", "find_net", "follow_to_net", "list_steps"]


class NetInput:
    """The spectra at the input of a net, and the frequencies of their bins.

    Parameters
    ----------
    net : NetClassifier
        Fitted.

    X : ndarray of shape (n_samples, [n_channels,] n_freqs[, n_frames])

    freqs : ndarray of shape (n_freqs,)
        Frequencies, or numbers of bins where the frequencies are not known.

    unit : {"Hz", "bins"}

    times : ndarray of shape (n_frames,) or None
        Times of the frames of spectrograms: in seconds, or their numbers.

    shift : int64 ndarray of shape (n_samples,)
        Number of bins by which :class:`PeakAlign` rolled each spectrum before the net.

    classes : ndarray of shape (n_classes,)
        Labels of the estimator, in the order of the logits. A vote trains the net on
        their numbers.

    given : array-like
        X as the net is given it: a data frame keeps the names of its columns.
    """

    def __init__(self, net, X, freqs, unit, times, shift, classes, given):
        self.net = net
        self.X = X
        self.freqs = freqs
        self.unit = unit
        self.times = times
        self.shift = shift
        self.classes = classes
        self.given = given

    def predict(self):
        """Return the predicted label of each sample, or rows of indicators."""
        codes = self.net._targets.to_codes(self.net.predict_proba(self.given))
        return codes.astype(int) if codes.ndim == 2 else self.classes[codes]


def find_net(estimator):
    """Return the steps before the net classifier of an estimator, and the classifier.

    Parameters
    ----------
    estimator : estimator object
        A net classifier, a Pipeline that ends in one, a search over one of these, or a
        vote with one of these.

    Returns
    -------
    steps : list of transformers

    net : NetClassifier

    Raises
    ------
    ValueError
        If there is no net classifier at the end of the estimator.

    sklearn.exceptions.NotFittedError
        If the net, the search or the vote is not fitted.
    """
    found = _find(estimator)
    if found is None:
        last = estimator
        while isinstance(last, Pipeline):
            last = last.steps[-1][1]
        if isinstance(last, MetaEstimatorMixin):
            check_is_fitted(last)
        raise ValueError(
            "estimator must be a net classifier of sk_psd, or a Pipeline that ends in "
            f"one. Got {estimator!r} instead."
        )
    check_is_fitted(found[1], "module_")
    return found


def _find(estimator):
    """Return the steps and the net as `find_net` does, or None without a net."""
    if isinstance(estimator, NetClassifier):
        return [], estimator
    if isinstance(estimator, Pipeline):
        found = _find(estimator.steps[-1][1])
        return found and (list_steps(estimator[:-1]) + found[0], found[1])
    if isinstance(estimator, BaseEstimator) and hasattr(estimator, "best_estimator_"):
        return _find(estimator.best_estimator_)
    # The fitted classifiers of a VotingClassifier.
    beside = getattr(estimator, "named_estimators_", {})
    return next(filter(None, map(_find, beside.values())), None)


def list_steps(estimator):
    """Return the steps of a Pipeline and of the Pipelines in it, in their order.

    A search stands for its best estimator. Other estimators are a single step.

    Parameters
    ----------
    estimator : estimator object

    Returns
    -------
    steps : list of estimator objects
    """
    if hasattr(estimator, "best_estimator_"):
        return list_steps(estimator.best_estimator_)
    if not isinstance(estimator, Pipeline):
        return [estimator]
    steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
    return [inner for step in steps for inner in list_steps(step)]


def _find_frequencies(X):
    """Return the frequencies of an array, or those in names of columns, or None."""
    if not hasattr(X, "columns"):
        return frequencies_of(X)
    try:
        return read_frequencies(list(X.columns))
    except ValueError:  # some columns are missing, or in another order
        return None


def follow_to_net(estimator, X):
    """Transform data as the Pipeline does, up to its net.

    Parameters
    ----------
    estimator : estimator object
        Fitted, as :func:`find_net` takes it.

    X : array-like
        Input of the estimator.

    Returns
    -------
    found : NetInput
    """
    steps, net = find_net(estimator)
    freqs, unit, times, shift = _find_frequencies(X), "Hz", None, 0
    for step in steps:
        before, X = X, step.transform(X)
        if isinstance(step, PeakAlign):
            spectra = torch.from_numpy(np.array(before, order="C"))
            shift = shift + canonical_shift(spectra).numpy()
            continue  # The frequency axis stays: the caller undoes the roll.
        carried = _find_frequencies(X)
        if carried is not None:
            freqs, unit = carried, "Hz"
        elif hasattr(step, "fs") and hasattr(step, "freqs_"):
            freqs, unit = step.freqs_, "Hz"
            if isinstance(step, LogFrequency):
                unit = step._unit
        times = getattr(step, "times_", times)
    n_axes = 2 if len(net.module_.windows) == 2 else 1
    # An array, unless the net compares the names of columns.
    array = as_ndarray(X, "X")
    given, X = (X if hasattr(X, "columns") else array), array
    if X.ndim <= n_axes:
        raise ValueError(
            f"X must be of shape (n_samples, ..., n_freqs{', n_frames' * (n_axes - 1)})"
            f". Got {X.shape}."
        )
    n_freqs = X.shape[-n_axes]
    if freqs is None or len(freqs) != n_freqs:
        freqs, unit = np.arange(n_freqs, dtype=np.float64), "bins"
    if n_axes == 2 and (times is None or len(times) != X.shape[-1]):
        times = np.arange(X.shape[-1], dtype=np.float64)
    shift = np.zeros(len(X), np.int64) + shift
    classes = net.classes_ if net._is_multilabel else estimator.classes_
    return NetInput(net, X, freqs, unit, times, shift, classes, given)
