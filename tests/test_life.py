"""Random lives of the estimators that are trained, and what is true at every moment.

See draws.py for how to run more and other ones.
"""

import copy
import pickle
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from draws import assert_deliberate, examples
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    SpectrogramCNNClassifier,
)

# The data are much larger than the models, to find them in a pickle.
RNG = np.random.default_rng(0)
DATA = {"good": RNG.random((40, 256)), "other": RNG.random((30, 256)) + 1}
DATA["short"] = RNG.random((20, 200))
LARGEST_PICKLE = 10_000

TRAINING = dict(max_epochs=3, batch_size=16, lr_schedule="constant", random_state=0)
MODELS = {
    GlobalPoolCNNClassifier: dict(n_filters=(2, 3), **TRAINING),
    FlattenCNNClassifier: dict(
        n_filters=2, max_epochs=3, batch_size=16, random_state=0
    ),
    SpectrogramCNNClassifier: dict(n_filters=(2, 3), **TRAINING),
    LearnedConvFilter: dict(kernel_size=5, **TRAINING),
}
GOOD_PARAMS = [
    *(dict(lr=1e-3), dict(lr=1e-2), dict(batch_size=16), dict(batch_size=np.int64(7))),
    *(dict(max_epochs=1), dict(max_epochs=3), dict(optimizer="sgd"), dict(verbose=0)),
    *(dict(optimizer="adamw"), dict(weight_decay=0.1), dict(device="cpu")),
    *(dict(callbacks=None), dict(lr_schedule="constant"), dict(random_state=1)),
]
GOOD_PARAMS_OF_CLASSIFIERS = [
    *(dict(warm_start=True), dict(warm_start=False), dict(early_stopping=True)),
    *(
        dict(early_stopping=False),
        dict(class_weight={"a": 2.0}),
        dict(class_weight=None),
    ),
    *(dict(n_filters=2), dict(n_filters=(2, 3)), dict(kernel_size=3)),
    *(dict(precision="bf16"), dict(precision="float32")),
]
BAD_PARAMS = [
    *(dict(optimizer="bogus"), dict(lr="x"), dict(lr=-1), dict(weight_decay=-1)),
    *(dict(batch_size=0), dict(batch_size="a"), dict(max_epochs="x"), dict(lr=None)),
    *(dict(callbacks="x"), dict(device="nonsense"), dict(random_state="x")),
]
EVENTS = [
    *("on_train_begin", "on_epoch_begin", "on_batch_begin", "on_batch_end"),
    *("on_epoch_end", "on_train_end"),
]
FAULTS = ["NaN", "1-D", "one class", "unknown class", "short y", "no y"]
ERRORS = [RuntimeError, MemoryError, KeyboardInterrupt]


class Failing(Callback):
    """Raise an error at one of the events of a training.

    Parameters
    ----------
    event : str

    number : int
        At the first, second, ... of them.

    error : type
    """

    def __init__(self, event, number, error):
        self.event = event
        self.number = number
        self.error = error

    def notify(self, method_name, net, **kwargs):
        if method_name == self.event and kwargs.get("training", True):
            self.count_ = getattr(self, "count_", 0) + 1
            if self.count_ == self.number:
                RAISED.append(("callback", self.error))
                raise self.error("raised by a callback")


# Where errors were raised in the current step of a life, and which. A net that goes on
# keeps the callbacks of its first training.
RAISED = []


def notifier(event):
    def method(self, net, *args, **kwargs):
        Callback.__dict__[event](self, net, *args, **kwargs)
        self.notify(event, net, **kwargs)

    return method


for event in EVENTS:
    setattr(Failing, event, notifier(event))


def failing_step(patch, number, error):
    """Raise an error in the backward pass of one training step."""
    backward, calls = torch.Tensor.backward, []

    def replaced(tensor, *args, **kwargs):
        calls.append(1)
        if len(calls) == number:
            RAISED.append(("step", error))
            raise error("raised in a step")
        return backward(tensor, *args, **kwargs)

    patch.setattr(torch.Tensor, "backward", replaced)


def target_of(model, X):
    if is_filter(model):
        return X[:, ::-1].copy()
    return np.array(["a", "b"])[np.arange(len(X)) % 2]


def is_filter(model):
    return isinstance(model, LearnedConvFilter)


def is_fitted(model):
    return hasattr(model, "kernel_" if is_filter(model) else "module_")


def predict(model, name=None):
    """Return the bits of the predictions for a few rows, of the length seen in fit."""
    if name is None:
        name = "short" if model.n_features_in_ == 200 else "good"
    apply = model.predict if is_filter(model) else model.predict_proba
    return apply(DATA[name][:5]).tobytes()


def weights_of(model):
    return {k: v.numpy().tobytes() for k, v in model.module_.state_dict().items()}


class Life(RuleBasedStateMachine):
    """One estimator, and the predictions that it has to give at this moment.

    Parameters
    ----------
    cls : type
        Class of the estimator.
    """

    def __init__(self, cls):
        super().__init__()
        self.model = cls(**MODELS[cls])
        self.expected = None  # where it is not fitted
        self.record = None

    @property
    def is_classifier(self):
        return not is_filter(self.model)

    def remember(self):
        self.expected = predict(self.model)
        self.record = self.model.n_iter_, copy.deepcopy(self.model.history_)

    def forget(self):
        self.expected = self.record = None

    def train(self, method, X, y, **kwargs):
        """Call a method that trains, and check what it leaves behind."""
        RAISED.clear()
        warm = self.expected is not None
        if method == "fit":
            warm = (
                warm
                and self.is_classifier
                and getattr(self.model, "warm_start", False) is True
            )
        error = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                getattr(self.model, method)(X, y, **kwargs)
            except (Exception, KeyboardInterrupt) as e:
                error = e
        texts = [str(w.message) for w in caught]
        if error is None:
            assert is_fitted(self.model)
            self.remember()
            assert all(error is KeyboardInterrupt for _, error in RAISED)
            if ("step", KeyboardInterrupt) in RAISED:
                assert method == "fit", "Ctrl-C in partial_fit was not raised"
                assert any("interrupted" in text for text in texts), texts
            else:
                assert not texts
            return
        if RAISED:
            assert isinstance(error, RAISED[-1][1]), error
        else:
            assert_deliberate(error)
        if warm:  # the invariants compare it with the model from before
            assert is_fitted(self.model)
        elif RAISED or not is_fitted(self.model):
            self.forget()
            assert not is_fitted(self.model)

    @rule(
        name=st.sampled_from(["good", "good", "other", "short"]),
        validated=st.booleans(),
    )
    def fit(self, name, validated):
        X, options = DATA[name], {}
        y = target_of(self.model, X)
        if validated and self.is_classifier:
            options = dict(X_val=X[::3], y_val=y[::3])
        self.train("fit", X, y, **options)

    @rule(
        event=st.sampled_from(EVENTS),
        number=st.integers(1, 8),
        error=st.sampled_from(ERRORS),
        method=st.sampled_from(["fit", "partial_fit"]),
    )
    def a_callback_fails(self, event, number, error, method):
        before = self.model.callbacks
        self.model.set_params(callbacks=[Failing(event, number, error)])
        X = DATA["good"]
        if method == "partial_fit" and self.is_classifier:
            self.train(method, X, target_of(self.model, X), classes=["a", "b"])
        else:
            self.train("fit", X, target_of(self.model, X))
        self.model.set_params(callbacks=before)

    @rule(
        number=st.integers(1, 12),
        error=st.sampled_from(ERRORS),
        method=st.sampled_from(["fit", "partial_fit"]),
    )
    def a_step_fails(self, number, error, method):
        X = DATA["good"]
        y = target_of(self.model, X)
        with pytest.MonkeyPatch.context() as patch:
            failing_step(patch, number, error)
            if method == "partial_fit" and self.is_classifier:
                self.train(method, X, y, classes=["a", "b"])
            else:
                self.train("fit", X, y)

    @rule(number=st.integers(1, 12))
    def ctrl_c_in_a_cold_fit_keeps_the_last_full_epoch(self, number):
        model = clone(self.model)
        if "early_stopping" in model.get_params():
            model.set_params(early_stopping=False)
        X = DATA["good"]
        y = target_of(model, X)
        with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
            warnings.filterwarnings("ignore", "Training was interrupted")
            failing_step(patch, number, KeyboardInterrupt)
            try:
                model.fit(X, y)
            except KeyboardInterrupt:
                assert not is_fitted(model)
                return
            except ValueError as error:
                assert_deliberate(error)
                return
        shorter = clone(model).set_params(max_epochs=model.n_iter_).fit(X, y)
        assert predict(model) == predict(shorter)
        assert len(model.loss_curve_) == len(model.history_) == model.n_iter_

    @precondition(lambda self: self.is_classifier)
    @rule(name=st.sampled_from(["good", "other", "short"]), names_classes=st.booleans())
    def partial_fit(self, name, names_classes):
        X = DATA[name]
        options = dict(classes=["a", "b"]) if names_classes else {}
        self.train("partial_fit", X, target_of(self.model, X), **options)

    @rule(
        fault=st.sampled_from(
            ["NaN", "1-D", "one class", "unknown", "short y", "no y"]
        ),
        method=st.sampled_from(["fit", "partial_fit"]),
    )
    def bad_data(self, fault, method):
        X = DATA["good"].copy()
        y = target_of(self.model, X)
        if fault == "NaN":
            X[3, 5] = np.nan
        elif fault == "1-D":
            X = X[0]
        elif fault == "one class" and self.is_classifier:
            y = np.repeat("a", len(X))
        elif fault == "unknown class" and self.is_classifier:
            y = np.array(["a", "other"])[np.arange(len(X)) % 2]
        elif fault == "short y":
            y = y[:-1]
        elif fault == "no y":
            y = None
        if method == "partial_fit" and self.is_classifier:
            self.train(method, X, y, classes=["a", "b"])
        else:
            self.train("fit", X, y)

    @rule(params=st.sampled_from(GOOD_PARAMS + BAD_PARAMS))
    def set_params(self, params):
        self.set_those_it_has(params)

    def set_those_it_has(self, params):
        has = self.model.get_params()
        self.model.set_params(**{k: v for k, v in params.items() if k in has})

    @precondition(lambda self: self.is_classifier)
    @rule(params=st.sampled_from(GOOD_PARAMS_OF_CLASSIFIERS))
    def set_params_of_a_classifier(self, params):
        self.set_those_it_has(params)

    @rule()
    def reset_params(self):
        self.model.set_params(
            **type(self.model)(**MODELS[type(self.model)]).get_params()
        )

    @rule(
        how=st.sampled_from(
            [lambda model: pickle.loads(pickle.dumps(model)), copy.copy, copy.deepcopy]
        ),
        goes_on=st.booleans(),
    )
    def copied(self, how, goes_on):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*The loaded model is on the CPU")
            other = how(self.model)
        assert is_fitted(other) == is_fitted(self.model)
        assert repr(other) == repr(self.model)
        if self.expected is not None:
            assert predict(other) == self.expected
        if goes_on:
            self.model = other

    @precondition(lambda self: self.is_classifier and self.expected is not None)
    @rule()
    def training_a_copy_leaves_the_model(self):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*The loaded model is on the CPU")
            other = copy.copy(self.model)
        X = DATA["good"] if self.model.n_features_in_ == 256 else DATA["short"]
        try:
            other.partial_fit(X, target_of(other, X))
        except (ValueError, TypeError) as error:
            assert_deliberate(error)

    @rule()
    def a_clone_is_not_fitted(self):
        assert not is_fitted(clone(self.model))

    @rule(name=st.sampled_from(["good", "other"]))
    def one_seed_gives_one_model(self, name):
        X, bits = DATA[name], []
        for _ in range(2):
            model = clone(self.model)
            try:
                bits.append(predict(model.fit(X, target_of(model, X))))
            except (ValueError, TypeError) as error:
                assert_deliberate(error)
                bits.append(type(error))
        assert bits[0] == bits[1]

    @invariant()
    def predictions_are_those_expected(self):
        if self.expected is None:
            with pytest.raises(NotFittedError):
                predict(self.model, "good")
            return
        before = weights_of(self.model) if self.is_classifier else None
        assert predict(self.model) == self.expected
        assert (self.model.n_iter_, self.model.history_) == self.record
        if self.is_classifier:
            assert not any(module.training for module in self.model.module_.modules())
            assert weights_of(self.model) == before

    @invariant()
    def no_training_data_are_pickled(self):
        assert len(pickle.dumps(self.model)) < LARGEST_PICKLE


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_any_life_of_an_estimator_keeps_what_is_promised(cls):
    # Without the search for a shorter life that fails as well, which takes minutes.
    settings = examples(10, stateful_step_count=20, phases=[Phase.generate])
    run_state_machine_as_test(partial(Life, cls), settings=settings)
