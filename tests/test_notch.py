"""Notches, compared with straight lines in decibels."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sk_psd import Spectrogram, WelchPSD

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((3, 2, 2048))
COMPLEX = REAL + 1j * RNG.standard_normal(REAL.shape)


def bridged(psd, inside):
    """Return spectra with straight lines in decibels over the bins `inside`."""
    level = 10 * np.log10(psd)
    at, known = np.arange(len(inside)), ~inside
    rows = [np.interp(at, at[known], row[known]) for row in level.reshape(-1, len(at))]
    return 10 ** (np.reshape(rows, psd.shape) / 10)


@pytest.mark.parametrize(
    "notch, find",
    [
        ([50.0], lambda f: np.abs(f - 50) < 7.8),
        (50, lambda f: np.abs(f - 50) < 7.8),
        ([(100, 130)], lambda f: (f >= 100) & (f <= 130)),
        (
            np.array([50.0, 150.0]),
            lambda f: np.minimum(abs(f - 50), abs(f - 150)) < 7.8,
        ),
        ([0, (480.0, 500.0)], lambda f: (f < 7.8) | (f >= 480)),
        ([(100, 130), (131, 150), 160], lambda f: (f >= 100) & (f < 167.8)),
        ([], lambda f: f < 0),
    ],
)
@pytest.mark.parametrize("cls", [WelchPSD, Spectrogram])
def test_the_bins_are_bridged_in_decibels_and_the_others_stay(cls, notch, find):
    plain = cls(fs=1000.0, nperseg=256, window="hann")
    psd = clone(plain).set_params(notch=notch)
    result, expected = psd.fit_transform(REAL), plain.fit_transform(REAL)
    inside = find(psd.freqs_)
    if cls is Spectrogram:
        result, expected = result.swapaxes(-1, -2), expected.swapaxes(-1, -2)
    np.testing.assert_array_equal(result[..., ~inside], expected[..., ~inside])
    np.testing.assert_allclose(result, bridged(expected, inside))
    decibels = psd.set_params(decibels=True, range_db=None).fit_transform(REAL)
    decibels = decibels.swapaxes(-1, -2) if cls is Spectrogram else decibels
    np.testing.assert_allclose(decibels, 10 * np.log10(result), atol=1e-9)


def test_two_sided_axes_have_negative_frequencies_and_are_circles():
    plain = WelchPSD(fs=1000.0, nperseg=256, return_onesided=False)
    expected = plain.fit_transform(COMPLEX)
    freqs = plain.freqs_
    for notch, inside in [
        ([-200.0, 0], np.minimum(abs(freqs + 200), abs(freqs)) < 7.8),
        ([(-300, -200)], (freqs >= -300) & (freqs <= -200)),
    ]:
        result = clone(plain).set_params(notch=notch).fit_transform(COMPLEX)
        np.testing.assert_allclose(result, bridged(expected, inside))
    # The two ends are neighbors, and -500 and 500 Hz are one frequency.
    middle = np.roll(np.abs(freqs) > 500 - 7.8, 128)
    for notch in ([-500.0], [500.0]):
        result = clone(plain).set_params(notch=notch).fit_transform(COMPLEX)
        rolled = bridged(np.roll(expected, 128, axis=-1), middle)
        np.testing.assert_allclose(np.roll(result, 128, axis=-1), rolled)


def test_a_cropped_axis_has_one_neighbor_at_its_ends():
    crop = WelchPSD(fs=1000.0, nperseg=256, fmin=100, fmax=300)
    expected = crop.fit_transform(REAL)
    inside = crop.freqs_ <= 107.8
    result = clone(crop).set_params(notch=[100.0, 50.0]).fit_transform(REAL)
    np.testing.assert_allclose(result, bridged(expected, inside))
    np.testing.assert_allclose(result[..., 0], expected[..., 2])


@pytest.mark.parametrize(
    "window, lobe", [("boxcar", 1), ("hann", 2), ("hamming", 2), ("blackman", 3)]
)
@pytest.mark.parametrize("nfft", [None, 1024])
def test_a_number_takes_the_main_lobe_of_the_window(window, lobe, nfft):
    psd = WelchPSD(fs=1000.0, window=window, nperseg=250, nfft=nfft, detrend=False)
    X = np.cos(2 * np.pi * 200 * np.arange(2000) / 1000)[None]
    X = X + 1e-4 * RNG.standard_normal(X.shape)
    powers = psd.fit_transform(X)
    result = psd.set_params(notch=[200]).fit_transform(X)
    changed = np.abs(psd.freqs_[(result != powers)[0]] - 200)
    expected = np.abs(psd.freqs_ - 200)
    np.testing.assert_array_equal(
        np.sort(changed), np.sort(expected[expected < 4 * lobe - 1e-6])
    )
    assert result.max() < powers.max() / 10


def test_a_line_vanishes_and_the_rest_stays_what_it_was():
    t = np.arange(2048) / 1000
    line = 10 * np.cos(2 * np.pi * 250 * t)
    psd = WelchPSD(fs=1000.0, nperseg=256, decibels=True, notch=[250.0])
    with_line, without = psd.fit_transform(REAL + line), psd.fit_transform(REAL)
    np.testing.assert_allclose(with_line, without, atol=0.5)
    assert WelchPSD(fs=1000.0, decibels=True).fit_transform(REAL + line).max() > 5


def test_bins_without_power_are_bridged_to_bins_without_power():
    notch = WelchPSD(fs=1000.0, nperseg=256, notch=[250.0]).fit(REAL)._notch
    psd = np.zeros((2, 129))
    notch.bridge(psd)
    assert (psd == 0).all()


def test_single_precision_and_tensors_stay_what_they_are():
    psd = WelchPSD(fs=1000.0, nperseg=256, notch=[50, (100, 130)]).fit(REAL)
    single = psd.transform(REAL.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, psd.transform(REAL), rtol=1e-4)


def test_tensors_are_bridged_as_arrays_are():
    psd = WelchPSD(fs=1000.0, nperseg=256, notch=[50, (100, 130)])
    expected = psd.fit_transform(REAL)
    plain = WelchPSD(fs=1000.0, nperseg=256).fit_transform(REAL)
    for axis in (-1, -2):
        tensor = torch.from_numpy(np.array(plain.swapaxes(axis, -1)))
        psd._notch.bridge(tensor, axis=axis)
        np.testing.assert_allclose(tensor.numpy().swapaxes(axis, -1), expected)


@pytest.mark.parametrize(
    "notch, match",
    [
        ("mains", "'notch' .*Got 'mains'|notch must be a list .* Got 'mains'"),
        ([(130, 100)], r"low <= high, in Hz. Got \(130, 100\)"),
        ([(1, 2, 3)], r"pairs \(low, high\) .* Got \(1, 2, 3\)"),
        ([np.nan], "finite frequencies .* Got nan"),
        (["50"], "finite frequencies .* Got '50'"),
        ([-50], "from 0 to 500 Hz; for negative ones use return_onesided=False. Got"),
        ([600], "from 0 to 500 Hz. Got 600"),
        ([(49, 49.5)], "no bin lies between 49.* 3.90625 Hz apart. Pass a wider pair"),
        ([(0, 500)], "leaves none of the 129 bins .* longer nperseg"),
    ],
)
def test_impossible_notches_are_refused(notch, match):
    with pytest.raises(ValueError, match=match):
        WelchPSD(fs=1000.0, nperseg=256, notch=notch).fit(REAL)


def test_a_frequency_is_a_number_of_any_type():
    welch = WelchPSD(fs=1000.0, nperseg=256, notch=[Fraction(500, 4)])
    same = clone(welch).set_params(notch=[125.0])
    np.testing.assert_array_equal(welch.fit_transform(REAL), same.fit_transform(REAL))


def test_the_sampling_frequency_is_a_number_of_any_type():
    with pytest.raises(ValueError, match="from 0 to 0.166667 Hz. Got 0.25"):
        WelchPSD(fs=Fraction(1, 3), nperseg=256, notch=[0.25]).fit(REAL)
