"""Tensors stay tensors, on their device, where scikit-learn dispatches array APIs."""

import os
import subprocess
import sys

import pytest

# In a process of its own, as scipy reads SCIPY_ARRAY_API when it is first imported.
SCRIPT = """
import numpy as np, sklearn, torch
from sklearn.pipeline import make_pipeline
from sk_psd import GlobalPoolCNNClassifier, LogFrequency, MinMaxScale, PeakAlign
from sk_psd import Spectrogram, WelchPSD

device = "{device}"
rng = np.random.default_rng(0)
sklearn.set_config(array_api_dispatch=True)
for dtype in (np.float32, np.float64, np.complex64):
    is_complex = np.issubdtype(dtype, np.complexfloating)
    for shape in ((5, 2000), (5, 3, 2000)):
        X = rng.standard_normal(shape) + is_complex * 1j * rng.standard_normal(shape)
        X = X.astype(dtype)
        tensor = torch.from_numpy(X).to(device)
        for detrend in ("constant", "linear", False):
            for average in ("mean", "median"):
                pipe = make_pipeline(
                    WelchPSD(
                        return_onesided=not is_complex,
                        detrend=detrend,
                        average=average,
                        decibels=True,
                        fmax=0.4,
                    ),
                    MinMaxScale(),
                )
                expected = pipe.fit_transform(X)
                result = pipe.fit_transform(tensor)
                assert isinstance(result, torch.Tensor), type(result)
                assert result.device == tensor.device
                assert result.dtype == getattr(torch, expected.dtype.name)
                np.testing.assert_allclose(result.cpu().numpy(), expected, atol=2e-5)
        frames = Spectrogram(return_onesided=not is_complex)
        expected = frames.fit_transform(X)
        result = frames.fit_transform(tensor)
        assert result.device == tensor.device
        np.testing.assert_allclose(
            result.cpu().numpy(), expected, rtol=1e-3, atol=1e-5 * expected.max()
        )
        for reduce in ("max", "mean"):
            log = LogFrequency(50, reduce=reduce)
            expected = log.fit_transform(np.abs(X))
            result = log.fit_transform(tensor.abs())
            assert result.device == tensor.device
            assert result.dtype == getattr(torch, expected.dtype.name)
            np.testing.assert_allclose(result.cpu().numpy(), expected, rtol=1e-4)

broken = tensor.clone()
broken[1, 1, 100] = torch.nan
for estimator in (WelchPSD(return_onesided=False).fit(tensor), ):
    try:
        estimator.transform(broken)
    except ValueError as error:
        assert "NaN" in str(error), error
    else:
        raise AssertionError("NaN in a tensor was not found")
real = tensor.real.clone()
real[0, 0, 5] = torch.inf
for estimator_ in (WelchPSD(), Spectrogram(), MinMaxScale(), LogFrequency()):
    try:
        estimator_.fit_transform(real)
    except ValueError as error:
        assert "infinity" in str(error), error
    else:
        raise AssertionError(f"infinity was not found by {{estimator_}}")
WelchPSD().fit_transform(tensor.real.clone().requires_grad_())
try:
    estimator.transform(tensor[..., :100])
except ValueError as error:
    assert "expecting 2000 features" in str(error), error
else:
    raise AssertionError("another length was not refused")
try:
    WelchPSD().fit(tensor)
except ValueError as error:
    assert "Complex data not supported" in str(error), error
else:
    raise AssertionError("complex tensors were not refused")

# What computes with NumPy takes tensors as well, from any device.
X = np.repeat(np.eye(8, 64, dtype=np.float32), 4, axis=0)
y = np.arange(32) % 2
tensor_X = torch.from_numpy(X).to(device)
np.testing.assert_array_equal(
    PeakAlign().fit_transform(tensor_X), PeakAlign().fit_transform(X)
)
net = GlobalPoolCNNClassifier(max_epochs=1, random_state=0).fit(tensor_X, y)
np.testing.assert_array_equal(net.predict_proba(tensor_X), net.predict_proba(X))

sklearn.set_config(array_api_dispatch=False)
assert isinstance(WelchPSD().fit_transform(tensor.real.cpu()), np.ndarray)
"""


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_tensors_stay_tensors_on_their_device(device):
    subprocess.run(
        [sys.executable, "-c", SCRIPT.format(device=device)],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        check=True,
    )
