"""A convolution whose kernel is learned from pairs of noisy and clean signals."""

import warnings

import numpy as np
import torch
from sklearn.base import OneToOneFeatureMixin, RegressorMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sk_psd._arrays import tensor_to_ndarray
from sk_psd._constraints import StrOptions, at_least
from sk_psd._device import release_unused_memory
from sk_psd._net_estimator import NetEstimator, training_settings, with_callbacks
from sk_psd._torch_settings import torch_defaults
from sk_psd._training import SpectraDataset
from sk_psd._training_rows import move_rows
from sk_psd._validation import check_finite, check_rows, check_weights, keep_weighted
from sk_psd.filters import convolve

__all__ = ["LearnedConvFilter"]

# The padding modes by their names in torch, and the same modes in NumPy.
_PAD_MODES = {
    "zeros": "constant",
    "circular": "wrap",
    "reflect": "reflect",
    "replicate": "edge",
}

# Combinations of taps with a smaller share of the power than this, relative to the
# strongest one, are rounding errors of the correlations: their taps cannot be learned.
_LEAST_POWER = 1e-12

_NOT_LABELS = (
    "LearnedConvFilter learns clean signals, not labels. To use it in front of a "
    "classifier, fit it on clean signals first, then put FrozenEstimator(filter) into "
    "the Pipeline."
)


class LearnedConvFilter(
    OneToOneFeatureMixin, RegressorMixin, TransformerMixin, NetEstimator
):
    """Learn the kernel that turns noisy signals into clean ones.

    The filter is one convolution with the same kernel at every position. It minimizes
    the mean squared error, by gradient descent or by solving the least-squares
    problem. It is a regressor, because it predicts the clean signals, and a
    transformer, because the filtered signals can be the input of the next step.

    Parameters
    ----------
    kernel_size : int, default=21
        Number of taps.

    bias : bool, default=False
        Whether to learn a constant to add.

    padding_mode : {"zeros", "circular", "reflect", "replicate"}, default="zeros"
        Values beyond the ends of a row. "circular" and "reflect" need rows at least as
        long as the kernel.

    solver : {"gradient", "lstsq"}, default="gradient"
        "gradient" trains by gradient descent, in the way a net is trained. "lstsq"
        computes the kernel with the smallest squared error at once, in double
        precision on the CPU. The parameters below are for "gradient" only; "lstsq"
        ignores them.

    optimizer : {"adamw", "adam", "sgd"}, default="sgd"
        Algorithm. "sgd" has Nesterov momentum 0.9.

    lr : float, default=0.01
        Learning rate, the largest one where a schedule changes it. The signals are
        scaled and whitened along the kernel for the training, so a good rate does not
        depend on their units or their color.

    lr_schedule : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        Course of the learning rate over all steps: it rises and falls, it falls, or it
        stays.

    weight_decay : float, default=0.0
        Weight decay of the optimizer.

    max_epochs : "auto" or int, default=50
        Passes over the training data. "auto" makes about 1000 steps, at least 10
        passes.

    batch_size : int, default=32
        Samples per step.

    device : str, default="auto"
        Device of the training. "auto" is CUDA where there is one and the CPU elsewhere;
        "cpu", "cuda", "cuda:1", "mps" are passed on to torch. Prediction runs in NumPy.

    callbacks : list of skorch callbacks or None, default=None
        Called in every epoch and batch, bare or as pairs (name, callback). `fit` calls
        the objects themselves; :func:`sklearn.base.clone`, and so every search, copies
        them. Scores of a classifier see the labels of y. An ``LRScheduler`` among them
        replaces the schedule of `lr`. Callbacks of scikit-learn (1.9 or newer) are
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
        Number of epochs run. Only with ``solver="gradient"``.

    loss_curve_ : list of float
        Mean squared error on the training batches of each epoch, in the squared unit
        of y. Only with ``solver="gradient"``.

    history_ : list of dict
        Record of each epoch, with the scores of callbacks. "train_loss" and the scores
        refer to scaled rows, so that "train_loss" is relative to the mean square of y.
        Only with ``solver="gradient"``.

    See Also
    --------
    ConvFilter : Applies a fixed kernel.
    filter_response : Gain and phase of the kernel at each frequency.
    sk_psd.datasets.make_noisy_sines : Pairs to learn a low-pass from.

    Notes
    -----
    With zeros beyond the ends, `transform` is ``ConvFilter(kernel_)`` plus `bias_`, for
    rows at least as long as the kernel.

    The mean squared error is a convex function of the kernel, so both solvers have the
    same goal. The least-squares solver needs no learning rate, no epochs and no
    validation data, and has nothing to stop early. It solves the normal equations.
    Where the signals do not determine all taps, as pure tones do not, it returns the
    solution with the smallest norm: combinations of taps that meet less than 1e-12 of
    the power of the strongest combination stay 0. There is no other regularization, so
    that taps can be large where combinations are just above that limit.

    The gradient descent starts from a kernel of zeros, so what the data do not
    determine stays 0 as well. It does not descend along the taps but along uncorrelated
    combinations of them: the taps of a strongly colored signal would need millions of
    steps.

    Signals of another length are filtered by ``ConvFilter(kernel_)``. In a pipeline
    that ends in a classifier every step gets the class labels as y. Strings are an
    error, and integers would be learned, with a warning. Fit it on clean signals first,
    and put it into the pipeline as a :class:`sklearn.frozen.FrozenEstimator`, as in
    ``make_pipeline(FrozenEstimator(learned), WelchPSD(), ...)``.

    Ctrl-C during `fit` ends the training after the last full epoch, keeps the kernel
    of that epoch and warns; in the first epoch it is raised. A `fit` that raises an
    error leaves an unfitted filter.

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
    >>> exact = LearnedConvFilter(solver="lstsq").fit(X, Y)
    >>> bool(exact.score(X, Y) >= model.score(X, Y))
    True
    """

    _parameter_constraints = {
        **NetEstimator._parameter_constraints,
        "kernel_size": [at_least(1)],
        "bias": ["boolean"],
        "padding_mode": [StrOptions(set(_PAD_MODES))],
        "solver": [StrOptions({"gradient", "lstsq"})],
    }

    _private_fitted = ("_y_is_1d", "_x_scale", "_y_scale")
    _divergence_threshold = 2.0  # twice the loss of a kernel of zeros

    def __init__(
        self,
        kernel_size=21,
        *,
        bias=False,
        padding_mode="zeros",
        solver="gradient",
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
        self.solver = solver
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
            Clean signals. Shorter rows are the middle parts of the clean signals. If
            they are shorter by ``kernel_size - 1``, no output depends on the padding.
            One column, or a 1-D array, is the value in the middle.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the loss. Those of weight 0 are left out.

        Returns
        -------
        self : object
            Fitted filter.
        """
        with self._unfitted_on_error(), torch_defaults():
            self._validate_params()
            fit_args = X, y, sample_weight
            X = self._check(X, reset=True)
            y = self._check_target(X, y)
            weights = check_weights(sample_weight, X)
            X, y, weights = keep_weighted(weights, X, y, weights)
            weights = weights / weights.mean()
            self._check_kernel_size(X)
            # Set before training, which reads these attributes.
            self._y_is_1d = y.ndim == 1
            y = y.reshape(len(y), -1)
            self.n_outputs_ = y.shape[1]

            # A net is trained in single precision, an exact solution needs double.
            dtype = np.float32 if self.solver == "gradient" else np.float64
            x, self._x_scale = _to_unit_power(X, dtype)
            y, self._y_scale = _to_unit_power(y, dtype)
            self._check_scales()
            # Padded once, by the samples that the outputs depend on. The net adds none.
            x = self._pad(x)[:, self._middle(extra=self.kernel_size - 1)]
            if self.solver == "gradient":
                self._descend(x, y, weights, fit_args)
            else:
                self._solve(x, y, weights)
        return self

    def _descend(self, x, y, weights, fit_args):
        """Learn the kernel by gradient descent.

        Parameters
        ----------
        x : float32 ndarray of shape (n_samples, n_outputs + kernel_size - 1)
            Padded noisy rows of unit power.

        y : float32 ndarray of shape (n_samples, n_outputs)
            Clean rows of unit power.

        weights : ndarray of shape (n_samples,)
            Weights of the samples, with a mean of 1.

        fit_args : tuple
            Arguments of `fit` as they came, for callbacks.
        """
        device = self._choose_device()
        with training_settings("cpu"):
            correlations = _correlate(x, weights, self.kernel_size, self.bias)
            whitening = _whitening(correlations / (len(x) * self.n_outputs_))
        dataset = SpectraDataset(
            move_rows(torch.from_numpy(np.ascontiguousarray(x)).unsqueeze(1), device),
            move_rows(torch.from_numpy(y), device),
            torch.from_numpy(weights.astype(np.float32)).to(device),
        )
        net = self._wrap_in_net(
            _WhitenedFilter(whitening, self.kernel_size),
            len(x),
            device,
            self._make_generator(),
            lr_schedule=self.lr_schedule,
        )
        self._train(net, dataset, *fit_args)
        del dataset, net
        release_unused_memory(device)

    def _solve(self, x, y, weights):
        """Compute the least-squares kernel. Parameters as in `_descend`, in float64."""
        with training_settings("cpu"):
            correlations = _correlate(x, weights, self.kernel_size, self.bias)
            products = _correlate_with_target(
                x, y, weights, self.kernel_size, self.bias
            )
            taps = _least_squares(correlations, products)
        attributes = self._in_units_of_data(taps.numpy())
        if not self._is_finite(attributes):
            raise ValueError(self._describe_scales())
        vars(self).update(attributes)

    def predict(self, X):
        """Return the clean signals.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times)
            Noisy signals of the length seen in `fit`.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_outputs) or (n_samples,)
            Clean signals in the shape of the y of `fit`: whole rows, their middle, or
            the value in the middle. A row does not depend on the others.
        """
        clean = self.transform(X)[:, self._middle()]
        return clean[:, 0] if self._y_is_1d else clean

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
        with np.errstate(over="ignore", invalid="ignore"):  # checked below
            filtered = convolve(self._pad(X), self.kernel_, "valid")
            filtered += filtered.dtype.type(self.bias_)
        if not np.isfinite(filtered).all():
            raise ValueError(
                f"The filtered rows leave the range of {filtered.dtype}: X has values "
                f"of up to {np.abs(X).max():.3g}. Scale X first."
            )
        return filtered

    def _check(self, X, reset):
        """Return X as a checked array of rows."""
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
            max_ndim=2,
            complex_hint=": learn from the real and the imaginary parts as rows",
        )

    def _check_target(self, X, y):
        """Return y as a checked array of clean rows or values, one for each row of X.

        Raises
        ------
        ValueError
            If y is missing, complex, boolean, not finite, of another length than X, of
            three dimensions, or if its rows are longer than those of X.

        Warns
        -----
        UserWarning
            If y looks like class labels.
        """
        name = type(self).__name__
        if y is None:
            raise ValueError(
                f"{name} requires y to be passed, but the target y is None."
            )
        y = tensor_to_ndarray(y)
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
        found = {"b": "booleans", "U": "strings"}.get(np.asarray(y).dtype.kind)
        if found:
            raise ValueError(f"y must hold clean signals. Got {found}. {_NOT_LABELS}")
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

    def _check_kernel_size(self, X):
        """Raise if the rows are too short to be continued beyond their ends."""
        is_short = self.kernel_size > X.shape[1]
        if is_short and self.padding_mode in ("circular", "reflect"):
            raise ValueError(
                f"kernel_size (={self.kernel_size}) must not exceed the length "
                f"of the rows (n_features = {X.shape[1]}) with padding_mode="
                f"{self.padding_mode!r}. Choose a shorter one, or 'zeros'."
            )

    def _check_scales(self):
        """Raise if the kernel or the loss would leave the range of numbers."""
        with np.errstate(over="ignore"):
            square = np.float64(self._y_scale) ** 2
            gain = np.float64(self._y_scale) / self._x_scale
        if not (np.isfinite([square, gain]).all() and gain > 0 and square > 0):
            raise ValueError(self._describe_scales())

    def _describe_scales(self):
        return (
            "LearnedConvFilter cannot learn in these units: the root mean square "
            f"of X is {self._x_scale:.3g} and that of y is {self._y_scale:.3g}, so "
            "that the gain of the kernel, or the squared error, is beyond float64. "
            "Scale X and y by one factor to values near 1 first."
        )

    def _pad(self, X):
        """Return rows with the values that the kernel needs beyond their ends."""
        size = self.kernel_size
        ends = (size // 2, (size - 1) // 2)  # as in mode "same" of NumPy
        return np.pad(X, ((0, 0), ends), mode=_PAD_MODES[self.padding_mode])

    def _middle(self, extra=0):
        """Return the slice of the outputs in a whole row, and `extra` columns more."""
        first = (self.n_features_in_ - self.n_outputs_ + 1) // 2
        return slice(first, first + self.n_outputs_ + extra)

    def _fitted_attributes(self, net):
        taps = net.module_.taps().detach().cpu().numpy().astype(np.float64)
        return self._in_units_of_data(taps)

    def _in_units_of_data(self, taps):
        """Return the kernel and the bias by attribute name, from taps for unit power.

        The taps are in the order of the samples that they are multiplied with, so that
        the kernel of a true convolution is their reverse. A bias comes after them.
        """
        kernel, bias = taps[: self.kernel_size][::-1], taps[self.kernel_size :].sum()
        with np.errstate(over="ignore"):  # infinity is found by _is_finite
            return {
                "kernel_": kernel * (self._y_scale / self._x_scale),
                "bias_": float(bias) * self._y_scale,
            }

    def _loss_in_units_of_y(self, loss):
        return float(loss) * self._y_scale**2

    def _is_finite(self, attributes, dataset=None):
        values = [*attributes["kernel_"], attributes["bias_"]]
        return bool(np.isfinite(values).all())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # A clean row is a target of several outputs. A 1-D y is a target too: the clean
        # value in the middle of each row.
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _look_like_labels(y):
    """Say whether y holds few distinct integers, each of them many times."""
    return bool((y == np.rint(y)).all()) and len(np.unique(y)) <= len(y) // 10 + 1


def _to_unit_power(X, dtype):
    """Divide rows by their root mean square over all rows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_times)

    dtype : dtype
        Precision of the result. The division is in the higher one of X and `dtype`.

    Returns
    -------
    scaled : ndarray of shape (n_samples, n_times)

    scale : float
        The root mean square, 1.0 for zeros.
    """
    X = X.astype(np.result_type(X, dtype), copy=False)
    # Divided by the largest value first, as squares may leave the range of numbers.
    scale = np.abs(X).max() or 1.0
    scale = float(scale) * float(np.sqrt(np.mean((X / scale) ** 2, dtype=np.float64)))
    scale = scale or 1.0
    return (X / scale).astype(dtype), scale


def _correlate(x, weights, kernel_size, bias):
    """Return the weighted correlations between the samples that the taps meet.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_outputs + kernel_size - 1)
        Padded rows.

    weights : ndarray of shape (n_samples,)

    kernel_size : int

    bias : bool
        Whether there is a constant 1 after the taps.

    Returns
    -------
    correlations : float64 Tensor of shape (n_taps, n_taps)
        Sums over all samples and positions. Only the upper triangle is set.
    """
    # By torch, in one thread as set by the caller, so that sums have one order
    # everywhere.
    roots = torch.from_numpy(np.sqrt(weights)[:, None])
    x = torch.from_numpy(x.astype(np.float64)) * roots
    n_outputs = x.shape[1] - kernel_size + 1
    correlations = x.new_zeros(kernel_size + bias, kernel_size + bias)
    # The sums for the taps i + 1 and j + 1 are those for i and j, less the product at
    # the first position and plus one after the last position.
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
    return correlations


def _correlate_with_target(x, y, weights, kernel_size, bias):
    """Return the weighted products of what each tap meets with the clean values.

    Parameters
    ----------
    x, weights, kernel_size, bias
        As in `_correlate`.

    y : ndarray of shape (n_samples, n_outputs)
        Clean rows.

    Returns
    -------
    products : float64 Tensor of shape (n_taps,)
        Sums over all samples and positions.
    """
    x, y = torch.from_numpy(x), torch.from_numpy(weights[:, None] * y)
    n_outputs = y.shape[1]
    products = [(x[:, j : j + n_outputs] * y).sum() for j in range(kernel_size)]
    return torch.stack([*products, y.sum()] if bias else products)


def _meet_samples(correlations):
    """Return a mask of the taps that meet a sample other than the zeros of padding."""
    power = correlations.diagonal()
    return power > _LEAST_POWER * power.max()


def _least_squares(correlations, products):
    """Solve the normal equations, with the smallest norm where they leave a choice.

    Parameters
    ----------
    correlations : float64 Tensor of shape (n_taps, n_taps)
        Upper triangle.

    products : float64 Tensor of shape (n_taps,)

    Returns
    -------
    taps : float64 Tensor of shape (n_taps,)
    """
    power, axes = torch.linalg.eigh(correlations, UPLO="U")
    kept = power > _LEAST_POWER * power[-1]
    axes, power = axes[:, kept], power[kept]
    return axes @ (axes.T @ products / power) * _meet_samples(correlations)


def _whitening(correlations):
    """Return the matrix that turns uncorrelated parameters into taps.

    The samples of a signal are correlated along the taps. Some combinations of taps
    meet a millionth of the power of others in strongly colored signals: a learning rate
    that is safe for the strong ones would never move the weak ones.

    Parameters
    ----------
    correlations : float64 Tensor of shape (n_taps, n_taps)
        Upper triangle, divided by the number of outputs.

    Returns
    -------
    whitening : float64 Tensor of shape (n_taps, n_taps)
        The inverse square root of the correlations, in which the power of the weakest
        combinations is lifted to 1e-7 of the strongest.
    """
    power, axes = torch.linalg.eigh(correlations, UPLO="U")
    power = power.clip(min=1e-7 * (float(power[-1]) or 1.0))
    whitening = (axes / power.sqrt()) @ axes.T
    met = _meet_samples(correlations)
    return whitening * met * met[:, None]  # other taps stay 0


class _WhitenedFilter(torch.nn.Module):
    """A convolution that starts from zeros, with uncorrelated parameters."""

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
