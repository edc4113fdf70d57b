"""The Pipeline that is recommended for each kind of frequency axis."""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from sk_psd import GlobalPoolCNNClassifier, make_spectrum_classifier
from sk_psd.datasets import make_harmonic_sounds, make_spectral_shapes

# Sampling frequency, length of the segments, epochs enough for the easy data below.
SETTINGS = {
    "two-sided": (1.0, 128, 16),
    "one-sided": (1000.0, 256, 12),
    "log": (16000.0, 4096, 40),
}
AXES = pytest.mark.parametrize("axis", SETTINGS)
ROBUST = pytest.mark.parametrize("robust", [False, True])


def make_data(axis, n_samples, seed, moved=False):
    """Return labeled signals, at the place of the training data or moved from it."""
    if axis == "log":
        f0 = (240.0, 336.0) if moved else (160.0, 224.0)
        return make_harmonic_sounds(n_samples, f0=f0, random_state=seed)
    options = dict(shapes=("rect", "twohump"), snr_db=20.0, random_state=seed)
    if axis == "one-sided":
        options |= dict(real=True, fs=1000.0, bandwidth=100.0)
        place = (160.0, 240.0) if moved else (190.0, 210.0)
    else:
        place = (0.2, 0.3) if moved else (-0.02, 0.02)
    return make_spectral_shapes(n_samples, center_freq=place, **options)


def make(axis, robust=False, **params):
    fs, nperseg, _ = SETTINGS[axis]
    return make_spectrum_classifier(
        axis, fs=fs, nperseg=nperseg, robust=robust, **params
    )


@ROBUST
@AXES
def test_the_steps_are_those_of_the_axis(axis, robust):
    fs, nperseg, _ = SETTINGS[axis]
    model = make(axis, robust, device="cpu", random_state=3)
    expected = ["psd", "log", "scale", "net"]
    if axis != "log":
        expected.remove("log")
    if robust:
        expected.remove("scale")
    assert list(model.named_steps) == expected
    psd, net = model["psd"], model["net"]
    two_sided = axis == "two-sided"
    assert psd.get_params()["fs"] == fs and psd.nperseg == nperseg
    assert psd.decibels and psd.range_db == "auto"
    assert psd.return_onesided is not two_sided
    assert psd.detrend == (False if two_sided else "constant")
    zeros = axis == "log" or (axis == "one-sided" and robust)
    assert net.padding_mode == ("zeros" if zeros else "circular")
    assert net.level == ("median" if robust else None)
    with_noise = robust and axis != "log"
    assert net.augmentation == ("robust" if with_noise else "auto")
    assert (net.device, net.random_state) == ("cpu", 3)
    if axis == "log":
        assert net.kernel_size == 32 and model["log"].fs == fs


@ROBUST
@AXES
def test_moved_signals_are_told_apart(axis, robust):
    X, y = make_data(axis, 160, 0)
    X_moved, y_moved = make_data(axis, 80, 1, moved=True)
    model = make(axis, robust, random_state=0)
    model.set_params(net__max_epochs=SETTINGS[axis][2]).fit(X, y)
    assert model.score(X_moved, y_moved) > 0.9
    freqs = model["psd"].freqs_
    # The rest of the mean is left out where the axis ends.
    assert (0 in freqs) == (axis == "two-sided")
    if robust:
        quiet = model.predict_proba(X_moved / 100)
        np.testing.assert_allclose(quiet, model.predict_proba(X_moved), atol=1e-3)
    loaded = pickle.loads(pickle.dumps(model))
    expected = model.predict_proba(X_moved)
    np.testing.assert_array_equal(loaded.predict_proba(X_moved), expected)


def test_a_clone_is_not_fitted_and_gives_the_same_again():
    X, y = make_data("one-sided", 40, 0)
    model = make("one-sided", robust=True, random_state=0)
    model.set_params(net__max_epochs=2).fit(X, y)
    again = clone(model)
    assert not hasattr(again["net"], "classes_")
    again.fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert len(cross_val_score(model, X, y, cv=2)) == 2


def test_all_parameters_are_reached_by_name():
    model = make("log").set_params(
        psd__fmin=100.0, log__n_freqs=128, scale="passthrough", net__max_epochs=3
    )
    params = model.get_params()
    assert (params["psd__fmin"], params["log__n_freqs"]) == (100.0, 128)
    assert (params["scale"], params["net__max_epochs"]) == ("passthrough", 3)


@pytest.mark.parametrize("nperseg", [32, 2048])
def test_another_length_of_the_segments_leaves_out_the_first_bin_alone(nperseg):
    X, _ = make_data("one-sided", 4, 0)
    psd = make("one-sided").set_params(psd__nperseg=nperseg)["psd"].fit(X)
    np.testing.assert_allclose(psd.freqs_, np.fft.rfftfreq(nperseg, 1e-3)[1:])


@ROBUST
@AXES
def test_a_vote_is_the_mean_of_the_net_and_of_the_features(axis, robust):
    X, y = make_data(axis, 80, 0)
    model = make(axis, robust, vote=True, device="cpu", random_state=0)
    alone = make(axis, robust, device="cpu", random_state=0)
    assert list(model.named_steps)[:-1] == list(alone.named_steps)[:-1]
    model.set_params(vote__net__max_epochs=3).fit(X, y)
    alone.set_params(net__max_epochs=3).fit(X, y)
    spectra = model[:-1].transform(X)
    features = model["vote"].named_estimators_["features"]
    mean = (alone.predict_proba(X) + features.predict_proba(spectra)) / 2
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba, mean)
    np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(1)])
    assert model.score(X, y) > 0.9
    shift, *others = features.augmentation
    assert shift.max_shift == (0.5 if axis == "two-sided" else 0.1)
    assert shift.mode == "floor" and len(others) == 2 * (robust and axis != "log")
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), proba)
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), proba)


def test_a_vote_on_the_circle_is_exact():
    X, y = make_data("two-sided", 40, 0)
    model = make("two-sided", vote=True, random_state=0)
    model.set_params(vote__net__max_epochs=1).fit(X, y)
    row = model[:-1].transform(X[:1])
    rolled = np.concatenate([np.roll(row, s, axis=1) for s in range(row.shape[1])])
    proba = model["vote"].predict_proba(rolled)
    assert np.ptp(proba, axis=0).max() == 0


def test_a_vote_takes_weights_channels_and_searches():
    X, y = make_data("two-sided", 40, 0)
    model = make("two-sided", vote=True, random_state=0)
    model.set_params(vote__net__max_epochs=1)
    weight = np.where(np.arange(40) < 30, 1.0, 0.0)
    few = clone(model).fit(X, y, vote__sample_weight=weight)
    voters = few["vote"].named_estimators_
    assert voters["features"].scaler_.n_samples_seen_ == 4 * 30
    assert model.fit(np.stack([X, X], axis=1), y).predict(
        np.stack([X, X], axis=1)
    ).shape == (40,)
    grid = {"vote__net__kernel_size": [4, 8], "vote__weights": [None, [2, 1]]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.best_params_.keys() == grid.keys()


def test_a_vote_takes_no_table_of_labels():
    X, _ = make_data("two-sided", 8, 0)
    model = make("two-sided", vote=True)
    with pytest.raises(NotImplementedError, match="Multilabel .* not supported"):
        model.fit(X, np.eye(4, dtype=int)[[0, 1, 2, 3] * 2])


def test_two_sided_and_256_samples_are_the_defaults():
    model = make_spectrum_classifier(fs=2e6)
    assert isinstance(model["net"], GlobalPoolCNNClassifier)
    assert not model["psd"].return_onesided
    assert (model["psd"].fs, model["psd"].nperseg) == (2e6, 256)
    assert (model["net"].device, model["net"].random_state) == ("auto", None)


@pytest.mark.parametrize(
    "params, message",
    [
        (
            dict(axis="circular", fs=1.0),
            "axis must be 'two-sided', 'one-sided' or 'log'.*'circular'",
        ),
        (dict(fs=0), "fs must be .*0"),
        (dict(fs=-1.0), "fs must be .*-1"),
        (dict(fs="fast"), "fs must be .*'fast'"),
        (dict(fs=np.nan), "fs must be .*nan"),
        (dict(fs=1.0, robust="yes"), "robust must be .*'yes'"),
        (dict(fs=1.0, vote="soft"), "vote must be True or False.*'soft'"),
        (dict(fs=1.0, nperseg=0), "nperseg must be .*0"),
        (dict(fs=1.0, nperseg="auto"), "nperseg must be .*'auto'"),
        (dict(fs=1.0, axis="one-sided", nperseg=None), "nperseg must be .*None"),
    ],
    ids=str,
)
def test_bad_arguments_are_named(params, message):
    with pytest.raises(ValueError) as error:
        make_spectrum_classifier(**params)
    assert re.search(message, str(error.value))


def test_the_sampling_frequency_has_no_default():
    with pytest.raises(TypeError, match="fs"):
        make_spectrum_classifier("one-sided")
