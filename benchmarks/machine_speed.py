"""Accuracy on made vibration of a machine at the speeds of the training and at others.

    python benchmarks/machine_speed.py
    python benchmarks/machine_speed.py --seeds 1

The class is the state of a gear. It sets the strength of the orders, which are
multiples of the speed of the shaft. Each signal is 2 s long, in white noise as strong
as an order of amplitude 1.4, with a gain of its own. All models are trained at 20 to
28 turns per second. "x1.5" to "/2" are other speeds. In "ramp 20%" and "ramp 40%" the
speed also changes evenly within a signal, by up to this part of it. "orders" knows the
angle of the shaft, as a tachometer gives it, and resamples the signals to steps of
equal angle. Each seed draws new signals and new nets: mean and standard deviation.
"""

import argparse

import numpy as np
import torch

from sk_psd import WelchPSD, make_baselines, make_spectrum_classifier

FS, SECONDS, SPEED = 4096, 2.0, (20.0, 28.0)
# Amplitude of each order. Order 12 is the mesh of a wheel with 12 teeth.
STATES = {
    "healthy": {1: 1, 2: 0.5, 12: 1},
    "unbalance": {1: 3, 2: 0.5, 12: 1},
    "misaligned": {1: 1, 2: 2.5, 3: 1.5, 12: 1},
    "tooth": {1: 1, 2: 0.5, 10: 0.25, 11: 0.5, 12: 1, 13: 0.5, 14: 0.25},
}
# Factor of the speed, and the largest change of the speed within a signal.
TESTS = {
    "same": (1, 0),
    "x1.5": (1.5, 0),
    "x2": (2, 0),
    "/1.5": (1 / 1.5, 0),
    "/2": (1 / 2, 0),
    "ramp 20%": (1, 0.2),
    "ramp 40%": (1, 0.4),
}
STEPS_PER_TURN = 256


def make_vibration(n_samples, factor, ramp, seed):
    """Return signals, their states, and the angle of the shaft in turns."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(FS * SECONDS)) / FS
    y = np.array(list(STATES))[rng.permutation(n_samples) % len(STATES)]
    speed = factor * rng.uniform(*SPEED, n_samples)
    change = rng.uniform(-ramp, ramp, n_samples)
    # The speed is `speed` at the middle of the signal.
    turns = speed[:, None] * (t + change[:, None] * (t**2 / SECONDS - t) / 2)
    X = rng.standard_normal(turns.shape)
    for row, angle, state in zip(X, turns, y, strict=True):
        for order, amplitude in STATES[state].items():
            phase = rng.uniform()
            amplitude = amplitude * rng.uniform(0.7, 1.4)
            row += amplitude * np.sin(2 * np.pi * (order * angle + phase))
    return X * 10 ** rng.uniform(-1, 1, (n_samples, 1)), y, turns


def to_orders(X, turns):
    """Return each signal at equal steps of the angle, as a list."""
    return [
        np.interp(np.arange(0, angle[-1], 1 / STEPS_PER_TURN), angle, row)
        for row, angle in zip(X, turns, strict=True)
    ]


def make_models(seed):
    """Return models of signals, and whether they need signals in orders, by name."""

    def net(axis, nperseg):
        return make_spectrum_classifier(
            axis, fs=FS, nperseg=nperseg, random_state=seed
        ).set_params(net__max_epochs=20)

    psd = WelchPSD(FS, nperseg=2048, decibels=True)
    orders = WelchPSD(STEPS_PER_TURN, nperseg=2048, decibels=True, fmax=16)
    return {
        "logistic regression, 2048": (make_baselines(psd)["logreg_psd"], False),
        "one-sided, 2048": (net("one-sided", 2048), False),
        "log, 2048": (net("log", 2048), False),
        "log, 1024": (net("log", 1024), False),
        "orders, logistic regression": (make_baselines(orders)["logreg_psd"], True),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n-train", type=int, default=200)
    parser.add_argument("--n-test", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    args = parser.parse_args()
    torch.set_num_threads(1)
    scores = {}
    for seed in range(args.seeds):
        seeds = np.random.SeedSequence(seed).generate_state(1 + len(TESTS)).tolist()
        *train, turns = make_vibration(args.n_train, 1, 0, seeds[0])
        tests = [
            make_vibration(args.n_test, *options, test_seed)
            for options, test_seed in zip(TESTS.values(), seeds[1:], strict=True)
        ]
        for name, (model, in_orders) in make_models(seed).items():
            X, y = train
            model.fit(to_orders(X, turns) if in_orders else X, y)
            row = [
                model.score(to_orders(T, angle) if in_orders else T, labels)
                for T, labels, angle in tests
            ]
            scores.setdefault(name, []).append(row)
    print(f"{args.n_train} training signals, {args.n_test} test signals at each speed")
    print(f"{'axis, nperseg':28}" + "".join(f"{name:>12}" for name in TESTS))
    for name, rows in scores.items():
        mean, std = np.mean(rows, axis=0), np.std(rows, axis=0)
        cells = [f"{m:.3f} {s:.3f}" for m, s in zip(mean, std, strict=True)]
        print(f"{name:28}" + "".join(f"{cell:>12}" for cell in cells))


if __name__ == "__main__":
    main()
