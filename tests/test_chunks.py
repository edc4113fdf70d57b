"""What a net gives for a row has the same bits whatever the other rows are."""

import numpy as np
import pytest
import torch

from sk_psd._chunks import count_min_rows, run_in_chunks
from sk_psd.nn import (
    FlattenCNN,
    GlobalPoolCNN,
    SpectrogramCNN,
    flatten_sizes,
    global_pool_layers,
    spectrogram_layers,
)

CPU = torch.device("cpu")
N_ROWS = 70
# Numbers of rows, by the number of threads of torch.
BATCHES = {1: [1, 2, 3, 5, 8, 31, 33, 65, 70], 2: [1, 2, 7, 34, 65]}


def pool_net(rng, n_channels, n_classes, level):
    n_freqs = int(rng.integers(1, 1500))
    kernels, strides = (
        [None, 1, 3, *rng.choice([1, 2, 3, 8], (1, 3))][rng.integers(4)]
        for _ in range(2)
    )
    filters = rng.choice([3, 8, 16, 20, 32, 64], 3)
    layers = global_pool_layers(n_freqs, filters, kernels, strides)
    pooling = rng.choice(["max", "mean", "max_mean"])
    padding = rng.choice(["circular", "zeros"])
    net = GlobalPoolCNN(n_channels, n_classes, layers, pooling, padding, level)
    return net, (n_freqs,)


def flatten_net(rng, n_channels, n_classes, level):
    n_freqs = int(rng.integers(1, 600))
    sizes = flatten_sizes(n_freqs, int(rng.integers(1, 129)), 1, 1, 16, 2)
    net = FlattenCNN(n_channels, n_classes, n_filters=20, level=level, **sizes)
    return net, (n_freqs,)


def spectrogram_net(rng, n_channels, n_classes, level):
    axes = int(rng.integers(1, 70)), int(rng.integers(1, 50))
    axis = [None, "channel", "frequency", "time"][rng.integers(4)]
    net = SpectrogramCNN(
        n_channels,
        n_classes,
        spectrogram_layers(*axes),
        n_freqs=axes[0],
        n_frames=axes[1],
        norm_axis=axis,
        pool_axis=rng.choice(["both", "time"]),
        level=level,
    )
    return net, axes


def with_random_memory(rows, rng):
    """Return the rows at another place, or as a view with steps."""
    wide = np.zeros((*rows.shape[:-1], 2 * rows.shape[-1] + 5), rows.dtype)
    first, step = rng.integers(5), rng.integers(1, 3)
    view = wide[..., first : first + step * rows.shape[-1] : step]
    view[...] = rows
    return view


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", [pool_net, flatten_net, spectrogram_net])
def test_the_bits_of_a_row_do_not_depend_on_the_others(make, seed):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    n_channels, n_classes = int(rng.integers(1, 4)), int(rng.integers(2, 12))
    level = [None, "median", "minmax"][rng.integers(3)]
    net, axes = make(rng, n_channels, n_classes, level)
    net = net.to(memory_format=torch.channels_last)
    X = rng.standard_normal((N_ROWS, n_channels, *axes)).astype(np.float32)
    with torch.no_grad():
        net.train()(torch.from_numpy(X))  # for statistics of the norms
    net.eval()

    def run(rows):
        return run_in_chunks(
            net, rows, n_classes, CPU, torch.tensor, count_min_rows(net, CPU)
        )

    whole = run(X)
    try:
        for n_threads, batches in BATCHES.items():
            torch.set_num_threads(n_threads)
            for n in batches:
                first = rng.integers(N_ROWS - n + 1)
                rows = with_random_memory(X[first : first + n], rng)
                np.testing.assert_array_equal(run(rows), whole[first : first + n])
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    "n, sizes", [(1, [2]), (2, [2]), (31, [31]), (65, [32, 32, 2])]
)
def test_only_a_single_row_is_padded_on_a_cpu(n, sizes):
    seen = []

    def count(x):
        seen.append(len(x))
        return x

    X = np.arange(3.0 * n, dtype=np.float32).reshape(n, 3)
    result = run_in_chunks(count, X, 3, CPU, torch.from_numpy, 2)
    np.testing.assert_array_equal(result, X)
    assert seen == sizes


@pytest.mark.parametrize(
    "kernel_size, stride, expected", [(1, 1, 32), (1, 2, 2), (3, 1, 2), ([3, 1], 1, 32)]
)
def test_a_net_with_a_kernel_of_one_value_needs_full_chunks(
    kernel_size, stride, expected
):
    net = GlobalPoolCNN(1, 2, global_pool_layers(40, (3, 4), kernel_size, stride))
    assert count_min_rows(net, CPU) == expected
    assert count_min_rows(net, torch.device("cuda")) == 1024


def test_a_net_of_spectrograms_needs_full_chunks():
    layers = spectrogram_layers(20, 9)
    net = SpectrogramCNN(1, 2, layers, n_freqs=20, n_frames=9)
    assert count_min_rows(net, CPU) == 32
