"""The dynamic range of levels, learned from the training spectra."""

import pickle

import numpy as np
import pytest
import torch

from sk_psd import Spectrogram, WelchPSD
from sk_psd.signals import add_noise, shift_frequency


def tones(n=40, noise_db=(20, 60)):
    """Return real signals of one line in noise, at different levels of both."""
    rng = np.random.default_rng(0)
    t = np.arange(4096)
    X = np.sin(2 * np.pi * rng.uniform(0.1, 0.2, (n, 1)) * t)
    X = add_noise(X, rng.uniform(*noise_db, n), 1)
    return X * 10 ** rng.uniform(-3, 3, (n, 1))


def spans(levels):
    return levels.max(axis=-1) - levels.min(axis=-1)


def floor_spans(levels):
    """Return the distances from the maxima to the 2 % quantiles of the levels."""
    floor = np.quantile(levels, 0.02, axis=-1, method="lower")
    return levels.max(axis=-1) - floor


def make(**params):
    return WelchPSD(decibels=True, fmin=1 / 512, **params)


def test_the_range_is_the_median_of_the_training_spectra():
    X = tones()
    whole = make(range_db=None).fit_transform(X)
    psd = make()
    cut = psd.fit_transform(X)
    assert psd.range_db_ == pytest.approx(np.median(floor_spans(whole)))
    floor = whole.max(axis=-1, keepdims=True) - psd.range_db_
    np.testing.assert_array_equal(cut, np.maximum(whole, floor))
    np.testing.assert_array_equal(psd.transform(X), cut)
    np.testing.assert_array_equal(make().fit(X).transform(X), cut)
    assert make(range_db=None).fit(X).range_db_ is None


def test_the_range_is_at_most_80_db():
    psd = make().fit(tones(noise_db=(100, 120)))
    assert psd.range_db_ == 80.0


def test_a_number_is_taken_as_it_is_and_transform_learns_nothing():
    X = tones()
    psd = make(range_db=15).fit(X)
    assert psd.range_db_ == 15.0
    assert spans(psd.transform(X)).max() == pytest.approx(15)
    learned = make().fit(X)
    before = learned.range_db_
    assert spans(learned.transform(tones(noise_db=(90, 99)))).max() == pytest.approx(
        before
    )
    assert learned.range_db_ == before


def test_an_empty_band_does_not_stretch_the_span():
    X = tones(noise_db=(20, 21))
    hole = shift_frequency(X, 0.1, fill=None)
    assert spans(make(range_db=None).fit_transform(hole)).min() > 100
    psd = make().fit(X)
    np.testing.assert_allclose(spans(psd.transform(hole)), psd.range_db_, atol=3)


def test_signals_without_power_are_left_out_and_get_a_level_within_the_range():
    X = tones()
    X[::3] = 0.0
    psd = make()
    with pytest.warns(UserWarning, match="14 of 40 signals hold no power"):
        cut = psd.fit_transform(X)
    some = np.arange(40) % 3 > 0
    assert psd.range_db_ == make().fit(X[some]).range_db_
    assert psd.silent_level_ >= (cut[some].max(axis=-1) - psd.range_db_).min() - 1e-9
    silent = make().fit(X[::3])
    assert silent.range_db_ is None and silent.silent_level_ == -120.0


def test_each_channel_has_the_range_of_its_own_maximum():
    X = tones()
    two = np.stack([X, 1e-3 * X[::-1]], axis=1)
    psd = make()
    cut = psd.fit_transform(two)
    one = make().fit(np.vstack([X, 1e-3 * X[::-1]]))
    assert psd.range_db_ == pytest.approx(one.range_db_)
    np.testing.assert_allclose(cut[:, 0], one.transform(X), rtol=1e-12)


def test_a_spectrogram_has_one_range():
    X = tones(10)
    X[:, 2048:] *= 1e-2
    whole = Spectrogram(nperseg=128, decibels=True, range_db=None).fit_transform(X)
    psd = Spectrogram(nperseg=128, decibels=True)
    cut = psd.fit_transform(X)
    flat = whole.reshape(10, -1)
    assert psd.range_db_ == pytest.approx(min(80.0, np.median(floor_spans(flat))))
    floor = whole.max(axis=(1, 2), keepdims=True) - psd.range_db_
    np.testing.assert_array_equal(cut, np.maximum(whole, floor))


def test_powers_have_no_range():
    X = tones(4)
    psd = WelchPSD().fit(X)
    assert not hasattr(psd, "range_db_")
    np.testing.assert_array_equal(
        psd.transform(X), WelchPSD(range_db=10).fit_transform(X)
    )


def test_float32_and_pickles_keep_the_range():
    X = tones(6).astype(np.float32)
    psd = make().fit(X)
    assert psd.transform(X).dtype == np.float32
    assert isinstance(psd.range_db_, float)
    again = pickle.loads(pickle.dumps(psd))
    np.testing.assert_array_equal(again.transform(X), psd.transform(X))
    tensor = torch.from_numpy(X)
    np.testing.assert_array_equal(psd.transform(tensor), psd.transform(X))


def test_a_constant_spectrum_has_nothing_to_cut():
    X = np.zeros((3, 64))
    X[:, 0] = 1.0  # one impulse has the same power everywhere
    psd = WelchPSD(nperseg=64, window="boxcar", detrend=False, decibels=True)
    levels = psd.set_params(return_onesided=False).fit_transform(X + 0j)
    assert spans(levels).max() < 1e-6
    assert np.isfinite(levels).all()


@pytest.mark.parametrize("range_db", [0, -10, "wide", True, np.nan])
def test_an_impossible_range_is_refused(range_db):
    with pytest.raises(ValueError, match="'range_db' .*Got .* instead"):
        make(range_db=range_db).fit(tones(3))
