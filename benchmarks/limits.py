"""The best accuracy that any classifier of Welch spectra can have on shifted signals.

    python benchmarks/limits.py                    # standard8 and hard6, ten minutes
    python benchmarks/limits.py --tasks hard6
    python benchmarks/limits.py --quick            # a minute, far from converged

No classifier is better than Bayes' rule, which takes the class of the largest posterior
probability under the true distribution of the data [1]_. The signals of the benchmark
are generated, so their distribution is known. This script computes the posterior
probabilities of the classes from the Welch spectrum of each signal.

1. Widths, SNRs and places inside a bin are drawn from the ranges of the generator. The
   expected Welch spectrum of a draw is the Fourier transform of the autocorrelation of
   the signal times that of the window, plus the floor of the noise [2]_. The
   autocorrelation is the mean of many long signals of the generator, stretched to the
   width of the draw.
2. A bin of a Welch spectrum approximately follows a gamma distribution around its
   expected value. The shape parameter K is the number of independent segments, which is
   smaller than the number of overlapping segments [3]_. For noise K follows from the
   window. For each class K is measured on signals without noise, because OFDM signals
   fluctuate less than noise does.
3. One correlation by FFT gives the likelihood at every circular shift. The gain takes
   its most likely value. Neighboring bins are correlated, so the logarithm of the
   likelihood is multiplied by the part of the bins that counts as independent.
4. The evidence of a class is the mean likelihood over all draws and over all shifts
   that the test set can have. Bins with spurs are left out.

Two checks show whether the result is close to the limit. First, the accuracy must no
longer rise with the number of draws. Second, the mean of the largest posterior
probability must equal the accuracy, as it does under Bayes' rule.

In standard8 a chirp has a comb of lines with too many parameters to draw. There the
limit is the accuracy of a logistic regression (5 folds) on the evidence and the logits
of three nets, for the five classes that the nets confuse. The other three classes count
as always right. The script prints the scores of the nets on these three classes.

The limit may lie a few thousandths higher, for two reasons. The correlation of
neighboring bins enters as a single factor. The tilt of the receiver (0.5 dB) and spurs
too weak to be seen are left out.

References
----------
.. [1] Devroye, L., Gyorfi, L., Lugosi, G. (1996). "A Probabilistic Theory of Pattern
   Recognition". Springer, chapter 2.
.. [2] Percival, D. B., Walden, A. T. (1993). "Spectral Analysis for Physical
   Applications". Cambridge University Press, chapter 6.
.. [3] Welch, P. (1967). "The use of the fast Fourier transform for the estimation of
   power spectra". IEEE Transactions on Audio and Electroacoustics, 15(2), 70-73.
"""

import argparse
import time

import numpy as np
import torch
from scipy import fft
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_dilation
from scipy.signal import get_window
from scipy.special import log_softmax, logsumexp
from scipy.stats import qmc
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_psd import GlobalPoolCNNClassifier, WelchPSD
from sk_psd._waveforms import SHAPES
from sk_psd.datasets import (
    _BANDWIDTH,
    _BENCHMARKS,
    _CENTERS,
    make_shift_benchmark,
)
from sk_psd.scaling import min_max_scale
from sk_psd.spectral import decibels

N_FREQS = 1024
N_SEGMENTS = 7  # of the signals of make_shift_benchmark, half overlapped
WINDOW = get_window("hann", N_FREQS)

# Classes of standard8 that the nets never confuse with any other.
CLEAR = ("am", "fmsine", "twohump")

# Shapes with more parameters than width, SNR and place: each draw is one signal.
ONE_SIGNAL_A_DRAW = ("chirp",)


def correlate_window(window):
    """Return the correlation of a window with itself at all lags, 1 at lag 0."""
    n = len(window)
    full = fft.irfft(np.abs(fft.rfft(window, 2 * n)) ** 2, 2 * n)
    return full[:n] / full[0]


def count_segments(window, n_segments):
    """Return the number of independent segments with the variance of overlapping ones.

    The segments overlap by a half.
    """
    # Each segment overlaps with the next one only, by a half.
    overlap = correlate_window(window)[len(window) // 2] ** 2
    return n_segments / (1 + 2 * (1 - 1 / n_segments) * overlap)


def count_bins(window):
    """Return the part of the bins of white noise that counts as independent."""
    correlation = np.abs(fft.fft(window**2)) ** 2
    return correlation[0] / correlation.sum()


def autocorrelate(shape, rng, n_signals, n_times=2**14):
    """Return the autocorrelation of the signals of a shape, 1 at lag 0.

    Returns
    -------
    autocorrelation : callable
        A function of the lag times the bandwidth. Its range covers all lags of the
        window and bandwidths of up to 1.3 times the nominal one.
    """
    power = np.zeros(2 * n_times)
    for _ in range(n_signals):
        signal = SHAPES[shape](rng, n_times, _BANDWIDTH)
        power += np.abs(fft.fft(signal, 2 * n_times)) ** 2
    lags = np.arange(int(1.3 * N_FREQS))
    values = fft.ifft(power)[: len(lags)] / (n_times - lags)
    return CubicSpline(lags * _BANDWIDTH, values / values[0].real)


def expect_spectra(autocorrelation, width, place):
    """Return the expected Welch spectra of noise-free signals of power 1.

    Parameters
    ----------
    autocorrelation : callable
        From `autocorrelate`.

    width : ndarray of shape (n_draws,)
        Bandwidths, in cycles per sample.

    place : ndarray of shape (n_draws,)
        Centers of the signals, in bins from bin 0.

    Returns
    -------
    spectra : ndarray of shape (n_draws, N_FREQS)
        Densities from bin 0 on, with the negative frequencies in the second half.
    """
    lags = np.arange(N_FREQS)
    turns = np.exp(2j * np.pi * np.outer(place / N_FREQS, lags))
    products = autocorrelation(np.outer(width, lags)) * turns * correlate_window(WINDOW)
    # The negative lags give the conjugates of the positive ones.
    products[:, 0] /= 2
    return np.maximum(2 * fft.fft(products).real, 0)


def estimate_spectra(shape, width, place, rng):
    """Return the Welch spectrum of one noise-free signal of each width and place."""
    n = N_FREQS * (N_SEGMENTS + 1) // 2
    signals = np.array([SHAPES[shape](rng, n, b) for b in width])
    signals /= np.sqrt(np.mean(np.abs(signals) ** 2, axis=1, keepdims=True))
    signals *= np.exp(2j * np.pi * np.outer(place / N_FREQS, np.arange(n)))
    return fft.ifftshift(to_power(signals), axes=1)


def to_power(signals):
    """Return the Welch spectra of signals, as powers in ascending frequency."""
    psd = WelchPSD(nperseg=N_FREQS, return_onesided=False, detrend=False)
    return psd.fit_transform(signals)


def measure_segments(shape, rng, n_signals=300):
    """Return K for the signals of a shape without noise: squared mean over variance."""
    width, place = np.full(n_signals, _BANDWIDTH), np.zeros(n_signals)
    spectra = estimate_spectra(shape, width, place, rng)
    mean = spectra.mean(axis=0)
    band = mean > mean.max() / 4
    return float(np.mean(mean[band] ** 2 / spectra[:, band].var(axis=0, ddof=1)))


def draw_model(shape, task, n_draws, n_signals, rng):
    """Return the distribution of the bins, for draws from the ranges of a task.

    Returns
    -------
    mean : ndarray of shape (n_draws, N_FREQS)
        Expected Welch spectra, of mean 1, with the signal at bin 0.

    segments : ndarray of shape (n_draws, N_FREQS)
        The shape parameter K of the gamma distribution of each bin.
    """
    jitter, (low, high) = task["bandwidth_jitter"], task["snr_db"]
    unit = qmc.Sobol(3, seed=rng).random(n_draws)
    width = _BANDWIDTH * (1 - jitter + 2 * jitter * unit[:, 0])
    noise = 10 ** (-(low + (high - low) * unit[:, 1]) / 10) / width
    place = unit[:, 2] - 0.5
    in_noise = in_signal = count_segments(WINDOW, N_SEGMENTS)
    if shape in ONE_SIGNAL_A_DRAW:
        signal = estimate_spectra(shape, width, place, rng)
    else:
        signal = expect_spectra(autocorrelate(shape, rng, n_signals), width, place)
        in_signal = measure_segments(shape, rng)
    mean = signal + noise[:, None]
    # The products of signal and noise fluctuate as noise does, for any signal.
    variance = signal**2 / in_signal + (mean**2 - signal**2) / in_noise
    segments = mean**2 / variance
    return mean / mean.mean(axis=1, keepdims=True), segments


def find_evidence(power, kept, mean, segments, shifts, draw_counts):
    """Return the logarithm of the evidence of a class in each spectrum.

    A constant that is the same for all classes is left out.

    Parameters
    ----------
    power : ndarray of shape (n_samples, N_FREQS)
        Welch spectra.

    kept : bool ndarray of shape (n_samples, N_FREQS)
        The bins that count.

    mean, segments : ndarray of shape (n_draws, N_FREQS)
        The distribution of the bins for each draw, from `draw_model`.

    shifts : ndarray of int
        Bins by which the signals may be shifted, all with the same probability.

    draw_counts : list of int
        Numbers of draws.

    Returns
    -------
    evidence : ndarray of shape (len(draw_counts), n_samples)
        A row for each number of draws, computed from the first draws.
    """
    to_tensor = torch.from_numpy
    power = power / np.median(power, axis=1, keepdims=True)

    def transform(values):
        return torch.fft.rfft(to_tensor(np.asarray(values, dtype=np.float32)))

    x_kept, x_power = transform(kept), transform(kept * power)
    x_log = transform(kept * np.log(power))
    # log density of a gamma distribution with the gain g, without -log(x):
    # K log(K x / m g) - K x / m g - log Gamma(K)
    log_gamma = torch.lgamma(to_tensor(segments)).numpy()
    # conj alone would copy again in every product.
    m_constant, m_segments, m_ratio = (
        transform(values).conj().resolve_conj()
        for values in (
            segments * np.log(segments / mean) - log_gamma,
            segments,
            segments / mean,
        )
    )
    wanted = to_tensor(shifts % power.shape[1])
    result = np.empty((len(mean), len(power)))
    for i in range(len(power)):
        constant, ratio, count = (
            torch.fft.irfft(products, power.shape[1]).index_select(1, wanted)
            for products in (
                x_kept[i] * m_constant + x_log[i] * m_segments,
                x_power[i] * m_ratio,
                x_kept[i] * m_segments,
            )
        )
        # The most likely gain is ratio / count.
        likelihood = constant - count * (1 + torch.log(ratio / count))
        result[:, i] = torch.logsumexp(count_bins(WINDOW) * likelihood, 1).numpy()
    return np.array([logsumexp(result[:n], axis=0) - np.log(n) for n in draw_counts])


def find_spurs(power, factor=3.0, n_side=8, n_near=2):
    """Say which bins belong to spurs.

    Spurs are bins `factor` times above the medians of `n_side` bins on either side. The
    `n_near` bins next to a spur do not count for its medians, and belong to it.
    """
    sides = []
    for sign in (-1, 1):
        neighbors = [
            np.roll(power, sign * step, axis=1)
            for step in range(n_near + 1, n_near + n_side + 1)
        ]
        sides.append(np.median(neighbors, axis=0))
    spurs = power > factor * np.maximum(*sides)
    return binary_dilation(spurs, np.ones((1, 2 * n_near + 1)))


def possible_shifts():
    """Return the bins in which the centers of the test set "shifted" may lie."""
    low, high = (round(center * N_FREQS) for center in _CENTERS["shifted"])
    right = np.arange(low, high + 1)
    return N_FREQS // 2 + np.concatenate([-right, right])  # as 0 Hz is in the middle


def print_checks(evidence, y, classes, draw_counts):
    """Print accuracy and mean largest posterior for each number of draws."""
    for n_draws, log_evidence in zip(draw_counts, evidence, strict=True):
        posterior = np.exp(log_softmax(log_evidence, axis=1))
        right = classes[posterior.argmax(axis=1)] == y
        print(
            f"  {n_draws:5} draws: accuracy {right.mean():.3f}, mean largest posterior "
            f"{posterior.max(axis=1).mean():.3f}",
            flush=True,
        )


def print_limit(name, right, share=1.0):
    """Print a limit. `share` is the share of all rows that `right` stands for.

    The other rows count as always right.
    """
    limit, error = (
        1 - share * (1 - right.mean()),
        share * right.std() / len(right) ** 0.5,
    )
    print(f"  {name}: {limit:.3f}, standard error {error:.3f}", flush=True)


def net_logits(data, n_nets):
    """Return the logits of nets for the shifted spectra, and print their scores."""

    def scale(signals):
        return min_max_scale(decibels(to_power(signals)))

    X, (signals, y) = scale(data.X_train), data.test["shifted"]
    X_test, logits = scale(signals), []
    clear = np.isin(y, CLEAR)
    for seed in range(n_nets):
        net = GlobalPoolCNNClassifier(random_state=seed).fit(X, data.y_train)
        logits.append(net.predict_log_proba(X_test))
        print(
            f"  net, seed {seed}: {net.score(X_test, y):.3f}, on {', '.join(CLEAR)} "
            f"{net.score(X_test[clear], y[clear]):.3f}",
            flush=True,
        )
    return np.hstack(logits)


def combine(evidence, logits, y, share, seed):
    """Print the limit by a logistic regression on the evidence and the logits."""
    # Without a lower bound a few very small probabilities would set the scale, and the
    # limit would fall below the accuracy of the evidence.
    posterior = np.maximum(log_softmax(evidence, axis=1), np.log(1e-4))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    both = np.hstack([posterior, logits])
    for label, features in (("nets alone", logits), ("limit", both)):
        proba = cross_val_predict(model, features, y, cv=folds, method="predict_proba")
        right = np.unique(y)[proba.argmax(axis=1)] == y
        print(
            f"  {label}, in these classes: accuracy {right.mean():.3f}, mean largest "
            f"probability {proba.max(axis=1).mean():.3f}"
        )
        print_limit(f"{label}, in all classes", right, share)


def run(name, n_test, n_draws, n_signals, n_nets, seed):
    """Print the limit of one task and its checks."""
    task, start = _BENCHMARKS[name], time.process_time()
    n_train = 1600 if name == "standard8" else 1
    data = make_shift_benchmark(
        name, n_train=n_train, n_test=n_test, n_freqs=N_FREQS, random_state=seed
    )
    signals, y = data.test["shifted"]
    confused = ~np.isin(y, CLEAR)
    power, y_confused = to_power(signals[confused]).astype(float), y[confused]
    kept = ~find_spurs(power) if "n_spurs" in task else np.ones(power.shape, bool)
    classes = np.unique(y_confused)
    draw_counts = [n_draws >> i for i in (3, 2, 1, 0)]
    print(
        f"\n{name}, shifted: {len(power)} test spectra of {', '.join(classes)}; "
        f"{1 - kept.mean():.1%} of the bins left out as spurs"
    )
    rng = np.random.RandomState(seed)
    shifts, evidence = possible_shifts(), []
    for shape in classes:
        mean, segments = draw_model(shape, task, n_draws, n_signals, rng)
        evidence.append(find_evidence(power, kept, mean, segments, shifts, draw_counts))
        print(f"  {shape}: K {segments.min():.1f} to {segments.max():.1f}", flush=True)
    evidence = np.moveaxis(evidence, 0, -1)  # (draw_counts, n_samples, n_classes)
    print_checks(evidence, y_confused, classes, draw_counts)
    drawn = ~np.isin(classes, ONE_SIGNAL_A_DRAW)
    if not drawn.all():
        rows = np.isin(y_confused, classes[drawn])
        print(f"  without {', '.join(classes[~drawn])}:")
        print_checks(
            evidence[:, rows][..., drawn], y_confused[rows], classes[drawn], draw_counts
        )
    right = classes[evidence[-1].argmax(axis=1)] == y_confused
    for shape in classes:
        print(f"    {shape}: {right[y_confused == shape].mean():.3f}")
    if name == "standard8":
        share = 1 - len(CLEAR) / len(task["shapes"])
        print_limit("evidence alone, in all classes", right, share)
        logits = net_logits(data, n_nets)[confused]
        combine(evidence[-1], logits, y_confused, share, seed)
    else:
        print_limit("limit", right)
    print(f"  {time.process_time() - start:.0f} CPU s")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=["standard8", "hard6"])
    parser.add_argument("--n-test", type=int, default=2000)
    parser.add_argument("--n-draws", type=int, default=512, help="a power of 2")
    parser.add_argument("--n-signals", type=int, default=256, help="of a shape")
    parser.add_argument("--nets", type=int, default=3, help="number of net seeds")
    parser.add_argument("--data-seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="few spectra and draws")
    args = parser.parse_args()
    if args.quick:
        args.n_test, args.n_draws, args.n_signals, args.nets = 400, 64, 32, 1
    torch.set_num_threads(1)
    for task in args.tasks:
        run(
            task,
            args.n_test,
            args.n_draws,
            args.n_signals,
            args.nets,
            args.data_seed,
        )


if __name__ == "__main__":
    main()
