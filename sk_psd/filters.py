"""Fixed kernels: smooth, find edges, keep a band of frequencies."""

from numbers import Real

import numpy as np
from scipy import signal
from sklearn.utils import gen_batches
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sk_psd._arguments import check_option
from sk_psd._arrays import as_ndarray, as_numbers, check_result
from sk_psd._constraints import StrOptions, WholeNumber, rate
from sk_psd._numbers import as_int, as_rate
from sk_psd._transformer import SpectrumTransformer

__all__ = ["ConvFilter", "convolve", "dilate", "fixed_kernel"]

# With more taps for each step of the stride an FFT is faster than adding one shifted
# copy of the rows for each. The two meet between 11 and 80 taps, by dtype and length of
# the rows, as benchmarks/convolution.py prints.
_DIRECT_TAPS = 20

# Rows longer than this leave the cache: the FFT takes them piece by piece.
_LONG_ROW = 2**15

# Values in one chunk of rows, for the direct sum and for the FFT.
_CHUNK_VALUES = 2**16

_MODES = ("full", "same", "valid")

# What `cutoff` is for the kernels that take one: how many frequencies, in words.
_CUTOFFS = {
    "lowpass": (1, "one frequency"),
    "highpass": (1, "one frequency"),
    "bandpass": (2, "two ascending frequencies (low, high)"),
}

_NAMES = ("moving_average", "edge", *_CUTOFFS)


def dilate(kernel, dilation):
    """Put ``dilation - 1`` zeros between the values of a kernel.

    Parameters
    ----------
    kernel : array-like of shape (kernel_size,)
        Real or complex.

    dilation : int
        Samples from one value to the next, at least 1.

    Returns
    -------
    spread : ndarray of shape (dilation * (kernel_size - 1) + 1,)
        Of the type of `kernel`.

    Raises
    ------
    ValueError
        If `kernel` has no single axis with a value, or `dilation` is less than 1.

    TypeError
        If `kernel` does not hold numbers.
    """
    kernel, dilation = as_ndarray(kernel, "kernel"), _whole("dilation", dilation)
    kernel = as_numbers(kernel, "kernel")
    if kernel.ndim != 1 or not len(kernel):
        raise ValueError(
            "A kernel must be one-dimensional, with at least one tap. Got shape "
            f"{kernel.shape}."
        )
    spread = np.zeros(dilation * (len(kernel) - 1) + 1, kernel.dtype)
    spread[::dilation] = kernel
    return spread


def convolve(X, kernel, mode="same", *, stride=1, dilation=1):
    """Convolve each row with a kernel.

    The values of :func:`numpy.convolve` of each row and the dilated kernel, the first
    and every `stride`-th after it. It is the true convolution, which flips the kernel;
    the layers of torch do not.

    Parameters
    ----------
    X : array-like of shape (..., n_times)
        Real or complex signals.

    kernel : array-like of shape (kernel_size,)
        Real or complex.

    mode : {"full", "same", "valid"}, default="same"
        Which values, see :class:`ConvFilter`.

    stride : int, default=1
        Samples from one value to the next.

    dilation : int, default=1
        Samples from one tap of the kernel to the next.

    Returns
    -------
    filtered : ndarray of shape (..., n_out)
        In the precision of X, complex if X or the kernel is.

    Raises
    ------
    ValueError
        If X is empty, if `kernel`, `mode`, `stride` or `dilation` is not of the kind
        described above, or if values of finite X exceed the largest number.

    TypeError
        If X does not hold numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.filters import convolve
    >>> convolve(np.array([[0.0, 1.0, 4.0, 9.0]]), [1, -1])
    array([[0., 1., 3., 5.]])
    """
    check_option("mode", mode, _MODES)
    stride, dilation = _whole("stride", stride), _whole("dilation", dilation)
    X, kernel = _as_numbers(X), _read_kernel(kernel)
    if X.ndim == 0 or 0 in X.shape:
        raise ValueError(
            "X must hold signals, of shape (..., n_times), of one sample at least. Got "
            f"shape {X.shape}."
        )
    dtype = np.result_type(X, np.complex64) if np.iscomplexobj(kernel) else X.dtype
    with np.errstate(over="ignore"):
        kernel = kernel.astype(dtype)
    if not np.isfinite(kernel).all():
        raise ValueError(
            f"The kernel holds values beyond {np.finfo(dtype).max:.1g}, the largest of "
            f"{dtype}, which X is of. Scale it, or pass X as float64."
        )
    rows = X.reshape(-1, X.shape[-1])

    # The wanted part of the full convolution: where it starts and how long it is.
    span, n_times = dilation * (len(kernel) - 1) + 1, X.shape[-1]
    short, long = sorted((span, n_times))
    start, length = {
        "full": (0, n_times + span - 1),
        "same": ((short - 1) // 2, long),
        "valid": (short - 1, long - short + 1),
    }[mode]
    wanted = slice(start, start + length, stride)

    direct = len(kernel) <= _DIRECT_TAPS * stride
    apply = _add_shifted if direct else _convolve_by_fft
    filtered = np.empty((len(rows), (length - 1) // stride + 1), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for chunk in gen_batches(len(rows), max(1, _CHUNK_VALUES // (n_times + span))):
            filtered[chunk] = apply(rows[chunk], kernel, dilation, wanted)
    check_result("filtered values", filtered, X)
    return filtered.reshape(*X.shape[:-1], -1)


def _whole(name, value):
    """Return a number of samples as an int, or raise an error that says what it was."""
    try:
        number = as_int(value)
    except (TypeError, ValueError, OverflowError):
        number = 0
    if number < 1:
        raise ValueError(f"{name} must be an int of at least 1. Got {value!r}.")
    return number


def _as_numbers(X):
    """Return an array of floating-point or complex numbers in native byte order."""
    X = as_numbers(X)
    X = X if X.dtype.kind in "fc" else X.astype(np.float64)
    return X.astype(X.dtype.newbyteorder("="), copy=False)


def _read_kernel(kernel):
    """Return a kernel as an array, or raise an error that says what it was.

    Parameters
    ----------
    kernel : array-like of shape (kernel_size,)
        Real or complex.

    Returns
    -------
    kernel : ndarray of shape (kernel_size,)
        float64 or complex128.
    """
    try:
        values = as_ndarray(kernel, "kernel")
        values = values.astype(np.complex128 if values.dtype.kind == "c" else float)
        good = values.ndim == 1 and len(values) and np.isfinite(values).all()
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(
            "A kernel given as an array must be one-dimensional, with at least one "
            f"tap, all finite. Got {kernel!r} instead."
        )
    return values


def _add_shifted(X, kernel, dilation, wanted):
    """Add one shifted and scaled copy of the rows for each tap."""
    n_times, last = X.shape[-1], dilation * (len(kernel) - 1)
    after = max(0, wanted.stop - n_times)
    padded = np.pad(X, ((0, 0), (last - wanted.start, after)))
    n_values = wanted.stop - wanted.start
    total = np.zeros((len(X), len(range(0, n_values, wanted.step))), kernel.dtype)
    for k, tap in enumerate(kernel):
        first = last - k * dilation
        total += padded[:, first : first + n_values : wanted.step] * tap
    return total


def _convolve_by_fft(X, kernel, dilation, wanted):
    # In double precision: an FFT leaves rounding errors of the largest value of a row
    # everywhere in it, also where a signal is a millionth of it.
    double = np.result_type(kernel, np.float64)
    X, spread = X.astype(double), dilate(kernel, dilation)[None].astype(double)
    by_fft = signal.fftconvolve if X.shape[-1] <= _LONG_ROW else signal.oaconvolve
    return by_fft(X, spread, axes=-1)[:, wanted]


def fixed_kernel(name, kernel_size=21, *, cutoff=None, fs=1.0):
    """Return a kernel by its name.

    Parameters
    ----------
    name : {"moving_average", "edge", "lowpass", "highpass", "bandpass"}
        See :class:`ConvFilter`.

    kernel_size : int, default=21
        Number of taps.

    cutoff : float or (float, float), default=None
        Where the last three pass half of the amplitude, in Hz: one frequency, for
        "bandpass" the lower and the upper one.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    Returns
    -------
    kernel : ndarray of shape (kernel_size,)
        For a true convolution.

    Examples
    --------
    >>> from sk_psd.filters import fixed_kernel
    >>> fixed_kernel("edge", 5)
    array([ 0.5,  0.5,  0. , -0.5, -0.5])
    """
    kernel_size, fs = _whole("kernel_size", kernel_size), as_rate(fs)
    check_option("name", name, _NAMES)
    if name in _CUTOFFS:
        cutoff = _check_cutoff(name, cutoff, fs)
        if name == "highpass" and kernel_size % 2 == 0:
            raise ValueError(
                "kernel='highpass' needs an odd kernel_size, as one of even size lets "
                f"nothing pass at fs / 2. Got kernel_size={kernel_size}; use "
                f"{kernel_size + 1}."
            )
        return signal.firwin(kernel_size, cutoff, pass_zero=name, fs=fs)
    if cutoff is not None:
        raise ValueError(
            f"kernel={name!r} takes no cutoff. Got cutoff={cutoff!r}; leave it None or "
            f"choose one of {sorted(_CUTOFFS)}."
        )
    if isinstance(name, str) and name == "moving_average":
        return np.full(kernel_size, 1 / kernel_size)
    if kernel_size < 2:
        raise ValueError(
            "kernel='edge' compares two sides and needs a kernel_size of at least 2. "
            f"Got kernel_size={kernel_size}."
        )
    side = np.full(kernel_size // 2, 1 / (kernel_size // 2))
    return np.concatenate([side, np.zeros(kernel_size % 2), -side])


def _check_cutoff(name, cutoff, fs):
    """Return the cutoff as an array of one or two frequencies inside the axis."""
    n_needed, words = _CUTOFFS[name]
    try:
        freqs = np.asarray(cutoff, float).ravel()
        good = freqs.shape == (n_needed,) and np.all(np.diff(freqs) > 0)
        good = good and np.all((freqs > 0) & (freqs < fs / 2))
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(
            f"kernel={name!r} needs cutoff, {words} in Hz between 0 and fs / 2 "
            f"(={fs / 2:g}), the ends excluded. Got cutoff={cutoff!r}."
        )
    return freqs


class ConvFilter(SpectrumTransformer):
    """Convolve each row with a fixed kernel.

    Parameters
    ----------
    kernel : str or array-like of shape (kernel_size,), default="moving_average"
        The kernel itself, real or complex, or the name of one:

        - "moving_average": the mean of `kernel_size` neighbors;
        - "edge": the mean of the ``kernel_size // 2`` samples after each one, less the
          mean of as many before it; a step up by 1 gives a peak of 1;
        - "lowpass", "highpass", "bandpass": a windowed sinc with Hamming window, by
          :func:`scipy.signal.firwin`.

    kernel_size : int, default=21
        Number of taps of a kernel given by name; odd for "highpass". Not used with a
        kernel given as an array.

    cutoff : float or (float, float), default=None
        Where "lowpass" and "highpass" pass half of the amplitude, in Hz, and the two
        such frequencies of "bandpass". Between 0 and ``fs / 2``. None for the others.

    fs : float, default=1.0
        Sampling frequency, in Hz. It gives `cutoff` its unit.

    mode : {"full", "same", "valid"}, default="same"
        Which values of the convolution to return, as in :func:`numpy.convolve`.
        "full": all ``n_times + span - 1`` in which row and kernel overlap, where
        ``span = dilation * (kernel_size - 1) + 1`` is what the kernel covers. "same":
        the middle `n_times` of them, beyond the ends of the row are zeros. "valid":
        the ``n_times - span + 1`` in which the kernel lies inside the row. With a
        kernel longer than the row, NumPy swaps the two: "same" returns `span` values
        and "valid" ``span - n_times + 1``. So does this.

    stride : int, default=1
        Return the first value and every `stride`-th after it. Of n values that leaves
        ``(n - 1) // stride + 1``, as many as the formula of torch says.

    dilation : int, default=1
        Samples from one tap of the kernel to the next.

    Attributes
    ----------
    kernel_ : ndarray of shape (kernel_size,)
        The kernel, not dilated: float64 or complex128.

    n_features_in_ : int
        Length of the rows.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    LearnedConvFilter : Learns the kernel from pairs of noisy and clean signals.
    filter_response : Gain and phase of a kernel at each frequency.
    torch.nn.Conv1d : Computes a cross-correlation: its weight is the flipped kernel.

    Notes
    -----
    float32 and complex64 rows stay so. Kernels of more than 20 taps (times the stride)
    are applied by FFT, in double precision.

    A kernel by name is as selective as it is long: the step from what passes to what
    does not is about ``3.3 * fs / kernel_size`` wide. With a cutoff, or a band, of less
    than that, "passes half" no longer holds, and a high-pass lets 0 Hz through.

    References
    ----------
    .. [1] Oppenheim, A. V., Schafer, R. W. (2010). "Discrete-Time Signal Processing",
       3rd edition, section 7.5. Pearson.

    Examples
    --------
    >>> from sk_psd import ConvFilter
    >>> X = [[0, 0, 3, 3, 3, 0]]
    >>> ConvFilter("moving_average", kernel_size=3).fit_transform(X)
    array([[0., 1., 2., 3., 2., 1.]])
    >>> ConvFilter("edge", kernel_size=3, mode="valid").fit_transform(X)
    array([[ 3.,  3.,  0., -3.]])
    """

    _parameter_constraints = {
        "kernel": [StrOptions(set(_NAMES)), "array-like"],
        "kernel_size": [WholeNumber(1)],
        "cutoff": [Real, "array-like", None],
        "fs": [rate()],
        "mode": [StrOptions(set(_MODES))],
        "stride": [WholeNumber(1)],
        "dilation": [WholeNumber(1)],
    }

    _allow_complex = True

    def __init__(
        self,
        kernel="moving_average",
        *,
        kernel_size=21,
        cutoff=None,
        fs=1.0,
        mode="same",
        stride=1,
        dilation=1,
    ):
        self.kernel = kernel
        self.kernel_size = kernel_size
        self.cutoff = cutoff
        self.fs = fs
        self.mode = mode
        self.stride = stride
        self.dilation = dilation

    def transform(self, X):
        """Filter each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, n_times)
            Signals of the length seen in `fit`. Each channel is filtered on its own.

        Returns
        -------
        filtered : ndarray of shape (n_samples, n_out) or (n_samples, n_channels, n_out)
            As long as `mode` and `stride` say.
        """
        check_is_fitted(self, "kernel_")
        return self._apply(self._check(X))

    def get_feature_names_out(self, input_features=None):
        """Return a name for each value of a filtered row.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the samples. None is those seen in `fit`, or "x0", "x1", ...

        Returns
        -------
        names : ndarray of str objects
            In mode "same" each value has the name of the sample in its middle,
            otherwise "convfilter0", "convfilter1", ...
        """
        check_is_fitted(self, "kernel_")
        names = _check_feature_names_in(self, input_features)
        if self.mode == "same" and self._span() <= len(names):
            return names[:: as_int(self.stride)]
        n_out = self._apply(np.zeros(len(names))).shape[-1]
        return np.array([f"convfilter{i}" for i in range(n_out)], dtype=object)

    def _fit(self, X):
        """Check the parameters and X, and make the kernel."""
        X = super()._fit(X)
        if isinstance(self.kernel, str):
            self.kernel_ = fixed_kernel(
                self.kernel, self.kernel_size, cutoff=self.cutoff, fs=self.fs
            )
        else:
            self.kernel_ = self._check_kernel()
        return X

    def _frequencies_out(self, freqs):
        """Return those of the values, which are centered in mode "same" only."""
        if freqs is None or self.mode != "same" or self._span() > len(freqs):
            return None
        return freqs[:: as_int(self.stride)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if not isinstance(self.kernel, str) and np.iscomplexobj(self.kernel):
            tags.transformer_tags.preserves_dtype = []  # real rows become complex
        return tags

    def _span(self):
        return as_int(self.dilation) * (len(self.kernel_) - 1) + 1

    def _apply(self, X):
        return convolve(
            X, self.kernel_, self.mode, stride=self.stride, dilation=self.dilation
        )

    def _check_kernel(self):
        if self.cutoff is not None:
            raise ValueError(
                "A kernel given as an array takes no cutoff. Got cutoff="
                f"{self.cutoff!r}; leave it None or name a kernel."
            )
        return _read_kernel(self.kernel)
