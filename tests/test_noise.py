"""Noise, speckle, lines and levels: against noise in the signals themselves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    RandomFreqShift,
    RandomNoise,
    RandomSpeckle,
    SpectrogramCNNClassifier,
    WelchPSD,
    shift_invariance,
)
from sk_psd._noise import NoisePool, line_powers
from sk_psd.datasets import make_spectral_shapes
from sk_psd.nn import Level
from sk_psd.signals import add_noise

N_TIMES, NPERSEG, N_AVERAGES = 2048, 512, 7


def make_psd(**params):
    return WelchPSD(nperseg=NPERSEG, decibels=True, detrend=False, **params)


def steady_signal(is_complex):
    """Return a signal that repeats after half of a segment, with power in all bins."""
    rng = np.random.default_rng(0)
    period = rng.standard_normal(NPERSEG // 2) + 1j * rng.standard_normal(NPERSEG // 2)
    signal = np.tile(period, N_TIMES // len(period))
    return signal if is_complex else signal.real


def figures(X):
    """Return mean, standard deviation and mean difference of neighbors, in dB."""
    X = X[:, 4:-4]
    return X.mean(), X.std(axis=0).mean(), np.abs(np.diff(X, axis=1)).mean()


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("snr_db", [20, 5, -5])
def test_noise_in_spectra_is_as_noise_in_signals(snr_db, is_complex):
    X = np.tile(steady_signal(is_complex), (1500, 1))
    psd = make_psd(return_onesided=not is_complex)
    clean = psd.fit_transform(X)
    expected = psd.transform(add_noise(X, snr_db, 0))
    noise = RandomNoise(
        snr_db,
        domain="spectrum",
        clean_fraction=0,
        n_averages=N_AVERAGES,
        random_state=0,
    )
    found = noise.fit_transform(clean)
    np.testing.assert_allclose(figures(found), figures(expected), rtol=0.03, atol=0.03)
    np.testing.assert_array_equal(noise.transform(clean), clean)


def test_speckle_is_the_scatter_of_spectra_of_noise():
    # Twice as many averages, as the spectra have their own scatter already.
    rng = np.random.default_rng(0)
    signals = rng.standard_normal((1500, NPERSEG // 2 * (2 * N_AVERAGES + 1)))
    expected = make_psd().fit_transform(signals)
    flat = np.tile(np.linspace(-50.0, -10.0, NPERSEG // 2 + 1), (1500, 1))
    found = RandomSpeckle(N_AVERAGES, random_state=0).fit_transform(flat) - flat
    expected = expected - expected.mean(axis=0)
    found = found - found.mean(axis=0)
    np.testing.assert_allclose(figures(found)[1:], figures(expected)[1:], rtol=0.03)
    assert figures(found)[0] == pytest.approx(0, abs=0.02)


def test_the_share_of_clean_rows_and_the_range_of_levels():
    X = np.zeros((2000, 64))
    X[:, 20:30] = 40.0
    noise = RandomNoise(
        (0, 20), domain="spectrum", clean_fraction=0.25, n_averages=200, random_state=0
    )
    noisy = noise.fit_transform(X)
    is_clean = (noisy == X).all(axis=1)
    assert is_clean.mean() == pytest.approx(0.25, abs=0.03)
    density = 10 ** (noisy[~is_clean][:, 40:] / 10) - 1
    power = (10 ** (X[0] / 10)).sum()
    snr_db = 10 * np.log10(power / (density.mean(axis=1) * 64))
    assert snr_db.min() == pytest.approx(0, abs=1)
    assert snr_db.max() == pytest.approx(20, abs=1)
    assert snr_db.mean() == pytest.approx(10, abs=0.7)


@pytest.mark.parametrize("is_complex", [False, True])
def test_some_signals_stay_clean(is_complex):
    X = np.random.default_rng(0).standard_normal((400, 200))
    X = X * (1 + 1j) if is_complex else X
    noisy = RandomNoise(random_state=0).fit_transform(X)
    assert (noisy == X).all(axis=1).mean() == pytest.approx(0.3, abs=0.06)
    assert (RandomNoise(clean_fraction=1).fit_transform(X) == X).all()


def test_a_line_has_the_power_and_the_width_of_a_sine_behind_a_hann_window():
    generator = torch.Generator().manual_seed(0)
    lines = line_powers(200, 129, generator, torch.zeros(1)).numpy()[:, 0]
    inner = lines[(lines.argmax(axis=1) > 4) & (lines.argmax(axis=1) < 124)]
    np.testing.assert_allclose(inner.sum(axis=1), 1, atol=1e-4)
    t = np.arange(256)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * t / 256)
    for freq in (40.0, 40.3, 40.5):
        power = np.abs(np.fft.rfft(np.exp(2j * np.pi * freq * t / 256).real * window))
        power = power**2 / (power**2).sum()
        # The line of the same place, to a fraction of a bin.
        nearest = np.abs(inner - power).max(axis=1)
        shifted = [
            np.abs(np.roll(row, 40 - row.argmax()) - power).max() for row in inner
        ]
        assert min(nearest.min(), *shifted) < 0.03


def test_lines_are_added_as_often_and_as_strong_as_asked():
    X = np.zeros((1000, 256))
    X += 0.01 * np.sin(np.arange(256))
    X[:, 100:140] = 20.0
    options = dict(domain="spectrum", clean_fraction=1, random_state=0)
    lined = RandomNoise(line_probability=0.4, line_db=(0, 0), **options).fit_transform(
        X
    )
    changed = (np.abs(lined - X) > 1).any(axis=1)
    assert changed.mean() == pytest.approx(0.4, abs=0.05)
    added = (10 ** (lined[changed] / 10) - 10 ** (X[changed] / 10)).sum(axis=1)
    power = (10 ** (X[0] / 10)).sum()
    assert np.median(added / power) == pytest.approx(1, abs=0.01)


def test_colored_noise_is_smooth_and_of_the_same_power():
    X = np.tile(np.where(np.arange(256) == 128, 80.0, 0.0), (3000, 1))
    options = dict(domain="spectrum", clean_fraction=0, n_averages=200, random_state=0)
    noisy = RandomNoise(10, color_db=6.0, **options).fit_transform(X)
    noisy = np.delete(noisy, np.s_[120:137], axis=1)
    spread = (noisy - noisy.mean(axis=1, keepdims=True)).std()
    assert spread == pytest.approx(6.0, rel=0.1)
    assert np.abs(np.diff(noisy, axis=1)).mean() < 0.7
    density = (10 ** (noisy / 10)).mean(axis=1)
    power = 10**8 + 255
    assert 10 * np.log10(power / 256 / density).mean() == pytest.approx(10, abs=0.5)


def test_the_pool_gives_every_device_and_dtype_the_same_numbers():
    pools = [
        NoisePool(64, 3, torch.Generator().manual_seed(0), torch.zeros(1, dtype=dtype))
        for dtype in (torch.float32, torch.float64)
    ]
    drawn = [
        pool.draw_powers((5, 2, 64), torch.Generator().manual_seed(1)) for pool in pools
    ]
    assert drawn[0].dtype == torch.float32 and drawn[1].dtype == torch.float64
    torch.testing.assert_close(drawn[0].double(), drawn[1])


# Levels


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 200),
    st.integers(1, 3),
    st.integers(0, 2**16),
    st.sampled_from(["median", "minmax"]),
)
def test_a_level_of_rolled_spectra_is_the_rolled_level(
    n_freqs, n_channels, seed, level
):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, n_channels, n_freqs, generator=generator)
    x = (x * 4).round() if seed % 2 else x  # with ties
    layer = Level(level)
    layer.learn(x)
    for shift in {0, 1, n_freqs // 2, n_freqs - 1}:
        assert torch.equal(layer(x.roll(shift, -1)), layer(x).roll(shift, -1))


@pytest.mark.parametrize("shape", [(30, 2, 65), (30, 2, 16, 9)])
def test_a_level_is_standardized_and_does_not_see_the_gain(shape):
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    for level in ("median", "minmax"):
        layer = Level(level)
        layer.learn(x)
        y = layer(x)
        assert float(y.mean()) == pytest.approx(0, abs=1e-5)
        assert float(y.square().mean()) == pytest.approx(1, abs=1e-4)
        torch.testing.assert_close(layer(x + 5), y, atol=1e-4, rtol=0)
    flat = layer(torch.ones(1, 1, 8))
    assert torch.isfinite(flat).all() and len(flat.unique()) == 1
    assert Level(None)(x) is x


def spectra():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 2, 128))
    y = np.arange(40) % 2
    X[y == 0, :, 40:44] += 30
    X[y == 1, :, 40:60] += 30
    return X, y


AUGMENTATIONS = {
    "robust": "robust",
    "speckle": RandomSpeckle(4),
    "all": [
        RandomFreqShift(mode="floor"),
        RandomSpeckle(),
        RandomNoise(domain="spectrum", color_db=3, line_probability=0.5),
    ],
}


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("level", ["median", "minmax"])
def test_a_net_stays_exact_after_training_with_every_augmentation(level, augmentation):
    X, y = spectra()
    model = GlobalPoolCNNClassifier(
        (8, 8),
        level=level,
        augmentation=AUGMENTATIONS[augmentation],
        max_epochs=15,
        random_state=0,
    ).fit(X, y)
    report = shift_invariance(model, X, shifts=range(128))
    assert (report.max_change, report.flipped) == (0.0, 0.0)
    assert model.score(X, y) > 0.9
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("augmentation", ["auto", *AUGMENTATIONS])
@pytest.mark.parametrize("range_db", ["auto", 30.0, None])
@pytest.mark.parametrize("level", [None, "median", "minmax"])
def test_a_pipeline_stays_exact_from_the_spectra_on(level, range_db, augmentation):
    if augmentation == "robust" and level is None:
        return  # refused, see below
    X, y = make_spectral_shapes(24, n_times=640, snr_db=20.0, random_state=0)
    psd = WelchPSD(
        nperseg=64,
        decibels=True,
        range_db=range_db,
        return_onesided=False,
        detrend=False,
    )
    net = GlobalPoolCNNClassifier(
        (8, 8),
        level=level,
        augmentation=AUGMENTATIONS.get(augmentation, "auto"),
        max_epochs=2,
        random_state=0,
    )
    model = make_pipeline(psd, net).fit(X, y)
    spectra = psd.transform(X)
    report = shift_invariance(net, spectra, shifts=range(64))
    assert (report.max_change, report.flipped) == (0.0, 0.0)
    # Signals that are mixed by whole bins round on the way to their spectra.
    time = np.arange(X.shape[1])
    for n_bins in (1, -7, 32):
        mixed = X * np.exp(2j * np.pi * n_bins / 64 * time)
        rolled = np.roll(spectra, n_bins, axis=-1)
        np.testing.assert_allclose(psd.transform(mixed), rolled, atol=1e-2)
        moved = model.predict_proba(mixed)
        np.testing.assert_allclose(moved, model.predict_proba(X), atol=1e-3)


def test_a_median_level_makes_the_gain_irrelevant():
    X, y = spectra()
    for make in (GlobalPoolCNNClassifier, FlattenCNNClassifier):
        model = make(level="median", max_epochs=3, random_state=0).fit(X, y)
        quiet = model.predict_proba(X - 40)
        np.testing.assert_allclose(quiet, model.predict_proba(X), atol=1e-3)
    frames = np.repeat(X[:, 0, :, None], 8, axis=-1)
    model = SpectrogramCNNClassifier(level="median", max_epochs=2, random_state=0)
    quiet = model.fit(frames, y).predict_proba(frames - 40)
    np.testing.assert_allclose(quiet, model.predict_proba(frames), atol=1e-3)


def test_robust_means_twice_as_many_steps():
    X, y = np.random.default_rng(0).random((640, 16)) * 50, np.arange(640) % 2
    net = GlobalPoolCNNClassifier((2,), level="minmax", batch_size=32, random_state=0)
    assert net.fit(X, y).n_iter_ == 50
    assert net.set_params(augmentation="robust").fit(X, y).n_iter_ == 100


@pytest.mark.parametrize(
    "params, match",
    [
        (
            dict(augmentation="robust"),
            "needs level='median' or .*Leave MinMaxScale o",
        ),
        (dict(level="mean"), "'level' .*'median'.*Got 'mean' instead"),
        (
            dict(augmentation=RandomNoise(), level="median"),
            "cannot add noise to signals, .*Got domain='signal'",
        ),
        (
            dict(
                augmentation=RandomNoise((-300, 0), domain="spectrum"), level="median"
            ),
            r"snr_db must lie between -200 and 200 dB .* Got \(-300, 0\)",
        ),
        (
            dict(augmentation=RandomNoise(line_db="loud", domain="spectrum")),
            "'line_db' .*Got 'loud' instead",
        ),
        (
            dict(augmentation=RandomSpeckle(0), level="median"),
            "'n_averages' .*Got 0 instead",
        ),
    ],
    ids=str,
)
def test_impossible_noise_and_levels_are_refused(params, match):
    X, y = spectra()
    with pytest.raises(ValueError, match=match):
        GlobalPoolCNNClassifier(max_epochs=1, **params).fit(X, y)


@pytest.mark.parametrize(
    "augment", [RandomNoise(domain="spectrum"), RandomSpeckle()], ids=repr
)
def test_scaled_spectra_have_no_decibels_to_add_noise_in(augment):
    X, y = np.random.default_rng(0).random((20, 64)), np.arange(20) % 2
    augment.fit(X)  # may be decibels
    X = MinMaxScale().fit_transform(X)
    with pytest.raises(ValueError, match="decibels, .* span 1, as MinMaxScale leaves"):
        augment.fit(X)
    model = GlobalPoolCNNClassifier(level="median", augmentation=augment)
    with pytest.raises(ValueError, match="span 1, .* level takes its place"):
        model.fit(X, y)
    model = SpectrogramCNNClassifier(level="median", augmentation=augment)
    with pytest.raises(ValueError, match="needs spectra, not spectrograms"):
        model.fit(50 * np.repeat(X[..., None], 8, axis=-1), y)
