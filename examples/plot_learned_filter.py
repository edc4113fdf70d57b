"""
Learn a filter from examples
============================

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

FS = 256.0
X, Y = make_noisy_sines(1000, random_state=0)
X_test, Y_test = make_noisy_sines(1000, random_state=1)
lowpass = LearnedConvFilter(kernel_size=21, random_state=0).fit(X, Y)
cleaned = lowpass.predict(X_test)

# %%
# These are 24 test pairs, which were not used for the training.

figure, axes = plt.subplots(
    6, 4, sharex=True, sharey=True, figsize=(12, 10), layout="constrained"
)
t = np.arange(256) / FS
for i, ax in enumerate(axes.flat):
    ax.plot(t, X_test[i], color="0.8", linewidth=0.8, label="noisy")
    ax.plot(t, Y_test[i], color="black", linewidth=1, label="clean")
    ax.plot(t, cleaned[i], color="C1", linewidth=1.2, label="filtered")
    ax.set_ylim(-2.5, 2.5)
for ax in axes[-1]:
    ax.set_xlabel("time (s)")
handles, labels = axes[0, 0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside upper center", ncols=3)

# %%
# The kernel is a smooth bump. Its gain is that of a low-pass.

display = FilterDisplay.from_filter(lowpass, fs=FS)
display.axes_[1].axvspan(0, 8, color="C2", alpha=0.2, label="clean signals")
display.axes_[1].legend()
display.figure_.suptitle("Learned from noisy sine waves")

# %%
# In the second task the clean signal is the weaker one of two tones, at 12 to 20 Hz.
# The kernel has to stop the stronger tone, at 2 to 6 Hz, and the noise.

X_two, Y_two = make_two_tones(1000, random_state=0)
X_two_test, Y_two_test = make_two_tones(1000, random_state=1)
separate = LearnedConvFilter(kernel_size=21, random_state=0).fit(X_two, Y_two)
display = FilterDisplay.from_filter(separate, fs=FS)
display.axes_[1].axvspan(2, 6, color="C3", alpha=0.2, label="tone to stop")
display.axes_[1].axvspan(12, 20, color="C2", alpha=0.2, label="tone to keep")
display.axes_[1].set_xlim(0, 60)
display.axes_[1].legend(loc="upper right")
display.figure_.suptitle("Learned from two tones")

response = filter_response(separate, fs=FS, n_freqs=4097)
freqs, power = response.freqs, 10 ** (response.gain / 10)
stopped = power[(freqs >= 2) & (freqs <= 6)].mean()
kept = power[(freqs >= 12) & (freqs <= 20)].mean()
print(f"2-6 Hz is passed {10 * np.log10(kept / stopped):.1f} dB below 12-20 Hz.")

# %%
# How good can a kernel of 21 taps be? The smallest squared error is that of a
# least-squares problem. ``solver="lstsq"`` computes its solution at once, without a
# learning rate and epochs.

exact = LearnedConvFilter(kernel_size=21, solver="lstsq").fit(X, Y)
exact_separate = LearnedConvFilter(kernel_size=21, solver="lstsq").fit(X_two, Y_two)

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
