"""Names of columns that are frequencies: writing and reading them."""

import re

import numpy as np
from sklearn.utils.validation import check_is_fitted

__all__ = ["FrequencyNames", "read_frequencies", "write_names"]


def write_names(freqs, prefix, unit):
    """Return a name for each frequency, such as "psd_1250.0Hz".

    Parameters
    ----------
    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order. The first step is the smallest one.

    prefix, unit : str
        Text before and after the number.

    Returns
    -------
    names : ndarray of str objects
        The numbers have at least one decimal, and enough decimals to differ.
    """
    step = freqs[1] - freqs[0] if len(freqs) > 1 else 1.0
    step = step if step > 0 else np.spacing(np.abs(freqs).max())
    decimals = max(1, 2 - int(np.floor(np.log10(step))))
    return np.array([f"{prefix}{f:.{decimals}f}{unit}" for f in freqs], dtype=object)


def read_frequencies(names):
    """Return the frequencies in Hz that the names of columns hold, or None.

    Parameters
    ----------
    names : array-like of str or None
        Names of columns, as written by `write_names` with the prefix "psd_" and the
        unit "Hz". A ColumnTransformer may have put its own prefix before them.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,) or None
        Frequencies in ascending order, equally spaced. None without names, or if a
        name holds no frequency.

    Raises
    ------
    ValueError
        If all names hold a frequency, but some columns are missing or in another order.
    """
    if names is None:
        return None
    found = [re.fullmatch(r"(?:.*__)?psd_(-?\d+\.\d+)Hz", str(name)) for name in names]
    if not all(found):
        return None
    freqs = np.array([float(match[1]) for match in found])
    # The names are rounded. The first and the last one give a step with less error.
    exact = np.linspace(freqs[0], freqs[-1], len(freqs))
    step = (freqs[-1] - freqs[0]) / max(1, len(freqs) - 1)
    if step <= 0 or not np.allclose(freqs, exact, rtol=0, atol=0.02 * step):
        raise ValueError(
            "Columns named by their frequencies must be equally spaced and ascending, "
            f"without gaps. Got {len(freqs)} columns from {names[0]!r} to "
            f"{names[-1]!r}. Keep all columns of WelchPSD, or choose fmin and fmax."
        )
    return exact


class FrequencyNames:
    """Mixin of transformers whose output columns are frequencies.

    A subclass has the attributes `freqs_`, `_name_prefix` and `_name_unit`.
    """

    def get_feature_names_out(self, input_features=None):
        """Return a name for each frequency, such as "psd_1250.0Hz" or "fft_0.125".

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str objects
            The numbers have at least one decimal, and enough decimals to differ.
        """
        check_is_fitted(self)
        return write_names(self.freqs_, self._name_prefix, self._name_unit)
