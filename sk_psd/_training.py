"""Train a module on tensors through skorch: batches, shifts, schedules, progress."""

from copy import deepcopy

import torch
from sklearn.base import clone
from sklearn.utils import gen_batches
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochTimer,
    LRScheduler,
    PassthroughScoring,
)
from skorch.helper import predefined_split
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset
from tqdm.auto import tqdm

from sk_psd.nn.shift import n_noise_bins, noise_bins, random_shift

__all__ = ["Rows", "TaskBridge", "make_net", "resolve_device"]

# Steps of the optimizer with max_epochs="auto". What counts is their number, also when
# there are few samples. From 750 to 1000 cut spectra gain 0.02 of accuracy, others up
# to 0.01; more steps gain less than they cost.
_AUTO_STEPS = 1000

# Values in one part of the training data, where their noise is looked for.
_PART_VALUES = 2**20

_OPTIMIZERS = {
    "adamw": (torch.optim.AdamW, {}),
    "adam": (torch.optim.Adam, {}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
}


def resolve_device(device):
    """Return the torch device that a `device` parameter means here.

    Parameters
    ----------
    device : str
        "auto" is CUDA where there is one, else the CPU; other names are torch's.

    Returns
    -------
    device : torch.device

    Raises
    ------
    ValueError
        If torch does not know the name or finds no such device.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            "device must be 'auto' or a device of torch such as 'cpu', 'cuda', "
            f"'cuda:1' or 'mps'. Got {device!r} instead."
        ) from error
    found = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }.get(resolved.type, 0)
    if (resolved.index or 0) >= found:
        raise ValueError(
            f"device={device!r} was asked for, but torch finds {found} "
            f"{resolved.type} device(s) here. Use device='auto' or 'cpu'."
        )
    return resolved


class Rows(TensorDataset):
    """All rows of a data set on the training device, and how their batches shift.

    Parameters
    ----------
    x : float32 Tensor of shape (N, C, F) or (N, C, F, T)
        Spectra, signals or spectrograms.

    targets : int64 Tensor of shape (N,) or float32 Tensor of shape (N, T)
        Classes, or the values to predict.

    weights : float32 Tensor of shape (N,)
        Weight of each row in the loss.

    shifts : list of (axis, mode, max_bins), default=()
        Random shifts of each batch, one after the other.
    """

    def __init__(self, x, targets, weights, shifts=()):
        super().__init__(x, targets, weights)
        self.shifts = shifts
        self.noise = None
        if any(mode == "floor" for _, mode, _ in shifts):
            # Once for all batches, as it ranks every spectrum. In parts, and into
            # memory taken in one piece: results of parts would scatter over it.
            self.noise = x.new_empty(*x.shape[:-1], n_noise_bins(x.shape[-1]))
            n_rows = max(1, _PART_VALUES // x[0].numel())
            for rows in gen_batches(len(x), n_rows):
                self.noise[rows] = noise_bins(x[rows])


class Weighted:
    """The rows of a batch and their weights; skorch asks for its length."""

    def __init__(self, x, weights):
        self.x = x
        self.weights = weights

    def __len__(self):
        return len(self.x)


class BatchLoader:
    """Batches sliced from whole tensors; shuffled and shifted with a generator.

    Parameters
    ----------
    dataset : Rows

    batch_size : int
        A last batch of one row joins the one before it, as batch norm needs two.

    generator : torch.Generator or None, default=None
        Of the order and the shifts; None keeps the rows as they are.
    """

    def __init__(self, dataset, batch_size, generator=None):
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = generator

    def __len__(self):
        return n_batches(len(self.dataset), self.batch_size)

    def __iter__(self):
        x, targets, weights = self.dataset.tensors
        edges = [i * self.batch_size for i in range(len(self))] + [len(x)]
        if self.generator is None:
            order = torch.arange(len(x), device=x.device)
        else:
            order = torch.randperm(len(x), generator=self.generator, device="cpu")
            order = order.to(x.device)
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            rows = order[first:last]
            batch = x[rows]
            if self.generator is not None:
                batch = self._shift(batch, rows)
            yield Weighted(batch, weights[rows]), targets[rows]

    def _shift(self, batch, rows):
        for axis, mode, max_bins in self.dataset.shifts:
            batch = random_shift(
                batch,
                max_bins,
                mode=mode,
                axis=axis,
                noise=self.dataset.noise[rows] if mode == "floor" else None,
                generator=self.generator,
            )
        return batch


def n_batches(n_samples, batch_size):
    """Count the batches of `n_samples` rows, none of which has a single row."""
    return max(1, n_samples // batch_size + (n_samples % batch_size > 1))


def make_loader(dataset, batch_size, generator=None):
    """Return a BatchLoader for Rows, and torch's loader for what skorch wraps."""
    if isinstance(dataset, Rows):
        return BatchLoader(dataset, batch_size, generator)
    return DataLoader(dataset, batch_size)


def clone_callbacks(callbacks):
    """Copy the skorch callbacks of a parameter, bare or as pairs (name, callback)."""
    for item in callbacks or []:
        callback = item[1] if isinstance(item, tuple) and len(item) == 2 else item
        if not isinstance(callback, Callback):
            raise ValueError(
                "callbacks must be a list of skorch callbacks, or of pairs (name, "
                "callback); those of scikit-learn are set by set_callbacks. Got "
                f"{item!r} in the list."
            )
    try:
        return clone(list(callbacks or []), safe=False)
    except TypeError as error:
        raise ValueError(
            "callbacks are cloned for each fit, so what __init__ stores must be its "
            f"parameters. {error}"
        ) from error


class EpochBar(Callback):
    """One progress bar over all epochs."""

    def on_train_begin(self, net, **kwargs):
        """Open the bar."""
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch")

    def on_epoch_end(self, net, **kwargs):
        """Advance it."""
        losses = {k: v for k, v in net.history[-1].items() if k.endswith("_loss")}
        self.bar_.set_postfix({k: f"{v:.4f}" for k, v in losses.items()})
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        """Close it."""
        self.bar_.close()


class TaskBridge(Callback):
    """Tell the callbacks of scikit-learn of each epoch, and stop if they ask for it.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit.

    estimator : estimator object
        Being fitted.

    data : dict
        `X` and `y` as they came.

    learned : callable
        Maps the net to the attributes that its estimator predicts from.
    """

    def __init__(self, context, estimator, data, learned):
        self.context = context
        self.estimator = estimator
        self.data = data
        self.learned = learned

    def on_epoch_begin(self, net, **kwargs):
        """Open the task of the epoch."""
        self.task_ = self.context.subcontext(task_name="epoch")
        self.task_.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def on_epoch_end(self, net, **kwargs):
        """Close it."""
        if self.task_.call_on_fit_task_end(
            estimator=self.estimator,
            reconstruction_attributes=lambda: self.learned(net),
            **self.data,
        ):
            raise KeyboardInterrupt

    def on_train_end(self, net, **kwargs):
        """Let go of the data, which the net would hold on to."""
        self.context = self.estimator = self.data = self.learned = self.task_ = None


class BestWeights(Callback):
    """Keep the weights of the least validation loss and restore them at the end."""

    def on_train_begin(self, net, **kwargs):
        """Forget those of another training."""
        self.loss_, self.weights_ = float("inf"), None

    def on_epoch_end(self, net, **kwargs):
        """Keep better ones."""
        if net.history[-1, "valid_loss"] < self.loss_:
            self.loss_ = net.history[-1, "valid_loss"]
            self.weights_ = deepcopy(net.module_.state_dict())

    def on_train_end(self, net, **kwargs):
        """Restore them."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)


class _WeightedNet:
    """A skorch net with weighted rows and without callbacks that print or cost."""

    @property
    def _default_callbacks(self):
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
        ]

    def infer(self, x, **kwargs):
        """Return what the module makes of a batch, weighted or plain."""
        if isinstance(x, Weighted):
            return self.module_(x.x)
        return super().infer(x, **kwargs)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the mean of the weighted losses of the rows."""
        losses = self.criterion_(y_pred, y_true)  # (N,) or (N, T)
        if losses.ndim > 1:
            losses = losses.mean(1)
        return (losses * X.weights).mean()

    def _set_training(self, training=True):
        # skorch walks through all submodules before every step.
        if self.module_.training != training:
            super()._set_training(training)

    def notify(self, method_name, **kwargs):
        """Tell the callbacks, and note whether one of them ends the training."""
        try:
            super().notify(method_name, **kwargs)
        except KeyboardInterrupt:  # how skorch's callbacks stop
            self.stopped_by_callback_ = True
            raise

    def fit_loop(self, X, y=None, **kwargs):
        """Train, and note whether the user interrupts."""
        self.stopped_by_callback_ = self.interrupted_ = False
        try:
            return super().fit_loop(X, y, **kwargs)
        except KeyboardInterrupt:  # skorch ends the training in silence
            self.interrupted_ = not self.stopped_by_callback_
            raise


class ClassifierNet(_WeightedNet, NeuralNetClassifier):
    """Trained on codes of classes, by the cross entropy."""


class RegressorNet(_WeightedNet, NeuralNetRegressor):
    """Trained on values, by the mean squared error."""


def make_net(
    module,
    n_samples,
    n_classes=None,
    *,
    device,
    optimizer,
    lr,
    weight_decay,
    lr_schedule="constant",
    batch_size=32,
    max_epochs="auto",
    generator=None,
    valid=None,
    patience=None,
    tol=0.0,
    callbacks=None,
    verbose=0,
):
    """Return an untrained skorch net around a module; ``net.fit(Rows(...))`` trains it.

    Parameters
    ----------
    module : torch.nn.Module
        Maps (N, C, F) to logits, or to the values of the targets.

    n_samples : int
        Rows that it will be trained on, to plan the schedule.

    n_classes : int or None, default=None
        None for targets that are values.

    device : torch.device

    optimizer : {"adamw", "adam", "sgd"}

    lr, weight_decay : float
        Of the optimizer.

    lr_schedule : {"one_cycle", "cosine", "constant"}, default="constant"
        What the learning rate does over all steps; `lr` is its peak.

    batch_size : int, default=32

    max_epochs : "auto" or int, default="auto"

    generator : torch.Generator, default=None
        Of the order of the rows and their shifts.

    valid : Rows or None, default=None
        Evaluated after each epoch.

    patience : int or None, default=None
        Stop after so many epochs in which the validation loss fell by less than `tol`,
        and restore the best weights.

    tol : float, default=0.0

    callbacks : list of skorch callbacks or None, default=None
        Told last. Cloned.

    verbose : int, default=0

    Returns
    -------
    net : ClassifierNet or RegressorNet
    """
    batch_size = int(min(batch_size, n_samples))
    steps = n_batches(n_samples, batch_size)
    if max_epochs == "auto":
        max_epochs = max(10, round(_AUTO_STEPS / steps))
    max_epochs = int(max_epochs)  # torch's schedules refuse the integers of NumPy
    n_steps = steps * max_epochs
    schedules = {
        "one_cycle": (lr_scheduler.OneCycleLR, dict(max_lr=lr, total_steps=n_steps)),
        "cosine": (lr_scheduler.CosineAnnealingLR, dict(T_max=n_steps)),
    }
    told = []
    if lr_schedule in schedules:
        policy, options = schedules[lr_schedule]
        told.append(LRScheduler(policy, step_every="batch", event_name=None, **options))
    if patience is not None:
        told.append(BestWeights())
        told.append(
            EarlyStopping(
                "valid_loss", patience=patience, threshold=tol, threshold_mode="abs"
            )
        )
    if verbose:
        told.append(EpochBar())
    told.extend(clone_callbacks(callbacks))
    algorithm, options = _OPTIMIZERS[optimizer]
    options = options | {"weight_decay": weight_decay}
    if n_classes is None:
        task = dict(criterion=torch.nn.MSELoss)
    else:
        task = dict(criterion=torch.nn.CrossEntropyLoss, classes=list(range(n_classes)))
    return (RegressorNet if n_classes is None else ClassifierNet)(
        module,
        **task,
        criterion__reduction="none",
        optimizer=algorithm,
        optimizer__fused=device.type in ("cpu", "cuda"),
        **{f"optimizer__{key}": value for key, value in options.items()},
        lr=lr,
        batch_size=batch_size,
        max_epochs=max_epochs,
        iterator_train=make_loader,
        iterator_train__generator=generator,
        iterator_valid=make_loader,
        iterator_valid__batch_size=256,
        train_split=None if valid is None else predefined_split(valid),
        callbacks=told,
        device=device,
        verbose=0,
    )
