"""Made signals with several emissions: what they hold is what the data say."""

import numpy as np
import pytest

from sk_psd.datasets import make_spectral_mixtures

SHAPES = "rect tri twohump rcos qpsk gmsk am fmsine chirp ofdm".split()
FS = 1000.0


def make(n_samples, **params):
    params = dict(fs=FS, tilt_db=0.0, random_state=0) | params
    return make_spectral_mixtures(n_samples, return_X_y=False, **params)


def powers_inside(x, bands):
    """Return the power of a signal inside of each band, and in all."""
    freqs = np.fft.fftfreq(len(x), 1 / FS)
    powers = np.abs(np.fft.fft(x)) ** 2
    inside = [(low <= freqs) & (freqs <= high) for low, high in bands]
    return [powers[bins].sum() for bins in inside], powers.sum()


def test_a_band_holds_the_power_of_its_emission():
    data = make(150, shapes=SHAPES, n_emissions=1, snr_db=np.inf)
    assert (data.y.sum(axis=0) >= 5).all()
    for x, row, bands in zip(data.X, data.y, data.bands, strict=True):
        name = data.target_names[row == 1].item()
        [inside], total = powers_inside(x, bands[row == 1])
        assert inside > (0.94 if name == "ofdm" else 0.95) * total


def test_densities_inside_of_the_bands_differ_as_the_levels_do():
    data = make(60, n_emissions=2, snr_db=60.0, n_times=16384)
    compared = 0
    for x, row, bands, snr in zip(data.X, data.y, data.bands, data.snr_db, strict=True):
        bands, snr = bands[row == 1], snr[row == 1]
        if bands[:, 0].max() < bands[:, 1].min() + 5:
            continue  # they overlap, or nearly
        powers, _ = powers_inside(x, bands)
        levels = 10 * np.log10(powers / np.diff(bands, axis=1).ravel())
        assert np.diff(levels) == pytest.approx(np.diff(snr), abs=0.3)
        compared += 1
    assert compared > 20


def test_the_snr_is_the_ratio_of_the_powers_inside_of_the_band():
    data = make(40, shapes=["rect"], n_emissions=1, snr_db=3.0, n_times=16384)
    ratios = []
    for x, bands in zip(data.X, data.bands, strict=True):
        (inside,), total = powers_inside(x, bands[0][None])
        width = np.diff(bands[0]).item()
        noise = (total - inside) / (FS - width) * width
        ratios.append(inside / noise - 1)
    assert 10 * np.log10(np.mean(ratios)) == pytest.approx(3.0, abs=0.2)
    assert (data.snr_db == 3.0).all()


def test_the_weakest_emission_has_the_snr_and_the_strongest_a_power_of_one():
    data = make(300, gain_db=0.0)
    weakest = np.nanmin(data.snr_db, axis=1)
    span = np.nanmax(data.snr_db, axis=1) - weakest
    assert 5 <= weakest.min() < 5.5 and 9.5 < weakest.max() <= 10
    assert 18 < np.nanmax(data.snr_db) <= 20
    assert 9 < span.max() <= 10 and (span[data.y.sum(axis=1) == 1] == 0).all()
    power = np.mean(np.abs(data.X) ** 2, axis=1)[data.y.sum(axis=1) == 1]
    assert 0.85 < power.min() and power.max() < 5  # with the noise of the whole axis


def test_emissions_lie_anywhere_inside_of_the_axis_and_may_overlap():
    data = make(400, shapes="standard8", n_emissions=(1, 3), n_times=256)
    assert data.y.shape == (400, 8) and data.bands.shape == (400, 8, 2)
    counts = np.bincount(data.y.sum(axis=1))
    assert counts[0] == 0 and len(counts) == 4 and counts[1:].min() > 100
    present = data.y == 1
    assert (np.isfinite(data.bands).all(axis=2) == present).all()
    assert (np.isfinite(data.snr_db) == present).all()
    low, high = data.bands[present].T
    assert low.min() >= -FS / 2 and high.max() <= FS / 2
    assert low.min() < -0.48 * FS and high.max() > 0.48 * FS
    width = high - low
    assert 0.9 * FS / 8 <= width.min() and width.max() <= 1.1 * FS / 8
    overlaps = 0
    for bands in (data.bands[i][present[i]] for i in range(400)):
        bands = bands[np.argsort(bands[:, 0])]
        overlaps += (bands[1:, 0] < bands[:-1, 1]).any()
    assert 50 < overlaps < 250
    shares = present.mean(axis=0)
    assert 0.18 < shares.min() and shares.max() < 0.32


def test_every_number_of_emissions_can_be_asked_for():
    assert (make(9, n_emissions=4, n_times=64).y == 1).all()
    assert (make(9, n_emissions=(2, 2), n_times=64).y.sum(axis=1) == 2).all()


def test_one_seed_gives_one_data_set_and_the_names_of_a_benchmark_are_its_shapes():
    first, again = make(5), make(5)
    for name in ("X", "y", "bands", "snr_db"):
        np.testing.assert_array_equal(first[name], again[name])
    assert not np.array_equal(first.X, make(5, random_state=1).X)
    X, y = make_spectral_mixtures(5, fs=FS, tilt_db=0.0, random_state=0)
    np.testing.assert_array_equal(X, first.X)
    np.testing.assert_array_equal(y, first.y)
    named = make(5, shapes="easy4")
    assert named.target_names.tolist() == ["rect", "twohump", "tri", "am"]
    listed = make(5, shapes=["rect", "twohump", "tri", "am"])
    np.testing.assert_array_equal(named.X, listed.X)


@pytest.mark.parametrize(
    "params, match",
    [
        (dict(shapes="easy5"), "different names among .*or one of .*Got 'easy5'"),
        (dict(shapes=["rect", "rect"]), "a list of different names among"),
        (dict(shapes={"rect"}), "a list of different names among"),
        (dict(n_emissions=5), r"at most the number of shapes \(=4\). Got 5"),
        (dict(n_emissions=(3, 1)), r"a tuple \(least, largest\), .* Got \(3, 1\)"),
        (dict(n_emissions=0), "n_emissions must be an int of at least 1. Got 0"),
        (dict(n_emissions=[1, 2]), r"must be an int of at least 1. Got \[1, 2\]"),
        (dict(n_emissions=1.5), "n_emissions must be an int of at least 1. Got 1.5"),
        (dict(level_db=-1), "level_db must lie between 0 and 1000. Got -1"),
        (dict(level_db=None), "level_db must be a finite number. Got None"),
        (dict(snr_db=None), "snr_db must be a number, a tuple .* Got None"),
        (dict(bandwidth=950.0), "bandwidth .=950.0 Hz, with its jitter. must be pos"),
        (dict(n_times=16), "n_times .=16. is too short for a bandwidth of 125"),
        (dict(tilt_db=np.nan), "tilt_db must be a finite number"),
        (dict(fs=-1), "fs must be positive and finite. Got -1"),
        (dict(random_state="a"), "'a' cannot be used to seed"),
    ],
)
def test_impossible_mixtures_are_refused(params, match):
    with pytest.raises(ValueError, match=match):
        make(3, **params)
