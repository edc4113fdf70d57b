"""Spectra compared with SciPy, for all parameters and kinds of signals."""

import subprocess
import sys
from functools import lru_cache

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, signal, stats

from sk_psd import (
    FFTMagnitude,
    Spectrogram,
    WelchPSD,
    _blocks,
    _segment_transformer,
    spectral,
)
from sk_psd._blocks import split_into_tasks
from sk_psd._segments import Segments
from sk_psd.spectral import decibels, fft_magnitude, spectrogram, welch


def noise(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal(shape)
    if np.issubdtype(dtype, np.complexfloating):
        X = X + 1j * rng.standard_normal(shape)
    return X.astype(dtype)


@lru_cache
def bias_at_the_ends(n):
    """Return the mean of the median of n squares of normal numbers, by integration."""
    total = 0
    for rank in ((n + 1) // 2, n // 2 + 1):
        order = stats.beta(rank, n + 1 - rank)

        def value(share, order=order):
            return stats.chi2.ppf(share, 1) * order.pdf(share)

        total += integrate.quad(value, 0, 1, epsabs=0, epsrel=1e-13, limit=500)[0] / 2
    return total


def bias_of_scipy(n):
    return 1 + sum(1 / k - 1 / (k - 1) for k in range(3, n + 1, 2))


def scipy_welch(X, **params):
    """Return SciPy's spectra with sk_psd's order of bins and correction of medians."""
    is_complex = np.iscomplexobj(X)
    X = X.astype(np.complex128 if is_complex else np.float64)
    freqs, psd = signal.welch(X, **params)
    if params.get("average") == "median" and not is_complex:
        nperseg = params["nperseg"]
        noverlap = params.get("noverlap")
        step = nperseg - (nperseg // 2 if noverlap is None else noverlap)
        n = (X.shape[-1] - nperseg) // step + 1
        nfft = params.get("nfft") or nperseg
        ends = [0, nfft // 2] if nfft % 2 == 0 else [0]
        psd[..., ends] *= bias_of_scipy(n) / bias_at_the_ends(n)
    if not params["return_onesided"]:
        freqs, psd = np.fft.fftshift(freqs), np.fft.fftshift(psd, axes=-1)
    return freqs, psd


def assert_close_in_power(psd, expected, rtol):
    """Compare relative to each power, but at least to 30 dB below their mean."""
    floor = 1e-3 * expected.mean(axis=-1, keepdims=True)
    np.testing.assert_array_less(
        np.abs(psd - expected), rtol * np.maximum(expected, floor) + 1e-300
    )


@st.composite
def welch_cases(draw):
    n_times = draw(st.integers(16, 300))
    nperseg = draw(st.integers(4, n_times))
    dtype = draw(st.sampled_from([np.float64, np.float32, np.complex128, np.complex64]))
    two_sided = np.issubdtype(dtype, np.complexfloating) or draw(st.booleans())
    window = draw(
        st.sampled_from(["hann", "boxcar", ("kaiser", 8.0), np.hamming(nperseg)])
    )
    params = dict(
        fs=draw(st.sampled_from([1.0, 250e3, 0.01])),
        window=window,
        nperseg=nperseg,
        noverlap=draw(st.none() | st.integers(0, nperseg - 1)),
        nfft=draw(st.none() | st.integers(nperseg, 2 * nperseg)),
        detrend=draw(st.sampled_from(["constant", "linear", False])),
        return_onesided=not two_sided,
        scaling=draw(st.sampled_from(["density", "spectrum"])),
        average=draw(st.sampled_from(["mean", "median"])),
    )
    n_samples, seed = draw(st.integers(1, 4)), draw(st.integers(0, 999))
    return noise((n_samples, n_times), dtype, seed), params


@settings(deadline=None, max_examples=150)
@given(welch_cases())
def test_equals_scipy_for_every_parameter(case):
    X, params = case
    freqs, expected = scipy_welch(X, **params)
    transformer = WelchPSD(**params).fit(X)
    single = X.dtype in (np.float32, np.complex64)
    psd = transformer.transform(X)
    # A few segments leave single bins near zero, where float32 has fewer digits.
    n_segments = transformer._segments.n_segments
    rtol = (1e-5 if n_segments >= 7 else 1e-4) if single else 1e-12
    assert_close_in_power(psd, expected, rtol)
    np.testing.assert_allclose(transformer.freqs_, freqs, rtol=1e-12)
    assert psd.dtype == (np.float32 if single else np.float64)


@pytest.mark.parametrize("n_times, nperseg", [(1000, 256), (100, 100), (2, 2)])
def test_nperseg_none_is_256_or_the_whole_signal(n_times, nperseg):
    X = noise((2, n_times), float)
    default, explicit = WelchPSD(), WelchPSD(nperseg=nperseg)
    np.testing.assert_array_equal(default.fit_transform(X), explicit.fit_transform(X))


def test_nperseg_none_is_the_length_of_a_window_array():
    X = noise((2, 100), float)
    _, expected = signal.welch(X, window=np.hanning(30))
    np.testing.assert_allclose(
        WelchPSD(window=np.hanning(30)).fit_transform(X), expected
    )


def test_power_of_white_noise_is_its_variance():
    X = 3 * noise((4, 65536), float)
    transformer = WelchPSD(fs=48e3, detrend=False).fit(X)
    power = transformer.transform(X).sum(axis=1) * transformer.freqs_[1]
    np.testing.assert_allclose(power, (X**2).mean(axis=1), rtol=0.02)


def test_sine_on_a_bin_has_half_its_squared_amplitude_in_spectrum_scaling():
    X = 3 * np.sin(2 * np.pi * 32 / 256 * np.arange(4096))[None]
    psd = WelchPSD(scaling="spectrum").fit_transform(X)
    assert psd.max() == pytest.approx(4.5)


def test_complex_tone_below_the_carrier_has_a_negative_frequency():
    X = np.exp(-2j * np.pi * 0.25 * np.arange(1024))[None]
    transformer = WelchPSD(fs=8.0, return_onesided=False).fit(X)
    assert np.all(np.diff(transformer.freqs_) > 0)
    assert transformer.freqs_[transformer.transform(X).argmax()] == -2.0


def test_retuning_by_whole_bins_rolls_the_spectrum_without_detrend():
    X = noise((3, 2048), complex) + 5
    retuned = X * np.exp(2j * np.pi * 37 / 256 * np.arange(2048))
    transformer = WelchPSD(return_onesided=False, detrend=False).fit(X)
    np.testing.assert_allclose(
        transformer.transform(retuned),
        np.roll(transformer.transform(X), 37, axis=1),
        atol=1e-12 * 25 * 256,
    )


def test_fmin_and_fmax_keep_the_frequencies_between_them():
    X = noise((2, 1024), float)
    whole = WelchPSD(fs=1000).fit(X)
    band = WelchPSD(fs=1000, fmin=100, fmax=200).fit(X)
    kept = (whole.freqs_ >= 100) & (whole.freqs_ <= 200)
    np.testing.assert_array_equal(band.freqs_, whole.freqs_[kept])
    np.testing.assert_array_equal(band.transform(X), whole.transform(X)[:, kept])


def test_decibels_have_a_floor_120_db_below_the_maximum():
    levels = decibels(np.array([[1.0, 1e-3, 0.0], [1e-30, 1e-41, 1e-43]]))
    np.testing.assert_allclose(levels, [[0, -30, -120], [-300, -410, -420]])
    assert decibels(np.ones((1, 4), np.float32)).dtype == np.float32


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4", "i2", "u1", "f2"])
@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_decibels_of_every_kind_of_numbers(dtype, make):
    X = np.array([[1, 10, 100], [0, 0, 0]]).astype(dtype)
    X = make(X.astype(X.dtype.newbyteorder("=")) if make is torch.tensor else X)
    levels = np.asarray(decibels(X))
    np.testing.assert_allclose(levels, [[0, 10, 20], [-120] * 3], atol=1e-5)
    assert levels.dtype == (np.float32 if dtype in ("f4", ">f4", "f2") else float)
    np.testing.assert_allclose(np.asarray(decibels(X, silent_level=-7.0))[1], -7)


@pytest.mark.parametrize(
    "params, error, match",
    [
        (dict(psd=None), TypeError, "psd must hold real"),
        (dict(axis=5), ValueError, "axis must be one of .* Got 5"),
        (dict(silent_level=np.nan), ValueError, "silent_level must be .* Got nan"),
        (dict(psd=[]), ValueError, "psd must hold at least one power"),
    ],
)
def test_impossible_decibels_are_refused(params, error, match):
    with pytest.raises(error, match=match):
        decibels(**dict(psd=np.ones((2, 3))) | params)


def test_magnitudes_of_tensors_with_gradients_and_of_the_largest_numbers():
    X = torch.ones(1, 4, dtype=torch.float64, requires_grad=True)
    np.testing.assert_array_equal(fft_magnitude(X), [[4, 0, 0]])
    with pytest.raises(ValueError, match="not finite, although X is"):
        fft_magnitude(np.full((1, 8), 3e38, np.float32))


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_decibels_of_amplitudes_are_refused(make):
    with pytest.raises(TypeError, match=r"real. Got .*complex128; pass np.abs\(X\)"):
        decibels(make(np.array([[3 + 4j, 1j, 10]])))


def test_a_level_that_is_no_number_leaves_the_others_as_they_are():
    P = np.array([[1.0, np.nan, 100.0], [np.inf, 10.0, 1e-20], [np.nan] * 3])
    for levels in (decibels(P), decibels(torch.from_numpy(P)).numpy()):
        np.testing.assert_allclose(levels[0], [0, np.nan, 20])
        np.testing.assert_allclose(levels[1], [np.inf, 10, -110])
        assert np.isnan(levels[2]).all()


@st.composite
def signals_of_any_kind(draw):
    """Draw signals of any shape, dtype and strides, and parameters for them."""
    dtype = draw(st.sampled_from("f4 f8 c8 c16 i2 u1 i8 >f4 >i2 ?".split()))
    n_times = draw(st.integers(8, 200))
    shape = draw(st.sampled_from([(3,), (1,), (7,), (2, 3), (3, 1)])) + (n_times,)
    is_complex = dtype[0] == "c"
    X = noise(shape, complex if is_complex else float, draw(st.integers(0, 99)))
    if dtype[-2:] in ("i2", "u1", "i8"):
        X = np.clip(30 * X + 100, 0, 255)
    with np.errstate(all="ignore"):
        X = X.astype(dtype)
    layout = draw(st.sampled_from(["C", "F", "reversed", "steps", "read-only"]))
    if layout == "F":
        X = np.asfortranarray(X)
    elif layout == "reversed":
        X = X[::-1, ..., ::-1]
    elif layout == "steps":
        X = X.repeat(2, axis=0).repeat(3, axis=-1)[::2, ..., ::3]
    elif layout == "read-only":
        X.flags.writeable = False
    nperseg = draw(st.integers(4, n_times))
    params = dict(
        nperseg=nperseg,
        noverlap=draw(st.none() | st.integers(0, nperseg - 1)),
        average=draw(st.sampled_from(["mean", "median"])),
        return_onesided=not is_complex and draw(st.booleans()),
    )
    return X, params


@settings(deadline=None, max_examples=150)
@given(signals_of_any_kind(), st.sampled_from([300, 2000, 2**21]))
def test_any_kind_of_signal_and_any_blocks_give_the_spectra_of_scipy(case, n_bytes):
    X, params = case
    before = X.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_blocks, "_BLOCK_BYTES", n_bytes)
        _, psd = welch(X, **params)
    _, expected = scipy_welch(X, **params)
    single = X.dtype.newbyteorder("=") in (np.float32, np.complex64)
    assert_close_in_power(psd, expected, 1e-4 if single else 1e-12)
    assert psd.dtype == (np.float32 if single else np.float64)
    np.testing.assert_array_equal(X, before)


@settings(deadline=None, max_examples=20)
@given(signals_of_any_kind(), st.sampled_from([100, 500, 2**21]))
def test_the_number_of_threads_does_not_change_a_bit(case, n_bytes):
    X, params = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_blocks, "_BLOCK_BYTES", n_bytes)
        _, one = welch(X, **params, n_jobs=1)
        for n_jobs in (2, 4):
            np.testing.assert_array_equal(welch(X, **params, n_jobs=n_jobs)[1], one)
        spectrograms = [
            spectrogram(X, nperseg=params["nperseg"], return_onesided=False, n_jobs=n)
            for n in (1, 4)
        ]
    np.testing.assert_array_equal(spectrograms[0][2], spectrograms[1][2])


def test_one_long_signal_is_split_over_threads_without_changing_a_bit():
    X = noise((1, 3_000_000), np.float32)
    _, one = welch(X, nperseg=256, n_jobs=1)
    tasks = split_into_tasks(1, Segments(X.shape[1]), torch.ones(1), split_rows=True)
    assert len(tasks) >= 2
    np.testing.assert_array_equal(welch(X, nperseg=256, n_jobs=2)[1], one)
    assert_close_in_power(
        one, scipy_welch(X, nperseg=256, return_onesided=True)[1], 1e-5
    )


def test_blocks_hold_every_segment_once_and_in_order():
    for n_rows, n_times, n_bytes in [(7, 700, 2**12), (3, 9000, 2**12), (2, 256, 1)]:
        segments = Segments(n_times, nperseg=64)
        for split_rows in (False, True):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_blocks, "_BLOCK_BYTES", n_bytes)
                tasks = split_into_tasks(
                    n_rows, segments, torch.ones(1), split_rows=split_rows
                )
            found = [
                (row, segment)
                for task in tasks
                for block in task
                for row in range(n_rows)[block.rows]
                for segment in block.segments
            ]
            rows, n_segments = range(n_rows), segments.n_segments
            assert found == [(row, i) for row in rows for i in range(n_segments)]
            if not split_rows:
                assert all(task[-1].segments.stop == n_segments for task in tasks)


def test_joblib_workers_give_the_same_bits():
    X = noise((40, 4096), np.float32)
    parts = joblib.Parallel(n_jobs=2)(
        joblib.delayed(welch)(X[rows]) for rows in (slice(0, 20), slice(20, 40))
    )
    np.testing.assert_array_equal(np.vstack([p for _, p in parts]), welch(X)[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("nperseg", [256, 4096])
def test_an_offset_of_1000_deviations_costs_no_precision(dtype, nperseg):
    X = (noise((4, 32768), float) + 1000).astype(dtype)
    # Subtracting the offset from float64 signals is exact.
    expected = scipy_welch(
        X.astype(np.float64) - 1000, nperseg=nperseg, return_onesided=True
    )[1]
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    assert_close_in_power(welch(X, nperseg=nperseg)[1], expected, rtol)


def test_a_function_may_detrend():
    X = noise((2, 500), float) + np.linspace(0, 50, 500)
    _, psd = welch(X, nperseg=100, detrend=lambda x: signal.detrend(x, axis=-1))
    _, expected = welch(X, nperseg=100, detrend="linear")
    np.testing.assert_allclose(psd, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_memory_mapped_signals_are_read_and_left_as_they_are(tmp_path, mode):
    X = (1000 * noise((30, 5000), float)).astype(np.int16)
    path = tmp_path / "signals.bin"
    X.tofile(path)
    mapped = np.memmap(path, np.int16, mode, shape=X.shape)
    if mode == "c":
        mapped[3] += 1
        X[3] += 1
    psd = WelchPSD().fit(mapped).transform(mapped)
    np.testing.assert_array_equal(psd, WelchPSD().fit_transform(X))
    np.testing.assert_array_equal(mapped, X)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_a_memory_mapped_array_is_never_loaded_whole(tmp_path):
    """The array has 100 MB. Pages are released once they are read, at any size."""
    script = f"""
import re
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.dummy import DummyClassifier
from sk_psd import WelchPSD

def resident(what):
    status = open("/proc/self/status").read()
    return int(re.search(f"Vm{{what}}:\\s+(\\d+)", status)[1]) / 1024

for dtype in ("int16", "float32", ">i2"):
    path, shape = "{tmp_path}/x.bin", (100, 1_000_000 // np.dtype(dtype).itemsize)
    X = np.memmap(path, dtype, "w+", shape=shape)
    X[:, ::1000] = 1
    X.flush()
    del X
    X = np.memmap(path, dtype, "r", shape=shape)
    pipe = make_pipeline(WelchPSD(), DummyClassifier()).fit(X[:4], [0, 1, 0, 1])
    open("/proc/self/clear_refs", "w").write("5")
    before = resident("RSS")
    pipe.predict(X)
    WelchPSD(n_jobs=2).fit_transform(X)
    print(resident("HWM") - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    growth = [float(line) for line in done.stdout.split()]
    assert len(growth) == 3 and max(growth) < 70  # of 100


def test_three_axes_are_channels_of_their_own():
    X = noise((5, 3, 600), np.float32)
    psd = WelchPSD().fit_transform(X)
    assert psd.shape == (5, 3, 129)
    for channel in range(3):
        one = WelchPSD().fit_transform(X[:, channel])
        np.testing.assert_allclose(psd[:, channel], one, rtol=1e-5)


def test_bytes_of_an_iq_receiver_become_complex_signals():
    signals = np.exp(-2j * np.pi * 0.25 * np.arange(1024))[None]
    pairs = np.stack([signals.real, signals.imag], axis=-1).reshape(1, -1)
    received = np.round(127.5 + 100 * pairs).astype(np.uint8)
    X = (received.astype(np.float32) - 127.5).view(np.complex64)
    transformer = WelchPSD(return_onesided=False).fit(X)
    assert transformer.freqs_[transformer.transform(X).argmax()] == -0.25


@pytest.mark.parametrize("part", [slice(None), slice(0, 3)])
def test_nan_is_found_wherever_it_stands(part):
    X = noise((5, 1000), float)
    fitted = WelchPSD().fit(X)
    for place in [(0, 0), (2, 500), (2, 999)]:  # the last is in no segment
        broken = X.copy()
        broken[place] = np.nan
        with pytest.raises(ValueError, match="Input X contains NaN"):
            fitted.transform(broken[part])
        with pytest.raises(ValueError, match="Input X contains NaN"):
            WelchPSD().fit(broken[part])


def test_powers_beyond_the_largest_number_are_an_error():
    X = np.float32(1e25) * noise((2, 1000), np.float32)
    with pytest.raises(ValueError, match="powers of X are not finite, although X is"):
        WelchPSD().fit_transform(X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex64])
@pytest.mark.parametrize("noverlap", [None, 0, 90])
def test_spectrogram_equals_scipy(dtype, noverlap):
    X = noise((3, 1000), dtype)
    two_sided = np.iscomplexobj(X)
    params = dict(nperseg=100, noverlap=noverlap, return_onesided=not two_sided)
    freqs, times, expected = signal.spectrogram(
        X.astype(complex if two_sided else float),
        fs=50.0,
        window="hann",
        **{**params, "noverlap": 50 if noverlap is None else noverlap},
    )
    if two_sided:
        freqs = np.fft.fftshift(freqs)
        expected = np.fft.fftshift(expected, axes=-2)
    transformer = Spectrogram(50.0, **params).fit(X)
    powers = transformer.transform(X)
    np.testing.assert_allclose(transformer.freqs_, freqs, rtol=1e-12)
    np.testing.assert_allclose(transformer.times_, times, rtol=1e-12)
    rtol = 1e-12 if dtype == np.float64 else 1e-4
    for frame in range(len(times)):
        assert_close_in_power(powers[..., frame], expected[..., frame], rtol)


def test_mean_of_a_spectrogram_is_the_welch_spectrum():
    X = noise((2, 3, 2000), float)
    params = dict(fs=10.0, nperseg=128, fmin=1, fmax=4)
    _, psd = welch(X, **params)
    freqs, times, powers = spectrogram(X, **params)
    assert powers.shape == (2, 3, len(freqs), len(times))
    np.testing.assert_allclose(powers.mean(axis=-1), psd, rtol=1e-12)


def test_decibels_of_a_spectrogram_have_one_floor():
    X = np.zeros((1, 512))
    X[0, :256] = noise(256, float)
    levels = Spectrogram(nperseg=64, decibels=True, range_db=None).fit_transform(X)
    assert levels.max() - levels.min() == pytest.approx(120)


def test_welch_function_returns_the_frequencies_and_the_transformers_values():
    X = noise((2, 512), float)
    freqs, psd = welch(X, 100.0, nperseg=128)
    transformer = WelchPSD(100.0, nperseg=128).fit(X)
    np.testing.assert_array_equal(freqs, transformer.freqs_)
    np.testing.assert_array_equal(psd, transformer.transform(X))


@pytest.mark.parametrize("fs, nperseg", [(1.0, 4096), (250e3, 1024), (1e9, 8), (3, 7)])
def test_names_in_hertz_are_unique(fs, nperseg):
    X = noise((1, 4096), float)
    names = WelchPSD(fs, nperseg=nperseg).fit(X).get_feature_names_out()
    assert len(set(names)) == nperseg // 2 + 1


def test_names_are_in_hertz():
    names = WelchPSD(10e3, nperseg=8).fit(noise((1, 64), float)).get_feature_names_out()
    expected = ["psd_0.0Hz", "psd_1250.0Hz", "psd_2500.0Hz", "psd_3750.0Hz"]
    assert names.tolist() == [*expected, "psd_5000.0Hz"]


@pytest.mark.parametrize(
    "transformer",
    [WelchPSD(), WelchPSD(decibels=True), Spectrogram(decibels=True), FFTMagnitude()],
    ids=repr,
)
@pytest.mark.parametrize("dtype", [float, np.float32])
def test_fit_transform_checks_the_signals_once(transformer, dtype, monkeypatch):
    calls, check = [], _segment_transformer.check_rows

    def count(estimator, X, **options):
        calls.append(options["reset"])
        return check(estimator, X, **options)

    for module in (spectral, _segment_transformer):
        monkeypatch.setattr(module, "check_rows", count)
    X = noise((3, 2, 600), dtype)
    both = transformer.fit_transform(X)
    assert calls == [True]
    np.testing.assert_array_equal(transformer.fit(X).transform(X), both)
    assert calls == [True, True, False]


def test_fft_magnitude_of_real_rows_is_the_absolute_rfft():
    X = noise((3, 65), np.float32)
    magnitude = FFTMagnitude().fit_transform(X)
    np.testing.assert_allclose(magnitude, np.abs(np.fft.rfft(X)), rtol=1e-4, atol=1e-5)
    assert magnitude.dtype == np.float32


def test_fft_magnitude_of_complex_rows_is_two_sided_and_ascending():
    X = np.exp(-2j * np.pi * 0.25 * np.arange(64))[None].astype(np.complex64)
    transformer = FFTMagnitude().fit(X)
    magnitude = transformer.transform(X)
    assert magnitude.dtype == np.float32
    assert magnitude.shape == (1, 64)
    assert transformer.freqs_[magnitude.argmax()] == -0.25


def test_fft_magnitude_refuses_the_other_kind_of_rows_than_it_was_fitted_on():
    X = noise((2, 16), complex)
    with pytest.raises(ValueError, match="fitted on complex rows, but X is real"):
        FFTMagnitude().fit(X).transform(X.real)


def test_a_line_through_two_samples_leaves_nothing():
    X = noise((3, 10), float)
    for nperseg in (1, 2, 3):
        _, psd = welch(X, nperseg=nperseg, detrend="linear", window="hamming")
        _, expected = signal.welch(
            X, nperseg=nperseg, detrend="linear", window="hamming"
        )
        np.testing.assert_allclose(psd, expected, atol=1e-25)


def test_a_function_that_detrends_may_compute_spectra_itself():
    def detrend(segments):
        welch(noise((3, 600), float))
        return segments

    X = noise((50, 2000), float)
    _, psd = welch(X, detrend=detrend)
    np.testing.assert_array_equal(psd, welch(X, detrend=False)[1])


def test_a_function_that_detrends_shares_no_memory_with_the_spectra_it_computes():
    def detrend(segments):
        welch(np.full((50, 2000), 2**60), detrend=False)
        return segments

    X = (100 * noise((50, 2000), float)).astype(np.int64)
    _, psd = welch(X, detrend=detrend)
    np.testing.assert_array_equal(psd, welch(X, detrend=False)[1])


@pytest.mark.parametrize(
    "kwargs, match",
    [
        ({"scaling": "psd"}, "scaling must be 'density' or 'spectrum'. Got 'psd'"),
        ({"detrend": "Linear"}, "detrend must be .* Got 'Linear'"),
        ({"detrend": True}, "detrend must be .* Got True"),
        ({"noverlap": -1}, "noverlap must be an int of at least 0, or None. Got -1"),
        ({"nperseg": 25.5}, "nperseg must be an int of at least 1, or None. Got 25.5"),
        ({"fs": -1}, "fs must be positive and finite. Got -1"),
        ({"fs": np.nan}, "fs must be positive and finite. Got nan"),
        ({"window": np.ones(8) * 1j}, "one-dimensional, real, finite"),
        ({"window": np.full(8, np.nan)}, "one-dimensional, real, finite"),
        ({"detrend": lambda x: x[..., :3]}, r"detrend must return .* Got \(2, 1, 3\)"),
        ({"detrend": lambda x: None}, "detrend must return .* of object"),
        ({"detrend": lambda x: x * 1j}, "detrend must return .* of complex128"),
    ],
)
@pytest.mark.parametrize("function", [welch, spectrogram])
def test_bad_parameters_of_the_functions_are_refused(function, kwargs, match):
    with pytest.raises(ValueError, match=match):
        function(noise((2, 32), float), **kwargs)


def test_welch_refuses_an_unknown_average_and_complex_one_sided_spectra():
    with pytest.raises(ValueError, match="average must be 'mean' or 'median'"):
        welch(noise((2, 32), float), average="max")
    with pytest.raises(ValueError, match="Complex data not supported"):
        welch(noise((2, 32), complex))


@pytest.mark.parametrize("shape", [(), (0, 8), (8, 0), (2, 2, 2, 8)])
def test_functions_refuse_what_holds_no_signals(shape):
    with pytest.raises(ValueError, match="X must hold signals, of shape"):
        welch(np.ones(shape))


def test_functions_take_lists_frames_and_single_signals():
    X = noise((3, 64), float)
    for rows in (X.tolist(), pd.DataFrame(X), torch.from_numpy(X).requires_grad_()):
        np.testing.assert_allclose(np.asarray(welch(rows)[1]), welch(X)[1], rtol=1e-12)
    assert welch(X[0])[1].shape == (33,)
    assert decibels([1, 10, 100]).tolist() == [0, 10, 20]


def test_parameters_set_after_fit_wait_for_the_next_fit():
    X = noise((2, 1024), float)
    transformer = WelchPSD(fs=1000, nperseg=128).fit(X)
    psd = transformer.transform(X)
    transformer.set_params(fs=2000.0, nperseg=64)
    np.testing.assert_array_equal(transformer.transform(X), psd)
    assert transformer.fit(X).transform(X).shape == (2, 33)


@pytest.mark.parametrize("dtype", [">i2", ">f4", "f2", ">c8"])
def test_files_of_any_byte_order_are_read(tmp_path, dtype):
    X = np.memmap(tmp_path / "x", dtype, "w+", shape=(4, 3000))
    rng = np.random.default_rng(0)
    X[:] = rng.integers(-100, 100, X.shape)
    two_sided = dtype == ">c8"
    psd = WelchPSD(return_onesided=not two_sided).fit_transform(X)
    native = np.array(X).astype(complex if two_sided else float)
    _, expected = scipy_welch(native, return_onesided=not two_sided)
    assert_close_in_power(psd, expected, 1e-5)
    assert psd.dtype == (np.float32 if dtype in (">f4", ">c8") else np.float64)


@pytest.mark.parametrize("n_times", [127, 128, 200, 5000])
def test_a_single_signal_of_any_length_is_taken(n_times):
    x = np.random.default_rng(0).standard_normal(n_times)
    np.testing.assert_array_equal(welch(x)[1], welch(x[None])[1][0])
    np.testing.assert_array_equal(spectrogram(x)[2], spectrogram(x[None])[2][0])
