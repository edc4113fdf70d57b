"""Descriptions (`DESCR`) of made data sets: units, shapes and the signal model."""

__all__ = [
    "describe_benchmark",
    "describe_mixtures",
    "describe_shapes",
    "describe_sounds",
]


def describe_shapes(X, fs):
    """Return the text about signals of :func:`sk_psd.datasets.make_spectral_shapes`."""
    return f"""\
Made signals whose class is the shape of their power spectral density

X            {X.dtype} of shape {X.shape}: one signal in each row, sampled at
             fs = {fs:g} Hz, in an arbitrary unit of amplitude
y            name of the shape of each signal
center_freq  center of its band, in Hz
bandwidth    width of its band, in Hz
snr_db       power of the emission over that of the noise inside of its band, in dB

Model: x = h * (s exp(2j pi f t) + spurs + n) + line, or its real part times the square
root of 2. s is an emission of power 1 with the named shape, f its center frequency, n
white Gaussian noise. h is the receiver: a gain, and a tilt of the gain over the axis.
The optional line does not depend on f: line_db is its power over that of the emission,
line_freq its frequency in Hz.
"""


def describe_benchmark(name, X, fs, nperseg):
    """Return the text about :func:`sk_psd.datasets.make_shift_benchmark`."""
    return f"""\
Made signals "{name}": trained at the center of the frequency axis, tested elsewhere

X_train  {X.dtype} of shape {X.shape}: one signal in each row, sampled at
         fs = {fs:g} Hz, in an arbitrary unit of amplitude
y_train  name of the shape of each signal
test     the test sets, pairs (X, y) like the training set:
         "centered" as the training set, with centers within 2 % of the axis from 0;
         "shifted" with centers 12 to 41.7 % of the axis away from 0;
         "wrapped": the band leaves the axis at one end and comes in at the other;
         "cut": the end of the axis cuts off 15 to 35 % of a band of the nominal width
nperseg  {nperseg}, the length of the Welch segments that the signals are meant for

Model: as in make_spectral_shapes, with a nominal bandwidth of an eighth of the axis.
"""


def describe_mixtures(X, fs):
    """Return the text about :func:`sk_psd.datasets.make_spectral_mixtures`."""
    return f"""\
Made signals of several emissions, each of a named shape, at any place on the axis

X             {X.dtype} of shape {X.shape}: one signal in each row, sampled at
              fs = {fs:g} Hz, in an arbitrary unit of amplitude
y             1 where a signal (row) has an emission of a shape (column), else 0
target_names  name of the shape of each column
bands         lower and upper end of each emission, in Hz, NaN where there is none
snr_db        power of each emission over that of the noise inside of its band, in dB

Model: x = h * (sum over k of a[k] s[k] exp(2j pi f[k] t) + n). s[k] is an emission of
power 1, a[k] its amplitude, f[k] its center frequency, uniformly random, and n is white
Gaussian noise. h is the receiver: a gain, and a tilt of the gain over the axis. No
shape occurs twice in a signal. Emissions may overlap.
"""


def describe_sounds(X, fs):
    """Return the text about sounds of :func:`sk_psd.datasets.make_harmonic_sounds`."""
    return f"""\
Made sounds whose class is the timbre: the amplitudes of their harmonics

X       {X.dtype} of shape {X.shape}: one sound in each row, sampled at fs = {fs:g} Hz,
        scaled so that the harmonics have the power 1
y       name of the timbre of each sound
f0      pitch, in Hz
snr_db  power of all harmonics over that of the noise, in dB

Model: x = sum over k of a[k] sin(2 pi k f0 t + p[k]), plus white Gaussian noise, with
all multiples k f0 below fs / 2. a[k] is the amplitude of the timbre times a random
factor for each harmonic. The phases p[k] are uniformly random.
"""
