import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from sk_psd._shift import (
    _rank_rotations,
    _shift_all,
    _shift_each,
    canonical_roll,
    noise_bins,
    random_shift,
    shift_bins,
)
from sk_psd.nn import (
    AxisNorm,
    FlattenCNN,
    GlobalPoolCNN,
    SpectrogramCNN,
    flatten_sizes,
    global_pool_layers,
    spectrogram_layers,
)
from sk_psd.nn.layers import (
    ConvBlock,
    GlobalPool,
    Head,
    empty_module,
    reset_parameters,
)


def test_a_flatten_net_on_8192_bins_has_257664_inputs_of_its_head():
    sizes = flatten_sizes(
        8192, kernel_size=128, stride=1, padding=1, pool_size=16, pool_stride=2
    )
    net = FlattenCNN(1, 4, **sizes)
    assert net.head.in_features == 257664
    assert sum(p.numel() for p in net.parameters()) == 1_038_916
    assert net(torch.zeros(2, 1, 8192)).shape == (2, 4)


@pytest.mark.parametrize("n_freqs", [1, 2, 3, 7, 20, 129])
def test_nets_shrink_to_short_axes(n_freqs):
    sizes = flatten_sizes(n_freqs, 128, 1, 1, 16, 2)
    x = torch.randn(2, 3, n_freqs)
    assert FlattenCNN(3, 4, **sizes)(x).shape == (2, 4)
    layers = global_pool_layers(n_freqs)
    assert GlobalPoolCNN(3, 4, layers)(x).shape == (2, 4)


@pytest.mark.parametrize(
    "n_freqs, first",
    [(256, (32, 7, 1)), (1024, (32, 16, 4)), (8192, (32, 128, 32))],
)
def test_stem_grows_with_the_axis(n_freqs, first):
    assert global_pool_layers(n_freqs) == [first, (32, 8, 2), (64, 8, 2)]


def test_default_net_at_1024_bins_has_26_thousand_parameters():
    net = GlobalPoolCNN(1, 8, global_pool_layers(1024))
    assert sum(p.numel() for p in net.parameters()) == 26_376


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5))
def test_block_equals_convolution_of_the_circularly_padded_axis(n, k, stride):
    k = min(k, n)
    block = ConvBlock(1, 2, k, stride).eval()
    x = torch.randn(3, 1, 1, n)
    before = (k - 1) // 2
    padded = x[:, :, 0][..., torch.arange(-before, n + k - 1 - before) % n]
    expected = F.relu(F.conv1d(padded, block.conv.weight[:, :, 0], stride=stride))
    expected = expected / np.sqrt(1 + 1e-5)  # batch norm of a new net
    result = block(x)[:, :, 0]
    assert result.shape[-1] == -(-n // stride)
    torch.testing.assert_close(result, expected)


def test_unstrided_circular_net_is_invariant_to_rolls_and_a_zero_padded_one_is_not():
    torch.manual_seed(0)
    x, layers = torch.randn(4, 1, 60), [(8, 9, 1), (8, 5, 1)]
    for padding_mode, invariant in [("circular", True), ("zeros", False)]:
        net = GlobalPoolCNN(1, 3, layers, padding_mode=padding_mode).eval()
        same = torch.allclose(net(x), net(x.roll(17, -1)), atol=1e-6)
        assert same == invariant


@pytest.mark.parametrize("pooling", ["max", "mean", "max_mean"])
def test_the_pool_takes_the_maximum_the_mean_or_both(pooling):
    x = torch.randn(2, 3, 5)
    parts = {"max": x.amax(-1), "mean": x.mean(-1)}
    expected = torch.cat([parts[p] for p in pooling.split("_")], 1)
    assert torch.equal(GlobalPool(pooling)(x), expected)


def test_weights_come_from_the_generator_and_are_distributed_as_by_torch():
    net = GlobalPoolCNN(1, 8, global_pool_layers(1024))
    spread = {name: p.std().item() for name, p in net.named_parameters()}
    drawn = []
    for _ in range(2):
        reset_parameters(net, torch.Generator().manual_seed(5))
        drawn.append({name: p.clone() for name, p in net.named_parameters()})
    for name, p in drawn[0].items():
        assert torch.equal(p, drawn[1][name])
        if p.numel() > 500:
            assert p.std().item() == pytest.approx(spread[name], rel=0.2)


def test_shift_bins_equals_shifts_made_by_hand():
    x = torch.tensor([[1.0, 2, 3, 4], [1, 2, 3, 4]])
    shift = torch.tensor([1, -2])
    assert shift_bins(x, shift).tolist() == [[4, 1, 2, 3], [3, 4, 1, 2]]
    assert shift_bins(x, shift, mode="edge").tolist() == [[1, 1, 2, 3], [3, 4, 4, 4]]
    noise, start = torch.tensor([[7.0, 8], [7, 8]]), torch.tensor([0, 1])
    filled = shift_bins(x, shift, mode="floor", noise=noise, start=start)
    assert filled.tolist() == [[8, 1, 2, 3], [3, 4, 8, 7]]
    nearer = shift_bins(x, shift, mode="floor", noise=noise, start=start, reach=2)
    assert nearer.tolist() == [[8, 1, 2, 3], [3, 4, 8, 7]]


@pytest.mark.parametrize("mode", ["wrap", "edge", "floor"])
@pytest.mark.parametrize("shape", [(6, 9), (6, 3, 40), (3, 1, 1)])
def test_shifts_one_by_one_equal_shifts_of_all_at_once(shape, mode):
    generator = torch.Generator().manual_seed(0)
    n_freqs, period = shape[-1], max(1, shape[-1] // 3)
    x = torch.randn(shape, generator=generator)
    noise = torch.randn((*shape[:-1], period), generator=generator)
    for reach in (0, n_freqs // 2, n_freqs):
        size = (len(x),)
        shift = torch.randint(-reach, reach + 1, size, generator=generator)
        start = torch.randint(period, size, generator=generator)
        each, every = (
            function(x, shift, mode, noise, start, reach)
            for function in (_shift_each, _shift_all)
        )
        assert torch.equal(each, every)


def test_noise_bins_are_the_weaker_half_in_order():
    assert noise_bins(torch.tensor([[5.0, 1, 9, 2, 8]])).tolist() == [[1, 2]]
    assert noise_bins(torch.tensor([[5.0]])).tolist() == [[5]]


def test_random_shift_does_not_touch_the_global_generator():
    before = torch.get_rng_state()
    random_shift(
        torch.randn(3, 8, generator=torch.Generator()),
        4,
        mode="floor",
        generator=torch.Generator().manual_seed(0),
    )
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("n_freqs", [1, 2, 63, 255, 1001, 1024])
@pytest.mark.parametrize("levels", [1, 2, 16])
def test_canonical_roll_is_bit_identical_for_every_shift_of_tied_spectra(
    n_freqs, levels
):
    rng = np.random.default_rng(n_freqs)
    x = torch.tensor(rng.integers(levels, size=n_freqs), dtype=torch.float32)
    every = torch.stack([x.roll(s) for s in range(n_freqs)])
    rolled = canonical_roll(every)
    assert torch.equal(rolled, rolled[:1].expand_as(rolled))


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("period", [1, 2, 7, 30, 210])
def test_canonical_roll_takes_the_rotation_that_ranks_highest(period, n_channels):
    rng = np.random.default_rng(period)
    x = torch.from_numpy(rng.integers(2, size=(5, n_channels, period)))
    x = torch.cat([x] * (210 // period), -1).float()
    x[0, :, 1:] = x[0, :, :1]  # equal bins, among others that are not
    score = x.sum(1)
    score = score + score.roll(-1, -1)  # over a 64th of the axis: 2 bins
    best = score == score.amax(-1, keepdim=True)
    origin = _rank_rotations(x).masked_fill(~best, -1).argmax(-1)
    expected = [x[i].roll(105 - 1 - int(origin[i]), -1) for i in range(5)]
    assert torch.equal(canonical_roll(x), torch.stack(expected))


def test_canonical_roll_tells_apart_two_equal_peaks_by_all_that_follows():
    x = torch.zeros(1, 1024)
    x[0, 100] = x[0, 400] = 1  # same neighborhoods, different distances around
    rolled = torch.cat([canonical_roll(x.roll(s, -1)) for s in (0, 300, 724, 5)])
    assert torch.equal(rolled, rolled[:1].expand_as(rolled))


AXES = {"channel": (0, 2, 3), "frequency": (0, 1, 3), "time": (0, 1, 2)}


@pytest.mark.parametrize("axis", AXES)
def test_axis_norm_uses_the_statistics_of_each_index_of_its_axis(axis):
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (6, 2, 5, 7)).astype(np.float32)
    norm = AxisNorm(axis, 2, 5, 7)
    mean = x.mean(axis=AXES[axis], keepdims=True)
    var = x.var(axis=AXES[axis], keepdims=True)
    trained = norm.train()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(trained, (x - mean) / np.sqrt(var + 1e-5), atol=1e-5)
    # What is remembered has a tenth of the batch in it, with the unbiased variance.
    n = x.size / mean.size
    mean, var = 0.1 * mean, 0.9 + 0.1 * var * n / (n - 1)
    other = rng.normal(-1, 5, (4, 2, 5, 7)).astype(np.float32)
    with torch.inference_mode():
        predicted = norm.eval()(torch.from_numpy(other)).numpy()
    np.testing.assert_allclose(
        predicted, (other - mean) / np.sqrt(var + 1e-5), rtol=1e-4, atol=1e-4
    )


def test_axis_norm_learns_one_scale_and_offset_for_each_index():
    norm = AxisNorm("frequency", 2, 5, 7)
    with torch.no_grad():
        norm.norm.weight.copy_(torch.arange(5.0))
        norm.norm.bias.copy_(10 * torch.arange(5.0))
    y = norm.eval()(torch.ones(1, 2, 5, 7)).detach()
    expected = 11 * torch.arange(5.0)[None, None, :, None]
    torch.testing.assert_close(y, expected.expand_as(y), rtol=1e-4, atol=1e-4)


def test_axis_norm_of_none_changes_nothing():
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(AxisNorm(None, 3, 4, 5)(x), x)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 9), (5, 5), (64, 31), (300, 7)])
@pytest.mark.parametrize("norm_axis", [*AXES, None])
@pytest.mark.parametrize("pool_axis", ["both", "time"])
def test_spectrogram_net_takes_any_length_of_the_axes(shape, norm_axis, pool_axis):
    n_freqs, n_frames = shape
    net = SpectrogramCNN(
        2,
        3,
        spectrogram_layers(n_freqs, n_frames),
        n_freqs=n_freqs,
        n_frames=n_frames,
        norm_axis=norm_axis,
        pool_axis=pool_axis,
    )
    assert net(torch.randn(4, 2, *shape)).shape == (4, 3)


def test_pool_over_time_keeps_the_frequencies_apart():
    layers = [(4, (1, 1), (1, 1))]
    x = torch.rand(3, 1, 8, 6)
    for pool_axis, same in (("both", True), ("time", False)):
        net = SpectrogramCNN(
            1, 2, layers, n_freqs=8, n_frames=6, pool_axis=pool_axis, pooling="max"
        ).eval()
        later, higher = x.roll(2, -1), x.roll(2, -2)
        torch.testing.assert_close(net(later), net(x))
        assert torch.allclose(net(higher), net(x), atol=1e-6) == same


def test_shifts_move_along_the_axis_that_is_named():
    x = torch.arange(2 * 3 * 4 * 50.0).view(2, 3, 4, 50)
    generator = torch.Generator().manual_seed(0)
    along_time = random_shift(x, 5, mode="wrap", generator=generator)
    along_frequency = random_shift(x, 2, mode="wrap", axis=-2, generator=generator)
    for n in range(2):
        by = int((along_time[n, 0, 0] == x[n, 0, 0, 0]).nonzero())
        assert torch.equal(along_time[n], x[n].roll(by, -1))
        by = int((along_frequency[n, 0, :, 0] == x[n, 0, 0, 0]).nonzero())
        assert torch.equal(along_frequency[n], x[n].roll(by, -2))


def test_a_layer_whose_values_nobody_draws_is_an_error():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2))
    with pytest.raises(TypeError, match="Got LayerNorm, whose values nobody draws"):
        reset_parameters(net, torch.Generator())


def test_an_empty_module_has_memory_and_touches_no_random_state():
    config = dict(n_channels=1, n_classes=2, layers=[(4, 3, 1)])
    before = torch.get_rng_state()
    net = empty_module(GlobalPoolCNN, config)
    assert torch.equal(torch.get_rng_state(), before)
    assert {value.device.type for value in net.state_dict().values()} == {"cpu"}
    reset_parameters(net, torch.Generator().manual_seed(0))
    assert net(torch.zeros(2, 1, 8)).shape == (2, 2)


@pytest.mark.parametrize("n_features", [1, 9, 16, 33])
def test_a_row_of_the_head_depends_on_no_other_row(n_features):
    head = Head(n_features, 3)
    x = torch.randn(32, n_features)
    with torch.inference_mode():
        together = head(x)
        torch.testing.assert_close(together, F.linear(x, head.weight, head.bias))
        for i in range(32):
            rows = x.roll(i, 0)
            assert torch.equal(head(rows).roll(-i, 0), together)


@pytest.mark.parametrize(
    "function, args, match",
    [
        (flatten_sizes, ("a", 1, 1, 1, 1, 1), "n_freqs must be an int of at least 1"),
        (flatten_sizes, (9, 3, -0.5, 1, 1, 1), "stride must be .* Got -0.5"),
        (flatten_sizes, (9, 3, 1, -1, 1, 1), "padding must be an int of at least 0"),
        (flatten_sizes, (9, 3, 1, 1, 0.5, 1), "pool_size must be .* Got 0.5"),
        (flatten_sizes, (9, 3, 1, 1, 1, True), "pool_stride must be .* Got True"),
        (global_pool_layers, (None,), "n_freqs must be .* Got None"),
        (global_pool_layers, (9, 3), "n_filters must be a sequence of int. Got 3"),
        (global_pool_layers, (9, []), "n_filters must have a value for at least one"),
        (global_pool_layers, (9, [2, 0]), "each of n_filters must be .* Got 0"),
        (global_pool_layers, (9, [2], [1, 2]), "kernel_size must .* each of 1 layers"),
        (spectrogram_layers, (9, np.inf), "n_frames must be .* Got inf"),
        (spectrogram_layers, (9, 9, [2], 1, np.array(2)), "stride must be a sequence"),
    ],
)
def test_impossible_sizes_of_layers_are_refused(function, args, match):
    with pytest.raises(ValueError, match=match):
        function(*args)
