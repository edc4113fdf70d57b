"""Learn one kernel from pairs of noisy and clean signals."""

import warnings

import numpy as np
import torch
from sklearn.base import OneToOneFeatureMixin, RegressorMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sk_psd._net_estimator import NetEstimator, training_settings, with_callbacks
from sk_psd._torch_settings import torch_defaults
from sk_psd._training import Rows, resolve_device
from sk_psd._validation import (
    StrOptions,
    at_least,
    check_finite,
    check_rows,
    check_weights,
    keep_weighted,
    to_array,
)
from sk_psd.filters import convolve

__all__ = ["LearnedConvFilter"]

# What NumPy calls torch's ways to go on beyond the ends of a row.
_PAD_MODES = {
    "zeros": "constant",
    "circular": "wrap",
    "reflect": "reflect",
    "replicate": "edge",
}


_NOT_LABELS = (
    "LearnedConvFilter learns clean signals, not labels. In front of a classifier, fit "
    "it on clean signals first and put FrozenEstimator(filter) into the Pipeline."
)


class LearnedConvFilter(
    OneToOneFeatureMixin, RegressorMixin, TransformerMixin, NetEstimator
):
    """Learn the kernel that turns noisy signals into clean ones.

    One convolution, the same at every position, trained by gradient descent on the
    mean squared error. A regressor, as it predicts the clean signals, and a
    transformer, as what it makes of X can be the input of the next step.

    Parameters
    ----------
    kernel_size : int, default=21
        Number of taps.

    bias : bool, default=False
        Whether to learn a constant to add.

    padding_mode : {"zeros", "circular", "reflect", "replicate"}, default="zeros"
        What the kernel sees beyond the ends of a row. "circular" and "reflect" need
        rows at least as long as the kernel.

    optimizer : {"adamw", "adam", "sgd"}, default="sgd"
        Algorithm. "sgd" has Nesterov momentum 0.9.

    lr : float, default=0.01
        Learning rate, or its peak. The signals are scaled and whitened along the
        kernel for the training, so it does not depend on their units or their color.

    lr_schedule : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        What the learning rate does over all steps: rise and fall, fall, or stay.

    weight_decay : float, default=0.0
        Weight decay of the optimizer.

    max_epochs : "auto" or int, default=50
        Passes over the training data. "auto" makes about 1000 steps, at least 10
        passes.

    batch_size : int, default=32
        Samples per step.

    device : str, default="auto"
        Where to train: "auto" is CUDA where there is one and the CPU elsewhere; "cpu",
        "cuda", "cuda:1", "mps" are passed on to torch. Prediction is NumPy's.

    callbacks : list of skorch callbacks or None, default=None
        Called in every epoch and batch, bare or as pairs (name, callback). `fit` calls
        the objects themselves; :func:`sklearn.base.clone`, and so every search, copies
        them. Scores of a classifier see the labels of y. An ``LRScheduler`` among them
        takes the place of `lr_schedule`. Callbacks of scikit-learn (1.9 or newer) are
        set by `set_callbacks` and called in `fit` only.

    verbose : int, default=0
        1 shows a progress bar in `fit`, or lets callbacks such as skorch's ``PrintLog``
        print.

    random_state : int, RandomState instance or None, default=None
        Seeds the order of the samples. Pass an int for identical results; then no
        global random state is touched.

    Attributes
    ----------
    kernel_ : float64 ndarray of shape (kernel_size,)
        The learned kernel, for a true convolution.

    bias_ : float
        The learned constant, 0.0 without `bias`.

    n_features_in_ : int
        Length of the rows.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    n_outputs_ : int
        Length of the clean rows.

    n_iter_ : int
        Number of epochs run.

    loss_curve_ : list of float
        Mean squared error on the training batches of each epoch, in the squared unit
        of Y.

    history_ : list of dict
        Record of each epoch, with the scores of callbacks, which see the rows as they
        are trained on: "train_loss" is relative to the mean square of Y.

    See Also
    --------
    ConvFilter : Applies a given kernel.
    filter_response : Gain and phase of the kernel at each frequency.
    sk_psd.datasets.make_noisy_sines : Pairs to learn a low-pass from.

    Notes
    -----
    With zeros beyond the ends, `predict` is ``ConvFilter(kernel_)`` plus `bias_`, for
    rows at least as long as the kernel.

    The error is a convex function of the kernel, so the best one is known: the
    solution of a least-squares problem, which training approaches. It starts from a
    kernel of zeros, so what the data do not determine stays 0. The parameters that
    descend are not the taps but uncorrelated combinations of them: the taps of a
    strongly colored signal would need millions of steps.

    Signals of another length are filtered by ``ConvFilter(kernel_)``. In a pipeline to
    a classifier every step would get the class labels as y, and the filter would learn
    those: fit it on clean signals first, and put it there as a
    :class:`sklearn.frozen.FrozenEstimator`, as in
    ``make_pipeline(FrozenEstimator(learned), WelchPSD(), ...)``.

    Ctrl-C during `fit` ends the training after the last full epoch, keeps the kernel
    so far and warns; in the first epoch it is raised. A `fit` that raises an error
    leaves an unfitted filter.

    References
    ----------
    .. [1] Widrow, B., Hoff, M. E. (1960). "Adaptive switching circuits". IRE WESCON
       Convention Record, part 4, 96-104.

    Examples
    --------
    >>> from sk_psd import LearnedConvFilter
    >>> from sk_psd.datasets import make_noisy_sines
    >>> X, Y = make_noisy_sines(200, random_state=0)
    >>> model = LearnedConvFilter(random_state=0).fit(X, Y)
    >>> X_test, Y_test = make_noisy_sines(100, random_state=1)
    >>> error = ((model.predict(X_test) - Y_test) ** 2).mean()
    >>> bool(error < 0.1 * ((X_test - Y_test) ** 2).mean())
    True
    """

    _parameter_constraints = {
        **NetEstimator._parameter_constraints,
        "kernel_size": [at_least(1)],
        "bias": ["boolean"],
        "padding_mode": [StrOptions(set(_PAD_MODES))],
    }

    _private_learned = ("_one_column", "_x_scale", "_y_scale")
    _diverged_from = 2.0  # times the loss of a kernel of zeros

    def __init__(
        self,
        kernel_size=21,
        *,
        bias=False,
        padding_mode="zeros",
        optimizer="sgd",
        lr=0.01,
        lr_schedule="one_cycle",
        weight_decay=0.0,
        max_epochs=50,
        batch_size=32,
        device="auto",
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.kernel_size = kernel_size
        self.bias = bias
        self.padding_mode = padding_mode
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.device = device
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Learn the kernel.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times)
            Noisy signals, real.

        y : array-like of shape (n_samples, n_times), (n_samples, n_outputs) or \
                (n_samples,)
            Clean signals. Rows shorter than those of X are their middle: in a "valid"
            part nothing depends on what lies beyond the ends, and one column or a 1-D
            array is the clean value in the middle of each row.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the loss. Those of weight 0 are left out.

        Returns
        -------
        self : object
            Fitted filter.
        """
        with self._or_unfitted(), torch_defaults():
            self._validate_params()
            device = resolve_device(self.device)
            given = X, y, sample_weight
            X = self._check(X, reset=True)
            y = self._check_target(X, y)
            weights = check_weights(sample_weight, X)
            X, y, weights = keep_weighted(weights, X, y, weights)
            weights = weights / weights.mean()
            if self.padding_mode in ("circular", "reflect"):
                if self.kernel_size > X.shape[1]:
                    raise ValueError(
                        f"kernel_size (={self.kernel_size}) must not exceed the length "
                        f"of the rows (n_features = {X.shape[1]}) with padding_mode="
                        f"{self.padding_mode!r}. Choose a shorter one, or 'zeros'."
                    )
            self._one_column = y.ndim == 1
            y = y.reshape(len(y), -1)
            self.n_outputs_ = y.shape[1]

            x, self._x_scale = _to_unit_power(X)
            y, self._y_scale = _to_unit_power(y)
            self._check_scales()
            # Padded once, and only as much as the outputs see: torch adds nothing.
            x = self._pad(x)[:, self._middle(extra=self.kernel_size - 1)]
            with training_settings("cpu"):
                roots = np.sqrt(weights)[:, None]
                whitening = _whitening(x, self.kernel_size, self.bias, roots)
            rows = Rows(
                torch.from_numpy(np.ascontiguousarray(x)).unsqueeze(1).to(device),
                torch.from_numpy(y).to(device),
                torch.from_numpy(weights.astype(np.float32)).to(device),
            )
            net = self._make_net(
                _WhiteFilter(whitening, self.kernel_size),
                len(X),
                device,
                self._make_generator(),
                lr_schedule=self.lr_schedule,
            )
            self._train(net, rows, *given)
        return self

    def predict(self, X):
        """Return the clean signals.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times)
            Noisy signals of the length seen in `fit`.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_outputs) or (n_samples,)
            What `fit` learned: whole rows, their middle, or the value in the middle. A
            row does not depend on the others.
        """
        clean = self.transform(X)[:, self._middle()]
        return clean[:, 0] if self._one_column else clean

    def transform(self, X):
        """Filter whole rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times)
            Noisy signals of the length seen in `fit`.

        Returns
        -------
        filtered : ndarray of shape (n_samples, n_times)
            float32 for float32 input, else float64.
        """
        check_is_fitted(self, "kernel_")
        X = self._check(X, reset=False)
        with np.errstate(over="ignore", invalid="ignore"):  # said below
            filtered = convolve(self._pad(X), self.kernel_, "valid")
            filtered += filtered.dtype.type(self.bias_)
        if not np.isfinite(filtered).all():
            raise ValueError(
                f"The filtered rows leave the range of {filtered.dtype}: X has values "
                f"of up to {np.abs(X).max():.3g}. Scale X first."
            )
        return filtered

    def _check(self, X, reset):
        if getattr(X, "ndim", 2) > 2:
            raise ValueError(
                "LearnedConvFilter expects X of shape (n_samples, n_times). Found "
                f"array with dim {X.ndim}. Make rows of the channels: "
                "X.reshape(-1, X.shape[-1])."
            )
        return check_rows(
            self,
            X,
            reset=reset,
            complex_hint=": learn from the real and the imaginary parts as rows",
        )

    def _check_target(self, X, y):
        name = type(self).__name__
        if y is None:
            raise ValueError(
                f"{name} requires y to be passed, but the target y is None."
            )
        y = to_array(y)
        if np.iscomplexobj(np.asarray(y)):
            raise ValueError(
                f"Complex data not supported by {name} as y: learn from the real and "
                "the imaginary parts as rows."
            )
        if getattr(y, "ndim", 2) > 2:
            raise ValueError(
                f"{name} expects y of shape (n_samples, n_times). Found array with dim "
                f"{y.ndim}. Make rows of the channels: y.reshape(-1, y.shape[-1])."
            )
        kind = np.asarray(y).dtype.kind
        if kind == "b":
            raise ValueError(f"y must hold clean signals. Got booleans. {_NOT_LABELS}")
        y = check_array(
            y,
            dtype=[np.float64, np.float32],
            ensure_2d=False,
            estimator=name,
            input_name="y",
            ensure_all_finite=False,
        )
        check_finite(self, y.reshape(len(y), -1), "y")
        check_consistent_length(X, y)
        if y.ndim == 1 and min(X.shape) >= 32 and _look_like_labels(y):
            warnings.warn(
                f"y has {len(np.unique(y))} distinct integers for {len(y)} rows, as "
                f"class labels have. {_NOT_LABELS}",
                stacklevel=3,
            )
        if y.ndim == 2 and y.shape[1] > X.shape[1]:
            raise ValueError(
                f"y must hold clean rows no longer than those of X (n_features = "
                f"{X.shape[1]}). Got y of shape {y.shape}."
            )
        return y

    def _check_scales(self):
        """Raise if the kernel or the loss would leave the range of numbers."""
        with np.errstate(over="ignore"):
            square = np.float64(self._y_scale) ** 2
            gain = np.float64(self._y_scale) / self._x_scale
        if not (np.isfinite([square, gain]).all() and gain > 0 and square > 0):
            raise ValueError(
                "LearnedConvFilter cannot learn in these units: the root mean square "
                f"of X is {self._x_scale:.3g} and that of y is {self._y_scale:.3g}, so "
                "that the gain of the kernel, or the squared error, is beyond float64. "
                "Scale X and y by one factor to values near 1 first."
            )

    def _pad(self, X):
        """Add to each row what the kernel sees beyond its ends."""
        size = self.kernel_size
        ends = (size // 2, (size - 1) // 2)  # as mode "same" of NumPy
        return np.pad(X, ((0, 0), ends), mode=_PAD_MODES[self.padding_mode])

    def _middle(self, extra=0):
        """Columns of the outputs in a whole row, and `extra` ones after them."""
        first = (self.n_features_in_ - self.n_outputs_ + 1) // 2
        return slice(first, first + self.n_outputs_ + extra)

    def _learned(self, net):
        taps = net.module_.taps().detach().cpu().numpy().astype(np.float64)
        kernel, bias = taps[: self.kernel_size][::-1], taps[self.kernel_size :].sum()
        with np.errstate(over="ignore"):  # seen by _is_finite
            return {
                "kernel_": kernel * (self._y_scale / self._x_scale),
                "bias_": float(bias) * self._y_scale,
            }

    def _loss_in_units_of_y(self, loss):
        return float(loss) * self._y_scale**2

    def _is_finite(self, learned, rows):
        return bool(np.isfinite([*learned["kernel_"], learned["bias_"]]).all())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Rows to rows is multi-output. A 1-D y is a target too, the clean value in the
        # middle of each row, and no other rule is needed for scikit-learn's checks.
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _look_like_labels(y):
    """Whether a few integers occur again and again."""
    return bool((y == np.rint(y)).all()) and len(np.unique(y)) <= len(y) // 10 + 1


def _to_unit_power(X):
    """Return the rows over their root mean square, in float32, and the latter."""
    scale = np.abs(X).max() or 1.0  # first, as squares may leave the range of numbers
    scale = float(scale) * float(np.sqrt(np.mean((X / scale) ** 2, dtype=np.float64)))
    scale = scale or 1.0
    return (X / scale).astype(np.float32), scale


def _whitening(x, kernel_size, bias, roots):
    """Return the matrix that makes what the taps see white.

    Along the taps, and a constant for the bias, the samples of a signal are correlated,
    and of strongly colored ones some directions have a millionth of the power of
    others: a learning rate that is safe for the latter would never move the former.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_outputs + kernel_size - 1)
        Rows as the kernel passes over them.

    kernel_size : int

    bias : bool

    roots : ndarray of shape (n_samples, 1)
        Square roots of the weights of the rows.

    Returns
    -------
    whitening : float64 Tensor of shape (n_taps, n_taps)
        The inverse root of the correlations, with the weakest directions lifted to
        1e-7 of the strongest.
    """
    # By torch, whose threads the caller sets: sums then have one order everywhere.
    roots = torch.from_numpy(roots)
    x = torch.from_numpy(x.astype(np.float64)) * roots
    n_outputs = x.shape[1] - kernel_size + 1
    correlations = x.new_zeros(kernel_size + bias, kernel_size + bias)
    # From one pair of taps to the next pair, a product leaves and another enters.
    first, last = x[:, : kernel_size - 1], x[:, n_outputs:]
    change = last.T @ last - first.T @ first
    for j in range(kernel_size):
        shifted = x[:, j : j + n_outputs]
        correlations[0, j] = (x[:, :n_outputs] * shifted).sum()
        if bias:
            correlations[j, -1] = (shifted * roots).sum()
    for i in range(kernel_size - 1):
        row = correlations[i, i : kernel_size - 1] + change[i, i:]
        correlations[i + 1, i + 1 : kernel_size] = row
    if bias:
        correlations[-1, -1] = float((roots * roots).sum()) * n_outputs
    power, axes = torch.linalg.eigh(correlations / (len(x) * n_outputs), UPLO="U")
    power = power.clip(min=1e-7 * (float(power[-1]) or 1.0))
    whitening = (axes / power.sqrt()) @ axes.T
    met = correlations.diagonal() > 1e-12 * correlations.diagonal().max()
    return whitening * met * met[:, None]  # taps that meet no sample stay 0


class _WhiteFilter(torch.nn.Module):
    """A convolution of zeros, with parameters that do not disturb each other."""

    def __init__(self, whitening, kernel_size):
        super().__init__()
        self.kernel_size = kernel_size
        self.register_buffer("whitening", whitening.to(torch.float32))
        self.weights = torch.nn.Parameter(torch.zeros_like(self.whitening[0]))

    def taps(self):
        """Return the taps, in the order of the samples, and the bias after them."""
        return self.whitening @ self.weights

    def forward(self, x):
        """Map (N, 1, T + K - 1) to (N, T)."""
        taps = self.taps()
        kernel, bias = taps[: self.kernel_size], taps[self.kernel_size :]
        return torch.nn.functional.conv1d(x, kernel[None, None])[:, 0] + bias.sum()
