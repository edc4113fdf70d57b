"""Several labels for each sample: y as an indicator matrix."""

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, multilabel_confusion_matrix
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from skorch.callbacks import BatchScoring, EarlyStopping, EpochScoring

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    ShiftCurveDisplay,
    SpectrogramCNNClassifier,
    WelchPSD,
    WindowedClassifier,
    shift_curve,
    shift_invariance,
)
from sk_psd._class_weights import weigh_indicators
from sk_psd._holdout import set_aside_by_rarest
from sk_psd.datasets import make_spectral_mixtures

N_BINS = 48


def make_rows(n_samples, seed, *, at=None):
    """Return rows with a line, a plateau and a comb, each in half of the rows."""
    rng = np.random.default_rng(seed)
    shapes = np.zeros((3, N_BINS))
    shapes[0, 0], shapes[1, :9], shapes[2, [0, 4, 8]] = 1.5, 1, 1
    Y = rng.integers(0, 2, (n_samples, 3))
    place = rng.integers(0, N_BINS, Y.shape) if at is None else np.full(Y.shape, at)
    X = 0.1 * rng.random((n_samples, N_BINS))
    for i, k in np.argwhere(Y):
        X[i] += np.roll(shapes[k], place[i, k])
    return X, Y


X, Y = make_rows(120, 0)
NET = GlobalPoolCNNClassifier((8, 8), 9, max_epochs=6, random_state=0)
QUICK = [
    NET,
    FlattenCNNClassifier(4, 5, max_epochs=4, random_state=0),
    SpectrogramCNNClassifier((4, 4), max_epochs=4, random_state=0),
]
EACH = pytest.mark.parametrize("model", QUICK, ids=lambda m: type(m).__name__)
EACH_WITH_ALL_OPTIONS = pytest.mark.parametrize(
    "model", [QUICK[0], QUICK[2]], ids=lambda m: type(m).__name__
)


def same(first, second, X=X):
    return np.array_equal(first.predict_proba(X), second.predict_proba(X))


# Fit and predict


@pytest.mark.parametrize(
    "model, options",
    [
        (GlobalPoolCNNClassifier((8, 16), 9), dict(max_epochs=100, augmentation=None)),
        (FlattenCNNClassifier(8, 5), dict(max_epochs=60)),
        (SpectrogramCNNClassifier((8, 16)), dict(max_epochs=40)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_net_learns_the_labels_and_gives_each_a_probability_of_its_own(
    model, options
):
    X, Y = make_rows(120, 1, at=20)
    model = clone(model).set_params(random_state=0, **options).fit(X, Y)
    assert model.classes_.tolist() == [0, 1, 2]
    proba, predicted = model.predict_proba(X), model.predict(X)
    assert proba.shape == predicted.shape == Y.shape
    assert proba.dtype == np.float64 and predicted.dtype == Y.dtype
    np.testing.assert_array_equal(predicted, proba > 0.5)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), rtol=1e-9)
    assert model.score(X, Y) > 0.9
    assert model.score(X, Y) == accuracy_score(Y, predicted)  # of whole rows
    assert np.ptp(proba.sum(axis=1)) > 1
    assert model.transform(X).shape[0] == len(X)


REPRESENTATIONS = {
    "bool": Y.astype(bool),
    "float32": Y.astype(np.float32),
    "int8": Y.astype(np.int8),
    "list of lists": Y.tolist(),
    "list of arrays": list(Y),
    "object": Y.astype(object),
    "csr": sparse.csr_array(Y),
    "csc matrix": sparse.csc_matrix(Y),
    "coo": sparse.coo_array(Y),
    "sparse bool": sparse.csr_array(Y.astype(bool)),
    "pandas": pd.DataFrame(Y, columns=["line", "plateau", "comb"]),
    "pandas bool": pd.DataFrame(Y.astype(bool)),
    "polars": pl.DataFrame(Y),
    "tensor": torch.from_numpy(Y),
}


@pytest.mark.parametrize("kind", REPRESENTATIONS)
def test_every_representation_of_the_indicators_gives_the_same_net(kind):
    model = clone(NET).set_params(max_epochs=1)
    first, second = clone(model).fit(X, Y), model.fit(X, REPRESENTATIONS[kind])
    assert same(first, second)
    predicted = second.predict(X)
    assert isinstance(predicted, np.ndarray) and predicted.dtype == Y.dtype


def test_binarized_lists_of_labels_go_there_and_back():
    names = np.array(["line", "plateau", "comb"])
    binarizer = MultiLabelBinarizer(classes=names)
    lists = [names[row == 1].tolist() for row in Y]
    model = clone(NET).fit(X, binarizer.fit_transform(lists))
    assert same(model, clone(NET).fit(X, Y))
    assert len(binarizer.inverse_transform(model.predict(X))) == len(X)


@EACH
def test_labels_of_all_samples_or_of_none_and_samples_without_labels(model):
    constant = np.column_stack([Y[:, 0], np.ones(120, int), np.zeros(120, int)])
    constant[:40, 0] = 0
    for options in ({}, {"class_weight": "balanced"}):
        fitted = clone(model).set_params(max_epochs=30, **options).fit(X, constant)
        predicted = fitted.predict(X)
        assert (predicted[:, 1] == 1).all() and (predicted[:, 2] == 0).all()
    nothing = clone(model).set_params(max_epochs=30).fit(X, np.zeros((120, 3), int))
    assert (nothing.predict(X) == 0).all() and nothing.score(X, 0 * Y) == 1


def test_the_loss_is_the_mean_binary_cross_entropy_weighted_by_sample():
    weight = 1.0 + np.arange(120) % 3
    model = clone(NET).fit(X, Y, X_val=X, y_val=Y, sample_weight_val=weight)
    p = model.predict_proba(X)
    losses = -np.where(Y == 1, np.log(p), np.log(1 - p)).mean(axis=1)
    expected = np.average(losses, weights=weight)
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)
    right = (model.predict(X) == Y).all(axis=1)
    accuracy = np.average(right, weights=weight)
    assert model.history_[-1]["valid_acc"] == pytest.approx(accuracy)


# Weights


@EACH
def test_samples_of_weight_zero_are_left_out(model):
    weight = np.repeat([1.0, 0.0], 60)
    wrong = np.vstack([Y[:60], 1 - Y[60:]])
    weighted = clone(model).fit(X, wrong, sample_weight=weight)
    assert same(weighted, clone(model).fit(X[:60], Y[:60]))


def test_heavy_samples_decide():
    contrary = np.vstack([Y, 1 - Y])
    weight = np.repeat([100.0, 1.0], 120)
    model = clone(NET).set_params(max_epochs=40)
    model.fit(np.vstack([X, X]), contrary, sample_weight=weight)
    assert np.mean(model.predict(X) == Y) > np.mean(model.predict(X) == 1 - Y) + 0.3


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_weights_are_those_of_scikit_learn_for_each_column(weighted):
    rng = np.random.default_rng(0)
    codes = (rng.random((50, 3)) < [0.1, 0.5, 0.9]).astype(np.float32)
    weight = rng.integers(1, 4, 50).astype(float) if weighted else np.ones(50)
    _, _, found = weigh_indicators(
        np.zeros((50, 2)), codes, np.arange(3), weight, "balanced"
    )
    rows = np.repeat(np.arange(50), weight.astype(int))  # a weight is a count
    for k in range(3):
        expected = compute_sample_weight("balanced", codes[rows, k])
        ratio = found[rows, k] / (weight[rows] * expected)
        np.testing.assert_allclose(ratio, ratio[0])
    assert found.mean() == pytest.approx(1)


def test_a_weight_of_a_column_is_that_of_its_ones():
    codes = Y.astype(np.float32)
    *_, found = weigh_indicators(X, codes, np.arange(3), class_weight={1: 4.0})
    found = found / found[:, 0].min()
    np.testing.assert_allclose(found, np.where(codes * [0, 1, 0], 4.0, 1.0))
    *_, found = weigh_indicators(
        X, codes, np.arange(3), class_weight={0: 1e308, 1: 1e-308, 2: 1}
    )
    assert np.isfinite(found).all() and found.mean() == pytest.approx(1)


def test_balanced_weights_find_a_rare_label():
    rare = Y.copy()
    rare[:, 0] *= np.arange(120) % 8 == 0
    noise = np.random.default_rng(0).random(X.shape)
    plain = clone(NET).fit(noise, rare)
    balanced = clone(NET).set_params(class_weight="balanced").fit(noise, rare)
    heavy = clone(NET).set_params(class_weight={0: 50.0}).fit(noise, rare)
    means = [m.predict_proba(noise)[:, 0].mean() for m in (plain, balanced, heavy)]
    assert means[0] < 0.3 < 0.4 < means[1] < 0.6 < means[2]


@pytest.mark.parametrize("class_weight", [{0: -1}, {1: np.nan}, {3: 1}, {"line": 2}])
def test_impossible_class_weights_are_refused(class_weight):
    model = clone(NET).set_params(class_weight=class_weight)
    with pytest.raises(ValueError, match=r"weights >= 0 to labels among \[0, 1, 2\]"):
        model.fit(X, Y)


# Early stopping


def test_the_part_set_aside_has_the_share_of_each_label():
    rng = np.random.default_rng(0)
    codes = (rng.random((400, 4)) < [0.02, 0.1, 0.4, 0.6]).astype(np.float32)
    codes[:, 0] = 0
    codes[[5, 17], 0] = 1
    data = (np.arange(400), codes, np.arange(400.0))
    for seed in range(5):
        train, valid = set_aside_by_rarest(data, 0.1, seed)
        assert len(valid[0]) == 40
        np.testing.assert_array_equal(
            np.sort(np.r_[train[0], valid[0]]), np.arange(400)
        )
        np.testing.assert_array_equal(codes[valid[0]], valid[1])
        np.testing.assert_array_equal(train[0], train[2])
        shares = valid[1].mean(axis=0)
        assert shares[1] == pytest.approx(codes[:, 1].mean(), abs=0.026)  # of 40
        np.testing.assert_allclose(shares, codes.mean(axis=0), atol=0.15)
    first, second = (set_aside_by_rarest(data, 0.1, seed)[1][0] for seed in (0, 1))
    assert set(first) != set(second)


def test_the_only_sample_of_a_label_is_for_training():
    codes = np.zeros((10, 2), np.float32)
    codes[3, 0] = codes[:, 1] = 1
    for seed in range(20):
        _, valid = set_aside_by_rarest((np.arange(10), codes, codes[:, 0]), 0.5, seed)
        assert 3 not in valid[0] and len(valid[0]) == 5
    message = r"validation_fraction \(=0.5\) of the 0 samples"
    with pytest.raises(ValueError, match=message):
        set_aside_by_rarest((np.arange(2), np.eye(2), np.ones(2)), 0.5, 0)


@EACH_WITH_ALL_OPTIONS
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_early_stopping_restores_the_minimum(model, class_weight):
    model = clone(model).set_params(
        early_stopping=True, n_iter_no_change=2, max_epochs=30, lr=0.05
    )
    model.set_params(class_weight=class_weight, validation_fraction=0.3).fit(X, Y)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert all(0 <= epoch["valid_acc"] <= 1 for epoch in model.history_)
    model.fit(X, Y, X_val=X[:40], y_val=sparse.csr_array(Y[:40]))
    kept = model.history_[model.best_epoch_ - 1]["valid_acc"]
    assert kept == pytest.approx(model.score(X[:40], Y[:40]))


def test_early_stopping_keeps_the_names_of_the_columns():
    frame = pd.DataFrame(X, columns=[f"bin {i}" for i in range(N_BINS)])
    model = clone(NET).set_params(early_stopping=True, validation_fraction=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(frame, Y).predict(frame)


@EACH_WITH_ALL_OPTIONS
def test_a_warm_start_goes_on_with_early_stopping(model):
    model = clone(model).set_params(warm_start=True, early_stopping=True)
    n_before = model.fit(X, Y).n_iter_
    assert model.fit(X, Y).n_iter_ > n_before
    model.set_params(early_stopping=True)
    with pytest.raises(ValueError, match="does not support early_stopping=True"):
        model.partial_fit(X, Y)


# Fits that continue


@EACH
def test_partial_fit_learns_from_batches(model):
    X, Y = make_rows(120, 1, at=20)
    model = clone(model).set_params(lr=0.01)
    if "augmentation" in model.get_params():
        model.set_params(augmentation=None)
    for i in range(60):
        rows = slice(40 * (i % 3), 40 * (i % 3) + 40)
        model.partial_fit(X[rows], Y[rows], [0, 1, 2] if i == 0 else None)
    assert f1_score(Y, model.predict(X), average="micro") > 0.85
    assert model.n_iter_ == 60


def test_a_batch_may_lack_labels():
    model = clone(NET).partial_fit(X[:8], 0 * Y[:8], classes=np.arange(3))
    model.partial_fit(X[:8], sparse.csr_array(Y[:8]), classes=[2, 1, 0])
    assert model.predict(X).shape == Y.shape


def test_a_loaded_model_continues(tmp_path):
    model = clone(NET).fit(X, Y)
    joblib.dump(model, tmp_path / "net.joblib")
    loaded = joblib.load(tmp_path / "net.joblib")
    assert same(loaded, model) and same(pickle.loads(pickle.dumps(model)), model)
    assert loaded.predict(X).shape == Y.shape
    for _ in range(40):
        loaded.partial_fit(X, 1 - Y)
    assert np.mean(loaded.predict(X) == 1 - Y) > np.mean(model.predict(X) == 1 - Y)
    assert loaded.set_params(warm_start=True).fit(X, Y).n_iter_ == 6 + 40 + 6


def test_a_file_of_an_earlier_version_has_one_label_for_each_sample():
    state = clone(NET).fit(X, Y[:, 0]).__getstate__()
    del state["_is_multilabel"], state["_sk_psd_checksum"]
    model = clone(NET)
    model.__setstate__(state)
    assert set(model.predict(X)) <= {0, 1}


@EACH_WITH_ALL_OPTIONS
def test_a_warm_start_needs_the_same_kind_of_y(model):
    model = clone(model).set_params(warm_start=True)
    several, one = clone(model).fit(X, Y), clone(model).fit(X, Y @ [1, 1, 0])
    before = several.predict_proba(X)
    with pytest.raises(ValueError, match="of the fit before .*=the 3 columns of an in"):
        several.fit(X, np.hstack([Y, Y[:, :1]]))
    with pytest.raises(ValueError, match=r"=the 3 columns of .*Got \[0, 1, 2\] in y"):
        several.fit(X, Y @ [1, 1, 0])
    with pytest.raises(ValueError, match=r"\(=\[0, 1, 2\]\). Got the 3 columns of an"):
        one.fit(X, Y)
    np.testing.assert_array_equal(several.predict_proba(X), before)
    assert several.fit(X, Y).n_iter_ == 2 * model.max_epochs


@pytest.mark.parametrize(
    "first, y, classes, match",
    [
        (Y, Y, [0, 1], r"classes \(=\[0, 1\]\) must be those of the first call \(=\[0"),
        (Y, np.hstack([Y, Y[:, :1]]), None, "y has 4 columns, but .* of 3 columns"),
        (Y, Y[:, :2], None, "y has 2 columns, but .* of 3 columns, one for each class"),
        (Y, Y[:, 0], None, r"y holds one label for .* Pass one of shape \(n_s.*, 3\)"),
        (Y @ [1, 1, 0], Y, None, r"y is an indicator matrix .* classes \[0, 1, 2\]"),
        (None, Y, None, r"first call .* range\(n_columns\) for an indicator"),
        (None, Y, [0, 1, 2, 3], r"must be the numbers of the columns of y \(=\[0, 1, "),
        (None, Y, ["a", "b", "c"], r"must be the numbers of the columns of y \(=\[0, "),
        (None, Y, Y, r"classes should be a 1d array of labels, got .* \(120, 3\) inst"),
        (None, Y[:, 0], [0, 1, 2], None),
    ],
)
def test_partial_fit_needs_the_same_kind_of_y(first, y, classes, match):
    model = clone(NET)
    if first is not None:
        model.partial_fit(X, first, classes=[0, 1, 2])
    if match is None:
        assert model.partial_fit(X, y, classes).predict_proba(X).shape == (120, 3)
        return
    with pytest.raises(ValueError, match=match):
        model.partial_fit(X, y, classes)


# Exactness


def test_a_circular_shift_changes_no_probability():
    model = clone(NET).fit(X, Y)
    report = shift_invariance(model, X)
    assert report.max_change == 0.0 and report.flipped == 0.0
    curve = shift_curve(model, X, Y, shifts=[-7, 0, 0.3], scoring="f1_micro")
    assert np.ptp(curve.scores) == 0
    assert curve.scores[1] == f1_score(Y, model.predict(X), average="micro")
    display = ShiftCurveDisplay.from_estimator(model, X, Y, shifts=[-7, 0, 0.3])
    drawn = display.lines_[0].get_ydata()
    assert (drawn == model.score(X, Y)).all()


def test_a_flip_is_a_change_of_any_label():
    model = FlattenCNNClassifier(4, 5, max_epochs=30, random_state=0).fit(X, Y)
    report = shift_invariance(model, X, shifts=[3, 11])
    moved = [model.predict(np.roll(X, shift, axis=1)) for shift in (3, 11)]
    changes = [(rows != model.predict(X)).any(axis=1) for rows in moved]
    assert report.flipped == np.mean(changes) > 0


@EACH
def test_a_row_does_not_depend_on_the_others_and_equal_seeds_give_equal_nets(model):
    first, second = clone(model).fit(X, Y), clone(model).fit(X, Y)
    assert same(first, second)
    proba = first.predict_proba(X)
    np.testing.assert_array_equal(first.predict_proba(X[7:8]), proba[7:8])


@pytest.mark.parametrize("augmentation", ["auto", "robust"])
def test_no_default_shift_takes_an_emission_off_the_axis(augmentation):
    model = clone(NET).set_params(augmentation=augmentation, level="median")
    for y, modes in ((Y, ["wrap"]), (Y[:, 0], ["floor", "wrap"])):
        model.fit(X, y)
        steps = model._default_augmentation()
        assert [step.mode for step in steps] == modes
    wrap = RandomFreqShift(mode="wrap")
    if augmentation == "auto":
        first = clone(model).fit(X, Y)
        assert same(first, clone(model).set_params(augmentation=wrap).fit(X, Y))


# Other tools of scikit-learn, and callbacks


def test_searches_chains_and_cross_validation():
    pipe = make_pipeline(PeakAlign(), clone(NET))
    grid = {"globalpoolcnnclassifier__max_epochs": [1, 12]}
    search = GridSearchCV(pipe, grid, scoring="f1_micro", cv=2).fit(X, Y)
    assert search.best_score_ == search.cv_results_["mean_test_score"].max() > 0.3
    assert search.predict(X).shape == Y.shape
    proba = cross_val_predict(pipe, X, Y, cv=2, method="predict_proba")
    assert proba.shape == Y.shape and 0 < proba.min() and proba.max() < 1
    scores = cross_val_score(pipe, X, Y, cv=2, scoring="roc_auc")
    assert len(scores) == 2 and np.isfinite(scores).all()
    counts = multilabel_confusion_matrix(Y, search.predict(X))
    assert counts.shape == (3, 2, 2) and (counts.sum(axis=(1, 2)) == 120).all()


def test_the_meta_estimators_of_several_outputs_train_a_net_for_each_label():
    quick = clone(NET).set_params(max_epochs=1)
    chain = ClassifierChain(quick, cv=2, random_state=0).fit(X, Y)
    assert chain.predict(X).shape == chain.predict_proba(X).shape == Y.shape
    each = MultiOutputClassifier(quick).fit(X, Y)
    assert each.predict(X).shape == Y.shape and len(each.predict_proba(X)) == 3
    assert not each.estimators_[0]._is_multilabel


@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("on_train", [True, False])
def test_scores_of_callbacks_see_the_indicators(use_caching, on_train):
    score = EpochScoring("f1_micro", False, on_train, "f1", use_caching=use_caching)
    batches = BatchScoring("accuracy", False, name="rows", use_caching=use_caching)
    stop = EarlyStopping("valid_loss", patience=20)
    model = clone(NET).set_params(callbacks=[score, batches, ("stop", stop)])
    model.fit(X, Y, X_val=X[:50], y_val=Y[:50])
    last = model.history_[-1]
    if not on_train:  # the net learns between the batches of the training data
        expected = f1_score(Y[:50], model.predict(X[:50]), average="micro")
        assert last["f1"] == pytest.approx(expected)
    assert 0 < last["f1"] <= 1 and last["rows"] == last["valid_acc"]
    x = ((X - model.mean_) / model.scale_).astype(np.float32)[:, None]
    model.set_params(invariance="approximate", callbacks=None)
    assert model.net_.predict(x).shape == model.net_.predict_proba(x).shape == Y.shape


@pytest.mark.skipif(
    not hasattr(LogisticRegression, "set_callbacks"),
    reason="callbacks came with scikit-learn 1.9",
)
def test_scores_of_scikit_learns_callbacks_see_the_indicators():
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="f1_micro")
    model = clone(NET).set_callbacks(monitor).fit(X, Y)
    found = monitor.get_logs().data_as_pandas["f1_micro"].iloc[-1]
    assert found == pytest.approx(f1_score(Y, model.predict(X), average="micro"))


def test_a_pipeline_from_signals_with_several_emissions():
    signals, labels = make_spectral_mixtures(
        60, n_times=512, shapes=("rect", "am"), n_emissions=(1, 2), random_state=0
    )
    psd = WelchPSD(nperseg=64, return_onesided=False, detrend=False, decibels=True)
    pipe = make_pipeline(psd, MinMaxScale(), clone(NET)).fit(signals, labels)
    assert pipe.predict(signals).shape == labels.shape


# Errors


def with_value(value):
    wrong = Y.astype(type(value) if not isinstance(value, bool) else int)
    wrong[4, 1] = value
    return wrong


NA_MESSAGE = "Got <NA> in row 4, column 1"


@pytest.mark.parametrize(
    "y, match",
    [
        (with_value(2), r"of shape \(120, 3\) must be an indicator matrix: 1 where"),
        (with_value(2), r"Got 2 in row 4, column 1.*MultiOutputClassifier"),
        (with_value(-1), "Got -1 in row 4, column 1"),
        (with_value(0.5), "Got 0.5 in row 4, column 1"),
        (with_value(np.nan), "Got nan in row 4, column 1"),
        (pd.DataFrame(with_value(2)).astype("Int64").replace(2, pd.NA), NA_MESSAGE),
        (Y.astype(str), r"Got '\d' in row 0, column 0"),
        (Y + 1, r"must be an indicator matrix.*Got 2 in row \d"),
        ([["a", "b"]] * 120, r"Got 'a' in row 0.*MultiLabelBinarizer\(\).fit_trans"),
        ([["a"], ["a", "b"]] * 60, "y holds a collection of labels .*MultiLabelBina"),
        ([{"a"}, {"a", "b"}] * 60, "y holds a collection of labels .*MultiLabelBina"),
        ([(), (1,)] * 60, "y holds a collection of labels .*MultiLabelBina"),
        (pd.Series([["a"], ["a", "b"]] * 60), "y holds a collection of labels"),
        (Y[:50], "inconsistent numbers of samples"),
        (sparse.csr_array(3 * Y), "Got 3 in row"),
        (Y[:, None], "dim 3"),
        (Y[:, :0], "minimum of 1 is required"),
    ],
)
def test_what_is_no_indicator_matrix_is_refused(y, match):
    with pytest.raises(ValueError, match=match):
        clone(NET).fit(X, y)
    with pytest.raises(ValueError, match=match):
        clone(NET).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=f"In X_val and y_val: .*{match}"):
        clone(NET).fit(X, Y, X_val=X, y_val=y)


def test_a_single_column_is_one_label_for_each_sample():
    one = Y[:, [0]]
    for y in (one, sparse.csr_array(one)):
        with pytest.warns(UserWarning, match="column-vector y was passed"):
            model = clone(NET).fit(X, y)
        assert same(model, clone(NET).fit(X, Y[:, 0])) and model.predict(X).ndim == 1


def test_one_hot_rows_get_a_warning_in_fit_only():
    one_hot = np.eye(3, dtype=int)[np.arange(120) % 3]
    with pytest.warns(UserWarning, match="Every row .* as one-hot rows .* pass y.argm"):
        model = clone(NET).fit(X, one_hot)
    assert model.predict(X).shape == (120, 3)
    clone(NET).partial_fit(X, one_hot, classes=[0, 1, 2])
    model.fit(X, Y, X_val=X, y_val=one_hot)


def test_validation_data_need_the_columns_of_y():
    with pytest.raises(ValueError, match="In X_val and y_val: y has 2 columns"):
        clone(NET).fit(X, Y, X_val=X, y_val=Y[:, :2])
    with pytest.raises(ValueError, match="In X_val and y_val: y holds one label"):
        clone(NET).fit(X, Y, X_val=X, y_val=Y[:, 0])


def test_predictions_of_other_shapes_are_refused():
    model = clone(NET).fit(X, Y)
    with pytest.raises(ValueError, match="X has 47 features, but .* expecting 48"):
        model.predict(X[:, :47])
    with pytest.raises(ValueError, match="X has 2 channels, but .* expecting 1"):
        model.predict_proba(np.stack([X, X], axis=1))


def test_recordings_have_one_label_each():
    with pytest.raises(ValueError, match="WindowedClassifier needs one label for each"):
        WindowedClassifier(clone(NET), N_BINS).fit(X, Y)
