import numpy as np
import pytest

from sk_psd import RandomFreqShift, RandomNoise
from sk_psd.mixing import add_noise, retune


def peak(X):
    return np.fft.fftfreq(X.shape[-1])[np.abs(np.fft.fft(X)).argmax(axis=-1)]


T = np.arange(256)


def test_a_complex_tone_moves_by_the_offset_and_wraps():
    X = np.exp(2j * np.pi * np.array([[0.25], [-0.125]]) * T)
    np.testing.assert_allclose(peak(retune(X, 0.125)), [0.375, 0.0])
    np.testing.assert_allclose(peak(retune(X, np.array([0.5, -0.25]))), [-0.25, -0.375])


def test_a_real_tone_moves_and_folds_back_at_zero():
    X = np.cos(2 * np.pi * 0.125 * T)[None]
    for offset, expected in [(0.25, 0.375), (-0.0625, 0.0625), (-0.1875, 0.0625)]:
        assert np.abs(peak(retune(X, offset))) == pytest.approx(expected)
    np.testing.assert_allclose(retune(X, 0.0), X, atol=1e-12)


def test_retuning_is_accurate_for_long_signals():
    n = 10**6
    X = retune(np.ones((1, n), complex), 0.3)
    exact = np.exp(2j * np.pi * ((3 * np.arange(n)) % 10) / 10)
    np.testing.assert_allclose(X[0], exact, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_dtype_and_channels_are_kept(dtype):
    X = np.random.default_rng(0).standard_normal((3, 2, 64)).astype(dtype)
    rng = np.random.default_rng(1)
    for moved in (retune(X, [0.1, 0.2, 0.3]), add_noise(X, 3.0, rng)):
        assert moved.dtype == X.dtype and moved.shape == X.shape
    np.testing.assert_allclose(
        retune(X, [0.1, 0.2, 0.3])[1], retune(X[1], 0.2), atol=1e-6
    )


def test_integers_do_not_wrap_around():
    X = np.full((1, 1000), 30000, np.int16) * np.sign(np.sin(T[:250].repeat(4)))
    X = X[None, 0].astype(np.int16)
    for moved in (retune(X, 0.1), add_noise(X, 0.0, np.random.default_rng(0))):
        assert moved.dtype == np.float64 and np.abs(moved).max() > 32768


def test_one_signal_needs_an_axis_of_samples():
    with pytest.raises(ValueError, match=r"Got shape \(256,\); for one signal pass X"):
        retune(np.zeros(256), 0.1)


@pytest.mark.parametrize("is_complex", [False, True])
def test_noise_has_the_asked_ratio_to_the_power_without_the_mean(is_complex):
    rng = np.random.default_rng(0)
    X = 1000 + rng.standard_normal((2, 100_000)) * [[1.0], [10.0]]
    X = X * 1j if is_complex else X
    noise = add_noise(X, np.array([10.0, 0.0]), rng) - X
    np.testing.assert_allclose(X.var(axis=1) / noise.var(axis=1), [10, 1], rtol=0.03)
    assert np.iscomplexobj(noise) == is_complex


def test_random_noise_draws_a_level_for_each_signal_and_leaves_transform_alone():
    X = np.random.default_rng(0).standard_normal((200, 2000))
    transformer = RandomNoise((0, 20), random_state=0)
    noise = transformer.fit_transform(X) - X
    snr = 10 * np.log10(X.var(axis=1) / noise.var(axis=1))
    assert snr.min() == pytest.approx(0, abs=0.7)
    assert snr.max() == pytest.approx(20, abs=0.7)
    assert snr.mean() == pytest.approx(10, abs=1.5)
    np.testing.assert_array_equal(transformer.transform(X), X)
    np.testing.assert_array_equal(transformer.fit_transform(X) - X, noise)


@pytest.mark.parametrize("is_complex", [False, True])
def test_signals_are_shifted_by_whole_bins_of_their_fft(is_complex):
    n = 128
    X = np.exp(2j * np.pi * 32 / n * np.arange(n))[None].repeat(300, axis=0)
    X = X if is_complex else X.real
    shift = RandomFreqShift(4, domain="signal", random_state=0)
    bins = np.abs(peak(shift.fit_transform(X))) * n - 32
    assert set(np.round(bins).astype(int)) == set(range(-4, 5))
    np.testing.assert_allclose(bins, np.round(bins), atol=1e-9)
    np.testing.assert_array_equal(shift.transform(X), X)


def test_a_fraction_is_of_the_axis_that_the_kind_of_signal_has():
    X = np.zeros((1, 101))
    assert RandomFreqShift(0.5, domain="signal")._max_bins(X) == 25
    assert RandomFreqShift(0.5, domain="signal")._max_bins(X * 1j) == 50
