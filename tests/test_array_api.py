"""Tensors stay tensors, on their device, where scikit-learn dispatches array APIs.

scipy reads SCIPY_ARRAY_API when it is first imported, so the tests run in a process of
their own: the first test starts it, and the others are skipped without the variable.
"""

import os
import subprocess
import sys

import numpy as np
import public_names
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sk_psd import (
    ConvFilter,
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    InvariantFeatures,
    InvariantFeaturesClassifier,
    LearnedConvFilter,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    RandomNoise,
    RandomSpeckle,
    RandomTimeShift,
    Spectrogram,
    SpectrogramCNNClassifier,
    WelchPSD,
    WindowedClassifier,
)

DISPATCHES = os.environ.get("SCIPY_ARRAY_API") == "1"
dispatched = pytest.mark.skipif(
    not DISPATCHES, reason="runs in the process that the first test starts"
)


@pytest.mark.skipif(DISPATCHES, reason="the other tests run in this process")
@pytest.mark.parametrize(
    "mark", ["not gpu", pytest.param("gpu", marks=pytest.mark.gpu)]
)
def test_all_tests_of_this_file_pass_where_array_apis_are_dispatched(mark):
    command = [sys.executable, "-m", "pytest", "-q", "-m", mark, __file__]
    done = subprocess.run(
        command,
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    with config_context(array_api_dispatch=True):
        yield request.param


def noise(shape, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    if np.issubdtype(dtype, np.complexfloating):
        X = X + 1j * rng.standard_normal(shape)
    return X.astype(dtype)


def assert_like(result, tensor, expected, **tolerance):
    assert isinstance(result, torch.Tensor)
    assert result.device == tensor.device
    assert result.dtype == getattr(torch, expected.dtype.name)
    np.testing.assert_allclose(result.cpu().numpy(), expected, **tolerance)


SHAPES = pytest.mark.parametrize("shape", [(5, 2000), (5, 3, 2000)], ids=str)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])


@dispatched
@SHAPES
@DTYPES
@pytest.mark.parametrize("detrend", ["constant", "linear", False])
@pytest.mark.parametrize("average", ["mean", "median"])
def test_scaled_spectra_of_tensors_are_tensors(average, detrend, dtype, shape, device):
    X = noise(shape, dtype)
    tensor = torch.from_numpy(X).to(device)
    psd = WelchPSD(
        return_onesided=not np.iscomplexobj(X),
        detrend=detrend,
        average=average,
        decibels=True,
        fmax=0.4,
    )
    pipe = make_pipeline(psd, MinMaxScale())
    expected = pipe.fit_transform(X)
    assert_like(pipe.fit_transform(tensor), tensor, expected, atol=2e-5)


@dispatched
@SHAPES
@DTYPES
def test_spectrograms_of_tensors_are_tensors(dtype, shape, device):
    X = noise(shape, dtype)
    tensor = torch.from_numpy(X).to(device)
    frames = Spectrogram(return_onesided=not np.iscomplexobj(X))
    expected = frames.fit_transform(X)
    floor = 1e-5 * expected.max()
    assert_like(frames.fit_transform(tensor), tensor, expected, rtol=1e-3, atol=floor)


@dispatched
@SHAPES
@DTYPES
@pytest.mark.parametrize("reduce", ["max", "mean"])
def test_tensors_on_a_logarithmic_axis_are_tensors(reduce, dtype, shape, device):
    X = np.abs(noise(shape, dtype))
    tensor = torch.from_numpy(X).to(device)
    log = LogFrequency(50, reduce=reduce)
    assert_like(log.fit_transform(tensor), tensor, log.fit_transform(X), rtol=1e-4)


@dispatched
def test_nan_in_a_tensor_is_found(device):
    tensor = torch.from_numpy(noise((5, 3, 2000), np.complex64)).to(device)
    psd = WelchPSD(return_onesided=False).fit(tensor)
    tensor[1, 1, 100] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        psd.transform(tensor)


@dispatched
@pytest.mark.parametrize(
    "estimator", [WelchPSD(), Spectrogram(), MinMaxScale(), LogFrequency()], ids=repr
)
def test_infinity_in_a_tensor_is_found(estimator, device):
    tensor = torch.from_numpy(noise((5, 3, 2000))).to(device)
    tensor[0, 0, 5] = torch.inf
    with pytest.raises(ValueError, match="infinity"):
        estimator.fit_transform(tensor)


@dispatched
def test_a_tensor_that_carries_a_gradient_is_taken_without_it(device):
    tensor = torch.from_numpy(noise((5, 2000))).to(device)
    expected = WelchPSD().fit_transform(tensor)
    result = WelchPSD().fit_transform(tensor.clone().requires_grad_())
    assert torch.equal(result, expected) and not result.requires_grad


@dispatched
def test_tensors_of_another_length_or_kind_are_refused(device):
    tensor = torch.from_numpy(noise((5, 2000), np.complex64)).to(device)
    psd = WelchPSD(return_onesided=False).fit(tensor)
    with pytest.raises(ValueError, match="expecting 2000 features"):
        psd.transform(tensor[..., :100])
    with pytest.raises(ValueError, match="Complex data not supported"):
        WelchPSD().fit(tensor)


# Estimators that compute with NumPy, or on a device of their own.
WITH_NUMPY = [
    (ConvFilter(), "transform"),
    (FFTMagnitude(), "transform"),
    (FlattenCNNClassifier(4, max_epochs=1, random_state=0), "predict_proba"),
    (GlobalPoolCNNClassifier(max_epochs=1, random_state=0), "predict_proba"),
    (InvariantFeatures(), "transform"),
    (InvariantFeaturesClassifier(random_state=0), "predict_proba"),
    (PeakAlign(), "transform"),
    (RandomFreqShift(random_state=0), "fit_transform"),
    (RandomNoise(domain="spectrum", random_state=0), "fit_transform"),
    (RandomSpeckle(random_state=0), "fit_transform"),
    (RandomTimeShift(random_state=0), "fit_transform"),
    (SpectrogramCNNClassifier((4,), max_epochs=1, random_state=0), "predict_proba"),
    (WindowedClassifier(InvariantFeaturesClassifier(), 32), "predict_proba"),
]
WITH_TORCH = [WelchPSD(), Spectrogram(), MinMaxScale(), LogFrequency()]


def test_every_estimator_is_tested_with_tensors():
    tested = [estimator for estimator, _ in WITH_NUMPY]
    kinds = {type(estimator) for estimator in [*tested, *WITH_TORCH]}
    assert kinds | {LearnedConvFilter} == set(public_names.ESTIMATORS)


@dispatched
@pytest.mark.parametrize(
    "estimator, method",
    WITH_NUMPY,
    ids=[type(estimator).__name__ for estimator, _ in WITH_NUMPY],
)
def test_what_computes_with_numpy_takes_tensors_of_any_device(
    estimator, method, device
):
    X, y = np.repeat(np.eye(8, 64, dtype=np.float32), 4, axis=0), np.arange(32) % 2
    if isinstance(estimator, (RandomNoise, RandomSpeckle)):
        X = X * 20 + np.arange(32, dtype=np.float32)[:, None]  # decibels
    tensor = torch.from_numpy(X).to(device)
    apply = getattr(estimator.fit(tensor, y), method)
    np.testing.assert_array_equal(np.asarray(apply(tensor)), apply(X))


@dispatched
def test_a_filter_takes_tensors_for_noisy_and_clean_signals(device):
    X = noise((12, 40))
    x = torch.from_numpy(X).to(device)
    found, expected = (
        LearnedConvFilter(5, max_epochs=2, random_state=0).fit(values, values)
        for values in (x, X)
    )
    np.testing.assert_array_equal(found.predict(x), expected.predict(X))


@dispatched
def test_without_the_configuration_tensors_become_arrays():
    tensor = torch.from_numpy(noise((5, 2000)))
    assert isinstance(WelchPSD().fit_transform(tensor), np.ndarray)


@pytest.fixture
def host_copies(monkeypatch):
    """Return a list of the sizes of all tensors that were copied to the host."""
    sizes = []
    for name in ("numpy", "cpu", "tolist", "__array__"):
        original = getattr(torch.Tensor, name)

        def watched(self, *args, original=original, **kwargs):
            sizes.append(self.numel())
            return original(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, watched)
    return sizes


@dispatched
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_classifiers_take_tensors_without_a_copy_on_the_host(
    dtype, early_stopping, device, host_copies
):
    X, y = noise((70, 3, 40), dtype) ** 2, np.arange(70) % 2
    X[y == 1, :, 3:9] += 3
    weight = (np.arange(70) > 3) * 1.0
    options = dict(max_epochs=4, early_stopping=early_stopping, random_state=0)
    for model in (
        GlobalPoolCNNClassifier((4, 4), device=device, **options),
        SpectrogramCNNClassifier((4, 4), device=device, **options),
    ):
        tensor = torch.from_numpy(X).to(device)
        given = {} if early_stopping else dict(X_val=X[::2], y_val=y[::2])
        proba = clone(model).fit(X, y, weight, **given).predict_proba(X)
        if not early_stopping:
            given["X_val"] = tensor[::2]
        host_copies.clear()
        found = model.fit(tensor, y, weight, **given).predict_proba(tensor)
        model.set_params(early_stopping=False)
        model.partial_fit(tensor[:20], torch.from_numpy(y[:20]).to(device))
        assert max(host_copies) < 20 * 3 * 40  # labels, losses, weights and logits
        assert isinstance(found, np.ndarray) and found.dtype == np.float64
        np.testing.assert_allclose(found, proba, atol=1e-4)


@dispatched
def test_a_pipeline_of_tensors_makes_no_copy_of_the_spectra_on_the_host(
    device, host_copies
):
    X = noise((40, 2000), np.float32)
    X[::2, 1:] += X[::2, :-1]
    pipe = make_pipeline(
        WelchPSD(nperseg=256, decibels=True),
        MinMaxScale(),
        GlobalPoolCNNClassifier((4, 4), device=device, max_epochs=3, random_state=0),
    )
    tensor = torch.from_numpy(X).to(device)
    pipe.fit(tensor, np.arange(40) % 2)
    proba = pipe.predict_proba(tensor)
    assert max(host_copies) < 40 * 129
    np.testing.assert_allclose(proba, pipe.predict_proba(X), atol=1e-4)
