"""Shared settings and small data: one thread, no windows, spectra that are quick."""

import matplotlib
import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
)
from sk_psd.datasets import make_shift_benchmark

matplotlib.use("Agg")
# On small nets a second thread costs more than it gives, much more on a busy machine.
torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if "gpu" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="torch finds no CUDA device"))


@pytest.fixture(scope="session")
def signals():
    """Complex signals of four shapes: centered training, centered and shifted test."""
    return make_shift_benchmark("easy4", n_train=160, n_test=80, n_freqs=256)


@pytest.fixture(scope="session")
def spectra(signals):
    """The scaled spectra of `signals`: X, y and the test sets by name."""
    to_spectra = make_to_spectra(signals)
    test = {k: (to_spectra(X), y) for k, (X, y) in signals.test.items()}
    return to_spectra(signals.X_train), signals.y_train, test


def make_to_spectra(signals):
    psd = WelchPSD(
        nperseg=signals.nperseg, return_onesided=False, detrend=False, decibels=True
    )

    def to_spectra(X):
        return MinMaxScale().fit_transform(psd.fit_transform(X))

    return to_spectra


@pytest.fixture(scope="session")
def models(spectra):
    """Classifiers of the `spectra`: exactly invariant, approximately, not at all."""
    X, y, _ = spectra
    kinds = {
        "exact": GlobalPoolCNNClassifier(max_epochs=25, random_state=0),
        "approximate": GlobalPoolCNNClassifier(
            stride=4, invariance="approximate", max_epochs=2, random_state=0
        ),
        "flatten": FlattenCNNClassifier(max_epochs=25, random_state=0),
    }
    return {name: model.fit(X, y) for name, model in kinds.items()}


@pytest.fixture(scope="session")
def pipe(signals, models):
    """The exactly invariant classifier behind the steps from the `signals`."""
    psd = WelchPSD(
        fs=10e3, nperseg=256, return_onesided=False, detrend=False, decibels=True
    )
    # Fitted steps around a model that is fitted already.
    return make_pipeline(
        psd.fit(signals.X_train), MinMaxScale().fit(np.eye(2, 256)), models["exact"]
    )


@pytest.fixture(scope="session")
def blobs():
    """40 float64 rows of 32 values in two classes told apart by their width."""
    rng = np.random.default_rng(0)
    X = 0.1 * rng.random((40, 32))
    X[:20, 14:17] += 1
    X[20:, 8:22] += 1
    return X, np.repeat(["narrow", "wide"], 20)
