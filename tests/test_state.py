"""Pickled estimators hold their version, and altered numbers are noticed."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from public_names import ESTIMATORS, make
from sklearn.exceptions import InconsistentVersionWarning

from sk_psd import GlobalPoolCNNClassifier, LearnedConvFilter, WelchPSD, __version__

X = np.random.default_rng(0).random((20, 40))


def fitted(cls):
    model = make(cls)
    if "max_epochs" in model.get_params():
        model.set_params(max_epochs=1)
    return model.fit(X, X if cls is LearnedConvFilter else np.arange(20) % 2)


def result(model):
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_a_state_of_this_version_loads_in_silence_and_another_one_warns(cls):
    model = fitted(cls)
    expected = result(model)
    for same in (copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))):
        np.testing.assert_array_equal(result(same(model)), expected)
    for version in ("0.0.1", None):
        state = model.__getstate__()
        state["_sk_psd_version"] = version
        if version is None:
            del state["_sk_psd_version"]
        other = cls.__new__(cls)
        with pytest.warns(InconsistentVersionWarning, match=__version__) as warned:
            other.__setstate__(state)
        assert (version or "before 0.1.0") in str(warned[0].message)
        np.testing.assert_array_equal(result(other), expected)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_parameters_that_a_state_lacks_get_their_defaults(cls):
    state = fitted(cls).__getstate__()
    parameters = inspect.signature(cls).parameters.values()
    names = [p.name for p in parameters if p.default is not p.empty]
    for name in names:
        del state[name]
    del state["_sk_psd_checksum"]  # as of a version with fewer parameters
    other = cls.__new__(cls)
    other.__setstate__(state)
    expected = make(cls).get_params(deep=False)
    found = other.get_params(deep=False)
    assert repr([found[name] for name in names]) == repr(
        [expected[name] for name in names]
    )


def test_a_bit_that_flips_in_a_file_is_an_error():
    model = fitted(GlobalPoolCNNClassifier)
    data, expected = pickle.dumps(model), result(model)
    rng = np.random.default_rng(0)
    n_errors = 0
    for place in rng.integers(len(data), size=100):
        altered = bytearray(data)
        altered[place] ^= 1 << int(rng.integers(8))
        try:
            loaded = pickle.loads(bytes(altered))
        except Exception:  # pickle raises errors of many types
            n_errors += 1
        else:
            np.testing.assert_array_equal(result(loaded), expected)
    assert n_errors > 90


def test_altered_numbers_and_foreign_weights_are_named():
    state = fitted(GlobalPoolCNNClassifier).__getstate__()
    other = GlobalPoolCNNClassifier.__new__(GlobalPoolCNNClassifier)
    with pytest.raises(ValueError, match="state of this Global.* is damaged"):
        other.__setstate__(state | {"mean_": state["mean_"] + 1e-9})
    weights = dict(state["_weights"])
    weights["head.weight"] = weights["head.weight"][:, :-1]
    state = state | {"_weights": weights}
    del state["_sk_psd_checksum"]
    with pytest.raises(ValueError, match="weights do not fit the net"):
        other.__setstate__(state)


def test_a_window_loaded_as_a_memory_map_can_be_used(tmp_path):
    import joblib

    model = WelchPSD(window=np.hanning(40)).fit(X)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
