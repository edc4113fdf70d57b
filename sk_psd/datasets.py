"""Made signals with known spectral shapes, a known timbre or a known clean part."""

import numpy as np
from scipy import fft
from sklearn.utils import check_random_state, gen_batches

from sk_psd._arguments import check_flag
from sk_psd._data_texts import (
    describe_benchmark,
    describe_mixtures,
    describe_shapes,
    describe_sounds,
)
from sk_psd._draws import (
    are_names,
    check_int,
    check_number,
    draw_levels,
    draw_numbers,
)
from sk_psd._numbers import as_rate
from sk_psd._result import Result
from sk_psd._waveforms import SHAPES, add_receiver, make_emission

__all__ = [
    "make_harmonic_sounds",
    "make_noisy_sines",
    "make_shift_benchmark",
    "make_spectral_mixtures",
    "make_spectral_shapes",
    "make_two_tones",
]

# The order of all random draws in this file is frozen: the tables of the README hold
# for the signals that the seeds give now.


def make_spectral_shapes(
    n_samples=100,
    *,
    shapes=("rect", "tri", "twohump", "am"),
    n_times=4096,
    fs=1.0,
    center_freq=0.0,
    bandwidth=None,
    bandwidth_jitter=0.1,
    snr_db=(0.0, 20.0),
    gain_db=(-30.0, 30.0),
    tilt_db=0.5,
    n_spurs=0,
    line_db=None,
    line_freq=0.0,
    real=False,
    return_X_y=True,
    random_state=None,
):
    """Make noisy signals whose class is the shape of their power spectral density.

    Every signal is one emission of a named shape, mixed to its center frequency, in
    white noise. The receiver has an unknown gain and a slight tilt.

    Parameters
    ----------
    n_samples : int, default=100
        Number of signals. The classes are balanced (to one) and in random order.

    shapes : sequence of str, default=("rect", "tri", "twohump", "am")
        The classes: "rect" (flat band), "tri" (squared triangle), "twohump" (two
        humps), "rcos" (raised cosine), "qpsk" (root-raised-cosine pulses, roll-off
        0.35), "gmsk" (BT 0.3), "am" (carrier and sidebands), "fmsine" (comb of 9 to 13
        lines), "chirp" (sawtooth sweep) and "ofdm" (32 carriers, the middle one
        empty).

    n_times : int, default=4096
        Length of each signal, in samples.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    center_freq : float, (float, float) or array of shape (n_samples,), default=0.0
        Center frequency, in Hz. A number is used for all signals, a tuple is a range to
        draw from uniformly, an array has one value for each signal. A complex signal
        wraps at ``fs / 2``.

    bandwidth : float, default=None
        Nominal bandwidth, in Hz. None is ``fs / 8``.

    bandwidth_jitter : float, default=0.1
        Each bandwidth is scaled by a factor drawn from ``1 - jitter`` to
        ``1 + jitter``.

    snr_db : float, (float, float) or array of shape (n_samples,), default=(0.0, 20.0)
        Ratio of the power of the signal to that of the noise inside the bandwidth of
        the signal, in dB.

    gain_db : float, (float, float) or array, default=(-30.0, 30.0)
        Power gain of the receiver, in dB.

    tilt_db : float, default=0.5
        Largest change of the gain from the center of the axis to either end, in dB. The
        gain of each signal rises or falls linearly over the axis.

    n_spurs : int, default=0
        Largest number of sine waves that are added to a signal, anywhere on the axis,
        each with 0.5 to 10 % of the power of the signal.

    line_db : float, (float, float) or array of shape (n_samples,), default=None
        Ratio of the power of a line to that of the signal, in dB. The line comes from
        the receiver, as mains hum or the spike at 0 Hz does: it stays at its frequency
        wherever the signal lies. None is no line. A line does not change the rest of
        the signal.

    line_freq : float, (float, float) or array of shape (n_samples,), default=0.0
        Frequency of the line, in Hz. The phase is random; at 0 Hz the line of a real
        signal is a constant.

    real : bool, default=False
        Whether the signals are real (float64). Then each band must lie between 0 and
        ``fs / 2``, so pass `center_freq` too, such as ``fs / 4``. By default the
        signals are complex baseband signals (complex128).

    return_X_y : bool, default=True
        Whether to return ``(X, y)`` instead of a Bunch.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call.

    Returns
    -------
    X : ndarray of shape (n_samples, n_times)
        The signals.

    y : ndarray of shape (n_samples,)
        The name of each signal's shape.

    bunch : Bunch
        Returned instead of X and y if `return_X_y` is False: `X`, `y`, `fs` and for
        each signal `center_freq` (Hz), `bandwidth` (Hz) and `snr_db`; with a line also
        `line_db` and `line_freq` (Hz). `DESCR` describes the data.

    See Also
    --------
    make_shift_benchmark : Training and test sets that differ in position only.
    make_spectral_mixtures : Signals of several emissions.

    Examples
    --------
    >>> from sk_psd.datasets import make_spectral_shapes
    >>> X, y = make_spectral_shapes(6, shapes=("rect", "qpsk"), random_state=0)
    >>> X.shape, X.dtype.name
    ((6, 4096), 'complex128')
    >>> sorted(y.tolist())
    ['qpsk', 'qpsk', 'qpsk', 'rect', 'rect', 'rect']
    """
    rng = check_random_state(random_state)
    if not are_names(shapes, SHAPES):
        raise ValueError(
            f"shapes must be names among {sorted(SHAPES)}, in a list. Got {shapes!r}."
        )
    n_samples = check_int("n_samples", n_samples, 1)
    n_times = check_int("n_times", n_times, 16)
    n_spurs = check_int("n_spurs", n_spurs, 0)
    fs = as_rate(fs)
    check_flag("real", real)
    check_flag("return_X_y", return_X_y)
    tilt_db = _check_tilt(tilt_db)
    nominal = _check_bandwidth(
        bandwidth, bandwidth_jitter, n_times, fs, fs / 2 if real else fs
    )
    label = rng.permutation(np.arange(n_samples) % len(shapes))
    center = draw_numbers(center_freq, n_samples, rng, "center_freq")
    snr = draw_levels(snr_db, n_samples, rng, "snr_db", high=np.inf)
    gain = draw_levels(gain_db, n_samples, rng, "gain_db")
    if not np.isfinite(center).all():
        raise ValueError(f"center_freq must be finite. Got {center_freq!r}.")
    # Beyond this limit the phases would be rounding errors.
    if not np.all(np.abs(center) <= 1e6 * fs):
        raise ValueError(
            f"center_freq must be at most 1e6 * fs (={1e6 * fs:g} Hz). Got "
            f"{center_freq!r}."
        )
    width = nominal * rng.uniform(1 - bandwidth_jitter, 1 + bandwidth_jitter, n_samples)
    if real and not np.all((center - width / 2 >= 0) & (center + width / 2 <= fs / 2)):
        raise ValueError(
            "The band of a real signal must lie between 0 and fs / 2. Choose "
            f"center_freq between {nominal} and {fs / 2 - nominal} Hz."
        )

    X = np.empty((n_samples, n_times), float if real else complex)
    t = np.arange(n_times)
    for i in range(n_samples):
        b = width[i] / fs
        x = make_emission(shapes[label[i]], rng, n_times, b, center[i] / fs)
        for _ in range(rng.randint(n_spurs + 1)):
            f, amplitude = rng.uniform(-0.5, 0.5), np.sqrt(10 ** rng.uniform(-2.3, -1))
            x += amplitude * np.exp(2j * np.pi * (f * t + rng.uniform()))
        # The real part below folds the noise of the negative frequencies onto the
        # positive ones. Half the density keeps the ratio inside the band.
        density = 10 ** (-snr[i] / 10) / b * (0.5 if real else 1)
        x = add_receiver(x, rng, density, gain[i], tilt_db)
        X[i] = np.sqrt(2) * x.real if real else x

    truth = dict(center_freq=center, bandwidth=width, snr_db=snr)
    if line_db is not None:
        # Drawn last, so that the rest of the signals is the same without a line.
        level = draw_levels(line_db, n_samples, rng, "line_db")
        freq = draw_numbers(line_freq, n_samples, rng, "line_freq")
        X += _lines(freq, fs, level + gain, n_times, real, rng)
        truth.update(line_db=level, line_freq=freq)

    y = np.asarray(shapes)[label]
    if return_X_y:
        return X, y
    return Result(X=X, y=y, fs=fs, **truth, DESCR=describe_shapes(X, fs))


def _check_tilt(tilt_db):
    """Return the tilt as a float, if it is within the range of floating point."""
    tilt_db = check_number("tilt_db", tilt_db)
    if not abs(tilt_db) <= 1000:
        raise ValueError(f"tilt_db must lie between -1000 and 1000. Got {tilt_db!r}.")
    return tilt_db


def _check_bandwidth(bandwidth, jitter, n_times, fs, axis):
    """Return the nominal bandwidth in Hz, if it fits an axis of `axis` Hz."""
    if not 0 <= check_number("bandwidth_jitter", jitter) < 1:
        raise ValueError(f"bandwidth_jitter must lie between 0 and 1. Got {jitter!r}.")
    nominal = fs / 8 if bandwidth is None else check_number("bandwidth", bandwidth)
    if not 0 < nominal * (1 + jitter) <= axis:
        raise ValueError(
            f"bandwidth (={nominal!r} Hz, with its jitter) must be positive and fit "
            f"an axis of {axis} Hz."
        )
    if nominal * (1 - jitter) / fs * n_times < 3:
        raise ValueError(
            f"n_times (={n_times}) is too short for a bandwidth of {nominal!r} Hz at "
            f"fs (={fs!r}) Hz: the band must cover at least 3 / n_times of the axis."
        )
    return nominal


def _lines(freq, fs, level, n_times, real, rng):
    """Make a line for each signal, with a frequency and a power (in dB) of its own."""
    lowest = 0 if real else -fs / 2
    if not np.all((freq >= lowest) & (freq <= fs / 2)):
        raise ValueError(
            f"line_freq must lie between {lowest:g} and fs / 2 (={fs / 2:g} Hz). Got "
            f"values from {freq.min():g} to {freq.max():g}."
        )
    turns = np.outer(freq / fs, np.arange(n_times)) + rng.uniform(size=(len(freq), 1))
    lines = np.exp(2j * np.pi * turns)
    if real:
        # Scaled to a power of 1, also at 0 Hz, where the phase is a mere factor.
        lines = lines.real
        lines /= np.sqrt(np.mean(lines**2, axis=1, keepdims=True))
    return lines * 10 ** (level[:, None] / 20)


_BENCHMARKS = {
    "easy4": dict(
        shapes=("rect", "twohump", "tri", "am"),
        snr_db=(5.0, 20.0),
        bandwidth_jitter=0.1,
    ),
    "standard8": dict(
        shapes=("rect", "tri", "twohump", "qpsk", "gmsk", "am", "fmsine", "chirp"),
        snr_db=(0.0, 20.0),
        bandwidth_jitter=0.1,
    ),
    "hard6": dict(
        shapes=("rect", "ofdm", "qpsk", "rcos", "gmsk", "tri"),
        snr_db=(-3.0, 10.0),
        bandwidth_jitter=0.2,
        n_spurs=2,
    ),
}

_BANDWIDTH = 1 / 8

# Least and largest distance of the centers of each set from 0, as parts of the axis.
_CENTERS = {
    "centered": (0, 0.02),
    "shifted": (0.12, 0.417),
    "wrapped": (0.5 - 0.4 * _BANDWIDTH, 0.5),
}


def make_shift_benchmark(
    name="standard8", *, n_train=1600, n_test=800, n_freqs=1024, random_state=0
):
    """Make a training set at the center of the axis and test sets elsewhere.

    All signals are complex64. They have the length of 7 Welch segments of `n_freqs`
    samples with 50 % overlap. Their nominal bandwidth is an eighth of the axis.

    Parameters
    ----------
    name : {"easy4", "standard8", "hard6"}, default="standard8"
        "easy4": 4 very different shapes, 5 to 20 dB. "standard8": 8 shapes, 0 to 20 dB.
        "hard6": 6 similar shapes, -3 to 10 dB, 20 % bandwidth jitter, up to 2 spurs.

    n_train : int, default=1600
        Number of training signals.

    n_test : int, default=800
        Number of signals of each test set.

    n_freqs : int, default=1024
        Length of the spectra that the signals are meant for. The signals have
        ``4 * n_freqs`` samples.

    random_state : int, RandomState instance or None, default=0
        Pass another int for other data.

    Returns
    -------
    bunch : Bunch
        `X_train`, `y_train`: center frequencies within 2 % of the axis from 0. `test`:
        dict of four test sets, each a pair ``(X, y)``: "centered" (as the training
        set), "shifted" (centers 12 to 41.7 % of the axis away from 0), "wrapped" (the
        band leaves the axis at one end and re-enters at the other) and "cut" (the end
        of the axis cuts off 15 to 35 % of a band of the nominal width). Also `fs` (1.0
        Hz), `nperseg` (`n_freqs`), `name`, and `DESCR`, a description of the data.

    See Also
    --------
    make_spectral_shapes : One set of signals with adjustable parameters.

    Examples
    --------
    >>> from sk_psd.datasets import make_shift_benchmark
    >>> bench = make_shift_benchmark("easy4", n_train=8, n_test=4, n_freqs=64)
    >>> bench.X_train.shape, list(bench.test)
    ((8, 256), ['centered', 'shifted', 'wrapped', 'cut'])
    """
    if not isinstance(name, str) or name not in _BENCHMARKS:
        raise ValueError(
            f"name must be one of {sorted(_BENCHMARKS)}. Got {name!r} instead."
        )
    n_train, n_test = check_int("n_train", n_train, 1), check_int("n_test", n_test, 1)
    n_freqs = check_int("n_freqs", n_freqs, 8)  # or a band has less than three bins
    rng = check_random_state(random_state)
    b = _BANDWIDTH

    def signals(n, low, high, *, cut=False):
        center = rng.uniform(low, high, n) * rng.choice([-1, 1], n)
        # A band that is cut is made at twice the rate. Then the outer half of the axis
        # is removed, with a part of the band.
        X, y = make_spectral_shapes(
            n,
            n_times=4 * n_freqs * (2 if cut else 1),
            fs=2.0 if cut else 1.0,
            bandwidth=b,
            center_freq=center,
            random_state=rng,
            **_BENCHMARKS[name],
        )
        return (_keep_center_half(X) if cut else X).astype(np.complex64), y

    X_train, y_train = signals(n_train, *_CENTERS["centered"])
    test = {
        **{name: signals(n_test, *centers) for name, centers in _CENTERS.items()},
        "cut": signals(n_test, 0.5 - 0.35 * b, 0.5 - 0.15 * b, cut=True),
    }
    return Result(
        X_train=X_train,
        y_train=y_train,
        test=test,
        fs=1.0,
        nperseg=n_freqs,
        name=name,
        DESCR=describe_benchmark(name, X_train, 1.0, n_freqs),
    )


def _keep_center_half(X):
    """Halve the sampling rate and remove the frequencies beyond the new axis."""
    n = X.shape[-1]
    spectrum = fft.fftshift(fft.fft(X), axes=-1)[..., n // 4 : n - n // 4]
    return fft.ifft(fft.ifftshift(spectrum, axes=-1)) / 2


def make_spectral_mixtures(
    n_samples=100,
    *,
    shapes=("rect", "tri", "twohump", "am"),
    n_emissions=(1, 3),
    n_times=4096,
    fs=1.0,
    bandwidth=None,
    bandwidth_jitter=0.1,
    snr_db=(5.0, 10.0),
    level_db=10.0,
    gain_db=(-30.0, 30.0),
    tilt_db=0.5,
    return_X_y=True,
    random_state=None,
):
    """Make noisy signals with several emissions, each of a named shape, at any place.

    A signal is a sum of emissions in white noise. The center frequencies are drawn
    independently, so emissions may overlap. No shape occurs twice in a signal. The
    receiver has an unknown gain and a slight tilt.

    Parameters
    ----------
    n_samples : int, default=100
        Number of signals.

    shapes : sequence of str, or str, default=("rect", "tri", "twohump", "am")
        The classes, named as in :func:`make_spectral_shapes`; or "easy4", "standard8"
        or "hard6" for those of :func:`make_shift_benchmark`.

    n_emissions : int or (int, int), default=(1, 3)
        Number of emissions in each signal, or the least and the largest number, both
        included. At most the number of shapes.

    n_times : int, default=4096
        Length of each signal, in samples.

    fs : float, default=1.0
        Sampling frequency, in Hz.

    bandwidth : float, default=None
        Nominal bandwidth, in Hz. None is ``fs / 8``.

    bandwidth_jitter : float, default=0.1
        The bandwidth of each emission is scaled by a factor drawn from ``1 - jitter``
        to ``1 + jitter``.

    snr_db : float, (float, float) or array of shape (n_samples,), default=(5.0, 10.0)
        Signal-to-noise ratio of the weakest emission of each signal, in dB: the ratio
        of the power of the emission to that of the noise inside of its band. Other
        emissions do not count as noise. A number is used for all signals, a tuple is a
        range to draw from uniformly, an array has one value for each signal.

    level_db : float, default=10.0
        Largest difference of the signal-to-noise ratios of two emissions of a signal,
        in dB. The ratio of each other emission exceeds that of the weakest by a number
        of decibels drawn from 0 to `level_db`. With the defaults of `snr_db` and
        `level_db`, every emission has 5 to 20 dB.

    gain_db : float, (float, float) or array, default=(-30.0, 30.0)
        Power gain of the receiver, in dB.

    tilt_db : float, default=0.5
        Largest change of the gain from the center of the axis to either end, in dB. The
        gain of each signal rises or falls linearly over the axis.

    return_X_y : bool, default=True
        Whether to return ``(X, y)`` instead of a Bunch.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call.

    Returns
    -------
    X : ndarray of shape (n_samples, n_times)
        The signals, complex baseband, complex128.

    y : ndarray of shape (n_samples, n_shapes)
        Indicators: 1 where a signal (row) has an emission of a shape (column), and 0
        elsewhere.

    bunch : Bunch
        Returned instead of X and y if `return_X_y` is False: `X`, `y`, `target_names`
        (the shape of each column), `fs`, `bands` of shape (n_samples, n_shapes, 2) (the
        lower and the upper end of each emission in Hz, within ``-fs / 2`` and
        ``fs / 2``) and `snr_db` of shape (n_samples, n_shapes) (the ratio of each
        emission in dB). `bands` and `snr_db` are NaN where `y` is 0. A band holds at
        least 95 % of the power of its emission, or 94 % for "ofdm". `DESCR` describes
        the data.

    Raises
    ------
    ValueError
        If a parameter is not as described above, or the bands do not fit the axis.

    See Also
    --------
    make_spectral_shapes : Signals of one emission each.

    Examples
    --------
    >>> from sk_psd.datasets import make_spectral_mixtures
    >>> data = make_spectral_mixtures(3, return_X_y=False, random_state=0)
    >>> data.X.shape, data.target_names.tolist()
    ((3, 4096), ['rect', 'tri', 'twohump', 'am'])
    >>> data.y
    array([[0, 1, 0, 0],
           [0, 0, 1, 1],
           [0, 0, 1, 0]])
    """
    rng = check_random_state(random_state)
    if isinstance(shapes, str) and shapes in _BENCHMARKS:
        shapes = _BENCHMARKS[shapes]["shapes"]
    if not are_names(shapes, SHAPES) or len(set(shapes)) < len(shapes):
        raise ValueError(
            f"shapes must be a list of different names among {sorted(SHAPES)}, or one "
            f"of {sorted(_BENCHMARKS)}. Got {shapes!r}."
        )
    n_samples = check_int("n_samples", n_samples, 1)
    n_times = check_int("n_times", n_times, 16)
    fs = as_rate(fs)
    check_flag("return_X_y", return_X_y)
    tilt_db = _check_tilt(tilt_db)
    nominal = _check_bandwidth(bandwidth, bandwidth_jitter, n_times, fs, fs)
    if not 0 <= check_number("level_db", level_db) <= 1000:
        raise ValueError(f"level_db must lie between 0 and 1000. Got {level_db!r}.")
    least, most = _check_range_of_emissions(n_emissions, len(shapes))

    count = rng.randint(least, most + 1, n_samples)
    snr = draw_levels(snr_db, n_samples, rng, "snr_db", high=np.inf)
    gain = draw_levels(gain_db, n_samples, rng, "gain_db")
    X = np.empty((n_samples, n_times), complex)
    y = np.zeros((n_samples, len(shapes)), int)
    ratios, bands = np.full(y.shape, np.nan), np.full((*y.shape, 2), np.nan)
    for i in range(n_samples):
        classes = rng.permutation(len(shapes))[: count[i]]
        above = rng.uniform(0, level_db, count[i])
        above[0] = 0  # the weakest emission
        width = nominal * rng.uniform(
            1 - bandwidth_jitter, 1 + bandwidth_jitter, count[i]
        )
        center = rng.uniform(-0.5, 0.5, count[i]) * (fs - width)
        # The strongest emission has a power of about 1.
        powers = 10 ** ((above - above.max()) / 10) * width / nominal
        x = 0
        for k, b, f0, power in zip(classes, width, center, powers, strict=True):
            emission = make_emission(shapes[k], rng, n_times, b / fs, f0 / fs)
            x = x + np.sqrt(power) * emission
        density = 10 ** (-(snr[i] + above.max()) / 10) / (nominal / fs)
        X[i] = add_receiver(x, rng, density, gain[i], tilt_db)
        y[i, classes], ratios[i, classes] = 1, snr[i] + above
        bands[i, classes] = np.stack([center - width / 2, center + width / 2], axis=1)

    if return_X_y:
        return X, y
    names = np.asarray(shapes)
    return Result(
        X=X,
        y=y,
        target_names=names,
        fs=fs,
        bands=bands,
        snr_db=ratios,
        DESCR=describe_mixtures(X, fs),
    )


def _check_range_of_emissions(n_emissions, n_shapes):
    """Return the least and the largest number of emissions in a signal."""
    is_pair = isinstance(n_emissions, tuple) and len(n_emissions) == 2
    pair = n_emissions if is_pair else (n_emissions, n_emissions)
    least, most = (check_int("n_emissions", value, 1) for value in pair)
    if not least <= most <= n_shapes:
        raise ValueError(
            "n_emissions must be an int or a tuple (least, largest), of at most the "
            f"number of shapes (={n_shapes}). Got {n_emissions!r}."
        )
    return least, most


_TIMBRES = {
    "saw": lambda k: 1 / k,
    "square": lambda k: (k % 2 == 1) / k,
    "steep": lambda k: 1 / k**2,
    "formant": lambda k: (1 + 4 * np.exp(-(((k - 6) / 2) ** 2) / 2)) / k,
    "gapped": lambda k: (k % 3 != 0) / k,
    "bright": lambda k: 1 / np.sqrt(k),
}


def make_harmonic_sounds(
    n_samples=100,
    *,
    timbres=("saw", "square", "steep", "formant", "gapped", "bright"),
    f0=(160.0, 224.0),
    n_times=16384,
    fs=16000.0,
    gain_jitter=0.25,
    snr_db=(0.0, 20.0),
    return_X_y=True,
    random_state=None,
):
    """Make noisy harmonic sounds whose class is their timbre, at any pitch.

    Every sound has lines at the multiples of its fundamental frequency, up to half the
    sampling frequency. The amplitude of a line depends on the number of the harmonic
    only. A change of pitch therefore stretches the spectrum, and on a logarithmic axis
    it shifts the spectrum.

    Parameters
    ----------
    n_samples : int, default=100
        Number of sounds. The classes are balanced (to one) and in random order.

    timbres : sequence of str, default=("saw", "square", "steep", "formant", "gapped", \
            "bright")
        The classes. They differ in the amplitude of harmonic k: "saw" 1 / k; "square"
        1 / k, odd k only; "steep" 1 / k**2; "formant" 1 / k, up to five times larger
        around k = 6; "gapped" 1 / k, every third k missing; "bright" 1 / sqrt(k).

    f0 : float, (float, float) or array of shape (n_samples,), default=(160.0, 224.0)
        Fundamental frequency, in Hz. A number is used for all sounds, a tuple is a
        range to draw from uniformly, an array has one value for each sound.

    n_times : int, default=16384
        Length of each sound, in samples.

    fs : float, default=16000.0
        Sampling frequency, in Hz.

    gain_jitter : float, default=0.25
        The amplitude of each harmonic of each sound is scaled by a factor drawn from
        ``1 - gain_jitter`` to ``1 + gain_jitter``.

    snr_db : float, (float, float) or array of shape (n_samples,), default=(0.0, 20.0)
        Ratio of the power of all harmonics, which is 1, to the power of the white
        noise, in dB.

    return_X_y : bool, default=True
        Whether to return ``(X, y)`` instead of a Bunch.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call.

    Returns
    -------
    X : ndarray of shape (n_samples, n_times)
        The sounds, float32.

    y : ndarray of shape (n_samples,)
        The name of each sound's timbre.

    bunch : Bunch
        Returned instead of X and y if `return_X_y` is False: `X`, `y`, `fs` and for
        each sound `f0` (Hz) and `snr_db`. `DESCR` describes the data.

    See Also
    --------
    LogFrequency : Turns a change of pitch into a shift.
    make_spectral_shapes : Signals that differ in position, not in pitch.

    Examples
    --------
    >>> from sk_psd.datasets import make_harmonic_sounds
    >>> X, y = make_harmonic_sounds(6, f0=440.0, random_state=0)
    >>> X.shape, X.dtype.name
    ((6, 16384), 'float32')
    >>> sorted(y.tolist())
    ['bright', 'formant', 'gapped', 'saw', 'square', 'steep']
    """
    rng = check_random_state(random_state)
    if not are_names(timbres, _TIMBRES):
        raise ValueError(
            f"timbres must be a list of names among {sorted(_TIMBRES)}. Got "
            f"{timbres!r} instead."
        )
    n_samples = check_int("n_samples", n_samples, 1)
    n_times = check_int("n_times", n_times, 16)
    fs = as_rate(fs)
    check_flag("return_X_y", return_X_y)
    if not 0 <= check_number("gain_jitter", gain_jitter) <= 1:
        raise ValueError(
            f"gain_jitter must lie between 0 and 1. Got {gain_jitter!r} instead."
        )
    label = rng.permutation(np.arange(n_samples) % len(timbres))
    f0 = draw_numbers(f0, n_samples, rng, "f0")
    if not np.all((f0 > 0) & (f0 < fs / 2)):
        raise ValueError(
            f"f0 must lie between 0 and fs / 2 (={fs / 2:g} Hz), ends excluded. Got "
            f"values from {f0.min():g} to {f0.max():g}."
        )
    if fs / f0.min() > 2e6:
        raise ValueError(
            f"f0 must be at least fs / 2e6 (={fs / 2e6:g} Hz), as a sound has a line "
            f"at each of its multiples. Got {f0.min():g}."
        )
    snr = draw_levels(snr_db, n_samples, rng, "snr_db", high=np.inf)

    X = np.empty((n_samples, n_times), np.float32)
    for i in range(n_samples):
        k = np.arange(1, int(np.ceil(fs / 2 / f0[i])))
        amplitudes = _TIMBRES[timbres[label[i]]](k) * rng.uniform(
            1 - gain_jitter, 1 + gain_jitter, len(k)
        )
        amplitudes = amplitudes * np.sqrt(2 / np.sum(amplitudes**2))
        x = _sum_of_tones(k * f0[i] / fs, amplitudes, rng.uniform(size=len(k)), n_times)
        X[i] = x + 10 ** (-snr[i] / 20) * rng.standard_normal(n_times)

    y = np.asarray(timbres)[label]
    if return_X_y:
        return X, y
    return Result(X=X, y=y, fs=fs, f0=f0, snr_db=snr, DESCR=describe_sounds(X, fs))


def _sum_of_tones(freqs, amplitudes, turns, n_times):
    """Return the sum of sine waves.

    The time t = t0 + dt is split into the start of a block and the time inside the
    block. As exp(i w (t0 + dt)) = exp(i w t0) exp(i w dt), two small matrices and their
    product take the place of one large matrix of exponentials.

    Parameters
    ----------
    freqs : ndarray of shape (n_tones,)
        In cycles per sample.

    amplitudes : ndarray of shape (n_tones,)

    turns : ndarray of shape (n_tones,)
        Phases in turns.

    n_times : int

    Returns
    -------
    x : ndarray of shape (n_times,)
    """
    # The products are small, so that BLAS starts no threads for them. Threads would
    # wait for each other on a busy machine.
    size = 8 * int(np.ceil(np.sqrt(n_times) / 8))
    starts = size * np.arange(size).reshape(-1, 8, 1)
    x = 0.0
    for batch in gen_batches(len(freqs), 32):
        blocks = np.exp(2j * np.pi * (starts * freqs[batch] + turns[batch]))
        inside = np.exp(2j * np.pi * np.outer(freqs[batch], np.arange(size)))
        x += ((amplitudes[batch] * blocks) @ inside).imag
    return x.ravel()[:n_times]


def make_noisy_sines(
    n_samples=100,
    *,
    n_times=256,
    fs=256.0,
    freq=(0.0, 8.0),
    noise_std=(0.2, 1.0),
    random_state=None,
):
    """Make sine waves of amplitude 1 in white noise, and the same without noise.

    Parameters
    ----------
    n_samples : int, default=100
        Number of pairs of noisy and clean signals.

    n_times : int, default=256
        Length of each signal, in samples.

    fs : float, default=256.0
        Sampling frequency, in Hz. By default the signals last one second.

    freq : float, (float, float) or array of shape (n_samples,), default=(0.0, 8.0)
        Frequency, in Hz. A number is used for all signals, a tuple is a range to draw
        from uniformly, an array has one value for each signal. The phase is uniformly
        random.

    noise_std : float, (float, float) or array, default=(0.2, 1.0)
        Standard deviation of the noise.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call.

    Returns
    -------
    X : ndarray of shape (n_samples, n_times)
        The noisy signals.

    Y : ndarray of shape (n_samples, n_times)
        The clean signals.

    See Also
    --------
    make_two_tones : Sums of a tone to keep and a stronger tone to remove.

    Examples
    --------
    >>> from sk_psd.datasets import make_noisy_sines
    >>> X, Y = make_noisy_sines(3, noise_std=0.5, random_state=0)
    >>> X.shape, round(float((X - Y).std()), 1)
    ((3, 256), 0.5)
    """
    rng = check_random_state(random_state)
    Y = _tones(n_samples, n_times, fs, freq, 1.0, rng, "freq")
    return Y + _noise(Y.shape, noise_std, rng), Y


def make_two_tones(
    n_samples=100,
    *,
    n_times=256,
    fs=256.0,
    low_freq=(2.0, 6.0),
    low_amplitude=1.0,
    high_freq=(12.0, 20.0),
    high_amplitude=0.5,
    noise_std=0.5,
    random_state=None,
):
    """Make sums of a low tone, a high tone and white noise, and the high tone alone.

    Parameters
    ----------
    n_samples : int, default=100
        Number of pairs of noisy and clean signals.

    n_times : int, default=256
        Length of each signal, in samples.

    fs : float, default=256.0
        Sampling frequency, in Hz. By default the signals last one second.

    low_freq : float, (float, float) or array of shape (n_samples,), default=(2.0, 6.0)
        Frequency of the low tone, in Hz. A number is used for all signals, a tuple is a
        range to draw from uniformly, an array has one value for each signal. The phase
        is uniformly random.

    low_amplitude : float, (float, float) or array, default=1.0
        Amplitude of the low tone.

    high_freq : float, (float, float) or array, default=(12.0, 20.0)
        Frequency of the high tone, in Hz, with a random phase of its own.

    high_amplitude : float, (float, float) or array, default=0.5
        Amplitude of the high tone.

    noise_std : float, (float, float) or array, default=0.5
        Standard deviation of the noise.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call.

    Returns
    -------
    X : ndarray of shape (n_samples, n_times)
        The noisy sums.

    Y : ndarray of shape (n_samples, n_times)
        The high tones.

    See Also
    --------
    make_noisy_sines : One tone in noise.

    Examples
    --------
    >>> from sk_psd.datasets import make_two_tones
    >>> X, Y = make_two_tones(3, random_state=0)
    >>> X.shape, Y.shape, round(float(abs(Y).max()), 2)
    ((3, 256), (3, 256), 0.5)
    """
    rng = check_random_state(random_state)
    size = n_samples, n_times, fs
    low = _tones(*size, low_freq, low_amplitude, rng, "low_freq")
    high = _tones(*size, high_freq, high_amplitude, rng, "high_freq")
    return low + high + _noise(low.shape, noise_std, rng), high


def _tones(n_samples, n_times, fs, freq, amplitude, rng, name):
    """Return one sine wave with a random phase for each sample. `name` is of `freq`."""
    n_samples = check_int("n_samples", n_samples, 1)
    n_times, fs = check_int("n_times", n_times, 1), as_rate(fs)
    freq = draw_numbers(freq, n_samples, rng, name)
    if not np.all((freq >= 0) & (freq <= fs / 2)):
        raise ValueError(
            f"{name} must lie between 0 and fs / 2 (={fs / 2:g} Hz). Got values from "
            f"{freq.min():g} to {freq.max():g}."
        )
    amplitude_name = name.replace("freq", "amplitude")
    amplitude = draw_numbers(amplitude, n_samples, rng, amplitude_name)
    _check_amplitude(amplitude_name, amplitude)
    turns = np.outer(freq, np.arange(n_times) / fs) + rng.uniform(size=(n_samples, 1))
    return amplitude[:, None] * np.sin(2 * np.pi * turns)


def _noise(shape, std, rng):
    """Return white noise with a standard deviation for each sample."""
    std = draw_numbers(std, shape[0], rng, "noise_std")
    if not np.all(std >= 0):
        raise ValueError(f"noise_std must not be negative. Got {std.min()!r}.")
    _check_amplitude("noise_std", std)
    return std[:, None] * rng.standard_normal(shape)


def _check_amplitude(name, values):
    """Raise if values are infinite or so large that their sums would overflow."""
    if not np.all(np.abs(values) <= 1e300):
        raise ValueError(
            f"{name} must be finite. Got {values.max()!r}; the largest value is 1e300."
        )
