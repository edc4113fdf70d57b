"""Weights, folds, streams and data frames as scikit-learn's users know them."""

import pickle
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    HalvingGridSearchCV,
    LeaveOneOut,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    MinMaxScale,
    SpectrogramCNNClassifier,
    WelchPSD,
    shift_invariance,
)

RNG = np.random.default_rng(0)
X, Y = RNG.random((60, 32)), np.arange(60) % 2
X[Y == 0, 5:9] += 2
X[Y == 1, 9:15] += 2
CLASSIFIERS = [
    GlobalPoolCNNClassifier((4,), max_epochs=2, random_state=0),
    FlattenCNNClassifier(4, 5, max_epochs=2, random_state=0),
    SpectrogramCNNClassifier((4,), max_epochs=2, random_state=0),
]
EACH = pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)
# The foil has no warm start, no early stopping and one optimizer only.
EACH_WITH_ALL_OPTIONS = pytest.mark.parametrize(
    "model",
    [m for m in CLASSIFIERS if not isinstance(m, FlattenCNNClassifier)],
    ids=lambda m: type(m).__name__,
)


# Weights


@EACH
def test_names_of_classes_that_a_fold_lacks_are_ignored(model):
    y = np.repeat([0, 1, 2], 20)
    model = clone(model).set_params(class_weight={0: 1.0, 1: 1.0, 2: 5.0})
    with pytest.warns(FitFailedWarning, match="1 fits failed"):  # of one class only
        folds = cross_val_score(model, X, y, cv=TimeSeriesSplit(3))
    assert np.isfinite(folds[1:]).all()
    with pytest.raises(ValueError, match="to labels among .*'2'"):
        clone(model).set_params(class_weight={"2": 5.0}).fit(X, y)


@EACH
def test_balanced_weights_balance_what_sample_weights_leave(model):
    weight = np.where((Y == 0) & (np.arange(60) < 40), 0.0, 1.0)
    model = clone(model).set_params(class_weight="balanced")
    weighted = clone(model).fit(X, Y, sample_weight=weight).predict_proba(X)
    kept = weight > 0
    np.testing.assert_array_equal(
        clone(model).fit(X[kept], Y[kept]).predict_proba(X), weighted
    )
    weight = 1.0 + np.arange(60) % 3
    sums = np.bincount(Y, weight)
    plain = clone(model).set_params(class_weight=None)
    np.testing.assert_allclose(
        plain.fit(X, Y, sample_weight=weight / sums[Y]).predict_proba(X),
        model.fit(X, Y, sample_weight=weight).predict_proba(X),
        atol=1e-5,
    )


def test_validation_weights_weigh_the_validation_loss():
    weight = np.where(np.arange(20) < 10, 3.0, 1.0)
    X_val, y_val = RNG.random((20, 32)), Y[:20]
    model = clone(CLASSIFIERS[0])
    model.fit(X, Y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    losses = -model.predict_log_proba(X_val)[np.arange(20), y_val]
    found = model.history_[-1]["valid_loss"], model.history_[-1]["valid_acc"]
    assert found[0] == pytest.approx(np.average(losses, weights=weight), rel=1e-4)
    assert found[1] == pytest.approx(model.score(X_val, y_val, weight))
    with pytest.raises(ValueError, match="sample_weight_val needs X_val"):
        model.fit(X, Y, sample_weight_val=weight)


def test_weights_of_a_filter_are_those_of_weighted_least_squares():
    signals, clean = RNG.standard_normal((40, 50)), RNG.standard_normal((40, 44))
    weight = RNG.integers(0, 4, 40).astype(float)
    model = LearnedConvFilter(7, max_epochs=200, random_state=0)
    model.fit(signals, clean, sample_weight=weight)
    windows = np.lib.stride_tricks.sliding_window_view(signals, 7, axis=1)
    root = np.sqrt(weight)[:, None, None]
    rows, values = (windows * root).reshape(-1, 7), (clean * root[..., 0]).ravel()
    best = np.linalg.lstsq(rows, values, rcond=None)[0]
    np.testing.assert_allclose(model.kernel_, best[::-1], atol=2e-3)
    kept = weight > 0
    left_out = clone(model).fit(signals[kept], clean[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(left_out.kernel_, model.kernel_)


@EACH
def test_logarithms_of_probabilities_stay_finite(model):
    model = clone(model).set_params(max_epochs=60, lr=0.05).fit(X, Y)
    log = model.predict_log_proba(50 * X)
    assert np.isfinite(log).all()
    np.testing.assert_allclose(np.exp(log), model.predict_proba(50 * X), atol=1e-12)
    log = cross_val_predict(model, X, Y, cv=2, method="predict_log_proba")
    assert log.shape == (60, 2)


# Folds


@EACH_WITH_ALL_OPTIONS
def test_a_class_of_one_sample_is_enough_unless_it_is_split(model):
    y = Y.copy()
    y[0] = 2
    fitted = clone(model).fit(X, y)
    assert fitted.classes_.tolist() == [0, 1, 2]
    stops = clone(model).set_params(early_stopping=True).fit(X, y)
    assert stops.predict_proba(X).shape == (60, 3)
    assert "valid_loss" in stops.history_[-1]


FRAMES = np.stack([X, X[:, ::-1]], axis=2)


TOOLS = [
    "leave one out",
    "time series",
    "stacking",
    "calibration",
    "one against the rest",
    "halving",
    "learning curve",
    "self-training",
    "bagging",
]
# scikit-learn itself refuses three axes in the last two.
USES = [(model, tool, False) for model in CLASSIFIERS for tool in TOOLS]
USES += [(CLASSIFIERS[2], tool, True) for tool in TOOLS[:-2]]


@pytest.mark.parametrize(
    "model, tool, frames",
    USES,
    ids=[
        f"{type(model).__name__}-{tool}{' with frames' * frames}"
        for model, tool, frames in USES
    ],
)
def test_scikit_learns_tools_run_with_the_folds_they_make(model, tool, frames):
    rows = FRAMES if frames else X
    model = clone(model).set_params(max_epochs=1)
    few = np.arange(6) % 3
    if tool == "leave one out":
        scores = cross_val_score(
            model, rows[:6], few, cv=LeaveOneOut(), error_score="raise"
        )
        assert np.isfinite(scores).all()
    elif tool == "time series":
        scores = cross_val_score(
            model, rows, Y, cv=TimeSeriesSplit(3), error_score="raise"
        )
        assert len(scores) == 3
    elif tool == "stacking":
        stack = StackingClassifier([("net", model)], cv=2).fit(rows[:6], few)
        assert stack.predict(rows).shape == (60,)
    elif tool == "calibration":
        calibrated = CalibratedClassifierCV(model, cv=2).fit(rows[:6], few)
        assert calibrated.predict_proba(rows).shape == (60, 3)
    elif tool == "one against the rest":
        y = Y.copy()
        y[0] = 2
        assert OneVsRestClassifier(model).fit(rows, y).predict_proba(rows).shape[1] == 3
    elif tool == "self-training":
        y = np.where(np.arange(60) < 8, Y, -1)
        found = SelfTrainingClassifier(model, max_iter=2).fit(rows, y)
        assert found.predict(rows).shape == (60,)
    elif tool == "bagging":
        bag = BaggingClassifier(model, 3, random_state=0).fit(rows, Y)
        assert bag.predict_proba(rows).shape == (60, 2)
    elif tool == "halving":
        search = HalvingGridSearchCV(
            model,
            {"lr": [1e-3, 1e-2, 3e-2]},
            min_resources="smallest",
            cv=2,
            error_score="raise",
            random_state=0,
        ).fit(rows, Y)
        assert len(search.n_resources_) > 1
    else:
        sizes, train, test = learning_curve(
            model,
            rows,
            Y,
            train_sizes=[10, 11, 30],
            exploit_incremental_learning=True,
            cv=2,
            error_score="raise",
        )
        assert np.isfinite(train).all() and np.isfinite(test).all()


# Warm starts and streams


def test_the_invariance_may_change_in_a_warm_start():
    net = GlobalPoolCNNClassifier(
        (4, 4), stride=2, max_epochs=3, random_state=0, warm_start=True
    )
    net.set_params(invariance="approximate").fit(X, Y)
    assert shift_invariance(net, X[:20]).max_change > 0
    net.set_params(invariance="exact").fit(X, Y)
    assert shift_invariance(net, X[:20]).max_change == 0


def test_the_parameters_of_the_net_may_not_change_in_a_stream():
    model = clone(CLASSIFIERS[0]).partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"the \['pooling'\] of this one differ"):
        model.set_params(pooling="max").partial_fit(X, Y)


@EACH_WITH_ALL_OPTIONS
def test_early_stopping_is_refused_in_a_stream(model):
    model = clone(model).set_params(early_stopping=True)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        model.partial_fit(X, Y, classes=[0, 1])


@EACH
def test_a_stream_may_come_row_by_row(model):
    model = clone(model).partial_fit(X[:1], Y[:1], classes=[0, 1])
    for row, label in zip(X[1:5], Y[1:5], strict=True):
        model.partial_fit(row[None], [label])
    assert model.n_iter_ == 5
    narrow = SpectrogramCNNClassifier((4,))
    with pytest.raises(ValueError, match="at least 2 samples .* n_samples = 1"):
        narrow.partial_fit(np.ones((1, 1, 1)), [0], classes=[0, 1])


def n_calls_in(function):
    """Count the calls of Python and C functions that a function makes."""
    count = 0

    def profile(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def test_a_long_stream_keeps_the_last_thousand_epochs_and_costs_no_more():
    model = FlattenCNNClassifier(1, 2, random_state=0)
    model.partial_fit(X[:4, :4], Y[:4], classes=[0, 1])

    def go_on():
        model.partial_fit(X[:4, :4], Y[:4])

    sizes, calls = [], []
    for i in range(1100):
        if i in (150, 1090):
            calls.append(n_calls_in(go_on))
        else:
            go_on()
        if i in (1000, 1099):
            sizes.append((len(model.net_.history), len(pickle.dumps(model.history_))))
    assert model.n_iter_ == 1101
    assert len(model.history_) == len(model.loss_curve_) == 1000
    numbers = [epoch["epoch"] for epoch in model.history_]
    assert numbers == list(range(102, 1102))
    assert sizes[0][0] == sizes[1][0] == 1000
    assert abs(sizes[0][1] - sizes[1][1]) < 2000  # longer numbers only
    # From the cap on nothing grows; before it each epoch is looked at once.
    assert calls[1] <= calls[0] + 5 * 1000
    again = n_calls_in(go_on)
    assert abs(again - calls[1]) <= 20  # of some 4000


# Data frames and other containers


def test_columns_of_arrays_are_stacked():
    signals = RNG.standard_normal((6, 64))
    psd = WelchPSD(nperseg=8)
    expected = psd.fit_transform(signals)
    series = pd.Series(list(signals))
    for cells in (series, series.to_frame("signal"), series.to_numpy()):
        np.testing.assert_array_equal(psd.fit_transform(cells), expected)
        assert psd.n_features_in_ == 64
    both = pd.DataFrame({"left": list(signals), "right": list(-signals)})
    assert psd.fit_transform(both).shape == (6, 2, 5)
    ragged = pd.Series([signals[0], signals[1, :9]])
    with pytest.raises(ValueError, match="unequal lengths .from 9 to 64 "):
        WelchPSD().fit(ragged)
    with pytest.raises(ValueError, match="unequal lengths .from 9 to 64 values"):
        MinMaxScale().fit(ragged)


@pytest.mark.parametrize("kind", [lambda d: d, torch.utils.data.DataLoader])
def test_a_data_set_of_torch_is_refused_with_the_remedy(kind):
    data = torch.utils.data.TensorDataset(torch.rand(4, 32), torch.arange(4))
    with pytest.raises(TypeError, match="X = np.stack"):
        WelchPSD(nperseg=8).fit(kind(data))


@pytest.mark.parametrize("estimator", [WelchPSD(), MinMaxScale(), *CLASSIFIERS])
def test_a_path_or_an_archive_is_refused_with_the_remedy(estimator, tmp_path):
    X, y = RNG.random((4, 32)), [0, 1, 0, 1]
    np.savez(tmp_path / "both.npz", X=X, y=y)
    for path in (tmp_path / "X.npy", str(tmp_path / "X.npy")):
        with pytest.raises(TypeError, match="must be an array.*X.npy.*np.load"):
            estimator.fit(path, y)
    with np.load(tmp_path / "both.npz") as archive:
        for found in (archive, dict(archive)):
            with pytest.raises(TypeError, match=r"the keys \['X', 'y'\]. Pass one"):
                estimator.fit(found, y)


@EACH
def test_equal_fits_are_equal_files(model):
    one, other = (clone(model).fit(X, Y, X_val=X, y_val=Y) for _ in range(2))
    assert joblib.hash(one) == joblib.hash(other)
    assert pickle.dumps(one) == pickle.dumps(other)


# Traps


def test_labels_in_the_place_of_clean_signals_are_warned_of():
    signals = RNG.standard_normal((60, 64))
    net = clone(CLASSIFIERS[0]).set_params(padding_mode="zeros")
    pipe = make_pipeline(LearnedConvFilter(5, max_epochs=1), WelchPSD(nperseg=16), net)
    with pytest.warns(UserWarning, match="2 distinct integers .* FrozenEstimator"):
        pipe.fit(signals, Y)
    with pytest.raises(ValueError, match="Got booleans"):
        LearnedConvFilter(5).fit(signals, Y == 1)
    learned = LearnedConvFilter(5, max_epochs=1).fit(signals, signals)
    make_pipeline(FrozenEstimator(learned), WelchPSD(nperseg=16), net).fit(signals, Y)


def test_three_axes_come_back_as_arrays_whatever_the_output_is_set_to():
    channels = RNG.standard_normal((6, 2, 64))
    pipe = make_pipeline(WelchPSD(nperseg=8), MinMaxScale())
    expected = pipe.fit_transform(channels)
    pipe.set_output(transform="pandas")
    np.testing.assert_array_equal(pipe.fit_transform(channels), expected)
    assert isinstance(pipe.fit_transform(channels[:, 0]), pd.DataFrame)
