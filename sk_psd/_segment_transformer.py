"""Base of the transformers of segments, WelchPSD and Spectrogram."""

import math
import warnings
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sk_psd._constraints import (
    Number,
    Options,
    StrOptions,
    WholeNumber,
    positive,
    rate,
)
from sk_psd._layout import check_signals
from sk_psd._notch import Notch
from sk_psd._numbers import as_int, as_rate
from sk_psd._pages import release_pages
from sk_psd._powers import SILENT_LEVEL, estimate_powers, name_row
from sk_psd._progress import advance, progress_bar
from sk_psd._segments import Segments
from sk_psd._signal_lists import as_signal_list, remember_lengths, split_into_runs
from sk_psd._transformer import Transformer
from sk_psd._validation import check_finite, check_rows

__all__ = ["SegmentTransformer", "segment_times"]

# Values of the spectra that `fit` computes at a time. It keeps none of them.
_FIT_VALUES = 2**22

# Values of the signals of a list that are copied into one array at a time.
_RUN_VALUES = 2**20

# The dynamic range "auto" reaches from the maximum of a spectrum down to this quantile
# of its levels, as the lowest level is chance, and at most so many dB. On recorded
# vibration with holes of 300 Hz the accuracy is .863 with it, .828 with the lowest
# level and .791 with the fixed range of 120 dB (seed 0, four loads).
_FLOOR_QUANTILE = 0.02
_LARGEST_RANGE = 80.0


def segment_times(segments, fs):
    """Return the time of the middle of each segment.

    Parameters
    ----------
    segments : Segments
        Plan of the segments.

    fs : float
        Sampling frequency, in Hz.

    Returns
    -------
    times : ndarray of shape (n_segments,)
        Times in seconds from the start of the signal.
    """
    middle = segments.nperseg / 2
    return (middle + segments.step * np.arange(segments.n_segments)) / as_rate(fs)


class SegmentTransformer(Transformer):
    """Base of the transformers of segments: parameters, checks and silent signals.

    A subclass with the parameter `average` returns one spectrum for each signal, and
    one without it a spectrum for each segment.
    """

    _parameter_constraints = {
        "fs": [rate()],
        "window": [str, tuple, Real, "array-like"],
        "nperseg": [WholeNumber(1), None],
        "noverlap": [WholeNumber(0), None],
        "nfft": [WholeNumber(1), None],
        "detrend": [
            StrOptions({"constant", "linear"}),
            Options(bool, {False}),
            callable,
        ],
        "return_onesided": ["boolean"],
        "scaling": [StrOptions({"density", "spectrum"})],
        "decibels": ["boolean"],
        "range_db": [StrOptions({"auto"}), positive(), None],
        "fmin": [Number(None, None), None],
        "fmax": [Number(None, None), None],
        "notch": [Real, "array-like", None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def _portable(self, state):
        # Plain values, so that a file names no type but that of the transformer.
        for name in ("_segments", "_notch"):
            if state.get(name) is not None:
                state[name] = dict(vars(state[name]))
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        for name, cls in (("_segments", Segments), ("_notch", Notch)):
            values = vars(self).get(name)
            if isinstance(values, dict):
                restored = cls.__new__(cls)
                vars(restored).update(values)
                setattr(self, name, restored)

    def fit(self, X, y=None):
        """Check the parameters and the signals and find the axes of the output.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, \
                n_times), or list of arrays
            Real signals, or complex ones with `return_onesided=False`. A list holds
            signals of shape (n_times,) or (n_channels, n_times). With `nperseg` they
            may have unequal lengths.

        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.
        """
        X = self._fit(X)
        limits = []
        with self._progress_bar(X, "fit"):
            for first, block, segments in self._blocks(X, in_parts=True):
                if self.decibels:
                    # Two numbers are learned of each spectrum, which is not kept.
                    result, silent = self._estimate(block, segments, first)
                    limits.append(_find_limits(result, silent))
                else:
                    omit_nan = self._omits_nan()
                    check_finite(self, block, omit_nan=omit_nan, first=(first, 0))
                    advance(self._count_segments(block), "segment")
        if self.decibels:
            self._learn_levels(np.concatenate(limits, axis=1))
        return self

    def fit_transform(self, X, y=None):
        """Fit to X and transform it. The spectra are computed once.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_times) or (n_samples, n_channels, \
                n_times), or list of arrays
            Real signals, or complex ones with `return_onesided=False`. A list holds
            signals of shape (n_times,) or (n_channels, n_times). With `nperseg` they
            may have unequal lengths.

        y : None
            Ignored.

        Returns
        -------
        psd : ndarray of shape (n_samples, ...)
            The result of `transform` for X.
        """
        X = self._fit(X)
        with self._progress_bar(X, "fit_transform"):
            found = self._estimate_all(X)
        if self.decibels:
            limits = [_find_limits(*block) for block in found]
            self._learn_levels(np.concatenate(limits, axis=1))
        return self._finish_all(found)

    def _fit(self, X):
        """Set all fitted attributes but those of levels, and return X checked."""
        self._validate_params()
        X = self._check(X, reset=True)
        if isinstance(X, list):
            for row in X:
                check_signals(type(self).__name__, row[None])
        else:
            check_signals(type(self).__name__, X)
            release_pages(X)
        self._n_times = X[0].shape[-1]
        self._segments = self._plan(self._n_times)
        self.freqs_ = self._segments.freqs
        self._notch = None
        if self.notch is not None:
            self._notch = Notch(
                self.notch,
                self.freqs_,
                fs=as_rate(self.fs),
                window=self._segments.window,
                onesided=self.return_onesided,
            )
        return X

    def _plan(self, n_times):
        """Return the plan of the segments of signals of one length."""
        return Segments(
            n_times,
            self.fs,
            window=self.window,
            nperseg=self.nperseg,
            noverlap=self.noverlap,
            nfft=self.nfft,
            detrend=self.detrend,
            return_onesided=self.return_onesided,
            scaling=self.scaling,
            fmin=self.fmin,
            fmax=self.fmax,
            omit_nan=self._omits_nan(),
        )

    def _check(self, X, reset):
        """Return X as an array or a Tensor, or as a list of arrays."""
        rows = as_signal_list(X)
        if rows is None:
            return self._check_rows(X, reset)
        for i, row in enumerate(rows):
            if not row.size or row.dtype.kind not in "biufc":
                rows[i] = self._check_rows(row[None], reset=None)[0]
        self._check_lengths(rows, reset)
        return rows

    def _check_rows(self, X, reset):
        # NaN and infinity are looked for in the powers, see `_estimate`.
        return check_rows(
            self,
            X,
            reset=reset,
            allow_tensor=True,
            in_parts=True,
            allow_complex=not self.return_onesided,
            complex_hint=" with return_onesided=True: use return_onesided=False",
        )

    def _check_lengths(self, rows, reset):
        """Check the lengths of the signals of a list, and remember a common one."""
        name, nperseg = type(self).__name__, self.nperseg
        lengths = [row.shape[-1] for row in rows]
        if nperseg is None and _is_array(self.window):
            nperseg = len(self.window)
        known = lengths[0] if reset else getattr(self, "n_features_in_", None)
        if nperseg is None and set(lengths) != {known}:
            found = f"from {min(lengths)} to {max(lengths)} samples"
            fitted = "" if reset else f" and {name} was fitted on {known} samples"
            raise ValueError(
                f"The signals of X have unequal lengths ({found}){fitted}. Their "
                f"spectra have the same frequencies only with a given nperseg: pass "
                f"{name}(nperseg=...), at most the length of the shortest signal."
            )
        if nperseg is not None and min(lengths) < as_int(nperseg):
            i = int(np.argmin(lengths))
            raise ValueError(
                f"nperseg (={nperseg}) must not exceed the length of any signal, and "
                f"row {i} of X has n_times = {lengths[i]} samples. Choose a shorter "
                "nperseg, leave this signal out or pad it with zeros."
            )
        if reset:
            remember_lengths(self, rows)

    def _transform(self, X):
        """Check X and return its spectra."""
        check_is_fitted(self)
        X = self._check(X, reset=False)
        with self._progress_bar(X, "transform"):
            found = self._estimate_all(X)
        return self._finish_all(found)

    def _progress_bar(self, X, method):
        """Show a bar over the segments of X with `verbose`, see `progress_bar`."""
        n = sum(map(self._count_segments, X if isinstance(X, list) else [X]))
        title = f"{type(self).__name__}.{method}"
        return progress_bar(n, unit="segment", title=title, verbose=self.verbose)

    def _count_segments(self, signals):
        """Return the number of segments of signals of any shape (..., n_times)."""
        *shape, n_times = signals.shape
        return math.prod(shape) * self._segments.count(n_times)

    def _blocks(self, X, in_parts=False):
        """Yield signals of one length at a time.

        Parameters
        ----------
        X : ndarray, Tensor or list of ndarray

        in_parts : bool, default=False
            Whether to yield an array in parts, as their results are not kept.

        Yields
        ------
        first_row : int
            Index in X of the first signal.

        block : ndarray or Tensor of shape (n_signals, [n_channels,] n_times)

        segments : Segments
        """
        plans = {self._n_times: self._segments}

        def find_plan(n_times):
            if n_times not in plans:
                plans[n_times] = self._plan(n_times)
            return plans[n_times]

        if isinstance(X, list):
            for rows in split_into_runs(X, _RUN_VALUES):
                run = X[rows]
                block = run[0][None] if len(run) == 1 else np.stack(run)
                block = self._check_rows(block, reset=None)
                segments = find_plan(block.shape[-1])
                self._check_frames(segments, rows.start)
                yield rows.start, block, segments
                for row in run:
                    release_pages(row)
            return
        segments = find_plan(X.shape[-1])
        self._check_frames(segments, 0)
        n_rows = len(X)
        if in_parts:
            n_frames = segments.n_segments if self._average() is None else 1
            n_values = len(self.freqs_) * n_frames * math.prod(X.shape[1:-1])
            n_rows = max(1, _FIT_VALUES // n_values)
        for first in range(0, len(X), n_rows):
            yield first, X[first : first + n_rows], segments

    def _check_frames(self, segments, row):
        """Raise an error if a spectrogram has another number of frames than others."""
        expected = self._segments.n_segments
        if self._average() is None and segments.n_segments != expected:
            raise ValueError(
                f"All spectrograms must have as many frames as the first one seen in "
                f"fit (={expected}). That of row {row} of X has {segments.n_segments}. "
                "Cut signals of unequal lengths into windows first, by cut_windows or "
                "WindowedClassifier."
            )

    def _estimate_all(self, X):
        """Return powers or levels and a mask of silent signals, for each block of X."""
        return [
            self._estimate(block, segments, first)
            for first, block, segments in self._blocks(X)
        ]

    def _average(self):
        """Return the average over the segments, or None to keep each of them."""
        return getattr(self, "average", None)

    def _omits_nan(self):
        return getattr(self, "nan_segments", None) == "omit"

    def _estimate(self, X, segments, first_row):
        """Return powers or levels, and a mask of the signals without power.

        Parameters
        ----------
        X : ndarray or Tensor of shape (n_samples, [n_channels,] n_times)
            Checked signals. They may hold NaN and infinity, which are errors here.
            Most show in the powers, which are fewer numbers than the samples.

        segments : Segments
            Plan of the segments of signals of this length.

        first_row : int
            Index of the first row of X, for messages.

        Returns
        -------
        result : ndarray or Tensor of shape (n_samples, [n_channels,] n_freqs, ...)

        silent : bool ndarray of shape (n_samples, [n_channels])
        """

        def check(X, first_sample=0):
            first = first_row, first_sample
            check_finite(self, X, omit_nan=self._omits_nan(), first=first)

        average = self._average()
        result, silent = estimate_powers(
            X,
            segments,
            average,
            self.n_jobs,
            levels=self.decibels,
            check=check,
            notch=self._notch,
            first_row=first_row,
        )
        # Samples after the last segment show in no power.
        stop = segments.step * (segments.n_segments - 1) + segments.nperseg
        if stop < X.shape[-1]:
            check(X[..., stop:], stop)
        self._refuse_not_finite(result, first_row)
        empty = segments.empty_bin
        if self.decibels and empty is not None and len(self.freqs_) > 1:
            levels = result if average is None else result[..., None]
            beside = [i for i in (empty - 1, empty + 1) if 0 <= i < len(self.freqs_)]
            levels[..., empty, :] = levels[..., beside, :].mean(-2)
        return result, silent

    def _refuse_not_finite(self, result, first_row):
        """Raise an error if a result is not finite. X holds no infinity here."""
        xp = torch if isinstance(result, torch.Tensor) else np
        if xp.isfinite(result).all():
            return
        place = np.nonzero(np.asarray((~xp.isfinite(result)).tolist()))
        n_axes = result.ndim - (2 if self._average() is None else 1)
        row = name_row(place[:n_axes], first_row=first_row)
        if self._omits_nan() and xp.isnan(result).any():
            raise ValueError(
                f"Input X contains NaN in every segment of {row}: there is nothing to "
                "average. Leave this signal out or choose a shorter nperseg."
            )
        raise ValueError(
            f"The powers of X are not finite, although X is: look at {row}, at fs and "
            "at what detrend returns."
        )

    def _learn_levels(self, limits):
        """Set the dynamic range, and the level of a signal without power.

        Parameters
        ----------
        limits : ndarray of shape (3, n_signals)
            Lowest level, floor and highest level of each signal, NaN for signals
            without power.
        """
        low, floor, high = limits[:, ~np.isnan(limits[0])]
        self.range_db_ = self.range_db
        if self.range_db == "auto":
            self.range_db_ = None
            if len(low):
                span = float(np.median(high - floor))
                # Constant spectra have no range, and nothing to cut.
                self.range_db_ = min(span, _LARGEST_RANGE) or None
        if self.range_db_ is not None:
            self.range_db_ = float(self.range_db_)
            low = np.maximum(low, high - self.range_db_)
        self.silent_level_ = SILENT_LEVEL
        if len(low):
            # A low floor of the other signals.
            self.silent_level_ = float(np.quantile(low, 0.1))

    def _finish_all(self, found):
        """Return the powers, or the levels in their range, of all blocks as one array.

        Each block by itself, as the types of their numbers may differ.
        """
        for result, silent in found:
            if self.decibels:
                self._cut_levels(result)
                _fill(result, silent, self.silent_level_)
        if len(found) == 1:
            result, silent = found[0]
        else:
            results, masks = zip(*found, strict=True)
            result, silent = np.concatenate(results), np.concatenate(masks)
        self._warn_of_silent(silent)
        return result

    def _cut_levels(self, result):
        """Cut levels at the dynamic range below the maximum of each spectrum."""
        if self.range_db_ is not None:
            xp = torch if isinstance(result, torch.Tensor) else np
            axes = (-1,) if self._average() is not None else (-2, -1)
            top = xp.amax(result, axis=axes, keepdims=True)
            xp.maximum(result, top - self.range_db_, out=result)

    def _warn_of_silent(self, silent):
        """Warn of signals without power."""
        if silent.any():
            place = np.nonzero(silent)
            level = "Their powers are 0."
            if self.decibels:
                level = (
                    f"Their level is {self.silent_level_:.1f} dB at all frequencies."
                )
            where = " in most segments" if self._average() == "median" else ""
            warnings.warn(
                f"{type(self).__name__}: {silent.sum()} of {silent.size} signals hold "
                f"no power, the first is {name_row(place)}. These signals are zero"
                f"{where}, or detrend subtracts all that they hold. {level}",
                stacklevel=4,
            )


def _fill(result, silent, level):
    """Write a level to all frequencies of the signals without power."""
    if silent.any():
        index = np.nonzero(silent)
        if isinstance(result, torch.Tensor):
            index = tuple(torch.from_numpy(p).to(result.device) for p in index)
        result[index] = level


def _is_array(window):
    """Say whether a window is given value by value, and not by a name."""
    return not isinstance(window, (str, tuple, Real))


def _find_limits(levels, silent):
    """Return the lowest level, the floor and the highest level of each signal.

    Parameters
    ----------
    levels : ndarray or Tensor of shape (n_samples, [n_channels,] n_freqs[, n_frames])

    silent : bool ndarray of shape (n_samples, [n_channels])

    Returns
    -------
    limits : ndarray of shape (3, n_signals)
        NaN for signals without power.
    """
    levels = levels.reshape(silent.size, -1)
    rank = int(_FLOOR_QUANTILE * (levels.shape[1] - 1))
    if isinstance(levels, torch.Tensor):
        floor = levels.kthvalue(rank + 1, 1).values
        limits = torch.stack([levels.amin(1), floor, levels.amax(1)]).cpu().numpy()
    else:
        floor = np.partition(levels, rank, axis=1)[:, rank]
        limits = np.stack([levels.min(axis=1), floor, levels.max(axis=1)])
    return np.where(silent.ravel(), np.nan, limits)
