"""Random calls of estimators: a finite result as documented, or a clear error.

The docstring of draws.py says how to run more of them.
"""

import inspect
import pickle

import numpy as np
import public_names
import pytest
import torch
from draws import (
    RATES,
    WRONG,
    as_bits,
    attempt,
    examples,
    inputs,
    limits,
    some_of,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from sk_psd import (
    ConvFilter,
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    InvariantFeatures,
    InvariantFeaturesClassifier,
    LearnedConvFilter,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    RandomNoise,
    RandomSpeckle,
    RandomTimeShift,
    Spectrogram,
    SpectrogramCNNClassifier,
    WelchPSD,
    WindowedClassifier,
)

SIZES = [
    1,
    2,
    3,
    4,
    8,
    13,
    16,
    40,
    100,
    256,
    257,
    np.int64(8),
    np.int32(5),
    np.uint8(4),
]
FEW = [1, 2, 3, 5, np.int64(2), np.uint8(3)]
FLAGS = [False, True, np.bool_(True)]
KERNELS = [
    [1.0],
    [1, -1],
    [0.25, 0.5, 0.25],
    [1, 2j],
    [0, 0],
    np.ones(30),
    [1e300, 1e300],
]

SEGMENTS = dict(
    fs=RATES,
    window=[
        *("hann", "boxcar", ("kaiser", 8.0), "hamming", np.hamming(8), [1.0, 2.0, 1.0]),
        *(np.ones(1), np.zeros(4), np.ones((2, 2)), (), ("kaiser",), [1, -1, 1, -1]),
    ],
    nperseg=SIZES,
    noverlap=[0, 1, 2, 4, 7, 99, np.int64(3)],
    nfft=[*SIZES, 600],
    detrend=["constant", "linear", False, np.abs, np.negative],
    return_onesided=FLAGS,
    scaling=["density", "spectrum"],
    fmin=limits(129),
    fmax=limits(129),
    n_jobs=[None, 1, 2, -1, np.int64(2)],
)
RANGES = ["auto", None, 80, 60.0, 1e-3]
NOTCHES = [None, [0], [0.25], [(0.1, 0.2)], [0, (0.3, 0.5)], [-0.25], [(0.2, 0.1)], [9]]
TRAINING = dict(
    optimizer=["adamw", "adam", "sgd"],
    lr=[1e-2, 1e-5, 1.0, 1, np.float32(0.01), 1e25, 1e-300],
    lr_schedule=["one_cycle", "cosine", "constant"],
    weight_decay=[0, 0.0, 1e-2, np.float32(1), 1e30],
    batch_size=[2, 3, 32, np.int64(4), np.uint8(2), 10**30],
    max_epochs=[1, 2, np.int64(2), np.uint8(1)],
    verbose=[0],
    callbacks=[None, [], ()],
    device=["auto", "cpu", "cpu:0", "meta", "nonsense", "cuda:99"],
)
CLASSIFIER = TRAINING | dict(
    class_weight=[None, "balanced", {0: 1.0, 1: 2.0}, {0: 0}, {0: None}, {"a": 1}],
    early_stopping=FLAGS,
    validation_fraction=[0.5, 0.1, 0.9, np.float32(0.5), np.float64(0.3)],
    n_iter_no_change=FEW,
    tol=[0, 1e-4, np.float32(0.1), 1e30],
    warm_start=FLAGS,
    level=["median", "minmax", None],
    precision=["float32", "bf16"],
)
LAYERS = [
    1,
    2,
    4,
    "auto",
    (2, 1),
    (1, 2),
    [3, 2],
    np.int64(2),
    (np.int64(2), 1),
    (1, 99),
]

# Values for the parameters of each estimator, most of them good ones.
ESTIMATORS = {
    ConvFilter: dict(
        kernel=["moving_average", "edge", "lowpass", "highpass", "bandpass", *KERNELS],
        kernel_size=[*SIZES, 21],
        cutoff=[None, 0.1, 0.25, (0.1, 0.2), [0.1], np.array([0.1, 0.4]), 20.0],
        fs=RATES,
        mode=["full", "same", "valid"],
        stride=FEW,
        dilation=FEW,
    ),
    FFTMagnitude: {},
    FlattenCNNClassifier: {
        name: CLASSIFIER[name]
        for name in CLASSIFIER
        if name in FlattenCNNClassifier().get_params()
    }
    | dict(
        n_filters=FEW,
        augmentation=["auto", None, RandomFreqShift(1), [RandomFreqShift(mode="edge")]],
        kernel_size=["auto", 1, 2, 5, 128, np.int64(3)],
        stride=FEW,
        padding=[0, *FEW],
        pool_size=[*FEW, 16],
        pool_stride=FEW,
    ),
    GlobalPoolCNNClassifier: CLASSIFIER
    | dict(
        n_filters=[(2,), (2, 3), [3, 2], (1, 1, 1), (np.int64(2), 3)],
        kernel_size=LAYERS,
        stride=LAYERS,
        pooling=["max", "mean", "max_mean"],
        padding_mode=["circular", "zeros"],
        invariance=["auto", "exact", "approximate"],
        n_rolls=[1, *FEW],
        augmentation=[
            *("auto", None, RandomFreqShift(1), RandomFreqShift(0.1, mode="floor")),
            *([RandomFreqShift(2, mode="edge"), RandomFreqShift()], []),
        ],
    ),
    InvariantFeatures: dict(
        n_octaves=[0, 1, 3, np.int64(2), 99],
        n_ranks=[1, 2, 5, np.uint8(3), 500],
        n_fourier=[0, 1, 5, np.int64(2), 99],
        n_bispectrum=[0, 1, 2, 5, np.int64(3)],
        align=FLAGS,
    ),
    InvariantFeaturesClassifier: dict(
        features=[None, InvariantFeatures(), InvariantFeatures(0, 1, 0, 0)],
        classifier=[None, KNeighborsClassifier(1), LogisticRegression(), Perceptron()],
        augmentation=[
            *(None, [], RandomFreqShift(1), RandomFreqShift(0.1, mode="floor")),
            *([RandomFreqShift(2, mode="edge"), RandomFreqShift()], RandomSpeckle()),
        ],
        n_copies=[0, 1, 2, np.int64(1)],
    ),
    LearnedConvFilter: TRAINING
    | dict(
        kernel_size=[*SIZES, 21],
        bias=FLAGS,
        padding_mode=["zeros", "circular", "reflect", "replicate"],
        solver=["gradient", "lstsq"],
    ),
    LogFrequency: dict(
        n_freqs=[2, 3, 8, 64, 512, np.int64(9)],
        fs=[None, *RATES],
        fmin=[None, 1, 2.5, 1e-3, 5e-324, np.float32(1), 10**30],
        fmax=[None, 1, 8.0, 20, np.float32(30), 1e300],
        reduce=["max", "mean"],
        decibels=FLAGS,
    ),
    MinMaxScale: dict(
        feature_range=[
            *((0, 1), [-1, 1], (0, 1e-300), (-1e308, 1e308), (0, 1e39), (1, 0)),
            *((0, np.float32(2)), np.array([0.0, 5.0]), (0, 0), (0, 10**400)),
        ],
        per=["spectrum", "spectrogram"],
    ),
    PeakAlign: {},
    RandomFreqShift: dict(
        max_shift=[0, 1, 5, 0.1, 0.5, 1.0, np.int64(2), np.float32(0.25)],
        mode=["wrap", "edge", "floor"],
        domain=["spectrum", "spectrogram", "signal"],
        fill=["noise", None],
        offset=["auto", "move", "remove", "stay"],
    ),
    RandomNoise: dict(
        snr_db=[
            *(10, 0.0, (0, 20), [-5, 5], np.float32(3), (0, 0), -1e308, 1e308, 1e4),
            *((-1e308, 1e308), -400, -6000, (np.int64(1), 2)),
        ],
        domain=["signal", "spectrum"],
        clean_fraction=[0, 0.3, 1, np.float32(0.5)],
        n_averages=[1, 2, 8],
        color_db=[0, 3.0],
        line_probability=[0, 0.5, 1.0],
        line_db=[0, (-20, 3), (3, -3)],
    ),
    RandomSpeckle: dict(n_averages=[1, 2, 8, np.int64(3)]),
    RandomTimeShift: dict(
        max_shift=[0, 1, 5, 0.1, 0.5, 1.0, np.int64(2), np.float32(0.25)],
        mode=["edge", "wrap"],
    ),
    Spectrogram: SEGMENTS
    | dict(decibels=FLAGS, range_db=RANGES, notch=NOTCHES, verbose=[0]),
    SpectrogramCNNClassifier: CLASSIFIER
    | dict(
        n_filters=[(2,), (2, 3), [3, 2], (1, 1, 1), (np.int64(2), 3)],
        kernel_size=LAYERS,
        stride=LAYERS,
        norm_axis=["channel", "frequency", "time", None],
        pool_axis=["both", "time"],
        pooling=["max", "mean", "max_mean"],
        augmentation=[
            *("auto", None, [], RandomTimeShift(1), RandomFreqShift(np.int64(1))),
            *([RandomTimeShift(0.5), RandomFreqShift(1, mode="floor")], "phase"),
        ],
    ),
    WelchPSD: SEGMENTS
    | dict(
        decibels=FLAGS,
        average=["mean", "median"],
        nan_segments=["raise", "omit"],
        range_db=RANGES,
        notch=NOTCHES,
        verbose=[0],
    ),
    WindowedClassifier: dict(
        estimator=[
            FlattenCNNClassifier(2, 2, max_epochs=1, random_state=0),
            GaussianNB(),
            Pipeline([("psd", WelchPSD(nperseg=4)), ("clf", GaussianNB())]),
            Pipeline(
                [
                    ("psd", WelchPSD(nperseg=2, decibels=True)),
                    (
                        "net",
                        GlobalPoolCNNClassifier(
                            (2,), max_epochs=1, early_stopping=True, random_state=0
                        ),
                    ),
                ]
            ),
            WelchPSD(),
        ],
        n_times=SIZES,
        step=[None, *SIZES],
        vote=["log", "mean"],
        weight=["recording", "window"],
        pad=FLAGS,
    ),
}
TRANSFORMERS = [cls for cls in ESTIMATORS if not hasattr(cls, "predict")]
CLASSIFIERS = [cls for cls in ESTIMATORS if hasattr(cls, "partial_fit")]
TRAINING_ONLY = (RandomFreqShift, RandomNoise, RandomSpeckle, RandomTimeShift)
# A small base of each net, so that a fit takes milliseconds.
SMALL = {
    FlattenCNNClassifier: dict(n_filters=2, max_epochs=1),
    GlobalPoolCNNClassifier: dict(n_filters=(2, 3), max_epochs=1),
    LearnedConvFilter: dict(kernel_size=3, max_epochs=1),
    SpectrogramCNNClassifier: dict(n_filters=(2, 3), max_epochs=1),
    WindowedClassifier: dict(estimator=GaussianNB(), n_times=8),
}


def make(cls, **params):
    names = inspect.signature(cls).parameters
    seed = {"random_state": 0} if "random_state" in names else {}
    return cls(**seed | SMALL.get(cls, {}) | params)


def by_name(value):
    return value.__name__


@st.composite
def estimators(draw, cls):
    return make(cls, **draw(some_of(ESTIMATORS[cls]))) if ESTIMATORS[cls] else cls()


def test_values_are_listed_for_every_parameter_of_every_estimator():
    assert set(ESTIMATORS) == set(public_names.ESTIMATORS)
    for cls, params in ESTIMATORS.items():
        assert {*params, "random_state"} >= set(inspect.signature(cls).parameters)


def shape_out(estimator, shape):
    """Return the documented shape of the output of a fitted transformer."""
    *front, n = shape
    if isinstance(estimator, ConvFilter):
        stride, dilation = int(estimator.stride), int(estimator.dilation)
        span = dilation * (len(estimator.kernel_) - 1) + 1
        sizes = {"full": n + span - 1, "same": max(n, span), "valid": abs(n - span) + 1}
        return (*front, (sizes[estimator.mode] - 1) // stride + 1)
    if isinstance(estimator, Spectrogram):
        return (*front, len(estimator.freqs_), len(estimator.times_))
    if isinstance(estimator, LogFrequency):
        return (*front, estimator.n_freqs)
    if isinstance(estimator, InvariantFeatures):
        return (front[0], len(estimator.get_feature_names_out()))
    if isinstance(estimator, (WelchPSD, FFTMagnitude)):
        return (*front, len(estimator.freqs_))
    return shape


def check_values(result, drawn, estimator):
    assert isinstance(result, np.ndarray)
    assert np.isfinite(result).all()
    omits = getattr(estimator, "nan_segments", None) == "omit"
    assert drawn.finite or omits, "NaN or infinity of the input was not found"
    dtype = np.asarray(drawn.X).dtype if not isinstance(drawn.X, torch.Tensor) else None
    dtype = drawn.values.dtype if dtype is None else dtype
    if dtype.isnative:
        single = dtype in (np.float32, np.complex64)
        assert result.real.dtype == (np.float32 if single else np.float64)
    spectra = isinstance(estimator, (WelchPSD, Spectrogram, FFTMagnitude))
    is_complex = np.iscomplexobj(drawn.values) and not spectra
    if isinstance(estimator, ConvFilter):
        is_complex = is_complex or np.iscomplexobj(estimator.kernel_)
    assert np.iscomplexobj(result) == is_complex


def bits_of(function, *args):
    """Return the bits of the result of a call that must not raise an error."""
    result, refusal = attempt(function, *args)
    assert not refusal
    return as_bits(result)


@pytest.mark.parametrize("cls", TRANSFORMERS, ids=by_name)
@examples(100)
@given(st.data())
def test_a_transformer_returns_finite_values_as_documented_or_refuses(cls, data):
    estimator, drawn = data.draw(estimators(cls)), data.draw(inputs())
    X, before = drawn.X, as_bits(drawn.X)
    fitted, refusal = attempt(clone(estimator).fit, X)
    at_once, at_once_refusal = attempt(clone(estimator).fit_transform, X)
    assert as_bits(X) == before
    if refusal:
        assert at_once_refusal
        return
    result, refusal = attempt(fitted.transform, X)
    if not at_once_refusal:
        check_values(at_once, drawn, fitted)
        assert at_once.shape == shape_out(fitted, drawn.values.shape)
    if not isinstance(fitted, TRAINING_ONLY):
        assert as_bits(at_once) == as_bits(result)
    if refusal:
        return
    check_values(result, drawn, fitted)
    assert result.shape == shape_out(fitted, drawn.values.shape)
    bits = as_bits(result)
    assert bits_of(pickle.loads(pickle.dumps(fitted)).transform, X) == bits
    assert bits_of(lambda: clone(fitted).fit(X).transform(X)) == bits
    row = slice(i := data.draw(st.integers(0, len(result) - 1)), i + 1)
    assert bits_of(fitted.transform, X[row]) == as_bits(result[row])
    if hasattr(fitted, "get_feature_names_out"):
        names, refusal = attempt(fitted.get_feature_names_out)
        one_to_one = isinstance(fitted, (MinMaxScale, PeakAlign, *TRAINING_ONLY))
        n_out = fitted.n_features_in_ if one_to_one else result.shape[-1]
        assert not refusal and len(names) == n_out == len(set(names))
    assert as_bits(X) == before


LABELS = {
    "numbers": lambda n: np.arange(n) % 2,
    "strings": lambda n: np.array(["a", "b", "c"])[np.arange(n) % 3],
    "flags": lambda n: np.arange(n) % 2 == 0,
    "floats": lambda n: (np.arange(n) % 2).astype(float),
    "objects": lambda n: np.array(["x", "yy"], object)[np.arange(n) % 2],
    "list": lambda n: ["a", "b"] * (n // 2) + ["a"] * (n % 2),
    "column": lambda n: (np.arange(n) % 2)[:, None],
    "indicators": lambda n: np.arange(2 * n).reshape(n, 2) % 3 == 0,
    "one class": lambda n: np.zeros(n),
    "one of each": lambda n: np.arange(n),
    "continuous": lambda n: np.linspace(0, 1, n),
    "NaN": lambda n: np.where(np.arange(n) % 2, np.nan, 1),
    "one-hot": lambda n: np.eye(2)[np.arange(n) % 2],
    "short": lambda n: np.arange(n - 1) % 2,
    "nothing": lambda n: None,
    "mixed": lambda n: np.array(["a", 1] * n, object)[:n],
    "tensor": lambda n: torch.arange(n) % 2,
}
WEIGHTS = {
    **{f"all {value}": value for value in (1.0, 0.0, -1.0, 1e308, 1e-308, np.nan)},
    "number": 2.0,
    "some zero": [0.0, 1.0, 1.0, 2.0],
    "text": "balanced",
}


def few_numbers(ndims):
    return inputs(
        ndims, n_samples=st.integers(4, 9), lengths=st.integers(1, 24), is_complex=False
    )


@st.composite
def labels(draw, n):
    good = draw(st.integers(0, 3)) > 0
    return LABELS[draw(st.sampled_from([*LABELS][: 7 if good else None]))](n)


@pytest.mark.parametrize("cls", CLASSIFIERS, ids=by_name)
@examples(70)
@given(st.data())
def test_a_classifier_predicts_probabilities_or_refuses(cls, data):
    estimator = data.draw(estimators(cls))
    four = [4] if cls is SpectrogramCNNClassifier else []
    drawn = data.draw(few_numbers([2, 2, 2, 3, *four]))
    n = len(drawn.values)
    X, y = drawn.X, data.draw(labels(n))
    kwargs = {}
    if data.draw(st.integers(0, 4)) == 4:
        weight = WEIGHTS[data.draw(st.sampled_from(sorted(WEIGHTS)))]
        kwargs["sample_weight"] = np.resize(weight, n) if weight != 2.0 else weight
    before = as_bits([X, y, kwargs])
    method = "partial_fit" if data.draw(st.integers(0, 4)) == 4 else "fit"
    if method == "partial_fit":
        classes = [[0, 1], ["a", "b", "c"], [1, 0], [False, True], ["x", "yy"], [0]]
        kwargs["classes"] = data.draw(st.sampled_from([None, *classes]))
    assume(not isinstance(y, torch.Tensor) or method == "fit")
    fitted, refusal = attempt(getattr(clone(estimator), method), X, y, **kwargs)
    kwargs.pop("classes", None)
    assert as_bits([X, y, kwargs]) == before
    if refusal:
        return
    assert drawn.finite
    assert np.isfinite(fitted.loss_curve_).all() and fitted.loss_curve_[-1] > 0
    proba, refusal = attempt(fitted.predict_proba, X)
    assert not refusal
    assert proba.shape == (n, len(fitted.classes_)) and proba.dtype == np.float64
    several = np.ndim(y) == 2 and np.shape(y)[1] > 1
    assert several or np.allclose(proba.sum(axis=1), 1)
    assert (proba >= 0).all() and (proba <= 1).all()
    labels_seen = set(np.ravel(y).tolist())
    assert labels_seen <= set(fitted.classes_.tolist())
    assert method == "partial_fit" or several or labels_seen == {*fitted.classes_}
    predicted, _ = attempt(fitted.predict, X)
    expected = proba > 0.5 if several else fitted.classes_[proba.argmax(axis=1)]
    np.testing.assert_array_equal(predicted, expected)
    bits = as_bits(proba)
    assert bits_of(pickle.loads(pickle.dumps(fitted)).predict_proba, X) == bits
    row = slice(i := data.draw(st.integers(0, n - 1)), i + 1)
    assert bits_of(fitted.predict_proba, X[row]) == as_bits(proba[row])
    if method == "fit":
        again, _ = attempt(clone(fitted).fit, X, y, **kwargs)
        assert bits_of(again.predict_proba, X) == bits
    assert as_bits([X, y, kwargs]) == before


@examples(70)
@given(st.data())
def test_a_classifier_of_features_predicts_classes_or_refuses(data):
    estimator = data.draw(estimators(InvariantFeaturesClassifier))
    drawn = data.draw(few_numbers([2, 2, 2, 3]))
    n, X = len(drawn.values), drawn.X
    y = data.draw(labels(n))
    before = as_bits([X, y])
    fitted, refusal = attempt(clone(estimator).fit, X, y, may_warn=True)
    assert as_bits([X, y]) == before
    if refusal:
        return
    assert drawn.finite
    predicted, refusal = attempt(fitted.predict, X)
    assert not refusal
    assert set(predicted.tolist()) <= set(fitted.classes_.tolist())
    if hasattr(fitted, "predict_proba"):
        proba, _ = attempt(fitted.predict_proba, X)
        assert proba.shape == (n, len(fitted.classes_))
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    bits = as_bits(predicted)
    assert bits_of(pickle.loads(pickle.dumps(fitted)).predict, X) == bits
    again, _ = attempt(clone(fitted).fit, X, y, may_warn=True)
    assert bits_of(again.predict, X) == bits


@examples(70)
@given(st.data())
def test_a_classifier_of_recordings_predicts_probabilities_or_refuses(data):
    estimator = data.draw(estimators(WindowedClassifier))
    drawn = data.draw(few_numbers([2, 2, 2, 3]))
    n, X = len(drawn.values), drawn.X
    if data.draw(st.booleans()):
        X = [row[..., : data.draw(st.integers(1, 24))] for row in drawn.values]
    y = data.draw(labels(n))
    before = as_bits([X, y])
    fitted, refusal = attempt(clone(estimator).fit, X, y, may_warn=True)
    assert as_bits([X, y]) == before
    if refusal:
        assert not hasattr(estimator, "estimator_")
        return
    proba, refusal = attempt(fitted.predict_proba, X, may_warn=True)
    if refusal:
        return
    assert proba.shape == (n, len(fitted.classes_)) and proba.dtype == np.float64
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    predicted, _ = attempt(fitted.predict, X, may_warn=True)
    np.testing.assert_array_equal(predicted, fitted.classes_[proba.argmax(axis=1)])
    copy = pickle.loads(pickle.dumps(fitted))
    again, _ = attempt(copy.predict_proba, X, may_warn=True)
    assert as_bits(again) == as_bits(proba)
    assert as_bits([X, y]) == before


@examples(70)
@given(st.data())
def test_a_learned_filter_predicts_finite_values_or_refuses(data):
    estimator = data.draw(estimators(LearnedConvFilter))
    drawn = data.draw(few_numbers([2, 2, 2, 2, 3]))
    targets = data.draw(few_numbers([1, 2, 2, 2]))
    X, y, finite = drawn.X, targets.X, targets.finite
    if data.draw(st.booleans()):
        length = data.draw(st.integers(1, drawn.values.shape[-1] or 1))
        y = np.resize(targets.values, (len(drawn.values), length))
        finite = np.isfinite(y).all()
    before = as_bits([X, y])
    fitted, refusal = attempt(clone(estimator).fit, X, y)
    assert as_bits([X, y]) == before
    if refusal:
        return
    assert drawn.finite and finite
    assert np.isfinite(fitted.kernel_).all() and np.isfinite(fitted.bias_)
    assert np.isfinite(getattr(fitted, "loss_curve_", 0)).all()
    clean, refusal = attempt(fitted.predict, X)
    filtered, other_refusal = attempt(fitted.transform, X)
    assert bool(refusal) == bool(other_refusal)
    if refusal:
        return
    assert np.isfinite(filtered).all() and filtered.shape == drawn.values.shape
    assert np.isfinite(clean).all() and clean.shape == np.shape(y)
    bits = as_bits(clean)
    assert bits_of(pickle.loads(pickle.dumps(fitted)).predict, X) == bits
    assert bits_of(lambda: clone(fitted).fit(X, y).predict(X)) == bits
    row = slice(i := data.draw(st.integers(0, len(clean) - 1)), i + 1)
    assert bits_of(fitted.predict, X[row]) == as_bits(clean[row])


# Good data for each estimator, to try one wrong value of one parameter.
ROWS = np.random.default_rng(0).random((8, 20))
PARAMETERS = [
    (cls, name)
    for cls in ESTIMATORS
    for name in inspect.signature(cls).parameters
    if name not in ("callbacks", "verbose")
]


@examples(400)
@given(st.sampled_from(PARAMETERS), st.sampled_from(range(len(WRONG))))
def test_a_refused_value_of_a_parameter_is_named(parameter, index):
    (cls, name), value = parameter, WRONG[index]
    assume(not (name == "random_state" and value is None))  # draws a seed by itself
    assume(not (name == "detrend" and callable(value)))  # whose errors are not ours
    y = ROWS if cls is LearnedConvFilter else np.arange(8) % 2
    estimator = make(cls, **{name: value})
    fitted, refusal = attempt(estimator.fit, ROWS, y)
    if not refusal:
        _, refusal = attempt(getattr(fitted, "transform", None) or fitted.predict, ROWS)
    if refusal and "Training diverged" not in str(refusal):
        assert name in str(refusal)


def apply(cls, X):
    """Fit a new estimator to rows and return its output for them."""
    estimator = make(cls)
    if cls in (*CLASSIFIERS, InvariantFeaturesClassifier):
        return estimator.fit(X, np.arange(len(X)) % 2).predict_proba(X)
    if cls is LearnedConvFilter:
        return estimator.fit(X, X[:, ::-1]).transform(X)
    return estimator.fit_transform(X)


@examples(160)
@given(
    st.sampled_from(
        sorted({*ESTIMATORS} - {RandomSpeckle, WindowedClassifier}, key=by_name)
    ),
    st.data(),
)
def test_a_factor_of_a_power_of_two_changes_no_digit(cls, data):
    single = data.draw(st.booleans())
    X = data.draw(st.sampled_from([ROWS, ROWS - 0.5, np.round(3 * ROWS), 0 * ROWS]))
    X = X.astype(np.float32 if single else np.float64)
    power = data.draw(st.integers(-120, 127) if single else st.integers(-1010, 1023))
    with np.errstate(all="ignore"):
        scaled = np.ldexp(X, power)
        exact = np.array_equal(np.ldexp(scaled, -power), X)
    assume(exact)
    plain, _ = attempt(apply, cls, X)
    result, _ = attempt(apply, cls, scaled)
    if result is None:
        assert plain is not None and abs(power) > 30
        return
    if cls in (WelchPSD, Spectrogram):
        power *= 2
    free = InvariantFeatures, InvariantFeaturesClassifier, MinMaxScale
    if cls in (*CLASSIFIERS, *free):
        power = 0
    with np.errstate(all="ignore"):
        expected = np.ldexp(plain, power)
    assert np.isfinite(result).all()
    info = np.finfo(result.dtype)
    normal = np.abs(expected[expected != 0]).min(initial=1) >= info.tiny / info.eps
    if cls in CLASSIFIERS:  # which may compute in another precision
        np.testing.assert_allclose(result, expected, atol=1e-6)
    elif normal:
        np.testing.assert_array_equal(result, expected)
    else:  # near the smallest normal number digits are lost, but not all
        assert np.any(result) == np.any(plain)


def adversarial_rows(kind, n_channels, n_freqs, dtype, rng):
    """Return a spectrum whose strongest neighborhood is hard to tell from others."""
    shape = n_channels, n_freqs
    largest = float(np.finfo(dtype).max)
    gains = rng.random((n_channels, 1))
    row = rng.random(shape)
    if kind == "constant":
        row = np.repeat(gains, n_freqs, axis=1)
    elif kind == "periodic":
        period = rng.integers(1, max(2, n_freqs // 2 + 1))
        row = np.tile(row[:, :period], n_freqs)[:, :n_freqs]
    elif kind == "two equal peaks":
        first, second = rng.integers(n_freqs, size=2)
        row = np.zeros(shape)
        row[:, [first]] = row[:, [second]] = gains
        row[:, [(second + 1) % n_freqs]] += gains / 2
    elif kind == "palindrome":
        row[:, n_freqs // 2 :] = row[:, ::-1][:, n_freqs // 2 :]
    elif kind == "one-ulp ties":
        row = np.repeat(gains, n_freqs, axis=1).astype(dtype)
        up = rng.random(shape) < 0.5
        row = np.where(up, np.nextafter(row, dtype(2)), row)
    elif kind == "small integers":
        row = rng.integers(0, 3, shape) * gains
    elif kind == "huge with noise":
        row = rng.choice([-1e8, 1e8], shape) + row
    elif kind == "near the largest number":
        row = np.sign(row - 0.5) * 0.97 * largest
    elif kind == "largest in blocks":
        row = np.where(np.arange(n_freqs) // 4 % 2, -largest / 2, largest / 2) + 0 * row
    elif kind == "below the smallest number":
        row = rng.integers(0, 3, shape) * float(np.finfo(dtype).smallest_subnormal)
    return row.astype(dtype)


ADVERSARIES = [
    *("noise", "constant", "periodic", "two equal peaks", "palindrome", "one-ulp ties"),
    *("small integers", "huge with noise", "near the largest number"),
    *("largest in blocks", "below the smallest number"),
]


@st.composite
def all_rolls(draw):
    """All circular shifts of an adversarial spectrum, as rows."""
    n_freqs = draw(st.integers(2, 300) | st.integers(2, 40))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind, n_channels = draw(st.sampled_from(ADVERSARIES)), draw(st.integers(1, 16))
    row = adversarial_rows(kind, n_channels, n_freqs, dtype, rng)
    return np.stack([np.roll(row, shift, axis=-1) for shift in range(n_freqs)])


@examples(160)
@given(all_rolls())
def test_all_circular_shifts_of_a_spectrum_are_aligned_to_the_same_bits(rolls):
    aligned, _ = attempt(PeakAlign().fit_transform, rolls)
    np.testing.assert_array_equal(aligned, np.broadcast_to(aligned[0], aligned.shape))
    assert (aligned[0] == rolls).all(axis=(1, 2)).any()


@examples(50)
@given(all_rolls(), st.integers(0, 2**16), st.booleans())
def test_no_circular_shift_changes_a_probability_of_the_global_pool_net(
    rolls, seed, trained_on_noise
):
    rng = np.random.default_rng(seed)
    noise = rng.random((6, *rolls.shape[1:])).astype(rolls.dtype)
    model = GlobalPoolCNNClassifier(
        n_filters=(4, 5),
        kernel_size=min(3, rolls.shape[-1]),
        stride=(1 + seed % 3, 2),
        n_rolls=1 + seed % 4,
        max_epochs=1,
        random_state=seed,
    )
    train = noise if trained_on_noise else rolls[rng.integers(len(rolls), size=6)]
    model, refusal = attempt(model.fit, train, [0, 1] * 3)
    assume(not refusal)
    proba, refusal = attempt(model.predict_proba, rolls)
    if not refusal:
        np.testing.assert_array_equal(proba, np.broadcast_to(proba[0], proba.shape))
