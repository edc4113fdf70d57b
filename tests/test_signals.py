import warnings

import numpy as np
import pytest
import torch
from scipy import signal

from sk_psd import RandomFreqShift, RandomNoise
from sk_psd.signals import add_noise, shift_frequency


def peak(X):
    return np.fft.fftfreq(X.shape[-1])[np.abs(np.fft.fft(X)).argmax(axis=-1)]


T = np.arange(256)


def test_a_complex_tone_moves_by_the_offset_and_wraps():
    X = np.exp(2j * np.pi * np.array([[0.25], [-0.125]]) * T)
    np.testing.assert_allclose(peak(shift_frequency(X, 0.125)), [0.375, 0.0])
    np.testing.assert_allclose(
        peak(shift_frequency(X, np.array([0.5, -0.25]))), [-0.25, -0.375]
    )


def test_with_a_sampling_frequency_the_shift_is_in_hz():
    X = np.random.default_rng(0).standard_normal((2, 256))
    in_cycles = shift_frequency(X, [0.125, 0.25], random_state=0)
    in_hz = shift_frequency(X, [1000, 2000], fs=8000, random_state=0)
    np.testing.assert_array_equal(in_hz, in_cycles)
    with pytest.raises(ValueError, match=r"fs / 2 .fs = 8000.*Got 5000"):
        shift_frequency(X, 5000, 8000)
    with pytest.raises(ValueError, match="fs must be positive and finite. Got 0"):
        shift_frequency(X, 0.1, fs=0)


def test_a_real_tone_moves_and_what_would_leave_the_axis_is_removed():
    X = np.cos(2 * np.pi * 0.125 * T)[None]
    for offset, expected in [(0.25, 0.375), (-0.0625, 0.0625)]:
        assert np.abs(peak(shift_frequency(X, offset))) == pytest.approx(expected)
    for offset in (0.4, -0.1875, 0.5, -0.5):
        np.testing.assert_allclose(shift_frequency(X, offset, fill=None), 0, atol=1e-12)
    np.testing.assert_array_equal(shift_frequency(X, 0.0), X)


def density(X, nperseg=64):
    return signal.welch(X, nperseg=nperseg, return_onesided=False)


@pytest.mark.parametrize("offset", [0.2, -0.2])
@pytest.mark.parametrize("n_times", [300, 2048, 65536])
def test_the_vacated_strip_has_the_density_of_the_noise_floor(offset, n_times):
    n_rows = max(8, 2**17 // n_times)
    rng, level = np.random.default_rng(0), 10.0 ** (np.arange(n_rows) % 5)
    t = np.arange(n_times)
    X = rng.standard_normal((n_rows, n_times)) + 3 * np.cos(2 * np.pi * 0.25 * t)
    X *= level[:, None]
    freqs, psd = density(shift_frequency(X, offset, random_state=1))
    strip = (freqs > 0.02) & (freqs < 0.17)
    strip = strip if offset > 0 else (freqs > 0.33) & (freqs < 0.48)
    ratio = psd[:, strip].mean(axis=1) / level**2
    assert ratio.mean() == pytest.approx(1, abs=0.08)
    _, empty = density(shift_frequency(X, offset, fill=None))
    assert np.median(empty[:, strip].mean(axis=1) / level**2) < 0.01


def test_no_bin_of_a_single_periodogram_stays_empty_where_the_mean_was():
    X = np.random.default_rng(0).standard_normal((200, 256)) + 5
    moved = shift_frequency(X, 32 / 256, offset="remove", random_state=0)
    power = np.mean(np.abs(np.fft.rfft(moved)) ** 2, axis=0) / 256
    assert power[1:].min() > 0.5


def test_one_seed_fills_with_the_same_noise_for_every_offset():
    X = np.random.default_rng(0).standard_normal((2, 512))

    def noise(offset, seed):
        kwargs = dict(random_state=seed)
        filled = shift_frequency(X, offset, **kwargs) - shift_frequency(
            X, offset, fill=None
        )
        return np.fft.rfft(filled)[:, 5:50]

    np.testing.assert_allclose(noise(0.1, 3), noise(0.4, 3), atol=1e-10)
    np.testing.assert_array_equal(noise(0.1, 3), noise(0.1, 3))
    assert np.abs(noise(0.1, 3) - noise(0.1, 4)).max() > 0.1


@pytest.mark.parametrize("line", [np.ones(256), np.cos(np.pi * T)])
def test_a_shift_by_one_sideband_halves_the_lines_at_the_ends_of_the_axis(line):
    inwards = 0.125 if line[1] > 0 else -0.125
    moved = shift_frequency(line[None], inwards, fill=None)
    assert np.mean(moved**2) == pytest.approx(0.5)
    tone = np.cos(2 * np.pi * 0.125 * T + 0.3)[None]
    at_zero = shift_frequency(tone, -0.125, fill=None)  # depends on the phase
    np.testing.assert_allclose(at_zero, np.cos(0.3), atol=1e-12)


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("strength", [0, 1, 10])
def test_the_mean_and_the_drift_move_go_or_stay(is_complex, strength):
    rng = np.random.default_rng(0)
    tone = np.exp(2j * np.pi * 64 / 1024 * np.arange(1024))
    X = (tone + 0.1 * rng.standard_normal(1024))[None]
    X = X if is_complex else X.real
    line = strength * (1 + np.linspace(-1, 1, 1024)) * (2 - 1j if is_complex else 2)
    kwargs = dict(random_state=0)
    pure = shift_frequency(X, 0.125, offset="remove", **kwargs)
    moved = shift_frequency(X + line, 0.125, offset="remove", **kwargs)
    np.testing.assert_allclose(moved, pure, atol=1e-9)
    stays = shift_frequency(X + line, 0.125, offset="stay", **kwargs) - line
    np.testing.assert_allclose(
        stays, shift_frequency(X, 0.125, offset="stay", **kwargs)
    )
    if is_complex:
        exact = (X + line) * np.exp(2j * np.pi * 0.125 * np.arange(1024))
        np.testing.assert_allclose(shift_frequency(X + line, 0.125), exact)


@pytest.mark.parametrize("drift", [10, 100])
def test_a_drift_is_taken_off_or_named_in_one_warning(drift):
    fs, t = 256.0, np.arange(2048) / 256
    X = np.sin(2 * np.pi * 20 * t)[None].repeat(3, axis=0)
    X = X + drift * np.linspace(-1, 1, 2048)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moved = shift_frequency(X, 10 / fs, offset="remove")
        assert (
            shift_frequency(X, 0.0) is not None
            and shift_frequency(X[:, :1024] * 1j, 0.1).any()
        )
    np.testing.assert_allclose(np.abs(peak(moved)) * fs, 30, atol=0.2)
    with pytest.warns(UserWarning, match="drifts.* Pass offset='remove'") as seen:
        shift_frequency(X, 10 / fs)
    assert len(seen) == 1


def test_signals_without_a_drift_give_no_warning():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shift_frequency(rng.standard_normal((50, 300)) + 1000, 0.1)
        shift_frequency(np.full((2, 300), 0.1), 0.1)


def test_a_shift_is_accurate_for_long_signals():
    n = 10**6
    X = shift_frequency(np.ones((1, n), complex), 0.3)
    exact = np.exp(2j * np.pi * ((3 * np.arange(n)) % 10) / 10)
    np.testing.assert_allclose(X[0], exact, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_dtype_and_channels_are_kept(dtype):
    X = np.random.default_rng(0).standard_normal((3, 2, 64)).astype(dtype)
    rng = np.random.default_rng(1)
    for moved in (shift_frequency(X, [0.1, 0.2, 0.3]), add_noise(X, 3.0, rng)):
        assert moved.dtype == X.dtype and moved.shape == X.shape
    np.testing.assert_allclose(
        shift_frequency(X, [0.1, 0.2, 0.3], fill=None)[1],
        shift_frequency(X[1], 0.2, fill=None),
        atol=1e-6,
    )


KINDS = {
    "big-endian": (np.dtype(">f4"), np.float32),
    "big-endian complex": (np.dtype(">c16"), np.complex128),
    "longdouble": (np.longdouble, np.float64),
    "clongdouble": (np.clongdouble, np.complex128),
    "half": (np.float16, np.float64),
    "unsigned": (np.uint8, np.float64),
    "bool": (np.bool_, np.float64),
}


@pytest.mark.parametrize("kind, expected", KINDS.values(), ids=KINDS)
def test_numbers_of_any_kind_are_moved_as_their_values_are(kind, expected):
    X = np.random.default_rng(0).integers(0, 200, (2, 128)).astype(kind)
    values = X.astype(complex if X.dtype.kind == "c" else float)
    for function in (shift_frequency, add_noise):
        result = function(X, 0.25, random_state=0)
        assert result.dtype == expected and result.dtype.isnative
        exact = function(values, 0.25, random_state=0)
        np.testing.assert_allclose(result, exact, rtol=1e-4, atol=1e-4)
        as_list = function(values.tolist(), 0.25, random_state=0)
        np.testing.assert_array_equal(as_list, exact)


def test_tensors_with_a_history_or_lazy_signs_are_moved_as_their_values_are():
    x = torch.randn(2, 64, dtype=torch.complex128, requires_grad=True)
    y = (x.detach() * 1j).conj()
    half = shift_frequency(
        torch.ones(2, 64, dtype=torch.bfloat16), 0.25, random_state=0
    )
    exact = shift_frequency(np.ones((2, 64)), 0.25, random_state=0)
    np.testing.assert_allclose(half, exact, atol=1e-9)
    assert shift_frequency(np.ones((0, 64)), 0.25).shape == (0, 64)
    for tensor in (x, y, y.imag):
        values = tensor.detach().resolve_conj().resolve_neg().numpy()
        for function in (shift_frequency, add_noise):
            np.testing.assert_array_equal(
                function(tensor, 0.25, random_state=0),
                function(values, 0.25, random_state=0),
            )


def test_integers_do_not_wrap_around():
    X = np.full((1, 1000), 30000, np.int16) * np.sign(np.sin(T[:250].repeat(4)))
    X = X[None, 0].astype(np.int16)
    for moved in (shift_frequency(X, 0.1), add_noise(X, 0.0, np.random.default_rng(0))):
        assert moved.dtype == np.float64 and np.abs(moved).max() > 32768


PAIRS = np.zeros((2, 8), [("re", "<i2"), ("im", "<i2")])


@pytest.mark.parametrize(
    "function, args, match",
    [
        (
            shift_frequency,
            (PAIRS, 0.1),
            r"fields \('re', 'im'\), not .*from_iq",
        ),
        (shift_frequency, (None, 0.1), "X must hold real or complex .* Got None"),
        (shift_frequency, ([["a", "b"]], 0.1), "X must hold real or .* Got <U1"),
        (shift_frequency, ([[1.0, 2.0], [1.0]], 0.1), "X must hold rows of one length"),
        (
            shift_frequency,
            (np.zeros((2, 0)), 0.1),
            r"at least one sample. Got shape \(2, 0\)",
        ),
        (
            shift_frequency,
            (np.ones((2, 8)), 3000.0),
            "-fs / 2 and fs / 2 .fs = 1.. Got 3000; for a shift in Hz",
        ),
        (
            shift_frequency,
            (np.ones((2, 8)), [0.1] * 3),
            r"array of 2 numbers, .* Got \[0.1, 0.1",
        ),
        (shift_frequency, (np.ones((2, 8)), np.nan), "shift must be finite. Got nan"),
        (
            shift_frequency,
            (np.ones((2, 8)), "up"),
            "shift must be a number .* Got 'up'",
        ),
        (add_noise, (np.ones((2, 8)), [1, 2, 3]), "snr_db must be a number or an arr"),
        (
            add_noise,
            (np.ones((2, 8)), 0, "x"),
            "random_state must be an int, .* Got 'x'",
        ),
        (
            add_noise,
            (np.eye(8) * 1e308, -60),
            "signals with snr_db=-60 of X are not finite, although X is",
        ),
        (add_noise, (np.eye(8), -1e308), "at least -1000 dB. Got -1e[+]308"),
        (
            shift_frequency,
            (np.eye(8) * (1 + 1j) * 1.7e308, 0.1),
            "shifted signals of X are not finite, although X is",
        ),
    ],
)
def test_impossible_signals_and_shifts_are_refused(function, args, match):
    with pytest.raises((TypeError, ValueError), match=match):
        function(*args)
    for kwargs, word in [
        (dict(fill="floor"), "fill must be 'noise' or None. Got 'floor'"),
        (dict(offset="keep"), "offset must be 'move', .* Got 'keep'"),
        (dict(random_state="x"), "random_state must be an int, .* Got 'x'"),
    ]:
        with pytest.raises(ValueError, match=word):
            shift_frequency(np.ones((2, 8)), 0.1, **kwargs)


@pytest.mark.parametrize("largest", [1e300, 1e-300])
def test_very_large_and_very_small_signals_are_treated_like_others(largest):
    X = np.random.default_rng(0).standard_normal((2, 500))
    noisy = add_noise(X * largest, 10.0, 0) / largest
    np.testing.assert_allclose(noisy, add_noise(X, 10.0, 0))
    moved = shift_frequency(X * largest, 0.1, random_state=0) / largest
    np.testing.assert_allclose(moved, shift_frequency(X, 0.1, random_state=0))


def test_unsigned_levels_do_not_wrap_around():
    X = np.random.default_rng(0).standard_normal((1, 1000))
    np.testing.assert_array_equal(add_noise(X, np.uint8(40), 0), add_noise(X, 40.0, 0))


def test_one_signal_needs_an_axis_of_samples():
    with pytest.raises(ValueError, match=r"Got shape \(256,\); for one signal pass X"):
        shift_frequency(np.zeros(256), 0.1)


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
    transformer = RandomNoise((0, 20), clean_fraction=0, random_state=0)
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
    shift = RandomFreqShift(0.5, domain="signal")
    assert shift.fit(X)._max_bins(X) == 25
    assert shift.fit(X * 1j)._max_bins(X * 1j) == 50


@pytest.mark.parametrize("function", [add_noise, shift_frequency])
def test_no_signals_stay_none(function):
    assert function(np.ones((0, 8)), 0.0).shape == (0, 8)
