"""Functions of raw signals: frequency shift, noise, and I/Q samples."""

import re

import numpy as np

from sk_psd._arguments import check_option, check_rng, one_for_each
from sk_psd._arrays import as_floating, as_ndarray, check_result
from sk_psd._numbers import as_rate
from sk_psd._pages import release_pages
from sk_psd._signal_shift import power_of_two, shift_signals, warn_of_drift

__all__ = ["add_noise", "from_iq", "shift_frequency"]


def shift_frequency(
    X, shift, fs=1.0, *, fill="noise", offset="move", random_state=None
):
    """Shift each signal in frequency.

    Complex signals are mixed. That is exact, and frequencies that leave the axis at one
    end come back at the other. Real signals are shifted by one sideband. Frequencies
    that would leave the axis are removed first, so that they do not fold back. The
    strip that becomes vacant at the other end is filled with white noise at the
    signal's own floor.

    Parameters
    ----------
    X : array-like or Tensor of shape (n_samples, ..., n_times)
        Real or complex signals.

    shift : float or ndarray of shape (n_samples,)
        Shift of all signals or of each signal, in the unit of `fs`. Positive values
        shift up. Real signals take shifts between ``-fs / 2`` and ``fs / 2``.

    fs : float, default=1.0
        Sampling frequency, in Hz. With the default, `shift` is in cycles per sample.

    fill : {"noise"} or None, default="noise"
        Content of the vacated strip of a real signal. None leaves it empty: a hole in
        the spectrum with a hard edge. Complex signals have no such strip.

    offset : {"move", "remove", "stay"}, default="move"
        Treatment of the offset of each signal, which is its mean. "move" shifts it like
        the rest of the signal. "remove" subtracts it before the shift, together with
        the drift (the straight line that fits the signal best). "stay" adds both again
        after the shift, so that they stay at 0 Hz.

    random_state : int, RandomState, Generator or None, default=None
        Source of the noise. One seed gives the same noise for every shift.

    Returns
    -------
    moved : ndarray of the shape of `X`
        float32 and complex64 are kept, other real numbers become float64 and other
        complex ones complex128. Signals with a shift of 0 are unchanged.

    Raises
    ------
    TypeError
        If `X` does not hold numbers.

    ValueError
        If `X` is not of shape (n_samples, ..., n_times), if a parameter
        is not as described above, or if the result of finite signals is not finite.

    Warns
    -----
    UserWarning
        If `offset` is "move" and a real signal drifts by more than the rest of it
        varies, as the shift smears the drift over the spectrum.

    See Also
    --------
    shift_curve : Scores a model on shifted signals.

    Notes
    -----
    The floor is the 1 % quantile of a Welch PSD of the signal, divided by the 1 %
    quantile of a Welch PSD of white noise of density 1. The latter is known: the mean
    of the periodograms of white noise follows a gamma distribution.

    A shift by one sideband treats the two ends of the axis of a real signal differently
    from the rest. A line at 0 Hz (an offset) and a line at half the sampling frequency
    lose half of their power when they are shifted. A line that arrives exactly at 0 Hz
    or at half the sampling frequency has between zero and twice its power there,
    depending on its phase.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.signals import shift_frequency
    >>> tone = np.exp(2j * np.pi * 125 * np.arange(64) / 1000)[None]
    >>> moved = shift_frequency(tone, 250, fs=1000)
    >>> bool(np.allclose(moved, tone**3))
    True
    """
    X = _check(X)
    shift, fs = one_for_each(shift, len(X), "shift"), as_rate(fs)
    cycles = shift / fs
    largest = np.abs(cycles).max(initial=0)
    if np.isrealobj(X) and largest > 0.5:
        raise ValueError(
            f"shift of real signals must lie between -fs / 2 and fs / 2 (fs = {fs:g}). "
            f"Got {np.abs(shift).max():g}; for a shift in Hz pass fs."
        )
    check_option("fill", fill, ("noise", None))
    check_option("offset", offset, ("move", "remove", "stay"))
    if offset == "move" and largest > 0:
        warn_of_drift(X, "Pass offset='remove' or offset='stay'.")
    rng = check_rng(random_state)
    return shift_signals(X, cycles, fill=fill, offset=offset, rng=rng)


def add_noise(X, snr_db, random_state=None):
    """Add white Gaussian noise to each signal.

    Parameters
    ----------
    X : array-like or Tensor of shape (n_samples, ..., n_times)
        Real or complex signals.

    snr_db : float or ndarray of shape (n_samples,)
        Ratio of the power of the signal, without its mean, to the power of the noise on
        the whole axis, in dB. One for all signals or one for each.

    random_state : int, RandomState, Generator or None, default=None
        Source of the noise.

    Returns
    -------
    noisy : ndarray of the shape of `X`
        float32 and complex64 are kept, other real numbers become float64 and other
        complex ones complex128. A constant signal is unchanged.

    Raises
    ------
    TypeError
        If `X` does not hold numbers.

    ValueError
        If `X` is not of shape (n_samples, ..., n_times), if `snr_db` is not finite or
        below -1000, or if the result of finite signals is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.signals import add_noise
    >>> tone = np.sin(2 * np.pi * 0.1 * np.arange(100_000))[None]
    >>> noise = add_noise(tone, snr_db=10.0, random_state=0) - tone
    >>> print(f"{10 * np.log10(tone.var() / noise.var()):.1f} dB")
    10.0 dB
    """
    X = _check(X)
    snr_db, rng = one_for_each(snr_db, len(X), "snr_db"), check_rng(random_state)
    lowest = snr_db.min(initial=np.inf)
    if lowest < -1000:
        raise ValueError(f"snr_db must be at least -1000 dB. Got {lowest:g}.")
    snr_db = snr_db.reshape(len(X), *[1] * (X.ndim - 1))
    noise = rng.standard_normal(X.shape)
    if np.iscomplexobj(X):
        noise = (noise + 1j * rng.standard_normal(X.shape)) / np.sqrt(2)
    scale = power_of_two(X)
    with np.errstate(over="ignore", invalid="ignore"):  # checked below
        level = 10 ** (-snr_db / 20)
        noisy = X + level * ((X / scale).std(axis=-1, keepdims=True) * scale) * noise
        noisy = noisy.astype(X.dtype, copy=False)
    check_result(f"signals with snr_db={lowest:g}", noisy, X)
    return noisy


def _check(X):
    """Return signals as a float or complex array, of two axes or more."""
    X = as_floating(X)
    if X.ndim < 2:
        raise ValueError(
            f"X must be of shape (n_samples, ..., n_times). Got shape {X.shape}; for "
            "one signal pass X[None]."
        )
    if X.shape[-1] == 0:
        raise ValueError(f"X must have at least one sample. Got shape {X.shape}.")
    return X


# Names of the fields of a sample, in lower case.
_IN_PHASE = {"i", "re", "real", "inphase", "in_phase"}
_QUADRATURE = {"q", "im", "imag", "quadrature"}


def from_iq(X, kind=None):
    r"""Convert I/Q samples, as files and receivers hold them, to complex signals.

    Parameters
    ----------
    X : array-like, Tensor or bytes
        Samples in one of these forms:

        - (..., 2 * n_times) numbers, in turn I and Q ("interleaved");
        - (..., n_times, 2) numbers, a pair for each sample, as in a stereo wav file;
        - (..., n_times) samples with two fields, such as "i" and "q";
        - (..., n_times) complex numbers, which are converted to complex64;
        - the bytes of a file, as bytes or uint8, with the type of the samples in
          `kind`.

    kind : str, default=None
        Type of the samples, as in the datatype of SigMF: "cu8", "ci16_le", "cf32_be".
        "cs8" and "cs16" are other names of "ci8" and "ci16". None is the type of X.
        Bytes are little-endian unless `kind` ends in "_be". `kind` is also needed for
        int64, the type of lists of Python ints, as its full scale is unknown.

    Returns
    -------
    signals : complex64 ndarray of shape (..., n_times)
        Integers are scaled to a full scale of 1. Signed integers are divided by their
        largest magnitude, which is 128 for int8. Unsigned integers are centered at the
        middle of their range, so that 0 and 255 become -1 and 1. Floats keep their
        values.

    Raises
    ------
    TypeError
        If X does not hold numbers, or the full scale of their type is unknown.

    ValueError
        If `kind` is unknown or contradicts the type of X, if the last sample is
        incomplete, or if float32 cannot hold the values.

    Notes
    -----
    I and Q in two rows, of shape (n_samples, 2, n_times), cannot be told from two
    channels of interleaved samples. Use ``X[:, 0] + 1j * X[:, 1]`` for them.

    References
    ----------
    .. [1] The Signal Metadata Format Specification, "Dataset format".
       https://sigmf.org

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.signals import from_iq
    >>> from_iq(np.array([[0, 255, 255, 0]], dtype=np.uint8))
    array([[-1.+1.j,  1.-1.j]], dtype=complex64)
    >>> from_iq(b"\x00\x40\x00\xc0", "ci16_le")
    array([0.5-0.5j], dtype=complex64)
    """
    wanted = None if kind is None else _read_kind(kind)
    is_raw = isinstance(X, (bytes, bytearray, memoryview))
    X = np.frombuffer(X, np.uint8) if is_raw else as_ndarray(X)
    if X.dtype.names is not None:
        parts = _fields(X)
    elif X.dtype.kind == "c":
        if wanted is not None and (wanted.kind, 2 * wanted.itemsize) != (
            "f",
            X.dtype.itemsize,
        ):
            raise ValueError(f"kind={kind!r} contradicts X, which is {X.dtype}.")
        X = X.astype(np.complex128) if X.dtype.itemsize > 16 else X
        parts, wanted = (X.real, X.imag), None
    else:
        # Bytes of samples of several bytes: a last axis of length 2 is not a pair.
        has_bytes = X.dtype.kind in "iu" and X.dtype.itemsize == 1
        is_raw |= wanted is not None and has_bytes and wanted.itemsize > 1
        if wanted is not None and has_bytes:
            X = _view_bytes(X, wanted, kind)
        parts = _pairs(X, is_raw)
    dtype = _check_kind(parts, wanted, kind)
    signals = np.empty(parts[0].shape, np.complex64)
    for part, out in zip(parts, (signals.real, signals.imag), strict=True):
        if dtype.kind == "f":
            with np.errstate(over="ignore"):
                out[...] = part
            if dtype.itemsize > 4 and not np.array_equal(
                np.isfinite(part), np.isfinite(out)
            ):
                raise ValueError(
                    f"X holds values beyond {np.finfo(np.float32).max:.1g}, the "
                    "largest number of complex64. Scale them first."
                )
        else:
            info = np.iinfo(dtype)
            middle = (info.max + info.min) / 2 if dtype.kind == "u" else 0
            np.subtract(part, middle, out=out, casting="unsafe", dtype=np.float64)
            out /= info.max - middle if dtype.kind == "u" else -info.min
    release_pages(X)  # the results are a copy
    return signals


def _read_kind(kind):
    """Return the type of I and Q that a SigMF datatype names: int16 for "ci16_le"."""
    found = re.fullmatch(r"([rc])([fius])(8|16|32|64)(_le|_be)?", str(kind))
    known = found and not (found[2] == "f" and found[3] == "8")
    if not known or (found[1] == "r" or found[2] in "ius" and found[3] == "64"):
        if known and found[1] == "r":
            raise ValueError(
                f"kind={kind!r} is a datatype of real samples. from_iq is for complex "
                "samples; use real samples as they are."
            )
        raise ValueError(
            f"kind={kind!r} is not a datatype of complex samples. Use one such as "
            "'cu8', 'ci16_le' or 'cf32_be'."
        )
    letter = "i" if found[2] == "s" else found[2]
    order = {"_le": "<", "_be": ">", None: "="}[found[4]]
    return np.dtype(f"{order}{letter}{int(found[3]) // 8}")


def _view_bytes(X, wanted, kind):
    """Return bytes as numbers of the type `wanted`, along the last axis."""
    size = wanted.itemsize
    if X.ndim == 0 or X.shape[-1] % size:
        raise ValueError(
            f"kind={kind!r} has numbers of {size} bytes, so the last axis of X must "
            f"have a length that is a multiple of {size}. Got shape {X.shape}."
        )
    has_no_order = "_" not in kind and size > 1
    dtype = wanted.newbyteorder("<") if has_no_order else wanted
    return np.ascontiguousarray(X).view(dtype)


def _pairs(X, is_raw):
    """Return views of the I and the Q of the samples."""
    if X.ndim >= 2 and X.shape[-1] == 2 and not is_raw:
        return X[..., 0], X[..., 1]
    if X.ndim == 0 or X.shape[-1] == 0 or X.shape[-1] % 2:
        raise ValueError(
            "I/Q samples come in pairs: X must be of shape (..., 2 * n_times) or (..., "
            f"n_times, 2). Got shape {X.shape}; leave out an incomplete last sample."
        )
    return X[..., ::2], X[..., 1::2]


def _fields(X):
    """Return views of the two fields of samples, I first."""
    names = X.dtype.names
    types = {X.dtype[name] for name in names}
    if len(names) != 2 or len(types) != 1 or next(iter(types)).kind not in "fiu":
        raise ValueError(
            "Samples with fields must have two fields of one numeric type, I and Q. "
            f"Got {X.dtype}."
        )
    first, second = (name.lower() for name in names)
    if first in _QUADRATURE and second in _IN_PHASE:
        names = names[::-1]
    return X[names[0]], X[names[1]]


def _check_kind(parts, wanted, kind):
    """Return the type that gives the full scale, or raise if it is unknown or wrong."""
    dtype = parts[0].dtype
    if dtype.kind not in "fiu" or dtype.itemsize > 8:
        raise TypeError(
            f"X must hold I/Q samples: integers, floats, or two fields. Got {dtype}."
        )
    if wanted is None:
        if dtype.kind in "iu" and dtype.itemsize == 8:
            raise TypeError(
                f"The full scale of {dtype} is unknown. Pass the type of the samples, "
                "such as kind='ci16', or convert X, such as X.astype(np.int16)."
            )
        return dtype
    if dtype.kind in "iu" and dtype.itemsize == 8 and wanted.kind in "iu":
        info = np.iinfo(wanted)
        if all(info.min <= part.min() and part.max() <= info.max for part in parts):
            return wanted
    elif (dtype.kind, dtype.itemsize) == (wanted.kind, wanted.itemsize):
        if "_" not in kind or dtype == wanted:
            return dtype
    raise ValueError(
        f"kind={kind!r} contradicts X, which is {dtype}. Leave kind out, or pass the "
        "bytes of the file: np.fromfile(path, np.uint8)."
    )
