"""The scikit-learn side of the net classifiers: fit, predict and a portable state."""

import math
import warnings
from abc import abstractmethod
from contextlib import contextmanager
from numbers import Real

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from sk_psd._layout import warn_of_frames, warn_of_waveforms
from sk_psd._net_estimator import NetEstimator, training_settings, with_callbacks
from sk_psd._shift import canonical_roll
from sk_psd._threads import count_free_threads, map_in_threads
from sk_psd._torch_settings import torch_defaults
from sk_psd._training import Rows, resolve_device
from sk_psd._validation import (
    StrOptions,
    at_least,
    check_classes,
    check_labels,
    check_rows,
    check_weights,
    encode_labels,
    find_classes,
    fraction,
    keep_weighted,
    scale_weights,
)
from sk_psd.nn.layers import empty_module, reset_parameters

__all__ = ["NetClassifier"]

# Rows of one forward pass. Always the same number, so that a row's result does not
# depend on the rows around it; and small enough for the cache of a CPU.
_CHUNK_ROWS = {"cpu": 32}
_CHUNK_ROWS_ACCELERATOR = 1024

# Epochs of a stream that are remembered.
_KEPT_EPOCHS = 1000

# Values in one part of the training data, where they are summed up or scaled.
_PART_VALUES = 2**20


class NetClassifier(ClassifierMixin, NetEstimator):
    """Base of the classifiers of spectra.

    A subclass names its torch module, turns its parameters into the module's, and may
    shift the training batches and align the spectra to predict.
    """

    _parameter_constraints = {
        **NetEstimator._parameter_constraints,
        "batch_size": [at_least(2)],  # as batch norm needs two rows
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [fraction()],
        "n_iter_no_change": [at_least(1)],
        "tol": [at_least(0, Real)],
        "warm_start": ["boolean"],
    }

    _private_learned = ("_aligns", "_config", "_goes_on", "_net")

    @property
    @abstractmethod
    def _module_class(self):
        """The class of the torch module."""

    @abstractmethod
    def _module_config(self, *axes):
        """Parameters of the module for axes of these lengths, without the channels."""

    def _shifts(self, *axes):
        """Random shifts of the training batches, as (axis, mode, max_bins)."""
        return []

    def _check(self, X, reset):
        """Return spectra as (N, C, F) and remember or compare C."""
        X = check_rows(self, X, reset=reset, allow_3d=True)
        X = X[:, None] if X.ndim == 2 else X
        if reset:
            warn_of_waveforms(type(self).__name__, X)
            warn_of_frames(type(self).__name__, X)
            self.n_channels_ = X.shape[1]
        self._compare("channels", X.shape[1], self.n_channels_)
        return X

    def _compare(self, what, found, expected):
        if found != expected:
            raise ValueError(
                f"X has {found} {what}, but {type(self).__name__} is expecting "
                f"{expected} {what} as input."
            )

    @property
    def _align(self):
        """Whether spectra are rolled to a canonical position before prediction."""
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

        y : array-like of shape (n_samples,)
            Labels of any type, of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the loss. Those of weight 0 are left out.

        X_val : array-like of shape (n_val_samples, ...), default=None
            Samples to validate on after each epoch, instead of a part of X. A Pipeline
            made with ``transform_input=["X_val"]`` sends them through the steps before,
            if metadata routing is enabled and ``set_fit_request(X_val=True,
            y_val=True)`` was called on the classifier.

        y_val : array-like of shape (n_val_samples,), default=None
            Labels of the samples to validate on.

        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the samples to validate on.

        Returns
        -------
        self : object
            Fitted classifier.
        """
        warm = isinstance(self.warm_start, (bool, np.bool_)) and self.warm_start
        again = warm and hasattr(self, "module_")
        with self._or_as_before() if again else self._or_unfitted(), torch_defaults():
            self._validate_params()
            device = resolve_device(self.device)
            given = X, y, sample_weight
            X = self._check(X, reset=not again)
            y = check_labels(self, X, y)
            classes = find_classes(self, y)
            data = self._weigh(X, encode_labels(y, classes), classes, sample_weight)
            data, valid = self._split(data, X_val, y_val, sample_weight_val, classes)
            self._check_number(data[0], "fit needs at least 2 samples")
            generator = self._make_generator()
            if again:
                module = self._check_same_net(X.shape[1:], classes)
            else:
                module = self._build(data[0], classes, generator)
            self._net, self._goes_on = None, False  # as long as it is not trained
            valid = valid and self._to_rows(*valid, device)
            if valid and self._aligns:
                valid = Rows(canonical_roll(valid.tensors[0]), *valid.tensors[1:])
            rows = self._to_rows(*data, device, self._shifts(*X.shape[2:]))
            net = self._make_net(
                module,
                len(data[0]),
                device,
                generator,
                lr_schedule=self.lr_schedule,
                valid=valid,
                patience=self.n_iter_no_change if self.early_stopping else None,
                tol=self.tol,
            )
            n_before = self.n_iter_ if again else 0
            self._train(net, rows, *given)
            best, n_epochs = net.best_epoch(), self.n_iter_ - n_before
            self.best_epoch_ = n_before + (best or n_epochs)
            net.train_split = None  # lets go of the validation data
            self._net = net
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train the net by one pass over some of the data.

        The learning rate is constant. A loaded model goes on with a fresh optimizer.
        The callbacks of scikit-learn are not called. `history_` and `loss_curve_` keep
        the last 1000 epochs.

        As in a warm start, the parameters of the net and the number of channels must
        stay those of the first call, and so do the mean and the scale of the input.
        `lr`, `batch_size`, `class_weight`, `augmentation` and `invariance` may
        change; `optimizer`, `weight_decay` and `callbacks` are those of the first call
        after `fit`, loading or the start.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra, or spectrograms for a classifier of those. A single one is enough
            where the net has no batch norm over a single value.

        y : array-like of shape (n_samples,)
            Labels, all of them in `classes`.

        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur. Needed in the first call only.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the loss. Those of weight 0 are left out.

        Returns
        -------
        self : object
            Fitted classifier.
        """
        first = not hasattr(self, "module_")
        with self._or_unfitted() if first else self._or_as_before(), torch_defaults():
            self._validate_params()
            device = resolve_device(self.device)
            X = self._check(X, reset=first)
            y = check_labels(self, X, y)
            classes = self._check_partial(classes, first)
            data = self._weigh(X, encode_labels(y, classes), classes, sample_weight)
            if first:
                module = self._build(data[0], classes, self._make_generator())
            else:
                module = self._check_same_net(X.shape[1:], classes)
            if first or not self._goes_on:
                net = self._make_net(
                    module,
                    len(data[0]),
                    device,
                    self._make_generator(),
                    max_epochs=1,
                    bar=False,
                )
                with training_settings(device):
                    net.initialize()
            else:
                net = self._net
            batch_size = int(min(self.batch_size, len(data[0])))
            net.set_params(batch_size=batch_size, lr=self.lr)
            rows = self._to_rows(*data, device, self._shifts(*X.shape[2:]))
            self._net, self._goes_on = None, False  # as long as it is in training
            n_before = len(net.history)
            with training_settings(device):
                self._step(net, rows)
            if net.interrupted_:
                raise KeyboardInterrupt("Interrupted: the net stays as it was before.")
            self._record(net, rows, n_before)
            # A stream may be endless.
            for record in (net.history, self.history_, self.loss_curve_):
                del record[:-_KEPT_EPOCHS]
            self.best_epoch_ = self.n_iter_
            self._net, self._goes_on = net, True  # the next call goes on with it
        return self

    def _step(self, net, rows):
        try:
            net.partial_fit(rows)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise ValueError(
                "partial_fit needs at least 2 samples of non-zero weight at a time "
                f"here, as a batch norm of this net sees one value of each sample. Got "
                f"n_samples = {len(rows)}."
            ) from error

    @property
    def net_(self):
        """The skorch net that trained the module; of a loaded one, another like it."""
        check_is_fitted(self, "module_")
        if self._net is None:
            self._validate_params()
            device = next(self.module_.parameters()).device
            with training_settings(device):
                net = self._make_net(self.module_, 2, device, None, bar=False)
                self._net = net.initialize()
            self.module_.eval()
        return self._net

    @contextmanager
    def _or_as_before(self):
        """Run the body of a fit that goes on: where it raises, all stays as it was."""
        before = self._learned_state()
        module = self.module_
        weights = {key: value.clone() for key, value in module.state_dict().items()}
        try:
            yield
        except BaseException:  # Ctrl-C as well
            # The optimizer of a training that failed has moved, so its net is lost.
            now = {name: vars(self)[name] for name in ("_goes_on", "_net")}
            self._forget()
            vars(self).update(before | now)
            module.load_state_dict(weights)
            module.eval()
            raise

    def _check_partial(self, classes, first):
        """Return the classes of `partial_fit`, those of the first call if None."""
        if self.early_stopping:
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
            raise ValueError("classes must be passed in the first call of partial_fit.")
        if classes is None:
            return self.classes_
        classes = check_classes(self, classes)
        if not first and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"classes (={classes.tolist()}) must be those of the first call "
                f"(={self.classes_.tolist()}), or None."
            )
        return classes

    def _check_number(self, X, needed):
        if len(X) < 2:
            raise ValueError(
                f"{needed} of non-zero weight at a time. Got n_samples = {len(X)}."
            )

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the axes seen in `fit`.

        Returns
        -------
        proba : float64 ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. A row does not depend on the others.
        """
        return softmax(self._logits(X), axis=1)

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the axes seen in `fit`.

        Returns
        -------
        log_proba : float64 ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. Finite also where a probability is too
            small for a number, so that logarithms of many windows can be summed.
        """
        return log_softmax(self._logits(X), axis=1)

    def predict(self, X):
        """Return the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the axes seen in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels as in `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def _weigh(self, X, codes, classes, sample_weight):
        """Rows of non-zero weight, their codes, and their weights of mean 1."""
        weights = check_weights(sample_weight, X)
        X, codes, weights = keep_weighted(weights, X, codes, weights)
        if self.class_weight is not None:
            if self.class_weight == "balanced":
                sums = np.bincount(codes, weights, len(classes))
                class_weight = weights.sum() / (np.count_nonzero(sums) * sums[codes])
            else:
                class_weight = self._class_weights(classes)[codes]
            if not class_weight.any():
                raise ValueError(
                    "At least one weight must be positive. Got zeros only."
                )
            weights = weights * scale_weights(class_weight)
            X, codes, weights = keep_weighted(weights, X, codes, weights)
        return X, codes, weights / weights.mean()

    def _class_weights(self, classes):
        """Weight of each class, 1 for those that the parameter does not name.

        Names beyond y, as a fold may lack a class, are ignored where every class of y
        has a weight. Otherwise they may be slips of the pen.
        """
        classes = classes.tolist()
        named = self.class_weight
        unknown = [label for label in named if label not in classes]
        missing = [label for label in classes if label not in named]
        weights = list(named.values())
        good = all(isinstance(w, Real) and np.isfinite(w) and w >= 0 for w in weights)
        if (unknown and missing) or not good:
            raise ValueError(
                "class_weight must give finite weights >= 0 to labels among "
                f"{classes}. Got {named!r} instead."
            )
        return np.array([named.get(label, 1.0) for label in classes], dtype=np.float64)

    def _split(self, data, X_val, y_val, sample_weight_val, classes):
        """Return the training and the validation data, None where none are needed."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be passed together.")
        if X_val is not None:
            try:
                X_val = self._check(X_val, reset=False)
                codes = encode_labels(check_labels(self, X_val, y_val), classes)
                weights = check_weights(sample_weight_val, X_val)
            except ValueError as error:
                raise ValueError(f"Of X_val and y_val: {error}") from error
            return data, (X_val, codes, weights / weights.mean())
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val needs X_val and y_val.")
        if not self.early_stopping:
            return data, None
        # A class of one sample cannot be in both parts.
        alone = np.bincount(data[1], minlength=len(classes))[data[1]] == 1
        rest = [part[~alone] for part in data] if alone.any() else data
        try:
            parts = train_test_split(
                *rest,
                test_size=float(self.validation_fraction),
                stratify=rest[1],
                random_state=check_random_state(self.random_state).randint(2**31 - 1),
            )
        except ValueError as error:
            raise ValueError(
                f"early_stopping cannot set aside validation_fraction "
                f"(={self.validation_fraction}) of {len(rest[0])} samples. Change "
                f"it, or pass X_val and y_val. {error}"
            ) from error
        train = parts[::2]
        if alone.any():
            train = [
                np.concatenate([part, whole[alone]])
                for part, whole in zip(train, data, strict=True)
            ]
        return train, parts[1::2]

    def _full_config(self, shape, classes):
        n_channels, *axes = shape
        config = self._module_config(*axes)
        return {"n_channels": n_channels, "n_classes": len(classes), **config}

    def _build(self, X, classes, generator):
        """Return a new module and set all that a fit learns before it is trained."""
        config = self._full_config(X.shape[1:], classes)
        aligns = self._align
        self.classes_, self._config, self._aligns = classes, config, aligns
        self.mean_, self.scale_ = _mean_and_deviation(X)
        module = empty_module(self._module_class, config)
        reset_parameters(module, generator)
        return module

    def _check_same_net(self, shape, classes):
        """Return the module of the fit before, if it is one for these data.

        This is where it is decided which parameters may change in a training that goes
        on: all but those of the module.
        """
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start=True needs the classes of the fit before "
                f"(={self.classes_.tolist()}). Got {classes.tolist()} in y."
            )
        config = self._full_config(shape, classes)
        changed = [key for key in config if config[key] != self._config[key]]
        if changed:
            raise ValueError(
                "warm_start=True needs the net of the fit before, as partial_fit does, "
                f"but the {changed} of this one differ. Set them back, or train "
                "another net by fit with warm_start=False."
            )
        self._aligns = self._align
        return self.module_

    def _make_net(self, *args, **options):
        return super()._make_net(*args, classes=self.classes_, **options)

    def _learned(self, net):
        return {"module_": net.module_.eval()}

    def _is_finite(self, learned, rows):
        module, x = learned["module_"], rows.tensors[0][: _CHUNK_ROWS["cpu"]]
        with torch.inference_mode():
            results = module(x), *module.state_dict().values()
        return all(bool(values.isfinite().all()) for values in results)

    def _to_rows(self, X, codes, weights, device, shifts=()):
        return Rows(
            self._to_tensor(X).to(device),
            torch.from_numpy(codes).to(device),
            torch.from_numpy(weights.astype(np.float32)).to(device),
            shifts,
        )

    def _to_tensor(self, X):
        """Standardize by the two numbers of the training data; in float32."""
        x = torch.empty(X.shape, dtype=torch.float32, device="cpu")
        array = x.numpy()
        # Single precision is short of numbers near its limits.
        double = X.dtype == np.float32 and not 1e-30 < self.scale_ < 1e30
        n_rows = max(1, _PART_VALUES // X[0].size)
        for first in range(0, len(X), n_rows):
            part, out = X[first : first + n_rows], array[first : first + n_rows]
            with np.errstate(over="ignore", invalid="ignore"):  # said below
                part = (part.astype(np.float64) if double else part) - self.mean_
                part /= self.scale_
                out[...] = part
                finite = np.isfinite(out.sum())  # quick, and finite where all is
            if not (finite or np.isfinite(out).all()):
                raise ValueError(
                    "Values of X are too large for float32 after scaling by those of "
                    f"the training data (mean {self.mean_:.3g}, deviation "
                    f"{self.scale_:.3g}). Scale X as the training data were."
                )
        return x

    def _logits(self, X):
        """Return the logits (n_samples, n_classes) of X as it is passed, in float64.

        In chunks of a fixed number of rows, the last one padded. On a CPU the chunks
        are shared among threads.
        """
        check_is_fitted(self, "module_")
        X = self._check(X, reset=False)
        device = next(self.module_.parameters()).device
        n_rows = _CHUNK_ROWS.get(device.type, _CHUNK_ROWS_ACCELERATOR)
        logits = np.empty((len(X), len(self.classes_)), np.float32)
        self.module_.eval()

        def predict(rows):
            with torch_defaults(), torch.inference_mode():
                x = self._to_tensor(X[rows]).to(device)
                n = len(x)
                if self._aligns:
                    x = canonical_roll(x)
                if n < n_rows:
                    x = torch.cat([x, x.new_zeros(n_rows - n, *x.shape[1:])])
                logits[rows] = self.module_(x)[:n].cpu().numpy()

        chunks = list(gen_batches(len(X), n_rows))
        if device.type == "cpu":
            n_jobs = count_free_threads()
            done = map_in_threads(predict, chunks, n_values=X.size, n_jobs=n_jobs)
        else:
            done = map(predict, chunks)
        for _ in done:
            pass
        if not np.isfinite(logits).all():
            row = int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])
            raise ValueError(
                f"The net has no finite result for row {row} of X: its values, up to "
                f"{np.abs(X[row]).max():.3g}, lie too far from those of the training "
                f"data (mean {self.mean_:.3g}, deviation {self.scale_:.3g}). Scale X "
                "as the training data were."
            )
        return logits.astype(np.float64)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _portable(self, state):
        """Return the state with NumPy arrays instead of the module and its net."""
        if "module_" in state:
            del state["module_"]
            state["_net"], state["_goes_on"] = None, False
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


def _mean_and_deviation(X):
    """Return the mean and the standard deviation of all values, in double precision.

    In parts, for memory, and in a unit in which no square leaves the range of numbers.
    """
    peak = max(abs(float(X.min())), abs(float(X.max())))
    unit = 1.0 if peak == 0 or 1e-100 < peak < 1e100 else peak

    def average(function):
        parts = gen_batches(len(X), max(1, _PART_VALUES // X[0].size))
        return (
            math.fsum(
                function(X[rows].astype(np.float64) / unit).sum() for rows in parts
            )
            / X.size
        )

    mean = average(lambda x: x)
    deviation = math.sqrt(average(lambda x: (x - mean) ** 2))
    return mean * unit, deviation * unit or 1.0
