import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn.base import clone

from sk_psd import GlobalPoolCNNClassifier, shift_invariance
from sk_psd._shift import canonical_roll

NET = GlobalPoolCNNClassifier((4, 6), stride=(4, 2), max_epochs=3, random_state=0)


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(0)
    return rng.random((70, 128)).astype(np.float32), np.arange(70) % 3


def probabilities_of_rolls(model, X, rolls):
    """The oracle: softmax of the module's output, one row and one roll at a time."""
    parts = []
    with torch.inference_mode():
        for row in X:
            x = (row[None, None] - model.mean_) / model.scale_
            x = canonical_roll(torch.from_numpy(x.astype(np.float32)))
            logits = [model.module_(torch.roll(x, roll, -1)) for roll in rolls]
            parts.append(softmax(torch.cat(logits).double().numpy(), axis=1).mean(0))
    return np.array(parts)


@pytest.mark.parametrize(
    "n_rolls, rolls",
    [
        (1, [0]),
        (2, [0, 4]),
        (3, [0, 2, 5]),
        (np.int64(4), [0, 2, 4, 6]),
        (8, range(8)),
        (50, range(8)),  # as the strides have 8 phases
    ],
)
def test_the_probabilities_are_means_over_rolls_of_the_aligned_spectrum(
    n_rolls, rolls, noise
):
    X, y = noise
    model = clone(NET).set_params(n_rolls=n_rolls).fit(X, y)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba, probabilities_of_rolls(model, X, rolls), 1e-5)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), 1e-9)
    np.testing.assert_array_equal(model.predict(X), proba.argmax(1))
    assert model.score(X, y) == np.mean(proba.argmax(1) == y)


def test_one_roll_is_the_net_itself(noise):
    X, y = noise
    model = clone(NET).fit(X, y)
    (logits,) = model._logits(X)
    np.testing.assert_array_equal(model.predict_proba(X), softmax(logits, axis=1))
    log_proba = log_softmax(logits, axis=1)
    np.testing.assert_array_equal(model.predict_log_proba(X), log_proba)


@settings(deadline=None, max_examples=12)
@given(st.integers(1, 64), st.integers(1, 16), st.integers(2, 10), st.integers(0, 99))
def test_no_shift_changes_a_mean_over_rolls(n_freqs, levels, n_rolls, seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(levels, size=(4, n_freqs)).astype(np.float32)
    model = clone(NET).set_params(
        kernel_size=min(8, n_freqs), n_rolls=n_rolls, max_epochs=1, random_state=seed
    )
    model.fit(X, [0, 1, 0, 1])
    report = shift_invariance(model, X, shifts=range(n_freqs))
    assert report.max_change == 0.0 and report.flipped == 0.0


@pytest.mark.parametrize("n_rolls", [2, 3, 8])
def test_a_row_of_a_mean_over_rolls_does_not_depend_on_its_batch(n_rolls, noise):
    X, y = noise
    model = clone(NET).set_params(n_rolls=n_rolls).fit(X, y)
    for predict in (model.predict_proba, model.predict_log_proba):
        together = predict(X)
        order = np.random.default_rng(1).permutation(len(X))
        np.testing.assert_array_equal(predict(X[order]), together[order])
        np.testing.assert_array_equal(predict(X[33:34])[0], together[33])
        np.testing.assert_array_equal(predict(X[:40]), together[:40])


def test_the_rolls_change_neither_training_nor_features(noise):
    X, y = noise
    one = clone(NET).set_params(early_stopping=True).fit(X, y)
    many = clone(one).set_params(n_rolls=8).fit(X, y)
    assert many.history_ == one.history_
    np.testing.assert_array_equal(many.transform(X), one.transform(X))
    assert not np.array_equal(many.predict_proba(X), one.predict_proba(X))


def test_the_rolls_of_a_fitted_net_may_be_changed_and_are_kept_in_its_file(noise):
    X, y = noise
    model, many = clone(NET).fit(X, y), clone(NET).set_params(n_rolls=4).fit(X, y)
    model.set_params(n_rolls=4)
    np.testing.assert_array_equal(model.predict_proba(X), many.predict_proba(X))
    loaded = pickle.loads(pickle.dumps(many))
    np.testing.assert_array_equal(loaded.predict_proba(X), many.predict_proba(X))
    loaded.set_params(n_rolls=1)
    np.testing.assert_array_equal(
        loaded.predict_proba(X), clone(NET).fit(X, y).predict_proba(X)
    )


@pytest.mark.parametrize(
    "params",
    [dict(padding_mode="zeros"), dict(invariance="approximate")],
    ids=["zeros", "approximate"],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_rolls_without_exact_invariance_are_an_error(params, method, noise):
    X, y = noise
    model = clone(NET).set_params(n_rolls=4, **params)
    more = dict(classes=[0, 1, 2]) if method == "partial_fit" else {}
    message = r"n_rolls \(=4\) needs exact invariance. Got .* Set n_rolls=1, or padding"
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, y, **more)
    model.set_params(n_rolls=1).fit(X, y).set_params(n_rolls=4)
    with pytest.raises(ValueError, match="not fitted for. Set n_rolls=1, or fit again"):
        model.predict(X)


@pytest.mark.parametrize("n_rolls", [0, 2.0, "8", None, [8], True, np.array([2, 3])])
def test_rolls_that_are_no_number_are_an_error_before_and_after_fit(n_rolls, noise):
    X, y = noise
    with pytest.raises(ValueError, match="'n_rolls' .* must be an int in the range"):
        clone(NET).set_params(n_rolls=n_rolls).fit(X, y)
    if n_rolls is not True:  # which is 1
        model = clone(NET).fit(X, y).set_params(n_rolls=n_rolls)
        with pytest.raises(ValueError, match="'n_rolls' .* must be an int in the"):
            model.predict_proba(X)


def test_channels_roll_together(noise):
    X, y = noise
    X = np.stack([X, X[::-1]], 1)
    model = clone(NET).set_params(n_rolls=8).fit(X, y)
    moved = model.predict_proba(np.roll(X, 37, axis=-1))
    np.testing.assert_array_equal(moved, model.predict_proba(X))
