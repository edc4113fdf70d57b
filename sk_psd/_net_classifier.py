"""Base of the net classifiers: fit, partial_fit and a state for pickles."""

import warnings
from abc import abstractmethod
from contextlib import contextmanager
from numbers import Real

import numpy as np
import torch
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sk_psd._chunks import CPU_ROWS
from sk_psd._constraints import StrOptions, at_least, fraction
from sk_psd._device import release_unused_memory, resolve_device
from sk_psd._layout import (
    warn_of_frames,
    warn_of_linear_power,
    warn_of_powers,
    warn_of_waveforms,
)
from sk_psd._net_estimator import NetEstimator, training_settings, with_callbacks
from sk_psd._net_predictor import NetPredictor
from sk_psd._shift import canonical_roll
from sk_psd._standardize import find_mean_and_deviation
from sk_psd._targets import read_targets
from sk_psd._torch_settings import torch_defaults
from sk_psd._training import SpectraDataset
from sk_psd._training_rows import HostRows, are_too_large_to_copy, place_rows
from sk_psd._validation import check_rows, check_weights
from sk_psd.augmentation import BatchAugmentation, list_augmentations, reads_rows
from sk_psd.nn.layers import empty_module, reset_parameters

__all__ = ["NetClassifier"]

# Steps of the optimizer with max_epochs="auto": the number of steps counts, not that
# of samples. From 750 to 1000 steps the accuracy on cut spectra rises by 0.02, on
# others by up to 0.01; more steps gain less than they cost. Noise in training needs
# more: from 1000 to 2000 steps the accuracy at 0 dB rises by 0.04.
_AUTO_STEPS = 1000
_AUTO_STEPS_ROBUST = 2000

# Epochs that partial_fit keeps in the history, as a stream may be endless.
_KEPT_EPOCHS = 1000


class NetClassifier(NetPredictor):
    """Base of the classifiers of spectra.

    A subclass names its torch module and turns its own parameters into those of the
    module. It may have a default augmentation and align the spectra to predict.

    Spectra are standardized here by two numbers of the training data, although a
    pipeline may have scaled them before: so the learning rate suits spectra in any
    unit.
    """

    _parameter_constraints = {
        **NetEstimator._parameter_constraints,
        "batch_size": [at_least(2)],  # as batch norm needs two rows
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "augmentation": [
            StrOptions({"auto", "robust"}),
            *(BatchAugmentation, list, tuple, None),
        ],
        "level": [StrOptions({"median", "minmax"}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [fraction()],
        "n_iter_no_change": [at_least(1)],
        "tol": [at_least(0, Real)],
        "warm_start": ["boolean"],
        "precision": [StrOptions({"float32", "bf16"})],
    }

    _private_fitted = "_can_continue _config _is_exact _is_multilabel _net".split()

    @abstractmethod
    def _module_config(self, *axes):
        """Return the parameters of the module for axes of these lengths."""

    def _default_augmentation(self):
        """Return the augmentation objects of "auto"."""
        return []

    def _augmentations(self, x, scale=1.0):
        """Return the functions that change the batches of the training data `x`."""
        steps = list_augmentations(
            self.augmentation, self._default_augmentation(), self.level
        )
        rows = x.rows if isinstance(x, HostRows) else x
        return [
            step.for_batches(x if reads_rows(step) else rows[:], scale)
            for step in steps
        ]

    def _check(self, X, reset):
        """Return spectra as (N, C, F) and remember or compare C.

        A Tensor stays one, on its device, if array API dispatch is on.
        """
        X = check_rows(self, X, reset=reset, allow_tensor=True)
        X = X[:, None] if X.ndim == 2 else X
        if reset:
            if isinstance(X, np.ndarray):
                warn_of_waveforms(type(self).__name__, X)
                warn_of_frames(type(self).__name__, X)
                warn_of_linear_power(type(self).__name__, X)
                if self.level == "median":
                    warn_of_powers(f"{type(self).__name__}(level='median')", X)
            self.n_channels_ = X.shape[1]
        self._compare("channels", X.shape[1], self.n_channels_)
        return X

    def _compare(self, name, found, expected):
        if found != expected:
            raise ValueError(
                f"X has {found} {name}, but {type(self).__name__} is expecting "
                f"{expected} {name} as input."
            )

    @property
    def _needs_alignment(self):
        """Whether the parameters ask for exact invariance, by a canonical roll."""
        return False

    @with_callbacks
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra, or spectrograms for a classifier of those.

        y : array-like of shape (n_samples,), or array-like or sparse of shape \
                (n_samples, n_classes)
            Labels of any type, of at least two classes. Or an indicator matrix, with 1
            where a sample has a label and 0 elsewhere, for several labels at once.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the loss. Those of weight 0 are left out.

        X_val : array-like of shape (n_val_samples, ...), default=None
            Samples to validate on after each epoch, instead of a part of X. A Pipeline
            made with ``transform_input=["X_val"]`` sends them through the steps before,
            if metadata routing is enabled and ``set_fit_request(X_val=True,
            y_val=True)`` was called on the classifier.

        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_classes), \
                default=None
            Labels of the samples to validate on, or an indicator matrix, as in `y`.

        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the samples to validate on.

        Returns
        -------
        self : object
            Fitted classifier.
        """
        warm = self._option("warm_start")
        # Not validated yet, and an array has no truth value.
        continues = isinstance(warm, (bool, np.bool_)) and warm
        continues = continues and hasattr(self, "module_")
        guard = self._restored_on_error if continues else self._unfitted_on_error
        with guard(), torch_defaults():
            self._validate_params()
            device = self._choose_device()
            given = X, y, sample_weight
            X = self._check(X, reset=not continues)
            targets, codes = read_targets(self, X, y)
            train = targets.weigh(X, codes, sample_weight, self.class_weight)
            train, valid = self._split(train, X_val, y_val, sample_weight_val, targets)
            if len(train[0]) < 2:
                raise ValueError(
                    "fit needs at least 2 samples of non-zero weight. Got n_samples = "
                    f"{len(train[0])}."
                )
            # All random numbers of the training, in a fixed order: weights, then for
            # each epoch the order of the samples and the augmentation of each batch.
            generator = self._make_generator()
            if continues:
                module = self._check_same_module(X.shape[1:], targets)
            else:
                module = self._build_module(train[0], targets, generator)
            # Without a net as long as it is not trained.
            self._net, self._can_continue = None, False
            self._net = self._fit_module(
                module, train, valid, targets, device, generator, continues, given
            )
            release_unused_memory(device)
        return self

    def _fit_module(
        self, module, train, valid, targets, device, generator, continues, given
    ):
        """Train a module, and return its net without the data.

        Parameters
        ----------
        module : torch.nn.Module
            Changed in place.

        train, valid : tuple of (X, codes, weights)
            Training and validation data. The latter may be None.

        targets : LabelTargets or IndicatorTargets

        device : torch.device

        generator : torch.Generator

        continues : bool
            Whether the module is that of the fit before.

        given : tuple
            Arguments of `fit` as they came, for callbacks.

        Returns
        -------
        net : skorch.NeuralNet
        """
        if valid is not None:
            valid = self._make_dataset(*valid, device, aligned=self._is_exact)
        dataset = self._make_dataset(*train, device, augmented=True)
        if not continues:
            module.level.learn(dataset.x)
        is_robust = str(self.augmentation) == "robust"
        stops = self._option("early_stopping")
        net = self._wrap_in_net(
            module,
            len(dataset),
            device,
            generator,
            targets=targets,
            precision=self._option("precision"),
            lr_schedule=self._option("lr_schedule"),
            auto_steps=_AUTO_STEPS_ROBUST if is_robust else _AUTO_STEPS,
            valid=valid,
            patience=self._option("n_iter_no_change") if stops else None,
            tol=self._option("tol"),
        )
        n_before = self.n_iter_ if continues else 0
        self._train(net, dataset, *given)
        best, n_epochs = net.best_epoch(), self.n_iter_ - n_before
        self.best_epoch_ = n_before + (best or n_epochs)
        net.release()
        return net

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train the net by one pass over some of the data.

        The learning rate is constant. A loaded model continues with a fresh optimizer.
        The callbacks of scikit-learn are not called. `history_` and `loss_curve_` keep
        the last 1000 epochs.

        As in a warm start, the parameters of the net and the number of channels must
        stay those of the first call, and so do the mean and the scale of the input.
        `lr`, `batch_size`, `precision`, `class_weight`, `augmentation` and `invariance`
        may change; `optimizer`, `weight_decay` and `callbacks` are those of the first
        call after `fit`, loading or the start.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra, or spectrograms for a classifier of those. One sample is enough,
            unless a layer has only one value for each channel of a sample.

        y : array-like of shape (n_samples,), or array-like or sparse of shape \
                (n_samples, n_classes)
            Labels, all of them in `classes`, or an indicator matrix, as in `fit`.

        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur, or the numbers of the columns of the
            indicator matrix, ``range(n_classes)``. Needed in the first call only.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the loss. Those of weight 0 are left out.

        Returns
        -------
        self : object
            Fitted classifier.
        """
        first = not hasattr(self, "module_")
        guard = self._unfitted_on_error if first else self._restored_on_error
        with guard(), torch_defaults():
            self._validate_params()
            self._check_partial(classes, first)
            device = self._choose_device()
            X = self._check(X, reset=first)
            known = None if first else self._targets
            targets, codes = read_targets(self, X, y, known=known, classes=classes)
            train = targets.weigh(X, codes, sample_weight, self.class_weight)
            if first:
                module = self._build_module(train[0], targets, self._make_generator())
            else:
                module = self._check_same_module(X.shape[1:], targets)
            if first or not self._can_continue:
                net = self._wrap_in_net(
                    module,
                    len(train[0]),
                    device,
                    self._make_generator(),
                    targets=targets,
                    max_epochs=1,
                    bar=False,
                )
                with training_settings(device):
                    net.initialize()
            else:
                net = self._net
            batch_size = int(min(self.batch_size, len(train[0])))
            precision = self._option("precision")
            net.set_params(batch_size=batch_size, lr=self.lr, precision=precision)
            dataset = self._make_dataset(*train, device, augmented=True)
            if first:
                module.level.learn(dataset.x)
            # Without a net as long as it is in training.
            self._net, self._can_continue = None, False
            n_before = len(net.history)
            with training_settings(device):
                self._step(net, dataset)
            if net.interrupted_:
                raise KeyboardInterrupt("Interrupted: the net stays as it was before.")
            self._record(net, dataset, n_before)
            for history in (net.history, self.history_, self.loss_curve_):
                del history[:-_KEPT_EPOCHS]
            self.best_epoch_ = self.n_iter_
            self._net, self._can_continue = net, True
        return self

    def _step(self, net, dataset):
        """Train for one epoch, with a clear error where batch norm needs more rows."""
        try:
            net.partial_fit(dataset)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise ValueError(
                "partial_fit needs at least 2 samples of non-zero weight at a time "
                f"here, as a batch norm of this net sees one value of each sample. Got "
                f"n_samples = {len(dataset)}."
            ) from error

    @property
    def net_(self):
        """The skorch net around the module: the one that trained it, or a new one."""
        check_is_fitted(self, "module_")
        if self._net is None:
            self._validate_params()
            device = next(self.module_.parameters()).device
            with training_settings(device):
                # The number of samples, 2, plans a schedule that is never used.
                net = self._wrap_in_net(
                    self.module_, 2, device, None, targets=self._targets, bar=False
                )
                self._net = net.initialize()
            self.module_.eval()
        return self._net

    @contextmanager
    def _restored_on_error(self):
        """Run the body of a fit that continues; if it raises, restore the model."""
        before = self._fitted_state()
        module = self.module_
        weights = {key: value.clone() for key, value in module.state_dict().items()}
        try:
            yield
        except BaseException:  # Ctrl-C as well
            # The optimizer of a failed training has moved, so its net is not restored.
            now = {name: vars(self)[name] for name in ("_can_continue", "_net")}
            self._forget()
            vars(self).update(before | now)
            module.load_state_dict(weights)
            module.eval()
            raise

    def _check_partial(self, classes, first):
        """Raise if partial_fit cannot work with these parameters, or needs classes."""
        if self._option("early_stopping"):
            raise ValueError(
                "partial_fit does not support early_stopping=True, as it makes one "
                "pass over the data. Set early_stopping=False."
            )
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all of y and partial_fit sees a part. "
                "Pass the weights as a dict, or sample_weight."
            )
        if first and classes is None:
            raise ValueError(
                "classes must be passed in the first call of partial_fit: all labels "
                "that will ever occur, or range(n_columns) for an indicator matrix."
            )

    def _split(self, train, X_val, y_val, sample_weight_val, targets):
        """Return the training and the validation data; the latter may be None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be passed together.")
        if X_val is not None:
            try:
                X_val = self._check(X_val, reset=False)
                _, codes = read_targets(self, X_val, y_val, known=targets)
                weights = check_weights(sample_weight_val, codes)
            except ValueError as error:
                raise ValueError(f"In X_val and y_val: {error}") from error
            return train, (X_val, codes, weights / weights.mean())
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val needs X_val and y_val.")
        if not self._option("early_stopping"):
            return train, None
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        return targets.set_aside(train, self.validation_fraction, seed)

    def _full_config(self, shape, targets):
        """Return all parameters of the module."""
        n_channels, *axes = shape
        sizes = {"n_channels": n_channels, "n_classes": len(targets.classes)}
        return {**sizes, "level": self.level, **self._module_config(*axes)}

    def _build_module(self, X, targets, generator):
        """Return a new module, and set the fitted attributes that training needs."""
        config = self._full_config(X.shape[1:], targets)
        is_exact = self._needs_alignment
        self.classes_, self._is_multilabel = targets.classes, targets.is_multilabel
        self._config, self._is_exact = config, is_exact
        self.mean_, self.scale_ = find_mean_and_deviation(X)
        module = empty_module(self._module_class, config)
        reset_parameters(module, generator)
        return module

    def _check_same_module(self, shape, targets):
        """Return the module of the previous fit, if it suits these data.

        All parameters may change in a training that continues, except those of the
        module.
        """
        if not targets.mean_the_same_as(self._targets):
            raise ValueError(
                f"warm_start=True needs the classes of the fit before "
                f"(={self._targets}). Got {targets} in y."
            )
        config = self._full_config(shape, targets)
        changed = [key for key in config if config[key] != self._config[key]]
        if changed:
            raise ValueError(
                "warm_start=True needs the net of the fit before, as partial_fit does, "
                f"but the {changed} of this one differ. Set them back, or train "
                "another net by fit with warm_start=False."
            )
        self._is_exact = self._needs_alignment
        return self.module_

    def _fitted_attributes(self, net):
        return {"module_": net.module_.eval()}

    def _is_finite(self, attributes, dataset):
        module, x = attributes["module_"], dataset.x[:CPU_ROWS]
        with torch.inference_mode():
            results = module(x), *module.state_dict().values()
        return all(bool(values.isfinite().all()) for values in results)

    def _make_dataset(
        self, X, codes, weights, device, *, aligned=False, augmented=False
    ):
        """Return standardized samples for a device, with their codes and weights."""
        x = place_rows(X, self.mean_, self.scale_, device)
        if aligned and are_too_large_to_copy(x):
            rows = x.rows if isinstance(x, HostRows) else x
            x = HostRows(rows, device, canonical_roll)
        elif aligned:
            x = x[:]
            for part in x.split(CPU_ROWS):  # in place, to save memory
                part.copy_(canonical_roll(part))
        return SpectraDataset(
            x,
            torch.from_numpy(codes).to(device),
            torch.from_numpy(weights.astype(np.float32)).to(device),
            self._augmentations(x, self.scale_) if augmented else (),
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_label = True
        return tags

    def _portable(self, state):
        """Return the state with NumPy arrays instead of the module and the net."""
        if "module_" in state:
            del state["module_"]
            state["_net"], state["_can_continue"] = None, False
            state["_weights"] = {
                key: np.ascontiguousarray(value.cpu().numpy())
                for key, value in self.module_.state_dict().items()
            }
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        weights = self.__dict__.pop("_weights", None)
        if weights is None:
            return
        module = empty_module(self._module_class, self._config)
        try:
            module.load_state_dict(
                {key: torch.tensor(w, device="cpu") for key, w in weights.items()}
            )
        except RuntimeError as error:
            raise ValueError(
                f"The saved weights do not fit the net of this {type(self).__name__}: "
                f"the file is of another version or was altered. {error}"
            ) from error
        try:
            device = resolve_device(self.device)
        except ValueError as error:
            warnings.warn(f"{error} The loaded model is on the CPU.", stacklevel=2)
            device = torch.device("cpu")
        self.module_ = module.to(device).eval()
