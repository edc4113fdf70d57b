"""Arrays of dask go through the estimators block by block, and are never loaded."""

import copy
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from public_names import ESTIMATORS, make

from sk_psd import GlobalPoolCNNClassifier, cut_windows, make_spectrum_classifier
from sk_psd.datasets import make_spectral_shapes
from sk_psd.signals import add_noise, from_iq
from sk_psd.spectral import welch

da = pytest.importorskip("dask.array")

SIGNALS, LABELS = make_spectral_shapes(60, n_times=512, random_state=0)


@pytest.fixture(scope="module")
def pipe():
    pipe = make_spectrum_classifier(fs=1.0, nperseg=128, random_state=0)
    pipe.set_params(net__max_epochs=2, net__n_filters=(4, 4), net__device="cpu")
    return pipe.fit(SIGNALS, LABELS)


def no_block():
    raise AssertionError("a block was loaded")


def unread(shape):
    """Return a dask array whose blocks must not be computed."""
    import dask

    return da.from_delayed(dask.delayed(no_block)(), shape, float)


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_an_estimator_refuses_a_dask_array_before_it_is_loaded(cls):
    X = unread((12, 40))
    with pytest.raises(TypeError, match=r"dask Array.*compute\(\).*map_blocks"):
        make(cls).fit(X, np.arange(12) % 2)


def test_a_fitted_pipeline_refuses_a_dask_array(pipe):
    with pytest.raises(TypeError, match="map_blocks"):
        pipe.predict(unread(SIGNALS.shape))
    net = GlobalPoolCNNClassifier()
    with pytest.raises(TypeError, match="partial_fit"):
        net.partial_fit(unread((6, 40)), [0, 1] * 3, classes=[0, 1])


@pytest.mark.parametrize(
    "call",
    [
        lambda X: welch(X, nperseg=8),
        lambda X: add_noise(X, 3.0),
        lambda X: from_iq(X),
        lambda X: cut_windows(X, 10),
    ],
)
def test_functions_refuse_a_dask_array(call):
    with pytest.raises(TypeError, match="dask Array"):
        call(unread((12, 40)))


def test_objects_of_dask_that_are_computed_already_are_no_dask_arrays():
    class Loaded:
        """As an xarray.DataArray without dask inside."""

        shape, ndim, dtype = (12, 40), 2, np.dtype(float)

        def __len__(self):
            return 12

        def __dask_graph__(self):
            return None

        def __array__(self, dtype=None, copy=None):
            return np.random.default_rng(0).random((12, 40))

    welch(Loaded(), nperseg=8)


def test_blocks_pass_by_themselves_with_the_bits_of_the_whole(pipe):
    X = da.from_array(SIGNALS, chunks=(16, -1))
    psd, net = pipe[0], pipe[-1]
    spectra = X.map_blocks(
        psd.transform, dtype=np.float64, chunks=(X.chunks[0], (len(psd.freqs_),))
    )
    assert spectra.shape == (60, len(psd.freqs_))
    scaled = spectra.map_blocks(pipe[1].transform, dtype=np.float64)
    n_classes = len(net.classes_)
    proba = scaled.map_blocks(
        net.predict_proba, dtype=np.float64, chunks=(X.chunks[0], (n_classes,))
    )
    labels = X.map_blocks(pipe.predict, dtype=net.classes_.dtype, drop_axis=1)
    np.testing.assert_array_equal(spectra.compute(), psd.transform(SIGNALS))
    np.testing.assert_array_equal(proba.compute(), pipe.predict_proba(SIGNALS))
    np.testing.assert_array_equal(labels.compute(), pipe.predict(SIGNALS))


@pytest.fixture(scope="module")
def example():
    """Return the module of the example, with small blocks."""
    path = Path(__file__).parents[1] / "examples" / "beyond_memory.py"
    spec = importlib.util.spec_from_file_location("example_beyond_memory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.BLOCK = 512
    return module


def test_two_workers_read_a_file_with_little_memory_and_the_bits_of_one(
    example, tmp_path
):
    """The file has 34 MB, and as complex numbers 67 MB."""
    distributed = pytest.importorskip("distributed")
    path = tmp_path / "recording.raw"
    labels = example.make_file(path, 16)
    pipe = make_spectrum_classifier(fs=1.0, nperseg=128, random_state=0)
    pipe.set_params(net__max_epochs=1, net__n_filters=(4, 4), net__device="cpu")
    signals = from_iq(example.map_windows(path)[:1024])
    pipe.fit(signals, labels[:1024])
    proba = example.predict(pipe, example.open_windows(path))
    assert proba.shape == (len(labels), 4)
    with (
        distributed.LocalCluster(
            2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        before = client.run(example.warm_up)
        found = proba.compute()
        peaks = client.run(example.peak_memory)
    np.testing.assert_array_equal(found[:1024], pipe.predict_proba(signals))
    assert found.shape == proba.shape
    assert len(peaks) == 2
    if sys.platform == "linux":
        assert max(peaks[worker] - before[worker] for worker in peaks) < 67


def test_the_net_of_the_example_trains_on_the_blocks_of_the_file(example, tmp_path):
    path = tmp_path / "recording.raw"
    labels = example.make_file(path, 3)
    pipe = make_spectrum_classifier(fs=1.0, nperseg=128, random_state=0)
    pipe.set_params(net__max_epochs=1, net__n_filters=(4, 4), net__device="cpu")
    windows = example.map_windows(path)
    pipe.fit(from_iq(windows[:200]), labels[:200])
    n_before = pipe[-1].n_iter_
    other = copy.deepcopy(pipe)
    rate = example.train_further(pipe, path, labels, np.random.default_rng(0))
    assert rate > 0 and pipe[-1].n_iter_ == n_before + 3
    # The same calls on an array in memory.
    signals, spectra = from_iq(np.array(windows)), other[:-1]
    other[-1].set_params(lr=3e-4, batch_size=64)
    for block in np.random.default_rng(0).permutation(3):
        rows = slice(512 * block, 512 * (block + 1))
        other[-1].partial_fit(spectra.transform(signals[rows]), labels[rows])
    np.testing.assert_array_equal(
        pipe.predict_proba(signals), other.predict_proba(signals)
    )
