import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from sk_psd import FFTMagnitude, WelchPSD
from sk_psd.spectral import decibels, welch


def noise(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal(shape)
    if np.issubdtype(dtype, np.complexfloating):
        X = X + 1j * rng.standard_normal(shape)
    return X.astype(dtype)


def scipy_welch(X, **params):
    X = X.astype(np.complex128 if np.iscomplexobj(X) else np.float64)
    freqs, psd = signal.welch(X, **params)
    if not params["return_onesided"]:
        freqs, psd = np.fft.fftshift(freqs), np.fft.fftshift(psd, axes=-1)
    return freqs, psd


def assert_close_in_power(psd, expected, rtol):
    """Compare relative to each power or, where it is less, 30 dB below their mean."""
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
    n_segments = transformer._segments().n_segments
    rtol = (1e-5 if n_segments >= 7 else 1e-4) if single else 1e-12
    assert_close_in_power(psd, expected, rtol)
    np.testing.assert_allclose(transformer.freqs_, freqs, rtol=1e-12)
    assert psd.dtype == (np.float32 if single else np.float64)


@pytest.mark.parametrize("n_times, nperseg", [(1000, 256), (100, 100), (1, 1)])
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
    levels = decibels(np.array([[1.0, 1e-3, 0.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(levels[0], [0, -30, -120])
    assert np.isfinite(levels).all()
    assert decibels(np.ones((1, 4), np.float32)).dtype == np.float32


def test_decibels_of_a_silent_signal_are_finite():
    silent = np.zeros((1, 512), np.float32)
    assert np.isfinite(WelchPSD(decibels=True).fit_transform(silent)).all()


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_threads_and_chunks_do_not_change_the_result(n_jobs, monkeypatch):
    X = noise((50, 1000), np.float32)
    whole = WelchPSD().fit_transform(X)
    monkeypatch.setattr("sk_psd._segments._BLOCK_BYTES", 3000)
    np.testing.assert_allclose(WelchPSD(n_jobs=n_jobs).fit_transform(X), whole, 1e-5)


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
