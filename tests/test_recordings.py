"""Recordings: windows without leaks, votes, weights, early stopping, monitoring."""

import pickle

import numpy as np
import pytest
from draws import examples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sk_psd import (
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
    WindowedClassifier,
    cut_windows,
    recordings,
    shift_curve,
    vote,
)

RNG = np.random.default_rng(0)


def make_net(**params):
    params = dict(max_epochs=2, random_state=0) | params
    net = GlobalPoolCNNClassifier((4, 4), padding_mode="zeros", **params)
    psd = WelchPSD(nperseg=64, decibels=True)
    return Pipeline([("psd", psd), ("scale", MinMaxScale()), ("net", net)])


def make_recordings(n=24, lengths=(400, 1500), channels=(), seed=0):
    """Noise of two classes: with one line anywhere, or with two."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    rows = []
    for label in y:
        t = np.arange(rng.integers(*lengths))
        phases = rng.uniform(0, 6, (2, *channels, 1))
        freq = rng.uniform(0.5, 1.8)
        row = np.cos(freq * t + phases[0]) + label * np.cos(
            (freq + 0.7) * t + phases[1]
        )
        rows.append(row + 0.3 * rng.standard_normal(row.shape))
    return rows, np.array(["one", "two"])[y]


# Windows


@examples(100)
@given(st.data())
def test_windows_are_slices_of_their_recordings(data):
    n_times = data.draw(st.integers(1, 12))
    step = data.draw(st.none() | st.integers(1, 15))
    pad = data.draw(st.booleans())
    lengths = data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=5))
    channels = data.draw(st.sampled_from([(), (1,), (3,)]))
    rows = [np.arange(np.prod(channels, dtype=int) * n) for n in lengths]
    rows = [row.reshape(*channels, -1) for row in rows]
    if min(lengths) < n_times and not pad:
        i = int(np.flatnonzero(np.array(lengths) < n_times)[0])
        match = rf"Recording {i} has {lengths[i]} samples, fewer than .*pad=True"
        with pytest.raises(ValueError, match=match):
            cut_windows(rows, n_times, step, pad=pad)
        return
    windows, index, starts = cut_windows(rows, n_times, step, pad=pad)
    assert windows.dtype == rows[0].dtype and index.dtype == starts.dtype == np.int64
    assert sorted(set(index)) == list(range(len(rows)))
    for window, i, start in zip(windows, index, starts, strict=True):
        part = rows[i][..., start : start + n_times]
        assert np.array_equal(window[..., : part.shape[-1]], part)
        assert not window[..., part.shape[-1] :].any()
    for i, length in enumerate(lengths):
        found = starts[index == i].tolist()
        last = max(length - n_times, 0)
        assert found == list(range(0, last + 1, step or n_times))


def test_windows_of_an_array_and_of_files_are_those_of_a_list(tmp_path, monkeypatch):
    X = RNG.standard_normal((3, 2, 50)).astype("f4")
    expected = cut_windows(list(X), 8, 5)
    file = np.memmap(tmp_path / "x.raw", "f4", "w+", shape=X.shape)
    file[:] = X
    monkeypatch.setattr(recordings, "_CHUNK_VALUES", 20)
    for same in (X, file, list(file)):
        for found, values in zip(cut_windows(same, 8, 5), expected, strict=True):
            np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    "args, match",
    [
        ((np.zeros(50), 5), r"Got shape \(50,\); pass \[recording\] for one"),
        (([np.zeros(50)], 0), "n_times must be a number of samples.*Got 0"),
        (([np.zeros(50)], 5, 0), "step must be a number of samples.*Got 0"),
        (([np.zeros((500, 2)), np.zeros((500, 2))], 5), r"pass x.T if time is the"),
        (([np.zeros(50), np.zeros((1, 50))], 5), "one axis, or as many channels"),
        (([np.full(50, "x")], 5), "must hold real or complex numbers"),
    ],
)
def test_bad_recordings_and_sizes_are_refused(args, match):
    with pytest.raises((ValueError, TypeError), match=match):
        cut_windows(*args)


# Votes


def test_a_vote_is_the_mean_or_the_product():
    proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [1.0, 0.0]])
    index = [7, 3, 7, 3]
    mean = vote(proba, index, "mean")
    np.testing.assert_allclose(mean, [[0.6, 0.4], [0.65, 0.35]])
    log = vote(proba, index)
    roots = np.sqrt([[0.2 * 1, 0.8 * 1e-6], [0.9 * 0.4, 0.1 * 0.6]])
    np.testing.assert_allclose(log, roots / roots.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(vote(proba, list("baba"), "mean"), mean[::-1][::-1])
    many = vote(np.tile([[1e-300, 1.0]], (5000, 1)), np.zeros(5000, int))
    assert np.isfinite(many).all()


@pytest.mark.parametrize(
    "args, match",
    [
        (([0.5, 0.5], [0, 0]), "proba must be of shape"),
        (([[0.5, 0.5]], [0, 1]), "index of shape"),
        (([[0.5, -0.5]], [0]), "finite numbers of at least 0"),
        (([[0.5, np.nan]], [0]), "finite numbers of at least 0"),
        (([[0.5, 0.5]], [0.5]), "index must hold an int or a name"),
        (([[0.5, 0.5]], [0], "sum"), "method must be 'log' or 'mean'. Got 'sum'"),
    ],
)
def test_bad_votes_are_refused(args, match):
    with pytest.raises(ValueError, match=match):
        vote(*args)


# No leaks


def make_marked_recordings(n=40, n_times=2048):
    """Noise with a line of its own for each recording, and labels drawn by a coin."""
    rng = np.random.default_rng(0)
    freqs = rng.permutation(np.linspace(0.05, 3.05, n))
    lengths = rng.integers(n_times, 2 * n_times, n)
    rows = [
        np.cos(f * np.arange(length)) + 0.1 * rng.standard_normal(length)
        for f, length in zip(freqs, lengths, strict=True)
    ]
    return rows, rng.permutation(np.arange(n) % 2)


def test_windows_that_leak_score_near_one_and_whole_recordings_at_chance():
    rows, y = make_marked_recordings()
    psd = WelchPSD(nperseg=256, decibels=True)
    model = make_pipeline(psd, StandardScaler(), LogisticRegression(max_iter=1000))
    windows, index, _ = cut_windows(rows, 512)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    leaking = cross_val_score(model, windows, y[index], cv=folds).mean()
    grouped = cross_val_score(
        model, windows, y[index], groups=index, cv=GroupKFold(5)
    ).mean()
    whole = cross_val_score(WindowedClassifier(model, 512), rows, y, cv=folds).mean()
    assert leaking > 0.98
    assert abs(grouped - 0.5) < 0.25 and abs(whole - 0.5) < 0.25


def test_recordings_whose_classes_differ_are_told_apart_by_a_search():
    rows, y = make_recordings()
    model = WindowedClassifier(make_net(max_epochs=40), 256)
    assert cross_val_score(model, rows, y, cv=3).mean() >= 0.95
    grid = {
        "n_times": [128, 256],
        "vote": ["log", "mean"],
        "estimator__net__lr": [0.01],
        "estimator__psd__nperseg": [64],
    }
    search = GridSearchCV(model, grid, cv=2, n_jobs=2, error_score="raise")
    search.fit(rows, y)
    assert search.best_score_ >= 0.95 and search.score(rows, y) >= 0.95
    proba = cross_val_predict(model, rows, y, cv=2, method="predict_proba")
    assert proba.shape == (24, 2)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


class Spy(ClassifierMixin, BaseEstimator):
    """Classifier that keeps what it is trained on."""

    def __init__(self, early_stopping=False, validation_fraction=0.1, random_state=0):
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        self.classes_ = np.unique(y)
        self.train_ = X, y, sample_weight
        self.valid_ = X_val, y_val, sample_weight_val
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


def numbered_recordings(n=20):
    """Recording i holds the number i everywhere."""
    lengths = np.random.default_rng(0).integers(30, 90, n)
    return [np.full(length, float(i)) for i, length in enumerate(lengths)]


def test_early_stopping_sets_whole_recordings_aside():
    rows, y = numbered_recordings(), np.arange(20) % 2
    y[7] = 2  # the only one of its class
    inner = Pipeline([("again", StandardScaler()), ("spy", Spy(True))])
    pipe = Pipeline([("scale", StandardScaler()), ("inner", inner)])
    model = WindowedClassifier(pipe, 10, 5).fit(rows, y)
    held = model.validation_recordings_
    assert len(held) == 2 and 7 not in held and set(y[held]) == {0, 1}
    spy = model.estimator_.named_steps["inner"].named_steps["spy"]

    def recordings_of(X):
        before = model.estimator_[0].inverse_transform(
            model.estimator_[-1][0].inverse_transform(X)
        )
        return before.round().astype(int)[:, 0]

    (X, labels, weights), (X_val, y_val, weights_val) = spy.train_, spy.valid_
    seen, watched = recordings_of(X), recordings_of(X_val)
    assert set(watched) == set(held) and not set(seen) & set(held)
    assert set(seen) | set(watched) == set(range(20))
    np.testing.assert_array_equal(labels, y[seen])
    np.testing.assert_array_equal(y_val, y[watched])
    for which, weight in [(seen, weights), (watched, weights_val)]:
        sums = np.bincount(which, weight)
        np.testing.assert_allclose(sums[sums > 0], sums.max())
        assert weight.mean() == pytest.approx(1)
    # The scaler knows the training windows only.
    assert model.estimator_[0].mean_[0] == pytest.approx(seen.mean())
    again = clone(model).fit(rows, y)
    np.testing.assert_array_equal(again.validation_recordings_, held)


def test_each_class_of_several_recordings_is_validated_on():
    y = np.repeat(["a", "b", "c", "d"], [60, 3, 2, 1])
    rows = [np.full(20, float(i)) for i in range(len(y))]
    for seed in range(5):
        model = WindowedClassifier(Spy(True, random_state=seed), 10).fit(rows, y)
        held = y[model.validation_recordings_]
        assert set(held) == {"a", "b", "c"} and sum(held == "a") == 7
        assert set(model.estimator_.train_[1]) == {"a", "b", "c", "d"}


def test_a_net_stops_early_by_other_recordings():
    rows, y = make_recordings()
    net = make_net(early_stopping=True, validation_fraction=0.25, max_epochs=4)
    model = WindowedClassifier(net, 128).fit(rows, y)
    held = model.validation_recordings_
    windows, index, _ = cut_windows([rows[i] for i in held], 128)
    fitted = model.estimator_[-1]
    proba = model.estimator_.predict_proba(windows)
    codes = np.searchsorted(model.classes_, y[held])[index]
    losses = -np.log(proba[np.arange(len(codes)), codes])
    expected = vote_weighted(losses, index)
    found = fitted.history_[fitted.best_epoch_ - 1]["valid_loss"]
    assert found == pytest.approx(expected, rel=1e-4)
    assert len(held) == 6


def vote_weighted(losses, index):
    return np.mean([losses[index == i].mean() for i in set(index)])


def test_an_estimator_that_would_watch_its_own_recordings_is_refused():
    rows, y = make_recordings()
    pipe = make_pipeline(WelchPSD(nperseg=64), MLPClassifier(early_stopping=True))
    with pytest.raises(ValueError, match="MLPClassifier.* takes no X_val"):
        WindowedClassifier(pipe, 128, weight="window").fit(rows, y)
    few = WindowedClassifier(make_net(early_stopping=np.bool_(True)), 128)
    with pytest.raises(ValueError, match="at least two recordings"):
        few.fit(rows[:2], ["a", "b"])


# Weights


def test_each_recording_has_the_same_weight_unless_each_window_has():
    rows, y = numbered_recordings(), np.arange(20) % 2
    model = WindowedClassifier(Spy(), 10).fit(rows, y)
    X, _, weights = model.estimator_.train_
    which = X[:, 0].astype(int)
    np.testing.assert_allclose(np.bincount(which, weights), len(X) / 20)
    model.set_params(weight="window").fit(rows, y)
    assert model.estimator_.train_[2] is None
    given_weights = np.arange(20.0)
    model.fit(rows, y, sample_weight=given_weights)
    X, _, weights = model.estimator_.train_
    np.testing.assert_array_equal(weights, X[:, 0])  # recording 0 is left out
    model.set_params(weight="recording").fit(rows, y, sample_weight=given_weights)
    X, _, weights = model.estimator_.train_
    sums = np.bincount(X[:, 0].astype(int), weights)
    np.testing.assert_allclose(sums / sums[1], given_weights)
    equal = [row[:30] for row in rows]
    assert model.fit(equal, y).estimator_.train_[2] is None
    left_out = clone(model).fit(rows[5:], y[5:])
    model.fit(rows, y, sample_weight=np.arange(20) >= 5)
    for found, expected in zip(
        model.estimator_.train_, left_out.estimator_.train_, strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_an_estimator_without_weights_needs_equal_numbers_of_windows():
    rows, y = make_recordings()
    pipe = make_pipeline(WelchPSD(nperseg=64, decibels=True), KNeighborsClassifier())
    model = WindowedClassifier(pipe, 128)
    with pytest.raises(ValueError, match="KNeighborsClassifier.*weight='window'"):
        model.fit(rows, y)
    assert model.set_params(weight="window").fit(rows, y).score(rows, y) == 1.0
    equal = [row[:400] for row in rows]
    assert model.set_params(weight="recording").fit(equal, y).score(rows, y) == 1.0


# Predictions


def test_labels_of_windows_are_votes_where_there_are_no_probabilities():
    rows, y = make_recordings()
    pipe = make_pipeline(WelchPSD(nperseg=64, decibels=True), LinearSVC())
    for method in ("log", "mean"):
        model = WindowedClassifier(pipe, 128, vote=method).fit(rows, y)
        assert model.score(rows, y) == 1.0
    _, proba = model.predict_windows(rows[0])
    assert set(np.unique(proba)) <= {0.0, 1.0}
    np.testing.assert_array_equal(model.predict_proba(rows[:1])[0], proba.mean(axis=0))


@pytest.mark.parametrize("channels", [(), (2,)])
def test_chunks_give_the_bits_of_the_whole(channels, tmp_path, monkeypatch):
    rows, y = make_recordings(12, channels=channels)
    model = WindowedClassifier(make_net(), 128, 60).fit(rows, y)
    expected = model.predict_proba(rows), model.transform(rows)
    times, proba = model.predict_windows(rows[0], 7, fs=8e3)
    windows, _, starts = cut_windows(rows[:1], 128, 7)
    np.testing.assert_array_equal(proba, model.estimator_.predict_proba(windows))
    np.testing.assert_array_equal(times, (starts + 64) / 8e3)
    file = np.memmap(tmp_path / "x.raw", "f8", "w+", shape=rows[0].shape)
    file[:] = rows[0]
    for n_values in (1, 128 * 3, 10_000):
        monkeypatch.setattr(recordings, "_CHUNK_VALUES", n_values)
        found = model.predict_proba(rows), model.transform(rows)
        for values, same in zip(found, expected, strict=True):
            np.testing.assert_array_equal(values, same)
        for recording in (rows[0], file):
            found = model.predict_windows(recording, 7, fs=8e3)
            np.testing.assert_array_equal(found[0], times)
            np.testing.assert_array_equal(found[1], proba)
    alone = [model.predict_proba([row])[0] for row in rows]
    np.testing.assert_array_equal(alone, expected[0])
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(rows), expected[0])


def test_a_vote_of_the_windows_is_the_prediction():
    rows, y = make_recordings(12)
    for method in ("log", "mean"):
        model = WindowedClassifier(make_net(), 128, vote=method).fit(rows, y)
        for row, proba in zip(rows, model.predict_proba(rows), strict=True):
            _, windows = model.predict_windows(row)
            expected = vote(windows, np.zeros(len(windows), int), method)[0]
            np.testing.assert_array_equal(proba, expected)


def test_transform_is_the_mean_over_the_windows_and_has_names():
    rows, y = make_recordings(12)
    model = WindowedClassifier(make_net(), 128).fit(rows, y)
    features = model.transform(rows)
    windows, index, _ = cut_windows(rows, 128)
    each = model.estimator_.transform(windows)
    for i, row in enumerate(features):
        np.testing.assert_array_equal(row, each[index == i].mean(axis=0))
    names = model.get_feature_names_out()
    assert len(names) == features.shape[1] and names[0] == "globalpoolcnnclassifier0"
    on_top = make_pipeline(clone(model), LogisticRegression())
    assert on_top.fit(rows, y).score(rows, y) > 0.9
    plain = WindowedClassifier(LogisticRegression(), 128)
    assert not hasattr(plain, "transform")
    assert not hasattr(plain.fit(rows, y), "get_feature_names_out")


def test_short_recordings_are_named_or_padded():
    rows, y = make_recordings(12)
    rows[5] = rows[5][:100]
    model = WindowedClassifier(make_net(), 128)
    with pytest.raises(ValueError, match="Recording 5 has 100 samples, fewer than"):
        model.fit(rows, y)
    assert not hasattr(model, "estimator_")
    model.set_params(pad=True).fit(rows, y)
    assert model.predict(rows).shape == (12,)
    with pytest.raises(ValueError, match="Recording 0 has 100 samples"):
        model.set_params(pad=False).predict_windows(rows[5])
    with pytest.raises(ValueError, match=r"recording must be of shape \(length,\)"):
        model.predict_windows(np.zeros((2, 2, 500)))


def test_recordings_of_one_length_come_as_an_array():
    rows, y = make_recordings(12, (400, 401))
    X = np.array(rows)
    model = WindowedClassifier(make_net(), 128).fit(X, y)
    assert model.n_features_in_ == 400
    same = clone(model).fit(rows, y)
    assert same.n_features_in_ == 400
    np.testing.assert_array_equal(same.predict_proba(rows), model.predict_proba(X))
    with pytest.raises(ValueError, match="X has 300 features, but .* expecting 400"):
        model.predict(X[:, :300])
    assert model.predict([row[:300] for row in rows]).shape == (12,)
    unequal = model.fit([rows[0][:300], *rows[1:]], y)
    assert not hasattr(unequal, "n_features_in_")


def test_bad_arguments_are_refused():
    rows, y = make_recordings(4)
    for params, match in [
        (dict(n_times=0), "'n_times' .*Got 0 instead"),
        (dict(step=0), "'step' .*Got 0 instead"),
        (dict(vote="sum"), "'vote' .*Got 'sum' instead"),
        (dict(weight="length"), "'weight' .*Got 'length' instead"),
        (dict(estimator=3), "'estimator' .*Got 3 instead"),
    ]:
        model = WindowedClassifier(make_net(), 128).set_params(**params)
        with pytest.raises(ValueError, match=match):
            model.fit(rows, y)
    model = WindowedClassifier(make_net(), 128)
    with pytest.raises(ValueError, match="at least 2 classes"):
        model.fit(rows, ["a"] * 4)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(rows, y[:3])
    with pytest.raises(ValueError, match="at least 2 classes"):
        model.fit(rows, y, sample_weight=[1, 0, 1, 0])


def test_a_recording_with_a_gap_is_named():
    rows, y = make_recordings(12)
    model = WindowedClassifier(make_net(), 128).fit(rows, y)
    rows[5][300] = np.nan
    match = "Recording 5 contains NaN, first in sample 300"
    with pytest.raises(ValueError, match=match):
        model.predict(rows)
    with pytest.raises(ValueError, match=match):
        clone(model).fit(rows, y)
    with pytest.raises(ValueError, match="Recording 0 contains NaN, .* sample 300"):
        model.predict_windows(rows[5])
    stereo, _ = make_recordings(12, channels=(2,))
    stereo[3][1, 7] = np.inf
    with pytest.raises(ValueError, match="3 contains infinity, .* channel 1, sample 7"):
        clone(model).fit(stereo, y)
    model.set_params(estimator__psd__nan_segments="omit")
    assert model.fit(rows, y).predict(rows).shape == (12,)


def test_a_shift_curve_finds_the_spectra_inside():
    rows, y = make_recordings(12, (400, 401))
    model = WindowedClassifier(make_net(max_epochs=30), 128).fit(np.array(rows), y)
    curve = shift_curve(model, np.array(rows), y, shifts=[0.0, 0.05])
    assert curve.scores[0] == model.score(rows, y)


def test_a_search_inside_is_warned_of_as_it_splits_windows():
    rng = np.random.default_rng(0)
    X = [rng.standard_normal(400) for _ in range(8)]
    inner = make_pipeline(
        WelchPSD(nperseg=64, decibels=True),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2),
    )
    with pytest.warns(UserWarning, match=r"splits windows.*outside: GridSearchCV\(Win"):
        WindowedClassifier(inner, 100).fit(X, [0, 1] * 4)


@pytest.mark.parametrize(
    "X, match",
    [
        ([], "X holds no recordings: Got an empty list"),
        (np.ones(300), r"X has shape \(300,\).* into a list, \[recording\]"),
        ([[1.0, 2.0], [1.0]], r"list of arrays, \[np.asarray\(x\) for x in X\]"),
    ],
)
def test_what_is_no_list_of_recordings_is_named(X, match):
    model = WindowedClassifier(LogisticRegression(), 2)
    with pytest.raises(ValueError, match=match):
        model.fit(X, [0, 1])
