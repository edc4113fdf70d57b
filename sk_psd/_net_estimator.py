"""Base of the estimators trained by skorch: parameters, seeds, callbacks, history."""

import warnings
from abc import ABC, abstractmethod
from contextlib import contextmanager
from itertools import islice
from numbers import Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from sk_psd._callbacks import SklearnCallbackBridge
from sk_psd._constraints import StrOptions, at_least, positive
from sk_psd._device import resolve_device, warn_of_shared_device
from sk_psd._doc_link import DocLink
from sk_psd._fitted_state import FittedState
from sk_psd._state import VersionedState
from sk_psd._threads import one_torch_thread
from sk_psd._torch_settings import torch_defaults
from sk_psd._training import make_net

try:  # scikit-learn >= 1.9
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Without support for scikit-learn's callbacks."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


__all__ = ["NetEstimator", "training_settings", "with_callbacks"]


class NetEstimator(
    CallbackSupportMixin, FittedState, VersionedState, DocLink, BaseEstimator, ABC
):
    """Base of the estimators that are trained by skorch."""

    _parameter_constraints = {
        "optimizer": [StrOptions({"adamw", "adam", "sgd"})],
        "lr": [positive()],
        "lr_schedule": [StrOptions({"one_cycle", "cosine", "constant"})],
        "weight_decay": [at_least(0, Real)],
        "batch_size": [at_least(1)],
        "max_epochs": [at_least(1), StrOptions({"auto"})],
        "device": [str],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    # The training diverged where its last loss is not below this number.
    _divergence_threshold = np.inf

    # Options that are parameters of other estimators, with their values in this one.
    _fixed_options = {}

    def set_params(self, **params):
        """Set the parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Parameters by name. ``augmentation__max_shift`` sets one of an object that
            is a parameter, ``callbacks__stop__patience`` one of the callback that
            stands as the pair ("stop", callback) in `callbacks`.

        Returns
        -------
        self : object
            The estimator.
        """
        callbacks = {}
        for key in list(params):
            name, *inner = key.split("__")
            if not inner or name not in self._get_param_names():
                continue
            value = params.get(name, getattr(self, name))
            if name == "callbacks":
                callbacks["__".join(inner)] = params.pop(key)
            elif not hasattr(value, "set_params"):
                raise ValueError(
                    f"{key} cannot be set, as {name} is {value!r}, which has no "
                    f"parameters. Set {name} to an object that has them first."
                )
        super().set_params(**params)
        for key, value in callbacks.items():
            self._set_callback_param(key, value)
        return self

    def _set_callback_param(self, key, value):
        name, _, inner = key.partition("__")
        pairs = [item for item in self.callbacks or [] if isinstance(item, tuple)]
        named = dict(pairs)
        if name not in named or not inner:
            raise ValueError(
                f"callbacks__{key} cannot be set: callbacks is one list, whose pairs "
                f"(name, callback) have the names {list(named)}. Set the list, or give "
                "the callback a name in it."
            )
        named[name].set_params(**{inner: value})

    def _option(self, name):
        """Return the value of a parameter, or of the option in its place."""
        fixed = self._fixed_options
        return fixed[name] if name in fixed else getattr(self, name)

    @abstractmethod
    def _fitted_attributes(self, net):
        """Return the attributes, by name, that a prediction needs of a trained net."""

    @abstractmethod
    def _is_finite(self, attributes, dataset):
        """Say whether the fitted attributes, and results for the data, are finite."""

    def _choose_device(self):
        """Return the torch device for a training, with a warning if others share it."""
        device = resolve_device(self.device)
        warn_of_shared_device(device)
        return device

    def _make_generator(self):
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        return torch.Generator().manual_seed(int(seed))

    def _wrap_in_net(self, module, n_samples, device, generator, **options):
        """Return an untrained skorch net with the parameters of this estimator."""
        options.setdefault("max_epochs", self.max_epochs)
        return make_net(
            module,
            n_samples,
            device=device,
            generator=generator,
            optimizer=self._option("optimizer"),
            lr=self.lr,
            weight_decay=self._option("weight_decay"),
            batch_size=self.batch_size,
            callbacks=self.callbacks,
            verbose=self.verbose,
            **options,
        )

    def _train(self, net, dataset, X, y, sample_weight=None):
        """Train a net, and call scikit-learn's callbacks if this version has them.

        The callbacks get `X`, `y` and `sample_weight` as the user passed them.
        """
        context = None
        fit_args = {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}}
        if hasattr(self, "_init_callback_context"):
            context = self._init_callback_context(max_subtasks=net.max_epochs)
            context.call_on_fit_task_begin(estimator=self, **fit_args)
            bridge = SklearnCallbackBridge(
                context, self, fit_args, self._fitted_attributes
            )
            # First, as later callbacks may stop the training in the middle of an epoch.
            net.callbacks.insert(0, ("_sklearn", bridge))
        try:
            with training_settings(net.device):
                net.fit(dataset, y=None)
        finally:
            net.close_bar()
        n_epochs = self._record(net, dataset)
        if net.interrupted_:
            warnings.warn(
                f"Training was interrupted in epoch {n_epochs + 1} of "
                f"{net.max_epochs}; the weights of the last full epoch are kept.",
                stacklevel=5,
            )
        if context is not None:
            context.call_on_fit_task_end(
                estimator=self, reconstruction_attributes={}, **fit_args
            )

    def _record(self, net, dataset, first=0):
        """Set the history of a training and the fitted attributes.

        Parameters
        ----------
        net : skorch.NeuralNet
            Trained net.

        dataset : SpectraDataset
            The training data.

        first : int, default=0
            Number of epochs in the history of the net that are recorded already.

        Returns
        -------
        n_epochs : int
            Number of full epochs of this training.

        Raises
        ------
        KeyboardInterrupt
            If the user interrupted before an epoch had ended.

        ValueError
            If the training diverged: the loss or the weights are not finite.
        """
        n_before = getattr(self, "n_iter_", 0)
        # Without wall clock times, so that equal fits have equal files.
        epochs = [
            {k: value for k, value in epoch.items() if k not in ("batches", "dur")}
            for epoch in islice(net.history, first, None)
            if "train_loss" in epoch  # not one that was interrupted
        ]
        if not epochs:
            raise KeyboardInterrupt("Training was interrupted in its first epoch.")
        for i, epoch in enumerate(epochs):
            epoch["epoch"] = n_before + i + 1
        losses = [self._loss_in_units_of_y(epoch["train_loss"]) for epoch in epochs]
        self.history_ = [*getattr(self, "history_", ()), *epochs]
        self.loss_curve_ = [*getattr(self, "loss_curve_", ()), *losses]
        self.n_iter_ = n_before + len(epochs)
        attributes = self._fitted_attributes(net)
        # The last loss is that before the last step, so the weights are checked, too.
        loss = float(epochs[-1]["train_loss"])
        with training_settings(net.device):
            finite = self._is_finite(attributes, dataset)
        if not (loss < self._divergence_threshold and finite):
            raise ValueError(
                f"Training diverged: the loss is {loss} after {len(epochs)} epochs"
                f"{'' if finite else ', and the weights or results are not finite'}. "
                f"Choose a lower lr (={self.lr})."
            )
        vars(self).update(attributes)
        return len(epochs)

    def _loss_in_units_of_y(self, loss):
        return float(loss)


@contextmanager
def training_settings(device):
    """Run the body with torch's default settings and, on a CPU, in one thread.

    With more threads, the order in which gradients are added would depend on their
    number, and the same seed would give another model on another machine.

    Parameters
    ----------
    device : torch.device or str
    """
    with torch_defaults():
        if torch.device(device).type == "cpu":
            with one_torch_thread():
                yield
        else:
            yield
