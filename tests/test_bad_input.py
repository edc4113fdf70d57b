"""Errors say what was expected, what came and what to do."""

import numpy as np
import public_names
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

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

TRANSFORMERS = [
    ConvFilter(),
    FFTMagnitude(),
    InvariantFeatures(),
    LogFrequency(),
    MinMaxScale(),
    PeakAlign(),
    RandomFreqShift(),
    RandomSpeckle(),
    RandomTimeShift(),
    RandomNoise(),
    Spectrogram(),
    WelchPSD(),
]
CLASSIFIERS = [
    FlattenCNNClassifier(max_epochs=1),
    GlobalPoolCNNClassifier(max_epochs=1),
    SpectrogramCNNClassifier(max_epochs=1),
    InvariantFeaturesClassifier(),
    WindowedClassifier(GlobalPoolCNNClassifier(max_epochs=1), 40),
]
REGRESSORS = [LearnedConvFilter(max_epochs=1)]
ESTIMATORS = TRANSFORMERS + CLASSIFIERS + REGRESSORS
TAKE_COMPLEX = (ConvFilter, FFTMagnitude, RandomNoise)
TAKE_FOUR_AXES = (RandomTimeShift, SpectrogramCNNClassifier)

GOOD = np.random.default_rng(0).random((12, 40))
LABELS = np.repeat(["a", "b"], 6)


def target_of(estimator):
    return GOOD if estimator in REGRESSORS else LABELS


def with_value(value):
    X = GOOD.copy()
    X[3, 5] = value
    return X


BAD_X = {
    "nan": (with_value(np.nan), ValueError, "contains NaN"),
    "inf": (with_value(np.inf), ValueError, "contains infinity"),
    "empty": (GOOD[:0], ValueError, r"0 sample\(s\).*minimum of 1 is required"),
    "no columns": (GOOD[:, :0], ValueError, r"0 feature\(s\).*minimum of 1"),
    "1-D": (GOOD[0], ValueError, "Expected 2D array, got 1D array instead"),
    "4-D": (GOOD[:, None, None], ValueError, "array with dim 4"),
    "5-D": (GOOD[:, None, None, None], ValueError, "array with dim 5"),
    "object": (np.full((12, 40), "x", object), ValueError, "could not convert string"),
    "sparse": (sparse.csr_array(GOOD), TypeError, "Sparse data was passed.*dense data"),
    "ragged": ([[1.0, 2.0], [1.0]], ValueError, "inhomogeneous"),
    "complex": (GOOD + 1j, ValueError, "Complex data not supported"),
}


CASES = [
    pytest.param(
        estimator, target_of(estimator), *case, id=f"{type(estimator).__name__}-{name}"
    )
    for estimator in ESTIMATORS
    for name, case in BAD_X.items()
    if not (name == "complex" and isinstance(estimator, TAKE_COMPLEX))
    if not (name == "4-D" and isinstance(estimator, TAKE_FOUR_AXES))
]


def test_every_public_estimator_is_listed():
    listed = {type(estimator) for estimator in ESTIMATORS}
    assert listed == set(public_names.ESTIMATORS)


@pytest.mark.parametrize("estimator, y, X, error, match", CASES)
def test_bad_array_is_refused_in_fit_and_after(estimator, y, X, error, match):
    estimator = clone(estimator)
    with pytest.raises(error, match=match):
        estimator.fit(X, y)
    estimator.fit(GOOD, y)
    method = getattr(estimator, "transform", None) or estimator.predict
    with pytest.raises(error, match=match):
        method(X)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_another_length_after_fit_is_refused(estimator):
    estimator = clone(estimator).fit(GOOD, target_of(estimator))
    method = getattr(estimator, "transform", None) or estimator.predict
    with pytest.raises(ValueError, match="X has 30 features, but .* expecting 40"):
        method(GOOD[:, :30])


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_an_unfitted_estimator_says_so(estimator):
    method = getattr(estimator, "transform", None) or estimator.predict
    with pytest.raises(NotFittedError, match="not fitted yet. Call 'fit'"):
        method(GOOD)


@pytest.mark.parametrize(
    "y, match",
    [
        (None, "requires y to be passed, but the target y is None"),
        (np.ones((12, 41)), r"no longer than .*n_features = 40\). Got .*\(12, 41\)"),
        (np.ones((11, 40)), r"inconsistent numbers of samples: \[12, 11\]"),
        (with_value(np.nan), "y contains NaN"),
        (np.ones((12, 1, 40)), "array with dim 3"),
        (GOOD + 1j, "Complex data not supported"),
        (LABELS, "Got strings. LearnedConvFilter learns clean signals, not labels"),
    ],
    ids=["none", "long", "short", "nan", "3-D", "complex", "labels"],
)
def test_bad_clean_signals_are_refused(y, match):
    with pytest.raises(ValueError, match=match):
        LearnedConvFilter().fit(GOOD, y)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=repr)
@pytest.mark.parametrize(
    "y, match",
    [
        (
            np.repeat("a", 12),
            "at least 2 classes, but y contains only one class: .*'a'",
        ),
        (None, "requires y to be passed, but the target y is None"),
        (np.linspace(0, 1, 12), "Unknown label type: continuous"),
        (LABELS[:5], r"inconsistent numbers of samples: \[12, 5\]"),
        (np.where(np.arange(12) < 6, np.nan, 1.0), "y contains NaN"),
        (np.array(["a", 1] * 6, object), "labels of one kind|Unknown label type"),
    ],
    ids=["one class", "none", "continuous", "short", "nan", "mixed"],
)
def test_bad_labels_are_refused(classifier, y, match):
    with pytest.raises(ValueError, match=match):
        clone(classifier).fit(GOOD, y)


@pytest.mark.parametrize(
    "estimator, match",
    [
        (
            WelchPSD(nperseg=41),
            r"nperseg \(=41\) must not exceed .*n_times = 40\). Cho",
        ),
        (WelchPSD(window=np.ones(50)), r"nperseg \(=50\) must not exceed"),
        (WelchPSD(window=np.ones(9), nperseg=8), "must be the length of the window ar"),
        (WelchPSD(nperseg=8, noverlap=8), r"noverlap \(=8\) must be less than nperseg"),
        (WelchPSD(nperseg=8, nfft=4), r"nfft \(=4\) must be at least nperseg \(=8\)"),
        (WelchPSD(nperseg=0), "'nperseg' .* int in the range .*Got 0 instead"),
        (WelchPSD(fs=0), "'fs' .* float in the range .*Got 0 instead"),
        (WelchPSD(average="mode"), "'average' .*'median'.*Got 'mode' instead"),
        (WelchPSD(detrend=True), "'detrend' .*Got True instead"),
        (WelchPSD(window="bogus"), "[Ww]indow .*'bogus'"),
        (
            WelchPSD(fmin=3, fmax=2),
            r"between fmin \(=3\) and fmax \(=2\).*0.0 to 0.5 Hz",
        ),
        (ConvFilter("sharpen"), "'kernel' .*'moving_average'.*Got 'sharpen' instead"),
        (ConvFilter([[1, 2]]), r"one-dimensional.*Got \[\[1, 2\]\] instead"),
        (ConvFilter([]), r"at least one tap, all finite. Got \[\] instead"),
        (ConvFilter([1, np.nan]), "all finite"),
        (ConvFilter(["a"]), r"all finite. Got \['a'\] instead"),
        (ConvFilter([1], cutoff=0.1), "an array takes no cutoff. Got cutoff=0.1"),
        (ConvFilter("edge", kernel_size=1), "kernel_size of at least 2. Got .*=1"),
        (ConvFilter(cutoff=0.1), "'moving_average' takes no cutoff. Got cutoff=0.1; s"),
        (
            ConvFilter("lowpass", fs=100),
            r"'lowpass' needs cutoff, one frequency in Hz .* fs / 2 \(=50\).*=None",
        ),
        (ConvFilter("lowpass", cutoff=(0.1, 0.2)), r"one frequency.*=\(0.1, 0.2\)"),
        (ConvFilter("lowpass", cutoff=0.5), "ends excluded. Got cutoff=0.5"),
        (ConvFilter("highpass", cutoff=0), "ends excluded. Got cutoff=0"),
        (ConvFilter("highpass", cutoff=np.nan), "ends excluded. Got cutoff=nan"),
        (
            ConvFilter("bandpass", cutoff=0.1),
            "two ascending frequencies .*Got cutoff=0.1",
        ),
        (ConvFilter("bandpass", cutoff=(0.2, 0.1)), r"Got cutoff=\(0.2, 0.1\)"),
        (ConvFilter("bandpass", cutoff=["a", "b"]), "two ascending frequencies"),
        (
            ConvFilter("highpass", kernel_size=20, cutoff=0.1),
            "odd kernel_size, .*Got kernel_size=20; use 21",
        ),
        (ConvFilter(kernel_size=0), "'kernel_size' .*Got 0 instead"),
        (ConvFilter(mode="circular"), "'mode' .*'valid'.*Got 'circular' instead"),
        (ConvFilter(stride=0), "'stride' .*Got 0 instead"),
        (ConvFilter(dilation=1.5), "'dilation' .*Got 1.5 instead"),
        (ConvFilter(fs=0), "'fs' .*Got 0 instead"),
        (InvariantFeatures(-1), "'n_octaves' .* int in the range .*Got -1 instead"),
        (InvariantFeatures(n_ranks=0), "'n_ranks' .*Got 0 instead"),
        (InvariantFeatures(n_fourier=2.5), "'n_fourier' .*Got 2.5 instead"),
        (InvariantFeatures(align="yes"), "'align' .*Got 'yes' instead"),
        (InvariantFeaturesClassifier("all"), "'features' .*Got 'all' instead"),
        (InvariantFeaturesClassifier(n_copies=-1), "'n_copies' .*Got -1 instead"),
        (
            InvariantFeaturesClassifier(augmentation=["wrap"]),
            "augmentation must be .*Got 'wrap'",
        ),
        (LogFrequency(1), r"'n_freqs' .* int in the range \[2, inf\). Got 1 instead"),
        (LogFrequency(fmin=0), "'fmin' .* float in the range .*Got 0 instead"),
        (LogFrequency(fmax="high"), "'fmax' .*Got 'high' instead"),
        (LogFrequency(reduce="min"), "'reduce' .*'max'.*Got 'min' instead"),
        (
            LogFrequency(fmin=3, fmax=3),
            r"fmin \(=3\) and fmax \(=3\) .* 0 to 39 bins. They are in bins: pass fs",
        ),
        (
            LogFrequency(fmax=40.5),
            r"fmax \(=40.5\) must lie, in ascending order, within",
        ),
        (LogFrequency(fmin=40), r"fmin \(=40\) and fmax \(=None\)"),
        (MinMaxScale((1, 0)), r"feature_range .* with min < max. Got \(1, 0\) instead"),
        (MinMaxScale((0, np.inf)), "two finite numbers"),
        (MinMaxScale(3), "two finite numbers .* Got 3 instead"),
        (RandomFreqShift(41), r"max_shift \(=41\) must not exceed .* at most 40"),
        (RandomFreqShift(1.5), r"max_shift \(=1.5\) must not exceed .* at most 1.0"),
        (RandomFreqShift(-1), "'max_shift' .*Got -1 instead"),
        (
            RandomFreqShift(mode="edge", domain="signal"),
            "must be 'wrap' with domain='signal'.*Got mode='edge'",
        ),
        (RandomNoise((20, 0)), r"with low <= high. Got \(20, 0\) instead"),
        (RandomNoise("loud"), "'snr_db' .*Got 'loud' instead"),
        (RandomNoise((0, np.nan)), "finite number"),
        (RandomFreqShift(mode="roll"), "'mode' .*'wrap'.*Got 'roll' instead"),
        (RandomFreqShift(random_state="x"), "'random_state' .*Got 'x' instead"),
        (GlobalPoolCNNClassifier(kernel_size=0), "'kernel_size' .*Got 0 instead"),
        (
            GlobalPoolCNNClassifier(kernel_size=41),
            r"=41\) must not .*n_features = 40\)",
        ),
        (GlobalPoolCNNClassifier(kernel_size=(8, 8)), "one value for each of the 3 la"),
        (GlobalPoolCNNClassifier(kernel_size=(8, 0, 8)), r"Got \(8, 0, 8\) instead"),
        (GlobalPoolCNNClassifier(n_filters=()), r"'n_filters' .*non-empty.*Got \(\)"),
        (GlobalPoolCNNClassifier(stride=0), "'stride' .*Got 0 instead"),
        (GlobalPoolCNNClassifier(pooling="sum"), "'pooling' .*'max_mean'.*Got 'sum'"),
        (GlobalPoolCNNClassifier(padding_mode="same"), "'padding_mode' .*Got 'same'"),
        (
            GlobalPoolCNNClassifier(padding_mode="zeros", invariance="exact"),
            "'exact' needs padding_mode='circular'. Got padding_mode='zeros'",
        ),
        (GlobalPoolCNNClassifier(augmentation=["wrap"]), "list of them. Got 'wrap'"),
        (
            GlobalPoolCNNClassifier(augmentation=RandomFreqShift(domain="signal")),
            "augmentation cannot shift signals, .*Got domain='signal'",
        ),
        (
            GlobalPoolCNNClassifier(augmentation=RandomFreqShift(99)),
            r"max_shift \(=99\) must not exceed",
        ),
        (GlobalPoolCNNClassifier(lr=0), "'lr' .*Got 0 instead"),
        (GlobalPoolCNNClassifier(batch_size=1), "'batch_size' .*Got 1 instead"),
        (GlobalPoolCNNClassifier(max_epochs=0), "'max_epochs' .*Got 0 instead"),
        (GlobalPoolCNNClassifier(device="gpu"), "device must be 'auto'.*Got 'gpu'"),
        (GlobalPoolCNNClassifier(device="cuda:99"), "torch finds .* Use device='auto'"),
        (GlobalPoolCNNClassifier(device="meta"), "torch finds 0 meta device"),
        (GlobalPoolCNNClassifier(precision="fp16"), "'precision' .*Got 'fp16' instead"),
        (FlattenCNNClassifier(precision=16), "'precision' .*Got 16 instead"),
        (GlobalPoolCNNClassifier(callbacks="stop"), "'callbacks' .*Got 'stop'"),
        (GlobalPoolCNNClassifier(callbacks=[3]), "skorch callbacks, or .* Got 3 in"),
        (WelchPSD(window=[]), r"must be one-dimensional, real, .*\(0,\)"),
        (WelchPSD(window=np.zeros(8)), "not all zero"),
        (FlattenCNNClassifier(kernel_size=41), r"=41\) must not .*n_features = 40\)"),
        (FlattenCNNClassifier(kernel_size=0), "'kernel_size' .*Got 0 instead"),
        (FlattenCNNClassifier(pool_size=0), "'pool_size' .*Got 0 instead"),
    ],
    ids=lambda value: repr(value) if not isinstance(value, str) else "",
)
def test_bad_parameter_is_refused_in_fit(estimator, match):
    with pytest.raises(ValueError, match=match):
        estimator.fit(GOOD, LABELS)


def test_a_logarithmic_axis_needs_two_frequencies():
    with pytest.raises(ValueError, match="at least 2 frequencies. Got n_features = 1"):
        LogFrequency().fit(GOOD[:, :1])


@pytest.mark.parametrize(
    "params, match",
    [
        (dict(kernel_size=0), "'kernel_size' .*Got 0 instead"),
        (dict(padding_mode="same"), "'padding_mode' .*Got 'same' instead"),
        (
            dict(kernel_size=41, padding_mode="circular"),
            r"kernel_size \(=41\) must not .*n_features = 40\) .*'circular'. Choose",
        ),
        (dict(kernel_size=41, padding_mode="reflect"), r"kernel_size \(=41\) must not"),
        (dict(optimizer="lbfgs"), "'optimizer' .*Got 'lbfgs' instead"),
        (dict(batch_size=0), "'batch_size' .*Got 0 instead"),
        (dict(device="gpu"), "device must be 'auto'.*Got 'gpu'"),
        (dict(callbacks=[3]), "skorch callbacks, or .* Got 3 in"),
        (dict(lr=1e3), r"Training diverged: .* Choose a lower lr \(=1000.0\)"),
    ],
    ids=str,
)
def test_bad_parameter_of_a_learned_filter_is_refused_in_fit(params, match):
    model = LearnedConvFilter(**params)
    with pytest.raises(ValueError, match=match):
        model.fit(GOOD, GOOD)
    assert not hasattr(model, "kernel_")


@pytest.mark.parametrize("factor", [1e-320, 1e-300, 1e-170, 1e170, 1e300, 1e308])
def test_spectra_of_any_magnitude_are_learned_from(factor):
    rng = np.random.default_rng(0)
    X = 0.1 * rng.random((20, 40))
    X[:10, 18:22] += 0.5
    X[10:, 10:30] += 0.5
    model = GlobalPoolCNNClassifier(max_epochs=20, random_state=0)
    y = np.repeat(["narrow", "wide"], 10)
    assert model.fit(X * factor, y).score(X * factor, y) == 1.0


@pytest.mark.parametrize("classifier", CLASSIFIERS[:3], ids=repr)
def test_values_too_large_for_the_net_are_refused_instead_of_turning_into_nan(
    classifier,
):
    model = clone(classifier).fit(GOOD, LABELS)
    with pytest.raises(ValueError, match="too large for float32 after scaling"):
        model.predict(GOOD * 1e300)
    single = clone(classifier).fit(GOOD.astype("f4"), LABELS)
    with pytest.raises(ValueError, match="Scale X as the training data were"):
        single.predict(GOOD.astype("f4") * np.float32(3e38))
