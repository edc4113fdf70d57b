import importlib.util
import pathlib

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.signal import get_window
from scipy.special import logsumexp

from sk_psd.datasets import make_shift_benchmark

PATH = pathlib.Path(__file__).parent.parent / "benchmarks" / "limits.py"


@pytest.fixture(scope="module")
def limits():
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("limits", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_counts_of_independent_segments_and_bins_are_those_of_white_noise(limits):
    hann = get_window("hann", limits.N_FREQS)
    # Half-overlapped Hann segments correlate by 1 / 6, bins by 2 / 3 and 1 / 6.
    assert limits.count_segments(hann, 7) == pytest.approx(7 / (1 + 12 / 7 / 36))
    assert limits.count_bins(hann) == pytest.approx(1 / (1 + 8 / 9 + 2 / 36))
    noise = np.random.default_rng(0).standard_normal((2, 100, 4 * limits.N_FREQS))
    power = limits.to_power(noise[0] + 1j * noise[1])
    found = power.mean() ** 2 / power.var()
    assert found == pytest.approx(limits.count_segments(hann, 7), rel=0.03)
    centered = power - power.mean()
    for lag, expected in [(1, 4 / 9), (2, 1 / 36)]:
        products = centered * np.roll(centered, lag, axis=1)
        assert products.mean() / power.var() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("shape", ["rect", "tri", "qpsk", "gmsk", "ofdm"])
def test_expected_spectra_are_means_of_simulated_ones(limits, shape):
    n, width, place = 100, 0.135, 0.4
    rng = np.random.RandomState(0)
    autocorrelation = limits.autocorrelate(shape, rng, 64)
    (expected,) = limits.expect_spectra(
        autocorrelation, np.array([width]), np.array([place])
    )
    many = limits.estimate_spectra(shape, np.full(n, width), np.full(n, place), rng)
    mean = many.mean(axis=0)
    assert expected.mean() == pytest.approx(1, rel=1e-3)
    band = expected > expected.max() / 10
    ratio = mean[band] / expected[band]
    assert ratio.mean() == pytest.approx(1, abs=0.02)
    # Both are estimates, with standard errors of 0.04 and 0.03 in each bin.
    assert np.abs(ratio - 1).max() < 0.2
    assert np.abs(mean - expected)[~band].max() < 0.02 * expected.max()


def test_an_ofdm_signal_fluctuates_less_than_noise_does(limits):
    rng = np.random.RandomState(0)
    in_noise = limits.count_segments(limits.WINDOW, limits.N_SEGMENTS)
    found = [limits.measure_segments(shape, rng, 100) for shape in ("rect", "ofdm")]
    assert found[0] == pytest.approx(in_noise, rel=0.1)
    assert found[1] > 1.3 * in_noise


def test_a_model_adds_the_noise_of_the_snr_and_has_a_mean_of_1(limits):
    task = dict(snr_db=(0.0, 0.0), bandwidth_jitter=0.0)
    mean, segments = limits.draw_model("rect", task, 4, 8, np.random.RandomState(0))
    np.testing.assert_allclose(mean.mean(axis=1), 1)
    # At 0 dB the floor is as high as the flat band of the signal.
    floor, band = mean[:, 400:600].mean(), mean[:, :30].mean()
    assert band / floor == pytest.approx(2, rel=0.05)
    assert segments[:, 400:600] == pytest.approx(segments[0, 500])


def test_the_evidence_is_the_mean_likelihood_over_draws_and_shifts(limits):
    rng = np.random.default_rng(0)
    n_freqs, shifts = 16, np.array([-3, 0, 5])
    mean = rng.uniform(0.5, 2, (2, n_freqs))
    segments = rng.uniform(4, 9, (2, n_freqs))
    power = rng.gamma(6, 1 / 6, (2, n_freqs))
    kept = rng.random(power.shape) < 0.8
    found = limits.find_evidence(power, kept, mean, segments, shifts, [1, 2])

    def log_likelihood(x, rows, m, k):
        def minus(log_gain):
            scale = np.exp(log_gain) * m[rows] / k[rows]
            return -stats.gamma.logpdf(x[rows], k[rows], scale=scale).sum()

        return -minimize_scalar(minus).fun + np.log(x[rows]).sum()

    for i in range(2):
        x = power[i] / np.median(power[i])
        expected = [
            logsumexp(
                [
                    limits.count_bins(limits.WINDOW)
                    * log_likelihood(x, kept[i], np.roll(m, s), np.roll(k, s))
                    for s in shifts
                ]
            )
            for m, k in zip(mean, segments, strict=True)
        ]
        assert found[0, i] == pytest.approx(expected[0], abs=1e-3)
        assert found[1, i] == pytest.approx(logsumexp(expected) - np.log(2), abs=1e-3)


def test_the_evidence_tells_shapes_apart_that_differ_enough(limits):
    rng = np.random.RandomState(0)
    task = dict(snr_db=(10.0, 20.0), bandwidth_jitter=0.1)
    shifts, evidence, power = np.array([200, 201, 202]), [], []
    for shape in ("rect", "tri"):
        spectra = limits.estimate_spectra(
            shape, rng.uniform(0.113, 0.137, 10), np.full(10, 201.3), rng
        )
        power.extend(spectra + 0.3)
    kept = np.ones((20, limits.N_FREQS), bool)
    for shape in ("rect", "tri"):
        model = limits.draw_model(shape, task, 64, 8, rng)
        found = limits.find_evidence(np.array(power), kept, *model, shifts, [64])
        evidence.append(found[0])
    assert np.argmax(evidence, axis=0).tolist() == [0] * 10 + [1] * 10


def test_spurs_are_found_with_their_neighbors_and_edges_are_not(limits):
    power = np.random.default_rng(0).gamma(200, 1 / 200, (1, 512))
    power[:, 100:200] *= 20
    power[:, [50, 150]] *= 5
    (found,) = np.nonzero(limits.find_spurs(power)[0])
    assert found.tolist() == [*range(48, 53), *range(148, 153)]


def test_the_signals_of_the_test_set_lie_at_the_possible_shifts(limits):
    shifts = limits.possible_shifts()
    assert len(np.unique(shifts)) == len(shifts)
    data = make_shift_benchmark(
        "easy4", n_train=1, n_test=60, n_freqs=limits.N_FREQS, random_state=0
    )
    power = limits.to_power(data.test["shifted"][0])
    turns = np.exp(2j * np.pi * np.arange(limits.N_FREQS) / limits.N_FREQS)
    above_noise = np.maximum(power - 3 * np.median(power, axis=1, keepdims=True), 0)
    center = np.angle((above_noise * turns).sum(axis=1)) * limits.N_FREQS / (2 * np.pi)
    distance = np.abs(center[:, None] % limits.N_FREQS - shifts).min(axis=1)
    assert distance.max() < 25
    # They come close to every end of the ranges.
    assert np.abs(shifts[:, None] - center % limits.N_FREQS).min(axis=1).max() < 60
