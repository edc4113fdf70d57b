"""Drawings of the nets: their layers as boxes, with the shapes between them.

The pages of the nets draw them when the documentation is built.
"""

import warnings

import numpy as np

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    SpectrogramCNNClassifier,
)

# Colors: layers that move with the signal, pools, layers bound to positions.
MOVES, POOLS, BOUND = "#cfe3f3", "#f2c46d", "0.85"


def build(classifier, shape):
    """Return the net that a classifier builds for samples of this shape."""
    rng = np.random.default_rng(0)
    X, y = rng.random((8, *shape)), np.arange(8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # noise looks like none of its inputs
        return classifier.set_params(max_epochs=1, random_state=0).fit(X, y)


def shape_of(values):
    """Return the shape of one sample as a text."""
    return " × ".join(map(str, values.shape[1:]))


def find_layers(classifier, shape):
    """Return the layers as (text, color, shape behind it), the input first."""
    import torch

    fitted = build(classifier, shape)
    net = fitted.module_
    x = torch.zeros(1, 1, *shape)
    layers = [("spectrogram" if len(shape) == 2 else "spectrum", "white", shape_of(x))]
    flat = isinstance(classifier, FlattenCNNClassifier)
    with torch.no_grad():
        maps, pooled = net.maps(x), net.embed(x)
    if flat:
        (kernel, stride, _), (size, step, _) = net.windows[0]
        n_positions = (shape[0] + 2 * classifier.padding - kernel) // stride + 1
        layers += [
            (
                f"convolution: {maps.shape[1]} kernels of {kernel}, stride {stride}",
                MOVES,
                f"{maps.shape[1]} × {n_positions}",
            ),
            (f"max pool over {size} bins, stride {step}", MOVES, shape_of(maps)),
            ("flatten: a value for each channel and position", BOUND, shape_of(pooled)),
        ]
    else:
        sizes = list(shape)
        for n_filters, kernel, stride in fitted.layers_:
            steps = stride if np.iterable(stride) else [stride]
            sizes = [-(-size // step) for size, step in zip(sizes, steps, strict=True)]
            kernels, steps = (
                " × ".join(map(str, v if np.iterable(v) else [v]))
                for v in (kernel, stride)
            )
            layers.append(
                (
                    f"convolution: {n_filters} kernels of {kernels}, stride {steps},\n"
                    "batch norm, ReLU",
                    MOVES,
                    " × ".join(map(str, [n_filters, *sizes])),
                )
            )
        assert layers[-1][2] == shape_of(maps)
        layers.append(
            (
                "global pool: maximum and mean of each channel",
                POOLS,
                shape_of(pooled),
            )
        )
    layers.append(
        (
            f"linear layer: {net.head.weight.numel():,} weights",
            BOUND if flat else POOLS,
            "8 classes",
        )
    )
    return layers


def draw(classifier, shape):
    """Draw the layers from top to bottom."""
    import matplotlib.pyplot as plt

    layers = find_layers(classifier, shape)
    fig, ax = plt.subplots(figsize=(6, 0.72 * len(layers)), layout="constrained")
    for row, (text, color, size) in enumerate(layers):
        ax.text(
            *(0, -row, text),
            ha="center",
            va="center",
            bbox=dict(boxstyle="round,pad=0.35", facecolor=color, edgecolor="0.4"),
        )
        ax.text(0.62, -row, size, ha="left", va="center", family="monospace")
        if row:
            ax.annotate(
                *("", (0, 0.3 - row), (0, 0.75 - row)), arrowprops=dict(arrowstyle="->")
            )
    ax.set(xlim=(-0.6, 1), ylim=(0.5 - len(layers), 0.5))
    ax.axis("off")
    return fig


def draw_global_pool():
    """Draw the default net for spectra of 1024 bins and eight classes."""
    return draw(GlobalPoolCNNClassifier(), (1024,))


def draw_flatten():
    """Draw the default position-bound net for spectra of 1024 bins."""
    return draw(FlattenCNNClassifier(), (1024,))


def draw_spectrogram():
    """Draw the default net for spectrograms of 128 bins and 64 frames."""
    return draw(SpectrogramCNNClassifier(), (128, 64))


if __name__ == "__main__":
    for name, function in list(globals().items()):
        if name.startswith("draw_"):
            function().savefig(f"{name}.png", dpi=100)
