"""ONNX graphs give the labels and the probabilities of the estimators."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from draws import examples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import sk_psd
from sk_psd import (
    ConvFilter,
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    InvariantFeatures,
    InvariantFeaturesClassifier,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    RandomNoise,
    Spectrogram,
    SpectrogramCNNClassifier,
    WelchPSD,
    WindowedClassifier,
    make_baselines,
    make_spectrum_classifier,
)
from sk_psd._shift import canonical_roll, canonical_shift
from sk_psd.export import to_onnx
from sk_psd.export._graph import Graph
from sk_psd.export._rolls import canonical_roll as add_canonical_roll
from sk_psd.export._steps import add_steps

TOLERANCE = 1e-5


def load(model):
    """Return a session of onnxruntime with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def as_input(X):
    """Return float32 values, complex ones as a last axis of two parts."""
    if np.iscomplexobj(X):
        X = np.stack([X.real, X.imag], axis=-1)
    return X.astype(np.float32)


def run(session, X):
    return session.run(["labels", "probabilities"], {"X": as_input(X)})


def as_double(X):
    """Return what a graph computes with: float32 values in double precision."""
    single = np.complex64 if np.iscomplexobj(X) else np.float32
    return X.astype(single).astype(np.result_type(single, np.float64))


def assert_same(estimator, session, X):
    """Compare the results of a graph and of an estimator for the same values."""
    expected, labels = estimator.predict_proba(X), estimator.predict(X)
    found, proba = run(session, X)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba, expected, rtol=0, atol=TOLERANCE)
    found = np.asarray(found)
    assert found.shape == labels.shape
    differs = found != labels
    if labels.ndim == 2:  # an indicator
        may_differ = np.abs(expected - 0.5) <= TOLERANCE
    else:
        top = np.sort(expected, axis=1)[:, -2:]
        may_differ = top[:, 1] - top[:, 0] <= TOLERANCE
    assert not (differs & ~may_differ).any()


def randomize(module, seed):
    """Draw the batch norms of a net anew, so that none of them does nothing."""
    generator = torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for values, scale in [(layer.running_mean, 0.3), (layer.bias, 0.3)]:
                values.data.normal_(0, scale, generator=generator)
            for values in (layer.running_var, layer.weight):
                values.data.uniform_(0.3, 2, generator=generator)


KERNELS = st.one_of(st.just("auto"), st.integers(1, 9))
POOLINGS = st.sampled_from(["max", "mean", "max_mean"])
FILTERS = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)
LABELS = st.sampled_from(
    [
        np.array(["a", "b", "cc"]),
        np.array(["a", "b", "cc"], object),
        np.array([True, False]),
        np.array([3, -1, 70]),
        np.array([1.0, 2.0]),
        "indicators",
    ]
)


@st.composite
def classifiers(draw):
    """Return a fitted classifier with random weights, and data to predict on."""
    kind = draw(st.sampled_from(["pool", "pool", "flatten", "spectrogram"]))
    n_freqs, n_channels = draw(st.integers(9, 150)), draw(st.integers(1, 3))
    common = dict(
        level=draw(st.sampled_from(["median", "minmax", None])),
        max_epochs=1,
        augmentation=None,
        random_state=draw(st.integers(0, 99)),
    )
    shape = (n_channels, n_freqs) if n_channels > 1 else (n_freqs,)
    sizes = dict(kernel_size=draw(KERNELS), stride=draw(KERNELS))
    if kind == "pool":
        circular = draw(st.booleans())
        invariance = draw(st.sampled_from(["auto", "approximate"]))
        is_exact = circular and invariance == "auto"
        model = GlobalPoolCNNClassifier(
            draw(FILTERS),
            pooling=draw(POOLINGS),
            padding_mode="circular" if circular else "zeros",
            invariance=invariance,
            n_rolls=draw(st.integers(1, 5)) if is_exact else 1,
            **sizes,
            **common,
        )
    elif kind == "flatten":
        if sizes["stride"] == "auto":
            sizes["stride"] = 1
        model = FlattenCNNClassifier(
            draw(st.integers(1, 6)),
            padding=draw(st.integers(0, 3)),
            pool_size=draw(st.integers(1, 20)),
            pool_stride=draw(st.integers(1, 3)),
            **sizes,
            **common,
        )
    else:
        shape = (*shape, draw(st.integers(1, 20)))
        model = SpectrogramCNNClassifier(
            draw(FILTERS),
            norm_axis=draw(st.sampled_from(["channel", "frequency", "time", None])),
            pool_axis=draw(st.sampled_from(["both", "time"])),
            pooling=draw(POOLINGS),
            **sizes,
            **common,
        )
    rng = np.random.default_rng(common["random_state"])
    X = rng.standard_normal((33, *shape)).astype(np.float32)
    # Few different values, so that positions tie, and rows that are flat or periodic.
    X[:8] = rng.integers(0, 2, (8, *shape))
    X[8] = 1
    X[9] = np.resize([0, 1, 1], shape)
    labels = draw(LABELS)
    if isinstance(labels, str):
        y = rng.integers(0, 2, (33, 3))
        y[:2] = [[1, 1, 0], [0, 0, 1]]
    else:
        y = labels[np.arange(33) % len(labels)]
    model.fit(X, y)
    randomize(model.module_, common["random_state"])
    return model, X


@examples(50)
@given(classifiers())
def test_random_architectures(drawn):
    model, X = drawn
    session = load(to_onnx(model))
    assert_same(model, session, X)
    labels, proba = run(session, X)
    for n in (1, 2, 7):
        part_labels, part_proba = run(session, X[:n])
        np.testing.assert_allclose(part_proba, proba[:n], rtol=0, atol=1e-6)
        assert len(part_labels) == n
    assert np.asarray(labels).dtype.kind == {"U": "O"}.get(
        model.classes_.dtype.kind, model.classes_.dtype.kind
    )


@pytest.mark.parametrize("n_rolls", [2, 3, 100])
@pytest.mark.parametrize("is_multilabel", [False, True])
def test_the_probabilities_of_all_rolls_are_averaged(n_rolls, is_multilabel):
    rng = np.random.default_rng(0)
    X = rng.random((33, 2, 96)).astype(np.float32)
    y = rng.integers(0, 2, (33, 3)) if is_multilabel else np.arange(33) % 3
    net = GlobalPoolCNNClassifier((4, 5, 6), max_epochs=1, random_state=0).fit(X, y)
    randomize(net.module_, 0)
    _, one = run(load(to_onnx(net)), X)
    net.set_params(n_rolls=n_rolls)
    session = load(to_onnx(net))
    assert_same(net, session, X)
    assert np.abs(run(session, X)[1] - one).max() > 100 * TOLERANCE


@examples(60)
@given(
    st.integers(1, 3),
    st.integers(1, 140),
    st.integers(2, 4),
    st.integers(1, 12),
    st.integers(0, 999),
)
def test_the_canonical_roll_is_that_of_torch(channels, n, n_values, period, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, n_values, (9, channels, n)).astype(np.float32)
    x[6] = np.resize(x[6, :, :period], (channels, n)) if channels == 1 else x[6]
    x[7] = x[7, :, np.arange(n) % min(period, n)].T
    x[8] = x[8, :, :1]
    x = x[:, 0] if channels == 1 else x
    graph = Graph()
    value = graph.input("X", x.shape[1:])
    found = run_graph(graph, value, add_canonical_roll(value), x)
    np.testing.assert_array_equal(found, canonical_roll(torch.from_numpy(x)).numpy())


def run_graph(graph, value, result, X):
    """Return the result of a graph, made of parts, for some samples."""
    helper = onnx.helper
    proto = helper.make_graph(
        graph.nodes,
        "test",
        [graph.describe(value)],
        [graph.describe(result)],
        graph.constants,
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(proto, opset_imports=opset, ir_version=8)
    (found,) = load(model).run(None, {value.name: as_input(X)})
    assert found.shape == (len(X), *result.shape)
    assert found.dtype == result.dtype
    return found


def run_step(step, X):
    """Return the result of a fitted transformer as an ONNX graph."""
    graph = Graph()
    value = graph.input("X", as_input(X).shape[1:])
    result = add_steps([("step", step)], value, np.iscomplexobj(X))
    return run_graph(graph, value, result, X)


def make_signals(shape, is_complex, seed=0):
    """Return noise with an offset and a line 60 dB above it."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal(shape) + 5
    if is_complex:
        X = X + 1j * rng.standard_normal(shape)
    line = 1000 * np.exp(
        2j * np.pi * rng.random((*shape[:-1], 1)) * np.arange(shape[-1])
    )
    return as_double(X + (line if is_complex else line.real))


SEGMENTS = [
    dict(),
    dict(decibels=True),
    dict(decibels=True, range_db=None, detrend=False),
    dict(decibels=True, range_db=30.0, detrend="linear", nperseg=31),
    dict(window="boxcar", decibels=True, nperseg=32),
    dict(window=("kaiser", 8.0), nperseg=45, noverlap=11, nfft=64, scaling="spectrum"),
    dict(nperseg=64, fs=100.0, fmin=10, fmax=30, decibels=True),
    dict(nperseg=64, fs=100.0, notch=[0, (20, 30), 50], decibels=True),
    dict(nperseg=300, noverlap=0, decibels=True),
]
AVERAGES = [
    dict(average="median", nperseg=50),
    dict(average="median", nperseg=60, noverlap=0, decibels=True),
]


@pytest.mark.parametrize("channels", [(), (2,)])
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("params", SEGMENTS + AVERAGES, ids=str)
def test_welch(params, is_complex, channels):
    X = make_signals((5, *channels, 300), is_complex)
    X[1] = 0
    if params.get("detrend") is not False:
        X[2] = 3
    step = WelchPSD(**params, return_onesided=not is_complex).fit(X[3:])
    with pytest.warns(UserWarning, match="hold no power"):
        expected = step.transform(X)
    found = run_step(step, X)
    if step.decibels:
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    else:
        scale = expected.max(axis=-1, keepdims=True) + 1e-300
        np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=1e-12)


@pytest.mark.parametrize("channels", [(), (2,)])
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("params", SEGMENTS, ids=str)
def test_spectrogram(params, is_complex, channels):
    X = make_signals((3, *channels, 300), is_complex)
    step = Spectrogram(**params, return_onesided=not is_complex).fit(X)
    expected = step.transform(X)
    scale = 1 if step.decibels else expected.max()
    found = run_step(step, X)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=1e-6)


def test_welch_without_the_segments_that_hold_nan():
    X = make_signals((4, 400), False)
    step = WelchPSD(nperseg=64, nan_segments="omit", decibels=True).fit(X)
    X[1, 100:110] = X[2, 0] = np.nan
    found = run_step(step, X)
    np.testing.assert_allclose(found, step.transform(X), rtol=0, atol=1e-9)


def test_a_pure_line_outside_of_the_band_leaves_nothing():
    X = np.cos(2 * np.pi * np.arange(256) / 16)[None]
    X = as_double(np.concatenate([X, make_signals((2, 256), False)]))
    params = dict(window="boxcar", detrend=False, fmin=0.3, decibels=True)
    step = WelchPSD(nperseg=64, **params).fit(X)
    # In single precision the line leaves rounding errors, so X is not a pure line.
    expected = step.transform(X)
    np.testing.assert_allclose(run_step(step, X), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n", [2, 31, 64])
@pytest.mark.parametrize("is_complex", [False, True])
def test_fft_magnitude(n, is_complex):
    X = make_signals((3, 2, n), is_complex)
    step = FFTMagnitude().fit(X)
    found = run_step(step, X)
    np.testing.assert_allclose(found, step.transform(X), rtol=1e-9, atol=1e-9)


STEPS = [
    MinMaxScale(),
    MinMaxScale((-3, 5)),
    PeakAlign(),
    *(
        LogFrequency(n_freqs, reduce=reduce, decibels=decibels)
        for n_freqs in (5, 100)
        for reduce in ("max", "mean")
        for decibels in (True, False)
    ),
    InvariantFeatures(),
    InvariantFeatures(n_octaves=0, n_fourier=3, n_bispectrum=28, align=False),
]


@pytest.mark.parametrize("channels", [(), (2,)])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_steps_of_spectra(step, channels):
    X = np.random.default_rng(0).random((5, *channels, 131)).astype(np.float32)
    step.fit(X)
    expected = step.transform(X.astype(np.float64))
    np.testing.assert_allclose(run_step(step, X), expected, rtol=1e-4, atol=1e-5)


def test_min_max_scale_of_spectrograms():
    X = np.random.default_rng(0).random((5, 8, 9)).astype(np.float32)
    step = MinMaxScale(per="spectrogram").fit(X)
    np.testing.assert_allclose(run_step(step, X), step.transform(X), rtol=0, atol=1e-6)


NET = GlobalPoolCNNClassifier((4, 6), max_epochs=3, random_state=0)
TWO_SIDED = dict(nperseg=64, return_onesided=False, detrend=False, decibels=True)
SPECTROGRAM = Spectrogram(nperseg=64, decibels=True)
PIPELINES = {
    "two-sided": (make_spectrum_classifier(fs=1e3, nperseg=64), True),
    "robust": (make_spectrum_classifier(fs=1e3, nperseg=64, robust=True), True),
    "one-sided vote": (
        make_spectrum_classifier("one-sided", fs=1e3, nperseg=64, vote=True),
        False,
    ),
    "log": (make_spectrum_classifier("log", fs=1e3, nperseg=128), False),
    "training only": (
        make_pipeline(
            RandomFreqShift(domain="signal", random_state=0),
            RandomNoise(domain="signal", random_state=0),
            WelchPSD(**TWO_SIDED, average="median", notch=[0.0]),
            MinMaxScale(),
            RandomFreqShift(random_state=0),
            "passthrough",
            PeakAlign(),
            FlattenCNNClassifier(3, max_epochs=2, random_state=0),
        ),
        True,
    ),
    "spectrogram": (
        make_pipeline(
            SPECTROGRAM,
            MinMaxScale(per="spectrogram"),
            SpectrogramCNNClassifier((3, 4), max_epochs=2, random_state=0),
        ),
        False,
    ),
    "complex spectrogram": (
        make_pipeline(
            Spectrogram(**TWO_SIDED),
            SpectrogramCNNClassifier(
                (3,), norm_axis="frequency", pool_axis="time", max_epochs=2
            ),
        ),
        True,
    ),
    "magnitude": (make_pipeline(FFTMagnitude(), MinMaxScale(), NET), False),
    "scaler": (make_pipeline(WelchPSD(nperseg=64), StandardScaler(), NET), False),
}
# StandardScaler takes rows of two axes, so it has no channels.
NAMES = [(name, n) for name in PIPELINES for n in (1, 2) if (name, n) != ("scaler", 2)]


def set_few_epochs(pipeline):
    epochs = {key: 3 for key in pipeline.get_params() if key.endswith("max_epochs")}
    seeds = [k for k in pipeline.get_params() if k.endswith("random_state")]
    return pipeline.set_params(**epochs, **dict.fromkeys(seeds, 0))


@pytest.mark.parametrize("name, n_channels", NAMES)
def test_whole_pipelines_of_raw_signals(name, n_channels):
    pipeline, is_complex = PIPELINES[name]
    channels = (n_channels,) if n_channels > 1 else ()
    rng = np.random.default_rng(0)
    X = rng.standard_normal((33, *channels, 512))
    if is_complex:
        X = X + 1j * rng.standard_normal(X.shape)
    y = np.where(np.arange(33) % 2, "smooth", "rough")
    X[1::2] = np.cumsum(X[1::2], axis=-1)
    pipeline = set_few_epochs(pipeline).fit(X, y)
    session = load(to_onnx(pipeline))
    X = as_double(X)
    assert_same(pipeline, session, X)
    for n in (1, 2, 7):
        np.testing.assert_allclose(
            run(session, X[:n])[1], run(session, X)[1][:n], rtol=0, atol=1e-6
        )


@pytest.mark.parametrize("name", make_baselines())
def test_baselines(name):
    X = make_signals((40, 2, 300), False)
    y = np.arange(40) % 3
    model = make_baselines()[name]
    if name.startswith("svc"):
        with pytest.raises(ValueError, match="the step 'svc' \\(SVC\\)"):
            to_onnx(model.fit(X, y))
        return
    model = model.fit(X, y)
    if name != "lda_sorted_psd":
        with pytest.raises(ValueError, match="channels"):
            to_onnx(model)
        X = X[:, 0]
        model.fit(X, y)
    assert_same(model, load(to_onnx(model)), X)


def test_signals_in_single_precision_differ_by_rounding_only(pipe, signals):
    """Of the spectra in single precision, unless two positions tie within rounding."""
    X, _ = signals.test["shifted"]
    X = X.astype(np.complex64)
    labels, proba = run(load(to_onnx(pipe)), X)
    np.testing.assert_allclose(proba, pipe.predict_proba(X), rtol=0, atol=TOLERANCE)
    assert (labels == pipe.predict(X)).all()


def test_rows_that_differ_in_single_precision_are_those_whose_positions_tie():
    """A line narrower than the neighborhood, with the levels beside it cut."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((32, 4096)) + 1j * rng.standard_normal((32, 4096))
    line = np.exp(2j * np.pi * rng.random((16, 1)) * np.arange(4096))
    X[1::2] += 30 * line
    pipeline = make_spectrum_classifier(fs=1.0, nperseg=512)
    pipeline = set_few_epochs(pipeline).fit(X, np.arange(32) % 4)
    single = X.astype(np.complex64)
    session, net = load(to_onnx(pipeline)), pipeline[-1]
    assert_same(pipeline, session, as_double(X))

    def find_shifts(X):
        x = (pipeline[:-1].transform(X) - net.mean_) / net.scale_
        return canonical_shift(torch.from_numpy(x.astype(np.float32))).numpy()

    tied = find_shifts(single) != find_shifts(as_double(X))
    assert tied.any() and not tied[::2].any()  # noise has one strongest place
    _, proba = run(session, X)
    difference = np.abs(proba - pipeline.predict_proba(single)).max(axis=1)
    assert difference[~tied].max() <= TOLERANCE


def test_circular_shifts_give_the_same_bits(models, spectra):
    X = spectra[0][:3].astype(np.float32)
    session = load(to_onnx(models["exact"]))
    _, expected = run(session, X)
    for shift in range(1, X.shape[1], 7):
        _, proba = run(session, np.roll(X, shift, axis=1))
        np.testing.assert_array_equal(proba, expected)


@pytest.mark.parametrize("name", PIPELINES)
def test_nan_and_infinity_give_nan(name):
    pipeline, is_complex = PIPELINES[name]
    X = np.random.default_rng(0).standard_normal((12, 256))
    X = X + 1j * X[::-1] if is_complex else X
    pipeline = set_few_epochs(pipeline).fit(X, np.arange(12) % 2)
    X[1, 9], X[2, 3], X[4, 5] = np.nan, np.inf, -np.inf
    _, proba = run(load(to_onnx(pipeline)), X)
    is_nan = np.isnan(proba).all(axis=1)
    np.testing.assert_array_equal(is_nan, np.isin(np.arange(12), [1, 2, 4]))
    assert np.isfinite(proba[~is_nan]).all()


def test_nan_in_every_segment_gives_nan():
    X = make_signals((12, 256), False)
    psd = WelchPSD(nperseg=64, nan_segments="omit", decibels=True)
    pipeline = make_pipeline(psd, MinMaxScale(), NET).fit(X, np.arange(12) % 2)
    X[1, 9], X[2, ::30] = np.nan, np.nan
    _, proba = run(load(to_onnx(pipeline)), X)
    expected = pipeline.predict_proba(X[[0, 1]])
    np.testing.assert_allclose(proba[:2], expected, rtol=0, atol=TOLERANCE)
    assert np.isnan(proba[2]).all()


def test_votes_with_weights_and_without_a_voter():
    X = np.random.default_rng(0).random((30, 64)).astype(np.float32)
    y = np.array(["b", "a", "c"])[np.arange(30) % 3]
    features = InvariantFeaturesClassifier(classifier=LinearDiscriminantAnalysis())
    voters = [
        ("net", NET),
        ("left out", "drop"),
        ("features", make_pipeline(MinMaxScale(), features)),
    ]
    vote = VotingClassifier(voters, voting="soft", weights=[1, 5, 3]).fit(X, y)
    assert_same(vote, load(to_onnx(vote)), X)
    vote.voting = "hard"
    with pytest.raises(ValueError, match="'VotingClassifier'.*voting='soft'"):
        to_onnx(vote)


def test_another_length_of_the_signals():
    X = make_signals((12, 512), True)
    y = np.arange(12) % 2
    pipeline = make_pipeline(WelchPSD(**TWO_SIDED), MinMaxScale(), NET).fit(X, y)
    longer = make_signals((3, 700), True)
    session = load(to_onnx(pipeline, n_times=700))
    _, proba = run(session, longer)
    expected = pipeline.predict_proba(list(longer))
    np.testing.assert_allclose(proba, expected, rtol=0, atol=TOLERANCE)
    # A fit on a list of unequal lengths knows no common length.
    unequal = [*X[:6], *longer, *X[6:]]
    pipeline.fit(unequal, np.arange(15) % 2)
    session = load(to_onnx(pipeline, n_times=700))
    expected = pipeline.predict_proba(list(longer))
    np.testing.assert_allclose(run(session, longer)[1], expected, rtol=0, atol=1e-5)


def test_the_file_says_what_it_takes(tmp_path):
    X = make_signals((12, 2, 128), True)
    pipeline = make_pipeline(WelchPSD(2e3, **TWO_SIDED), MinMaxScale(), NET)
    pipeline.fit(X, np.where(np.arange(12) % 2, "drone", "bird"))
    path = tmp_path / "model.onnx"
    model = to_onnx(pipeline, path)
    assert path.read_bytes() == model.SerializeToString()
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    facts = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert facts["sk_psd_version"] == sk_psd.__version__
    assert json.loads(facts["classes"]) == ["bird", "drone"]
    assert float(facts["fs"]) == 2000
    assert facts["n_times"] == "128"
    np.testing.assert_allclose(json.loads(facts["frequencies"]), pipeline[0].freqs_)
    assert facts["input"] == (
        "X: float32 complex signals of shape (n_samples, n_channels, n_times, 2), here "
        "(any, 2, 128, 2). The last axis holds the real and the imaginary part."
    )
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path, monkeypatch, models):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"before")

    def fail(part, content):
        with open(part, "wb") as file:
            file.write(content[:10])
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    with pytest.raises(OSError, match="No space"):
        to_onnx(models["exact"], path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    assert path.read_bytes() == b"before"


def test_the_missing_extra_is_named(monkeypatch, models):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "sk-psd\[onnx\]"'):
        to_onnx(models["exact"])


@pytest.mark.parametrize("path", ["", 3, b"model.onnx", ["model.onnx"]])
def test_a_path_must_name_a_file(path, models):
    with pytest.raises(ValueError, match="path must be the name of a file"):
        to_onnx(models["exact"], path)


def test_a_missing_folder_is_named(tmp_path, models):
    with pytest.raises(FileNotFoundError, match="missing.*does not exist"):
        to_onnx(models["exact"], tmp_path / "missing" / "model.onnx")


def test_a_folder_is_no_file(tmp_path, models):
    with pytest.raises(IsADirectoryError, match="is a folder.*model.onnx"):
        to_onnx(models["exact"], tmp_path)


def fitted(*steps, labels=(0, 1)):
    X = np.random.default_rng(0).standard_normal((20, 64))
    return make_pipeline(*steps).fit(X, np.array(labels)[np.arange(20) % len(labels)])


def times_two(segments):
    return segments * 2


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: fitted(ConvFilter(), WelchPSD(), NET), "the step 'convfilter'"),
        (
            lambda: fitted(FunctionTransformer(np.abs), NET),
            r"the step 'functiontransformer' \(FunctionTransformer\). Leave the step",
        ),
        (
            lambda: fitted(WelchPSD(detrend=times_two), NET),
            "The step 'welchpsd' detrends by a function",
        ),
        (
            lambda: fitted(WelchPSD(average="median", nan_segments="omit"), NET),
            "'welchpsd' has average='median' and nan_segments='omit'",
        ),
        (
            lambda: fitted(MinMaxScale(), SVC()),
            r"the step 'svc' \(SVC\)",
        ),
        (
            lambda: fitted(
                MinMaxScale(), InvariantFeaturesClassifier(classifier=SVC())
            ),
            r"'invariantfeaturesclassifier.classifier_' \(SVC\)",
        ),
        (
            lambda: fitted(
                VotingClassifier(
                    [("a", make_pipeline(WelchPSD(), MinMaxScale(), NET))],
                    voting="soft",
                )
            ),
            r"'welchpsd' \(WelchPSD\) lies inside of 'votingclassifier.a'",
        ),
        (lambda: fitted(MinMaxScale(), PeakAlign()), "to_onnx needs a classifier"),
        (lambda: MinMaxScale().fit(np.eye(3)), "to_onnx needs a classifier"),
        (lambda: NET.__class__, "must be a fitted classifier"),
        (lambda: "net", "must be a fitted classifier"),
        (
            lambda: GridSearchCV(NET, {"lr": [0.1]}, cv=2).fit(
                np.random.default_rng(0).random((8, 16)), np.arange(8) % 2
            ),
            r"\(GridSearchCV\). Pass its best_estimator_",
        ),
        (
            lambda: WindowedClassifier(
                make_pipeline(WelchPSD(), MinMaxScale(), NET), 64
            ).fit(np.random.default_rng(0).standard_normal((8, 128)), np.arange(8) % 2),
            r"\(WindowedClassifier\). Pass its estimator_",
        ),
    ],
)
def test_errors_name_the_step(make, message):
    with pytest.raises(ValueError, match=message):
        to_onnx(make())


def test_an_unfitted_pipeline_is_an_error():
    with pytest.raises(NotFittedError):
        to_onnx(make_pipeline(MinMaxScale(), GlobalPoolCNNClassifier()))


@pytest.mark.parametrize("n_times", [0, 1.5, "many", True])
def test_a_wrong_length_is_an_error(n_times):
    with pytest.raises(ValueError, match="n_times must be a number of samples"):
        to_onnx(fitted(WelchPSD(), MinMaxScale(), NET), n_times=n_times)


def test_another_length_needs_welch():
    with pytest.raises(ValueError, match="'minmaxscale'.*of length 64 only"):
        to_onnx(fitted(MinMaxScale(), NET), n_times=65)


def test_logistic_regression_of_one_against_the_rest_is_an_error():
    model = fitted(MinMaxScale(), LogisticRegression())
    model[-1].solver = "liblinear"
    assert_same(model, load(to_onnx(model)), np.eye(3, 64))
    model = fitted(MinMaxScale(), LogisticRegression(), labels=(0, 1, 2))
    model[-1].solver = "liblinear"
    with pytest.raises(ValueError, match="'logisticregression'.*another solver"):
        to_onnx(model)


def test_labels_without_a_type_in_onnx_are_an_error():
    X, y = np.random.default_rng(0).random((8, 16)), np.arange(8) % 2
    net = NET.fit(X, y)
    net.classes_ = np.array([0, 2**64 - 1], np.uint64)
    with pytest.raises(ValueError, match="labels that are strings, int64"):
        to_onnx(net)


EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"
# Run before the example: imports of these packages fail.
BLOCK = """
import runpy, sys
for name in "torch sklearn scipy joblib skorch onnx sk_psd".split():
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_python(*arguments):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_classifies_a_wav_file_without_this_package(tmp_path):
    example = EXAMPLES / "classify_wav_with_onnx.py"
    assert len(example.read_text().splitlines()) <= 30
    expected = run_python(EXAMPLES / "train_for_onnx.py", tmp_path, 1).splitlines()
    files = tmp_path / "model.onnx", tmp_path / "sound.wav"
    found = run_python("-c", BLOCK, example, *files).splitlines()
    assert len(found) == len(expected) == 6
    for line, in_python in zip(found, expected, strict=True):
        time, _, label, proba = line.split()
        assert [time, label] == [in_python.split()[0], in_python.split()[2]]
        # The file holds 16 bits of each sample.
        assert float(proba) == pytest.approx(float(in_python.split()[3]), abs=0.003)
