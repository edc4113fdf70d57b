"""The steps of a Pipeline before its classifier, in an ONNX graph."""

import math

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_psd.augmentation import BatchAugmentation
from sk_psd.export._features import add_invariant_features
from sk_psd.export._signals import add_fft_magnitude, add_segment_transformer
from sk_psd.export._spectra import (
    add_log_frequency,
    add_min_max_scale,
    add_peak_align,
    add_standard_scaler,
)
from sk_psd.invariant_features import InvariantFeatures
from sk_psd.resampling import LogFrequency
from sk_psd.scaling import MinMaxScale, PeakAlign
from sk_psd.spectral import FFTMagnitude, Spectrogram, WelchPSD

__all__ = ["add_steps", "check_shape", "is_of_signals", "list_steps", "unsupported"]

# What to do instead of exporting an estimator of another kind, by the name of its type.
_REMEDIES = {
    "GridSearchCV": "Pass its best_estimator_.",
    "HalvingGridSearchCV": "Pass its best_estimator_.",
    "HalvingRandomSearchCV": "Pass its best_estimator_.",
    "OptunaSearchCV": "Pass its best_estimator_.",
    "RandomizedSearchCV": "Pass its best_estimator_.",
    "WindowedClassifier": (
        "Pass its estimator_, run the file on the windows of a recording and average "
        "the logarithms of the probabilities, as sk_psd.vote does."
    ),
}
_REMEDY = (
    "Leave the step out, or compute it before the file runs and export the steps after "
    "it."
)


def unsupported(name, step):
    """Return the error that ONNX cannot express a step.

    Parameters
    ----------
    name : str
        Name of the step in its Pipeline.

    step : object

    Returns
    -------
    error : ValueError
    """
    kind = type(step).__name__
    remedy = _REMEDIES.get(kind, _REMEDY)
    return ValueError(f"to_onnx cannot express the step {name!r} ({kind}). {remedy}")


def check_shape(name, step, found, expected):
    """Raise an error if a step gets another shape than the one it was fitted on.

    Parameters
    ----------
    name : str

    step : estimator

    found, expected : tuple of int
        Without the axis of the samples.

    Raises
    ------
    ValueError
        If they differ.
    """
    if tuple(found) != tuple(expected):
        remedy = "Fit the whole Pipeline, or pass another n_times."
        if len(expected) == 1 and expected[0] % found[0] == 0:
            remedy = (
                "Several channels that become one row cannot be exported. Use "
                "InvariantFeatures or a net, which keep channels apart."
            )
        raise ValueError(
            f"The step {name!r} ({type(step).__name__}) was fitted on samples of shape "
            f"{tuple(expected)}, but the steps before it return {tuple(found)}. "
            f"{remedy}"
        )


def list_steps(estimator, name=None):
    """Return the steps of an estimator, those of Pipelines in it one by one.

    Parameters
    ----------
    estimator : estimator or Pipeline

    name : str, default=None
        None is the name of the type.

    Returns
    -------
    steps : list of (str, estimator)
        Without steps that pass all values through.
    """
    name = type(estimator).__name__ if name is None else name
    if isinstance(estimator, Pipeline):
        return [pair for key, step in estimator.steps for pair in list_steps(step, key)]
    if estimator is None or isinstance(estimator, (str, BatchAugmentation)):
        return []  # "passthrough", or a change of the training data only
    if isinstance(estimator, FunctionTransformer) and estimator.func is None:
        return []
    return [(name, estimator)]


def is_of_signals(step):
    """Say whether a step takes signals, which may be complex."""
    return isinstance(step, (WelchPSD, Spectrogram, FFTMagnitude))


def add_steps(steps, x, is_complex=False):
    """Compute the steps before a classifier.

    Parameters
    ----------
    steps : list of (str, transformer)
        From :func:`list_steps`.

    x : Value of shape ([n_channels,] n[, m])
        For complex signals the last axis holds real and imaginary parts.

    is_complex : bool, default=False

    Returns
    -------
    y : Value

    Raises
    ------
    ValueError
        If ONNX cannot express a step.
    """
    for name, step in steps:
        if is_of_signals(step):
            x = x if is_complex else x.reshape(*x.shape, 1)
            is_complex = False
        elif is_complex:
            raise unsupported(name, step)
        x = _find_adder(name, step)(step, x, name)
    return x


def _add_flat_rows(step, x, name):
    """Return spectra of several channels as one row."""
    return x.reshape(math.prod(x.shape))


def _add_standard_scaler(step, x, name):
    check_shape(name, step, x.shape, (step.n_features_in_,))
    return add_standard_scaler(step, x, name)


_ADDERS = [
    ((WelchPSD, Spectrogram), add_segment_transformer),
    (FFTMagnitude, add_fft_magnitude),
    (MinMaxScale, add_min_max_scale),
    (PeakAlign, add_peak_align),
    (LogFrequency, add_log_frequency),
    (InvariantFeatures, add_invariant_features),
    (StandardScaler, _add_standard_scaler),
]


def _find_adder(name, step):
    for kinds, add in _ADDERS:
        if isinstance(step, kinds):
            return add
    is_function = isinstance(step, FunctionTransformer)
    # The one function in the pipelines of make_baselines.
    if is_function and step.func.__module__ == "sk_psd.baselines":
        return _add_flat_rows
    raise unsupported(name, step)
