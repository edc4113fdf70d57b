"""Accuracy on harmonic sounds at the pitch of the training and at other pitches.

    python benchmarks/harmonics.py                        # three seeds, all models
    python benchmarks/harmonics.py --quick                # a minute, small data
    python benchmarks/harmonics.py --n-freqs 256 --reduce mean --seeds 1

All models are trained on fundamental frequencies of 160 to 224 Hz and tested there and
at 1.5, 2, 1 / 1.5 and 1 / 2 times that. Each seed draws new training and test sounds
and new nets: mean and standard deviation over the seeds.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_psd import (
    GlobalPoolCNNClassifier,
    LogFrequency,
    MinMaxScale,
    WelchPSD,
    make_baselines,
)
from sk_psd.datasets import make_harmonic_sounds

FS, F0, NPERSEG = 16000.0, (160.0, 224.0), 4096
PITCHES = {"same": 1, "x1.5": 1.5, "x2": 2, "/1.5": 1 / 1.5, "/2": 1 / 2}


def make_spectra(n_train, n_test, seed):
    """Decibels on the linear axis, of the training set and of each test set."""
    seeds = np.random.SeedSequence(seed).generate_state(1 + len(PITCHES)).tolist()
    psd = WelchPSD(fs=FS, nperseg=NPERSEG, decibels=True)
    X, y = make_harmonic_sounds(n_train, f0=F0, fs=FS, random_state=seeds[0])
    train, test = (psd.fit_transform(X), y), {}
    for (name, factor), test_seed in zip(PITCHES.items(), seeds[1:], strict=True):
        f0 = tuple(factor * np.array(F0))
        X, y = make_harmonic_sounds(n_test, f0=f0, fs=FS, random_state=test_seed)
        test[name] = psd.transform(X), y
    return train, test


def make_models(seed, n_freqs, fmin, reduce):
    """Pipelines from spectra on the linear axis, by name."""
    log = LogFrequency(n_freqs, fs=FS, fmin=fmin, reduce=reduce)
    net = GlobalPoolCNNClassifier
    zeros = dict(padding_mode="zeros", random_state=seed)
    models = {
        "linear, net": make_pipeline(MinMaxScale(), net(random_state=seed)),
        "linear, net, zeros": make_pipeline(MinMaxScale(), net(**zeros)),
    }
    for axis, step in {"linear": FunctionTransformer(), "log": log}.items():
        baselines = make_baselines(step)
        for name in ("logreg_fft_of_psd", "logreg_aligned_psd"):
            models[f"{axis}, {name}"] = baselines[name]
    models["log, net"] = make_pipeline(
        log, MinMaxScale(), net(kernel_size=32, stride=(4, 2, 2), **zeros)
    )
    return models


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n-train", type=int, default=1200)
    parser.add_argument("--n-test", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--n-freqs", type=int, default=512, help="of the log axis")
    parser.add_argument("--fmin", type=float, help="of the log axis, in Hz")
    parser.add_argument("--reduce", choices=["max", "mean"], default="max")
    parser.add_argument("--only", help="models whose name contains this")
    parser.add_argument("--quick", action="store_true", help="small data, one seed")
    args = parser.parse_args()
    if args.quick:
        args.n_train, args.n_test, args.seeds = 300, 120, 1
    torch.set_num_threads(1)
    seeds = list(range(args.first_seed, args.first_seed + args.seeds))
    scores, seconds = {}, {}
    for seed in seeds:
        (X, y), test = make_spectra(args.n_train, args.n_test, seed)
        models = make_models(seed, args.n_freqs, args.fmin, args.reduce)
        for name, model in models.items():
            if args.only and args.only not in name:
                continue
            start = time.process_time()
            model.fit(X, y)
            seconds.setdefault(name, []).append(time.process_time() - start)
            scores.setdefault(name, []).append([model.score(*s) for s in test.values()])

    print(
        f"{args.n_train} training sounds, {args.n_test} test sounds at each pitch, "
        f"seeds {seeds}, log axis of {args.n_freqs} ({args.reduce})"
    )
    print(f"{'':27}" + "".join(f"{p:>15}" for p in PITCHES) + f"{'fit, cpu s':>12}")
    for name, rows in scores.items():
        cells = [
            f"{mean:.3f} +- {std:.3f}"
            for mean, std in zip(np.mean(rows, 0), np.std(rows, 0), strict=True)
        ]
        row = "".join(f"{cell:>15}" for cell in cells)
        print(f"{name:27}{row}{np.mean(seconds[name]):>12.1f}")


if __name__ == "__main__":
    main()
