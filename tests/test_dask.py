"""Arrays of dask go through the estimators block by block, and are never loaded."""

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
