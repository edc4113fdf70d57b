"""Warnings for arrays in the wrong layout, and none for unusual ones that are right."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from sk_psd import (
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    RandomNoise,
    RandomSpeckle,
    Spectrogram,
    WelchPSD,
    datasets,
)
from sk_psd._layout import warn_of_frames, warn_of_spectra, warn_of_waveforms
from sk_psd.datasets import make_harmonic_sounds, make_spectral_shapes
from sk_psd.signals import shift_frequency
from sk_psd.spectral import spectrogram, welch

RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((30, 4096)).astype(np.float32)
STEREO = RNG.standard_normal((4410, 2))
TAKE_SIGNALS = [
    WelchPSD().fit,
    Spectrogram().fit,
    welch,
    spectrogram,
]


@pytest.mark.parametrize("take", TAKE_SIGNALS)
@pytest.mark.parametrize(
    "X, remedy",
    [
        (STEREO, r"2 signals of 4410 samples .* pass X.T"),
        (RNG.integers(-9, 9, (1000, 3)), r"3 signals of 1000 samples .* pass X.T"),
        (RNG.standard_normal((10, 4410, 2)), r"np.moveaxis.* 1j \* X\[..., 1\]"),
        (RNG.standard_normal((5000, 1)), r"more than one sample \(n_features = 1\)"),
        (RNG.standard_normal((3, 1)), r"more than one sample \(n_features = 1\)"),
        (RNG.standard_normal((60, 256, 1)), r"more than one sample.*np.moveaxis"),
    ],
    ids=lambda value: str(getattr(value, "shape", "")),
)
def test_samples_along_the_wrong_axis_are_refused(take, X, remedy):
    with pytest.raises(ValueError, match=remedy):
        take(X)


def test_one_signal_alone_is_taken_unless_it_is_a_column_of_times():
    freqs, psd = welch(NOISE[0])
    np.testing.assert_array_equal(psd, welch(NOISE[:1])[1][0])
    with pytest.warns(UserWarning, match="as a column of times does"):
        welch(np.arange(2000.0))


def test_a_data_frame_with_a_column_of_times_is_refused_in_either_direction():
    frame = pd.DataFrame({"t": np.arange(2000) / 1000, "x": NOISE[0, :2000]})
    with pytest.raises(ValueError, match="pass X.T, without the column of times"):
        WelchPSD().fit(frame)
    with pytest.warns(UserWarning, match="1 row.* equal steps .* as a column of"):
        WelchPSD().fit(frame.T)


def test_eight_electrodes_as_columns_are_warned_of():
    with pytest.warns(UserWarning, match="8 signals of 5000 samples .* pass X.T"):
        WelchPSD().fit(RNG.standard_normal((5000, 8)))


@pytest.mark.parametrize("decibels", [False, True])
@pytest.mark.parametrize(
    "estimator",
    [
        GlobalPoolCNNClassifier(max_epochs=1),
        FlattenCNNClassifier(max_epochs=1),
        PeakAlign(),
        LogFrequency(8),
        RandomFreqShift(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_spectrograms_in_the_place_of_spectra_are_warned_of(estimator, decibels):
    X, y = make_spectral_shapes(20, real=True, center_freq=0.25, random_state=0)
    frames = Spectrogram(nperseg=128, decibels=decibels).fit_transform(X)
    with pytest.warns(UserWarning, match="looks like spectrograms"):
        estimator.fit(frames, y)


@pytest.mark.parametrize(
    "estimator",
    [
        GlobalPoolCNNClassifier(max_epochs=1),
        FlattenCNNClassifier(max_epochs=1),
        RandomFreqShift(),
        PeakAlign(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_raw_signals_in_the_place_of_spectra_are_warned_of(estimator):
    X = NOISE[:, :256]
    with pytest.warns(UserWarning, match="raw signals, as they swing around zero"):
        estimator.fit(X, np.arange(30) % 2)


def test_a_shift_of_raw_signals_is_told_of_the_domain():
    with pytest.warns(UserWarning, match=r"RandomFreqShift\(domain='signal'\)"):
        RandomFreqShift().fit_transform(NOISE)


@pytest.mark.parametrize("decibels", [False, True])
def test_noise_on_spectra_is_warned_of(decibels):
    X, _ = make_spectral_shapes(
        20, real=True, center_freq=0.25, gain_db=-60.0, random_state=0
    )
    spectra = WelchPSD(decibels=decibels).fit_transform(X)
    with pytest.warns(UserWarning, match="spectra, as none crosses zero"):
        RandomNoise().fit(spectra)
    with pytest.warns(UserWarning, match="spectra, as none crosses zero"):
        RandomNoise().fit(MinMaxScale().fit_transform(spectra))


LEGITIMATE = {
    "two long signals": RNG.standard_normal((2, 10**6)).astype(np.float32),
    "many short ones": RNG.standard_normal((10_000, 64)),
    "a few of two samples": RNG.standard_normal((20, 2)),
    "three channels": RNG.standard_normal((20, 3, 1000)),
    "64 channels": RNG.standard_normal((5, 64, 500)),
    "one long row": RNG.standard_normal((1, 100_000)),
    "converter codes": RNG.integers(0, 4096, (20, 500)),
    "offset": 9.81 + 0.1 * RNG.standard_normal((20, 500)),
    "complex": RNG.standard_normal((20, 500)) * (1 + 1j),
    "decaying": np.exp(-np.arange(500.0)) * RNG.standard_normal((20, 500)),
    "ramp with noise": np.arange(500.0) + RNG.standard_normal((20, 500)),
    "silence": np.zeros((3, 300)),
}


@pytest.mark.parametrize("X", LEGITIMATE.values(), ids=LEGITIMATE)
def test_unusual_signals_that_are_right_pass_in_silence(X):
    nperseg = min(64, X.shape[-1])
    two_sided = np.iscomplexobj(X)
    WelchPSD(nperseg=nperseg, return_onesided=not two_sided).fit(X)
    if not X.any():  # silence has a message of its own
        return
    RandomNoise().fit(X)
    welch(X, nperseg=nperseg, return_onesided=not two_sided)


def spectra_of_all_kinds():
    shapes, _ = make_spectral_shapes(60, real=True, center_freq=0.25, random_state=0)
    sounds, _ = make_harmonic_sounds(20, n_times=4096)
    gains = RNG.lognormal(size=(1, 64, 1))
    psd = WelchPSD(decibels=True)
    electrodes = psd.fit_transform(NOISE[:10, None, :1024] * gains)
    kinds = {
        "shapes": psd.fit_transform(shapes),
        "sounds": psd.fit_transform(sounds),
        "white noise around 0 dB": psd.fit_transform(NOISE / np.sqrt(2)),
        "64 channels": electrodes,
        "64 channels, smooth gains": electrodes + np.linspace(0, 20, 64)[:, None],
    }
    for name, X in list(kinds.items()):
        kinds[f"{name}, linear"] = 10 ** (X / 10)
        kinds[f"{name}, scaled"] = MinMaxScale().fit_transform(X)
        if X.ndim == 2:
            kinds[f"{name}, standardized"] = StandardScaler().fit_transform(X)
            kinds[f"{name}, mean off"] = X - X.mean(axis=1, keepdims=True)
    return kinds


SPECTRA = spectra_of_all_kinds()


@pytest.mark.parametrize("X", SPECTRA.values(), ids=SPECTRA)
def test_spectra_of_all_kinds_pass_in_silence(X):
    warn_of_waveforms("It", X)
    warn_of_frames("It", X)


@pytest.mark.parametrize(
    "X",
    [NOISE, NOISE - 9.81, np.sin(np.arange(3000.0).reshape(10, -1)), 0 * NOISE],
    ids=["noise", "offset", "sine", "silence"],
)
def test_signals_of_all_kinds_are_no_spectra(X):
    warn_of_spectra("It", X)


def linear_powers(X, **params):
    return MinMaxScale().fit_transform(WelchPSD(**params).fit_transform(X))


@pytest.mark.parametrize("task", ["easy4", "standard8"])
def test_linear_powers_scaled_to_one_are_warned_of(task):
    data = datasets.make_shift_benchmark(task, n_train=64, n_test=4, n_freqs=256)
    X = linear_powers(data.X_train, return_onesided=False)
    net = GlobalPoolCNNClassifier((2,), max_epochs=1, random_state=0)
    with pytest.warns(UserWarning, match=r"linear powers .* WelchPSD\(decibels=True\)"):
        net.fit(X, data.y_train)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.predict(X)


def legitimate_spectra():
    """Yield spectra that are no linear powers scaled to [0, 1]."""
    rng = np.random.default_rng(0)
    harmonic = datasets.make_harmonic_sounds(60, random_state=0)[0]
    shapes = datasets.make_spectral_shapes(
        60, real=True, fs=1.0, center_freq=0.2, bandwidth=0.1, random_state=0
    )[0]
    hole = shift_frequency(shapes, 0.2, fill=None)
    rect, tri = np.zeros((2, 20, 64))
    rect[:, 30:34] = 1
    tri[:, 20:41] = 1 - np.abs(np.arange(-10, 11)) / 10
    for X in (harmonic, shapes, hole, rng.standard_normal((60, 2048))):
        yield linear_powers(X, decibels=True)
        yield linear_powers(X, decibels=True, range_db=None)
    yield linear_powers(rng.standard_normal((60, 2048)))  # white noise
    yield WelchPSD().fit_transform(harmonic)  # not scaled
    yield FFTMagnitude().fit_transform(shapes)
    yield from (rect, tri, np.eye(64), rng.random((20, 64)), np.ones((4, 64)))


@pytest.mark.parametrize("X", list(legitimate_spectra()))
def test_spectra_that_are_no_linear_powers_stay_silent(X):
    y = np.arange(len(X)) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GlobalPoolCNNClassifier((2,), max_epochs=1, random_state=0).fit(X, y)


@pytest.mark.parametrize(
    "take",
    [
        RandomSpeckle().fit,
        RandomNoise(domain="spectrum").fit,
        lambda X: GlobalPoolCNNClassifier((2,), level="median", max_epochs=1).fit(
            X, np.arange(len(X)) % 2
        ),
    ],
)
def test_linear_powers_in_the_place_of_decibels_are_warned_of(take):
    harmonic = datasets.make_harmonic_sounds(60, random_state=0)[0]
    with pytest.warns(UserWarning, match=r"linear powers, .* WelchPSD\(decibels=True"):
        take(WelchPSD().fit_transform(harmonic))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        levels = WelchPSD(decibels=True).fit_transform(harmonic)
        take(levels)
        take(levels - levels.min(axis=-1, keepdims=True))


@pytest.mark.parametrize(
    "augment", [RandomSpeckle(), RandomNoise(domain="spectrum")], ids=repr
)
def test_signals_in_the_place_of_decibels_are_warned_of(augment):
    with pytest.warns(UserWarning, match="look like raw signals, as they swing"):
        augment.fit(NOISE)
