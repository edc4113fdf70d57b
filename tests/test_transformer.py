"""Base of the transformers: one check of X for each call."""

import sys

import numpy as np
import pytest

from sk_psd import (
    ConvFilter,
    InvariantFeatures,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    RandomNoise,
    Spectrogram,
    WelchPSD,
    _validation,
)

X = np.random.default_rng(0).random((6, 64))
TRANSFORMERS = [
    ConvFilter(),
    InvariantFeatures(),
    LogFrequency(8),
    MinMaxScale(),
    MinMaxScale(per="spectrogram"),
    PeakAlign(),
    RandomFreqShift(),
    RandomNoise(),
    Spectrogram(nperseg=16),
    WelchPSD(nperseg=16),
]


@pytest.fixture
def calls(monkeypatch):
    """Names of the checks of X that were called, in order."""
    names = []

    def count(module, name):
        function = getattr(module, name)

        def counted(*args, **kwargs):
            names.append(name)
            return function(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    for name, module in list(sys.modules.items()):
        if name.startswith("sk_psd.") and hasattr(module, "check_rows"):
            count(module, "check_rows")
    count(_validation, "check_finite")
    return names


@pytest.mark.filterwarnings("ignore:The rows of X look like")
@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=repr)
def test_rows_are_checked_once_in_each_call(estimator, calls):
    for method in (estimator.fit, estimator.fit_transform, estimator.transform):
        calls.clear()
        method(X)
        assert calls.count("check_rows") == 1
        assert calls.count("check_finite") <= 1
