import numpy as np
import pytest

from sk_psd import WelchPSD
from sk_psd.datasets import (
    make_harmonic_sounds,
    make_noisy_sines,
    make_shift_benchmark,
    make_spectral_shapes,
    make_two_tones,
)

SHAPES = "rect tri twohump rcos qpsk gmsk am fmsine chirp ofdm".split()


def mean_psd(X, fs):
    psd = WelchPSD(fs, nperseg=256, return_onesided=np.isrealobj(X), detrend=False)
    return psd.fit(X).freqs_, psd.transform(X)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("real", [False, True])
def test_power_lies_in_the_band_at_the_center_frequency(shape, real):
    data = make_spectral_shapes(
        8,
        shapes=[shape],
        fs=8000.0,
        center_freq=(1200.0, 2400.0),
        snr_db=40,
        real=real,
        return_X_y=False,
        random_state=0,
    )
    assert np.isrealobj(data.X) == real
    freqs, psd = mean_psd(data.X, data.fs)
    for row, center, bandwidth in zip(
        psd, data.center_freq, data.bandwidth, strict=True
    ):
        inside = np.abs(freqs - center) < 0.6 * bandwidth
        assert row[inside].sum() > 0.95 * row.sum()


@pytest.mark.parametrize("real", [False, True])
def test_snr_is_the_ratio_of_the_powers_inside_the_band(real):
    data = make_spectral_shapes(
        20,
        shapes=["rect"],
        center_freq=0.25,
        snr_db=3.0,
        bandwidth_jitter=0.0,
        real=real,
        n_times=16384,
        return_X_y=False,
        random_state=0,
    )
    freqs, psd = mean_psd(data.X, 1.0)
    inside, outside = np.abs(freqs - 0.25) < 0.05, np.abs(freqs - 0.25) > 0.08
    ratio = psd[:, inside].mean(axis=1) / psd[:, outside].mean(axis=1) - 1
    assert 10 * np.log10(ratio.mean()) == pytest.approx(3.0, abs=0.3)


def test_classes_are_balanced_and_shuffled():
    _, y = make_spectral_shapes(30, shapes=SHAPES, n_times=64, random_state=0)
    names, counts = np.unique(y, return_counts=True)
    assert set(names) == set(SHAPES) and set(counts) == {3}
    assert y.tolist() != sorted(y)


def test_spurs_are_narrow_lines_outside_the_band():
    kwargs = dict(shapes=["rect"], snr_db=40, n_times=4096, random_state=0)
    X, _ = make_spectral_shapes(30, n_spurs=3, **kwargs)
    freqs, psd = mean_psd(X, 1.0)
    outside = psd[:, np.abs(freqs) > 0.1]
    assert np.mean(outside.max(axis=1) > 20 * np.median(outside, axis=1)) > 0.4


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("freq", [0.0, 0.2, 0.25, 0.5])
def test_a_line_is_added_to_the_signals_at_its_frequency_with_its_power(real, freq):
    kwargs = dict(center_freq=0.25, real=real, random_state=0, gain_db=(-30.0, 30.0))
    kwargs.update(shapes=["rect"], snr_db=np.inf, tilt_db=0.0, return_X_y=False)
    without = make_spectral_shapes(12, **kwargs)
    data = make_spectral_shapes(12, line_db=(-10.0, 10.0), line_freq=freq, **kwargs)
    np.testing.assert_array_equal(without.y, data.y)
    line = data.X - without.X
    ratio = np.mean(np.abs(line) ** 2, axis=1) / np.mean(np.abs(without.X) ** 2, axis=1)
    np.testing.assert_allclose(10 * np.log10(ratio), data.line_db, atol=0.5)
    assert np.ptp(data.line_db) > 10 and (data.line_freq == freq).all()
    turn = np.exp(2j * np.pi * freq * np.arange(data.X.shape[1]))
    share = np.abs(line @ turn.conj()) ** 2 / data.X.shape[1]
    share /= np.sum(np.abs(line) ** 2, axis=1)
    half = real and freq not in (0.0, 0.5)  # the other half lies at -freq
    np.testing.assert_allclose(share, 0.5 if half else 1, atol=1e-3)
    phases = line[:, 0] / np.abs(line[:, 0])
    assert len(np.unique(phases.round(6))) > 1


def test_one_seed_gives_one_data_set():
    first, second = (make_spectral_shapes(4, random_state=3)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def occupied(X, nperseg):
    psd = WelchPSD(nperseg=nperseg, return_onesided=False, detrend=False)
    return psd.fit(X).freqs_, psd.transform(X)


def test_benchmark_sets_lie_where_their_names_say():
    bench = make_shift_benchmark("easy4", n_train=20, n_test=40, n_freqs=256)
    distance = {}
    for name, (X, y) in bench.test.items():
        assert X.dtype == np.complex64 and X.shape == (40, 1024) and len(y) == 40
        freqs, psd = occupied(X, 256)
        band = sum(np.roll(psd, s, axis=1) for s in range(-15, 16))
        distance[name] = np.abs(freqs[band.argmax(axis=1)])
    assert distance["centered"].max() < 0.07
    assert distance["shifted"].min() > 0.07 and distance["shifted"].max() < 0.47
    assert distance["wrapped"].min() > 0.4
    assert distance["cut"].min() > 0.4


def test_wrapped_bands_have_power_at_both_ends_and_cut_ones_at_one():
    bench = make_shift_benchmark("easy4", n_train=4, n_test=60, n_freqs=256)

    def weaker_end(name):
        X, y = bench.test[name]
        _, psd = occupied(X[y == "rect"], 256)
        ends = np.stack([psd[:, 2:6].mean(axis=1), psd[:, -6:-2].mean(axis=1)])
        return ends.min(axis=0) / ends.max(axis=0)

    assert np.median(weaker_end("wrapped")) > 0.3
    assert np.median(weaker_end("cut")) < 0.2


@pytest.mark.parametrize(
    "kwargs, match",
    [
        (dict(shapes=["blob"]), "shapes must be names among"),
        (dict(shapes=[]), "shapes must be names among"),
        (dict(shapes={"rect": 1}), "shapes must be names among"),
        (dict(shapes={"rect", "am"}), "shapes must be names among .*, in a list. Got"),
        (dict(tilt_db=1e4), "tilt_db must lie between -1000 and 1000. Got 10000"),
        (dict(center_freq=1e300), "center_freq must be at most 1e6 .* Got 1e.300"),
        (dict(n_samples=True), "n_samples must be an int of at least 1. Got True"),
        (dict(real="no"), "real must be True or False. Got 'no'"),
        (dict(shapes="rect"), "shapes must be names among"),
        (dict(shapes=3), "shapes must be names among .* Got 3"),
        (dict(shapes=[["rect"]]), "shapes must be names among"),
        (dict(n_samples=-1), "n_samples must be an int of at least 1. Got -1"),
        (dict(n_times="a"), "n_times must be an int of at least 16. Got 'a'"),
        (dict(n_spurs=-1), "n_spurs must be an int of at least 0. Got -1"),
        (dict(fs="a"), "fs must be positive and finite. Got 'a'"),
        (dict(fs=10**400), "fs must be positive and finite. Got 1000"),
        (dict(fs=0), "fs must be positive and finite. Got 0"),
        (dict(bandwidth="a"), "bandwidth must be a finite number. Got 'a'"),
        (dict(bandwidth_jitter=-1), "bandwidth_jitter must lie between 0 and 1. Got"),
        (dict(tilt_db=None), "tilt_db must be a finite number. Got None"),
        (dict(snr_db=None), "snr_db must be a number, a tuple .* Got None"),
        (dict(snr_db=np.nan), "snr_db must lie between -1000 and inf dB. Got .*nan"),
        (dict(snr_db=(0, np.inf)), "which is not a finite range"),
        (dict(snr_db=[[1.0], [1.0, 2.0]]), "snr_db must be a number, a tuple"),
        (dict(gain_db=1e6), "gain_db must lie between -1000 and 1000 dB"),
        (dict(center_freq=np.nan), "center_freq must be finite. Got nan"),
        (dict(center_freq="a"), "center_freq must be a number, .* Got 'a'"),
        (dict(line_db=0, line_freq=0.6), r"line_freq must lie between -0.5 and fs / 2"),
        (dict(line_db=np.nan), "line_db must lie between -1000 and 1000 dB"),
        (dict(random_state="a"), "'a' cannot be used to seed"),
        (dict(n_times=4), "n_times must be an int of at least 16. Got 4"),
        (dict(bandwidth=2.0), "bandwidth .=2.0 Hz, with its jitter. must be positive"),
        (dict(n_times=16), r"n_times \(=16\) is too short for a bandwidth of 0.125"),
        (dict(center_freq=[0.1, 0.2]), "center_freq must be a number, a tuple"),
        (dict(real=True, center_freq=0.0), "must lie between 0 and fs / 2"),
    ],
)
def test_impossible_signals_are_refused(kwargs, match):
    with pytest.raises(ValueError, match=match):
        make_spectral_shapes(**({"n_samples": 10} | kwargs))


@pytest.mark.parametrize(
    "args, kwargs, match",
    [
        ([[]], {}, r"name must be one of .* Got \[\]"),
        ([], dict(n_train=-1), "n_train must be an int of at least 1. Got -1"),
        ([], dict(n_freqs="a"), "n_freqs must be an int of at least 8. Got 'a'"),
    ],
)
def test_impossible_benchmarks_are_refused(args, kwargs, match):
    with pytest.raises(ValueError, match=match):
        make_shift_benchmark(*args, **kwargs)


def test_unknown_benchmark_is_refused():
    with pytest.raises(ValueError, match="name must be one of .*'easy4'.*Got 'easy5'"):
        make_shift_benchmark("easy5")


def peak_of(X, fs):
    """Frequency and amplitude of the tone in each row, by a long padded FFT."""
    spectrum = np.abs(np.fft.rfft(X * np.hanning(X.shape[1]), 2**14, axis=1))
    freqs = np.fft.rfftfreq(2**14, 1 / fs)
    return freqs[spectrum.argmax(axis=1)], 4 * spectrum.max(axis=1) / X.shape[1]


def test_noisy_sines_are_sines_in_white_noise():
    X, Y = make_noisy_sines(400, random_state=0)
    assert X.shape == Y.shape == (400, 256)
    noise = X - Y
    assert np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1] < 0.02
    std = noise.std(axis=1)
    assert 0.15 < std.min() < 0.25 and 0.9 < std.max() < 1.15
    _, Y = make_noisy_sines(200, freq=(3.0, 8.0), random_state=0)
    freqs, amplitudes = peak_of(Y, 256.0)
    assert 2.9 < freqs.min() < 3.2 and 7.8 < freqs.max() < 8.1
    np.testing.assert_allclose(amplitudes, 1, atol=0.05)


def test_of_two_tones_the_high_one_is_returned_alone():
    X, high = make_two_tones(300, noise_std=0.0, random_state=0)
    for tone, band, amplitude in ((high, (12, 20), 0.5), (X - high, (2, 6), 1.0)):
        freqs, amplitudes = peak_of(tone, 256.0)
        assert band[0] - 0.5 < freqs.min() and freqs.max() < band[1] + 0.5
        assert np.ptp(freqs) > 0.9 * (band[1] - band[0])
        np.testing.assert_allclose(amplitudes, amplitude, rtol=0.15)
    noisy, high = make_two_tones(300, low_amplitude=0.0, random_state=0)
    assert (noisy - high).std() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("make", [make_noisy_sines, make_two_tones])
def test_one_seed_gives_the_same_pairs(make):
    for first, second in zip(make(random_state=3), make(random_state=3), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "make, kwargs, match",
    [
        (make_noisy_sines, dict(freq=200.0), r"freq must .* fs / 2 \(=128 Hz\).*200"),
        (make_noisy_sines, dict(noise_std=[1, 2, 3]), "noise_std must be a number, a"),
        (make_two_tones, dict(high_freq=(-1.0, 3.0)), "high_freq must lie between 0"),
        (make_two_tones, dict(low_amplitude=[1, 2]), "low_amplitude must be a number"),
        (make_two_tones, dict(high_amplitude=None), "high_amplitude must be a number"),
        (make_two_tones, dict(high_amplitude=np.inf), "high_amplitude must be finite"),
        (make_two_tones, dict(fs="a"), "fs must be positive and finite. Got 'a'"),
        (make_noisy_sines, dict(noise_std=np.inf), "noise_std must be finite. Got"),
    ],
)
def test_impossible_tones_are_refused(make, kwargs, match):
    with pytest.raises(ValueError, match=match):
        make(**kwargs)


TIMBRES = {  # amplitude of the harmonics 1 to 12, as the docstring says
    "saw": [1 / k for k in range(1, 13)],
    "square": [1 / k if k in (1, 3, 5, 7, 9, 11) else 0 for k in range(1, 13)],
    "steep": [1 / (k * k) for k in range(1, 13)],
    "gapped": [0 if k in (3, 6, 9, 12) else 1 / k for k in range(1, 13)],
    "bright": [k**-0.5 for k in range(1, 13)],
}


def line_amplitudes(x, f0, fs, n_lines):
    """Amplitude of each harmonic by least squares on sines and cosines."""
    turns = np.outer(np.arange(len(x)) / fs, f0 * np.arange(1, n_lines + 1))
    columns = np.hstack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)])
    sines, cosines = np.linalg.lstsq(columns, x, rcond=None)[0].reshape(2, n_lines)
    return np.hypot(sines, cosines), x - columns @ np.r_[sines, cosines]


@pytest.mark.parametrize("timbre", TIMBRES)
@pytest.mark.parametrize("f0", [100.0, 130.7])
def test_lines_are_the_harmonics_below_half_the_rate_in_the_timbre(timbre, f0):
    fs = 25.5 * f0  # the 13th harmonic would fold back between two others
    X, y = make_harmonic_sounds(
        2,
        timbres=[timbre],
        f0=f0,
        fs=fs,
        n_times=4001,
        gain_jitter=0,
        snr_db=200,
        random_state=0,
    )
    assert X.dtype == np.float32 and X.shape == (2, 4001) and set(y) == {timbre}
    for x in X.astype(float):
        amplitudes, rest = line_amplitudes(x, f0, fs, 12)
        expected = np.array(TIMBRES[timbre])
        expected *= np.sqrt(2 / np.sum(expected**2))
        np.testing.assert_allclose(amplitudes, expected, atol=1e-5)
        assert np.abs(rest).max() < 1e-5  # neither other lines nor folded ones


def test_a_formant_is_a_hump_around_the_sixth_harmonic_of_a_saw():
    kwargs = dict(f0=100.0, fs=2500.0, gain_jitter=0, snr_db=200, n_times=4000)
    X, _ = make_harmonic_sounds(1, timbres=["formant"], **kwargs)
    gain = line_amplitudes(X[0].astype(float), 100.0, 2500.0, 12)[0] * np.arange(1, 13)
    assert gain.argmax() == 5 and gain[5] / gain[0] == pytest.approx(5, rel=0.2)
    assert np.all(np.diff(gain[:6]) > 0) and np.all(np.diff(gain[5:]) < 0)


def test_gains_of_harmonics_vary_and_phases_are_random():
    kwargs = dict(timbres=["bright"], f0=100.0, fs=2500.0, n_times=2000, random_state=0)
    X, _ = make_harmonic_sounds(300, snr_db=200, **kwargs)
    amplitudes = [line_amplitudes(x.astype(float), 100.0, 2500.0, 12)[0] for x in X]
    gains = np.array(amplitudes) * np.sqrt(np.arange(1, 13))
    gains /= gains.mean(axis=1, keepdims=True)
    # A uniform factor from 0.75 to 1.25 has a standard deviation of 0.5 / sqrt(12).
    np.testing.assert_allclose(gains.std(axis=0), 0.5 / np.sqrt(12), rtol=0.2)
    assert np.abs(X.mean(axis=0)).max() < 0.3


def test_a_sound_is_as_loud_as_its_snr_says():
    data = make_harmonic_sounds(
        60, f0=(100.0, 120.0), fs=2500.0, return_X_y=False, random_state=0
    )
    assert data.fs == 2500.0 and np.ptp(data.f0) > 18 and np.ptp(data.snr_db) > 18
    names, counts = np.unique(data.y, return_counts=True)
    assert names.tolist() == sorted([*TIMBRES, "formant"]) and set(counts) == {10}
    for x, f0, snr_db in zip(data.X.astype(float), data.f0, data.snr_db, strict=True):
        n_lines = int(1250 / f0)
        amplitudes, noise = line_amplitudes(x[:4000], f0, 2500.0, n_lines)
        power = np.sum(amplitudes**2) / 2
        assert power == pytest.approx(1, abs=0.1)
        assert 10 * np.log10(power / noise.var()) == pytest.approx(snr_db, abs=0.5)
        assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.08


def test_one_seed_gives_the_same_sounds():
    kwargs = dict(n_times=1000, random_state=3)
    (X, y), (X_again, y_again) = (make_harmonic_sounds(8, **kwargs) for _ in range(2))
    np.testing.assert_array_equal(X, X_again)
    assert y.tolist() == y_again.tolist()
    assert (
        np.abs(make_harmonic_sounds(8, n_times=1000, random_state=4)[0] - X).max() > 1
    )


@pytest.mark.parametrize(
    "kwargs, match",
    [
        (
            dict(timbres=["flute"]),
            r"timbres must be a list of names among .*Got \['flute'\]",
        ),
        (dict(timbres=[]), "timbres must be a list of names among"),
        (dict(timbres={"saw": 1}), "timbres must be a list of names among"),
        (dict(timbres=None), "timbres must be a list of names among"),
        (dict(n_times="a"), "n_times must be an int of at least 16. Got 'a'"),
        (dict(fs="a"), "fs must be positive and finite. Got 'a'"),
        (dict(f0=5, fs=1e19), r"f0 must be at least fs / 2e6 \(=5e[+]12 Hz\)"),
        (dict(snr_db=None), "snr_db must be a number, a tuple .* Got None"),
        (dict(n_times=4), "n_times must be an int of at least 16. Got 4"),
        (dict(f0=0.0), r"f0 must lie between 0 and fs / 2 \(=8000 Hz\).*from 0 to 0"),
        (dict(f0=(7e3, 9e3)), "f0 must lie between 0 .*, ends excluded. Got values"),
        (dict(f0=np.nan), "f0 must lie between 0 and .*from nan"),
        (
            dict(f0=[100.0, 200.0]),
            r"f0 must be a number, .*\(10,\). Got .*\(2,",
        ),
        (dict(gain_jitter=1.5), "gain_jitter must lie between 0 and 1. Got 1.5"),
        (dict(gain_jitter=-0.1), "gain_jitter must lie between 0 and 1. Got -0.1"),
        (dict(snr_db=[1, 2, 3]), "snr_db must be a number, a tuple"),
        (dict(fs=-1.0), "fs must be positive and finite. Got -1.0"),
    ],
)
def test_impossible_sounds_are_refused(kwargs, match):
    kwargs = dict(random_state=0) | kwargs
    with pytest.raises(ValueError, match=match):
        make_harmonic_sounds(10, **kwargs)


@pytest.mark.parametrize(
    "kwargs, match",
    [
        ({"n_samples": 0}, "n_samples must be an int of at least 1"),
        ({"n_samples": 2.5}, "n_samples must be an int of at least 1"),
        ({"n_times": 0}, "n_times must be an int of at least 1"),
        ({"fs": 0}, "fs must be positive"),
        ({"noise_std": -1}, "noise_std must not be negative"),
        ({"noise_std": np.nan}, "noise_std must not be negative"),
    ],
)
@pytest.mark.parametrize("make", [make_noisy_sines, make_two_tones])
def test_pairs_of_impossible_parameters_are_refused(make, kwargs, match):
    with pytest.raises(ValueError, match=match):
        make(**kwargs)
