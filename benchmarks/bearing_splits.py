"""Recorded bearings: the accuracy that each way to split the windows reports.

    python benchmarks/bearing_splits.py DATA_DIR

DATA_DIR holds ``cwru_bearing.npz``, as in ``real_signals.py``. The class of a window is
the fault of the bearing: ball, inner race or outer race. "windows" deals the windows to
the folds at random. "recordings" and "loads" keep the windows of a recording or of a
motor load together. "diameters" keeps the faults of one diameter together, so that no
bearing of the test is in the training. Mean accuracy of the folds, lowest and highest
fold. "constant guess" is the most frequent fault of the training.
"""

import argparse
import pathlib

import numpy as np
import torch
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)

from sk_psd import WelchPSD, make_baselines, make_spectrum_classifier

NPERSEG = 512


def make_models(fs):
    """Return pipelines from signals to faults, by name."""
    psd = WelchPSD(fs, nperseg=NPERSEG, decibels=True, fmin=fs / NPERSEG / 2)
    baselines = make_baselines(psd)
    options = dict(fs=fs, nperseg=NPERSEG, random_state=0)
    return {
        "constant guess": DummyClassifier(),
        "logistic regression, spectrum": baselines["logreg_psd"],
        "SVC, InvariantFeatures": baselines["svc_bispectrum_of_psd"],
        "make_spectrum_classifier": make_spectrum_classifier("one-sided", **options),
        "the same with vote=True": make_spectrum_classifier(
            "one-sided", vote=True, **options
        ),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with np.load(args.data_dir / "cwru_bearing.npz") as archive:
        X, y = archive["X"].astype(np.float32), archive["y"]
        groups = {
            "windows": (StratifiedKFold(4, shuffle=True, random_state=0), None),
            "recordings": (
                StratifiedGroupKFold(4, shuffle=True, random_state=0),
                archive["recording"],
            ),
            "loads": (LeaveOneGroupOut(), archive["group"]),
            "diameters": (LeaveOneGroupOut(), archive["fault_diameter_mil"]),
        }
        fs = float(archive["fs"])
    print(f"{len(X)} windows of {len(np.unique(groups['recordings'][1]))} recordings")
    print(f"{'':32}" + "".join(f"{name:>18}" for name in groups))
    for name, model in make_models(fs).items():
        cells = []
        for cv, group in groups.values():
            scores = cross_val_score(model, X, y, groups=group, cv=cv)
            cells.append(f"{scores.mean():.3f} {scores.min():.2f}-{scores.max():.2f}")
        print(f"{name:32}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
