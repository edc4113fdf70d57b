"""Train a module on tensors through skorch: batches, losses, schedules."""

import torch
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks.scoring import ScoringBase
from skorch.dataset import Dataset
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from sk_psd._callbacks import (
    EpochBar,
    own_callbacks,
    record_callbacks,
    user_callbacks,
)
from sk_psd._training_rows import HostRows, take_rows

__all__ = ["SpectraDataset", "make_net"]

_OPTIMIZERS = {
    "adamw": (torch.optim.AdamW, {}),
    "adam": (torch.optim.Adam, {}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
}


class SpectraDataset(TorchDataset):
    """All samples of a data set for one device, and how their batches change.

    Parameters
    ----------
    x : float32 Tensor, StandardizedRows or HostRows of shape (N, C, F) or (N, C, F, T)
        Spectra, signals or spectrograms.

    targets : int64 Tensor of shape (N,), or float32 Tensor or HostRows of shape (N, T)
        Classes, or the values to predict.

    weights : float32 Tensor of shape (N,) or (N, T)
        Weight of each sample in the loss, or of each of its targets.

    augmentations : list of callable, default=()
        Applied to every batch in this order: ``augment(batch, rows, generator)``
        returns the changed batch, see :class:`sk_psd.augmentation.BatchAugmentation`.
        `rows` are on the CPU where `x` is HostRows.
    """

    def __init__(self, x, targets, weights, augmentations=()):
        self.x, self.targets, self.weights = x, targets, weights
        self.augmentations = augmentations

    def __len__(self):
        return len(self.targets)


class BatchLoader:
    """Batches sliced from whole tensors; shuffled and augmented with a generator.

    Parameters
    ----------
    dataset : SpectraDataset

    batch_size : int
        A last batch of one row joins the one before it, as batch norm needs two.

    generator : torch.Generator or None, default=None
        Source of the order and of the augmentations. None keeps the samples as they
        are, in their order.
    """

    def __init__(self, dataset, batch_size, generator=None):
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = generator

    def __len__(self):
        return n_batches(len(self.dataset), self.batch_size)

    def __iter__(self):
        data = self.dataset
        x, targets, weights = data.x, data.targets, data.weights
        edges = [i * self.batch_size for i in range(len(self))] + [len(x)]
        if self.generator is None:
            host_order = torch.arange(len(x), device="cpu")
        else:
            host_order = torch.randperm(len(x), generator=self.generator, device="cpu")
        order = host_order.to(x.device)
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            rows, host_rows = order[first:last], host_order[first:last]
            batch = take_rows(x, rows, host_rows)
            if self.generator is not None:
                # Data of an augmentation are on the host as well if the rows are.
                where = host_rows if isinstance(x, HostRows) else rows
                for augment in self.dataset.augmentations:
                    batch = augment(batch, where, self.generator)
            batch.sample_weight = weights[rows]  # for the loss; skorch wants pairs
            yield batch, take_rows(targets, rows, host_rows)


def n_batches(n_samples, batch_size):
    """Count the batches of `n_samples` samples; no batch has a single sample."""
    return max(1, n_samples // batch_size + (n_samples % batch_size > 1))


def make_loader(dataset, batch_size, generator=None):
    """Return a BatchLoader for our data set, and torch's loader for those of skorch."""
    if isinstance(dataset, SpectraDataset):
        return BatchLoader(dataset, batch_size, generator)
    return DataLoader(dataset, batch_size)


class Validation:
    """The `train_split` of skorch that returns validation data made beforehand.

    Parameters
    ----------
    dataset : SpectraDataset or None
    """

    def __init__(self, dataset):
        self.dataset = dataset

    def __call__(self, dataset, y=None, **kwargs):
        """Return the training data as they are, and the validation data."""
        return dataset, self.dataset

    def __getstate__(self):
        """Return a state without data: a checkpoint of the net must not hold them."""
        return {"dataset": None}


class _WeightedNet:
    """A skorch net for weighted samples, whose callbacks see the user's labels."""

    precision = "float32"

    @property
    def _default_callbacks(self):
        return record_callbacks()

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the mean of the weighted losses of the samples."""
        losses = self.criterion_(y_pred, y_true)  # (N,) or (N, T)
        weights = getattr(X, "sample_weight", None)  # likewise
        if losses.ndim > 1 and (weights is None or weights.ndim == 1):
            losses = losses.mean(1)
        return (losses if weights is None else losses * weights).mean()

    def infer(self, x, **fit_params):
        """Return the results of the module, in float32."""
        if self.precision == "float32" or not self.module_.training:
            return super().infer(x, **fit_params)
        # The weights stay in float32, and so do the validation and the predictions.
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            return super().infer(x, **fit_params).float()

    def _set_training(self, training=True):
        # Only on a change: skorch would visit all submodules before every step.
        if self.module_.training != training:
            super()._set_training(training)

    def notify(self, method_name, **kwargs):
        """Call the callbacks, and note whether one of them ends the training."""
        try:
            getattr(self, method_name)(self, **kwargs)
            for _, callback in self.callbacks_:
                event = kwargs
                if isinstance(callback, ScoringBase):
                    event = self._with_labels(kwargs)
                getattr(callback, method_name)(self, **event)
        except KeyboardInterrupt:  # how skorch's callbacks stop
            self.stopped_by_callback_ = True
            raise

    def _with_labels(self, event):
        """Return the arguments of a callback with labels instead of their codes."""
        event = dict(event)
        if event.get("batch") is not None:
            x, y = event["batch"]
            event["batch"] = x, self._to_labels(y)
        for name in ("dataset_train", "dataset_valid"):
            if isinstance(event.get(name), SpectraDataset):
                x, y = event[name].x, event[name].targets
                event[name] = Dataset(x, self._to_labels(y))
        return event

    def _to_labels(self, targets):
        return targets

    def close_bar(self):
        """Close the progress bar, which skorch leaves open after an error."""
        for _, callback in getattr(self, "callbacks_", []):
            if isinstance(callback, EpochBar):
                callback.on_train_end()

    def release(self):
        """Drop validation data, gradients and the state of the optimizer.

        They take memory of the device, and only a training that goes on needs them.
        """
        self.train_split = None
        self.optimizer_.zero_grad(set_to_none=True)
        self.optimizer_.state.clear()

    def best_epoch(self):
        """Return the number of the epoch with the best weights, None for the last."""
        found = (cb for name, cb in self.callbacks_ if name == "_best_weights")
        return next((callback.epoch_ for callback in found), None)

    def fit_loop(self, X, y=None, **kwargs):
        """Train, and note an interruption by the user."""
        self.stopped_by_callback_ = self.interrupted_ = False
        try:
            return super().fit_loop(X, y, **kwargs)
        except KeyboardInterrupt:  # skorch ends the training in silence
            self.interrupted_ = not self.stopped_by_callback_
            raise


class ClassifierNet(_WeightedNet, NeuralNetClassifier):
    """A net trained on codes of labels, or on indicators. It predicts labels.

    Parameters
    ----------
    *args, **kwargs
        Arguments of :class:`skorch.NeuralNetClassifier`.

    targets : LabelTargets or IndicatorTargets
        Converts labels to codes, and logits to predictions.

    precision : {"float32", "bf16"}, default="float32"
        Number format of the layers in training.
    """

    def __init__(self, *args, targets, precision="float32", **kwargs):
        super().__init__(*args, **kwargs)
        self.targets = targets
        self.precision = precision

    def predict(self, X):
        """Return the labels of each row."""
        return self.targets.decode(self.targets.to_codes(self.predict_proba(X)))

    def are_right(self, y_pred, y_true):
        """Say for each row of a batch whether the prediction is right."""
        return self.targets.are_right(y_pred, y_true)

    def _to_labels(self, targets):
        return self.targets.decode(targets.cpu().numpy())


class RegressorNet(_WeightedNet, NeuralNetRegressor):
    """A net trained on values by the mean squared error."""


def make_net(
    module,
    n_samples,
    targets=None,
    *,
    device,
    optimizer,
    lr,
    weight_decay,
    lr_schedule="constant",
    batch_size=32,
    max_epochs="auto",
    auto_steps=1000,
    precision="float32",
    generator=None,
    valid=None,
    patience=None,
    tol=0.0,
    callbacks=None,
    verbose=0,
    bar=True,
):
    """Return an untrained skorch net around a module; ``net.fit(dataset)`` trains it.

    Parameters
    ----------
    module : torch.nn.Module
        Maps (N, C, F) to logits, or to the values of the targets.

    n_samples : int
        Number of training samples, on which the length of the schedule depends.

    targets : LabelTargets, IndicatorTargets or None, default=None
        Targets of a classifier. None for a regression.

    device : torch.device

    optimizer : {"adamw", "adam", "sgd"}

    lr, weight_decay : float
        Learning rate and weight decay of the optimizer.

    lr_schedule : {"one_cycle", "cosine", "constant"}, default="constant"
        Course of the learning rate over all steps; `lr` is its peak.

    batch_size : int, default=32

    max_epochs : "auto" or int, default="auto"

    auto_steps : int, default=1000
        Steps of the optimizer with ``max_epochs="auto"``.

    precision : {"float32", "bf16"}, default="float32"
        Number format of the layers in the training of a classifier.

    generator : torch.Generator, default=None
        Source of the order of the samples and of the augmentations.

    valid : SpectraDataset or None, default=None
        Evaluated after each epoch.

    patience : int or None, default=None
        Stop after this many epochs in which the validation loss fell by less than
        `tol`, and restore the best weights.

    tol : float, default=0.0

    callbacks : list of skorch callbacks or None, default=None
        Called after our own. The objects are used themselves, not copies.

    verbose : int, default=0
        Above 0, skorch's callbacks print.

    bar : bool, default=True
        Whether to show a progress bar with `verbose`.

    Returns
    -------
    net : ClassifierNet or RegressorNet
    """
    batch_size = int(min(batch_size, n_samples))
    steps = n_batches(n_samples, batch_size)
    if max_epochs == "auto":
        max_epochs = max(10, round(auto_steps / steps))
    max_epochs = int(max_epochs)  # torch's schedules refuse the integers of NumPy
    n_steps = steps * max_epochs
    schedules = {
        "one_cycle": (lr_scheduler.OneCycleLR, dict(max_lr=lr, total_steps=n_steps)),
        "cosine": (lr_scheduler.CosineAnnealingLR, dict(T_max=n_steps)),
    }
    callbacks = user_callbacks(callbacks, has_validation=valid is not None)
    own = own_callbacks(
        callbacks,
        schedule=schedules.get(lr_schedule),
        patience=patience,
        tol=tol,
        bar=bar and bool(verbose),
    )
    algorithm, options = _OPTIMIZERS[optimizer]
    options = options | {"weight_decay": weight_decay}
    if targets is None:
        kind, task = RegressorNet, dict(criterion=torch.nn.MSELoss)
    else:
        kind = ClassifierNet
        task = dict(
            targets=targets,
            precision=precision,
            classes=targets.classes,
            criterion=targets.criterion,
            predict_nonlinearity=targets.nonlinearity,
        )
    return kind(
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
        train_split=None if valid is None else Validation(valid),
        callbacks=own + callbacks,
        device=device,
        verbose=verbose,
    )
