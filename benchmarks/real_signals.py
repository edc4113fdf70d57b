"""Real recordings: spoken digits and bearing vibration, cross-validated by group.

    python benchmarks/real_signals.py DATA_DIR
    python benchmarks/real_signals.py DATA_DIR --only cwru --seeds 2
    python benchmarks/real_signals.py DATA_DIR --only spectrograms

DATA_DIR holds two files with arrays ``X``, ``y``, ``group`` and ``fs``. ``fsdd.npz``
has free spoken digits at 8 kHz: the class is the digit, and each of six speakers is
left out in turn. ``cwru_bearing.npz`` has bearing vibration at 12 kHz: the class is the
fault, and each of four motor loads is left out in turn.

The spectra are one-sided. Their axis ends, so padding_mode="zeros" is the setting for
them. The test signals of the bearings are also shifted in frequency, each by a shift of
its own. "shifted" fills the strip that a shift by one sideband leaves with noise at the
signal's own floor, as another machine or receiver would. "hole" leaves the strip empty,
like a band with a hard edge. Another table adds noise to the test signals. A third task
classifies the digits by their spectrograms, with each axis of the batch norm.
"""

import argparse
import pathlib

import numpy as np
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    RandomNoise,
    Spectrogram,
    SpectrogramCNNClassifier,
    WelchPSD,
    make_baselines,
)
from sk_psd.signals import add_noise, shift_frequency

# The file of each task, and the largest shifts of the test signals in Hz.
TASKS = {
    "fsdd": ("fsdd.npz", (0,)),
    "cwru": ("cwru_bearing.npz", (0, 300, 1000)),
    "spectrograms": ("fsdd.npz", (0,)),
}
NPERSEG = 512
SNR_DB = (None, 20, 10, 0)


def make_psd(fs):
    # Without the first bin, which holds the rest of the mean.
    return WelchPSD(fs, nperseg=NPERSEG, decibels=True, fmin=fs / NPERSEG / 2)


def make_nets(fs, seeds, *steps, **params):
    """Return a pipeline from signals for each seed."""
    return [
        make_pipeline(
            *map(clone, steps),
            make_psd(fs),
            MinMaxScale(),
            GlobalPoolCNNClassifier(random_state=seed, **params),
        )
        for seed in seeds
    ]


def models_of(fs, seeds):
    """Yield names and the models to average over."""
    for name, model in make_baselines(make_psd(fs)).items():
        yield name, [model]
    flatten = FlattenCNNClassifier(random_state=0)
    yield "flatten_net", [make_pipeline(make_psd(fs), MinMaxScale(), flatten)]
    yield "global_pool circular", make_nets(fs, seeds)
    yield "global_pool zeros", make_nets(fs, seeds, padding_mode="zeros")


def spectrogram_models_of(fs, seeds):
    """Yield models of the PSD and of spectrograms, with each axis of the batch norm."""
    steps = (
        Spectrogram(fs, nperseg=128, decibels=True, fmin=fs / 256),
        MinMaxScale(per="spectrogram"),
    )
    flatten = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    for name in ("logreg_psd", "logreg_aligned_psd"):
        psd = make_psd(fs).set_params(nperseg=128, fmin=fs / 256)
        yield name, [make_baselines(psd)[name]]
    yield "global_pool zeros", make_nets(fs, seeds, padding_mode="zeros")
    # On the spectrograms themselves, with the strength of regularization that is best
    # for it.
    linear = LogisticRegression(C=0.01, max_iter=1000)
    yield "logreg", [make_pipeline(*steps, flatten, StandardScaler(), linear)]
    axes = [("time", norm) for norm in ("channel", "frequency", "time", None)]
    for pool_axis, norm_axis in [*axes, ("both", "channel")]:
        nets = [
            SpectrogramCNNClassifier(
                norm_axis=norm_axis, pool_axis=pool_axis, random_state=seed
            )
            for seed in seeds
        ]
        name = f"pool {pool_axis}, norm {norm_axis}"
        yield name, [make_pipeline(*map(clone, steps), net) for net in nets]


def noisy_models_of(fs, seeds):
    """Yield models that are trained without and with noise."""
    for title, steps in [
        ("", ()),
        (" + 0..20 dB", (RandomNoise((0, 20), clean_fraction=0, random_state=0),)),
        (" + 0..60 dB", (RandomNoise((0, 60), clean_fraction=0, random_state=0),)),
    ]:
        for name in ("logreg_psd", "logreg_aligned_psd"):
            model = make_baselines(make_psd(fs))[name]
            yield name + title, [make_pipeline(*steps, *(s for _, s in model.steps))]
        nets = make_nets(fs, seeds, *steps, padding_mode="zeros")
        yield "global_pool zeros" + title, nets


def print_table(header, models, data, tests):
    """Print the accuracy of each model on each version of the test signals.

    `tests` holds versions of all signals, of which a fold scores its test rows.
    """
    X, y, folds = data
    print(f"{'mean (sd of folds, worst)':28}" + "".join(f"{h:>21}" for h in header))
    for name, pipes in models:
        scores = np.zeros((len(pipes), len(folds), len(tests)))
        for i, model in enumerate(pipes):
            for j, (train, test) in enumerate(folds):
                model.fit(X[train], y[train])
                scores[i, j] = [model.score(T[test], y[test]) for T in tests]
        fold = scores.mean(axis=0)
        cells = [f"{f.mean():.3f} ({f.std():.3f}, {f.min():.2f})" for f in fold.T]
        line = f"{name:28}" + "".join(f"{cell:>21}" for cell in cells)
        if len(pipes) > 1:
            line += f"  seeds +- {scores.mean(axis=1).std(axis=0).round(3)}"
        print(line, flush=True)


def run(name, data_dir, seeds):
    """Print the tables of one data set."""
    file, limits = TASKS[name]
    with np.load(data_dir / file) as archive:
        X, y = archive["X"].astype(np.float32), archive["y"]
        group, fs = archive["group"], float(archive["fs"])
    data = X, y, list(LeaveOneGroupOut().split(X, y, group))
    rng = np.random.default_rng(0)
    print(f"\n{file}: {len(X)} signals, {len(data[2])} groups, net seeds {seeds}")
    tests = {"as recorded": X}
    for limit in limits:
        shift = rng.uniform(-limit, limit, len(X)) / fs
        for kind, fill in [("shifted", "noise"), ("hole", None)] if limit else []:
            tests[f"{kind} +-{limit} Hz"] = shift_frequency(
                X, shift, fill=fill, offset="remove", random_state=0
            )
    models = spectrogram_models_of if name == "spectrograms" else models_of
    print_table(tests, models(fs, seeds), data, list(tests.values()))
    if name == "cwru":
        noisy = [X if snr is None else add_noise(X, snr, rng) for snr in SNR_DB]
        header = ["as recorded", *(f"{snr} dB" for snr in SNR_DB[1:])]
        print(
            "\nWhite noise is added to the test signals. A range after + is that of "
            "RandomNoise in training."
        )
        print_table(header, noisy_models_of(fs, seeds), data, noisy)


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
