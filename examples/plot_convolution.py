"""
Convolution of a signal
=======================

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

x = np.array([1, 1, 0, 1, 1, 0, 8, 9, 7, 7, 6, 5, 4])
smooth = ConvFilter("moving_average", kernel_size=3).fit(x[None])
edge = ConvFilter("edge", kernel_size=3).fit(x[None])
print("signal ", x)
print("smooth ", smooth.transform(x[None])[0].round(2))
print("edges  ", edge.transform(x[None])[0])

figure, axes = plt.subplots(3, sharex=True, figsize=(7, 5.5), layout="constrained")
rows = {
    "signal": x,
    f"moving average, kernel {smooth.kernel_.round(2).tolist()}": smooth.transform(
        x[None]
    )[0],
    f"edges, kernel {edge.kernel_.tolist()}": edge.transform(x[None])[0],
}
for ax, (title, values) in zip(axes, rows.items(), strict=True):
    ax.axhline(0, color="0.8", linewidth=1)
    ax.plot(values, "o-", drawstyle="steps-mid", markersize=4)
    ax.set_title(title, loc="left", fontsize="medium")
axes[-1].set(xlabel="sample")

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

other, axes = plt.subplots(2, sharex=True, figsize=(7, 4), layout="constrained")
axes[0].plot(pulse[0], color="0.7", label="pulse")
axes[0].plot(lowpass.transform(pulse)[0], label="filtered")
axes[1].plot(filter_first[0], linewidth=4, alpha=0.4, label="filtered, then shifted")
axes[1].plot(shift_first[0], color="black", linewidth=1, label="shifted, then filtered")
for ax in axes:
    ax.legend(loc="upper right", fontsize="small")
axes[1].set(xlabel="sample")

plt.show()
