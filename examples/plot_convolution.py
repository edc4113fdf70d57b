"""
What does a convolution do to a signal?
=======================================

A kernel slides over a signal. At each position the products of kernel and signal are
summed. The kernel determines what the sums mean. Mode, stride and dilation determine
how many there are.
"""

# %%
# The signal has 13 samples on two levels. A moving average smooths them. The edge
# kernel is the mean of the samples after each sample minus the mean of those before it.
# It finds where the level rises or falls.

import matplotlib.pyplot as plt
import numpy as np
import torch

from sk_psd import ConvFilter
from sk_psd.datasets import make_noisy_sines
from sk_psd.plotting import line_styles

x = np.array([1, 1, 0, 1, 1, 0, 8, 9, 7, 7, 6, 5, 4])
smooth = ConvFilter("moving_average", kernel_size=3).fit(x[None])
edge = ConvFilter("edge", kernel_size=3).fit(x[None])
print("signal ", x)
print("smooth ", smooth.transform(x[None])[0].round(2))
print("edges  ", edge.transform(x[None])[0])

# %%
# One value of the result, at sample 6. The flipped kernel lies over three samples of
# the signal. The title of the last row shows the sum of the products.

center = 6
figure, axes = plt.subplots(
    3, 2, sharex=True, sharey="row", figsize=(9, 6), layout="constrained"
)
gray, blue, orange = "0.6", *(style["color"] for style in line_styles(2))
for column, (name, conv) in zip(
    axes.T, {"moving average": smooth, "edges": edge}.items(), strict=True
):
    under = slice(center - 1, center + 2)
    flipped, result = conv.kernel_[::-1], conv.transform(x[None])[0]
    where = np.arange(len(x))[under]
    signal_ax, kernel_ax, sum_ax = column
    signal_ax.plot(x, "o-", color=gray, drawstyle="steps-mid", markersize=4)
    signal_ax.plot(where, x[under], "o", color=blue)
    kernel_ax.stem(where, flipped, linefmt=orange, markerfmt="o", basefmt=" ")
    products = " + ".join(
        f"{k:.2g} · {value}" for k, value in zip(flipped, x[under], strict=True)
    )
    sum_ax.plot(result, "o-", color=gray, drawstyle="steps-mid", markersize=4)
    sum_ax.plot(center, result[center], "o", color=orange)
    signal_ax.set_title(name)
    sum_ax.set_title(f"{products} = {result[center]:.3g}", loc="left", fontsize="small")
    for ax in column:
        ax.axhline(0, color="0.8", linewidth=1, zorder=0)
        ax.axvspan(center - 1.5, center + 1.5, color="0.93", zorder=-1)
    sum_ax.set_xlabel("sample")
for ax, label in zip(axes[:, 0], ["signal", "kernel", "sum of products"], strict=True):
    ax.set_ylabel(label)

# %%
# In mode "same" there are zeros beyond both ends: the mean is too small there, and the
# edge at the end is not one of the signal. Mode "valid" leaves such values out.

# %%
# A layer of torch computes the same values with the flipped kernel. The length of the
# output depends on padding, stride and dilation. The number of parameters depends on
# none of them, because the kernel is the same at every position.

kernel, size = np.array([1.0, 2.0, 3.0]), 3
print(f"{'padding':>8} {'stride':>7} {'dilation':>9} {'output':>8} {'parameters':>11}")
for mode, padding, stride, dilation in [
    ("valid", 0, 1, 1),
    ("same", 1, 1, 1),
    ("full", 2, 1, 1),
    ("same", 1, 2, 1),
    ("same", 1, 3, 1),
    ("valid", 0, 1, 2),
    ("same", 2, 2, 2),
]:
    layer = torch.nn.Conv1d(
        1, 1, size, stride=stride, padding=padding, dilation=dilation, bias=False
    )
    layer.weight.data = torch.from_numpy(kernel[::-1].copy())[None, None]
    by_torch = layer(torch.from_numpy(x[None, None].astype(float)))[0]
    ours = ConvFilter(kernel, mode=mode, stride=stride, dilation=dilation)
    assert np.allclose(ours.fit_transform(x[None]), by_torch.detach())
    parameters = sum(weight.numel() for weight in layer.parameters())
    shape = str(tuple(by_torch.shape))
    print(f"{padding:8} {stride:7} {dilation:9} {shape:>8} {parameters:11}")
dense = torch.nn.Linear(len(x), len(x), bias=False)
print(f"A dense layer with {len(x)} outputs has {dense.weight.numel()} parameters.")

# %%
# As the kernel is the same at every position, filtering and shifting can change places:
# a signal that is filtered and then shifted is the same as one that is shifted and then
# filtered. This holds away from the ends, or for a pulse that does not touch them.

noisy, _ = make_noisy_sines(1, freq=8.0, noise_std=0.2, random_state=0)
pulse = noisy * np.exp(-(((np.arange(256) - 80) / 15) ** 2))
pulse[np.abs(pulse) < 1e-3] = 0
lowpass = ConvFilter("lowpass", cutoff=20.0, kernel_size=31, fs=256.0).fit(pulse)
filter_first = np.roll(lowpass.transform(pulse), 90, axis=1)
shift_first = lowpass.transform(np.roll(pulse, 90, axis=1))
print(f"largest difference: {np.abs(filter_first - shift_first).max():.1e}")

other, axes = plt.subplots(
    2, 2, sharex=True, sharey=True, figsize=(9, 4.5), layout="constrained"
)
square = {
    (0, 0): ("pulse", pulse),
    (0, 1): ("filtered", lowpass.transform(pulse)),
    (1, 0): ("shifted", np.roll(pulse, 90, axis=1)),
}
for place, (name, values) in square.items():
    axes[place].plot(values[0], color=gray)
    axes[place].set_title(name)
axes[1, 1].plot(filter_first[0], color=blue, linewidth=4, alpha=0.5)
axes[1, 1].plot(shift_first[0], color=orange, linewidth=1.2, linestyle="--")
axes[1, 1].set_title("both ways: the same")
arrow = dict(arrowprops=dict(arrowstyle="->"), xycoords="axes fraction")
for (start, end), color, names in [
    (((0, 0), (0, 1)), blue, "filter"),
    (((0, 1), (1, 1)), blue, "shift"),
    (((0, 0), (1, 0)), orange, "shift"),
    (((1, 0), (1, 1)), orange, "filter"),
]:
    across = start[0] == end[0]
    tail, head = ((0.88, 0.15), (1.0, 0.15)) if across else ((0.06, 0.2), (0.06, 0.0))
    axes[start].annotate("", head, tail, **arrow)
    text = (0.86, 0.15) if across else (0.08, 0.04)
    axes[start].text(
        *text,
        names,
        color=color,
        transform=axes[start].transAxes,
        ha="right" if across else "left",
        va="center" if across else "bottom",
    )
for ax in axes[1]:
    ax.set_xlabel("sample")
for ax in axes[:, 0]:
    ax.set_ylabel("amplitude")
# sphinx_gallery_thumbnail_number = 2

plt.show()
