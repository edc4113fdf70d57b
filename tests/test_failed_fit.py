"""A fit that fails leaves an unfitted estimator, one that goes on the model before."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    SpectrogramCNNClassifier,
)
from sk_psd._training import BatchLoader

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 24)), np.arange(40) % 2
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
ERRORS = pytest.mark.parametrize(
    "error", [RuntimeError, MemoryError, KeyboardInterrupt]
)


@pytest.fixture
def fails(monkeypatch):
    """Make the training raise after its second batch, until `fails.stop()`."""

    class Fails:
        def start(self, error):
            original = BatchLoader.__iter__

            def batches(loader):
                for i, batch in enumerate(original(loader)):
                    if i == 1:
                        raise error
                    yield batch

            monkeypatch.setattr(BatchLoader, "__iter__", batches)

        def stop(self):
            monkeypatch.undo()

    return Fails()


def train(model, how):
    target = X if isinstance(model, LearnedConvFilter) else Y
    if how == "fit":
        return model.fit(X, target)
    return model.partial_fit(X, Y, classes=[0, 1])


@ERRORS
@pytest.mark.parametrize(
    "model, how",
    [(model, how) for model in CLASSIFIERS for how in ("fit", "partial_fit")]
    + [(LearnedConvFilter(5, max_epochs=2, random_state=0), "fit")],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_first_training_that_fails_leaves_an_unfitted_estimator(
    model, how, error, fails
):
    model = clone(model).set_params(batch_size=8)
    fails.start(error)
    with pytest.raises(error):
        train(model, how)
    assert not [name for name in vars(model) if name.endswith("_")]
    assert len(pickle.dumps(model)) < 2000  # no data, no net
    with pytest.raises(NotFittedError):
        model.predict(X)
    fails.stop()
    expected = train(clone(model), how).predict(X)
    np.testing.assert_array_equal(train(model, how).predict(X), expected)


@EACH_WITH_ALL_OPTIONS
@ERRORS
@pytest.mark.parametrize("how", ["fit", "partial_fit"])
@pytest.mark.parametrize("before", ["fit", "partial_fit", "load"])
def test_a_training_that_goes_on_and_fails_leaves_the_model_before(
    model, error, how, before, fails
):
    model = clone(model).set_params(batch_size=8, warm_start=True)
    train(model, "fit" if before == "load" else before)
    if before == "load":
        model = pickle.loads(pickle.dumps(model))
    proba, history = model.predict_proba(X), model.history_
    fails.start(error)
    with pytest.raises(error):
        train(model, how)
    assert not model.module_.training
    np.testing.assert_array_equal(model.predict_proba(X), proba)
    np.testing.assert_array_equal(model.predict_proba(X[:1]), proba[:1])
    assert model.history_ == history
    for same in (copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))):
        np.testing.assert_array_equal(same(model).predict_proba(X), proba)
    fails.stop()
    assert not np.array_equal(train(model, "partial_fit").predict_proba(X), proba)


@EACH
def test_a_chunk_that_is_refused_does_not_move_the_optimizer(model):
    first, second = (train(clone(model), "partial_fit") for _ in range(2))
    with pytest.raises(ValueError, match="NaN"):
        first.partial_fit(np.full_like(X, np.nan), Y)
    for each in (first, second):
        train(each, "partial_fit")
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


class InEvaluation(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.module_.eval()
        raise RuntimeError("a callback failed")


@EACH
def test_no_training_data_stay_after_a_fit(model):
    big, y = RNG.random((2000, 50)), np.arange(2000) % 2
    model = clone(model).set_params(max_epochs=1, batch_size=512)
    model.fit(big, y, X_val=big, y_val=y)
    assert model.net_.train_split is None
    assert len(pickle.dumps(model)) < big.nbytes / 4
    model.set_params(callbacks=[InEvaluation()])
    with pytest.raises(RuntimeError, match="a callback failed"):
        model.fit(big, y)
    assert len(pickle.dumps(model)) < 2000


@EACH_WITH_ALL_OPTIONS
@pytest.mark.parametrize(
    "params",
    [
        dict(optimizer="bogus"),
        dict(lr="x"),
        dict(lr=-1),
        dict(weight_decay=-1),
        dict(batch_size=0),
        dict(max_epochs="x"),
        dict(callbacks="x"),
        dict(n_filters="x"),
    ],
    ids=str,
)
def test_a_fitted_model_is_saved_whatever_its_parameters_were_set_to(model, params):
    model = clone(model).fit(X, Y)
    proba = model.predict_proba(X)
    model.set_params(**params)
    for same in (copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))):
        np.testing.assert_array_equal(same(model).predict_proba(X), proba)
    loaded = pickle.loads(pickle.dumps(model))
    with pytest.raises(ValueError, match=next(iter(params))):
        loaded.partial_fit(X, Y)
    np.testing.assert_array_equal(loaded.predict_proba(X), proba)


def test_weights_that_explode_in_the_last_step_are_a_diverged_training():
    for model in (
        FlattenCNNClassifier(2, 5, lr=1e20, max_epochs=1),
        GlobalPoolCNNClassifier((4,), lr_schedule="constant", lr=1e25, max_epochs=1),
    ):
        model.set_params(batch_size=64, random_state=0)
        with pytest.raises(ValueError, match="diverged: .* not finite. Choose a lower"):
            model.fit(X, Y)
        assert not hasattr(model, "module_")


@EACH
@pytest.mark.parametrize("scale", [1e-320, 1e-308, 1e308])
def test_weights_count_relative_to_each_other_at_any_scale(model, scale):
    weight = 1 + np.arange(40) % 4
    plain = clone(model).fit(X, Y, sample_weight=weight / 4)
    scaled = clone(model).fit(X, Y, sample_weight=weight / 4 * scale)
    tolerance = 0.02 if scale < 1e-310 else 1e-6  # numbers are coarse down there
    np.testing.assert_allclose(
        scaled.predict_proba(X), plain.predict_proba(X), atol=tolerance
    )
    assert plain.loss_curve_[0] > 0


@pytest.mark.parametrize(
    "X, y",
    [(X * 5e-324, X), (X, X * 1e200), (X, X * 1e-200), (X * 1e-200, X * 1e200)],
)
def test_units_in_which_a_kernel_cannot_be_learned_are_refused(X, y):
    model = LearnedConvFilter(5, max_epochs=1)
    with pytest.raises(ValueError, match="cannot learn in these units"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_filtered_values_beyond_the_range_of_their_dtype_are_refused():
    model = LearnedConvFilter(5, max_epochs=50, random_state=0).fit(X, 100 * X)
    with pytest.raises(ValueError, match="leave the range of float32|not finite, alth"):
        model.predict((X * 3e38).astype(np.float32))


def test_too_few_rows_of_weight_are_counted():
    weight = [1.0, 0, 0, 0]
    model = SpectrogramCNNClassifier(max_epochs=1)
    with pytest.raises(ValueError, match="at least 2 samples .* n_samples = 1"):
        model.fit(np.ones((4, 1, 1)), [0, 0, 1, 1], sample_weight=weight)


def test_batch_sizes_and_fractions_of_numpy_can_be_searched():
    net = GlobalPoolCNNClassifier((4,), max_epochs=1, random_state=0)
    grid = {
        "batch_size": np.array([8, 16]),
        "early_stopping": [True],
        "validation_fraction": np.array([0.2], np.float32),
    }
    search = GridSearchCV(net, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.best_params_["batch_size"] in (8, 16)
