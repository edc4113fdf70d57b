"""Convolution with fixed kernels that smooth, find edges or pass a band."""

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

# Kernels with more taps, for each step of the stride, are applied by FFT. The two ways
# take the same time at 11 to 80 taps, by dtype and length of the rows, as
# benchmarks/convolution.py prints. It also times scipy.ndimage.convolve1d, which is not
# used: it takes 0.3 to 0.8 of the time in double precision, but up to 1.4 times as long
# in single precision, and up to 2.6 times as long with a stride of 4.
_DIRECT_TAPS = 20

# Rows longer than this do not fit the cache. Overlap-add transforms them in pieces; for
# shorter rows it is slower than one FFT.
_LONG_ROW = 2**15

# Number of values in one chunk of rows.
_CHUNK_VALUES = 2**16

_MODES = ("full", "same", "valid")

# Kernels that take `cutoff`: the number of frequencies, and their description.
_CUTOFFS = {
    "lowpass": (1, "one frequency"),
    "highpass": (1, "one frequency"),
    "bandpass": (2, "two ascending frequencies (low, high)"),
}

_NAMES = ("moving_average", "edge", *_CUTOFFS)


def dilate(kernel, dilation):
    """Insert ``dilation - 1`` zeros between the taps of a kernel.

    Parameters
    ----------
    kernel : array-like of shape (kernel_size,)
        Real or complex.

    dilation : int
        Samples from one tap to the next, at least 1.

    Returns
    -------
    dilated : ndarray of shape (dilation * (kernel_size - 1) + 1,)
        The dilated kernel, of the type of `kernel`.

    Raises
    ------
    ValueError
        If `kernel` is empty or not one-dimensional, or `dilation` is not an int of at
        least 1.

    TypeError
        If `kernel` does not hold numbers.

    Examples
    --------
    >>> from sk_psd.filters import dilate
    >>> dilate([1.0, 2.0, 3.0], 2)
    array([1., 0., 2., 0., 3.])
    """
    kernel, dilation = as_ndarray(kernel, "kernel"), _whole("dilation", dilation)
    kernel = as_numbers(kernel, "kernel")
    if kernel.ndim != 1 or not len(kernel):
        raise ValueError(
            "A kernel must be one-dimensional, with at least one tap. Got shape "
            f"{kernel.shape}."
        )
    dilated = np.zeros(dilation * (len(kernel) - 1) + 1, kernel.dtype)
    dilated[::dilation] = kernel
    return dilated


def convolve(X, kernel, mode="same", *, stride=1, dilation=1):
    """Convolve each row with a kernel.

    For each row the result is :func:`numpy.convolve` of the row and the dilated kernel,
    of which the first value and every `stride`-th after it are returned. A true
    convolution flips the kernel; the layers of torch do not.

    Parameters
    ----------
    X : array-like of shape (..., n_times)
        Real or complex signals.

    kernel : array-like of shape (kernel_size,)
        Real or complex.

    mode : {"full", "same", "valid"}, default="same"
        Values to return, see :class:`ConvFilter`.

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
        If X is empty, if `kernel`, `mode`, `stride` or `dilation` is not as described
        above, or if X is finite and the result is not.

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
            "X must hold signals of at least one sample, of shape (..., n_times). Got "
            f"shape {X.shape}."
        )
    dtype = np.result_type(X, np.complex64) if np.iscomplexobj(kernel) else X.dtype
    with np.errstate(over="ignore"):
        kernel = kernel.astype(dtype)
    if not np.isfinite(kernel).all():
        raise ValueError(
            f"The kernel holds values beyond {np.finfo(dtype).max:.1g}, the largest "
            f"number of {dtype}, the type of X. Scale the kernel, or pass X as float64."
        )
    rows = X.reshape(-1, X.shape[-1])

    # The part of the full convolution to return: its start and its length.
    span, n_times = dilation * (len(kernel) - 1) + 1, X.shape[-1]
    short, long = sorted((span, n_times))
    start, length = {
        "full": (0, n_times + span - 1),
        "same": ((short - 1) // 2, long),
        "valid": (short - 1, long - short + 1),
    }[mode]
    wanted = slice(start, start + length, stride)

    is_short = len(kernel) <= _DIRECT_TAPS * stride
    apply = _add_shifted if is_short else _convolve_by_fft
    filtered = np.empty((len(rows), (length - 1) // stride + 1), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for chunk in gen_batches(len(rows), max(1, _CHUNK_VALUES // (n_times + span))):
            filtered[chunk] = apply(rows[chunk], kernel, dilation, wanted)
    check_result("filtered values", filtered, X)
    return filtered.reshape(*X.shape[:-1], -1)


def _whole(name, value):
    """Return a number of samples as an int, or raise a ValueError with its name."""
    try:
        number = as_int(value)
    except (TypeError, ValueError, OverflowError):
        number = 0
    if number < 1:
        raise ValueError(f"{name} must be an int of at least 1. Got {value!r}.")
    return number


def _as_numbers(X):
    """Return an array of float or complex numbers in native byte order."""
    X = as_numbers(X)
    X = X if X.dtype.kind in "fc" else X.astype(np.float64)
    return X.astype(X.dtype.newbyteorder("="), copy=False)


def _read_kernel(kernel):
    """Return a kernel as an array, or raise a ValueError.

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
        is_valid = values.ndim == 1 and len(values) and np.isfinite(values).all()
    except (TypeError, ValueError):
        is_valid = False
    if not is_valid:
        raise ValueError(
            "kernel must be one-dimensional, with at least one tap, all finite. Got "
            f"{kernel!r} instead."
        )
    return values


def _add_shifted(X, kernel, dilation, wanted):
    """Return the `wanted` slice of the full convolution.

    For each tap, a shifted copy of the rows is scaled and added. Only the values in the
    slice are computed.
    """
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
    """Return the `wanted` slice of the full convolution, in double precision.

    The rounding errors of an FFT are relative to the largest value of a row. In single
    precision they would hide a part of the row that is a millionth of that value.
    """
    double = np.result_type(kernel, np.float64)
    X, dilated = X.astype(double), dilate(kernel, dilation)[None].astype(double)
    by_fft = signal.fftconvolve if X.shape[-1] <= _LONG_ROW else signal.oaconvolve
    return by_fft(X, dilated, axes=-1)[:, wanted]


def fixed_kernel(name, kernel_size=21, *, cutoff=None, fs=1.0):
    """Make the kernel of a filter with a name.

    Parameters
    ----------
    name : {"moving_average", "edge", "lowpass", "highpass", "bandpass"}
        See :class:`ConvFilter`.

    kernel_size : int, default=21
        Number of taps.

    cutoff : float or (float, float), default=None
        Frequency at which "lowpass" and "highpass" pass half of the amplitude, in Hz,
        and the two such frequencies of "bandpass". None for the other kernels.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    Returns
    -------
    kernel : ndarray of shape (kernel_size,)
        Kernel for a true convolution.

    Raises
    ------
    ValueError
        If `name` is unknown, or `kernel_size`, `cutoff` or `fs` does not fit it.

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
                "kernel='highpass' needs an odd kernel_size, as a kernel of even size "
                f"passes nothing at fs / 2. Got kernel_size={kernel_size}; use "
                f"{kernel_size + 1}."
            )
        return signal.firwin(kernel_size, cutoff, pass_zero=name, fs=fs)
    if cutoff is not None:
        raise ValueError(
            f"kernel={name!r} takes no cutoff. Got cutoff={cutoff!r}; set it to None, "
            f"or choose one of {sorted(_CUTOFFS)}."
        )
    if name == "moving_average":
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
    n_needed, description = _CUTOFFS[name]
    try:
        freqs = np.asarray(cutoff, float).ravel()
        is_valid = freqs.shape == (n_needed,) and np.all(np.diff(freqs) > 0)
        is_valid = is_valid and np.all((freqs > 0) & (freqs < fs / 2))
    except (TypeError, ValueError):
        is_valid = False
    if not is_valid:
        raise ValueError(
            f"kernel={name!r} needs cutoff, {description} in Hz between 0 and fs / 2 "
            f"(={fs / 2:g}), the ends excluded. Got cutoff={cutoff!r}."
        )
    return freqs


class ConvFilter(SpectrumTransformer):
    """Convolve each row with a fixed kernel.

    Parameters
    ----------
    kernel : str or array-like of shape (kernel_size,), default="moving_average"
        An array is the kernel itself, real or complex. A name is one of:

        - "moving_average": the mean of `kernel_size` neighbors;
        - "edge": the mean of the ``kernel_size // 2`` samples after each sample (of an
          even size the sample itself is the first of them), minus the mean of as many
          samples before it; a step up by 1 gives a peak of 1;
        - "lowpass", "highpass", "bandpass": a windowed sinc with a Hamming window, made
          by :func:`scipy.signal.firwin`.

    kernel_size : int, default=21
        Number of taps of a kernel with a name; odd for "highpass". Not used if `kernel`
        is an array.

    cutoff : float or (float, float), default=None
        Frequency at which "lowpass" and "highpass" pass half of the amplitude, in Hz,
        and the two such frequencies of "bandpass". Between 0 and ``fs / 2``. None for
        the other kernels.

    fs : float, default=1.0
        Sampling frequency, in Hz. With the default, `cutoff` is in cycles per sample.

    mode : {"full", "same", "valid"}, default="same"
        Which values of the convolution to return, as in :func:`numpy.convolve`.
        The dilated kernel covers ``span = dilation * (kernel_size - 1) + 1`` samples.
        "full": all ``n_times + span - 1`` values in which row and kernel overlap.
        "same": the middle `n_times` of them, with zeros beyond the ends of the row.
        "valid": the ``n_times - span + 1`` values in which the kernel lies inside the
        row. If the kernel is longer than the row, the two change roles, as in NumPy:
        "same" returns `span` values and "valid" ``span - n_times + 1``.

    stride : int, default=1
        Return the first value and every `stride`-th after it: of n values
        ``(n - 1) // stride + 1``, as many as a layer of torch returns.

    dilation : int, default=1
        Samples from one tap of the kernel to the next.

    Attributes
    ----------
    kernel_ : ndarray of shape (kernel_size,)
        The kernel without dilation, float64 or complex128.

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
    float32 and complex64 rows keep their type. Kernels of more than 20 taps (times the
    stride) are applied by FFT, in double precision.

    Longer kernels are more selective: between the frequencies that "lowpass",
    "highpass" and "bandpass" pass and those that they stop lie about
    ``3.3 * fs / kernel_size``. If the cutoff, or the width of the band, is smaller than
    that, the kernel does not pass half of the amplitude at the cutoff, and a high-pass
    passes a part at 0 Hz.

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
            The filtered signals. `mode` and `stride` determine their length.
        """
        check_is_fitted(self, "kernel_")
        return self._apply(self._check(X))

    def get_feature_names_out(self, input_features=None):
        """Return a name for each value of a filtered row.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the samples. None takes the names seen in `fit`, or "x0", "x1", ...

        Returns
        -------
        names : ndarray of str objects
            In mode "same" each value has the name of the sample at its center. In the
            other modes, and for kernels longer than the rows, the names are
            "convfilter0", "convfilter1", ...
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
        """Return the array `kernel` as the checked kernel."""
        if self.cutoff is not None:
            raise ValueError(
                "A kernel that is an array takes no cutoff. Got cutoff="
                f"{self.cutoff!r}; set it to None, or choose a kernel by name."
            )
        return _read_kernel(self.kernel)
