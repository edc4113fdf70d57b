"""Evidence of the nets at each frequency, places of shapes, sizes of nets."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    Spectrogram,
    SpectrogramCNNClassifier,
    WelchPSD,
)
from sk_psd.datasets import make_spectral_mixtures, make_spectral_shapes
from sk_psd.inspection import activation_map, describe, locate
from sk_psd.inspection._fields import find_field, spread_over_fields

LEVELS = st.sampled_from([None, "median", "minmax"])
POOLINGS = st.sampled_from(["max", "mean", "max_mean"])
QUICK = dict(max_epochs=1, random_state=0, device="cpu")


@st.composite
def spectrum_nets(draw):
    """Draw an untrained kind of net and the shape of its samples."""
    shape = [draw(st.integers(1, 3)), draw(st.integers(9, 200))]
    common = dict(level=draw(LEVELS), **QUICK)
    if draw(st.booleans()):
        net = FlattenCNNClassifier(
            draw(st.integers(1, 6)),
            kernel_size=draw(st.integers(1, 9)),
            stride=draw(st.integers(1, 3)),
            padding=draw(st.integers(0, 4)),
            pool_size=draw(st.integers(1, 20)),
            pool_stride=draw(st.integers(1, 4)),
            **common,
        )
    else:
        net = GlobalPoolCNNClassifier(
            tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))),
            pooling=draw(POOLINGS),
            padding_mode=draw(st.sampled_from(["circular", "zeros"])),
            augmentation=None,
            **common,
        )
    return net, shape


@st.composite
def spectrogram_nets(draw):
    """Draw a net for spectrograms and the shape of its samples."""
    shape = [
        draw(st.integers(1, 2)),
        draw(st.integers(6, 40)),
        draw(st.integers(6, 40)),
    ]
    net = SpectrogramCNNClassifier(
        tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))),
        pooling=draw(POOLINGS),
        pool_axis=draw(st.sampled_from(["both", "time"])),
        norm_axis=draw(st.sampled_from(["channel", "frequency", "time", None])),
        augmentation=None,
        level=draw(LEVELS),
        **QUICK,
    )
    return net, shape


@given(st.one_of(spectrum_nets(), spectrogram_nets()), st.integers(0, 2**31 - 1))
@settings(max_examples=80, deadline=None)
def test_the_mean_of_a_map_and_the_bias_are_the_logit(case, seed):
    net, shape = case
    rng = np.random.default_rng(seed)
    X = rng.random((6, *shape), dtype=np.float32)
    y = np.array(["a", "b", "c"] * 2)
    net.fit(X, y)
    target = rng.choice(y, 6)
    result = activation_map(net, X, target=target)
    assert result.maps.shape == (6, *shape[1:])
    means = result.maps.reshape(6, -1).mean(axis=1)
    scale = 1 + np.abs(result.maps).max()
    np.testing.assert_allclose(means + result.bias, result.logits, atol=1e-5 * scale)
    np.testing.assert_array_equal(result.targets, target)
    np.testing.assert_array_equal(result.predictions, net.predict(X))
    # The logits are those behind the probabilities.
    others = activation_map(net, X, target="a").logits
    log_ratio = (
        net.predict_log_proba(X)[:, 0]
        - net.predict_log_proba(X)[np.arange(6), np.searchsorted(net.classes_, target)]
    )
    np.testing.assert_allclose(others - result.logits, log_ratio, atol=1e-5 * scale)


def make_net(**params):
    X, y = np.random.default_rng(0).random((12, 2, 128)), [0, 1, 2] * 4
    return GlobalPoolCNNClassifier((4, 6), **QUICK | params).fit(X, y), X


@given(st.integers(0, 127))
@settings(max_examples=30, deadline=None)
def test_the_map_moves_with_a_rolled_spectrum_exactly(shift):
    net, X = make_net()
    maps = activation_map(net, X).maps
    rolled = activation_map(net, np.roll(X, shift, axis=-1)).maps
    np.testing.assert_array_equal(rolled, np.roll(maps, shift, axis=-1))


def test_a_winner_alone_carries_the_share_of_its_channel():
    net, X = make_net(pooling="max", augmentation=None, invariance="approximate")
    with torch.no_grad():
        x = torch.from_numpy((X - net.mean_) / net.scale_).float()
        maps = net.module_.maps(x)  # (N, C, P)
        top = maps.max(-1)
        weights = net.module_.head.weight[net.predict(X)]
    shares = np.zeros((len(X), maps.shape[-1]))
    for i in range(len(X)):
        np.add.at(shares[i], top.indices[i], (weights[i] * top.values[i]).numpy())
    matrix = spread_over_fields(net.module_.windows[0], maps.shape[-1], 128, True)
    np.testing.assert_allclose(activation_map(net, X).maps, shares @ matrix, atol=1e-4)


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(0, 4)),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 3),
)
@settings(max_examples=50, deadline=None)
def test_the_field_of_a_value_is_where_its_gradient_is(windows, position):
    size, stride, start = find_field(windows)
    length = 4 * stride + size + 40
    x = torch.zeros(1, 1, length, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel_size, step, padding in windows:
        kernel = torch.ones(1, 1, kernel_size, dtype=torch.float64)
        y = torch.conv1d(y, kernel, stride=step, padding=padding)
    y[0, 0, position].backward()
    found = np.flatnonzero(x.grad[0, 0].numpy())
    assume(len(found))  # a value may see nothing but padding
    first = start + position * stride
    # Strides longer than a kernel leave gaps in the field, but its ends are exact.
    assert found.max() == first + size - 1
    assert found.min() == first or first < 0


@pytest.mark.parametrize("wraps", [False, True])
def test_spread_values_keep_their_sum(wraps):
    matrix = spread_over_fields([(5, 2, 6), (3, 2, 1)], 7, 20, wraps).toarray()
    np.testing.assert_allclose(matrix.mean(axis=1), 1)


SHAPES = ("rect", "tri", "twohump", "am")


@pytest.fixture(scope="module")
def signals():
    return make_spectral_shapes(
        160,
        shapes=SHAPES,
        n_times=2048,
        fs=1e6,
        center_freq=(-2e5, 2e5),
        snr_db=15.0,
        return_X_y=False,
        random_state=0,
    )


def make_model(*between, **params):
    psd = WelchPSD(1e6, nperseg=256, return_onesided=False, decibels=True)
    net = GlobalPoolCNNClassifier((16, 16, 32), max_epochs=30, random_state=0, **params)
    return make_pipeline(psd, MinMaxScale(), *between, net)


@pytest.fixture(scope="module")
def model(signals):
    return make_model().fit(signals.X, signals.y)


def test_a_pipeline_of_signals_has_its_axis_in_hz(model, signals):
    result = activation_map(model, signals.X)
    np.testing.assert_array_equal(result.freqs, model[0].freqs_)
    assert result.unit == "Hz" and result.times is None
    spectra = model[:-1].transform(signals.X)
    alone = activation_map(model[-1], np.asarray(spectra))
    np.testing.assert_array_equal(alone.maps, result.maps)
    assert alone.unit == "bins"
    np.testing.assert_array_equal(alone.freqs, np.arange(256))


def test_the_evidence_lies_in_the_band_of_the_signal(model, signals):
    result = activation_map(model, signals.X)
    peak = result.freqs[result.maps.argmax(axis=1)]
    error = np.abs((peak - signals.center_freq + 5e5) % 1e6 - 5e5)
    assert np.mean(error < signals.bandwidth / 2) > 0.9, error / signals.bandwidth


def test_locate_finds_center_and_bandwidth_in_hz(model, signals):
    place = locate(model, signals.X)
    assert place.unit == "Hz"
    error = np.abs((place.center_freq - signals.center_freq + 5e5) % 1e6 - 5e5)
    assert np.median(error / signals.bandwidth) < 0.15
    ratio = place.bandwidth / signals.bandwidth
    assert 0.5 < np.median(ratio) < 2
    wide = locate(model, signals.X, threshold=0.05).bandwidth
    assert np.all(wide >= place.bandwidth)


def test_locate_crosses_the_end_of_a_closed_axis(model, signals):
    spectra = np.asarray(model[:-1].transform(signals.X[:4]))
    inside = locate(model[-1], spectra)
    for shift in range(0, 256, 16):
        moved = locate(model[-1], np.roll(spectra, shift, axis=1))
        np.testing.assert_allclose(moved.bandwidth, inside.bandwidth)
        turns = (moved.center_freq - inside.center_freq - shift) / 256
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
        assert np.all((-0.5 <= moved.low) & (moved.low < 255.5))
        assert np.all((-0.5 < moved.high) & (moved.high <= 255.5))
        crosses = moved.low > moved.high
        np.testing.assert_allclose(
            moved.high - moved.low + 256 * crosses, moved.bandwidth
        )


def test_the_map_is_where_the_spectrum_was_before_peak_align(signals):
    model = make_model(PeakAlign(), invariance="approximate").fit(signals.X, signals.y)
    result = activation_map(model, signals.X)
    assert result.unit == "Hz"
    spectra = np.asarray(model[:2].transform(signals.X))
    rolled = activation_map(model[2:], np.roll(spectra, 31, axis=1)).maps
    np.testing.assert_array_equal(rolled, np.roll(result.maps, 31, axis=1))
    peak = result.freqs[result.maps.argmax(axis=1)]
    error = np.abs((peak - signals.center_freq + 5e5) % 1e6 - 5e5)
    assert np.mean(error < signals.bandwidth) > 0.9
    assert describe(model).invariance == "exact"
    # A scale for each bin does not roll with a spectrum.
    scaled = make_pipeline(*model[:2], StandardScaler(), PeakAlign(), clone(model[-1]))
    assert describe(scaled.fit(signals.X, signals.y)).invariance == "approximate"


def test_names_of_columns_tell_the_frequencies(signals):
    psd = WelchPSD(1e6, nperseg=64, return_onesided=False, decibels=True)
    frame = psd.set_output(transform="pandas").fit_transform(signals.X)
    net = GlobalPoolCNNClassifier((4,), **QUICK).fit(frame, signals.y)
    result = activation_map(net, frame)
    assert result.unit == "Hz"
    np.testing.assert_allclose(result.freqs, psd.freqs_)


def test_the_axis_goes_through_log_frequency():
    X = np.random.default_rng(0).standard_normal((8, 1024))
    log = LogFrequency(64, fs=8000.0, decibels=True)
    net = GlobalPoolCNNClassifier((4,), padding_mode="zeros", **QUICK)
    model = make_pipeline(WelchPSD(8000.0, nperseg=256, decibels=True), log, net)
    model.fit(X, [0, 1] * 4)
    result = activation_map(model, X)
    np.testing.assert_array_equal(result.freqs, log.freqs_)
    assert result.unit == "Hz"
    place = locate(model, X)
    inside = (place.low < place.center_freq) & (place.center_freq < place.high)
    assert np.all(inside | np.isnan(place.low))
    assert describe(model).resolution_hz is None


def test_spectrograms_have_frequencies_and_times():
    X = np.random.default_rng(0).standard_normal((6, 2000))
    spectrogram = Spectrogram(100.0, nperseg=64, decibels=True)
    net = SpectrogramCNNClassifier((4, 4), **QUICK)
    model = make_pipeline(spectrogram, net).fit(X, [0, 1] * 3)
    result = activation_map(model, X)
    assert result.maps.shape == (6, len(spectrogram.freqs_), len(spectrogram.times_))
    np.testing.assert_array_equal(result.times, spectrogram.times_)
    np.testing.assert_array_equal(result.freqs, spectrogram.freqs_)
    assert locate(model, X).center_freq.shape == (6,)


def test_each_roll_takes_the_products_of_the_net():
    net, _ = make_net()
    once = describe(net).n_products
    assert once == sum(layer.n_products for layer in describe(net).layers)
    assert describe(net.set_params(n_rolls=2)).n_products == 2 * once
    n_phases = describe(net).stride
    assert describe(net.set_params(n_rolls=1000)).n_products == n_phases * once


def test_the_net_is_found_in_searches_and_votes(signals):
    X = np.asarray(make_model()[:-1].fit_transform(signals.X))
    net = GlobalPoolCNNClassifier((4,), **QUICK)
    search = GridSearchCV(net, {"lr": [1e-2, 1e-3]}, cv=2).fit(X, signals.y)
    vote = VotingClassifier(
        [("lines", LogisticRegression()), ("net", net)], voting="soft"
    )
    for model in (search, make_pipeline(StandardScaler(), vote).fit(X, signals.y)):
        assert activation_map(model, X).maps.shape == X.shape


@pytest.mark.parametrize("labels", [np.array(["low", "high"]), np.array([2, 1])])
def test_the_labels_of_a_vote_are_those_of_its_data(labels):
    """A VotingClassifier trains its nets on the numbers of the labels."""
    X = np.random.default_rng(0).random((12, 32))
    y = labels[np.arange(12) % 2]
    net = GlobalPoolCNNClassifier((4,), **QUICK)
    alone = clone(net).fit(X, y)
    vote = make_pipeline("passthrough", VotingClassifier([("net", net)], voting="soft"))
    vote.fit(X, y)
    for target in (None, labels[0], y):
        expected = activation_map(alone, X, target=target)
        result = activation_map(vote, X, target=target)
        for name in ("maps", "predictions", "targets", "logits"):
            np.testing.assert_array_equal(result[name], expected[name])
        places = locate(vote, X, target=target)
        np.testing.assert_array_equal(places.targets, expected.targets)
    with pytest.raises(ValueError, match=r"target: .*\[0\].*not among the classes"):
        activation_map(vote, X, target=0)


@pytest.mark.parametrize("to_pandas", [False, True])
def test_named_columns_make_no_warning(to_pandas, recwarn):
    X = pd.DataFrame(np.random.default_rng(0).random((6, 32))).add_prefix("bin")
    net = GlobalPoolCNNClassifier((4,), **QUICK)
    if to_pandas:
        net = make_pipeline(MinMaxScale(), net).set_output(transform="pandas")
    net.fit(X, [0, 1] * 3)
    activation_map(net, X)
    locate(net, X)
    assert not list(recwarn)
    with pytest.raises(ValueError, match="feature names"):
        activation_map(net, X[X.columns[::-1]])


def test_a_search_or_vote_that_is_not_fitted_is_named():
    net = GlobalPoolCNNClassifier(**QUICK)
    vote = VotingClassifier([("net", net)])
    for model in (GridSearchCV(net, {}), vote, make_pipeline(MinMaxScale(), vote)):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            activation_map(model, np.zeros((2, 32)))
        with pytest.raises(NotFittedError, match="not fitted yet"):
            describe(model)


@pytest.mark.parametrize("model", [LogisticRegression(), "net", None, 3])
def test_an_estimator_without_a_net_is_named(model):
    for function in (activation_map, locate):
        with pytest.raises(ValueError, match="must be a net classifier"):
            function(model, np.zeros((2, 8)))
    with pytest.raises(ValueError, match="must be a net classifier"):
        describe(model)


@pytest.mark.parametrize(
    ("target", "message"),
    [(7, r"target: .*\[7\]"), ([0, 1], "one for each of the 12"), ("a", "target: ")],
)
def test_a_wrong_target_is_an_error(target, message):
    net, X = make_net()
    with pytest.raises(ValueError, match=message):
        activation_map(net, X, target=target)


@pytest.mark.parametrize("threshold", [0, 1, -0.5, "a", None, np.nan, True])
def test_a_wrong_threshold_is_an_error(threshold):
    net, X = make_net()
    with pytest.raises(ValueError, match="threshold must be"):
        locate(net, X, threshold=threshold)


def test_describe_counts_what_the_net_has(model):
    found = describe(model)
    module = model[-1].module_
    assert found.n_parameters == sum(p.numel() for p in module.parameters())
    assert found.n_parameters == sum(layer.n_parameters for layer in found.layers)
    convs = [layer for layer in found.layers if layer.name.endswith("conv")]
    assert [c.output_shape[0] for c in convs] == [16, 16, 32]
    width = 1e6 / 256
    assert found.resolution_hz == pytest.approx(width)
    assert found.receptive_field_hz == pytest.approx(width * found.receptive_field)
    assert found.receptive_field == 7 + 7 * 1 + 7 * 2 and found.stride == 4
    assert found.invariance == "exact"
    text = repr(found)
    assert "28 bins = 109375 Hz" in text and f"{found.n_parameters:,}" in text
    first = convs[0]
    assert first.n_products == 7 * 16 * 256


def test_each_emission_of_a_mixture_is_located():
    shapes = ("rect", "am")
    options = dict(shapes=shapes, n_times=1024, fs=1000.0, n_emissions=(1, 2))
    train = make_spectral_mixtures(300, random_state=0, **options)
    data = make_spectral_mixtures(
        80, return_X_y=False, random_state=1, snr_db=15.0, **options
    )
    psd = WelchPSD(1000.0, nperseg=128, return_onesided=False, decibels=True)
    net = GlobalPoolCNNClassifier((16, 16), max_epochs=40, random_state=0)
    model = make_pipeline(psd, MinMaxScale(), net).fit(*train)
    place = locate(model, data.X)
    assert place.center_freq.shape == place.targets.shape == data.y.shape
    np.testing.assert_array_equal(np.isnan(place.low), place.predictions == 0)
    found = (place.predictions == 1) & (data.y == 1)
    assert found.sum() > 60
    low, high = data.bands[found].T
    width = (high - low) % 1000
    error = (place.center_freq[found] - low - width / 2 + 500) % 1000 - 500
    assert np.median(np.abs(error) / width) < 0.3
    one = locate(model, data.X, target=1)
    same = found[:, 1]
    np.testing.assert_array_equal(one.low[same], place.low[same, 1])
    assert one.unit == "Hz" and one.low.shape == (80,)
