"""Accuracy at the center of the axis and elsewhere, of the nets and of baselines.

    python benchmarks/invariance.py                       # the README's table
    python benchmarks/invariance.py --tasks easy4 --n-train 2000
    python benchmarks/invariance.py --tasks standard8 --n-train 50 200
    python benchmarks/invariance.py --tasks standard8 --n-freqs 8192 --no-flatten
    python benchmarks/invariance.py --quick               # a minute, small data

All models are trained on centered signals. The net with global pooling is trained with
several seeds, and the table shows the mean and the standard deviation over them. The
data set was not used to choose any setting. MiniRocket on rolled copies is included if
aeon is installed.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sk_psd import (
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    PeakAlign,
    WelchPSD,
    make_baselines,
    make_spectrum_classifier,
)
from sk_psd.datasets import make_shift_benchmark

try:
    from aeon.transformations.collection.convolution_based import MiniRocket
except ImportError:
    MiniRocket = None

INVARIANT = ("logreg_fft_of_psd", "logreg_aligned_psd", "lda_", "svc_", "forest_")


def make_spectra(data):
    """Return the PSD step and the scaled spectra of the training and the test sets."""
    psd = WelchPSD(
        nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True
    )
    to_spectra = make_pipeline(psd, MinMaxScale())
    train = to_spectra.fit_transform(data.X_train)
    return (
        psd,
        train,
        {k: (to_spectra.transform(X), y) for k, (X, y) in data.test.items()},
    )


class RolledMiniRocket:
    """MiniRocket on each training spectrum and two rolled copies of it.

    The strength of its ridge penalty is chosen by cross-validation. All copies of a
    spectrum are in one fold, so that none leaks into the training data.
    """

    def fit(self, X, y):
        """Train."""
        rng = np.random.default_rng(0)
        copies = [X] + [
            np.stack([np.roll(row, rng.integers(X.shape[1])) for row in X])
            for _ in range(2)
        ]
        self.rocket = MiniRocket(random_state=0)
        features = self.rocket.fit_transform(np.concatenate(copies)[:, None])
        self.ridge = GridSearchCV(
            make_pipeline(StandardScaler(), RidgeClassifier()),
            {"ridgeclassifier__alpha": np.logspace(1, 5, 5)},
            cv=GroupKFold(3),
        )
        groups = np.tile(np.arange(len(X)), 3)
        self.ridge.fit(np.asarray(features), np.tile(y, 3), groups=groups)
        return self

    def score(self, X, y):
        """Return the accuracy."""
        return self.ridge.score(np.asarray(self.rocket.transform(X[:, None])), y)


def models_of(psd, seeds, slow):
    """Yield a name and a list with a pair (model, takes_signals) for each seed."""
    for name, model in make_baselines(psd).items():
        yield name, [(model, True)]
    yield "svc_aligned_psd", [(make_pipeline(PeakAlign(), SVC(C=3)), False)]
    yield "svc_fft_of_psd", [(make_pipeline(FFTMagnitude(), SVC(C=3)), False)]
    forest = RandomForestClassifier(500, random_state=0)
    yield "forest_aligned_psd", [(make_pipeline(PeakAlign(), forest), False)]
    if MiniRocket is not None:
        yield "minirocket_rolled", [(RolledMiniRocket(), False)]
    if slow:
        yield "flatten_net", [(FlattenCNNClassifier(random_state=0), False)]
    nets = [(GlobalPoolCNNClassifier(random_state=seed), False) for seed in seeds]
    yield "global_pool_net", nets
    # The last step of the pipeline, as the spectra are scaled already.
    votes = [
        (make_spectrum_classifier(fs=1.0, vote=True, random_state=seed)[-1], False)
        for seed in seeds
    ]
    yield "net_and_features", votes


def run(task, n_train, n_test, n_freqs, seeds, data_seed, slow, chosen):
    """Print the table of one task. `chosen` holds the names of the rows, or is None."""
    data = make_shift_benchmark(
        task, n_train=n_train, n_test=n_test, n_freqs=n_freqs, random_state=data_seed
    )
    psd, train, test = make_spectra(data)
    print(
        f"\n{task}: {n_train} training and {n_test} test spectra per set, {n_freqs} "
        f"bins, data seed {data_seed}, net seeds {seeds}"
    )
    print(f"{'':22}" + "".join(f"{name:>15}" for name in test) + f"{'fit, cpu s':>12}")
    shifted = {}
    for name, models in models_of(psd, seeds, slow):
        if name not in (chosen or [name]):
            continue
        scores, seconds = [], []
        for model, from_signals in models:
            start = time.process_time()
            model.fit(data.X_train if from_signals else train, data.y_train)
            seconds.append(time.process_time() - start)
            sets = data.test if from_signals else test
            scores.append([model.score(*sets[k]) for k in sets])
        mean, spread = np.mean(scores, axis=0), np.std(scores, axis=0)
        cells = [
            f"{m:.3f} +- {s:.3f}" if len(models) > 1 else f"{m:.3f}"
            for m, s in zip(mean, spread, strict=True)
        ]
        row = "".join(f"{cell:>15}" for cell in cells)
        print(f"{name:22}{row}{np.mean(seconds):>12.1f}", flush=True)
        shifted[name] = mean[1]
    baselines = [name for name in shifted if name.startswith(INVARIANT)]
    if baselines and "global_pool_net" in shifted:
        best = max(baselines, key=shifted.get)
        margin = shifted["global_pool_net"] - shifted[best]
        print(f"shifted: the net is {margin:+.3f} from {best}, the best baseline")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=["easy4", "standard8", "hard6"])
    parser.add_argument("--n-train", nargs="+", type=int, default=[1600])
    parser.add_argument("--n-test", type=int, default=800)
    parser.add_argument("--n-freqs", nargs="+", type=int, default=[1024])
    parser.add_argument("--seeds", type=int, default=3, help="number of net seeds")
    parser.add_argument("--data-seed", type=int, default=100)
    parser.add_argument("--no-flatten", action="store_true", help="skip the slow net")
    parser.add_argument("--models", nargs="+", help="names of rows to print only")
    parser.add_argument("--quick", action="store_true", help="small data, one seed")
    args = parser.parse_args()
    if args.quick:
        args.n_train, args.n_test, args.n_freqs, args.seeds = [200], 200, [256], 1
    torch.set_num_threads(1)
    for task in args.tasks:
        for n_freqs in args.n_freqs:
            for n_train in args.n_train:
                run(
                    task,
                    n_train,
                    args.n_test,
                    n_freqs,
                    list(range(args.seeds)),
                    args.data_seed,
                    slow=not args.no_flatten,
                    chosen=args.models,
                )


if __name__ == "__main__":
    main()
