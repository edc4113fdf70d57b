"""Rows that are standardized when they are read have the bits of a copy of all."""

import numpy as np
import pytest
import torch

from sk_psd import GlobalPoolCNNClassifier, RandomFreqShift, _training_rows
from sk_psd._standardize import (
    find_mean_and_deviation,
    standardize,
    standardize_when_read,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("scale", [1.0, 1e-40, 1e35])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 1, 7), (90, 2, 4000), (20, 3, 5, 4)])
def test_rows_have_the_bits_of_a_copy_of_all(shape, dtype, scale):
    rng = np.random.default_rng(0)
    X = (scale * rng.normal(3, 1, shape)).astype(dtype)
    mean, deviation = find_mean_and_deviation(X)
    whole = standardize(X, mean, deviation)
    rows = standardize_when_read(X, mean, deviation, CPU)
    assert not isinstance(rows, torch.Tensor)
    assert len(rows) == len(whole)
    assert (rows.shape, rows.ndim) == (whole.shape, whole.ndim)
    assert (rows.dtype, rows.device) == (whole.dtype, whole.device)
    order = torch.tensor([3, 0, 4, 3])
    for index in (order, order.tolist(), slice(None), slice(1, 3), 2, np.int64(1)):
        assert torch.equal(rows[index], whole[index])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_and_the_deviation_are_those_of_numpy_and_the_data_stay(dtype):
    X = np.random.default_rng(0).normal(40, 7, (3, 900_000)).astype(dtype)
    before = X.copy()
    mean, deviation = find_mean_and_deviation(X)
    assert mean == pytest.approx(X.mean(dtype=np.float64), rel=1e-12)
    assert deviation == pytest.approx(X.std(dtype=np.float64), rel=1e-12)
    standardize(X, mean, deviation)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    "X",
    [
        np.asfortranarray(np.random.default_rng(0).random((6, 40), np.float32)),
        torch.rand(6, 40),
    ],
)
def test_rows_that_are_slow_to_read_are_copied(X):
    x = standardize_when_read(X, 0.5, 0.3, CPU)
    assert isinstance(x, torch.Tensor)
    assert torch.equal(x, standardize(X, 0.5, 0.3))


def test_values_too_large_are_refused_before_they_are_read():
    X = np.full((4, 3), 1e300)
    with pytest.raises(ValueError, match="too large for float32"):
        standardize_when_read(X, 0.0, 1.0, CPU)


class Subclass(RandomFreqShift):
    def for_batches(self, x, scale=1.0):
        assert x.median().isfinite()  # what only a Tensor has
        return super().for_batches(x, scale)


@pytest.mark.parametrize(
    "options",
    [
        dict(),
        dict(early_stopping=True),
        dict(level="median"),
        dict(augmentation=Subclass(mode="floor")),
        dict(level="median", augmentation="robust"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_training_has_the_bits_of_one_on_a_copy(options, dtype, monkeypatch):
    X = (20 * np.random.default_rng(0).random((60, 70))).astype(dtype)
    before, y = X.copy(), np.arange(60) % 3

    def train():
        model = GlobalPoolCNNClassifier(
            max_epochs=2, random_state=0, device="cpu", **options
        )
        model.fit(X, y)
        return model if model.early_stopping else model.partial_fit(X[:9], y[:9])

    model = train()

    def copy(X, mean, deviation, device):
        return standardize(X, mean, deviation).to(device)

    monkeypatch.setattr(_training_rows, "standardize_when_read", copy)
    other = train()
    assert model.loss_curve_ == other.loss_curve_
    assert (model.predict_proba(X) == other.predict_proba(X)).all()
    np.testing.assert_array_equal(X, before)
