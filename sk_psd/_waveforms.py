"""Ten kinds of complex signals, each with its own spectral shape, and a receiver."""

import numpy as np
from scipy import fft

__all__ = ["SHAPES", "add_receiver", "make_emission"]

# Each function takes a random source, a length n in samples and a bandwidth b in cycles
# per sample, and returns a signal centered at 0. Pulses are added in the frequency
# domain from a whole number of symbols, so that the signals have the period n and cost
# two FFTs. The order of the random draws is frozen: the tables of the README hold for
# the signals that the seeds give now.


def _colored_noise(rng, n, density):
    """Return Gaussian noise with the power density ``density(f)`` at frequency f."""
    white = rng.standard_normal((2, n))
    return fft.ifft(np.sqrt(density(fft.fftfreq(n))) * (white[0] + 1j * white[1]))


def _pulse_train(symbols, n, pulse):
    """Return a periodic sum of equally spaced pulses.

    Each pulse is scaled by its symbol. ``pulse(f)`` is the spectrum of a pulse.
    """
    f = fft.fftfreq(n)
    line = np.rint(f * n).astype(int) % len(symbols)
    return fft.ifft(fft.fft(symbols)[line] * pulse(f))


def _qpsk_symbols(rng, size):
    return np.exp(0.5j * np.pi * rng.randint(4, size=size))


def _rect(rng, n, b):
    return _colored_noise(rng, n, lambda f: np.abs(f) < b / 2)


def _tri(rng, n, b):
    return _colored_noise(rng, n, lambda f: np.clip(1 - 2 * np.abs(f) / b, 0, 1) ** 2)


def _twohump(rng, n, b):
    def density(f):
        return np.where(np.abs(f) < b / 2, np.sin(2 * np.pi * f / b) ** 2, 0)

    return _colored_noise(rng, n, density)


def _rcos(rng, n, b):
    def density(f):
        return np.where(np.abs(f) < b / 2, np.cos(np.pi * f / b) ** 2, 0)

    return _colored_noise(rng, n, density)


def _qpsk(rng, n, b, rolloff=0.35):
    n_symbols = max(2, round(n * b / (1 + rolloff)))
    rate = n_symbols / n

    def pulse(f):  # a root-raised cosine
        x = (np.abs(f) / rate - (1 - rolloff) / 2) / rolloff
        return np.cos(0.5 * np.pi * np.clip(x, 0, 1))

    return _pulse_train(_qpsk_symbols(rng, n_symbols), n, pulse)


def _gmsk(rng, n, b, bt=0.3):
    n_symbols = max(2, round(n * b))
    rate = n_symbols / n

    def pulse(f):  # a rectangle of one symbol length behind a Gaussian filter
        gauss = np.exp(-0.5 * np.log(2) * (f / (bt * rate)) ** 2)
        return np.sinc(f / rate) * gauss / rate

    bits = 2.0 * rng.randint(2, size=n_symbols) - 1
    frequency = 0.25 * rate * _pulse_train(bits, n, pulse).real
    return np.exp(2j * np.pi * np.cumsum(frequency))


def _am(rng, n, b, depth=0.5):
    message = _rect(rng, n, b).real
    return 1 + depth * message / message.std()


def _fmsine(rng, n, b):
    n_lines = rng.uniform(9, 13)
    tone = b / n_lines
    index = n_lines / 2 - 1  # Carson's rule: b = 2 (index + 1) tone
    t = np.arange(n)
    return np.exp(1j * index * np.sin(2 * np.pi * (tone * t + rng.uniform())))


def _chirp(rng, n, b):
    period = rng.uniform(25, 80) / b
    position = (np.arange(n) / period + rng.uniform()) % 1
    return np.exp(1j * np.pi * b * period * (position**2 - position))


def _ofdm(rng, n, b, n_carriers=32, prefix=1 / 8):
    useful = n_carriers / b
    length = useful * (1 + prefix)
    t = np.arange(n) + rng.uniform(0, length)
    symbol = (t // length).astype(int)
    data = _qpsk_symbols(rng, (symbol[-1] + 1, n_carriers + 1))
    data[:, n_carriers // 2] = 0  # the carrier at DC stays empty
    carriers = np.arange(n_carriers + 1) - n_carriers // 2
    # Each symbol is a sum of carriers at the samples that it covers. Its length need
    # not be a whole number of samples.
    x = np.empty(n, complex)
    for s in range(symbol[0], symbol[-1] + 1):
        inside = symbol == s
        x[inside] = (
            np.exp(2j * np.pi / useful * np.outer(t[inside], carriers)) @ data[s]
        )
    return x


SHAPES = {
    "rect": _rect,
    "tri": _tri,
    "twohump": _twohump,
    "rcos": _rcos,
    "qpsk": _qpsk,
    "gmsk": _gmsk,
    "am": _am,
    "fmsine": _fmsine,
    "chirp": _chirp,
    "ofdm": _ofdm,
}


def make_emission(shape, rng, n_times, bandwidth, center_freq):
    """Make a signal of power 1 at its center frequency, with a random phase.

    Parameters
    ----------
    shape : str
        A name among SHAPES.

    rng : RandomState

    n_times : int
        Length, in samples.

    bandwidth, center_freq : float
        In cycles per sample.

    Returns
    -------
    x : complex ndarray of shape (n_times,)
    """
    x = SHAPES[shape](rng, n_times, bandwidth)
    x = x / np.sqrt(np.mean(np.abs(x) ** 2))
    return x * np.exp(2j * np.pi * (center_freq * np.arange(n_times) + rng.uniform()))


def add_receiver(x, rng, density, gain_db, tilt_db):
    """Return a received signal: with white noise, a gain and a tilt.

    Parameters
    ----------
    x : complex ndarray of shape (n_times,)

    rng : RandomState

    density : float
        Power of the noise.

    gain_db : float
        Power gain, in dB.

    tilt_db : float
        Largest change of the gain from the center of the axis to either end, in dB.

    Returns
    -------
    received : complex ndarray of shape (n_times,)
    """
    noise = rng.standard_normal((2, len(x)))
    x = x + np.sqrt(density / 2) * (noise[0] + 1j * noise[1])
    slope = rng.uniform(-tilt_db, tilt_db) / 0.5
    tilt = 10 ** ((slope * fft.fftfreq(len(x)) + gain_db) / 20)
    return fft.ifft(fft.fft(x) * tilt)
