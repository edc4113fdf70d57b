"""How the nets are trained: weights, validation, schedules, warm starts, callbacks."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.utils.class_weight import compute_sample_weight
from skorch.callbacks import Callback, EarlyStopping, EpochScoring

from sk_psd import FlattenCNNClassifier, GlobalPoolCNNClassifier, MinMaxScale

QUICK = GlobalPoolCNNClassifier(max_epochs=6, random_state=0)
QUICK_FLAT = FlattenCNNClassifier(max_epochs=6, random_state=0)
BOTH = pytest.mark.parametrize("model", [QUICK, QUICK_FLAT], ids=["pool", "flat"])


def same(model, other, X):
    return np.array_equal(model.predict_proba(X), other.predict_proba(X))


@BOTH
def test_weights_of_one_are_no_weights(model, blobs):
    X, y = blobs
    plain = clone(model).fit(X, y)
    assert same(clone(model).fit(X, y, sample_weight=np.ones(40)), plain, X)
    assert same(clone(model).fit(X, y, sample_weight=np.full(40, 3.0)), plain, X)
    assert not same(clone(model).fit(X, y, np.arange(1, 41)), plain, X)


@BOTH
def test_weights_of_zero_leave_samples_out(model, blobs):
    X, y = blobs
    weight = np.tile([1.0, 1.0, 0.0, 1.0], 10)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    kept = weight > 0
    assert same(weighted, clone(model).fit(X[kept], y[kept]), X)


def test_balanced_class_weight_is_the_matching_sample_weight(blobs):
    X, y = blobs[0][8:], blobs[1][8:]
    balanced = clone(QUICK).set_params(class_weight="balanced").fit(X, y)
    weight = compute_sample_weight("balanced", y)
    assert same(balanced, clone(QUICK).fit(X, y, sample_weight=weight), X)
    assert not same(balanced, clone(QUICK).fit(X, y), X)


def test_a_heavy_class_wins_where_the_data_do_not_tell():
    rng = np.random.default_rng(0)
    X, y = rng.random((200, 32)), np.repeat([0, 1], 100)
    model = clone(QUICK).set_params(class_weight={0: 1, 1: 30}).fit(X, y)
    assert model.predict(rng.random((100, 32))).mean() > 0.95


def test_validation_data_are_evaluated_as_in_prediction(blobs):
    X, y = blobs
    model = clone(QUICK).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    proba = model.predict_proba(X[1::2])
    loss = -np.log(proba[np.arange(20), (y[1::2] == "wide").astype(int)]).mean()
    assert model.history_[-1]["valid_loss"] == pytest.approx(loss, rel=1e-4)
    assert same(model, clone(QUICK).fit(X[::2], y[::2]), X)


def test_early_stopping_restores_the_weights_of_the_least_validation_loss():
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 32)), rng.integers(2, size=60)  # nothing to learn
    X_val, y_val = rng.random((40, 32)), rng.integers(2, size=40)
    model = GlobalPoolCNNClassifier(
        augmentation=None,
        early_stopping=True,
        n_iter_no_change=4,
        max_epochs=60,
        lr_schedule="constant",
        random_state=0,
    ).fit(X, y, X_val=X_val, y_val=y_val)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    proba = model.predict_proba(X_val)
    loss = -np.log(proba[np.arange(40), y_val]).mean()
    assert loss == pytest.approx(min(losses), rel=1e-4)
    assert loss < losses[-1] - 1e-3
    assert model.n_iter_ < 60


def test_early_stopping_sets_a_stratified_part_aside(blobs):
    X, y = blobs
    model = clone(QUICK).set_params(early_stopping=True, validation_fraction=0.25)
    assert "valid_loss" in model.fit(X, y).history_[-1]
    again = clone(model).fit(X, y)
    assert same(again, model, X)


@pytest.mark.parametrize(
    "kwargs, match",
    [
        (dict(X_val=np.ones((2, 32))), "X_val and y_val must be passed together"),
        (
            dict(X_val=np.ones((2, 32)), y_val=["narrow", "odd"]),
            r"labels \['odd'\], which are not among the classes \['narrow', 'wide'\]",
        ),
        (dict(X_val=np.ones((2, 31)), y_val=["narrow", "wide"]), "31 features"),
        (dict(sample_weight=np.zeros(40)), "[Aa]t least one"),
        (dict(sample_weight=-np.ones(40)), "Negative values"),
        (dict(sample_weight=np.ones(39)), r"sample_weight.shape == \(39,\)"),
    ],
)
def test_bad_fit_arguments_are_refused(kwargs, match, blobs):
    with pytest.raises(ValueError, match=match):
        clone(QUICK).fit(*blobs, **kwargs)


def test_too_few_samples_for_early_stopping_are_refused_with_a_remedy(blobs):
    X, y = blobs[0][18:22], blobs[1][18:22]
    with pytest.raises(ValueError, match="4 samples .* Change it, or pass X_val"):
        clone(QUICK).set_params(early_stopping=True).fit(X, y)


def test_samples_that_are_alone_in_their_class_are_not_set_aside():
    X = np.random.default_rng(0).random((2, 16))
    model = clone(QUICK).set_params(early_stopping=True)
    with pytest.raises(ValueError, match="of the 0 samples whose class has two or mor"):
        model.fit(X, [0, 1])
    with pytest.raises(ValueError, match="of the 1 samples without a label that occ"):
        model.fit(X, [[1, 1], [0, 0]])


def test_validation_data_pass_the_steps_before(blobs):
    X, y = blobs
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = clone(QUICK).set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(MinMaxScale(), classifier, transform_input=["X_val"])
        pipe.fit(100 * X, y, X_val=100 * X, y_val=y)
    scaled = MinMaxScale().fit_transform(X)
    direct = clone(QUICK).fit(scaled, y, X_val=scaled, y_val=y)
    losses = pipe[-1].history_[-1]["valid_loss"], direct.history_[-1]["valid_loss"]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_warm_start_goes_on_from_the_weights(blobs):
    X, y = blobs
    model = clone(QUICK).set_params(warm_start=True).fit(X, y)
    first = model.loss_curve_
    model.fit(X, y)
    assert model.loss_curve_[:6] == first
    assert model.loss_curve_[6] < first[0]
    assert model.loss_curve_[-1] < first[-1]
    assert [epoch["epoch"] for epoch in model.history_] == list(range(1, 13))
    assert model.n_iter_ == model.best_epoch_ == 12


def test_warm_start_needs_the_same_classes_and_sizes(blobs):
    X, y = blobs
    model = clone(QUICK).set_params(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"classes of the fit before .*Got \[0, 1\]"):
        model.fit(X, (y == "wide").astype(int))
    with pytest.raises(ValueError, match=r"the \['layers'\] of this one differ"):
        model.set_params(kernel_size=3).fit(X, y)
    with pytest.raises(ValueError, match="31 features"):
        model.fit(X[:, :31], y)


@BOTH
def test_partial_fit_in_chunks_learns(model, blobs):
    X, y = blobs
    order = np.random.default_rng(0).permutation(40)
    model = clone(model)
    for epoch in range(30):
        for chunk in np.split(order, 4):
            classes = ["narrow", "wide"] if epoch == 0 else None
            model.partial_fit(X[chunk], y[chunk], classes)
    assert model.score(X, y) == 1.0
    assert model.n_iter_ == 120


def test_partial_fit_goes_on_after_fit_and_after_loading(blobs):
    X, y = blobs
    model = clone(QUICK).fit(X, y)
    before = model.predict_proba(X)
    model.partial_fit(X, y)
    assert not np.array_equal(model.predict_proba(X), before)
    loaded = pickle.loads(pickle.dumps(model))
    assert same(loaded, model, X)
    assert not same(loaded.partial_fit(X, y), model, X)


@pytest.mark.parametrize(
    "change, match",
    [
        (dict(classes=None), "first call of partial_fit: all labels that will ever"),
        (dict(classes=["narrow", "odd"]), r"\['wide'\], which are not among the cl"),
        (dict(classes=["narrow"]), r"at least 2 classes. Got classes=\['narrow'\]"),
        (dict(classes={"narrow", "wide"}), "Got a set; pass sorted"),
        (dict(classes=[0.0, 1.0, np.nan]), "classes contains NaN"),
        (
            dict(classes=np.array([0, 1, None], object)),
            "labels of one kind|Unknown label type",
        ),
    ],
)
def test_bad_partial_fit_is_refused(change, match, blobs):
    given = dict(X=blobs[0], y=blobs[1], classes=["narrow", "wide"]) | change
    with pytest.raises(ValueError, match=match):
        clone(QUICK).partial_fit(**given)


def test_partial_fit_takes_class_weights_whatever_the_chunk_holds(blobs):
    X, y = blobs
    model = clone(QUICK).set_params(class_weight={"wide": 3})
    model.partial_fit(X, y, ["narrow", "wide"]).partial_fit(X[:20], y[:20])
    assert model.n_iter_ == 2


def test_the_history_counts_all_epochs_and_the_learning_rate_may_change(blobs):
    X, y = blobs
    model = clone(QUICK).fit(X, y)
    model.partial_fit(X, y).partial_fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 8
    model = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
    assert model.n_iter_ == 9
    model.set_params(lr=1e-6).partial_fit(X, y)
    assert model.net_.optimizer_.param_groups[0]["lr"] == 1e-6


@pytest.mark.parametrize(
    "class_weight", [{"wide": -1}, {"wide": np.nan}, {"wide": np.inf}, {"odd": 1}]
)
def test_impossible_class_weights_are_refused(class_weight, blobs):
    model = clone(QUICK).set_params(class_weight=class_weight)
    with pytest.raises(ValueError, match="finite weights >= 0 to labels among"):
        model.fit(*blobs)


def test_early_stopping_restores_the_minimum_whatever_the_tolerance(blobs):
    X, y = blobs
    model = clone(QUICK).set_params(early_stopping=True, tol=10.0, n_iter_no_change=3)
    model.fit(X, y, X_val=X, y_val=y)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    proba = model.predict_proba(X)[np.arange(40), (y == "wide").astype(int)]
    assert -np.log(proba).mean() == pytest.approx(min(losses), rel=1e-4)
    assert losses[0] > min(losses)


@pytest.mark.parametrize("bad", ["X", "y", "weights", "parameter"])
def test_whatever_a_cold_fit_is_refused_for_it_leaves_an_unfitted_classifier(
    bad, blobs
):
    X, y = blobs
    given = dict(X=X, y=y, sample_weight=np.ones(40))
    wrong = {
        "X": dict(X=np.full_like(X, np.nan)),
        "y": dict(y=y[:7]),
        "weights": dict(sample_weight=-np.ones(40)),
        "parameter": {},
    }[bad]
    model = clone(QUICK).fit(X, y)
    model.set_params(lr=-1.0 if bad == "parameter" else 0.01)
    with pytest.raises(ValueError):
        model.fit(**(given | wrong))
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_partial_fit_refuses_other_classes_and_balanced_weights(blobs):
    model = clone(QUICK).fit(*blobs)
    with pytest.raises(ValueError, match="must be those of the first call"):
        model.partial_fit(*blobs, classes=["a", "b"])
    with pytest.raises(ValueError, match="needs all of y and partial_fit sees a part"):
        model.set_params(class_weight="balanced").partial_fit(*blobs)


def test_scoring_callbacks_of_skorch_work_on_training_and_validation_data(blobs):
    X, y = blobs
    told = [
        EpochScoring(
            "accuracy", on_train=True, name="train_acc", lower_is_better=False
        ),
        EpochScoring("accuracy", name="valid_acc", lower_is_better=False),
        EpochScoring("roc_auc", name="auc", lower_is_better=False),
        ("stop", EarlyStopping("valid_loss", patience=50)),
    ]
    model = clone(QUICK).set_params(callbacks=told, max_epochs=20)
    model.fit(X, y, X_val=X[::3], y_val=y[::3])
    assert model.history_[-1]["valid_acc"] == model.score(X[::3], y[::3])
    assert model.history_[-1]["train_acc"] > 0.9 and model.history_[-1]["auc"] == 1
    x = ((X - model.mean_) / model.scale_).astype(np.float32)[:, None]
    assert model.net_.predict(x).shape == (40,)


def test_a_diverged_training_is_an_error_and_leaves_nothing_fitted(blobs):
    model = clone(QUICK).set_params(lr=1e30, optimizer="sgd")
    with pytest.raises(ValueError, match=r"diverged: the loss is .* lower lr \(=1e"):
        model.fit(*blobs)
    with pytest.raises(NotFittedError):
        model.predict(blobs[0])


def test_a_failed_refit_leaves_nothing_fitted(blobs):
    X, y = blobs
    model = clone(QUICK).fit(X, y)
    with pytest.raises(ValueError, match="kernel_size"):
        model.set_params(kernel_size=31).fit(X[:, :30], y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_integers_of_numpy_are_integers(blobs):
    model = GlobalPoolCNNClassifier(
        kernel_size=np.int64(5), stride=np.int32(1), max_epochs=np.int64(2)
    )
    assert [layer[1:] for layer in model.fit(*blobs).layers_] == [(5, 1)] * 3


def test_the_default_dtype_of_torch_does_not_matter(blobs):
    torch.set_default_dtype(torch.float64)
    try:
        double = clone(QUICK).fit(*blobs)
        double = pickle.loads(pickle.dumps(double))
    finally:
        torch.set_default_dtype(torch.float32)
    assert same(double, clone(QUICK).fit(*blobs), blobs[0])


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("lr_schedule", ["one_cycle", "cosine", "constant"])
def test_every_optimizer_learns_on_every_schedule(optimizer, lr_schedule, blobs):
    model = clone(QUICK).set_params(
        optimizer=optimizer, lr_schedule=lr_schedule, max_epochs=20
    )
    assert model.fit(*blobs).score(*blobs) == 1.0


@pytest.mark.parametrize(
    "lr_schedule, first, peak, last",
    [("one_cycle", 1 / 25, 1, 0), ("cosine", 1, 1, 0), ("constant", 1, 1, 1)],
)
def test_learning_rate_over_the_steps(lr_schedule, first, peak, last, blobs):
    rates = []

    class Rate(Callback):
        def on_batch_begin(self, net, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    clone(QUICK).set_params(
        lr_schedule=lr_schedule, max_epochs=20, callbacks=[Rate()]
    ).fit(*blobs)
    expected = np.multiply(QUICK.lr, [first, peak, last])
    np.testing.assert_allclose(
        [rates[0], max(rates), rates[-1]], expected, atol=0.02 * QUICK.lr
    )


def test_strided_nets_learn_and_stay_exactly_invariant(blobs):
    X, y = blobs
    model = clone(QUICK).set_params(max_epochs=20).fit(X, y)
    assert model.score(X, y) == 1.0
    np.testing.assert_array_equal(
        model.predict_proba(np.roll(X, 5, axis=1)), model.predict_proba(X)
    )


def test_training_in_threads_gives_the_same_as_one_after_the_other(blobs):
    X, y = blobs
    one, *others = Parallel(n_jobs=2, backend="threading")(
        delayed(clone(QUICK).fit)(X, y) for _ in range(4)
    )
    assert all(same(other, one, X) for other in others)


def test_callbacks_of_scikit_learn_follow_the_epochs(blobs):
    callback = pytest.importorskip(
        "sklearn.callback", reason="callbacks came with scikit-learn 1.9"
    )

    class Recorder:
        events = []

        def setup(self, estimator, context):
            self.events.append("setup")

        def on_fit_task_begin(self, estimator, context, **kwargs):
            self.events.append(("begin", context.task_name))

        def on_fit_task_end(self, estimator, context, **kwargs):
            self.events.append(("end", context.task_name))
            return len(self.events) > 6  # stop in the third epoch

        def teardown(self, estimator, context):
            self.events.append("teardown")

    recorder = Recorder()
    assert isinstance(recorder, callback.FitCallback)
    model = clone(QUICK).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(*blobs)
    epoch = [("begin", "epoch"), ("end", "epoch")]
    expected = ["setup", ("begin", "fit"), *epoch * 3, ("end", "fit"), "teardown"]
    assert recorder.events == expected
    assert model.n_iter_ == 3
    assert torch.is_grad_enabled()


def test_the_scoring_monitor_of_scikit_learn_sees_the_net_of_every_epoch(blobs):
    callback = pytest.importorskip(
        "sklearn.callback", reason="callbacks came with scikit-learn 1.9"
    )
    # At a constant rate a shorter training is the start of a longer one.
    model = clone(QUICK).set_params(lr_schedule="constant", lr=1e-3)
    expected = []
    for n_epochs in range(1, 7):
        shorter = clone(model).set_params(max_epochs=n_epochs).fit(*blobs)
        expected.append(log_loss(blobs[1], shorter.predict_proba(blobs[0])))
    assert len(set(expected)) == 6

    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    model.set_callbacks(monitor).fit(*blobs)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    np.testing.assert_allclose([-row["neg_log_loss"] for row in log], expected)
    assert same(model, shorter, blobs[0])
