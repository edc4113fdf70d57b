"""The shared classifier base: skorch trains, predictions and state are our own."""

import warnings
from abc import ABC, abstractmethod
from numbers import Real

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer, LRScheduler, PassthroughScoring
from torch.utils.data import TensorDataset
from tqdm.auto import tqdm

from sk_psd._validation import StrOptions, at_least, check_labels, check_rows, positive
from sk_psd.nn.layers import reset_parameters
from sk_psd.nn.shift import canonical_roll, noise_bins, random_shift

__all__ = ["NetClassifier", "resolve_device"]

# Steps of the optimizer with max_epochs="auto". What counts is their number, also when
# there are few samples.
_AUTO_STEPS = 750

# Rows of one forward pass. Always the same number, so that a row's result does not
# depend on the rows around it; and small enough for the cache.
_CHUNK_ROWS = {"cpu": 64}
_CHUNK_ROWS_ACCELERATOR = 1024


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


class BatchLoader:
    """Batches sliced from whole tensors, shuffled and shifted if asked.

    Parameters
    ----------
    dataset : TensorDataset
        All rows, on the training device.

    batch_size : int
        A last batch of one row joins the one before it, as batch norm needs two.

    shifts : list of (mode, max_bins), default=()
        Random shifts of each batch, one after the other.

    noise : Tensor of shape (n_samples, n_channels, H) or None, default=None
        Values for the shifts of mode "floor".

    generator : torch.Generator or None, default=None
        Of the order and the shifts; None keeps the order of the rows.
    """

    def __init__(self, dataset, batch_size, shifts=(), noise=None, generator=None):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shifts = shifts
        self.noise = noise
        self.generator = generator

    def __len__(self):
        n, size = len(self.dataset), self.batch_size
        return max(1, n // size + (n % size > 1))

    def __iter__(self):
        X, *rest = self.dataset.tensors
        if self.generator is None:
            order = torch.arange(len(X))
        else:
            order = torch.randperm(len(X), generator=self.generator)
        order = order.to(X.device)
        edges = [i * self.batch_size for i in range(len(self))] + [len(X)]
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            rows = order[first:last]
            batch = X[rows]
            for mode, max_bins in self.shifts:
                noise = self.noise[rows] if mode == "floor" else None
                batch = random_shift(
                    batch, max_bins, mode=mode, noise=noise, generator=self.generator
                )
            yield batch, *(part[rows] for part in rest)


class EpochBar(Callback):
    """One progress bar over all epochs."""

    def on_train_begin(self, net, **kwargs):
        """Open the bar."""
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch")

    def on_epoch_end(self, net, **kwargs):
        """Advance it."""
        self.bar_.set_postfix(loss=f"{net.history[-1, 'train_loss']:.4f}")
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        """Close it."""
        self.bar_.close()


class Net(NeuralNet):
    """A skorch net without the default callbacks that print or cost."""

    @property
    def _default_callbacks(self):
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
        ]

    def notify(self, method_name, **kwargs):
        """Tell the callbacks, and note whether one of them ends the training."""
        try:
            super().notify(method_name, **kwargs)
        except KeyboardInterrupt:  # how skorch's callbacks stop
            self.stopped_by_callback_ = True
            raise

    def fit_loop(self, X, y=None, **kwargs):
        """Train, and say so if the user interrupts."""
        self.stopped_by_callback_ = False
        try:
            return super().fit_loop(X, y, **kwargs)
        except KeyboardInterrupt:
            if not self.stopped_by_callback_:
                warnings.warn(
                    f"Training was interrupted in epoch {len(self.history)} of "
                    f"{self.max_epochs}; the weights so far are kept.",
                    stacklevel=2,
                )
            raise


class NetClassifier(ClassifierMixin, BaseEstimator, ABC):
    """Base of the classifiers of spectra.

    A subclass names its torch module and its optimizer, turns its parameters into the
    module's, and may shift the training batches and align the spectra to predict.
    """

    _parameter_constraints = {
        "lr": [positive()],
        "weight_decay": [at_least(0, Real)],
        "batch_size": [at_least(2)],
        "max_epochs": [at_least(1), StrOptions({"auto"})],
        "device": [str],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    @property
    @abstractmethod
    def _module_class(self):
        """The class of the torch module."""

    @abstractmethod
    def _module_config(self, n_freqs):
        """Parameters of the module, but for the channels and the classes."""

    _optimizer = torch.optim.Adam
    _one_cycle = False  # whether the learning rate follows a one-cycle schedule

    def _shifts(self, n_freqs):
        """Random shifts of the training batches, as (mode, max_bins)."""
        return []

    @property
    def _align(self):
        """Whether spectra are rolled to a canonical position before prediction."""
        return False

    def fit(self, X, y):
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs)
            Spectra.

        y : array-like of shape (n_samples,)
            Labels of any type: at least two classes, of at least two samples each.

        Returns
        -------
        self : object
            Fitted classifier.
        """
        self._validate_params()
        device = resolve_device(self.device)
        X = check_rows(self, X, reset=True)
        self.classes_, codes = check_labels(self, X, y)
        n_samples, n_freqs = X.shape[0], X.shape[-1]
        self._config = dict(
            n_channels=1, n_classes=len(self.classes_), **self._module_config(n_freqs)
        )
        self._aligns = self._align
        shifts = self._shifts(n_freqs)

        with np.errstate(over="ignore", invalid="ignore"):
            self.mean_ = float(X.mean(dtype=np.float64))
            self.scale_ = float(X.std(dtype=np.float64)) or 1.0
        if not np.isfinite([self.mean_, self.scale_]).all():
            raise ValueError(
                "The values of X are too large to take their mean and variance. Scale "
                "the spectra first, for example by MinMaxScale."
            )

        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        generator = torch.Generator().manual_seed(seed)
        module = _build_module(self._module_class, self._config)
        reset_parameters(module, generator)
        x = self._to_tensor(X).to(device)
        dataset = TensorDataset(x, torch.from_numpy(codes).to(device))
        loader = dict(
            shifts=shifts,
            noise=noise_bins(x) if any(m == "floor" for m, _ in shifts) else None,
            generator=generator,
        )
        self.net_ = self._build_net(module, device, n_samples, loader)
        self.net_.fit(dataset)
        self.module_ = self.net_.module_.eval()
        self.history_ = [
            {key: value for key, value in epoch.items() if key != "batches"}
            for epoch in self.net_.history
            if "train_loss" in epoch  # not one that was interrupted
        ]
        self.loss_curve_ = [epoch["train_loss"] for epoch in self.history_]
        self.n_iter_ = len(self.history_)
        return self

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs)
            Spectra on the axis seen in `fit`.

        Returns
        -------
        proba : float64 ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. A row does not depend on the others.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        return softmax(self._logits(X).astype(np.float64), axis=1)

    def predict(self, X):
        """Return the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs)
            Spectra on the axis seen in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels as in `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def _build_net(self, module, device, n_samples, loader=None):
        """Return the untrained skorch net."""
        batch_size = min(self.batch_size, n_samples)
        steps = len(BatchLoader(range(n_samples), batch_size))
        max_epochs = self.max_epochs
        if max_epochs == "auto":
            max_epochs = max(10, round(_AUTO_STEPS / steps))
        schedule = LRScheduler(
            torch.optim.lr_scheduler.OneCycleLR,
            max_lr=self.lr,
            total_steps=steps * max_epochs,
            step_every="batch",
            event_name=None,
        )
        return Net(
            module,
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=self._optimizer,
            optimizer__weight_decay=self.weight_decay,
            optimizer__fused=True,
            lr=self.lr,
            batch_size=batch_size,
            max_epochs=max_epochs,
            iterator_train=BatchLoader,
            iterator_valid=BatchLoader,
            train_split=None,
            callbacks=[
                *([schedule] if self._one_cycle else []),
                *([EpochBar()] if self.verbose else []),
                *clone(list(self.callbacks or []), safe=False),
            ],
            device=device,
            verbose=0,
            **{
                f"iterator_train__{key}": value for key, value in (loader or {}).items()
            },
        )

    def _to_tensor(self, X):
        """Standardise by the two numbers of the training data; (N, 1, F) in float32."""
        with np.errstate(over="ignore"):  # said below
            x = ((X - self.mean_) / self.scale_).astype(np.float32, copy=False)
        if X.dtype == np.float64 and not np.isfinite(x).all():
            raise ValueError(
                "Values of X are too large for float32 after scaling by those of the "
                f"training data (mean {self.mean_:.3g}, deviation {self.scale_:.3g})."
            )
        return torch.from_numpy(x).unsqueeze(1)

    def _logits(self, X):
        """Logits in chunks of a fixed number of rows, the last one padded."""
        device = next(self.module_.parameters()).device
        n_rows = _CHUNK_ROWS.get(device.type, _CHUNK_ROWS_ACCELERATOR)
        logits = np.empty((len(X), len(self.classes_)), np.float32)
        with torch.inference_mode():
            for first in range(0, len(X), n_rows):
                x = self._to_tensor(X[first : first + n_rows]).to(device)
                n = len(x)
                if self._aligns:
                    x = canonical_roll(x)
                if n < n_rows:
                    x = torch.cat([x, x.new_zeros(n_rows - n, *x.shape[1:])])
                logits[first : first + n] = self.module_(x)[:n].cpu().numpy()
        return logits

    def __getstate__(self):
        state = dict(super().__getstate__())
        if "module_" in state:
            del state["net_"], state["module_"]
            state["_weights"] = {
                key: np.ascontiguousarray(value.cpu().numpy())
                for key, value in self.module_.state_dict().items()
            }
        return state

    def __setstate__(self, state):
        state = dict(state)
        weights = state.pop("_weights", None)
        super().__setstate__(state)
        if weights is None:
            return
        module = _build_module(self._module_class, self._config)
        module.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
        try:
            device = resolve_device(self.device)
        except ValueError as error:
            warnings.warn(f"{error} The loaded model is on the CPU.", stacklevel=2)
            device = torch.device("cpu")
        self.net_ = self._build_net(module, device, 2).initialize()
        self.module_ = self.net_.module_.eval()


def _build_module(module_class, config):
    """Return a module with memory but without values, touching no random state."""
    with torch.device("meta"):
        module = module_class(**config)
    # Convolutions over channels-last images are the faster ones on a CPU.
    return module.to_empty(device="cpu").to(memory_format=torch.channels_last)
