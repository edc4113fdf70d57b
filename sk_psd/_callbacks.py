"""The skorch callbacks of every training, and the checks of the user's callbacks."""

from copy import deepcopy

import torch
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochTimer,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
)
from skorch.callbacks.scoring import ScoringBase
from tqdm.auto import tqdm

from sk_psd._threads import in_worker

__all__ = [
    "EpochBar",
    "SklearnCallbackBridge",
    "own_callbacks",
    "record_callbacks",
    "user_callbacks",
]


def record_callbacks():
    """Return the callbacks that record times, losses and the validation accuracy.

    Returns
    -------
    callbacks : list of (name, callback)
    """
    return [
        ("epoch_timer", EpochTimer()),
        ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
        ("valid_loss", PassthroughScoring(name="valid_loss")),
        ("_valid_acc", ValidAccuracy()),
        ("_last_epoch", LastEpoch()),
    ]


def own_callbacks(callbacks, *, schedule=None, patience=None, tol=0.0, bar=False):
    """Return the callbacks of a training that come before the user's.

    Their names begin with an underscore, so that skorch does not sort them in among
    the user's callbacks of the same class.

    Parameters
    ----------
    callbacks : list of (name, callback) or callback
        The user's callbacks. A scheduler among them replaces `schedule`, and a callback
        that prints replaces the bar.

    schedule : (type, dict) or None, default=None
        A torch schedule of the learning rate over all steps, and its parameters.

    patience : int or None, default=None
        Stop after this many epochs in which the validation loss fell by less than
        `tol`, and restore the best weights.

    tol : float, default=0.0

    bar : bool, default=False
        Whether to show a progress bar. Workers of a search show none.

    Returns
    -------
    own : list of (name, callback)
    """
    own = []
    if schedule is not None and not any(_of_class(callbacks, LRScheduler)):
        policy, options = schedule
        stepper = LRScheduler(policy, step_every="batch", event_name=None, **options)
        own.append(("_schedule", stepper))
    if patience is not None:
        stop = EarlyStopping(
            "valid_loss", patience=patience, threshold=tol, threshold_mode="abs"
        )
        # The weights are kept first, as EarlyStopping ends the epoch by an exception.
        own += [("_best_weights", BestWeights()), ("_early_stopping", stop)]
    prints = any(_of_class(callbacks, (PrintLog, ProgressBar)))
    if bar and not prints and not in_worker():
        own.append(("_bar", EpochBar()))
    return own


def user_callbacks(callbacks, *, has_validation):
    """Check the `callbacks` parameter.

    Parameters
    ----------
    callbacks : list of skorch callbacks, bare or as pairs (name, callback), or None

    has_validation : bool
        Whether there are validation data.

    Returns
    -------
    callbacks : list
        The objects themselves, not copies.

    Raises
    ------
    ValueError
        If something else is in the list, or if a callback monitors a score of
        validation data that do not exist.
    """
    callbacks = list(callbacks or [])
    for item in callbacks:
        if not isinstance(_bare(item), Callback):
            raise ValueError(
                "callbacks must be a list of skorch callbacks, or of pairs (name, "
                "callback); those of scikit-learn are set by set_callbacks. Got "
                f"{item!r} in the list."
            )
    if has_validation:
        return callbacks
    # Names of the scores that do not exist without validation data.
    missing = {"valid_loss", "valid_acc"} | {
        callback.name or callback.scoring
        for callback in _of_class(callbacks, ScoringBase)
        if not callback.on_train and isinstance(callback.name or callback.scoring, str)
    }
    for callback in map(_bare, callbacks):
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, str) and monitor.removesuffix("_best") in missing:
            raise ValueError(
                f"{type(callback).__name__} in callbacks monitors {monitor!r}, but "
                "there are no validation data. Pass X_val and y_val to fit, or set "
                "early_stopping=True, or monitor='train_loss'."
            )
    return callbacks


def _bare(item):
    """Return the callback of a pair (name, callback), or the item itself."""
    return item[1] if isinstance(item, tuple) and len(item) == 2 else item


def _of_class(callbacks, kind):
    """Yield the callbacks of a class."""
    return (item for item in map(_bare, callbacks) if isinstance(item, kind))


class ValidAccuracy(Callback):
    """Record the weighted accuracy on the validation data."""

    def on_epoch_begin(self, net, **kwargs):
        """Start the counts."""
        self.right_ = self.all_ = 0.0

    def on_batch_end(self, net, batch, training, y_pred, **kwargs):
        """Count the right predictions in a batch of validation data."""
        if training or not hasattr(net, "are_right"):  # a regressor
            return
        x, y = batch
        weights = getattr(x, "sample_weight", torch.ones(len(y), device=y.device))
        if weights.ndim > 1:
            weights = weights.mean(1)
        self.right_ += float(weights[net.are_right(y_pred, y)].sum())
        self.all_ += float(weights.sum())

    def on_epoch_end(self, net, **kwargs):
        """Record the accuracy of the epoch."""
        if self.all_:
            net.history.record("valid_acc", self.right_ / self.all_)


class EpochBar(Callback):
    """One progress bar over all epochs."""

    bar_ = None

    def on_train_begin(self, net, **kwargs):
        """Open the progress bar."""
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch")

    def on_epoch_end(self, net, **kwargs):
        """Advance the progress bar and show the losses."""
        losses = {k: v for k, v in net.history[-1].items() if k.endswith("_loss")}
        self.bar_.set_postfix({k: f"{v:.4f}" for k, v in losses.items()})
        self.bar_.update()

    def on_train_end(self, net=None, **kwargs):
        """Close the progress bar."""
        if self.bar_ is not None:
            self.bar_.close()
            self.bar_ = None


class BestWeights(Callback):
    """Keep the weights with the lowest validation loss; restore them at the end."""

    def on_train_begin(self, net, **kwargs):
        """Forget the weights of another training."""
        self.loss_, self.weights_, self.epoch_ = float("inf"), None, None

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights if they are the best so far."""
        if net.history[-1, "valid_loss"] < self.loss_:
            self.loss_ = net.history[-1, "valid_loss"]
            self.weights_ = deepcopy(net.module_.state_dict())
            self.epoch_ = len(net.history)

    def on_train_end(self, net, **kwargs):
        """Restore the best weights."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)
        self.weights_ = None


class LastEpoch(Callback):
    """Go back to the weights of the last full epoch after an interruption."""

    def on_train_begin(self, net, **kwargs):
        """Forget the weights of another training."""
        self.weights_ = None

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights."""
        state = net.module_.state_dict()
        if self.weights_ is None:
            self.weights_ = {
                key: torch.empty_like(value) for key, value in state.items()
            }
        for key, value in state.items():
            self.weights_[key].copy_(value)

    def on_train_end(self, net, **kwargs):
        """Restore the weights if the user interrupted an epoch."""
        if net.interrupted_ and self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)
        self.weights_ = None


class SklearnCallbackBridge(Callback):
    """Call scikit-learn's callbacks in each epoch, and stop if they ask for it.

    This callback stands before all others that may stop the training. So scikit-learn's
    callbacks see the end of every epoch whose beginning they saw.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Context of the fit.

    estimator : estimator object
        The estimator that is being fitted.

    data : dict
        `X`, `y` and `metadata` for the callbacks.

    fitted_attributes : callable
        Maps the net to the attributes from which its estimator predicts.
    """

    def __init__(self, context, estimator, data, fitted_attributes):
        self.context = context
        self.estimator = estimator
        self.data = data
        self.fitted_attributes = fitted_attributes
        self.task_ = None
        self.stops_ = False

    def on_epoch_begin(self, net, **kwargs):
        """Open the task of the epoch, unless the last one asked to stop."""
        if self.stops_:
            raise KeyboardInterrupt
        self.task_ = self.context.subcontext(task_name="epoch")
        self.task_.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def on_epoch_end(self, net, **kwargs):
        """End the task of the epoch."""
        task, self.task_ = self.task_, None
        self.stops_ = task.call_on_fit_task_end(
            estimator=self.estimator,
            # Copied only for callbacks that ask for it, as the net goes on learning.
            reconstruction_attributes=lambda: deepcopy(self.fitted_attributes(net)),
            **self.data,
        )

    def on_train_end(self, net, **kwargs):
        """End the task of an interrupted epoch, and drop the training data."""
        if self.task_ is not None:
            self.on_epoch_end(net)
        self.__dict__.update(self.__getstate__())

    def __getstate__(self):
        """Return a state without data: a checkpoint of the net must not hold them."""
        return dict.fromkeys(vars(self))
