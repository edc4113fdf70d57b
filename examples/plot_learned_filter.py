"""
Can a filter be learned from examples?
======================================

A kernel can be learned from pairs of noisy and clean signals. Here gradient descent
finds a low-pass for sine waves below 8 Hz, and a band-pass for the higher one of two
tones. The exact solution of the least-squares problem takes a fraction of the time.
"""

# %%
# The signals last one second at 256 Hz: sine waves of 0 to 8 Hz in noise, and the same
# waves without noise. `LearnedConvFilter` sees 1000 such pairs and learns 21 numbers.

import matplotlib.pyplot as plt
import numpy as np
import torch

from sk_psd import ConvFilter, FilterDisplay, LearnedConvFilter, filter_response
from sk_psd.datasets import make_noisy_sines, make_two_tones
from sk_psd.plotting import line_styles

FS = 256.0
X, Y = make_noisy_sines(1000, random_state=0)
X_test, Y_test = make_noisy_sines(1000, random_state=1)
lowpass = LearnedConvFilter(kernel_size=21, random_state=0).fit(X, Y)
cleaned = lowpass.predict(X_test)

# %%
# Six of the test pairs, from little to much noise. They were not used for training.

noise = (X_test - Y_test).std(axis=1)
chosen = np.argsort(noise)[np.linspace(0, len(noise) - 1, 6).astype(int)]
figure, axes = plt.subplots(
    2, 3, sharex=True, sharey=True, figsize=(10, 5), layout="constrained"
)
blue, orange = (style["color"] for style in line_styles(2))
t = np.arange(256) / FS
for i, ax in zip(chosen, axes.flat, strict=True):
    ax.plot(t, X_test[i], color="0.75", linewidth=0.8, label="noisy")
    ax.plot(t, cleaned[i], color=blue, linewidth=2.2, label="filtered")
    ax.plot(t, Y_test[i], color="black", linewidth=1, linestyle="--", label="clean")
    ax.set_ylim(-2.5, 2.5)
    ax.set_title(f"noise {noise[i]:.1f}", fontsize="medium")
for ax in axes[-1]:
    ax.set_xlabel("time (s)")
for ax in axes[:, 0]:
    ax.set_ylabel("amplitude")
handles, labels = axes[0, 0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside upper center", ncols=3)

# %%
# The kernel is a smooth bump, and its gain is that of a low-pass filter. The kernel of
# 21 taps with the smallest squared error is the solution of a least-squares problem.
# ``solver="lstsq"`` computes this solution (orange) directly, without a learning rate
# and without epochs. Both kernels are nearly the same.

exact = LearnedConvFilter(kernel_size=21, solver="lstsq").fit(X, Y)


def draw(learned, exact, bands):
    """Draw the kernel and gain of two filters, and name bands of frequencies."""
    display = FilterDisplay.from_filter(learned, fs=FS, name="gradient")
    taps, gain = display.axes_
    best = filter_response(exact, fs=FS)
    style = line_styles(2)[1]
    gain.plot(best.freqs, best.gain, label="least squares", **style)
    taps.plot(best.kernel, "x", color=style["color"])
    milliseconds = np.arange(0, 81, 20)
    taps.set_xticks(milliseconds / 1000 * FS, milliseconds)
    taps.set_xlabel("time (ms)")
    for i, (name, (low, high)) in enumerate(bands.items()):
        hatch = [None, "///"][i]
        gain.axvspan(
            low, high, facecolor="0.9", edgecolor="0.75", hatch=hatch, zorder=0
        )
        gain.text(
            (low + high) / 2, gain.get_ylim()[0] + 2, name, rotation=90, ha="center"
        )
    gain.legend(loc="upper right")
    return display


display = draw(lowpass, exact, {"clean signals": (0, 8)})
display.figure_.suptitle("Learned from noisy sine waves")
# sphinx_gallery_thumbnail_number = 2

# %%
# In the second task the clean signal is the weaker one of two tones, at 12 to 20 Hz.
# The kernel has to stop the stronger tone, at 2 to 6 Hz, and the noise.

X_two, Y_two = make_two_tones(1000, random_state=0)
X_two_test, Y_two_test = make_two_tones(1000, random_state=1)
separate = LearnedConvFilter(kernel_size=21, random_state=0).fit(X_two, Y_two)
exact_separate = LearnedConvFilter(kernel_size=21, solver="lstsq").fit(X_two, Y_two)
display = draw(separate, exact_separate, {"keep": (12, 20), "stop": (2, 6)})
display.axes_[1].set_xlim(0, 60)
display.figure_.suptitle("Learned from two tones")

response = filter_response(separate, fs=FS, n_freqs=4097)
freqs, power = response.freqs, 10 ** (response.gain / 10)
stopped = power[(freqs >= 2) & (freqs <= 6)].mean()
kept = power[(freqs >= 12) & (freqs <= 20)].mean()
print(f"2-6 Hz is passed {10 * np.log10(kept / stopped):.1f} dB below 12-20 Hz.")

# %%
# For comparison there is a hand-written loop with settings often taught: stochastic
# gradient descent without momentum from a random start, at a constant rate of 0.01,
# with 50 epochs of batches of 32. It comes close to the exact solution as well, because
# white noise makes the problem easy. An offset or a drift of the signals makes it hard:
# such a loop gets stuck or diverges. `LearnedConvFilter` avoids that, as it descends
# along uncorrelated combinations of taps. `benchmarks/learned_filter.py` compares more
# settings over several seeds.


def taught_loop(X, Y, size=21):
    torch.manual_seed(0)
    x, y = (torch.from_numpy(part).float().unsqueeze(1) for part in (X, Y))
    layer = torch.nn.Conv1d(1, 1, size, padding="same", bias=False)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    for _ in range(50):
        for rows in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(layer(x[rows]), y[rows]).backward()
            optimizer.step()
    return layer.weight.detach().numpy().ravel()[::-1].astype(float)


print(f"{'mean squared error on test pairs':34} {'sines':>8} {'two tones':>10}")
kernels = {
    "unfiltered": ([1.0], [1.0]),
    "moving average of 21": (np.full(21, 1 / 21),) * 2,
    "hand-written loop": (taught_loop(X, Y), taught_loop(X_two, Y_two)),
    'solver="gradient"': (lowpass.kernel_, separate.kernel_),
    'solver="lstsq"': (exact.kernel_, exact_separate.kernel_),
}
tests = (X_test, Y_test), (X_two_test, Y_two_test)
for name, pair in kernels.items():
    errors = [
        np.mean((ConvFilter(kernel).fit_transform(noisy) - clean) ** 2)
        for kernel, (noisy, clean) in zip(pair, tests, strict=True)
    ]
    print(f"{name:34} {errors[0]:8.5f} {errors[1]:10.5f}")

# %%
# The kernel is the same at every position. A signal that comes later is therefore
# cleaned in the same way, only later. Away from the ends that is exact.

shift = 40
later = lowpass.predict(np.roll(X_test, shift, axis=1))
inside = slice(shift + 10, -10)
difference = np.abs(later - np.roll(cleaned, shift, axis=1))[:, inside].max()
print(f"filter then shift, shift then filter: they differ by {difference:.0e}")

plt.show()
