"""What the user set in torch changes no result, and comes back as it was."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    SpectrogramCNNClassifier,
    WelchPSD,
)
from sk_psd._threads import map_in_threads, one_torch_thread

RNG = np.random.default_rng(0)
X, Y = RNG.random((70, 48)), np.arange(70) % 2
MODELS = [
    GlobalPoolCNNClassifier(max_epochs=2, random_state=0),
    FlattenCNNClassifier(8, 9, max_epochs=2, random_state=0),
    SpectrogramCNNClassifier((4, 8), max_epochs=2, random_state=0),
]
EACH = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


@contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


SETTINGS = {
    "float16": lambda: torch.autocast("cpu", torch.float16),
    "bfloat16": lambda: torch.autocast("cpu", torch.bfloat16),
    "meta": lambda: torch.device("meta"),
    "inference": lambda: torch.inference_mode(),
    "no_grad": lambda: torch.no_grad(),
    "double": lambda: default_dtype(torch.float64),
    "half": lambda: default_dtype(torch.bfloat16),
}


def results():
    signals = RNG_STATE.random((3, 300))
    yield WelchPSD(nperseg=32, detrend="linear").fit_transform(signals)
    yield PeakAlign().fit_transform(X)
    yield RandomFreqShift(mode="floor", random_state=0).fit_transform(X)
    yield LearnedConvFilter(5, max_epochs=2, random_state=0).fit(X, X).predict(X)
    for model in MODELS:
        fitted = clone(model).fit(X, Y, X_val=X[:9], y_val=Y[:9])
        yield pickle.loads(pickle.dumps(fitted)).predict_proba(X)
        yield fitted.partial_fit(X, Y).predict_proba(X)


RNG_STATE = np.random.RandomState(0)


@pytest.fixture(scope="module")
def expected():
    RNG_STATE.seed(0)
    return list(results())


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_torch_change_no_result(setting, expected):
    RNG_STATE.seed(0)
    with SETTINGS[setting]():
        found = list(results())
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert torch.get_default_device().type == "cpu"


def views():
    x = torch.from_numpy(X)
    z = torch.complex(x, x)
    return {
        "gradient": (x.clone().requires_grad_(), X),
        "negative view": (z.conj().imag, -X),
        "bfloat16": (x.to(torch.bfloat16), x.to(torch.bfloat16).float().numpy()),
    }


@pytest.mark.parametrize("kind", views())
def test_tensors_of_any_history_are_the_numbers_they_hold(kind):
    tensor, array = views()[kind]
    np.testing.assert_array_equal(
        MinMaxScale().fit_transform(tensor), MinMaxScale().fit_transform(array)
    )
    weights = torch.ones(70).requires_grad_()
    for model in MODELS:
        one = clone(model).fit(tensor, torch.from_numpy(Y), sample_weight=weights)
        other = clone(model).fit(array, Y)
        np.testing.assert_array_equal(
            one.predict_proba(tensor), other.predict_proba(array)
        )


def test_a_conjugate_view_is_conjugated():
    z = torch.randn(4, 64, dtype=torch.complex128)
    psd = WelchPSD(nperseg=16, return_onesided=False)
    np.testing.assert_array_equal(
        psd.fit_transform(z.conj()), psd.fit_transform(z.numpy().conj())
    )


@pytest.mark.parametrize(
    "tensor, match",
    [
        (torch.eye(4).to_sparse(), "layout torch.sparse_coo. Pass X.to_dense"),
        (torch.zeros(4, 4, device="meta"), "values on the meta device"),
    ],
    ids=["sparse", "meta"],
)
def test_tensors_without_dense_values_are_refused(tensor, match):
    with pytest.raises(TypeError, match=match):
        MinMaxScale().fit(tensor)


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@EACH
def test_the_number_of_threads_changes_neither_the_model_nor_a_prediction(
    model, two_threads
):
    many = np.vstack([X] * 5)
    fitted = clone(model).fit(X, Y).partial_fit(X, Y)
    proba = fitted.predict_proba(many)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    other = clone(model).fit(X, Y).partial_fit(X, Y)
    np.testing.assert_array_equal(other.predict_proba(many), proba)
    assert torch.get_num_threads() == 1


def test_training_and_prediction_run_in_one_torch_thread_each(two_threads):
    seen = []

    class Look(torch.nn.Module):
        def forward(self, x):
            seen.append(torch.get_num_threads())
            return x

    model = clone(MODELS[0]).fit(X, Y)
    model.module_.features.append(Look())
    model.partial_fit(X, Y)
    model.predict_proba(np.vstack([X] * 5))
    assert set(seen) == {1} and len(seen) > 10


def test_the_number_of_threads_comes_back_after_errors_and_in_every_thread(two_threads):
    with pytest.raises(RuntimeError), one_torch_thread():
        raise RuntimeError
    assert torch.get_num_threads() == 2

    def use(i):
        before = torch.get_num_threads()
        with one_torch_thread():
            list(map_in_threads(abs, [1, 2, 3], n_jobs=1 + i % 2))
            inside = torch.get_num_threads()
        return before, inside, torch.get_num_threads()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(use, range(40)))
    assert all(inside == 1 and before == after for before, inside, after in found)
    with ThreadPoolExecutor(1) as pool:  # the number of threads that start later
        assert pool.submit(torch.get_num_threads).result() == 2
    assert torch.get_num_threads() == 2


def test_workers_of_joblib_leave_the_cores_to_each_other(two_threads):
    from sk_psd._threads import count_free_threads

    assert count_free_threads() == 2
    found = Parallel(n_jobs=2, backend="threading")(
        delayed(count_free_threads)() for _ in range(4)
    )
    assert found == [1] * 4
