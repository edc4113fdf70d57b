import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal
from torch.nn import functional as F

from sk_psd import ConvFilter
from sk_psd.filters import convolve, dilate, fixed_kernel

MODES = ["full", "same", "valid"]
DTYPES = st.sampled_from([np.float32, np.float64, np.complex64, np.complex128])


@st.composite
def problems(draw, fits=False):
    """Rows, a kernel, and how to convolve them: short kernels and ones for the FFT."""
    dtype, kernel_dtype = draw(DTYPES), draw(st.sampled_from([float, complex]))
    n_times, n_taps = draw(st.integers(1, 90)), draw(st.integers(1, 60))
    stride, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    if fits:
        n_taps = min(n_taps, (n_times - 1) // dilation + 1)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def values(*shape):
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)

    X = values(2, 3, n_times)
    X = X.astype(dtype) if np.issubdtype(dtype, complex) else X.real.astype(dtype)
    kernel = values(n_taps)
    kernel = kernel if kernel_dtype is complex else kernel.real
    return X, kernel, draw(st.sampled_from(MODES)), stride, dilation


def tolerance_of(X, kernel):
    eps = np.finfo(X.dtype).eps
    return 20 * eps * (1 + np.abs(X).max() * np.abs(kernel).sum())


@given(problems())
def test_every_row_is_convolved_as_by_numpy(problem):
    X, kernel, mode, stride, dilation = problem
    X = X if X.shape[-1] > 1 else X.real  # complex rows have at least two values
    filtered = ConvFilter(
        kernel, mode=mode, stride=stride, dilation=dilation
    ).fit_transform(X)
    expected = [
        [np.convolve(row, dilate(kernel, dilation), mode)[::stride] for row in sample]
        for sample in X
    ]
    np.testing.assert_allclose(filtered, expected, atol=tolerance_of(X, kernel), rtol=0)
    assert filtered.real.dtype == X.real.dtype
    assert np.iscomplexobj(filtered) == (np.iscomplexobj(X) or np.iscomplexobj(kernel))


def convolve_by_torch(X, kernel, mode, stride, dilation):
    rows = torch.from_numpy(X).to(torch.complex128).flatten(0, 1).unsqueeze(1)
    weight = torch.from_numpy(kernel[::-1].copy()).to(torch.complex128)[None, None]
    span = dilation * (len(kernel) - 1) + 1
    before = {"full": span - 1, "same": span // 2, "valid": 0}[mode]
    after = {"full": span - 1, "same": (span - 1) // 2, "valid": 0}[mode]
    out = F.conv1d(
        F.pad(rows, (before, after)), weight, stride=stride, dilation=dilation
    )
    padding = before + after
    length = (X.shape[-1] + padding - dilation * (len(kernel) - 1) - 1) // stride + 1
    return out.reshape(*X.shape[:-1], -1).numpy(), length


@given(problems(fits=True))
def test_every_stride_and_dilation_is_that_of_torch_with_the_flipped_kernel(problem):
    X, kernel, mode, stride, dilation = problem
    filtered = convolve(X, kernel, mode, stride=stride, dilation=dilation)
    expected, length = convolve_by_torch(X, kernel, mode, stride, dilation)
    assert filtered.shape == (2, 3, length)
    np.testing.assert_allclose(filtered, expected, atol=tolerance_of(X, kernel), rtol=0)


def test_long_rows_are_the_same_in_pieces():
    X = np.random.default_rng(0).standard_normal((2, 40_000))
    kernel = np.random.default_rng(1).standard_normal(60)
    expected = [np.convolve(row, kernel, "same") for row in X]
    np.testing.assert_allclose(convolve(X, kernel), expected, atol=1e-10)


@pytest.mark.parametrize("n_taps", [5, 50])
def test_a_row_does_not_depend_on_the_others_and_the_input_stays(n_taps):
    X = np.random.default_rng(0).standard_normal((700, 256)).astype(np.float32)
    before = X.copy()
    conv = ConvFilter(np.arange(1.0, n_taps + 1)).fit(X)
    together = conv.transform(X)
    np.testing.assert_array_equal(together[::-1], conv.transform(X[::-1]))
    np.testing.assert_array_equal(
        together[:3], [conv.transform(X[[i]])[0] for i in range(3)]
    )
    np.testing.assert_array_equal(X, before)


def test_filtering_and_shifting_may_change_places():
    X = np.zeros((1, 200))
    X[0, 60:140] = np.random.default_rng(0).random(80)
    conv = ConvFilter(kernel_size=9).fit(X)
    shifted = np.roll(conv.transform(X), 31, axis=1)
    np.testing.assert_allclose(conv.transform(np.roll(X, 31, axis=1)), shifted)


def test_moving_average_is_the_mean_of_the_neighbors():
    X = np.random.default_rng(0).random((2, 40))
    expected = np.lib.stride_tricks.sliding_window_view(X, 6, axis=1).mean(axis=-1)
    filtered = ConvFilter(kernel_size=6, mode="valid").fit_transform(X)
    np.testing.assert_allclose(filtered, expected)


@pytest.mark.parametrize("kernel_size", [2, 3, 8, 11])
def test_edge_is_the_mean_after_less_the_mean_before(kernel_size):
    step = np.r_[np.zeros(20), np.ones(20)][None]
    edges = ConvFilter("edge", kernel_size=kernel_size).fit_transform(step)
    assert edges[:, :30].max() == pytest.approx(1)
    assert edges[0].argmax() in (19, 20)
    constant = ConvFilter("edge", kernel_size=kernel_size, mode="valid")
    np.testing.assert_allclose(constant.fit_transform(np.ones((1, 40))), 0, atol=1e-15)


@pytest.mark.parametrize(
    "name, cutoff, passed, stopped",
    [
        ("lowpass", 20.0, [0, 5], [35, 50, 100]),
        ("highpass", 20.0, [35, 50, 100], [0, 5]),
        ("bandpass", (20.0, 50.0), [35], [0, 5, 70, 100]),
    ],
)
def test_named_filters_pass_their_band_and_half_at_the_cutoff(
    name, cutoff, passed, stopped
):
    kernel = fixed_kernel(name, 101, cutoff=cutoff, fs=200.0)
    np.testing.assert_allclose(kernel, kernel[::-1])

    def gain(freqs):
        return np.abs(signal.freqz(kernel, worN=freqs, fs=200.0)[1])

    np.testing.assert_allclose(gain(passed), 1, atol=0.01)
    np.testing.assert_allclose(gain(stopped), 0, atol=0.01)
    np.testing.assert_allclose(gain(np.atleast_1d(cutoff)), 0.5, atol=0.01)


def test_the_cutoff_scales_with_the_sampling_frequency():
    X = np.random.default_rng(0).random((3, 64))
    cycles = ConvFilter("lowpass", cutoff=0.1).fit_transform(X)
    hertz = ConvFilter("lowpass", cutoff=[25.0], fs=250.0).fit_transform(X)
    np.testing.assert_allclose(cycles, hertz)


def test_values_are_named_after_the_samples_in_their_middle_or_counted():
    frame = pd.DataFrame(np.eye(6), columns=list("abcdef"))
    same = ConvFilter(kernel_size=3, stride=2).set_output(transform="pandas")
    assert same.fit_transform(frame).columns.tolist() == ["a", "c", "e"]
    valid = ConvFilter(kernel_size=5, mode="valid").set_output(transform="pandas")
    out = valid.fit_transform(frame)
    assert out.columns.tolist() == ["convfilter0", "convfilter1"]
    longer = ConvFilter(kernel_size=8).fit(np.eye(6))
    assert longer.get_feature_names_out().tolist() == [
        f"convfilter{i}" for i in range(8)
    ]


def test_a_kernel_in_single_precision_or_integers_is_stored_as_float64():
    X = np.ones((1, 4))
    for kernel in ([1, 2], np.array([1, 2], np.float32)):
        assert ConvFilter(kernel).fit(X).kernel_.dtype == np.float64
    assert ConvFilter([1, 2j]).fit(X).kernel_.dtype == np.complex128


def test_impossible_modes_and_names_are_refused_by_the_functions_too():
    with pytest.raises(ValueError, match="mode must be .*Got 'wrap' instead"):
        convolve(np.ones((1, 4)), [1], "wrap")
    with pytest.raises(ValueError, match="name must be .*Got 'sharpen' instead"):
        fixed_kernel("sharpen")


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
@pytest.mark.parametrize("kernel_size", [20, 21, 101])
def test_a_click_does_not_drown_what_is_quiet_elsewhere(kernel_size, dtype):
    X = 1e-2 * np.sin(np.arange(1000)).astype(dtype)[None]
    X[0, 100] = 1e4
    filtered = ConvFilter(kernel_size=kernel_size).fit_transform(X)
    assert filtered.dtype == dtype
    expected = np.convolve(X[0].astype(complex), np.full(kernel_size, 1 / kernel_size))
    start = (kernel_size - 1) // 2
    np.testing.assert_allclose(
        filtered[0, 300:900], expected[300 + start : 900 + start], atol=1e-8
    )


@pytest.mark.parametrize(
    "params, match",
    [
        (dict(stride=0), "stride must be an int of at least 1. Got 0"),
        (dict(stride=1.5), "stride must be an int of at least 1. Got 1.5"),
        (dict(dilation=-1), "dilation must be an int of at least 1. Got -1"),
        (dict(dilation=True), "dilation must be an int of at least 1. Got True"),
        (dict(kernel=[]), "one-dimensional, with at least one tap"),
        (dict(kernel=None), "one-dimensional"),
        (dict(kernel=3.0), "one-dimensional"),
        (dict(kernel=[np.nan]), "all finite"),
        (dict(X=3.0), r"X must hold signals of at least one sample, .* Got shape \(\)"),
        (dict(X=np.ones((2, 0))), r"Got shape \(2, 0\)"),
    ],
)
def test_bad_parameters_of_a_convolution_are_refused(params, match):
    with pytest.raises(ValueError, match=match):
        convolve(**{"X": np.ones((2, 8)), "kernel": [1, 2], **params})


@pytest.mark.parametrize("kernel", [[1, -2, 3], (1, 2j), torch.ones(2)])
@pytest.mark.parametrize("dilation", [1, 2.0, np.uint8(200)])
def test_a_kernel_of_any_kind_is_dilated(kernel, dilation):
    expected = np.zeros(int(dilation) * (len(kernel) - 1) + 1, complex)
    expected[:: int(dilation)] = np.asarray(kernel)
    np.testing.assert_array_equal(dilate(kernel, dilation), expected)


def test_an_invalid_kernel_or_dilation_is_refused():
    with pytest.raises(ValueError, match="kernel .* at least one tap. Got shape"):
        dilate([], 2)
    with pytest.raises(ValueError, match="dilation must be an int of at least 1"):
        dilate([1, 2], "2")
    with pytest.raises(ValueError, match="kernel must hold rows of one length"):
        dilate([[1], [2, 3]], 2)


def test_tensors_with_gradients_are_convolved():
    X = torch.ones(1, 4, dtype=torch.float64, requires_grad=True)
    np.testing.assert_array_equal(convolve(X, [1, 1]), [[1, 2, 2, 2]])


@pytest.mark.parametrize("kernel", [[1e300, -1e300], [1e300] * 30])
def test_a_kernel_beyond_the_largest_number_is_an_error(kernel):
    with pytest.raises(ValueError, match="kernel holds values beyond .* as float64"):
        convolve(np.ones((1, 40), np.float32), kernel)


@pytest.mark.parametrize("params", [dict(kernel_size=1e308), dict(dilation=1e308)])
def test_sizes_beyond_all_arrays_are_refused(params):
    with pytest.raises(ValueError, match=f"'{[*params][0]}' .* must be an int"):
        ConvFilter(**params).fit(np.ones((1, 40)))


@pytest.mark.parametrize("X", [[["a"]], np.array(["2020"], "M8[D]"), ["1 Hz"]])
def test_arrays_without_numbers_are_not_convolved(X):
    with pytest.raises(TypeError, match="X must hold real or complex numbers. Got"):
        convolve(X, [1])


@pytest.mark.parametrize("size", [0, -3, 2.5, None, "a", True])
def test_the_size_of_a_kernel_is_a_positive_int(size):
    for name in ("moving_average", "edge", "lowpass"):
        with pytest.raises(
            ValueError, match="kernel_size must be an int of at least 1"
        ):
            fixed_kernel(name, size, cutoff=0.1 if name == "lowpass" else None)
    with pytest.raises(
        ValueError, match="'kernel_size' parameter of ConvFilter must be"
    ):
        ConvFilter(kernel_size=size).fit(np.ones((1, 8)))


@pytest.mark.parametrize("kind", ["u2", "i8", "f4", "f8", ">f4"])
@pytest.mark.parametrize("shape", [(), (1, 1)])
def test_rates_cutoffs_and_sizes_are_taken_as_files_give_them(kind, shape):
    X = np.random.default_rng(0).random((2, 300))
    size, cutoff, fs = (np.full(shape, value, kind) for value in (21, 40, 250))
    given = ConvFilter("lowpass", kernel_size=size, cutoff=cutoff, fs=fs)
    expected = ConvFilter("lowpass", kernel_size=21, cutoff=40.0, fs=250.0)
    np.testing.assert_array_equal(given.fit_transform(X), expected.fit_transform(X))


@pytest.mark.parametrize("kind", [">f4", ">f8", ">i2", ">c8", "f2", "g"])
def test_foreign_numbers_are_convolved_as_native_ones(kind):
    X = np.random.default_rng(0).integers(-99, 99, (2, 40)).astype(kind)
    expected = convolve(X.astype("c16" if kind == ">c8" else "f8"), [1, -1])
    for result in (convolve(X, [1, -1]), ConvFilter([1, -1]).fit_transform(X)):
        np.testing.assert_allclose(result, expected, rtol=1e-6)
        assert result.dtype.isnative
        if kind in (">f4", ">c8"):
            assert result.dtype == np.dtype(kind).newbyteorder("=")


@pytest.mark.parametrize("n_taps", [5, 50])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_beyond_the_largest_number_are_an_error(n_taps, dtype):
    X = np.full((1, 100), np.finfo(dtype).max)
    with pytest.raises(ValueError, match="not finite, although X is: they exceed"):
        ConvFilter(np.ones(n_taps)).fit_transform(X)
