"""`MinMaxScale`, `PeakAlign`, and spectra of all kinds in functions of spectra."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.pipeline import make_pipeline

from sk_psd import LogFrequency, MinMaxScale, PeakAlign, WelchPSD
from sk_psd.resampling import log_frequency
from sk_psd.scaling import min_max_scale


def spectra(elements=None, max_side=70):
    shape = st.tuples(st.integers(1, 3), st.integers(1, max_side))
    return arrays(np.float64, shape, elements=elements)


@given(spectra(st.floats(allow_nan=False, allow_infinity=False)))
def test_every_spectrum_spans_the_range_or_is_flat_at_its_lower_bound(X):
    scaled = MinMaxScale((-1, 3)).fit_transform(X)
    flat = X.min(axis=1) == X.max(axis=1)
    assert np.all(scaled.min(axis=1) == -1)
    np.testing.assert_array_equal(scaled.max(axis=1), np.where(flat, -1, 3))


def test_channels_are_scaled_on_their_own():
    X = np.arange(24.0).reshape(2, 3, 4)
    scaled = MinMaxScale().fit_transform(X)
    np.testing.assert_allclose(scaled, np.broadcast_to([0, 1 / 3, 2 / 3, 1], X.shape))


@pytest.mark.parametrize("transformer", [LogFrequency(9), MinMaxScale(), PeakAlign()])
def test_float32_is_kept_and_input_is_not_modified(transformer):
    X = np.random.default_rng(0).random((4, 33)).astype(np.float32)
    before = X.copy()
    assert transformer.fit_transform(X).dtype == np.float32
    np.testing.assert_array_equal(X, before)


@given(spectra(st.integers(0, 3).map(float)), st.integers(-200, 200))
def test_all_circular_shifts_of_a_spectrum_align_to_the_same_bits(X, shift):
    transformer = PeakAlign().fit(X)
    np.testing.assert_array_equal(
        transformer.transform(np.roll(X, shift, axis=1)), transformer.transform(X)
    )


@pytest.mark.filterwarnings("ignore:The rows of X look like raw signals")
@given(spectra(st.floats(-1e3, 1e3)))
def test_an_aligned_spectrum_is_a_roll_of_the_spectrum(X):
    aligned = PeakAlign().fit_transform(X)
    for row, result in zip(X, aligned, strict=True):
        assert any(np.array_equal(np.roll(row, s), result) for s in range(len(row)))


def test_peak_lies_in_the_middle():
    X = np.zeros((1, 512))
    X[0, 100:120] = 1
    center = np.flatnonzero(PeakAlign().fit_transform(X)[0]).mean()
    assert abs(center - 256) < 10


def test_channels_are_aligned_together_and_ties_look_at_all_of_them():
    X = np.zeros((1, 2, 8))
    X[0, 0, [1, 5]] = 1  # two peaks, told apart only by the other channel
    X[0, 1, 2] = 0.5
    transformer = PeakAlign().fit(X)
    for shift in range(8):
        rolled = transformer.transform(np.roll(X, shift, axis=2))
        np.testing.assert_array_equal(rolled, transformer.transform(X))


KINDS = ["f2", "f4", "f8", ">f4", ">f8", "i1", "i2", "i4", "i8", "u1", "?", "O"]


def of_kind(X, kind):
    """Return X as numbers of a type, and the same numbers in float64."""
    info = np.iinfo(kind) if kind[0] in "iu" else None
    X = X * info.max / 2 + (info.min if info and kind != "i8" else 0) if info else X
    X = np.clip(X, info.min / 2, info.max / 2) if info else X
    X = X.astype(kind)
    return X, X.astype(float)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "make", [np.asarray, torch.tensor, pd.DataFrame, np.ndarray.tolist]
)
def test_functions_take_spectra_of_every_kind(kind, make):
    if make is torch.tensor and kind in (">f4", ">f8", "O"):
        pytest.skip("torch has no such tensors")
    X, double = of_kind(np.random.default_rng(0).random((4, 40)), kind)
    freqs, targets = np.arange(40.0), np.geomspace(1.3, 39, 12)
    for function in (
        min_max_scale,
        lambda X: log_frequency(X, freqs, targets, "mean"),
        lambda X: log_frequency(X, freqs, targets),
    ):
        result = np.asarray(function(make(X)))
        assert result.dtype in (np.float32, np.float64) and result.dtype.isnative
        single = result.dtype == np.float32
        np.testing.assert_allclose(
            result, function(double), rtol=1e-5 if single else 1e-12, atol=1e-6
        )


def test_integers_do_not_wrap_around():
    X = np.array([[-128, 0, 100, 127]], np.int8)
    np.testing.assert_allclose(min_max_scale(X), [[0, 128 / 255, 228 / 255, 1]])
    X = np.array([[10, 0, 90, 30, 50, 20, 70, 40]])
    values = log_frequency(X, np.arange(8.0), [0.75, 1.5, 3.0])
    np.testing.assert_allclose(values, [[2.5, 90, 50]])


@pytest.mark.parametrize(
    "function", [min_max_scale, lambda X: log_frequency(X, [0, 1], [0.5, 1])]
)
@pytest.mark.parametrize(
    "X", [[["a", "b"]], np.ones((1, 2)) * 1j, torch.ones(1, 2) * 1j]
)
def test_what_holds_no_real_numbers_is_refused(function, X):
    with pytest.raises(
        TypeError, match="X must hold real numbers. Got .*; pass powers"
    ):
        function(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy])
def test_the_largest_numbers_leave_no_infinity_and_the_other_rows_alone(dtype, make):
    largest = np.finfo(dtype).max
    X = np.random.default_rng(0).random((6, 64)).astype(dtype)
    X[2:] *= 1e-38 if dtype == np.float32 else 5e-324
    X[0] = np.sign(X[0] - 0.5) * largest
    X[1] = largest
    freqs, targets = np.arange(64.0), np.geomspace(1, 63, 8)
    for function in (
        min_max_scale,
        lambda X: min_max_scale(X, (-largest, largest)),
        lambda X: log_frequency(X, freqs, targets, "mean"),
    ):
        together = np.asarray(function(make(X)))
        assert np.isfinite(together).all()
        for i in range(6):
            alone = np.asarray(function(make(X[i : i + 1])))
            np.testing.assert_array_equal(alone[0], together[i])
    wide = min_max_scale(make(X[:1]), (-largest, largest))
    assert float(wide.min()) == -largest and float(wide.max()) == largest


@pytest.mark.parametrize(
    "params, match",
    [
        (dict(feature_range=(1, 0)), r"feature_range must be .* Got \(1, 0\)"),
        (dict(feature_range=3), "feature_range must be .* Got 3"),
        (dict(axis=5), "axis must be one of the 2 axes .* Got 5"),
        (dict(axis=(0, -2)), r"or a tuple of them. Got \(0, -2\)"),
        (dict(axis=0.0), "axis must be .* Got 0.0"),
        (dict(X=3.0), r"X must hold one value .* Got shape \(\)"),
        (dict(X=np.ones((2, 0))), r"one value at least. Got shape \(2, 0\)"),
    ],
)
def test_impossible_ranges_and_axes_are_refused(params, match):
    with pytest.raises(ValueError, match=match):
        min_max_scale(**dict(X=np.ones((2, 3))) | params)


def test_a_range_beyond_the_numbers_of_float32_is_refused():
    X = np.random.default_rng(0).random((2, 8)).astype(np.float32)
    with pytest.raises(
        ValueError, match=r"feature_range \(=\(0.0, 1e\+39\)\) must lie"
    ):
        MinMaxScale((0, 1e39)).fit_transform(X)
    assert MinMaxScale((0, 1e39)).fit_transform(X.astype(float)).max() == 1e39


def test_names_of_aligned_bins_claim_no_frequency():
    signals = np.sin(2 * np.pi * 125 * np.arange(256) / 1000)[None]
    pipe = make_pipeline(WelchPSD(fs=1000, nperseg=16), PeakAlign())
    frame = pipe.set_output(transform="pandas").fit_transform(signals)
    assert list(frame) == [f"aligned{d:+d}" for d in range(-4, 5)]
    assert frame.T.idxmax()[0] == "aligned+0"
    log = LogFrequency(4).fit(frame)
    assert log.get_feature_names_out()[0].startswith("bin_")
