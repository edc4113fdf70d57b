"""Noise, speckle and lines as they look in spectra that Welch's method estimates."""

import math

import torch

__all__ = ["NoisePool", "add_noise_to_powers", "draw_smooth_gains", "line_powers"]

# Values of a pool, which hold it in the cache. Rolls make many rows of each one in it.
_POOL_VALUES = 2**19


class NoisePool:
    """White noise in spectra, computed once and drawn from at random positions.

    Neighboring bins are correlated as behind a Hann window. To pick a row and roll it
    is several times faster than to draw new noise for every batch.

    Parameters
    ----------
    n_freqs : int

    n_averages : int
        Periodograms that each row of the powers is the mean of. 0 gives zeros.

    generator : torch.Generator on the CPU
        Source of the random numbers.

    like : Tensor
        Noise has its dtype and device.
    """

    def __init__(self, n_freqs, n_averages, generator, like):
        self.n_freqs = n_freqs
        self.size = min(512, max(16, _POOL_VALUES // n_freqs))
        powers = torch.zeros(self.size, n_freqs, device="cpu")
        for _ in range(n_averages):
            # The transform of the window has the weights -1/2, 1, -1/2.
            powers += self._white(-0.5, generator).square().sum(0) / n_averages
        # Relative to those of a signal, whose phases alternate as the window's do, the
        # amplitudes of neighbors have the same signs.
        real, imag = self._white(0.5, generator)
        # Twice side by side: every window of the length of the axis is a roll.
        self._powers, self._real, self._imag = (
            torch.cat([x, x], -1).to(like) for x in (powers, real, imag)
        )

    def in_decibels(self, unit):
        """Turn the powers into their natural logarithms times a unit, once for all."""
        self._powers = self._powers.log().mul(unit)

    def _white(self, side_weight, generator):
        """Draw real and imaginary parts (2, size, n_freqs) of mean power 1 in all."""
        shape = 2, self.size, self.n_freqs
        white = torch.randn(shape, generator=generator, device="cpu")
        if self.n_freqs < 3:  # without two neighbors
            side_weight = 0.0
        smooth = white + side_weight * (white.roll(1, -1) + white.roll(-1, -1))
        return smooth / math.sqrt(2 * (1 + 2 * side_weight**2))

    def _pick(self, shape, generator, *pools):
        n_rows = math.prod(shape[:-1])
        row, roll = (
            torch.randint(high, (n_rows,), generator=generator, device="cpu")
            for high in (self.size, self.n_freqs)
        )
        row, roll = row.to(self._real.device), roll.to(self._real.device)
        windows = (pool.unfold(-1, self.n_freqs, 1) for pool in pools)
        return [window[row, roll].view(shape) for window in windows]

    def draw_powers(self, shape, generator):
        """Return mean periodograms of white noise of density 1.

        Parameters
        ----------
        shape : tuple of int
            The last one is `n_freqs`.

        generator : torch.Generator on the CPU

        Returns
        -------
        powers : Tensor of shape `shape`
        """
        return self._pick(shape, generator, self._powers)[0]

    def draw_amplitudes(self, shape, generator):
        """Return complex amplitudes of mean power 1 as real and imaginary parts.

        Parameters
        ----------
        shape : tuple of int
            The last one is `n_freqs`.

        generator : torch.Generator on the CPU

        Returns
        -------
        real, imag : Tensor of shape `shape`
        """
        return self._pick(shape, generator, self._real, self._imag)


def add_noise_to_powers(powers, density, n_averages, pool, generator):
    """Return spectra as if white noise had been added to the signals.

    The noise of K segments is the mean over them, which adds to the amplitude of the
    signal, and the deviations from it, which add their powers. For a signal that is
    steady over the segments this is the exact law.

    Parameters
    ----------
    powers : Tensor of shape (N, C, F)
        Welch spectra.

    density : Tensor of shape (N, C, F) or (N, C, 1)
        Expected power of the noise in each bin.

    n_averages : int
        Segments K that Welch's method averages.

    pool : NoisePool
        A pool of ``n_averages - 1`` periodograms.

    generator : torch.Generator on the CPU

    Returns
    -------
    noisy : Tensor of shape (N, C, F)
    """
    share = 1 / n_averages
    real, imag = pool.draw_amplitudes(powers.shape, generator)
    amplitude = (density * share).sqrt()
    noisy = (powers.sqrt() + amplitude * real).square() + (amplitude * imag).square()
    if n_averages > 1:
        deviations = pool.draw_powers(powers.shape, generator)
        noisy += (1 - share) * density * deviations
    return noisy


def draw_smooth_gains(n_rows, n_freqs, deviation_db, generator, like):
    """Return random gains that change smoothly along the axis, of mean 1.

    Parameters
    ----------
    n_rows, n_freqs : int

    deviation_db : float
        Standard deviation of the gains in dB.

    generator : torch.Generator on the CPU

    like : Tensor
        The gains have its dtype and device.

    Returns
    -------
    gains : Tensor of shape (n_rows, 1, n_freqs)
    """
    place = torch.linspace(0, math.pi, n_freqs, device="cpu")
    waves = torch.cos(place * torch.arange(1, 4, device="cpu")[:, None])  # (3, F)
    # The mean square of a wave is 1/2.
    weights = torch.randn(n_rows, 3, generator=generator, device="cpu") * (2 / 3) ** 0.5
    gains = (weights @ waves * (deviation_db * math.log(10) / 10)).exp()
    gains = gains / gains.mean(-1, keepdim=True)
    return gains[:, None].to(like)


def line_powers(n_rows, n_freqs, generator, like):
    """Return spectra of lines of power 1 at random frequencies, behind a Hann window.

    Parameters
    ----------
    n_rows, n_freqs : int

    generator : torch.Generator on the CPU

    like : Tensor
        The powers have its dtype and device.

    Returns
    -------
    powers : Tensor of shape (n_rows, 1, n_freqs)
        The sum over all bins is 1, except for lines at an end of the axis.
    """
    place = torch.rand(n_rows, 1, generator=generator, device="cpu") * (n_freqs - 1)
    nearest = place.round()
    beside = place - nearest
    beside = torch.where(beside.abs() < 1e-3, 1e-3, beside)  # not exactly on a bin
    distance = torch.arange(n_freqs, device="cpu") - nearest - beside
    # The transform of a Hann window is sin(pi d) / (pi d (1 - d^2)), and the square of
    # the sine is the same at all bins.
    window = distance * (1 - distance) * (1 + distance)
    lines = (torch.sin(math.pi * beside) / math.pi / window).square() / 1.5
    return lines[:, None].to(like)
