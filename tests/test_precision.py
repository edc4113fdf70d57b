"""Training in bfloat16: what is rounded, what is not, and when it may change."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    SpectrogramCNNClassifier,
)
from sk_psd._shift import canonical_roll
from sk_psd._training import _WeightedNet
from sk_psd.augmentation import BatchAugmentation

QUICK = GlobalPoolCNNClassifier((8, 8), max_epochs=6, random_state=0, device="cpu")
HALF = clone(QUICK).set_params(precision="bf16")


@pytest.fixture(scope="module")
def spectra():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 64))
    y = np.arange(60) % 3
    for row, label in zip(X, y, strict=True):
        first = rng.integers(0, 48)
        row[first : first + 3 + 5 * label] += 4
    return X, y


class Dtypes(Callback):
    """Note the dtype of each convolution, of the weights and of the optimizer."""

    def on_train_begin(self, net, **kwargs):
        self.of_layers, self.of_states = set(), set()

        def note(layer, inputs, output):
            self.of_layers.add((layer.training, output.dtype))

        for layer in net.module_.modules():
            if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
                layer.register_forward_hook(note)

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.of_states |= {p.grad.dtype for _, p in named_parameters}
        self.of_states |= {p.dtype for p in net.module_.parameters()}
        for state in net.optimizer_.state.values():
            self.of_states |= {value.dtype for value in state.values()}

    def on_batch_end(self, net, y_pred, loss, **kwargs):
        self.of_states |= {y_pred.dtype, loss.dtype}


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize(
    "model",
    [
        QUICK,
        FlattenCNNClassifier(4, max_epochs=2, random_state=0, device="cpu"),
        SpectrogramCNNClassifier((4, 4), max_epochs=2, random_state=0, device="cpu"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_only_the_layers_in_training_are_in_bfloat16(model, precision, spectra):
    X, y = spectra
    dtypes = Dtypes()
    model = clone(model).set_params(precision=precision, callbacks=[dtypes])
    if isinstance(model, SpectrogramCNNClassifier):
        X = X.reshape(60, 8, 8)
    model.fit(X, y, X_val=X[:20], y_val=y[:20])
    half = torch.bfloat16 if precision == "bf16" else torch.float32
    assert dtypes.of_layers == {(True, half), (False, torch.float32)}
    assert dtypes.of_states == {torch.float32}


def test_float32_has_the_bits_of_a_training_that_knows_no_precision(
    spectra, monkeypatch
):
    X, y = spectra
    model = clone(QUICK).fit(X, y).partial_fit(X[:9], y[:9])
    monkeypatch.delattr(_WeightedNet, "infer")  # leaves that of skorch
    other = clone(HALF).fit(X, y).partial_fit(X[:9], y[:9])
    assert model.history_ == other.history_
    assert (model.predict_proba(X) == other.predict_proba(X)).all()


@pytest.mark.parametrize("level, multilabel", [(None, False), ("median", True)])
def test_a_net_trained_in_bfloat16_learns_and_stays_exactly_invariant(
    level, multilabel, spectra
):
    X, y = spectra
    X = np.float32(X)
    # Two labels that overlap: wider than the narrowest, and the widest.
    y = np.stack([y > 0, y > 1], axis=1).astype(int) if multilabel else y
    model = clone(HALF).set_params(level=level, max_epochs=25).fit(X, y)
    assert model.score(X, y) > 0.8
    proba = model.predict_proba(X)
    assert proba.dtype == np.float64
    for shift in (1, 7, 32):
        assert (model.predict_proba(np.roll(X, shift, axis=1)) == proba).all()
    single = clone(model).set_params(precision="float32").fit(X, y)
    assert (single.predict_proba(X) != proba).any()


def test_the_net_itself_is_exactly_invariant_in_bfloat16_where_spectra_are_aligned(
    spectra,
):
    X, y = spectra
    model = clone(HALF).fit(X, y)
    x = torch.from_numpy(np.float32(X))[:, None]
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        logits = model.module_(canonical_roll(x))
        assert logits.dtype == torch.bfloat16
        for shift in (1, 7, 32):
            assert (model.module_(canonical_roll(x.roll(shift, -1))) == logits).all()


def test_batches_and_augmentations_are_in_float32(spectra):
    X, y = spectra
    found = set()

    class Watch(BatchAugmentation):
        def for_batches(self, x, scale=1.0):
            def note(batch, rows, generator):
                found.update({x.dtype, batch.dtype})
                return batch

            return note

    clone(HALF).set_params(augmentation=Watch()).fit(X, y)
    assert found == {torch.float32}


def test_the_precision_may_change_in_a_warm_start_and_in_partial_fit(spectra):
    X, y = spectra
    dtypes = Dtypes()
    model = clone(QUICK).fit(X, y)
    model.set_params(warm_start=True, precision="bf16", callbacks=[dtypes]).fit(X, y)
    assert (True, torch.bfloat16) in dtypes.of_layers
    model.set_params(precision="float32").partial_fit(X, y)
    dtypes.of_layers.clear()
    model.partial_fit(X, y)  # with the net of the call before
    assert (True, torch.float32) in dtypes.of_layers
    assert (True, torch.bfloat16) not in dtypes.of_layers
    model.set_params(precision="bf16").partial_fit(X, y)
    assert (True, torch.bfloat16) in dtypes.of_layers


def test_the_learned_filter_has_no_precision():
    # A kernel rounded to the 8 bits of bfloat16 would err by 0.4 %.
    assert "precision" not in LearnedConvFilter().get_params()


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_both_precisions_learn_on_a_gpu_and_stay_exactly_invariant(precision, spectra):
    X, y = spectra
    model = clone(QUICK).set_params(device="cuda", precision=precision, max_epochs=40)
    model.fit(X, y)
    assert model.score(X, y) > 0.8
    proba = model.predict_proba(X)
    for shift in (1, 7, 32):
        assert (model.predict_proba(np.roll(X, shift, axis=1)) == proba).all()
