"""Accuracy of the recommended pipelines with noise, holes, lines and shifts.

    python benchmarks/field.py             # all tables, half an hour
    python benchmarks/field.py --only shapes

"default" and "robust" are the two pipelines of make_spectrum_classifier. "vote" and
"robust vote" are the same pipelines with vote=True. "with lines" is robust and trained
with lines at random frequencies. "notch" is robust with a notch at the frequency of the
line, which must be known. Mean accuracy over the net seeds.

The first table has the four shapes of the guide on a one-sided axis of 500 Hz,
without and with a shift by up to 4 and 12 % of the axis, a hole of the same width, and
noise. The second table adds a line: at a random place of the axis, in or beside the
band, and for the notch at 350 Hz. The third table has complex signals. The models are
trained at the center and tested on shifted signals. The fourth table has harmonic
sounds on the logarithmic axis. The models are trained at one pitch and tested at
others.
"""

import argparse

import numpy as np
import torch

from sk_psd import RandomFreqShift, RandomNoise, RandomSpeckle, make_spectrum_classifier
from sk_psd.datasets import (
    make_harmonic_sounds,
    make_shift_benchmark,
    make_spectral_shapes,
)
from sk_psd.signals import add_noise, shift_frequency

FS = 1000.0
LINE_DB = (-20, -10, 0)
NOTCH_HZ = 350.0
PITCHES = {1: "1", 3 / 2: "3/2", 2: "2", 2 / 3: "2/3", 1 / 2: "1/2"}


def make_models(axis, seeds, **options):
    """Return the pipelines by name, in a list of one for each seed."""
    lines = [
        RandomFreqShift(0.1, mode="floor"),
        RandomSpeckle(),
        RandomNoise(domain="spectrum", line_probability=0.5),
    ]
    settings = {
        "default": {},
        "robust": dict(robust=True),
        "vote": dict(vote=True),
        "robust vote": dict(robust=True, vote=True),
        "with lines": dict(robust=True),
    }
    models = {
        name: [
            make_spectrum_classifier(axis, random_state=seed, **options, **setting)
            for seed in seeds
        ]
        for name, setting in settings.items()
    }
    for model in models["with lines"]:
        # As many epochs as robust training takes.
        model.set_params(net__augmentation=lines, net__max_epochs=286)
    return models


def print_row(name, models, train, tests):
    scores = []
    for model in models:
        model.fit(*train)
        scores.append([model.score(*test) for test in tests.values()])
    cells = "".join(f"{score:>11.3f}" for score in np.mean(scores, axis=0))
    print(f"{name:14}{cells}", flush=True)


def print_header(title, tests):
    print(f"\n{title}\n{'':14}" + "".join(f"{name:>11}" for name in tests))


def make_shapes(n_samples, center_freq, seed):
    """Return signals of four shapes on a one-sided axis."""
    return make_spectral_shapes(
        n_samples,
        center_freq=center_freq,
        real=True,
        fs=FS,
        bandwidth=100.0,
        snr_db=(5.0, 20.0),
        random_state=seed,
    )


def add_line(X, power_db, freq, rng):
    """Add a sine of a frequency in Hz, `power_db` over the signal."""
    phase = rng.uniform(0, 2 * np.pi, (len(X), 1))
    sine = np.sin(2 * np.pi * freq / FS * np.arange(X.shape[1]) + phase)
    return X + np.sqrt(2 * 10 ** (power_db / 10)) * X.std(axis=1, keepdims=True) * sine


def shapes(seeds):
    """Print the tables of the shapes on a one-sided axis."""
    rng = np.random.default_rng(0)
    train = make_shapes(200, (190.0, 210.0), 0)
    X, y = make_shapes(400, (150.0, 250.0), 1)
    tests = {"as made": (X, y)}
    for limit in (20, 60):
        shift = rng.uniform(-limit, limit, len(X)) / FS
        for kind, fill in (("shift", "noise"), ("hole", None)):
            moved = shift_frequency(X, shift, fill=fill, random_state=0)
            tests[f"{kind} {limit}"] = moved, y
    tests |= {f"{snr_db} dB": (add_noise(X, snr_db, rng), y) for snr_db in (10, 0)}
    freq = rng.uniform(0, FS / 2, (len(X), 1))
    lined = {f"line {db}": (add_line(X, db, freq, rng), y) for db in LINE_DB}
    at_notch = {f"line {db}": (add_line(X, db, NOTCH_HZ, rng), y) for db in LINE_DB}
    models = make_models("one-sided", seeds, fs=FS, nperseg=512)
    tests |= lined
    print_header(
        "Four shapes, one-sided: shift and hole in Hz, dB of noise, of a line", tests
    )
    for name, nets in models.items():
        print_row(name, nets, train, tests)
    print_header(f"The same with a line at {NOTCH_HZ:.0f} Hz", at_notch)
    print_row("robust", models["robust"], train, at_notch)
    for model in models["robust"]:
        model.set_params(psd__notch=[NOTCH_HZ])
    print_row("notch", models["robust"], train, at_notch)


def complex_shapes(seeds):
    """Print the table of the complex signals of benchmarks/invariance.py."""
    for task in ("standard8", "hard6"):
        data = make_shift_benchmark(
            task, n_train=1600, n_test=800, n_freqs=1024, random_state=100
        )
        models = make_models("two-sided", seeds, fs=1.0, nperseg=data.nperseg)
        del models["with lines"]
        print_header(f"{task}, two-sided", data.test)
        for name, nets in models.items():
            print_row(name, nets, (data.X_train, data.y_train), data.test)


def sounds(seeds):
    """Print the table of harmonic sounds at several pitches."""
    train, *tests = (
        make_harmonic_sounds(n, f0=(160 * factor, 224 * factor), random_state=seed)
        for seed, (n, factor) in enumerate([(1200, 1), *((600, f) for f in PITCHES)])
    )
    tests = dict(zip(PITCHES.values(), tests, strict=True))
    models = make_models("log", seeds, fs=16000, nperseg=4096)
    del models["with lines"]
    print_header("Six timbres, logarithmic axis: pitch times", tests)
    for name, nets in models.items():
        print_row(name, nets, train, tests)


TASKS = {"shapes": shapes, "complex": complex_shapes, "sounds": sounds}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=TASKS)
    parser.add_argument("--seeds", type=int, default=3, help="number of net seeds")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in [args.only] if args.only else TASKS:
        TASKS[name](range(args.seeds))


if __name__ == "__main__":
    main()
