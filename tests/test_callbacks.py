"""Callbacks of skorch and of scikit-learn do here as they do at home."""

import os
import pickle
import threading

import numpy as np
import optuna
import optuna_integration
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LoadInitState,
    LRScheduler,
    PrintLog,
    ProgressBar,
    TensorBoard,
    TrainEndCheckpoint,
)
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter
from tqdm.auto import tqdm

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    MinMaxScale,
    RandomFreqShift,
    SpectrogramCNNClassifier,
)

RNG = np.random.default_rng(0)
RARE = (RNG.random(160) < 0.25).astype(int)
X = RNG.random((160, 32))
X[RARE == 1, 10:13] += 0.6
TRAIN, VALID = slice(0, 100), slice(100, 160)
NET = GlobalPoolCNNClassifier(
    (4,), max_epochs=4, random_state=0, class_weight="balanced"
)
CLASSIFIERS = [
    NET,
    FlattenCNNClassifier(4, 5, max_epochs=4, random_state=0),
    SpectrogramCNNClassifier((4,), max_epochs=4, random_state=0),
]
EACH = pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)
# The foil has no warm start, no early stopping and one optimizer only.
EACH_WITH_ALL_OPTIONS = pytest.mark.parametrize(
    "model",
    [m for m in CLASSIFIERS if not isinstance(m, FlattenCNNClassifier)],
    ids=lambda m: type(m).__name__,
)
LABELS = pytest.mark.parametrize(
    "labels", [(0, 1), (2, 1), (-1, 1), ("good", "bad")], ids=str
)


def fit(callbacks, labels=(0, 1), model=NET, **params):
    y = np.array(labels)[RARE]
    model = clone(model).set_params(**params)
    model.callbacks = callbacks
    return model.fit(X[TRAIN], y[TRAIN], X_val=X[VALID], y_val=y[VALID])


# What the callbacks are told


class Record(Callback):
    def __init__(self, losses, lock=None):
        self.losses, self.lock, self.count = losses, lock, 0

    def on_epoch_end(self, net, **kwargs):
        self.losses.append(net.history[-1, "train_loss"])
        self.count += 1


class Count(Callback):
    count_ = 0

    def on_epoch_end(self, net, **kwargs):
        self.count_ += 1


@EACH
def test_the_object_of_the_user_is_told_whatever_it_holds(model):
    losses, lock = [], threading.Lock()  # a lock can be neither copied nor pickled
    record = Record(losses, lock)
    model = fit([record], model=model)
    assert losses == model.loss_curve_ and record.count == 4


def test_a_search_copies_the_callbacks():
    count = Count()
    search = GridSearchCV(NET, {"callbacks": [[count]]}, cv=2).fit(X, RARE)
    assert count.count_ == 0
    assert search.best_estimator_.callbacks[0].count_ == 4


@EACH
@LABELS
@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("on_train", [True, False])
def test_scores_see_the_labels(model, labels, use_caching, on_train):
    scorer = make_scorer(f1_score, pos_label=labels[1])
    score = EpochScoring(scorer, False, on_train, "f1", use_caching=use_caching)
    params = {} if "augmentation" not in model.get_params() else {"augmentation": None}
    model = fit([score], labels, model, max_epochs=2, **params)
    y = np.array(labels)[RARE]
    expected = f1_score(y[VALID], model.predict(X[VALID]), pos_label=labels[1])
    if not on_train:  # the net learns between the batches of the training data
        assert model.history_[-1]["f1"] == pytest.approx(expected)
    assert 0 <= model.history_[-1]["f1"] <= 1


def test_a_named_score_is_that_of_its_positive_class_or_its_error():
    score = EpochScoring("f1", lower_is_better=False)
    model = fit([score], labels=(2, 1))
    y = np.array([2, 1])[RARE[VALID]]
    expected = f1_score(y, model.predict(X[VALID]))
    assert model.history_[-1]["f1"] == pytest.approx(expected)
    with pytest.raises(ValueError, match="pos_label=1 is not a valid label"):
        fit([score], labels=("a", "b"))


@pytest.mark.parametrize("use_caching", [True, False])
def test_batch_scores_see_the_labels(use_caching):
    scorer = make_scorer(f1_score, pos_label="bad", zero_division=0)
    score = BatchScoring(scorer, False, name="f1", use_caching=use_caching)
    model = fit([score], ("good", "bad"))
    y = np.array(["good", "bad"])[RARE[VALID]]  # 60 rows, one batch
    expected = f1_score(y, model.predict(X[VALID]), pos_label="bad")
    assert model.history_[-1]["f1"] == pytest.approx(expected)


def test_a_score_of_the_users_own_gets_a_net_that_predicts_labels():
    seen = []

    def cost(net, X, y):
        predicted = net.predict(X)
        seen.append(set(y.tolist()) | set(predicted.tolist()))
        return np.mean(predicted != y)

    fit([EpochScoring(cost, name="cost")], ("good", "bad"))
    assert set().union(*seen) == {"good", "bad"}


@EACH
def test_a_batch_unpacks_into_tensors(model):
    shapes = []

    class Look(Callback):
        def on_batch_end(self, net, batch, training, **kwargs):
            Xi, yi = batch
            shapes.append((training, tuple(Xi.shape[:1]), tuple(yi.shape)))

        def on_grad_computed(self, net, named_parameters, batch, **kwargs):
            assert len(batch[0]) == len(batch[1])

    fit([Look()], model=model, max_epochs=1, batch_size=50)
    assert shapes == [(True, (50,), (50,))] * 2 + [(False, (60,), (60,))]


# Which callbacks go together


@pytest.mark.parametrize(
    "callbacks",
    [
        [EarlyStopping()],
        [("stop", EarlyStopping())],
        [Checkpoint(dirname="unused")],
        [
            EpochScoring("accuracy", name="acc", lower_is_better=False),
            EarlyStopping("acc", lower_is_better=False),
        ],
        [EpochScoring("roc_auc"), Checkpoint("roc_auc_best", dirname="unused")],
    ],
    ids=repr,
)
def test_monitors_of_validation_data_need_some(callbacks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a checkpoint writes
    model = clone(NET)
    model.callbacks = callbacks
    with pytest.raises(ValueError, match="no validation data. Pass X_val .*early_stop"):
        model.fit(X, RARE)
    assert model.set_params(early_stopping=True).fit(X, RARE).n_iter_ >= 1


def test_the_users_order_is_kept_beside_our_own_callbacks():
    accuracy = EpochScoring("accuracy", lower_is_better=False, name="acc")
    stop = EarlyStopping("acc", lower_is_better=False, patience=50)
    model = fit([accuracy, stop], early_stopping=True)
    told = [callback for _, callback in model.net_.callbacks_]
    assert told.index(accuracy) < told.index(stop)
    assert told.index(accuracy) > max(
        i for i, (name, _) in enumerate(model.net_.callbacks_) if name[0] == "_"
    )
    assert "acc" in model.history_[-1]


def test_a_users_scheduler_takes_the_place_of_ours():
    rates = []

    class Rate(Callback):
        def on_epoch_begin(self, net, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    steps = LRScheduler("StepLR", step_size=1, gamma=0.1)
    fit([Rate(), steps], lr=0.01)
    np.testing.assert_allclose(rates, 0.01 * 0.1 ** np.arange(4))


def test_reduce_on_plateau_follows_a_users_score():
    score = EpochScoring("accuracy", lower_is_better=False, name="acc")
    plateau = LRScheduler(
        "ReduceLROnPlateau", monitor="acc", patience=0, threshold=10.0, factor=0.5
    )
    model = fit([score, plateau], lr=0.01, max_epochs=6)
    assert model.net_.optimizer_.param_groups[0]["lr"] < 0.01


@pytest.mark.parametrize("verbose", [0, 1])
def test_print_log_prints_a_line_for_each_epoch_if_asked(verbose, capfd):
    fit([PrintLog()], verbose=verbose)
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == (6 if verbose else 0)  # two lines of headings
    assert ("train_loss" in out) == bool(verbose)
    assert err == ""  # no bar between the lines


def test_the_bar_of_a_failed_fit_is_closed(capfd):
    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        fit([Fails()], verbose=1)
    assert len(tqdm._instances) == 0


def test_partial_fit_shows_no_bar(capfd):
    clone(NET).set_params(verbose=1, class_weight=None).partial_fit(X, RARE, [0, 1])
    assert capfd.readouterr() == ("", "")


@EACH
def test_parameters_of_named_callbacks_can_be_set_and_searched(model):
    stop = EarlyStopping("train_loss", patience=50)
    model = clone(model).set_params(callbacks=[("stop", stop)], max_epochs=6)
    model.set_params(callbacks__stop__patience=1, callbacks__stop__threshold=10)
    assert model.fit(X, RARE).n_iter_ < 6
    pipe = make_pipeline(MinMaxScale(), model)
    grid = {f"{type(model).__name__.lower()}__callbacks__stop__patience": [1, 50]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, RARE)
    assert len(search.cv_results_["params"]) == 2


@pytest.mark.parametrize(
    "params, match",
    [
        (dict(callbacks__other__patience=1), r"callbacks is one list.*\['stop'\]"),
        (dict(callbacks__stop=1), "callbacks is one list"),
        (dict(augmentation__max_shift=0.1), "augmentation is 'auto', which has no par"),
        (dict(lr__x=1), "lr is 0.01, which has no parameters"),
    ],
    ids=str,
)
def test_nested_names_of_plain_values_are_refused_with_the_first_step(params, match):
    model = clone(NET).set_params(callbacks=[("stop", EarlyStopping("train_loss"))])
    with pytest.raises(ValueError, match=match):
        model.set_params(**params)


def test_nested_names_reach_an_augmentation_that_is_set_in_the_same_call():
    model = clone(NET).set_params(
        augmentation=RandomFreqShift(), augmentation__max_shift=3
    )
    assert model.augmentation.max_shift == 3


# Each callback of skorch as its documentation shows it


def test_checkpoints_hold_no_data_and_start_the_next_training(tmp_path):
    big = RNG.random((1000, 100))
    y = np.arange(1000) % 2
    checkpoint = Checkpoint(f_pickle="net.pkl", dirname=str(tmp_path))
    end = TrainEndCheckpoint(dirname=str(tmp_path / "end"))
    model = clone(NET).set_params(callbacks=[checkpoint, end], max_epochs=1)
    model.fit(big, y, X_val=big, y_val=y)
    assert os.path.getsize(tmp_path / "net.pkl") < 100_000 < big.nbytes
    with open(tmp_path / "net.pkl", "rb") as file:
        net = pickle.load(file)
    x = ((big[:5] - model.mean_) / model.scale_).astype(np.float32)[:, None]
    assert net.predict(x).shape == (5,)
    files = {path.name for path in (tmp_path / "end").iterdir()}
    assert "train_end_params.pt" in files

    again = clone(NET).set_params(
        callbacks=[LoadInitState(end)],
        lr=1e-12,
        max_epochs=1,
        augmentation=None,
        class_weight=None,
        lr_schedule="constant",
    )
    again.fit(big, y, X_val=big, y_val=y)
    np.testing.assert_allclose(
        again.predict_proba(big), model.predict_proba(big), atol=0.05
    )


def test_early_stopping_on_a_score_of_the_user():
    score = EpochScoring("accuracy", lower_is_better=False, name="acc")
    stop = EarlyStopping(
        "acc", lower_is_better=False, patience=2, threshold=2.0, sink=id
    )
    assert fit([score, stop], max_epochs=30).n_iter_ == 3


def test_frozen_layers_stay():
    class Keep(Callback):
        def on_train_begin(self, net, **kwargs):
            self.before_ = net.module_.features[0].conv.weight.detach().clone()

    keep = Keep()
    model = fit([keep, Freezer("features.*")])
    after = model.module_.features[0].conv.weight.detach()
    assert np.array_equal(keep.before_.numpy(), after.numpy())


def test_gradients_are_clipped():
    norms = []

    class Norm(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            squares = [(p.grad**2).sum() for _, p in named_parameters]
            norms.append(float(sum(squares) ** 0.5))

    fit([GradientNormClipping(1e-3), Norm()])
    assert max(norms) < 1.01e-3


def test_progress_bar_of_skorch_takes_the_place_of_ours(capfd):
    fit([ProgressBar()], verbose=1, max_epochs=2)
    err = capfd.readouterr().err
    assert "0/5" in err and "epoch" not in err  # a bar over batches, none over epochs


def test_tensorboard_gets_every_loss(tmp_path):
    writer = SummaryWriter(str(tmp_path))
    model = fit([TensorBoard(writer)])
    writer.close()
    log = EventAccumulator(str(tmp_path)).Reload()
    found = [event.value for event in log.Scalars("Loss/train_loss")]
    np.testing.assert_allclose(found, model.loss_curve_, rtol=1e-6)


def test_optuna_prunes_a_training():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    epochs = []

    def objective(trial):
        prune = optuna_integration.SkorchPruningCallback(trial, "valid_loss")
        lr = trial.suggest_float("lr", 1e-9, 1e-1, log=True)
        count = Record([])
        try:
            return fit([prune, count], lr=lr).history_[-1]["valid_loss"]
        finally:
            epochs.append(count.count)

    pruner = optuna.pruners.ThresholdPruner(upper=-1.0)  # prunes whatever it sees
    study = optuna.create_study(pruner=pruner)
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED"] * 2
    assert epochs == [0, 0]


def test_a_filter_is_scored_and_stopped_as_well():
    signals = RNG.standard_normal((40, 30))
    score = EpochScoring("r2", name="r2", on_train=True, lower_is_better=False)
    stop = EarlyStopping("train_loss", patience=1, threshold=10.0, sink=id)
    model = LearnedConvFilter(3, callbacks=[score, stop], random_state=0)
    model.fit(signals, signals)
    assert model.n_iter_ < 50 and "r2" in model.history_[-1]


# scikit-learn's callbacks


class Tasks:
    def __init__(self):
        self.begun, self.ended, self.kept, self.then = 0, 0, [], []
        self.metadata = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **kwargs):
        self.begun += 1


class Keep(Tasks):
    def on_fit_task_end(
        self, estimator, context, *, fitted_estimator=None, metadata=None, **kwargs
    ):
        self.ended += 1
        self.metadata.append(metadata)
        if fitted_estimator is not None:
            self.kept.append(fitted_estimator)
            self.then.append(fitted_estimator.predict_proba(X))


needs_callbacks = pytest.mark.skipif(
    not hasattr(LogisticRegression, "set_callbacks"),
    reason="callbacks came with scikit-learn 1.9",
)


@needs_callbacks
@EACH_WITH_ALL_OPTIONS
@pytest.mark.parametrize("stops", ["ours", "skorch", "never"])
def test_every_epoch_that_began_ends(model, stops):
    tasks = Keep()
    model = clone(model).set_params(max_epochs=20)
    if stops == "ours":
        model.set_params(early_stopping=True, n_iter_no_change=1, tol=10.0)
    elif stops == "skorch":
        model.callbacks = [EarlyStopping("train_loss", threshold=10, patience=2)]
    model.set_callbacks(tasks).fit(X, RARE)
    assert tasks.begun == tasks.ended == model.n_iter_ + 1  # and the fit itself
    assert (model.n_iter_ < 20) == (stops != "never")


@needs_callbacks
@EACH
def test_the_model_of_an_epoch_does_not_go_on_learning(model):
    tasks = Keep()
    model = clone(model).set_callbacks(tasks).fit(X, RARE)
    assert len(tasks.kept) >= 4
    for kept, proba in zip(tasks.kept, tasks.then, strict=True):
        np.testing.assert_array_equal(kept.predict_proba(X), proba)
    assert not np.array_equal(tasks.then[0], tasks.then[-1])
    np.testing.assert_array_equal(tasks.then[-1], model.predict_proba(X))


@needs_callbacks
def test_scikit_learns_scores_are_weighted():
    from sklearn.callback import ScoringMonitor

    weight = np.where(np.arange(160) < 20, 20.0, 1.0)
    noise, y = RNG.random((160, 32)), np.arange(160) % 2
    monitor = ScoringMonitor(scoring="accuracy")
    model = clone(NET).set_params(class_weight=None).set_callbacks(monitor)
    model.fit(noise, y, sample_weight=weight)
    found = monitor.get_logs().data_as_pandas["accuracy"].iloc[-1]
    assert found == pytest.approx(model.score(noise, y, sample_weight=weight))
    assert found != pytest.approx(model.score(noise, y))


# What happened in training


@EACH_WITH_ALL_OPTIONS
def test_history_has_the_accuracy_and_the_epoch_that_was_kept(model):
    model = fit(None, model=model, max_epochs=8)
    accuracy = model.score(X[VALID], RARE[VALID])
    assert model.history_[-1]["valid_acc"] == pytest.approx(accuracy)
    assert model.best_epoch_ == model.n_iter_ == 8
    model = fit(
        None, model=model, early_stopping=True, tol=0.0, n_iter_no_change=3, lr=0.05
    )
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    kept = model.history_[model.best_epoch_ - 1]["valid_acc"]
    assert kept == pytest.approx(model.score(X[VALID], RARE[VALID]))


def test_the_validation_accuracy_of_a_part_set_aside_is_weighted():
    weight = 1.0 + np.arange(160) % 3
    model = clone(NET).set_params(early_stopping=True, max_epochs=2)
    model.fit(X, RARE, sample_weight=weight)
    assert 0 < model.history_[-1]["valid_acc"] <= 1
