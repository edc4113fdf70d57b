"""Classical pipelines that a net has to beat."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_psd.scaling import MinMaxScale, PeakAlign
from sk_psd.spectral import FFTMagnitude, WelchPSD

__all__ = ["make_baselines"]


def make_baselines(psd=None, *, C=0.01):
    """Make logistic regressions on four descriptions of a signal.

    All start from raw signals. The spectra of channels are laid side by side for the
    regression. The last two do not change when a spectrum is rolled along its axis, so
    they are the fair ones to compare a shift-invariant net with.

    Parameters
    ----------
    psd : transformer, default=None
        From signals to spectra. None is ``WelchPSD(decibels=True)``. For complex
        signals pass ``WelchPSD(return_onesided=False, detrend=False, decibels=True)``,
        or the default detrend where they have an offset.

    C : float, default=0.01
        Inverse of the strength of the regularisation, for standardized features.

    Returns
    -------
    baselines : dict of str to Pipeline
        "logreg_psd": on the spectrum scaled to [0, 1]. "logreg_fft": on the FFT
        magnitude of the signal. "logreg_fft_of_psd": on the FFT magnitude of the
        spectrum. "logreg_aligned_psd": on the spectrum rolled to its peak.

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
        # A tighter tolerance costs ten times as much on thousands of features and
        # moves no accuracy by more than 0.03.
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
    """Return spectra with all axes but the first as one."""
    return X if np.ndim(X) == 2 else np.reshape(X, (len(X), -1))
