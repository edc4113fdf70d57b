"""Padding and pools with gradients of their own give the numbers that torch gives."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F

from sk_psd import FlattenCNNClassifier, GlobalPoolCNNClassifier
from sk_psd.nn import FlattenCNN, GlobalPoolCNN, flatten_sizes, global_pool_layers
from sk_psd.nn.gradients import (
    max_and_mean_in_training,
    pad_circularly,
    pad_in_training,
)
from sk_psd.nn.layers import ConvBlock, GlobalPool

ENDS = [(0, 0), (2, 2), (3, 4), (0, 1), (1, 0), (5, 6), (6, 6)]
LAYOUTS = [torch.channels_last, torch.contiguous_format]


def draw(*shape, layout=torch.contiguous_format, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=dtype)
    return x.contiguous(memory_format=layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ends", ENDS)
def test_gradients_of_the_padding_are_those_of_small_differences(ends, layout):
    x = draw(2, 3, 1, 6, layout=layout, dtype=torch.float64).requires_grad_()
    assert gradcheck(pad_in_training, (x, *ends))
    assert gradgradcheck(pad_in_training, (x, *ends))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ends", ENDS)
def test_padding_and_its_gradient_have_the_bits_of_torch(ends, layout):
    x = draw(2, 3, 1, 6, layout=layout).requires_grad_()
    expected = F.pad(x, (*ends, 0, 0), mode="circular")
    weights = draw(*expected.shape)
    (expected_gradient,) = torch.autograd.grad(expected, x, weights)
    for pad in (pad_circularly, pad_in_training):
        padded = pad(x, *ends)
        assert torch.equal(padded, expected)
        (gradient,) = torch.autograd.grad(padded, x, weights)
        if sum(ends) <= 6:
            assert torch.equal(gradient, expected_gradient)
        # Else some values stand at three places, which are added in another order.
        torch.testing.assert_close(gradient, expected_gradient)
    assert gradient.is_contiguous(memory_format=torch.channels_last)


def test_padding_keeps_the_memory_layout():
    x = draw(2, 3, 1, 6, layout=torch.channels_last)
    padded = pad_circularly(x, 2, 3)
    assert padded.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("pad", [pad_circularly, pad_in_training])
@pytest.mark.parametrize("ends", [(7, 0), (0, 7), (13, 13), (2, 20)])
def test_padding_longer_than_the_axis_is_an_error(ends, pad):
    with pytest.raises((RuntimeError, IndexError), match="dimension|range"):
        pad(draw(2, 3, 1, 6), *ends)


def test_gradients_of_the_pool_are_those_of_small_differences():
    x = draw(2, 3, 5, dtype=torch.float64).requires_grad_()
    strided = draw(2, 5, 3, dtype=torch.float64).requires_grad_()
    assert gradcheck(max_and_mean_in_training, (x,))
    assert gradgradcheck(max_and_mean_in_training, (x,))
    assert gradcheck(lambda x: max_and_mean_in_training(x.mT), (strided,))
    assert gradgradcheck(lambda x: max_and_mean_in_training(x.mT), (strided,))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_pool_and_its_gradient_have_the_bits_of_torch_also_where_values_tie(layout):
    x = draw(4, 3, 1, 40, layout=layout).round().squeeze(2)
    x[0], x[1, 1] = 0.0, -2.0
    x.requires_grad_()
    expected = torch.cat([x.amax(-1), x.mean(-1)], 1)
    pooled = GlobalPool().train()(x)
    assert torch.equal(pooled, expected)
    weights = draw(*expected.shape)
    (gradient,) = torch.autograd.grad(pooled, x, weights)
    (expected_gradient,) = torch.autograd.grad(expected, x, weights)
    assert torch.equal(gradient, expected_gradient)


def block_of_torch(block, x):
    ends = (*block.padding, 0, 0)
    mode = "constant" if block.padding_mode == "zeros" else block.padding_mode
    return F.relu(block.norm(block.conv(F.pad(x, ends, mode=mode))))


def pool_of_torch(pool, x):
    parts = {"max": x.amax(-1), "mean": x.mean(-1)}
    return torch.cat([parts[p] for p in pool.pooling.split("_")], 1)


def features_of_torch(net, x):
    return net.pool(net.conv(net.level(x))).flatten(1)


FORMS = [
    (ConvBlock, "forward", block_of_torch),
    (GlobalPool, "forward", pool_of_torch),
    (FlattenCNN, "embed", features_of_torch),
]


@pytest.mark.parametrize("n_freqs, n_channels", [(37, 1), (256, 1), (600, 3)])
@pytest.mark.parametrize(
    "make",
    [
        lambda: GlobalPoolCNNClassifier(max_epochs=3, random_state=0, device="cpu"),
        lambda: GlobalPoolCNNClassifier(
            max_epochs=3,
            random_state=0,
            device="cpu",
            invariance="approximate",
            early_stopping=True,
        ),
        lambda: FlattenCNNClassifier(max_epochs=3, random_state=0, device="cpu"),
    ],
)
def test_a_training_has_the_bits_of_one_with_the_operations_of_torch(
    make, n_freqs, n_channels, monkeypatch
):
    X = draw(50, n_channels, n_freqs).square().numpy()
    y = [0, 1] * 25
    model = make().fit(X, y)
    proba = model.predict_proba(X)
    calls = set()
    for owner, name, function in FORMS:

        def form(*args, function=function):
            calls.add(function)
            return function(*args)

        monkeypatch.setattr(owner, name, form)
    slow = make().fit(X, y)
    assert calls
    assert model.loss_curve_ == slow.loss_curve_
    assert (proba == slow.predict_proba(X)).all()


@pytest.mark.filterwarnings("ignore:.*jit.trace:DeprecationWarning")
@pytest.mark.parametrize("padding_mode", ["circular", "zeros"])
def test_nets_for_prediction_can_be_traced_and_exported(padding_mode):
    x = draw(4, 1, 300)
    nets = [
        GlobalPoolCNN(1, 3, global_pool_layers(300), padding_mode=padding_mode),
        FlattenCNN(1, 3, **flatten_sizes(300, 128, 1, 1, 16, 2)),
    ]
    for net in nets:
        net.eval()
        any_number = {0: torch.export.Dim("n_samples")}
        exported = torch.export.export(net, (x,), dynamic_shapes=(any_number,)).module()
        traced = torch.jit.trace(net, (x,))
        for n in (2, 4, 7):
            x = draw(n, 1, 300)
            torch.testing.assert_close(exported(x), net(x))
            torch.testing.assert_close(traced(x), net(x))
