"""Real recordings: spoken digits and bearing vibration, cross-validated by group.

    python benchmarks/real_signals.py DATA_DIR
    python benchmarks/real_signals.py DATA_DIR --only cwru --seeds 1

DATA_DIR holds ``fsdd.npz`` (free spoken digits, 8 kHz: which digit, each of six
speakers left out in turn) and ``cwru_bearing.npz`` (bearing vibration, 12 kHz: which
fault, each of four motor loads left out in turn), with arrays ``X``, ``y``, ``group``
and ``fs``. The test signals of the bearings are also shifted in frequency. The spectra
are one-sided: their axis ends, so the net has padding_mode="zeros".
"""

import argparse
import pathlib
import time

import numpy as np
import torch
from scipy.signal import hilbert
from sklearn.base import clone
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
    make_baselines,
)

# File, samples per segment, and by how many Hz the test signals are shifted.
TASKS = {
    "fsdd": ("fsdd.npz", 512, (0,)),
    "cwru": ("cwru_bearing.npz", 512, (0, 300, 1000)),
}


def shift_signals(X, limit, fs, rng):
    """Shift each real signal by its own frequency within +-limit Hz (one sideband)."""
    if limit == 0:
        return X
    offset = rng.uniform(-limit, limit, (len(X), 1))
    phase = 2j * np.pi * offset * np.arange(X.shape[1]) / fs
    return (hilbert(X) * np.exp(phase)).real.astype(X.dtype)


def models_of(fs, nperseg, seeds):
    """Pairs of name and the models to average over."""
    # The first bin holds what is left of the mean: it goes.
    psd = WelchPSD(fs, nperseg=nperseg, decibels=True, fmin=fs / nperseg / 2)

    def nets(model):
        return [
            make_pipeline(
                clone(psd), MinMaxScale(), clone(model).set_params(random_state=s)
            )
            for s in seeds
        ]

    for name, model in make_baselines(psd).items():
        yield name, [model]
    yield "flatten_net", nets(FlattenCNNClassifier())[:1]
    yield "global_pool_circular", nets(GlobalPoolCNNClassifier())
    yield "global_pool_zeros", nets(GlobalPoolCNNClassifier(padding_mode="zeros"))


def run(name, data_dir, seeds):
    """Print the table of one data set."""
    file, nperseg, limits = TASKS[name]
    with np.load(data_dir / file) as archive:
        X, y = archive["X"].astype(np.float32), archive["y"]
        group, fs = archive["group"], float(archive["fs"])
    folds = list(LeaveOneGroupOut().split(X, y, group))
    rng = np.random.default_rng(0)
    tests = {limit: shift_signals(X, limit, fs, rng) for limit in limits}
    print(f"\n{file}: {len(X)} signals, {len(folds)} groups, net seeds {seeds}")
    header = "".join(f"{f'+-{limit} Hz':>22}" for limit in limits)
    print(f"{'mean (sd of folds, worst)':26}{header}{'fit, cpu s':>12}")
    for model_name, models in models_of(fs, nperseg, seeds):
        scores, seconds = np.zeros((len(models), len(folds), len(limits))), 0
        for i, model in enumerate(models):
            for j, (train, test) in enumerate(folds):
                start = time.process_time()
                model.fit(X[train], y[train])
                seconds += time.process_time() - start
                scores[i, j] = [model.score(tests[m][test], y[test]) for m in limits]
        fold = scores.mean(axis=0)
        cells = "".join(
            f"{f'{f.mean():.3f} ({f.std():.3f}, {f.min():.2f})':>22}" for f in fold.T
        )
        spread = f"  seeds +- {scores.mean(axis=1).std(axis=0).round(3)}"
        line = f"{model_name:26}{cells}{seconds / len(models) / len(folds):>12.1f}"
        print(line + (spread if len(models) > 1 else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=pathlib.Path)
    parser.add_argument("--only", choices=TASKS, help="one of the data sets")
    parser.add_argument("--seeds", type=int, default=3, help="number of net seeds")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in [args.only] if args.only else TASKS:
        run(name, args.data_dir, list(range(args.seeds)))


if __name__ == "__main__":
    main()
