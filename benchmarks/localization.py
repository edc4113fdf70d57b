"""Compare the bands that `locate` returns with the true bands of the signals.

    python benchmarks/localization.py
    python benchmarks/localization.py --quick

For each seed a default net is trained on the eight shapes of "standard8" at the center
of the axis. Its evidence for the predicted class is compared with the true bands:

1. One emission, at the center and shifted, for the correctly classified samples. The
   overlap (intersection over union, IoU) of the true band with the bins whose evidence
   exceeds a quarter of the maximum. The errors of `locate`, divided by the true
   bandwidth.
2. Two emissions of different classes. The share of the correctly classified samples
   whose maximum of the evidence lies inside of the true band. For comparison, the share
   whose strongest bin lies there. The level is that of the second emission, which has
   no label, relative to the first.
3. One to three emissions, and a net trained on an indicator matrix. The IoU of the band
   from `locate` and the errors, for all correctly predicted labels.
"""

import argparse

import numpy as np
import torch
from sklearn.pipeline import make_pipeline

from sk_psd import GlobalPoolCNNClassifier, MinMaxScale, WelchPSD
from sk_psd.datasets import (
    make_shift_benchmark,
    make_spectral_mixtures,
    make_spectral_shapes,
)
from sk_psd.inspection import activation_map, locate

SHAPES = ("rect", "tri", "twohump", "qpsk", "gmsk", "am", "fmsine", "chirp")
N_FREQS = 1024
SIGNALS = dict(n_times=4 * N_FREQS, bandwidth=1 / 8)
PLACES = {"centered": (0, 0.02), "shifted": (0.12, 0.417)}
THRESHOLD = 0.25


def make_model(seed, **params):
    psd = WelchPSD(nperseg=N_FREQS, return_onesided=False, detrend=False, decibels=True)
    net = GlobalPoolCNNClassifier(random_state=seed, device="cpu", **params)
    return make_pipeline(psd, MinMaxScale(), net)


def on_circle(freq):
    """Return frequencies wrapped to the circular axis, in cycles per sample."""
    return (freq + 0.5) % 1 - 0.5


def are_inside(freqs, center, bandwidth):
    """Say which of the frequencies lie in the band of each sample."""
    return np.abs(on_circle(freqs - center[:, None])) <= bandwidth[:, None] / 2


def iou(found, true):
    return (found & true).sum(axis=1) / (found | true).sum(axis=1)


def draw_centers(rng, n, low, high):
    return rng.uniform(low, high, n) * rng.choice([-1, 1], n)


def print_row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def print_errors(place, center, bandwidth, overlap, title, right):
    error = np.abs(on_circle(place.center_freq - center)) / bandwidth
    width = np.abs(place.bandwidth / bandwidth - 1)
    print_row(
        title,
        f"{right}",
        f"{overlap.mean():.3f}",
        f"{np.median(error):.3f}",
        f"{np.quantile(error, 0.9):.3f}",
        f"{np.median(width):.3f}",
    )


def one_emission(model, n_test, rng):
    for name, (low, high) in PLACES.items():
        data = make_spectral_shapes(
            n_test,
            shapes=SHAPES,
            center_freq=draw_centers(rng, n_test, low, high),
            return_X_y=False,
            random_state=rng,
            **SIGNALS,
        )
        result = activation_map(model, data.X)
        right = result.predictions == data.y
        true = are_inside(result.freqs, data.center_freq, data.bandwidth)
        found = result.maps > THRESHOLD * result.maps.max(axis=1, keepdims=True)
        place = locate(model, data.X[right], threshold=THRESHOLD)
        band = data.center_freq[right], data.bandwidth[right]
        overlap = iou(found, true)[right]
        print_errors(place, *band, overlap, name, f"{right.mean():.3f}")


def two_emissions(model, n_test, rng):
    for level in (-10, -5, 0, 5):
        centers = draw_centers(rng, n_test, *PLACES["shifted"])
        data = make_spectral_shapes(
            n_test,
            shapes=SHAPES,
            center_freq=centers,
            return_X_y=False,
            random_state=rng,
            **SIGNALS,
        )
        # Nearly without noise. The level relative to the first emission is set below.
        others = make_spectral_shapes(
            n_test,
            shapes=SHAPES,
            center_freq=on_circle(centers + draw_centers(rng, n_test, 0.25, 0.5)),
            snr_db=100.0,
            return_X_y=False,
            random_state=rng,
            **SIGNALS,
        )
        in_band = 10 ** (data.snr_db / 10) * data.bandwidth
        power = np.mean(np.abs(data.X) ** 2, axis=1) * in_band / (1 + in_band)
        gain = power * 10 ** (level / 10) / np.mean(np.abs(others.X) ** 2, axis=1)
        different = others.y != data.y
        X = (data.X + np.sqrt(gain)[:, None] * others.X)[different]
        result = activation_map(model, X)
        right = result.predictions == data.y[different]
        true = are_inside(
            result.freqs, data.center_freq[different], data.bandwidth[different]
        )
        rows = np.arange(len(X))
        by_map = true[rows, result.maps.argmax(axis=1)][right]
        spectra = np.asarray(model[:-1].transform(X))
        by_bin = true[rows, spectra.argmax(axis=1)][right]
        print_row(
            f"{level:+d} dB",
            f"{right.mean():.3f}",
            f"{by_map.mean():.3f}",
            f"{by_bin.mean():.3f}",
        )


def mixtures(seed, n_train, n_test, params):
    train = make_spectral_mixtures(n_train, shapes=SHAPES, random_state=seed, **SIGNALS)
    data = make_spectral_mixtures(
        n_test, shapes=SHAPES, return_X_y=False, random_state=1000 + seed, **SIGNALS
    )
    model = make_model(seed, **params).fit(*train)
    place = locate(model, data.X, threshold=THRESHOLD)
    freqs = model[0].freqs_
    for count in (1, 2, 3):
        has_count = data.y.sum(axis=1) == count
        right = (place.predictions == 1) & (data.y == 1) & has_count[:, None]
        low, high = data.bands[right].T
        bandwidth = (high - low) % 1
        center = on_circle(low + bandwidth / 2)
        found = are_inside(freqs, place.center_freq[right], place.bandwidth[right])
        overlap = iou(found, are_inside(freqs, center, bandwidth))
        chosen = type(place)(
            center_freq=place.center_freq[right], bandwidth=place.bandwidth[right]
        )
        share = right.sum() / data.y[has_count].sum()
        print_errors(chosen, center, bandwidth, overlap, f"{count}", f"{share:.3f}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few and short trainings")
    parser.add_argument("--seeds", type=int, default=2, help="of the data and the nets")
    args = parser.parse_args()
    torch.set_num_threads(1)
    n_train, n_test = (100, 40) if args.quick else (1600, 800)
    params = dict(max_epochs=1) if args.quick else {}
    errors = "IoU", "center, median", "center, 90 %", "bandwidth, median"
    for seed in range(args.seeds):
        rng = np.random.RandomState(100 + seed)
        data = make_shift_benchmark(n_train=n_train, n_test=1, random_state=seed)
        model = make_model(seed, **params).fit(data.X_train, data.y_train)
        print(
            f"\nseed {seed}, {n_test} test signals a row; errors over the bandwidth\n"
        )
        print_row("one emission", "correct", *errors)
        print_row(*["---"] * 6)
        one_emission(model, n_test, rng)
        print()
        print_row("level of a second one", "correct", "evidence", "strongest bin")
        print_row(*["---"] * 4)
        two_emissions(model, n_test, rng)
        print()
        print_row("emissions", "found", *errors)
        print_row(*["---"] * 6)
        mixtures(seed, n_train, n_test, params)


if __name__ == "__main__":
    main()
