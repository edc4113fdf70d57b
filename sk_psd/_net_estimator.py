"""What all estimators trained by skorch share: parameters, seeds, callbacks, record."""

from abc import ABC, abstractmethod
from numbers import Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from sk_psd._training import TaskBridge, make_net
from sk_psd._validation import StrOptions, at_least, positive

try:  # scikit-learn >= 1.9
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Without support for scikit-learn's callbacks."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


__all__ = ["NetEstimator", "with_callbacks"]


class NetEstimator(CallbackSupportMixin, BaseEstimator, ABC):
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

    # A last loss of this or more, or NaN, means that training went wrong.
    _diverged_from = np.inf

    @abstractmethod
    def _learned(self, net):
        """Attributes that a net in training has to give, to predict from."""

    def _make_generator(self):
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        return torch.Generator().manual_seed(int(seed))

    def _make_net(self, module, n_samples, device, generator, **options):
        options.setdefault("max_epochs", self.max_epochs)
        return make_net(
            module,
            n_samples,
            device=device,
            generator=generator,
            optimizer=self.optimizer,
            lr=self.lr,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            callbacks=self.callbacks,
            verbose=self.verbose,
            **options,
        )

    def _train(self, net, rows, **given):
        """Train a net on Rows, followed by scikit-learn's callbacks where it has them.

        `given` is `X` and `y` as they came.
        """
        context = None
        if hasattr(self, "_init_callback_context"):
            context = self._init_callback_context(max_subtasks=net.max_epochs)
            context.call_on_fit_task_begin(estimator=self, **given)
            net.callbacks.append(TaskBridge(context, self, given, self._learned))
        net.fit(rows, y=None)
        self._finish(net)
        if context is not None:
            context.call_on_fit_task_end(
                estimator=self, reconstruction_attributes={}, **given
            )

    def _finish(self, net, earlier=()):
        """Set what is known after training, unless nothing good came of it."""
        self.history_ = list(earlier) + [
            {key: value for key, value in epoch.items() if key != "batches"}
            for epoch in net.history
            if "train_loss" in epoch  # not one that was interrupted
        ]
        self.loss_curve_ = [epoch["train_loss"] for epoch in self.history_]
        self.n_iter_ = len(self.history_)
        if self.n_iter_ == 0:
            raise KeyboardInterrupt("Training was interrupted in its first epoch.")
        learned = self._learned(net)
        if not self.loss_curve_[-1] < self._diverged_from:
            for name in learned:
                self.__dict__.pop(name, None)
            raise ValueError(
                f"Training diverged: the loss is {self.loss_curve_[-1]} after "
                f"{self.n_iter_} epochs. Choose a lower lr (={self.lr})."
            )
        vars(self).update(learned)
