"""Random arrays, values and calls, and the conditions that every call must meet.

The suite always draws the same examples. With the environment variable SK_PSD_FUZZ set
to a number, each run draws new examples, that many times as many.
"""

import linecache
import mmap
import os
import pathlib
import random
import traceback
import warnings
from fractions import Fraction

import joblib
import numpy as np
import pandas as pd
import polars as pl
import scipy
import sklearn
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

import sk_psd

FACTOR = float(os.environ.get("SK_PSD_FUZZ", 0))


def examples(n, **options):
    """Return settings of hypothesis for `n` examples, times SK_PSD_FUZZ if set."""
    return settings(
        max_examples=max(1, round(n * FACTOR)) if FACTOR else n,
        derandomize=not FACTOR,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        **options,
    )


# ---------------------------------------------------------------------------- calls

REFUSALS = (ValueError, TypeError, NotFittedError)


def lies_in(path, package):
    return pathlib.Path(package.__file__).parent in pathlib.Path(path).parents


def assert_deliberate(error):
    """Raise an AssertionError unless an error is a message for the user.

    Such an error comes from a raise statement of sk_psd or of a library that checks its
    arguments, or from the conversion to an array in scikit-learn.
    """
    frame, number = list(traceback.walk_tb(error.__traceback__))[-1]
    path = pathlib.Path(frame.f_code.co_filename)
    line = linecache.getline(str(path), number).strip()
    deliberate = line.startswith("raise") and any(
        lies_in(path, package) for package in (sk_psd, sklearn, scipy, joblib)
    )
    converted = lies_in(path, sklearn) and path.stem in ("_array_api", "validation")
    if not (deliberate or converted) or len(str(error)) < 20:
        raise AssertionError("this is no message for the user") from error


def state_of_the_world():
    name, keys, *rest = np.random.get_state()
    return (
        *(name, keys.tobytes(), *rest),
        *(torch.get_rng_state().numpy().tobytes(), random.getstate()),
        *(torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()),
        *(str(torch.get_default_device()), tuple(np.geterr().items())),
    )


def attempt(function, *args, may_warn=False, **kwargs):
    """Return the result and the refusal of a call, one of which is None.

    Raises an AssertionError unless a refusal is deliberate, the warnings beside a
    result are meant for users, and the global states are as they were.
    """
    before, result, refusal = state_of_the_world(), None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args, **kwargs)
        except REFUSALS as error:
            assert_deliberate(error)
            refusal = error
    # Without a seed random numbers come from NumPy's global state, as documented.
    if not any(kwargs.get(name, 0) is None for name in ("rng", "random_state")):
        assert state_of_the_world() == before
    for warning in [] if refusal or may_warn else caught:
        assert issubclass(warning.category, UserWarning), warning
        assert not lies_in(warning.filename, torch), warning
        assert "not writable" not in str(warning.message), warning
    return result, refusal


def as_bits(value):
    """Return a value that is equal for inputs of equal bits only."""
    if isinstance(value, torch.Tensor):
        value = value.detach().resolve_conj().resolve_neg().numpy()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, pd.DataFrame):
        return [*value.columns, as_bits(value.to_numpy())]
    if isinstance(value, pl.DataFrame):
        return [*value.columns, as_bits(value.to_numpy())]
    if isinstance(value, dict):
        return [(key, as_bits(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [as_bits(item) for item in value]
    return repr(value)


# --------------------------------------------------------------------------- values

# Values that somebody may pass by mistake for a number, a name or a flag.
WRONG = [
    *(None, True, False, "", "bogus", "auto", b"x", -1, 0, 1, 2, 3, 7, 0.0, 0.5, 1.5),
    *(-0.5, -1e308, 1e308, 5e-324, np.nan, np.inf, -np.inf, 1j, Fraction(1, 3)),
    *(np.float32(0.5), np.float64(2), np.int8(3), np.uint8(2), np.bool_(True)),
    *((), [], {}, set(), [1], (1, 2), (2, 1), ("a", "b"), [0.1, 0.2], {"time": 0.1}),
    *(np.array(2), np.array([1.0, 2.0]), np.array(["a"]), np.array([]), np.nan * 1j),
    *(object, object(), len, np.float32("nan"), float("1e-310"), np.str_("auto")),
]
# Wrong values for parameters other than sizes, as no array has so many values.
HUGE = [10**30, -(10**30), 2**63, 1 << 40, np.uint64(2**64 - 1)]


def wrong_values(sizes=True):
    return st.sampled_from(WRONG if sizes else WRONG + HUGE)


@st.composite
def maybe_wrong(draw, good, sizes=True):
    """Draw from a list or a strategy of good values, and sometimes a wrong value."""
    if draw(st.integers(0, 24)) == 24:
        return draw(wrong_values(sizes))
    return draw(good if isinstance(good, st.SearchStrategy) else st.sampled_from(good))


@st.composite
def some_of(draw, params):
    """Draw values for some parameters, given lists or strategies of good values."""
    names = draw(st.lists(st.sampled_from(sorted(params)), unique=True, max_size=6))
    return {name: draw(maybe_wrong(params[name])) for name in names}


RATES = [
    *(1, 1.0, 250e3, 0.01, np.float16(100), np.float32(44100), np.float64(8000)),
    *(np.longdouble(8000), np.int8(100), np.uint8(200), np.int16(8000)),
    *(np.uint16(44100), np.int32(8000), np.int64(10**9), np.uint64(2**63)),
    *(np.array(8.0), True, Fraction(1, 3), 5e-324, 1e-300, 1e300, 1.7e308, 10**30),
]


def limits(n_bins, fs=1.0):
    """Return frequencies on, just below and just above bins, and beyond the axis."""
    bins = np.arange(-1, n_bins + 1) * (fs / max(1, 2 * (n_bins - 1)))
    beside = [np.nextafter(bins, -np.inf), bins, np.nextafter(bins, np.inf)]
    return st.none() | st.sampled_from(np.concatenate(beside).tolist())


# --------------------------------------------------------------------------- arrays

KINDS = "noise noise noise constant silent steps tone offset spike alternating".split()
SCALES = [1.0] * 6 + [1e-300, 1e-200, 1e-150, 1e-30, 1e-6, 1e6, 1e30, 1e150, 1e300]
CODES = [np.nan, np.inf, -np.inf, 1e20, -9999.0]
REAL_DTYPES = (
    "f8 f8 f8 f4 f4 f2 g i1 i2 i4 i8 u1 u2 u4 u8 ? >f8 >f4 >f2 >i2 >i4 >u8".split()
)
COMPLEX_DTYPES = "c8 c16 G >c8 >c16".split()
LAYOUTS = (
    "C C C C F reversed steps read-only list pandas polars tensor grad conj neg "
    "private masked object broadcast"
).split()


def values_of(kind, shape, rng, is_complex):
    """Return an array of one of the KINDS."""
    n = shape[-1] if shape else 0
    noise = rng.standard_normal(shape)
    if is_complex:
        noise = noise + 1j * rng.standard_normal(shape)
    ramp = np.arange(n)
    if kind == "constant":
        return np.full(shape, rng.standard_normal()) + 0 * noise
    if kind == "silent":
        return 0 * noise
    if kind == "steps":
        return rng.integers(-2, 3, shape) + 0 * noise
    if kind == "tone":
        return noise * 0.01 + np.cos(0.7 * ramp)
    if kind == "offset":
        return noise + 1000
    if kind == "spike":
        spike = np.zeros(shape)
        spike[..., n // 2 : n // 2 + 1] = 1e8
        return noise + spike
    if kind == "alternating":
        return (-1.0) ** ramp + 0 * noise
    return noise


def cast(X, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        X = np.nan_to_num(X)
        info = np.iinfo(dtype)
        # In float64 the largest integers of 64 bits are rounded up.
        return np.clip(X, info.min, np.nextafter(float(info.max), 0)).astype(dtype)
    if dtype.kind == "b":
        return X > 0
    with np.errstate(all="ignore"):
        return X.astype(dtype)


def is_torch(X):
    return X.dtype.isnative and X.dtype.char not in "gGHILQ" and X.ndim > 0


def lay_out(X, layout):
    """Return the same values in another layout, or as they are if it does not exist."""
    if layout == "F":
        return np.asfortranarray(X)
    if layout == "reversed" and X.ndim > 1:
        return X[::-1, ..., ::-1].copy()[::-1, ..., ::-1]
    if layout == "steps" and X.ndim > 1:
        return X.repeat(2, axis=0).repeat(3, axis=-1)[::2, ..., ::3]
    if layout == "read-only":
        X.flags.writeable = False
    if layout == "broadcast" and X.ndim > 1 and len(X):
        return np.broadcast_to(X[:1], X.shape)
    if layout == "list":
        return X.tolist()
    if layout == "object":
        return X.astype(object)
    if layout == "masked":
        return np.ma.masked_array(X)
    if layout == "pandas" and X.ndim == 2 and X.dtype.isnative:
        return pd.DataFrame(X, columns=[f"t{i}" for i in range(X.shape[1])])
    numbers = X.dtype.isnative and X.dtype.char in "dfbhilBHIL"
    if layout == "polars" and X.ndim == 2 and numbers and X.size:
        return pl.DataFrame(X, schema=[f"t{i}" for i in range(X.shape[1])])
    if layout == "private" and X.size:
        data = mmap.mmap(-1, X.nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        mapped = np.ndarray(X.shape, X.dtype, buffer=data)
        mapped[...] = X
        return mapped
    if layout in ("tensor", "grad", "conj", "neg") and is_torch(X):
        tensor = torch.from_numpy(np.array(X, order="C"))
        if layout == "grad" and X.dtype.kind in "fc":
            return tensor.requires_grad_()
        if layout == "conj" and X.dtype.kind == "c":
            return torch.from_numpy(X.conj().copy()).conj()
        if layout == "neg" and X.dtype.kind == "f":
            return torch._neg_view(torch.from_numpy(-X))
        return tensor
    return X


class Drawn:
    """An input X, its `values` as an array, and whether all of them are `finite`."""

    def __init__(self, X, values, text):
        self.X = X
        self.values = values
        self.finite = bool(np.isfinite(values).all()) if values.size else True
        self._text = text

    def __repr__(self):
        return self._text


@st.composite
def inputs(
    draw, ndims=(2, 2, 2, 2, 3, 3, 1, 4), is_complex=None, n_samples=None, lengths=None
):
    """Draw an array of numbers of any kind, scale, dtype, shape and layout."""
    ndim = draw(st.sampled_from(ndims))
    length = draw(
        st.integers(1, 40) | st.integers(1, 300) if lengths is None else lengths
    )
    rows = draw(st.integers(1, 4) if n_samples is None else n_samples)
    middle = [
        draw(st.integers(1, 16) if i == 0 else st.integers(1, 3))
        for i in range(ndim - 2)
    ]
    shape = (rows, *middle, length)[-ndim:] if ndim > 1 else (length,)
    if draw(st.integers(0, 40)) == 40:  # an empty axis
        axis = draw(st.integers(0, ndim - 1))
        shape = tuple(0 if i == axis else n for i, n in enumerate(shape))
    if is_complex is None:
        is_complex = draw(st.integers(0, 3)) == 3
    dtype = draw(st.sampled_from(COMPLEX_DTYPES if is_complex else REAL_DTYPES))
    kind, scale = draw(st.sampled_from(KINDS)), draw(st.sampled_from(SCALES))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    X = values_of(kind, shape, rng, is_complex)
    factor = 40.0 if scale == 1.0 and np.dtype(dtype).kind in "iu" else scale
    with np.errstate(all="ignore"):
        X = X * factor
    silent = draw(st.integers(0, 5)) == 5
    if silent and ndim > 1 and X.size:
        X[rng.integers(len(X))] = 0
    code = draw(st.sampled_from(CODES)) if draw(st.integers(0, 7)) == 7 else None
    if code is not None and X.size:
        X[tuple(rng.integers(n) for n in shape)] = code
    X = cast(X, dtype)
    layout = draw(st.sampled_from(LAYOUTS))
    if layout == "broadcast" and ndim > 1 and len(X):
        X = np.broadcast_to(X[:1], X.shape).copy()
    text = f"<{kind} of shape {shape}, {dtype}, {layout}, times {scale}"
    text += ", a silent row" if silent else ""
    text += f", {code} somewhere" if code is not None else ""
    return Drawn(lay_out(X, layout), X, f"{text}, seed {seed}>")
