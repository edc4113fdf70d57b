"""`LogFrequency` and `log_frequency`."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline

from sk_psd import LogFrequency, MinMaxScale, WelchPSD
from sk_psd._frequency_names import read_frequencies, write_names
from sk_psd.datasets import make_harmonic_sounds
from sk_psd.resampling import log_frequency


def resample_by_hand(row, freqs, targets, reduce):
    half = np.sqrt(targets[1] / targets[0])
    result = []
    for target in targets:
        low, high = target / half, target * half
        inside = [v for v, f in zip(row, freqs, strict=True) if low <= f < high]
        if high - low < freqs[1] - freqs[0]:
            result.append(np.interp(target, freqs, row))
        else:
            result.append(max(inside) if reduce == "max" else np.mean(inside))
    return result


@pytest.mark.parametrize("reduce", ["max", "mean"])
@pytest.mark.parametrize("seed", range(40))
def test_each_cell_is_reduced_or_interpolated_as_by_hand(seed, reduce):
    rng = np.random.default_rng(seed)
    n_bins, n_freqs = rng.integers(2, 90), rng.integers(2, 40)
    freqs = rng.uniform(0, 5) * (seed % 2) + rng.uniform(0.5, 2) * np.arange(n_bins)
    low, high = np.sort(rng.uniform(max(freqs[0], 0.1), freqs[-1], 2))
    targets = np.geomspace(low, freqs[-1] if seed % 3 else high, n_freqs)
    X = rng.standard_normal((2, 3, n_bins))
    resampled = log_frequency(X, freqs, targets, reduce)
    assert resampled.shape == (2, 3, n_freqs)
    for channels, result in zip(X, resampled, strict=True):
        for row, cells in zip(channels, result, strict=True):
            expected = resample_by_hand(row, freqs, targets, reduce)
            np.testing.assert_allclose(cells, expected, atol=1e-12)
    tensor = log_frequency(torch.from_numpy(X), freqs, targets, reduce)
    np.testing.assert_allclose(tensor.numpy(), resampled, atol=1e-12)


def test_the_new_axis_runs_from_the_first_bin_above_zero_to_the_last():
    log = LogFrequency(33).fit(np.ones((1, 129)))
    assert log.freqs_[[0, -1]].tolist() == [1, 128]
    np.testing.assert_allclose(log.freqs_[1:] / log.freqs_[:-1], 128 ** (1 / 32))
    part = LogFrequency(5, fmin=2.5, fmax=40).fit(np.ones((1, 129)))
    np.testing.assert_allclose(part.freqs_, [2.5, 5, 10, 20, 40])


@pytest.mark.parametrize("reduce", ["max", "mean"])
def test_a_stretched_spectrum_becomes_a_shifted_one(reduce):
    octaves = np.log2(np.maximum(np.arange(4097), 1))

    def stretched(by):  # a broad hump and a narrower one, `by` octaves higher
        x = octaves - by
        return np.exp(-((x - 7) ** 2)) + np.exp(-(((x - 9) / 0.7) ** 2))

    X = np.stack([stretched(0), stretched(5 / 12), stretched(1)])
    low, fifth, octave = LogFrequency(145, reduce=reduce).fit_transform(X)
    start = 12 * 5  # below, cells of a twelfth of an octave hold no bin or few
    for result, shift in ((fifth, 5), (octave, 12)):
        expected = low[start : 145 - shift]
        np.testing.assert_allclose(result[start + shift :], expected, atol=0.06)
        assert np.abs(result[start:] - low[start:]).max() > 0.3


def test_another_pitch_of_a_sound_is_a_shift():
    psd = WelchPSD(nperseg=4096, decibels=True)
    model = make_pipeline(psd, LogFrequency(16 * 7 + 1, fmin=16, fmax=2048))
    sound = dict(timbres=["gapped"], gain_jitter=0, snr_db=20, fs=1.0, random_state=0)
    low, high = (
        model.fit_transform(make_harmonic_sounds(1, f0=f0, **sound)[0])[0]
        for f0 in (0.012, 0.024)
    )
    match = [np.corrcoef(low[: len(low) - s], high[s:])[0, 1] for s in range(40)]
    assert np.argmax(match) == 16  # cells in an octave
    assert max(match) > 0.9 and match[0] < 0.7


def test_the_maximum_keeps_the_height_of_a_line_and_the_mean_does_not():
    X = np.zeros((1, 513))
    X[0, 300] = 8
    assert LogFrequency(20).fit_transform(X).max() == 8
    assert LogFrequency(20, reduce="mean").fit_transform(X).max() < 1


def test_channels_are_resampled_on_their_own():
    X = np.random.default_rng(0).random((4, 3, 65))
    log = LogFrequency(20).fit(X)
    rows = log.transform(X)
    for channel in range(3):
        expected = LogFrequency(20).fit_transform(X[:, channel])
        np.testing.assert_array_equal(rows[:, channel], expected)


def signals(n_times=4096):
    return np.random.default_rng(0).standard_normal((3, n_times)).astype(np.float32)


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("fmin", [None, 100.0])
def test_data_frames_carry_hertz_from_step_to_step(output, fmin):
    fs, X = 8000.0, signals()
    psd = WelchPSD(fs=fs, nperseg=1024, fmin=fmin)
    pipe = make_pipeline(psd, MinMaxScale(), LogFrequency(9, fmax=3500.0))
    frame = pipe.set_output(transform=output).fit_transform(X)
    freqs = np.geomspace(psd.freqs_[psd.freqs_ > 0][0], 3500.0, 9)
    np.testing.assert_allclose(pipe[-1].freqs_, freqs, rtol=1e-3)
    names = [float(n.removeprefix("psd_").removesuffix("Hz")) for n in frame.columns]
    np.testing.assert_allclose(names, freqs, rtol=1e-3)
    assert np.asarray(frame).dtype == np.float32
    assert list(frame.columns) == list(pipe.get_feature_names_out())
    spectra = np.asarray(pipe[:-1].transform(X))
    expected = log_frequency(spectra, psd.freqs_, freqs)
    np.testing.assert_allclose(np.asarray(frame), expected, atol=1e-3)


def test_without_names_frequencies_are_in_bins_and_a_pipeline_names_them_in_hertz():
    pipe = make_pipeline(WelchPSD(fs=8000.0, nperseg=1024), LogFrequency(10))
    pipe.fit(signals())
    np.testing.assert_allclose(pipe[-1].freqs_, 2.0 ** np.arange(10))
    in_bins = pipe[-1].get_feature_names_out()
    assert in_bins[[0, -1]].tolist() == ["bin_1.00", "bin_512.00"]
    names = pipe.get_feature_names_out()
    expected = write_names(8000 / 1024 * 2.0 ** np.arange(10), "psd_", "Hz")
    assert names.tolist() == expected.tolist()


@pytest.mark.parametrize("fs", [1.0, 250e3, 44100.0])
@pytest.mark.parametrize("limits", [(None, None), (0.11, 0.43)])
def test_the_ends_of_the_axis_of_welch_lie_on_the_axis_read_from_names(fs, limits):
    fmin, fmax = (None if limit is None else limit * fs for limit in limits)
    psd = WelchPSD(fs=fs, nperseg=1000, fmin=fmin, fmax=fmax)
    frame = psd.set_output(transform="pandas").fit_transform(signals())
    ends = psd.freqs_[psd.freqs_ > 0][[0, -1]]
    log = LogFrequency(16, fmin=ends[0], fmax=ends[1]).fit(frame)
    np.testing.assert_allclose(log.freqs_[[0, -1]], ends, rtol=0, atol=1e-5 * fs)


@given(st.floats(1e-3, 1e6), st.integers(2, 600), st.integers(-300, 300))
def test_frequencies_are_read_back_from_their_names(step, n, first):
    freqs = step * (np.arange(n) + first)
    names = write_names(freqs, "psd_", "Hz")
    assert len(set(names)) == n
    np.testing.assert_allclose(read_frequencies(names), freqs, atol=0.01 * step)


def test_names_of_other_kinds_give_no_frequencies():
    assert read_frequencies(None) is None
    assert read_frequencies(["fft_0.0", "fft_0.1"]) is None
    assert read_frequencies(["psd_0.0Hz", "age"]) is None


def test_columns_that_are_missing_or_out_of_order_are_refused():
    psd = WelchPSD(fs=100.0, nperseg=64).set_output(transform="pandas")
    frame = psd.fit_transform(signals())
    for part in (frame.drop(columns=frame.columns[5]), frame[frame.columns[::-1]]):
        with pytest.raises(ValueError, match="equally spaced and ascending.*Keep all"):
            LogFrequency(8).fit(part)


def test_axes_that_do_not_suit_are_refused():
    frame = (
        WelchPSD(fs=100.0, nperseg=64, return_onesided=False)
        .set_output(transform="pandas")
        .fit_transform(signals())
    )
    with pytest.raises(
        ValueError, match=r"needs one-sided .*starts at -50.0 Hz. Use W"
    ):
        LogFrequency(8).fit(frame)
    half = frame[frame.columns[32:]]
    with pytest.raises(ValueError, match=r"\(=60\) must .*from 0 to 48.44 Hz\.$"):
        LogFrequency(8, fmax=60).fit(half)
    log = LogFrequency(8).fit(np.ones((1, 33)))
    with pytest.raises(ValueError, match="input_features should have length equal"):
        log.get_feature_names_out(["a", "b"])


@pytest.mark.parametrize(
    "freqs, targets, match",
    [
        (np.arange(-4.0, 4), [1, 2], "one-sided spectra.* Got -4 to 3"),
        (np.arange(8.0)[::-1], [1, 2], "ascending"),
        (np.arange(7.0), [1, 2], "frequencies of the last axis"),
        (np.arange(8.0), [0, 2], "positive, ascending"),
        (np.arange(8.0), [2, 1], "positive, ascending"),
        (np.arange(8.0), [2], "two or more"),
        (np.arange(8.0), [1, np.inf], "positive, ascending"),
        (np.arange(8.0), [1, 9], "targets must lie within freqs.* Got 1 to 9"),
        (np.arange(8.0), [1, 2, 3, 7], "constant factor apart.* from 1.5 to 2.33333"),
        (np.arange(8.0) + 3, [1, 9], "targets must lie within freqs, from 3 to 10"),
        ("a", [1, 2], "freqs must hold real numbers"),
        (np.arange(8.0), [1j, 2], "targets must hold real numbers"),
    ],
)
def test_axes_of_another_kind_are_refused_by_the_function(freqs, targets, match):
    with pytest.raises((TypeError, ValueError), match=match):
        log_frequency(np.ones((2, 8)), freqs, targets)


@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize("reduce", ["max", "mean"])
def test_levels_are_those_of_the_resampled_powers(make, reduce):
    rng = np.random.default_rng(0)
    powers = rng.random((3, 2, 65)) ** 9 * 10.0 ** rng.integers(-9, 9, (3, 2, 1))
    freqs, targets = np.arange(65.0), np.geomspace(1, 64, 20)
    expected = 10 * np.log10(log_frequency(powers, freqs, targets, reduce))
    levels = make(10 * np.log10(powers))
    found = log_frequency(levels, freqs, targets, reduce, decibels=True)
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-9)
    far = log_frequency(levels + 1e4, freqs, targets, reduce, decibels=True)
    np.testing.assert_allclose(np.asarray(far), expected + 1e4, atol=1e-8)


def test_the_mean_of_a_line_in_decibels_is_that_of_its_power():
    powers = np.full((1, 513), 1e-9)
    powers[0, 300] = 1
    by_power = 10 * np.log10(LogFrequency(20, reduce="mean").fit_transform(powers))
    levels = LogFrequency(20, reduce="mean", decibels=True)
    levels = levels.fit_transform(10 * np.log10(powers))
    np.testing.assert_allclose(levels, by_power)
    with pytest.warns(UserWarning, match="negative values.* use decibels=True"):
        LogFrequency(20, reduce="mean").fit_transform(10 * np.log10(powers))


def test_the_smallest_first_frequency_is_refused():
    X = np.random.default_rng(0).random((2, 64))
    with pytest.raises(ValueError, match=r"fmin \(=5e-324\) must be at least 1e-100"):
        LogFrequency(fmin=5e-324).fit(X)
    assert np.isfinite(LogFrequency(fmin=1e-90).fit_transform(X)).all()
    names = LogFrequency(9, fmin=1e-90).fit(X).get_feature_names_out()
    assert len(set(names)) == 9
