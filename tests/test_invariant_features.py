"""`InvariantFeatures`: what each number is, exactness, options and errors."""

import numpy as np
import pytest
from draws import examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sk_psd import InvariantFeatures, MinMaxScale, PeakAlign

ALL = dict(n_bispectrum=28)


def all_shifts(row):
    """Return every circular shift of a spectrum, one in each row."""
    return np.stack([np.roll(row, shift, axis=-1) for shift in range(row.shape[-1])])


@st.composite
def spectra(draw):
    """Draw one spectrum of any length, with ties, channels and either precision."""
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    n_freqs = draw(st.integers(1, 300))
    shape = draw(st.sampled_from([(n_freqs,), (2, n_freqs)]))
    if draw(st.booleans()):  # few levels, so that many neighborhoods tie
        return draw(arrays(dtype, shape, elements=st.sampled_from([0, 1, 2])))
    seed = draw(st.integers(0, 2**31))
    return (-40 * np.random.default_rng(seed).random(shape)).astype(dtype)


@examples(25)
@given(spectra())
def test_every_circular_shift_gives_the_same_bits(row):
    X = all_shifts(row)
    F = InvariantFeatures(**ALL).fit_transform(X)
    assert F.dtype == row.dtype and np.isfinite(F).all()
    assert (F == F[0]).all()


@pytest.mark.parametrize("n_freqs", [1024, 4099])
def test_long_spectra_are_exact_too(n_freqs):
    row = np.random.default_rng(0).random(n_freqs).astype(np.float32)
    X = all_shifts(row)[:: n_freqs // 200]
    F = InvariantFeatures(**ALL).fit_transform(X)
    assert (F == F[0]).all()


def test_a_row_has_the_same_features_in_any_company():
    X = np.random.default_rng(0).random((400, 3, 101)).astype(np.float32)
    features = InvariantFeatures(**ALL)
    F = features.fit_transform(X)
    for rows in (slice(7, 8), slice(100, 399)):
        np.testing.assert_array_equal(features.transform(X[rows]), F[rows])


def by_name(features, X):
    """Return the column of each name."""
    F = features.fit_transform(X)
    names = features.get_feature_names_out()
    assert len(set(names)) == F.shape[1]
    return dict(zip(names, F.T, strict=True))


def test_sorted_outputs_are_what_their_names_say():
    X = np.random.default_rng(0).random((5, 64))
    columns = by_name(InvariantFeatures(n_fourier=0), X)
    x = PeakAlign().fit_transform(MinMaxScale().fit_transform(X))
    for level in range(5):
        means = x.reshape(5, -1, 2**level).mean(axis=-1)
        outputs = {
            "value": means,
            "slope": np.roll(means, -1, 1) - np.roll(means, 1, 1),
            "curvature": 2 * means - np.roll(means, -1, 1) - np.roll(means, 1, 1),
            "wide_curvature": 2 * means - np.roll(means, -2, 1) - np.roll(means, 2, 1),
            "third_difference": np.roll(means, -2, 1)
            - 2 * np.roll(means, -1, 1)
            + 2 * np.roll(means, 1, 1)
            - np.roll(means, 2, 1),
        }
        for name, output in outputs.items():
            places = [n for n in columns if n.startswith(f"level{level}_{name}_rank")]
            assert len(places) >= 4
            for place in places:
                expected = np.sort(output)[:, int(place.split("rank")[1])]
                np.testing.assert_allclose(columns.pop(place), expected, atol=1e-12)
    assert not columns


def test_fourier_magnitudes_are_what_their_names_say():
    X = np.random.default_rng(0).random((5, 50))
    columns = by_name(InvariantFeatures(n_octaves=0, n_fourier=10), X)
    x = MinMaxScale().fit_transform(X)
    magnitudes = np.abs(np.fft.rfft(x)) / 50
    powers = 10 ** (3 * x)
    of_powers = np.abs(np.fft.rfft(powers / powers.mean(axis=1, keepdims=True))) / 50
    for i in range(1, 11):
        for kind, expected in (
            ("db", magnitudes[:, i]),
            ("log", np.log(magnitudes[:, i] + 1e-4)),
            ("power", of_powers[:, i]),
        ):
            np.testing.assert_allclose(columns.pop(f"fourier_{kind}_{i:02}"), expected)
    assert not columns


def test_the_bispectrum_is_what_its_names_say():
    X = np.random.default_rng(0).random((5, 50))
    options = dict(n_octaves=0, n_fourier=0, n_bispectrum=6)
    columns = by_name(InvariantFeatures(**options), X)
    f = np.fft.rfft(MinMaxScale().fit_transform(X)) / 50
    for i in range(1, 6):
        for j in range(i, 7 - i):
            product = f[:, i] * f[:, j] * f[:, i + j].conj()
            expected = product / np.abs(product) ** (2 / 3)
            name = f"bispectrum_{i:02}_{j:02}_"
            np.testing.assert_allclose(columns.pop(name + "real"), expected.real)
            np.testing.assert_allclose(columns.pop(name + "imag"), expected.imag)
    assert not columns
    mirrored = InvariantFeatures(**options).fit_transform(X[:, ::-1])
    F = InvariantFeatures(**options).fit_transform(X)
    half = F.shape[1] // 2
    np.testing.assert_allclose(mirrored[:, :half], F[:, :half], atol=1e-12)
    np.testing.assert_allclose(mirrored[:, half:], -F[:, half:], atol=1e-12)


def test_channels_follow_each_other_and_move_together():
    X = np.random.default_rng(0).random((6, 2, 80))
    features = InvariantFeatures(**ALL)
    F = features.fit_transform(X)
    names = features.get_feature_names_out()
    assert features.n_channels_ == 2 and F.shape == (6, len(names))
    half = len(names) // 2
    assert names[0] == "channel0_level0_value_rank00"
    assert names[half] == "channel1_level0_value_rank00"
    # The sorted values of the finest octave do not depend on the place.
    alone = features.fit_transform(X[:, 1])
    n_values = np.flatnonzero(features.get_feature_names_out() == "level0_slope_rank00")
    first = slice(0, int(n_values[0]))
    np.testing.assert_array_equal(F[:, half:][:, first], alone[:, first])
    # One channel rolled alone is another sample.
    X[:, 1] = np.roll(X[:, 1], 9, axis=-1)
    assert np.abs(InvariantFeatures(**ALL).fit_transform(X) - F).max() > 1e-3


def test_gain_and_scale_do_not_matter():
    X = np.random.default_rng(0).random((6, 80))
    F = InvariantFeatures(**ALL).fit_transform(X)
    np.testing.assert_allclose(
        InvariantFeatures(**ALL).fit_transform(40 * X - 100), F, atol=1e-9
    )
    scaled = MinMaxScale().fit_transform(X)
    np.testing.assert_array_equal(InvariantFeatures(**ALL).fit_transform(scaled), F)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e300])
def test_flat_spectra_have_finite_features(value):
    F = InvariantFeatures(**ALL).fit_transform(np.full((3, 100), value))
    assert np.isfinite(F).all() and (F == F[0]).all()


def test_without_alignment_the_sorted_values_still_hold():
    X = np.random.default_rng(0).random((1, 128))
    rolled = np.roll(X, 5, axis=1)
    plain = InvariantFeatures(align=False).fit(X)
    change = np.abs(plain.transform(rolled) - plain.transform(X))[0]
    names = plain.get_feature_names_out()
    finest = np.char.startswith(names.astype(str), "level0_value")
    assert (change[finest] == 0).all()
    assert change[~finest].max() > 1e-3  # an odd shift changes the pairs of bins
    aligned = InvariantFeatures().fit(X)
    assert (aligned.transform(rolled) == aligned.transform(X)).all()


@pytest.mark.parametrize("n_freqs, levels", [(1, 1), (7, 1), (64, 5), (300, 7)])
def test_short_spectra_have_fewer_octaves_and_coefficients(n_freqs, levels):
    X = np.random.default_rng(0).random((2, n_freqs))
    names = InvariantFeatures(**ALL).fit(X).get_feature_names_out()
    assert {n.split("_")[0] for n in names if n.startswith("level")} == {
        f"level{i}" for i in range(levels)
    }
    n_fourier = sum(name.startswith("fourier_db") for name in names)
    assert n_fourier == min(64, n_freqs // 2)


def test_long_spectra_start_at_means_of_several_bins():
    names = InvariantFeatures().fit(np.ones((2, 8192))).get_feature_names_out()
    levels = {name.split("_")[0] for name in names if name.startswith("level")}
    assert levels == {f"level{i}" for i in range(3, 10)}


def test_options_leave_kinds_out():
    X = np.random.default_rng(0).random((2, 256))
    sizes = {
        (7, 64, 0): 687,
        (0, 64, 0): 192,
        (0, 0, 28): 392,
        (0, 64, 28): 584,
    }
    for (n_octaves, n_fourier, n_bispectrum), size in sizes.items():
        features = InvariantFeatures(
            n_octaves, n_fourier=n_fourier, n_bispectrum=n_bispectrum
        )
        assert features.fit_transform(X).shape == (2, size)


def test_another_number_of_channels_is_refused():
    features = InvariantFeatures().fit(np.ones((4, 2, 32)))
    message = "X has 1 channels, but InvariantFeatures is expecting 2 channels"
    with pytest.raises(ValueError, match=message):
        features.transform(np.ones((4, 32)))


def test_options_without_features_are_refused():
    with pytest.raises(ValueError, match="makes no features of spectra.*Choose"):
        InvariantFeatures(n_octaves=0, n_fourier=0).fit(np.ones((2, 32)))


def test_signals_in_the_place_of_spectra_are_noticed():
    X = np.random.default_rng(0).standard_normal((20, 256))
    with pytest.warns(UserWarning, match="look like raw signals.*InvariantFeatures"):
        InvariantFeatures().fit(X)


def test_a_data_frame_comes_out_with_the_names():
    pytest.importorskip("pandas")
    features = InvariantFeatures().set_output(transform="pandas")
    frame = features.fit_transform(np.random.default_rng(0).random((3, 64)))
    assert list(frame.columns) == list(features.get_feature_names_out())
