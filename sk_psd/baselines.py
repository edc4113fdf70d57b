"""Pipelines of logistic regression to compare a net with."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_psd.scaling import MinMaxScale, PeakAlign
from sk_psd.spectral import FFTMagnitude, WelchPSD

__all__ = ["make_baselines"]


def make_baselines(psd=None, *, C=0.01):
    """Make four pipelines that end in a logistic regression.

    All of them start from raw signals and differ in the features of a signal. The
    spectra of several channels are concatenated. The features of the last two pipelines
    do not change when a spectrum is rolled along its axis. These two are the fair
    comparison for a shift-invariant net.

    Parameters
    ----------
    psd : transformer, default=None
        Transformer from signals to spectra. None is ``WelchPSD(decibels=True)``. For
        complex signals pass ``WelchPSD(return_onesided=False, detrend=False,
        decibels=True)``, or leave out `detrend` if they have an offset.

    C : float, default=0.01
        Inverse of the strength of the regularization, for standardized features.

    Returns
    -------
    baselines : dict of str to Pipeline
        By the features: "logreg_psd", the spectrum scaled to [0, 1]; "logreg_fft", the
        FFT magnitude of the signal; "logreg_fft_of_psd", the FFT magnitude of the
        spectrum; "logreg_aligned_psd", the spectrum rolled to its peak.

    Raises
    ------
    ValueError
        If `psd` is not a transformer.

    Examples
    --------
    >>> from sk_psd import make_baselines
    >>> list(make_baselines())
    ['logreg_psd', 'logreg_fft', 'logreg_fft_of_psd', 'logreg_aligned_psd']
    """
    psd = WelchPSD(decibels=True) if psd is None else psd
    if isinstance(psd, type) or not hasattr(psd, "transform"):
        raise ValueError(
            "psd must be a transformer from signals to spectra, such as WelchPSD(). "
            f"Got {psd!r} instead."
        )

    def pipeline(*steps):
        # On thousands of features the default tolerance takes ten times as long and
        # changes no accuracy by more than 0.03.
        classifier = LogisticRegression(C=C, tol=1e-3, max_iter=1000)
        flat = FunctionTransformer(_flatten)
        return make_pipeline(*map(clone, steps), flat, StandardScaler(), classifier)

    scaled = psd, MinMaxScale()
    return {
        "logreg_psd": pipeline(*scaled),
        "logreg_fft": pipeline(FFTMagnitude(), MinMaxScale()),
        "logreg_fft_of_psd": pipeline(*scaled, FFTMagnitude()),
        "logreg_aligned_psd": pipeline(*scaled, PeakAlign()),
    }


def _flatten(X):
    """Return spectra of shape (n_samples, ..., n_freqs) as one row for each sample."""
    return X if np.ndim(X) == 2 else np.reshape(X, (len(X), -1))
