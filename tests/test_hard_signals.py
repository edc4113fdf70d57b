"""Spectra of silence, spikes, gaps, small and large values, and limits on bins."""

import warnings

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_psd import (
    ConvFilter,
    FFTMagnitude,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    Spectrogram,
    WelchPSD,
    _segment_transformer,
    make_baselines,
)
from sk_psd.spectral import fft_magnitude, spectrogram, welch


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def tone_or_noise(n=60):
    """Return rows of noise, as many rows of a tone in noise, and their labels."""
    tone = np.sin(2 * np.pi * 0.1 * np.arange(1024)) + 1.5 * noise(n, 1024, seed=1)
    return np.vstack([noise(n, 1024), tone]), np.repeat(["noise", "tone"], n)


# Silence -------------------------------------------------------------------------

SILENCE = [
    ("zeros", lambda t: 0 * t, "constant"),
    ("a constant", lambda t: 0 * t + 9.81, "constant"),
    ("a constant", lambda t: 0 * t + 0.1, "linear"),
    ("zeros", lambda t: 0 * t, False),
    ("a line", lambda t: 9.81 - 0.001 * t, "linear"),
    ("a constant", lambda t: 0 * t + 0.1, lambda x: signal.detrend(x)),
    ("the largest number", lambda t: 0 * t + np.finfo("f4").max, "constant"),
]


@pytest.mark.parametrize("name, make, detrend", SILENCE)
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8"])
def test_a_row_without_power_is_a_low_floor_of_what_fit_saw(name, make, detrend, dtype):
    if name == "a line" and dtype != "f8":
        pytest.skip("rounding a line to single precision leaves power")
    row = make(np.arange(1024.0)).astype(dtype)
    X = noise(20, 1024).astype(dtype)
    psd = WelchPSD(
        decibels=True, detrend=detrend, return_onesided=dtype != "c8", average="median"
    )
    psd.fit(X)
    floors = psd.transform(X).min(1)
    assert psd.silent_level_ == pytest.approx(np.quantile(floors, 0.1), abs=1e-5)
    mixed = np.vstack([X[:3], row, X[3:5], row])
    message = r"WelchPSD: 2 of 7 signals hold no power, the first is row 3\. .*dB"
    with pytest.warns(UserWarning, match=message):
        levels = psd.transform(mixed)
    np.testing.assert_allclose(levels[[3, 6]], psd.silent_level_, rtol=1e-6)
    np.testing.assert_array_equal(levels[:3], psd.transform(X[:3]))


@pytest.mark.parametrize("make", [WelchPSD, Spectrogram])
def test_the_level_of_silence_is_the_same_from_fit_and_fit_transform(make):
    X = noise(9, 2, 700)
    X[4] = 0
    with pytest.warns(UserWarning, match="2 of 18 .* first is row 4, channel 0"):
        both = make(decibels=True)
        levels = both.fit_transform(X)
    fitted = make(decibels=True).fit(X)
    assert fitted.silent_level_ == both.silent_level_
    assert np.unique(levels[4]).tolist() == [pytest.approx(both.silent_level_)]
    with pytest.warns(UserWarning, match="The[ir]+ level is -120.0 dB"):
        assert (make(decibels=True).fit(0 * X).transform(X[4:5]) == -120).all()
    with pytest.warns(UserWarning, match="Their powers are 0"):
        assert (make().fit(X).transform(X[4:5]) == 0).all()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("row", [0, 31])
def test_one_silent_row_takes_no_classifier_to_chance(dtype, row):
    X, y = tone_or_noise()
    X[2 * row] = 0
    X = X.astype(dtype)
    model = make_pipeline(
        WelchPSD(fs=1000, decibels=True), StandardScaler(), LogisticRegression(C=0.01)
    )
    with pytest.warns(UserWarning, match="1 of 60 signals hold no power"):
        model.fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.95


def test_a_band_beside_all_power_is_silent():
    X = np.full((1, 4096), 5.0)
    psd = WelchPSD(detrend=False, fmin=0.1, decibels=True).fit(noise(4, 4096))
    with pytest.warns(UserWarning, match="no power"):
        assert (psd.transform(X) == psd.silent_level_).all()


def test_median_average_counts_the_segments_without_power():
    X = noise(3, 4096) + 1000
    X[1, 1800:] = 0
    with pytest.warns(UserWarning, match=r"1 of 3 signals .* row 1 \d+ of 31.*'mean'"):
        welch(X, average="median")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        welch(X, average="mean")
        X[1, 1800] = 1e9  # the others are weak beside this one, not silent
        X[1, 1801:] = 1000 + noise(4096 - 1801)
        welch(X, average="median")


@pytest.mark.parametrize("exponent", [-22.8, -23, -24])
def test_segments_whose_powers_float32_cannot_hold_are_not_silent(exponent):
    X = (10.0**exponent * noise(2, 2048)).astype("f4")
    psd = WelchPSD(average="median", decibels=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        levels = psd.fit_transform(X)
    np.testing.assert_allclose(levels, psd.fit_transform(X.astype(float)), atol=1e-3)
    X[1, 900:] = 0
    with pytest.warns(UserWarning, match=r"1 of 2 signals .* row 1 \d+ of 15"):
        psd.fit_transform(X)


# Spikes, codes, gaps -------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("spike", [1e6, 1e20, -9999.0, 3e38])
def test_a_spike_costs_the_median_spectrum_no_digits(seed, spike):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((1, 65536)).astype("f4")
    # Where the window is zero, float64 itself loses the digits beside 1e20.
    edge = 128 * rng.integers(512)
    X[0, edge if seed < 5 and spike < 1e9 else edge + rng.integers(1, 128)] = spike
    psd = welch(X, average="median")[1]
    expected = signal.welch(X.astype(float), average="median")[1]
    np.testing.assert_allclose(psd[:, 1:-1], expected[:, 1:-1], rtol=1e-5)
    tensor = welch(torch.from_numpy(X), average="median")[1].numpy()
    np.testing.assert_allclose(tensor[:, 1:-1], expected[:, 1:-1], rtol=1e-5)


@pytest.mark.parametrize("spike", [1e20, 1e150, -9999.0])
@pytest.mark.parametrize("place", [0, 62, 2000, 3999])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_a_spike_spoils_the_frames_that_hold_it_and_no_others(spike, place, offset):
    X = noise(1, 4000) + offset
    expected = spectrogram(X)[2]
    X[0, place] = spike
    starts = np.arange(expected.shape[-1]) * 128
    others = (place < starts) | (place >= starts + 256)
    powers = spectrogram(X)[2]
    np.testing.assert_allclose(powers[..., others], expected[..., others], rtol=1e-9)


def test_a_spike_whose_power_is_no_number_is_an_error_that_names_its_row():
    X = noise(3, 2, 4000)
    X[1, 1, 500] = 1.7e308
    for run in (spectrogram, Spectrogram().fit_transform, welch):
        with pytest.raises(ValueError, match="not finite, .* row 1, channel 1 exceed"):
            run(X)
    X[2, 0, 3] = np.nan
    with pytest.raises(ValueError, match="not finite, .* row 1, channel 1 exceed"):
        spectrogram(X)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("detrend", ["constant", "linear", False])
def test_nan_in_a_segment_makes_its_frames_nan_and_no_others(value, detrend):
    X = noise(2, 4000) + 1000
    expected = spectrogram(X, detrend=detrend)[2]
    X[1, 62] = value
    powers = spectrogram(X, detrend=detrend)[2]
    assert not np.isfinite(powers[1, :, 0]).any()
    expected[1, :, 0] = powers[1, :, 0]
    np.testing.assert_allclose(powers, expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("average", ["mean", "median"])
def test_the_segments_without_nan_are_averaged(seed, average):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((4, 6400))
    for row in (1, 3):
        start = rng.integers(0, 6000)
        X[row, start : start + rng.integers(1, 400)] = np.nan
    params = dict(
        nperseg=int(rng.integers(50, 200)),
        noverlap=int(rng.integers(0, 40)),
        detrend=["constant", "linear", False][seed % 3],
    )
    psd = WelchPSD(average=average, nan_segments="omit", **params).fit_transform(X)
    frames = spectrogram(X, **params)[2]
    for row in range(4):
        whole = frames[row][:, np.isfinite(frames[row]).all(0)]
        if average == "mean":
            expected = whole.mean(-1)
        else:
            n = whole.shape[-1]
            bias = 1 + sum(1 / k - 1 / (k - 1) for k in range(3, n + 1, 2))
            expected = np.median(whole, -1) / bias
            expected[0] = psd[row, 0]
            expected[-1] = expected[-1] if params["nperseg"] % 2 else psd[row, -1]
        np.testing.assert_allclose(psd[row], expected, rtol=1e-9)
    alone = WelchPSD(average=average, nan_segments="omit", **params)
    np.testing.assert_array_equal(alone.fit_transform(X[1:2])[0], psd[1])
    usual = WelchPSD(average=average, **params).fit_transform(X[::2])
    np.testing.assert_array_equal(usual, psd[::2])
    function = welch(X, average=average, nan_segments="omit", **params)[1]
    np.testing.assert_array_equal(function, psd)


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_an_error_says_which_row_and_sample_is_nan(make):
    X = noise(5, 3, 600)
    X[2, 1, 599] = np.nan
    match = "NaN, first in row 2, channel 1, column 599. .*nan_segments='omit'"
    with pytest.raises(ValueError, match=match):
        WelchPSD().fit_transform(make(X))
    with pytest.raises(
        ValueError, match="in row 2, channel 1, column 599. .* gaps first.$"
    ):
        Spectrogram().fit(make(X))
    X[2, 1] = np.nan
    with pytest.raises(ValueError, match="NaN in every segment of row 2, channel 1"):
        WelchPSD(nan_segments="omit").fit_transform(make(X))
    assert np.isnan(welch(X, nan_segments="omit")[1][2, 1]).all()
    X[2, 1] = 0
    X[3, 0, 7] = np.inf
    with pytest.raises(
        ValueError, match="infinity, first in row 3, channel 0, column 7"
    ):
        WelchPSD(nan_segments="omit").fit_transform(make(X))


def test_rows_are_counted_from_the_first_also_where_fit_reads_in_parts(monkeypatch):
    monkeypatch.setattr(_segment_transformer, "_FIT_VALUES", 2 * 129)
    X = noise(9, 600)
    X[7, 500] = np.nan
    with pytest.raises(ValueError, match="NaN, first in row 7, column 500"):
        WelchPSD(decibels=True).fit(X)
    with pytest.raises(ValueError, match="NaN, first in row 7, column 500"):
        Spectrogram(decibels=True).fit(X)
    X[7] = np.nan
    with pytest.raises(ValueError, match="every segment of row 7:"):
        WelchPSD(decibels=True, nan_segments="omit").fit(X)
    parts = WelchPSD(decibels=True).fit(X[:7])
    monkeypatch.undo()
    assert WelchPSD(decibels=True).fit(X[:7]).silent_level_ == parts.silent_level_


@pytest.mark.parametrize("nperseg", [1, 2, 4])
@pytest.mark.parametrize("average", ["mean", "median"])
def test_infinity_is_refused_by_segments_of_any_length(nperseg, average):
    X = noise(1, 40)
    X[0, 3] = np.inf
    psd = WelchPSD(
        nperseg=nperseg, noverlap=0, average=average, detrend=False, window="boxcar"
    )
    with pytest.raises(ValueError, match="contains infinity, first in row 0, column 3"):
        psd.fit_transform(X)


@pytest.mark.parametrize("nperseg", [256, 1024])
def test_a_line_of_60_db_costs_no_more_digits_than_in_scipy(nperseg):
    n_bin = nperseg // 5
    t = np.arange(65536)
    lines = [np.sin(2 * np.pi * t * n_bin / nperseg + phase) for phase in (0, 1)]
    X = noise(2, 65536) + 1e3 * np.sqrt(2 / nperseg) * np.array(lines)
    X = X.astype("f4")
    expected = signal.welch(X.astype(float), nperseg=nperseg)[1]
    error = np.abs(welch(X, nperseg=nperseg)[1] / expected - 1)
    error[:, n_bin - 3 : n_bin + 4] = 0
    assert error.max() < 1e-5


# Scale ---------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    st.floats(-37, 37),
    st.sampled_from([1.0, 16384.0, 1e-3, 1e30]),
    st.sampled_from(["f4", "c8"]),
    st.sampled_from(["mean", "median", "each"]),
)
def test_levels_of_signals_of_any_scale_are_those_of_float64(exponent, fs, dtype, how):
    scale = 10**exponent
    X = (scale * noise(2, 2048)).astype(dtype)
    params = dict(fs=fs, return_onesided=dtype != "c8", decibels=True)
    if how == "each":
        transformer = Spectrogram(**params)
    else:
        transformer = WelchPSD(average=how, **params)
    double = X.astype("f8" if dtype == "f4" else "c16")
    levels = transformer.fit_transform(X)
    assert levels.dtype == np.float32
    expected = transformer.fit_transform(double)
    # Single bins of a few segments may be near zero, where float32 has fewer digits.
    close = expected > expected.max() - 40
    np.testing.assert_allclose(levels[close], expected[close], rtol=0, atol=1e-3)


@pytest.mark.parametrize("exponent", range(-30, -14))
def test_spectra_of_small_float32_are_those_of_float64_or_an_error(exponent):
    X = (10.0**exponent * noise(2, 65536)).astype("f4")
    for run in (
        lambda: welch(X, 16384)[1],
        lambda: WelchPSD(16384).fit_transform(X),
        lambda: welch(torch.from_numpy(X), 16384)[1].numpy(),
    ):
        if exponent < -16:
            with pytest.raises(ValueError, match="too small for float32.*row 0.*decib"):
                run()
        else:
            expected = signal.welch(X.astype(float), 16384)[1]
            np.testing.assert_allclose(run(), expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-170, 1e-300, 1e160, 1e300])
@pytest.mark.parametrize("average", ["mean", "median"])
def test_float64_beyond_its_squares_has_levels_and_no_powers(scale, average):
    X = noise(3, 2048)
    X[0] *= scale  # the other rows must not change
    psd = WelchPSD(average=average, decibels=True, range_db=None)
    levels = psd.fit_transform(X)
    X[0] /= scale
    expected = psd.fit_transform(X)
    np.testing.assert_array_equal(levels[1:], expected[1:])
    np.testing.assert_allclose(levels[0], expected[0] + 20 * np.log10(scale), atol=1e-9)
    X[0] *= scale
    with pytest.raises(ValueError, match="too small for float64|not finite, although"):
        WelchPSD(average=average).fit_transform(X)


@pytest.mark.parametrize("X", [np.full((2, 8), 1e29, ">f4"), np.full((2, 8), 1e300)])
def test_a_spectrogram_beyond_the_largest_number_is_an_error(X):
    with pytest.raises(ValueError, match="not finite, although X is: those of row 0"):
        spectrogram(X, detrend=False)


def test_levels_of_a_row_are_the_same_bits_alone_and_among_others():
    for dtype in ("f4", "f8"):
        for nperseg in (16, 100, 256):
            X = noise(40, 512).astype(dtype)
            for psd in (WelchPSD(nperseg=nperseg), Spectrogram(nperseg=nperseg)):
                psd.set_params(decibels=True, range_db=None).fit(X)
                together = psd.transform(X)
                for i in range(0, 40, 7):
                    np.testing.assert_array_equal(
                        psd.transform(X[i : i + 1])[0], together[i]
                    )


# Axes ----------------------------------------------------------------------------


def test_limits_that_lie_on_bins_are_included():
    X = np.zeros((1, 5000))
    assert WelchPSD(fs=500, nperseg=5000, fmax=0.3).fit(X).freqs_[-1] == 0.3
    whole = WelchPSD(fs=125, nperseg=120, fmax=62.5).fit(X)
    assert len(whole.freqs_) == 61 and whole.freqs_[-1] == 62.5
    names = whole.get_feature_names_out()
    assert names[-1] == "psd_62.5Hz"[: len(names[-1])] or "62.5" in names[-1]


RATES = [1.0, 0.1, 3.3, 125, 250, 360, 500, 44100, 48828.125, 1e6 / 3, 2.4e6, 1e9]


@pytest.mark.parametrize("fs", RATES)
@pytest.mark.parametrize("nperseg", [7, 120, 1000, 4999])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_every_bin_may_be_a_limit(fs, nperseg, dtype):
    X = np.zeros((1, 5000))
    fs = np.dtype(dtype).type(fs)
    whole = WelchPSD(fs=fs, nperseg=nperseg, return_onesided=False).fit(X).freqs_
    assert np.abs(whole).max() <= float(fs) / 2
    exact = np.arange(-(nperseg // 2), (nperseg + 1) // 2) * np.longdouble(fs) / nperseg
    np.testing.assert_allclose(whole, exact.astype(float), rtol=3e-16)
    rng = np.random.default_rng(nperseg)
    for low, high in np.sort(rng.integers(0, nperseg, (5, 2))):
        # Rounded as a user would compute them.
        fmin, fmax = ((k - nperseg // 2) * (float(fs) / nperseg) for k in (low, high))
        part = WelchPSD(
            fs=fs, nperseg=nperseg, return_onesided=False, fmin=fmin, fmax=fmax
        )
        np.testing.assert_array_equal(part.fit(X).freqs_, whole[low : high + 1])
        if low < high:
            beside = (1e-6 if dtype == "f8" else 1e-2) * float(fs) / nperseg
            part.set_params(fmin=fmin + beside, fmax=fmax - beside)
            if low + 1 < high:
                inner = part.fit(X).freqs_
                np.testing.assert_array_equal(inner, whole[low + 1 : high])


@pytest.mark.parametrize("kind", ["u2", "i8", "f2", "f4", "f8", ">f4", "g"])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_rate_and_lengths_of_every_type_are_taken_as_files_give_them(kind, shape):
    X = noise(1, 2000)
    fs = np.full(shape, 250, kind)
    length = np.full(shape, 100, kind)
    expected = WelchPSD(fs=250.0, nperseg=100, noverlap=100 // 2, fmax=100).fit(X)
    given = WelchPSD(fs=fs, nperseg=length, noverlap=length // 2, fmax=length).fit(X)
    np.testing.assert_array_equal(given.freqs_, expected.freqs_)
    np.testing.assert_array_equal(given.transform(X), expected.transform(X))
    freqs, times, _ = spectrogram(X, fs, nperseg=length)
    assert freqs[-1] == 125 and times[0] == 0.2
    if shape == ():
        scalar = fs[()]
        np.testing.assert_array_equal(welch(X, scalar)[0], welch(X, 250.0)[0])


@pytest.mark.parametrize(
    "fs", [10**400, 1.7e308, 5e-324, "48k", None, True, [1, 2], 1j]
)
def test_what_is_no_rate_is_refused(fs):
    for function in (welch, spectrogram):
        with pytest.raises(ValueError, match="fs must be positive and finite. Got"):
            function(noise(1, 64), fs)
    with pytest.raises(ValueError, match="'fs' parameter of WelchPSD must be a float"):
        WelchPSD(fs=fs).fit(noise(1, 64))


def test_a_rate_beyond_all_floats_of_single_precision_has_its_spectrum():
    X = noise(1, 512)
    _, psd = welch(X, 10**30)
    np.testing.assert_allclose(psd, welch(X, 1.0)[1] / 1e30, rtol=1e-12)


# The bin at 0 Hz -----------------------------------------------------------------


@pytest.mark.parametrize("onesided", [True, False])
def test_where_a_boxcar_leaves_nothing_the_level_is_that_beside_it(onesided):
    X = noise(5, 4096)
    params = dict(window="boxcar", return_onesided=onesided)
    psd = WelchPSD(decibels=True, range_db=None, **params).fit(X)
    levels = psd.transform(X)
    powers = WelchPSD(**params).fit_transform(X)
    zero = np.flatnonzero(psd.freqs_ == 0)[0]
    beside = [1] if onesided else [zero - 1, zero + 1]
    np.testing.assert_allclose(levels[:, zero], levels[:, beside].mean(1))
    others = np.arange(len(psd.freqs_)) != zero
    np.testing.assert_allclose(levels[:, others], 10 * np.log10(powers[:, others]))
    assert (powers[:, zero] < 1e-20).all()  # as scipy
    kept = WelchPSD(
        decibels=True, range_db=None, detrend=False, **params
    ).fit_transform(X)
    expected = 10 * np.log10(welch(X, detrend=False, **params)[1])
    np.testing.assert_allclose(kept, expected, atol=1e-9)


@pytest.mark.parametrize("n_segments", [1, 2, 3, 4, 5, 8, 33])
@pytest.mark.parametrize("kind", ["one-sided", "two-sided", "complex"])
def test_the_median_of_noise_has_no_bias_at_any_frequency(n_segments, kind):
    X = noise(1000, 16 * n_segments)
    if kind == "complex":
        X = (X + 1j * noise(*X.shape, seed=1)) / np.sqrt(2)
    params = dict(nperseg=16, noverlap=0, detrend=False, average="median")
    params.update(window="boxcar", return_onesided=kind == "one-sided")
    psd = welch(X, **params)[1].mean(0)
    psd[1:-1] /= 2 if kind == "one-sided" else 1
    np.testing.assert_allclose(psd, 1, atol=5 * np.sqrt(2 / len(X)))


# Foreign kinds -------------------------------------------------------------------


@pytest.mark.parametrize("kind", [">f4", ">f8", ">i2", "f2", "u1", "?", "g", "O"])
@pytest.mark.parametrize(
    "transformer",
    [
        ConvFilter([1, -1]),
        FFTMagnitude(),
        LogFrequency(8),
        MinMaxScale(),
        PeakAlign(),
        Spectrogram(nperseg=16),
        WelchPSD(nperseg=16),
    ],
    ids=repr,
)
def test_every_kind_of_numbers_is_transformed_as_float64(kind, transformer):
    X = np.random.default_rng(0).integers(0, 2, (4, 64))
    X = (X if kind == "?" else 50 * X).astype(kind)
    expected = transformer.fit_transform(X.astype(float))
    result = transformer.fit_transform(X)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    assert result.dtype == (np.float32 if kind == ">f4" else np.float64)
    assert result.dtype.isnative


@pytest.mark.parametrize("kind", ["f4", "f8", "c8", "c16", ">c8"])
def test_fft_magnitude_takes_channels(kind):
    X = noise(5, 3, 33).astype(kind)
    rows = FFTMagnitude().fit_transform(X.reshape(15, 33))
    transformer = FFTMagnitude()
    np.testing.assert_array_equal(
        transformer.fit_transform(X), rows.reshape(5, 3, rows.shape[-1])
    )
    for i in range(5):
        np.testing.assert_array_equal(
            transformer.transform(X[i : i + 1])[0], rows.reshape(5, 3, -1)[i]
        )


def test_magnitudes_beyond_the_largest_number_are_an_error():
    X = np.full((1, 100), np.finfo("f4").max, "f4")
    with pytest.raises(ValueError, match="not finite, although X is: .* pass float64"):
        FFTMagnitude().fit_transform(X)
    assert np.isfinite(FFTMagnitude().fit_transform(X.astype(float))).all()
    for nothing in (3.0, np.ones((2, 0))):
        with pytest.raises(ValueError, match="X must hold signals"):
            fft_magnitude(nothing)


@pytest.mark.parametrize("name", list(make_baselines()))
def test_baselines_take_channels(name):
    X, y = tone_or_noise(20)
    channels = np.stack([X[:, :512], noise(40, 512, seed=2), X[:, 512:]], axis=1)
    model = make_baselines()[name].fit(channels[::2], y[::2])
    assert model.score(channels[1::2], y[1::2]) > 0.8
    assert model[-1].n_features_in_ % 3 == 0


@pytest.mark.parametrize("function", [welch, WelchPSD().fit, FFTMagnitude().fit])
def test_samples_with_fields_name_the_remedy(function):
    X = np.zeros((2, 64), [("i", "<i2"), ("q", "<i2")])
    with pytest.raises(TypeError, match=r"fields \('i', 'q'\).*signals.from_iq\(X\)"):
        function(X)


# Parameters ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "params, match",
    [
        (dict(n_jobs=float("nan")), "n_jobs must be .* Got nan"),
        (dict(n_jobs=0), "n_jobs must be .* Got 0"),
        (dict(n_jobs="2"), "n_jobs must be .* Got '2'"),
        (dict(fmin="low"), "fmin must be a frequency in Hz, .* Got 'low'"),
        (dict(fmax=[1, 2]), r"fmax must be a frequency in Hz, .* Got \[1, 2\]"),
        (dict(fmin=np.nan), "No frequency lies between fmin"),
        (dict(detrend=object), "detrend must be .* Got <class 'object'>"),
        (dict(window=()), r"window must be .* Got window=\(\)"),
        (dict(window=("kaiser",)), r"window must be .* Got window=\('kaiser',\)"),
        (dict(window=(0.5, 1.0, 0.5)), "a list or an array of its values"),
        (dict(window=("kaiser", np.nan)), "its values are not finite"),
        (dict(window="hanning"), "window must be .* Got window='hanning'"),
        (dict(window=np.nan), "window must be"),
        (dict(nperseg=True), "nperseg must be an int of at least 1, or None. Got True"),
        (dict(nfft=[[1, 2]]), r"nfft must be an int .* Got \[\[1, 2\]\]"),
        (dict(window=[1, -1], scaling="spectrum"), "must not sum to zero"),
    ],
)
@pytest.mark.parametrize("function", [welch, spectrogram])
def test_bad_parameters_are_refused_by_words(function, params, match):
    with pytest.raises(ValueError, match=match):
        function(noise(2, 64), **params)
    if "n_jobs" not in params and function is welch:
        with pytest.raises(
            ValueError, match="detrend|f(min|max|req)|window|nperseg|nfft"
        ):
            WelchPSD(**params).fit(noise(2, 64))


def test_nan_segments_is_checked():
    with pytest.raises(ValueError, match="'propagate' or 'omit'. Got 'raise'"):
        welch(noise(1, 64), nan_segments="raise")
    with pytest.raises(ValueError, match="'nan_segments' parameter of WelchPSD"):
        WelchPSD(nan_segments="propagate").fit(noise(1, 64))


@pytest.mark.parametrize("window", [8.6, np.float32(8.6), ("kaiser", 8.6)])
def test_a_number_is_a_kaiser_window_as_in_scipy(window):
    X = noise(2, 512)
    expected = signal.welch(X, window=("kaiser", 8.6))[1]
    np.testing.assert_allclose(welch(X, window=window)[1], expected, rtol=1e-6)
    np.testing.assert_allclose(
        WelchPSD(window=window).fit_transform(X), expected, rtol=1e-6
    )


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@pytest.mark.parametrize("scaling", ["density", "spectrum"])
def test_the_scale_of_a_window_does_not_matter(scale, scaling):
    X, window = noise(2, 512), np.hanning(64)
    expected = welch(X, window=window, scaling=scaling)[1]
    found = welch(X, window=scale * window, scaling=scaling)[1]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("make", [WelchPSD, Spectrogram])
def test_a_transformer_loaded_as_a_mapped_file_does_not_warn(make, tmp_path):
    X = noise(2, 512)
    fitted = make(detrend=False).fit(X)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    loaded = joblib.load(tmp_path / "fitted.joblib", mmap_mode="r")
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
