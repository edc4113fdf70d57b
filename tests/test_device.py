"""Training on a device: room for the data, memory after a fit, workers that share it.

Most tests need no GPU: small functions stand for a CUDA device, or the CPU does.
"""

import gc
import warnings
import weakref

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    RandomFreqShift,
    RandomNoise,
    SpectrogramCNNClassifier,
    _device,
    _net_classifier,
    _net_estimator,
    _training_rows,
    learned_filters,
)
from sk_psd._device import (
    fits_on_device,
    release_unused_memory,
    warn_of_shared_device,
)
from sk_psd._standardize import standardize, standardize_when_read
from sk_psd._training_rows import HostRows, move_rows, place_rows, take_rows
from sk_psd.augmentation import BatchAugmentation

CPU, CUDA, META = map(torch.device, ("cpu", "cuda", "meta"))
QUICK = GlobalPoolCNNClassifier((4, 4), max_epochs=2, random_state=0, device="cpu")


@pytest.fixture(scope="module")
def spectra():
    rng = np.random.default_rng(0)
    return 20 * rng.random((60, 70)), np.arange(60) % 3


# Where the training data lie.


def fake_memory(monkeypatch, free, reserved=0, allocated=0):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 2 * free))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: reserved)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: allocated)


def test_data_fit_a_device_up_to_half_of_its_free_memory(monkeypatch):
    fake_memory(monkeypatch, free=1000)
    assert fits_on_device(500, CUDA)
    assert not fits_on_device(501, CUDA)
    # Memory that torch keeps for its next tensors is free.
    fake_memory(monkeypatch, free=1000, reserved=700, allocated=300)
    assert fits_on_device(700, CUDA)
    assert not fits_on_device(701, CUDA)


def test_data_fit_devices_that_share_the_memory_of_the_host():
    for device in (CPU, META, torch.device("mps")):
        assert fits_on_device(10**18, device)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_lie_on_a_device_with_room_and_on_the_host_otherwise(dtype, monkeypatch):
    # Three parts are copied.
    monkeypatch.setattr(_training_rows, "_COPIED_VALUES", 20 * 30)
    X = np.random.default_rng(0).random((50, 1, 30)).astype(dtype)
    whole = standardize(X, 0.5, 0.3)
    sizes = []

    def has_room(n_bytes, device):
        sizes.append((n_bytes, device))
        return True

    monkeypatch.setattr(_training_rows, "fits_on_device", has_room)
    x = place_rows(X, 0.5, 0.3, META)
    assert isinstance(x, torch.Tensor) and x.device == META
    assert (x.shape, x.dtype) == (whole.shape, torch.float32)
    assert sizes == [(4 * X.size, META)]
    assert torch.equal(move_rows(standardize_when_read(X, 0.5, 0.3, CPU), CPU), whole)

    monkeypatch.setattr(_training_rows, "fits_on_device", lambda *args: False)
    for given in (X, np.asfortranarray(X), torch.from_numpy(X)):
        x = place_rows(given, 0.5, 0.3, META)
        assert isinstance(x, HostRows) and x.device == META
        assert (x.shape, x.dtype, len(x)) == (whole.shape, torch.float32, 50)
        batch = x[torch.tensor([3, 1])]
        assert batch.device == META and batch.shape == (2, 1, 30)
        host = HostRows(x.rows, CPU)
        assert torch.equal(host[torch.tensor([3, 1])], whole[[3, 1]])
        assert torch.equal(host[5:9], whole[5:9])
    assert isinstance(place_rows(X, 0.5, 0.3, CPU), _standardized_type(X))


def _standardized_type(X):
    return type(standardize_when_read(X, 0.5, 0.3, CPU))


def test_batches_from_the_host_are_pinned_and_copied_while_the_host_goes_on(
    monkeypatch,
):
    calls = []

    def pin_memory(self):
        calls.append("pin")
        return self

    def to(self, *args, **kwargs):
        calls.append((*args, kwargs))
        return self

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin_memory)
    monkeypatch.setattr(torch.Tensor, "to", to)
    rows = HostRows(torch.arange(12.0).reshape(4, 3), CUDA, lambda x: -x)
    index = torch.tensor([2, 0])
    batch = take_rows(rows, None, index)
    assert calls == ["pin", (CUDA, {"non_blocking": True})]
    assert batch.tolist() == [[-6, -7, -8], [0, -1, -2]]
    # A Tensor on the device is indexed there.
    assert take_rows(torch.arange(4), index, None).tolist() == [2, 0]


class OfAllRows(BatchAugmentation):
    """Subtracts what it kept of all rows, by their indices."""

    def for_batches(self, x, scale=1.0):
        means = x.mean((1, 2), keepdim=True)
        return lambda batch, rows, generator: batch - means[rows].to(batch.device)


@pytest.mark.parametrize(
    "model",
    [
        QUICK,
        clone(QUICK).set_params(early_stopping=True),
        clone(QUICK).set_params(level="median", augmentation="robust"),
        clone(QUICK).set_params(
            level="median",
            augmentation=[
                RandomNoise(domain="spectrum"),
                RandomFreqShift(mode="floor"),
                OfAllRows(),
            ],
        ),
        FlattenCNNClassifier(4, max_epochs=2, random_state=0, device="cpu"),
        SpectrogramCNNClassifier(
            (4, 4),
            max_epochs=2,
            random_state=0,
            device="cpu",
            early_stopping=True,
            augmentation=RandomFreqShift(mode="floor"),
        ),
    ],
)
def test_a_training_on_rows_of_the_host_has_the_bits_of_one_on_the_device(
    model, spectra, monkeypatch
):
    X, y = spectra
    X = X.reshape(60, 10, 7) if isinstance(model, SpectrogramCNNClassifier) else X

    def train():
        fitted = clone(model).fit(X, y)
        if getattr(model, "early_stopping", False):
            return fitted
        return fitted.partial_fit(X[:9], y[:9])

    def on_device(X, mean, deviation, device):
        return standardize(X, mean, deviation)

    def on_host(X, mean, deviation, device):
        made.append(HostRows(standardize_when_read(X, mean, deviation, CPU), CPU))
        return made[-1]

    made = []
    monkeypatch.setattr(_net_classifier, "place_rows", on_device)
    expected = train()
    monkeypatch.setattr(_net_classifier, "place_rows", on_host)
    found = train()
    assert len(made) == 2
    assert found.history_ == expected.history_
    assert (found.predict_proba(X) == expected.predict_proba(X)).all()


def test_a_filter_learned_from_rows_of_the_host_has_the_bits_of_the_other(monkeypatch):
    X = np.random.default_rng(0).normal(size=(50, 40))
    model = LearnedConvFilter(5, max_epochs=3, random_state=0, device="cpu")
    expected = clone(model).fit(X, X)
    monkeypatch.setattr(_training_rows, "fits_on_device", lambda *args: False)
    made = []

    def move(rows, device):
        made.append(move_rows(rows, device))
        return made[-1]

    monkeypatch.setattr(learned_filters, "move_rows", move)
    found = clone(model).fit(X, X)
    assert [type(rows) for rows in made] == [HostRows, HostRows]
    assert (found.kernel_ == expected.kernel_).all()
    assert found.history_ == expected.history_


# What is left after a fit.


@pytest.fixture
def data_sets(monkeypatch):
    """Return weak references to all data sets of trainings, their rows included."""
    references = []
    for module in (_net_classifier, learned_filters):
        original = module.SpectraDataset

        def watched(*args, original=original):
            dataset = original(*args)
            values = [dataset, dataset.x, dataset.targets, dataset.weights]
            references.extend(map(weakref.ref, [*values, *dataset.augmentations]))
            return dataset

        monkeypatch.setattr(module, "SpectraDataset", watched)
    return references


def alive(references):
    gc.collect()
    return [type(ref()) for ref in references if ref() is not None]


class Scores(Callback):
    """Keep what a callback is given, for one epoch."""

    def on_epoch_end(self, net, dataset_train, **kwargs):
        net.history.record("n_rows", len(dataset_train))


@pytest.mark.parametrize(
    "options", [{}, dict(early_stopping=True), dict(level="median"), dict(callbacks=1)]
)
def test_a_fit_keeps_no_data_no_gradients_and_no_state_of_the_optimizer(
    options, spectra, data_sets
):
    X, y = spectra
    if "callbacks" in options:
        options = dict(callbacks=[Scores()])
    model = clone(QUICK).set_params(**options).fit(X, y)
    assert len(data_sets) >= 5
    assert alive(data_sets) == []
    net = model.net_
    assert all(p.grad is None for p in model.module_.parameters())
    assert not net.optimizer_.state
    kept = [callback for _, callback in net.callbacks_]
    assert all(getattr(cb, "weights_", None) is None for cb in kept)


def test_partial_fit_keeps_its_optimizer_and_no_data(spectra, data_sets):
    X, y = spectra
    model = clone(QUICK).partial_fit(X, y, classes=[0, 1, 2])
    assert len(data_sets) >= 4
    assert alive(data_sets) == []
    state = model.net_.optimizer_.state
    assert state and all(float(values["step"]) == 2 for values in state.values())
    model.partial_fit(X, y)
    assert all(float(values["step"]) == 4 for values in state.values())


def test_a_filter_keeps_no_data(data_sets):
    X = np.random.default_rng(0).normal(size=(50, 40))
    model = LearnedConvFilter(5, max_epochs=2, random_state=0, device="cpu").fit(X, X)
    assert len(data_sets) == 4
    assert alive(data_sets) == []
    assert all(not isinstance(v, torch.Tensor) for v in vars(model).values())


@pytest.mark.parametrize("module", [_net_classifier, learned_filters])
def test_memory_is_given_back_when_the_data_are_gone(
    module, spectra, data_sets, monkeypatch
):
    left = []
    monkeypatch.setattr(
        module, "release_unused_memory", lambda device: left.append(alive(data_sets))
    )
    X, y = spectra
    if module is learned_filters:
        LearnedConvFilter(5, max_epochs=2, device="cpu").fit(X, X)
    else:
        clone(QUICK).set_params(early_stopping=True).fit(X, y)
    assert left == [[]]


def test_only_the_memory_of_cuda_is_given_back(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append(1))
    release_unused_memory(CPU)
    assert calls == []
    release_unused_memory(CUDA)
    assert calls == [1]


# Workers that share a device.


def count_warnings(device, n_calls):
    """Return the messages of some calls in a process that has not warned yet."""
    _device._has_warned = False
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            for _ in range(n_calls):
                warn_of_shared_device(device)
    finally:
        _device._has_warned = False
    return [str(warning.message) for warning in found]


def test_a_worker_warns_once_of_a_shared_device_and_names_the_remedies(monkeypatch):
    assert count_warnings(CUDA, 3) == []
    monkeypatch.setattr(_device, "in_worker", lambda: True)
    assert count_warnings(CPU, 3) == []
    (message,) = count_warnings(CUDA, 3)
    for words in ("take turns", "0.5 GB", "n_jobs=1", "'cpu'", "CUDA_VISIBLE_DEVICES"):
        assert words in message


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_of_joblib_are_seen(backend):
    (alone,) = Parallel(n_jobs=1)([delayed(count_warnings)(CUDA, 2)])
    assert alone == []
    tasks = [delayed(count_warnings)(CUDA, 2)]
    (found,) = Parallel(n_jobs=2, backend=backend)(tasks)
    assert len(found) == 1


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_every_training_asks_whether_its_device_is_shared(method, spectra, monkeypatch):
    X, y = spectra
    seen = []
    monkeypatch.setattr(_net_estimator, "warn_of_shared_device", seen.append)
    if method == "fit":
        clone(QUICK).fit(X, y)
        LearnedConvFilter(5, max_epochs=1, device="cpu").fit(X, X)
        LearnedConvFilter(5, solver="lstsq", device="cpu").fit(X, X)  # not trained
    else:
        clone(QUICK).partial_fit(X, y, [0, 1, 2]).partial_fit(X, y)
    assert seen == [CPU, CPU]


# On a GPU.


@pytest.mark.gpu
def test_a_fit_on_a_gpu_leaves_the_net_only(spectra):
    X, y = spectra
    model = clone(QUICK).set_params(device="cuda", early_stopping=True).fit(X, y)
    n_bytes = sum(v.numel() * v.itemsize for v in model.module_.state_dict().values())
    n_tensors = len(model.module_.state_dict())
    del model
    gc.collect()
    before = torch.cuda.memory_allocated()
    many = np.tile(X, (200, 10))
    model = clone(QUICK).set_params(device="cuda").fit(many, np.tile(y, 200))
    grown = torch.cuda.memory_allocated() - before
    # torch rounds each tensor up to 512 bytes. The data have 33 MB.
    assert grown <= 2 * (n_bytes + 512 * n_tensors)
    assert torch.cuda.memory_reserved() < 40e6
    del model
    LearnedConvFilter(5, max_epochs=1, device="cuda").fit(many, many)
    gc.collect()
    assert torch.cuda.memory_allocated() <= before


@pytest.mark.gpu
@pytest.mark.parametrize("early_stopping", [False, True])
def test_data_that_do_not_fit_a_gpu_give_the_same_net(
    early_stopping, spectra, monkeypatch
):
    X, y = spectra
    model = clone(QUICK).set_params(device="cuda", early_stopping=early_stopping)
    expected = clone(model).fit(X, y)
    monkeypatch.setattr(_training_rows, "fits_on_device", lambda *args: False)
    found = clone(model).fit(X, y)
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-3)
    np.testing.assert_allclose(
        found.predict_proba(X), expected.predict_proba(X), atol=1e-3
    )


@pytest.mark.gpu
def test_training_goes_on_on_a_gpu(spectra):
    X, y = spectra
    model = clone(QUICK).set_params(device="cuda", warm_start=True).fit(X, y)
    assert model.fit(X, y).n_iter_ == 4
    assert model.partial_fit(X[:9], y[:9]).partial_fit(X[9:], y[9:]).n_iter_ == 6
    model.set_params(device="cpu").fit(X, y)
    assert next(model.module_.parameters()).device == CPU


@pytest.mark.gpu
def test_a_search_with_two_workers_on_a_gpu_equals_that_with_one(spectra):
    X, y = spectra
    net = clone(QUICK).set_params(device="cuda")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, expected = (
            GridSearchCV(net, {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=n_jobs)
            .fit(X, y)
            .cv_results_["mean_test_score"]
            for n_jobs in (2, 1)
        )
    np.testing.assert_allclose(found, expected, atol=0.05)
