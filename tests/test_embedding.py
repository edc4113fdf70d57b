"""The features of a net as input of other estimators of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    SpectrogramCNNClassifier,
    WelchPSD,
)

SMALL = dict(max_epochs=1, random_state=0)
NETS = [
    (GlobalPoolCNNClassifier((4, 5), **SMALL), 10),
    (GlobalPoolCNNClassifier((4, 5), pooling="mean", level="median", **SMALL), 5),
    (FlattenCNNClassifier(3, 5, pool_size=2, **SMALL), 3 * 15),
    (SpectrogramCNNClassifier((4, 6), **SMALL), 12),
    (SpectrogramCNNClassifier((4, 6), pool_axis="time", pooling="max", **SMALL), 48),
]
EACH = pytest.mark.parametrize("net, n_features", NETS, ids=repr)


@EACH
def test_the_linear_layer_of_the_features_gives_the_logits(net, n_features, blobs):
    X, y = blobs
    net = clone(net).fit(X, y)
    features = net.transform(X)
    assert features.shape == (len(X), n_features) and features.dtype == np.float64
    head = net.module_.head
    weight, bias = (p.detach().numpy().astype(float) for p in (head.weight, head.bias))
    logits = features @ weight.T + bias
    expected = net.predict_log_proba(X)
    np.testing.assert_allclose(np.diff(logits), np.diff(expected), atol=1e-4)


@EACH
def test_a_row_of_features_depends_on_no_other_row(net, n_features, blobs):
    X, y = blobs
    net = clone(net).fit(X, y)
    features = net.transform(X)
    for rows in (slice(0, 1), slice(35, 40), slice(7, 30)):
        np.testing.assert_array_equal(net.transform(X[rows]), features[rows])


@EACH
def test_fit_transform_passes_the_weights_on(net, n_features, blobs):
    X, y = blobs
    weight = np.where(np.arange(len(X)) % 3, 1.0, 0.0)
    kept = weight > 0
    found = clone(net).fit_transform(X, y, sample_weight=weight)
    expected = clone(net).fit(X[kept], y[kept]).transform(X)
    np.testing.assert_array_equal(found, expected)


@EACH
def test_features_have_names(net, n_features, blobs):
    X, y = blobs
    net = clone(net).set_output(transform="pandas").fit(X, y)
    frame = net.transform(X)
    prefix = type(net).__name__.lower()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame)[:2] == [f"{prefix}0", f"{prefix}1"]
    assert list(frame) == list(net.get_feature_names_out())
    assert isinstance(net.predict_proba(X), np.ndarray)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_circular_shift_changes_a_feature(data):
    n_freqs = data.draw(st.integers(8, 120))
    n_channels = data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    X = rng.exponential(size=(6, n_channels, n_freqs)).astype(dtype)
    if data.draw(st.booleans()):
        X = np.round(X)  # spectra with ties
    net = GlobalPoolCNNClassifier(
        n_filters=(3, 4)[: data.draw(st.integers(1, 2))],
        kernel_size=data.draw(st.sampled_from(["auto", 1, 3, 8])),
        stride=data.draw(st.sampled_from(["auto", 1, 3])),
        pooling=data.draw(st.sampled_from(["max", "mean", "max_mean"])),
        level=data.draw(st.sampled_from([None, "median", "minmax"])),
        max_epochs=1,
        random_state=0,
    )
    net.fit(X, [0, 1] * 3)
    rolls = np.stack([np.roll(X[0], shift, axis=-1) for shift in range(n_freqs)])
    features = net.transform(rolls)
    assert abs(features - features[0]).max() == 0.0


def test_estimators_of_scikit_learn_stand_on_the_net(signals):
    psd = WelchPSD(nperseg=64, return_onesided=False, detrend=False, decibels=True)
    net = GlobalPoolCNNClassifier((8, 8), max_epochs=5, random_state=0)
    X, y = signals.X_train, signals.y_train
    weight = 1.0 + np.arange(len(y)) % 2
    pipe = make_pipeline(psd, MinMaxScale(), net)
    weights = {"globalpoolcnnclassifier__sample_weight": weight}
    features = pipe.fit(X, y, **weights).transform(X)
    assert features.shape == (160, 16)
    on_top = make_pipeline(psd, MinMaxScale(), clone(net), LogisticRegression())
    on_top.fit(X, y, **weights)
    np.testing.assert_array_equal(on_top[:-1].transform(X), features)
    assert on_top.score(X, y) > 0.5
    names = on_top[:-1].get_feature_names_out()
    assert names[-1] == "globalpoolcnnclassifier15"
    novelty = LocalOutlierFactor(novelty=True)
    detector = make_pipeline(psd, MinMaxScale(), clone(net), novelty).fit(X, y)
    noise = np.random.default_rng(0).standard_normal((20, *X.shape[1:], 2))
    scores = detector.score_samples(noise.view(complex)[..., 0])
    assert np.median(scores) < np.median(detector.score_samples(X))
