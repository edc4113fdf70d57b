"""Lists of signals of any length: the numbers of each signal alone."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from draws import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FFTMagnitude,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    Spectrogram,
    WelchPSD,
    _segment_transformer,
)

RNG = np.random.default_rng(0)
LENGTHS = [300, 64, 1000, 1000, 129]


def make_signals(lengths=LENGTHS, channels=(), is_complex=False, dtype="f8"):
    rows = [RNG.standard_normal((*channels, n)) for n in lengths]
    if is_complex:
        rows = [row + 1j * RNG.standard_normal(row.shape) for row in rows]
        dtype = {"f8": "c16", "f4": "c8"}[dtype]
    return [row.astype(dtype) for row in rows]


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("average", ["mean", "median"])
def test_a_list_equals_scipy_row_by_row(channels, is_complex, average):
    rows = make_signals(channels=channels, is_complex=is_complex)
    psd = WelchPSD(
        8e3, nperseg=64, return_onesided=not is_complex, average=average, detrend=False
    )
    found = psd.fit_transform(rows)
    np.testing.assert_array_equal(found, psd.transform(rows))
    keep = slice(None) if average == "mean" else slice(1, -1)  # see the docstring
    for row, values in zip(rows, found, strict=True):
        expected = signal.welch(
            row,
            8e3,
            nperseg=64,
            return_onesided=not is_complex,
            average=average,
            detrend=False,
        )[1]
        if is_complex:
            expected = np.fft.fftshift(expected, axes=-1)
        np.testing.assert_allclose(
            values[..., keep], expected[..., keep], rtol=1e-12, atol=1e-15
        )


@examples(100)
@given(st.data())
def test_each_row_has_the_bits_that_it_has_alone(data):
    is_complex = data.draw(st.booleans())
    lengths = data.draw(st.lists(st.integers(16, 400), min_size=1, max_size=9))
    if data.draw(st.booleans()):
        lengths = sorted(lengths) + lengths[-1:] * 3
    n_channels = data.draw(st.sampled_from([(), (2,)]))
    rows = make_signals(lengths, n_channels, is_complex, data.draw(st.just("f8")))
    dtype = data.draw(st.sampled_from("f8 f4 mixed i2".split()))
    if not is_complex and dtype == "mixed":
        rows = [r.astype("f4" if i % 2 else "f8") for i, r in enumerate(rows)]
    elif not is_complex and dtype == "i2":
        rows = [(1000 * row).astype("i2") for row in rows]
    elif dtype == "f4":
        rows = [row.astype("c8" if is_complex else "f4") for row in rows]
    silent = data.draw(st.integers(0, len(rows)))
    if silent < len(rows):
        rows[silent] = 0 * rows[silent]
    psd = WelchPSD(
        nperseg=16,
        return_onesided=not is_complex,
        decibels=data.draw(st.booleans()),
        range_db=data.draw(st.sampled_from(["auto", 20, None])),
        average=data.draw(st.sampled_from(["mean", "median"])),
        notch=data.draw(st.sampled_from([None, [0.25]])),
        nan_segments=data.draw(st.sampled_from(["raise", "omit"])),
        fmin=data.draw(st.sampled_from([None, 0.1])),
        n_jobs=data.draw(st.sampled_from([None, 2])),
    )
    if psd.nan_segments == "omit" and rows[-1].dtype.kind != "i":
        rows[-1][..., 0] = np.nan
        rows[-1] = np.concatenate([rows[-1], RNG.standard_normal(rows[-1].shape)], -1)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of silent signals
        found = psd.fit_transform(rows)
        fitted = clone(psd).fit(rows)
        assert vars(fitted).get("range_db_") == vars(psd).get("range_db_")
        assert vars(fitted).get("silent_level_") == vars(psd).get("silent_level_")
        assert np.array_equal(fitted.transform(rows), found)
        for row, values in zip(rows, found, strict=True):
            alone = psd.transform([row])[0]
            assert np.array_equal(alone, values.astype(alone.dtype))
        assert np.array_equal(psd.transform(tuple(rows)), found)
        assert np.array_equal(pickle.loads(pickle.dumps(psd)).transform(rows), found)
    if len(set(map(len, np.atleast_2d(rows[0])))) == 1 and len(set(lengths)) > 1:
        assert ("n_features_in_" in vars(psd)) == (
            len({row.shape[-1] for row in rows}) == 1
        )


def test_short_rows_are_stacked_in_runs(monkeypatch):
    rows = make_signals([50] * 7 + [60, 50, 50])
    expected = WelchPSD(nperseg=16).fit_transform(rows)
    for n_values in (1, 100, 150, 10**6):
        monkeypatch.setattr(_segment_transformer, "_RUN_VALUES", n_values)
        found = WelchPSD(nperseg=16).fit_transform(rows)
        np.testing.assert_array_equal(found, expected)


def test_a_list_of_one_length_is_an_array():
    rows = make_signals([200] * 5)
    for psd in (WelchPSD(), WelchPSD(nperseg=64, decibels=True), Spectrogram()):
        expected = psd.fit_transform(np.array(rows))
        attributes = vars(psd).copy()
        np.testing.assert_array_equal(clone(psd).fit_transform(rows), expected)
        np.testing.assert_array_equal(psd.fit(rows).transform(rows), expected)
        assert psd.n_features_in_ == 200 == attributes["n_features_in_"]


def test_a_fitted_one_takes_other_lengths_as_a_list_only():
    X, rows = np.array(make_signals([256] * 4)), make_signals([500, 100])
    psd = WelchPSD(nperseg=64).fit(X)
    assert psd.transform(rows).shape == (2, 33)
    assert psd.transform([rows[0], rows[0]]).shape == (2, 33)
    with pytest.raises(ValueError, match="X has 500 features, but .* expecting 256"):
        psd.transform(rows[0][None])
    with pytest.raises(ValueError, match="X has 500 features, but .* expecting 256"):
        psd.transform([rows[0].tolist()])
    unequal = WelchPSD(nperseg=64).fit(rows)
    assert not hasattr(unequal, "n_features_in_")
    np.testing.assert_array_equal(unequal.transform(X), psd.transform(X))
    unequal.fit(pd.DataFrame(X).add_prefix("t"))
    assert unequal.n_features_in_ == 256
    unequal.fit(rows)
    assert not {"n_features_in_", "feature_names_in_"} & set(vars(unequal))


def test_without_nperseg_unequal_lengths_are_refused():
    rows = make_signals()
    with pytest.raises(ValueError, match=r"from 64 to 1000 samples.*WelchPSD\(nperseg"):
        WelchPSD().fit(rows)
    psd = WelchPSD().fit(np.array(make_signals([256] * 4)))
    with pytest.raises(ValueError, match="fitted on 256 samples.*nperseg"):
        psd.transform(rows)
    with pytest.raises(ValueError, match="fitted on 256 samples.*nperseg"):
        psd.transform(rows[:1])
    assert WelchPSD(window=np.hanning(32)).fit_transform(rows).shape == (5, 17)
    with pytest.raises(ValueError, match=r"nperseg \(=65\) .* row 1 of X has n_times"):
        WelchPSD(nperseg=65).fit(rows)


def test_errors_name_the_row():
    rows = make_signals()
    rows[3][7] = np.nan
    for method in (WelchPSD(nperseg=32).fit, WelchPSD(nperseg=32).fit_transform):
        with pytest.raises(ValueError, match="contains NaN, first in row 3, column 7"):
            method(rows)
    with pytest.raises(ValueError, match=r"X\[0\] has shape \(300,\) and X\[1\] has"):
        WelchPSD(nperseg=32).fit([rows[0], rows[1][None]])
    stereo = [RNG.standard_normal((n, 2)) for n in (3000, 4000)]
    with pytest.raises(ValueError, match=r"pass x.T where time is the first axis"):
        WelchPSD(nperseg=32).fit(stereo)
    with pytest.raises(ValueError, match="Complex data not supported by WelchPSD"):
        WelchPSD(nperseg=32).fit([rows[0], rows[1] + 1j])
    with pytest.raises(ValueError, match="could not convert string"):
        WelchPSD(nperseg=32).fit([rows[0], np.full(64, "x", object)])
    with pytest.raises(ValueError, match="a minimum of 1|0 feature"):
        WelchPSD(nperseg=32).fit([rows[0], np.zeros(0)])


def test_spectrograms_of_a_list_have_one_number_of_frames():
    rows = make_signals([100, 103, 96])
    spectrogram = Spectrogram(nperseg=16)  # a frame every 8 samples
    found = spectrogram.fit_transform(rows)
    for row, values in zip(rows, found, strict=True):
        alone = Spectrogram(nperseg=16).fit_transform(row[None])[0]
        np.testing.assert_array_equal(values, alone)
    longer = [*rows, RNG.standard_normal(200)]
    for call in (spectrogram.transform, Spectrogram(nperseg=16).fit):
        with pytest.raises(ValueError, match=r"\(=11\). That of row 3 of X has 24"):
            call(longer)
    with pytest.raises(ValueError, match=r"\(=11\). That of row 0 of X has 24"):
        spectrogram.transform(RNG.standard_normal((2, 200)))


def test_other_estimators_name_the_remedy():
    rows = make_signals()
    for estimator in (FFTMagnitude(), MinMaxScale()):
        with pytest.raises(
            ValueError, match=r"WelchPSD\(nperseg=...\), .* cut_windows"
        ):
            estimator.fit(rows)


def test_memory_mapped_rows_tensors_and_cells_are_rows(tmp_path):
    rows = make_signals(dtype="f4")
    expected = WelchPSD(nperseg=32).fit_transform(rows)
    files = []
    for i, row in enumerate(rows):
        file = np.memmap(tmp_path / f"{i}.raw", "f4", "w+", shape=row.shape)
        file[:] = row
        files.append(file)
    cells = pd.Series(rows)
    tensors = [torch.from_numpy(row) for row in rows]
    for X in (files, cells, cells.to_numpy(), tensors):
        np.testing.assert_array_equal(WelchPSD(nperseg=32).fit_transform(X), expected)


def test_lists_pass_through_pipelines_and_cross_validation():
    y = np.arange(20) % 2
    rows = []
    for label in y:
        t = np.arange(RNG.integers(200, 400))
        rows.append(np.sin((0.5, 0.9)[label] * t) + RNG.standard_normal(len(t)))
    psd = WelchPSD(nperseg=64, decibels=True).set_output(transform="pandas")
    frame = psd.fit_transform(rows)
    assert isinstance(frame, pd.DataFrame) and frame.shape == (20, 33)
    net = GlobalPoolCNNClassifier(
        (4, 4), padding_mode="zeros", max_epochs=2, random_state=0
    )
    pipe = make_pipeline(WelchPSD(nperseg=64, decibels=True), MinMaxScale(), net)
    scores = cross_val_score(pipe, rows, y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()
    channels = make_signals([100, 200], (2,))
    assert psd.fit_transform(channels).shape == (2, 2, 33)
