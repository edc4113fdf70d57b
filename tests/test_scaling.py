import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sk_psd import MinMaxScale, PeakAlign


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


@pytest.mark.parametrize("transformer", [MinMaxScale(), PeakAlign()])
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


@given(spectra(st.floats(-1e3, 1e3)))
def test_an_aligned_spectrum_is_a_roll_of_the_spectrum(X):
    aligned = PeakAlign().fit_transform(X)
    for row, result in zip(X, aligned, strict=True):
        assert any(np.array_equal(np.roll(row, s), result) for s in range(len(row)))


def test_peak_lies_in_the_middle():
    X = np.zeros((1, 512))
    X[0, 100:120] = 1
    centre = np.flatnonzero(PeakAlign().fit_transform(X)[0]).mean()
    assert abs(centre - 256) < 10


def test_channels_are_aligned_together_and_ties_look_at_all_of_them():
    X = np.zeros((1, 2, 8))
    X[0, 0, [1, 5]] = 1  # two peaks, told apart only by the other channel
    X[0, 1, 2] = 0.5
    transformer = PeakAlign().fit(X)
    for shift in range(8):
        rolled = transformer.transform(np.roll(X, shift, axis=2))
        np.testing.assert_array_equal(rolled, transformer.transform(X))
