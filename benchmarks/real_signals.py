"""Real recordings: spoken digits and bearing vibration, cross-validated by group.

    python benchmarks/real_signals.py DATA_DIR
    python benchmarks/real_signals.py DATA_DIR --only cwru --seeds 2
    python benchmarks/real_signals.py DATA_DIR --only cwru --models default vote
    python benchmarks/real_signals.py DATA_DIR --only spectrograms

DATA_DIR holds two files with arrays ``X``, ``y``, ``group`` and ``fs``. ``fsdd.npz``
has free spoken digits at 8 kHz: the class is the digit, and each of six speakers is
left out in turn. ``cwru_bearing.npz`` has bearing vibration at 12 kHz: the class is the
fault, and each of four motor loads is left out in turn.

"default" and "robust" are the two pipelines of make_spectrum_classifier for the
one-sided axis of real signals. "vote" and "robust vote" are the same pipelines with
vote=True. The other nets show the effect of one choice.

The test signals of the bearings are also shifted in frequency, each by a shift of its
own. "shifted" fills the strip that a shift by one sideband leaves with noise at the
signal's own floor, as another machine or receiver would. "hole" leaves the strip empty,
like a band with a hard edge. Other tests add white noise, pink noise, whose density
falls with the frequency, and a carrier at a random frequency. A third task classifies
the digits by their spectrograms, with each axis of the batch norm.
"""

import argparse
import pathlib

import numpy as np
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
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
    make_spectrum_classifier,
)
from sk_psd.signals import add_noise, shift_frequency

# Largest shifts of the bearings' test signals in Hz.
SHIFT_HZ = (300, 1000)
NPERSEG = 512
SNR_DB = (20, 10, 0)
CARRIER_DB = (-10, 0)
PINK_SNR_DB = 5


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
    for name in ("default", "robust", "vote", "robust vote"):
        options = dict(fs=fs, nperseg=NPERSEG)
        options |= dict(robust="robust" in name, vote="vote" in name)
        yield (
            name,
            [
                make_spectrum_classifier("one-sided", random_state=seed, **options)
                for seed in seeds
            ],
        )


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


def bearing_models_of(fs, seeds):
    """Yield the models of spectra, those trained with noise, and one fixed range."""
    yield from models_of(fs, seeds)
    for title, snr_db in [(" + 0..20 dB", (0, 20)), (" + 0..60 dB", (0, 60))]:
        noise = RandomNoise(snr_db, clean_fraction=0, random_state=0)
        for name in ("logreg_psd", "logreg_aligned_psd"):
            model = make_baselines(make_psd(fs))[name]
            yield name + title, [make_pipeline(noise, *(s for _, s in model.steps))]
        nets = make_nets(fs, seeds, noise, padding_mode="zeros")
        yield "global_pool zeros" + title, nets
    # The range of 120 dB in place of a learned one.
    nets = make_nets(fs, seeds, padding_mode="zeros")
    nets = [net.set_params(welchpsd__range_db=None) for net in nets]
    yield "global_pool zeros, 120 dB", nets


def add_carriers(X, power_db, rng):
    """Add a sine of random frequency and phase, `power_db` over the signal."""
    freq = rng.uniform(0, 0.5, (len(X), 1))
    phase = rng.uniform(0, 2 * np.pi, (len(X), 1))
    sine = np.sin(2 * np.pi * freq * np.arange(X.shape[1]) + phase)
    amplitude = np.sqrt(2 * 10 ** (power_db / 10)) * X.std(axis=1, keepdims=True)
    return (X + amplitude * sine).astype(X.dtype)


def add_pink_noise(X, snr_db, rng):
    """Add noise whose density falls as the inverse of the frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(X.shape))
    spectrum /= np.sqrt(np.maximum(1, np.arange(spectrum.shape[1])))
    noise = np.fft.irfft(spectrum, X.shape[1])
    gain = X.std(axis=1) / noise.std(axis=1) * 10 ** (-snr_db / 20)
    return (X + gain[:, None] * noise).astype(X.dtype)


def bearing_tests(X, fs, rng):
    """Return versions of the test signals as other machines might give them."""
    tests = {}
    for limit in SHIFT_HZ:
        shift = rng.uniform(-limit, limit, len(X)) / fs
        for kind, fill in [("shift", "noise"), ("hole", None)]:
            tests[f"{kind} {limit}"] = shift_frequency(
                X, shift, fill=fill, offset="remove", random_state=0
            )
    for snr_db in SNR_DB:
        tests[f"{snr_db} dB"] = add_noise(X, snr_db, rng)
    for power_db in CARRIER_DB:
        tests[f"line {power_db}"] = add_carriers(X, power_db, rng)
    tests[f"pink {PINK_SNR_DB}"] = add_pink_noise(X, PINK_SNR_DB, rng)
    return tests


def calibration_error(proba, is_right):
    """Return the mean gap between confidence and accuracy, in 15 bins of confidence."""
    confidence = proba.max(axis=1)
    index = np.minimum((15 * confidence).astype(int), 14)
    gaps = np.bincount(index, confidence - is_right, 15)
    return np.abs(gaps).sum() / len(proba)


def judge(model, X, y):
    """Return the log loss and the calibration error of a model."""
    proba = model.predict_proba(X)
    is_right = model.classes_[proba.argmax(axis=1)] == y
    loss = log_loss(y, proba, labels=model.classes_)
    return loss, calibration_error(proba, is_right)


def print_table(models, data, tests, calibration):
    """Print the accuracy of each model on each version of the test signals.

    `tests` holds versions of all signals. Each fold scores its test rows of them. With
    `calibration` the table has rows for log loss and calibration error.
    """
    X, y, folds = data
    print(f"{'mean/worst of groups':26}" + "".join(f"{name:>11}" for name in tests))
    for name, pipes in models:
        shape = len(pipes), len(folds), len(tests)
        scores, losses = np.zeros(shape), np.zeros((*shape, 2))
        judges = calibration and hasattr(pipes[0], "predict_proba")
        for i, model in enumerate(pipes):
            for j, (train, test) in enumerate(folds):
                model.fit(X[train], y[train])
                for k, T in enumerate(tests.values()):
                    scores[i, j, k] = model.score(T[test], y[test])
                    if judges:
                        losses[i, j, k] = judge(model, T[test], y[test])
        cells = [f"{f.mean():.3f}/{f.min():.2f}" for f in scores.mean(axis=0).T]
        print(f"{name:26}" + "".join(f"{cell:>11}" for cell in cells), flush=True)
        if len(pipes) > 1:
            print_cells("  +- (seeds)", scores.mean(axis=1).std(axis=0))
        if judges:
            log_losses, errors = losses.mean(axis=(0, 1)).T
            print_cells("  log loss", log_losses)
            print_cells("  calibration error", errors)


def print_cells(title, values):
    cells = "".join(f"{value:>11.3f}" for value in values)
    print(f"{title:26}" + cells, flush=True)


def run(name, data_dir, seeds, chosen, calibration):
    """Print the table of one data set."""
    file, models_of_task = TASKS[name]
    with np.load(data_dir / file) as archive:
        X, y = archive["X"].astype(np.float32), archive["y"]
        group, fs = archive["group"], float(archive["fs"])
    data = X, y, list(LeaveOneGroupOut().split(X, y, group))
    print(f"\n{file}: {len(X)} signals, {len(data[2])} groups, net seeds {seeds}")
    tests = {"as recorded": X}
    if name == "cwru":
        tests |= bearing_tests(X, fs, np.random.default_rng(0))
        print(
            "shift and hole: by up to this many Hz. dB: signal over white noise. line: "
            "carrier\nover signal in dB. pink: signal over pink noise in dB. A range "
            "after + is that of\nRandomNoise in training."
        )
    models = models_of_task(fs, seeds)
    models = [(name, nets) for name, nets in models if name in (chosen or [name])]
    print_table(models, data, tests, calibration)


# The file and the models of each task.
TASKS = {
    "fsdd": ("fsdd.npz", models_of),
    "cwru": ("cwru_bearing.npz", bearing_models_of),
    "spectrograms": ("fsdd.npz", spectrogram_models_of),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=pathlib.Path)
    parser.add_argument("--only", choices=TASKS, help="one of the data sets")
    parser.add_argument("--models", nargs="+", help="names of rows to print only")
    parser.add_argument(
        "--calibration", action="store_true", help="print losses of probabilities"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of net seeds")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in [args.only] if args.only else TASKS:
        seeds = list(range(args.seeds))
        run(name, args.data_dir, seeds, args.models, args.calibration)


if __name__ == "__main__":
    main()
