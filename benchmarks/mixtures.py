"""Several emissions in one spectrum: the net beside one-against-rest baselines.

    python benchmarks/mixtures.py            # three minutes of one core
    python benchmarks/mixtures.py --quick    # ten seconds, small data

Signals of one to three emissions at random places of the axis, which may overlap. The
signal-to-noise ratio of every emission is 5 to 20 dB, and the ratios in a signal differ
by up to 10 dB. The tasks are the four shapes of "easy4" and the eight of "standard8".
Seeds of data and net: 0 and 1.

The baselines are logistic regressions, one against the rest for each class, on the
features of make_baselines: the FFT magnitude of the spectrum, the spectrum rolled to
its peak, and the spectrum. C and the weights of the classes are chosen by the micro-F1
on a quarter of the training data.

"F1" is the micro-F1 over all labels. "exact" is the subset accuracy. "change" is the
largest change of a probability under circular shifts of the test spectra by all
multiples of `--step` bins and by one bin.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier

from sk_psd import (
    WelchPSD,
    make_baselines,
    make_spectrum_classifier,
    shift_invariance,
)
from sk_psd.datasets import make_spectral_mixtures

BASELINES = {
    "|FFT(PSD)|": "logreg_fft_of_psd",
    "aligned PSD": "logreg_aligned_psd",
    "PSD": "logreg_psd",
}
GRID = [
    (C, weight) for C in (1e-4, 1e-3, 1e-2, 1e-1, 1.0) for weight in (None, "balanced")
]


def make_data(task, n_samples, n_freqs, seed):
    X, y = make_spectral_mixtures(
        n_samples, shapes=task, n_times=4 * n_freqs, random_state=seed
    )
    return X.astype(np.complex64), y


def score(y, predicted):
    return f1_score(y, predicted, average="micro"), accuracy_score(y, predicted)


def score_net(train, test, n_freqs, seed, step, **params):
    """Return the scores of the net, and its largest change under shifts."""
    model = make_spectrum_classifier(fs=1.0, nperseg=n_freqs, random_state=seed)
    model.set_params(**params).fit(*train)
    spectra = model[:-1].transform(test[0])
    shifts = [1, *range(step, n_freqs, step)]
    report = shift_invariance(model[-1], spectra, shifts=shifts)
    return *score(test[1], model[-1].predict(spectra)), report.max_change


def score_baseline(name, train, test, n_freqs):
    """Return the scores of a baseline with the best settings, and these settings."""
    psd = WelchPSD(
        fs=1.0, nperseg=n_freqs, return_onesided=False, detrend=False, decibels=True
    )
    features = make_baselines(psd)[name][:-1]
    X, X_test = features.fit_transform(train[0]), features.transform(test[0])
    X_fit, X_val, y_fit, y_val = train_test_split(X, train[1], random_state=0)

    def make(C, weight):
        logreg = LogisticRegression(C=C, class_weight=weight, max_iter=1000)
        return OneVsRestClassifier(logreg)

    def rate(settings):
        return score(y_val, clone(make(*settings)).fit(X_fit, y_fit).predict(X_val))[0]

    best = max(GRID, key=rate)
    return *score(test[1], make(*best).fit(X, train[1]).predict(X_test)), best


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small data, few steps")
    parser.add_argument("--tasks", nargs="+", default=["easy4", "standard8"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--step", type=int, default=16, help="bins between shifts")
    args = parser.parse_args()
    torch.set_num_threads(1)
    n_train, n_test, n_freqs = (300, 100, 256) if args.quick else (1600, 800, 512)
    # Twice the default number of steps. It was chosen on data of other seeds.
    params = dict(net__max_epochs=10 if args.quick else 40)
    for task in args.tasks:
        print(f"\n{task}: {'features':14}{'F1':>14}{'exact':>15}{'seconds':>9}")
        rows, changes = {}, []
        for seed in args.seeds:
            train = make_data(task, n_train, n_freqs, 2 * seed)
            test = make_data(task, n_test, n_freqs, 2 * seed + 1)
            for name in ("net", *BASELINES):
                start = time.process_time()
                if name == "net":
                    *scores, note = score_net(
                        train, test, n_freqs, seed, args.step, **params
                    )
                    changes.append(note)
                else:
                    *scores, note = score_baseline(
                        BASELINES[name], train, test, n_freqs
                    )
                seconds = time.process_time() - start
                rows.setdefault(name, []).append((*scores, seconds, note))
        for name, seeds in rows.items():
            f1, exact, seconds, notes = zip(*seeds, strict=True)
            cells = "".join(
                f"{np.mean(v):9.3f} ±{np.ptp(v) / 2:.3f}" for v in (f1, exact)
            )
            note = "" if name == "net" else f"  {list(notes)}"
            print(f"{'':{len(task) + 2}}{name:14}{cells}{np.mean(seconds):9.0f}{note}")
        means = {
            name: np.mean([row[0] for row in seeds]) for name, seeds in rows.items()
        }
        ahead = means.pop("net") - max(means.values())
        print(f"net ahead of the best baseline by {ahead:.3f}; change {max(changes)}")


if __name__ == "__main__":
    main()
