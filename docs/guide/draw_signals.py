"""Pictures of spectra, of convolution, and of the map of a kernel."""

import numpy as np

from guide.style import (
    AMBER,
    BLUE,
    GRAY,
    GREEN,
    PALE,
    SKY,
    VERMILION,
    make_figure,
    name_panel,
)


def draw_welch():
    """Draw Welch's method in four steps."""
    from scipy.signal import get_window

    rng = np.random.default_rng(0)
    fs, nperseg = 1000, 256
    time = np.arange(1024) / fs
    signal = np.sin(2 * np.pi * 200 * time) + rng.standard_normal(len(time))
    window = get_window("hann", nperseg)
    starts = np.arange(0, len(time) - nperseg + 1, nperseg // 2)
    freqs = np.fft.rfftfreq(nperseg, 1 / fs)
    parts = np.array([signal[start : start + nperseg] for start in starts])
    powers = 2 * np.abs(np.fft.rfft(parts * window)) ** 2 / fs / (window**2).sum()
    levels = 10 * np.log10(powers[:, 1:-1])
    mean = 10 * np.log10(powers.mean(axis=0)[1:-1])

    title = "Welch: average the spectra of many segments."
    figure, axes = make_figure(2, 2, title, 5)
    cut, taper, transform, average = axes.flat
    cut.plot(time, signal, color=GRAY, linewidth=0.6)
    for i, start in enumerate(starts):
        span = np.array([start + 8, start + nperseg - 8]) / fs
        level = 4.4 + 0.9 * (i % 2)
        color = BLUE if i % 2 else VERMILION
        cut.hlines(level, *span, color=color, linewidth=4)
    cut.set(xlabel="time (s)", ylim=(-4.5, 5.9), yticks=[])
    name_panel(cut, "1 cut into segments")
    taper.plot(time[:nperseg], parts[0] * window, color=VERMILION, linewidth=0.8)
    taper.plot(time[:nperseg], 3 * window, color="black", linewidth=1.5)
    taper.plot(time[:nperseg], -3 * window, color="black", linewidth=1.5)
    taper.set(xlabel="time (s)", yticks=[])
    name_panel(taper, "2 taper each one")
    for level, color, dashes in zip(
        levels[:3], [VERMILION, BLUE, GREEN], ["-", "--", ":"], strict=True
    ):
        transform.plot(freqs[1:-1], level, color=color, linestyle=dashes, linewidth=0.9)
    name_panel(transform, "3 square its FFT")
    average.plot(freqs[1:-1], mean, color="black", linewidth=1.2)
    name_panel(average, "4 average the squares")
    for ax in (transform, average):
        ax.set(xlabel="frequency (Hz)", ylim=(-55, -5), xticks=[0, 200, 400])
    transform.set_ylabel("dB per Hz")
    average.set_yticklabels([])
    return figure


def draw_sides():
    """Draw a one-sided spectrum, which ends, and a two-sided one, which wraps."""
    from sk_psd import WelchPSD
    from sk_psd.datasets import make_spectral_shapes

    title = "Real signals have an axis that ends,\ncomplex signals a circle."
    figure, axes = make_figure(2, 1, title, 4)
    for ax, real, name in [
        (axes[0, 0], True, "real signal, one-sided: 0 to fs / 2"),
        (axes[1, 0], False, "complex signal, two-sided: -fs / 2 to fs / 2"),
    ]:
        signals, _ = make_spectral_shapes(
            1,
            shapes=["rect"],
            fs=1000.0,
            real=real,
            center_freq=330.0 if real else 470.0,
            gain_db=0.0,
            snr_db=20.0,
            random_state=1,
        )
        psd = WelchPSD(
            fs=1000.0, return_onesided=real, detrend=False, decibels=True, range_db=None
        )
        levels = psd.fit_transform(signals)[0]
        inside = slice(1, -1) if real else slice(None)
        ax.plot(psd.freqs_[inside], levels[inside], color="black", linewidth=1)
        name_panel(ax, name)
        low, high = (0, 500) if real else (-500, 500)
        ax.set(xlim=(low, high), ylabel="dB per Hz")
        for end in (low, high):
            ax.axvline(end, color=VERMILION if real else GREEN, linewidth=3)
    axes[0, 0].text(490, -14, "the end", color=VERMILION, ha="right")
    axes[1, 0].text(-485, -14, "this frequency ...", color=GREEN)
    axes[1, 0].text(485, -14, "... is this one", color=GREEN, ha="right")
    for ax in axes[:, 0]:
        ax.set_ylim(-56, -9)
    axes[1, 0].set_xlabel("frequency (Hz)")
    return figure


def draw_convolution():
    """Draw two kernels, their results for one signal, and their gains."""
    from sk_psd import filter_response
    from sk_psd.filters import convolve

    fs = 128
    time = np.arange(fs) / fs
    signal = np.sin(2 * np.pi * 3 * time) + 0.6 * np.sin(2 * np.pi * 50 * time)
    smooth = np.array([1, 2, 3, 2, 1]) / 9
    title = "The kernel decides which frequencies stay."
    figure, axes = make_figure(3, 2, title, 5.6, sharex="row", sharey="row")
    for (top, middle, bottom), kernel, name, color in [
        (axes[:, 0], smooth, "smoothing", BLUE),
        (axes[:, 1], smooth * [1, -1, 1, -1, 1], "alternating", VERMILION),
    ]:
        top.plot(time, signal, color=GRAY, linewidth=1)
        where = np.arange(len(kernel)) / fs + 0.2
        top.vlines(where, 0, 3.4 * kernel, color=color, linewidth=2)
        top.plot(where, 3.4 * kernel, "o", color=color, markersize=5)
        top.set_title(name, color=color, fontweight="bold")
        middle.plot(time, convolve(signal[None], kernel)[0], color=color, linewidth=1.2)
        response = filter_response(kernel, fs=fs)
        bottom.plot(response.freqs, response.gain, color=color, linewidth=1.5)
        for freq in (3, 50):
            bottom.axvline(freq, color=GRAY, linestyle=":", linewidth=1.2)
        for ax in (top, middle):
            ax.set(xlabel="time (s)", xlim=(0, 0.4), xticks=[0, 0.2, 0.4])
        bottom.set(xlabel="frequency (Hz)", ylim=(-48, 4))
    for ax, name in zip(
        axes[:, 0], ["signal\nand kernel", "result", "gain (dB)"], strict=True
    ):
        ax.set_ylabel(name)
    return figure


def rising_edge(width=16):
    """Return a kernel that is large where a level rises."""
    return np.repeat([-1.0, 1.0], width // 2) / (width // 2)


def make_two_spectra():
    """Return frequencies and the scaled spectra of a flat band and of a triangle."""
    from sk_psd import MinMaxScale, WelchPSD
    from sk_psd.datasets import make_spectral_shapes

    signals = [
        make_spectral_shapes(
            1, shapes=[shape], n_times=16384, snr_db=25.0, random_state=0
        )[0][0]
        for shape in ("rect", "tri")
    ]
    psd = WelchPSD(return_onesided=False, detrend=False, decibels=True)
    spectra = MinMaxScale().fit_transform(psd.fit_transform(signals))
    return psd.freqs_, spectra


def draw_map():
    """Draw a spectrum, a kernel, its map, the rectified map and the read-out."""
    freqs, spectra = make_two_spectra()
    kernel = rising_edge()
    title = "The kernel answers where its shape is."
    figure, axes = make_figure(3, 2, title, 5.6, sharex=True, sharey="row")
    for column, spectrum, name in zip(
        axes.T, spectra, ["flat band", "triangle"], strict=True
    ):
        top, middle, bottom = column
        answer = np.correlate(np.pad(spectrum, (8, 7), mode="wrap"), kernel, "valid")
        best = answer.argmax()
        top.plot(freqs, spectrum, color="black", linewidth=1)
        under = freqs[best] + (np.arange(16) - 8) * (freqs[1] - freqs[0])
        top.plot(under, 0.5 + 2 * kernel, color=GREEN, linewidth=3)
        top.set_title(name, fontweight="bold")
        middle.fill_between(freqs, 0, np.maximum(answer, 0), color=SKY, linewidth=0)
        middle.fill_between(
            freqs,
            0,
            np.minimum(answer, 0),
            facecolor=AMBER,
            hatch="////",
            edgecolor="white",
            linewidth=0,
        )
        bottom.fill_between(freqs, 0, np.maximum(answer, 0), color=SKY, linewidth=0)
        bottom.plot(freqs[best], answer[best], "o", color=VERMILION, markersize=7)
        bottom.text(
            freqs[best] + 0.05,
            answer[best] - 0.03,
            f"maximum {answer[best]:.2f}",
            color=VERMILION,
        )
        for ax in column[1:]:
            ax.axhline(0, color=GRAY, linewidth=0.8)
        bottom.set(xlabel="frequency / fs", xlim=(-0.3, 0.3), xticks=[-0.2, 0, 0.2])
    top = axes[0, 0]
    top.text(-0.28, 0.62, "kernel", color=GREEN)
    for ax, name in zip(axes[:, 0], ["spectrum", "map", "rectified map"], strict=True):
        ax.set(ylabel=name, yticks=[0])
    return figure


def draw_square():
    """Draw a rectified map and its maximum before and after a shift."""
    freqs, (spectrum, _) = make_two_spectra()
    kernel = rising_edge()

    def rectified(x):
        answer = np.correlate(np.pad(x, (8, 7), mode="wrap"), kernel, "valid")
        return np.maximum(answer, 0)

    title = "Equivariant: the map moves.\nInvariant: its maximum stays."
    figure, axes = make_figure(2, 2, title, 4.2, sharex=True, sharey="row")
    for column, shift, name in zip(
        axes.T, [0, 64], ["spectrum", "moved spectrum"], strict=True
    ):
        x = np.roll(spectrum, shift)
        answer = rectified(x)
        best = answer.argmax()
        column[0].plot(freqs, x, color="black", linewidth=1)
        column[0].set_title(name, fontweight="bold")
        column[1].fill_between(freqs, 0, answer, color=SKY, linewidth=0)
        column[1].plot(freqs[best], answer[best], "o", color=VERMILION, markersize=7)
        column[1].text(
            freqs[best] - 0.04,
            answer[best] - 0.03,
            f"{answer[best]:.2f}",
            color=VERMILION,
            ha="right",
        )
        column[1].set(
            xlabel="frequency / fs",
            xlim=(-0.5, 0.5),
            ylim=(0, 1),
            xticks=[-0.4, 0, 0.4],
        )
    for ax, name in zip(axes[:, 0], ["spectrum", "rectified map"], strict=True):
        ax.set(ylabel=name, yticks=[0])
    for ax in axes.flat:
        ax.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    return figure
