"""Arrays carry the frequencies of their columns, and are normal arrays otherwise."""

import copy
import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_psd import (
    ConvFilter,
    GlobalPoolCNNClassifier,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    Spectrogram,
    WelchPSD,
    shift_curve,
)
from sk_psd._frequency_axis import FrequencyArray, frequencies_of, with_frequencies
from sk_psd.resampling import log_frequency

FS = 8000.0
FREQS = np.arange(4.0) + 100
X = with_frequencies(np.arange(12.0).reshape(3, 4), FREQS)
CUBE = with_frequencies(np.arange(24.0).reshape(2, 3, 4), FREQS)


def signals(n_channels=None, dtype=np.float32):
    shape = (6, 4096) if n_channels is None else (6, n_channels, 4096)
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


KEPT = {
    "a row": lambda X: X[1],
    "rows": lambda X: X[1:],
    "rows by number": lambda X: X[[2, 0], ...],
    "rows by mask": lambda X: X[np.array([True, False, True])],
    "taken": lambda X: np.take(X, [0, 2], axis=0),
    "all": lambda X: X[:, :],
    "new axis": lambda X: X[:, None],
    "levels": lambda X: 10 * np.log10(X + 1),
    "clipped": lambda X: X.clip(1, 5),
    "without NaN": lambda X: np.nan_to_num(X),
    "single": lambda X: X.astype(np.float32),
    "copy": lambda X: X.copy(),
    "deep copy": copy.deepcopy,
    "pickle": lambda X: pickle.loads(pickle.dumps(X)),
    "channels": lambda X: X.reshape(3, 1, 4),
    "difference": lambda X: X - with_frequencies(np.ones(4), FREQS),
    "parts": lambda X: np.modf(X)[1],
}
DROPPED = {
    "some columns": lambda X: X[:, 1:],
    "one column": lambda X: X[:, 0],
    "reversed": lambda X: X[:, ::-1],
    "by number": lambda X: X[..., [3, 2, 1, 0]],
    "by mask": lambda X: X[np.ones((3, 4), bool)],
    "mean": lambda X: X.mean(axis=1),
    "mean of rows": lambda X: X.mean(axis=0),
    "transposed": lambda X: X.T,
    "asarray": np.asarray,
    "product": lambda X: X @ np.eye(4),
    "other": lambda X: X - with_frequencies(np.ones(4), FREQS + 1),
    "outer": lambda X: np.multiply.outer(X[0], X[0]),
}


@pytest.mark.parametrize("change", KEPT.values(), ids=KEPT)
def test_rows_copies_and_arithmetic_keep_the_frequencies(change):
    np.testing.assert_array_equal(frequencies_of(change(X)), FREQS)
    np.testing.assert_array_equal(change(X), change(np.asarray(X)))


@pytest.mark.parametrize("change", DROPPED.values(), ids=DROPPED)
def test_other_columns_have_no_frequencies(change):
    assert frequencies_of(change(X)) is None
    np.testing.assert_array_equal(change(X), change(np.asarray(X)))


def test_channels_are_chosen_without_a_loss():
    assert frequencies_of(CUBE[:, 0]) is not None
    assert frequencies_of(CUBE[:, ::-1]) is not None
    assert frequencies_of(CUBE[0, 1]) is not None
    assert frequencies_of(CUBE[..., ::-1]) is None
    assert frequencies_of(CUBE[:, :, ::-1]) is None
    assert frequencies_of(np.swapaxes(CUBE, 1, 2)) is None


def test_arithmetic_in_place_keeps_the_frequencies_and_the_memory():
    values = np.ones((3, 4))
    changed = with_frequencies(values, FREQS)
    changed *= 2
    np.add(changed, 1, out=changed)
    assert frequencies_of(changed) is FREQS and (values == 3).all()


def test_numbers_of_such_an_array_are_numbers():
    for number in (X.sum(), X.max(), X[0, 0], X.mean(), X.argmax(), np.median(X)):
        assert type(number) is type(number + 0) and np.ndim(number) == 0
        assert not isinstance(number, np.ndarray)


def test_torch_takes_such_an_array_without_a_copy():
    values = np.zeros((3, 4))
    torch.from_numpy(with_frequencies(values, FREQS))[0, 0] = 5
    assert values[0, 0] == 5


def test_joblib_keeps_the_frequencies(tmp_path):
    joblib.dump(X, tmp_path / "X.joblib")
    loaded = joblib.load(tmp_path / "X.joblib")
    np.testing.assert_array_equal(frequencies_of(loaded), FREQS)
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(frequencies_of)(X) for _ in "ab")
    np.testing.assert_array_equal(found, [FREQS, FREQS])


def test_a_tensor_carries_them_until_it_is_computed_with():
    tensor = with_frequencies(torch.zeros(3, 4), FREQS)
    assert frequencies_of(tensor) is FREQS
    assert frequencies_of(tensor + 1) is None and frequencies_of(tensor[:, :2]) is None


def test_an_axis_of_another_length_is_not_carried():
    assert frequencies_of(with_frequencies(np.zeros((3, 5)), FREQS)) is None
    assert with_frequencies("text", FREQS) == "text"


PLAIN = [dict(), dict(nperseg=512), dict(fmin=0.0), dict(nfft=1000)]
CUT = [
    dict(fmin=100.0),
    dict(fmax=3000.0),
    dict(fmin=500.0, fmax=2000.0),
    dict(return_onesided=False),
    dict(nperseg=255),
]


@pytest.mark.parametrize("params", PLAIN, ids=str)
def test_a_whole_axis_is_returned_as_a_plain_array(params):
    psd = WelchPSD(fs=FS, **params)
    assert type(psd.fit_transform(signals())) is np.ndarray
    assert type(psd.transform(signals())) is np.ndarray


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_channels", [None, 2])
@pytest.mark.parametrize("params", CUT, ids=str)
def test_welch_hands_the_frequencies_of_another_axis_on(params, n_channels, dtype):
    psd, X = WelchPSD(fs=FS, **params), signals(n_channels, dtype)
    for spectra in (psd.fit_transform(X), psd.transform(X)):
        assert isinstance(spectra, FrequencyArray) and spectra.dtype == dtype
        np.testing.assert_array_equal(frequencies_of(spectra), psd.freqs_)
        for step in (
            MinMaxScale(),
            RandomFreqShift(2, random_state=0),
            ConvFilter("moving_average", kernel_size=3),
        ):
            for result in (step.fit_transform(spectra), step.transform(spectra)):
                np.testing.assert_array_equal(frequencies_of(result), psd.freqs_)
            plain = clone(step).fit_transform(np.asarray(spectra))
            np.testing.assert_array_equal(clone(step).fit_transform(spectra), plain)
        assert frequencies_of(PeakAlign().fit_transform(spectra)) is None
    frames = Spectrogram(fs=FS, nperseg=64).fit_transform(X)
    assert type(MinMaxScale(per="spectrogram").fit_transform(frames)) is np.ndarray


def test_a_filter_with_a_stride_hands_on_the_frequencies_of_its_values():
    spectra = WelchPSD(fs=FS, fmin=100.0).fit_transform(signals())
    freqs = frequencies_of(spectra)
    kept = ConvFilter(kernel_size=3, stride=2).fit_transform(spectra)
    np.testing.assert_array_equal(frequencies_of(kept), freqs[::2])
    for params in (dict(mode="valid"), dict(mode="full"), dict(kernel_size=999)):
        assert frequencies_of(ConvFilter(**params).fit_transform(spectra)) is None


RATES = [8000, np.int16(8000), np.float32(8000), np.array([[8000]]), np.array(8000.0)]


@pytest.mark.parametrize("fs", RATES, ids=lambda fs: str(type(fs)))
@pytest.mark.parametrize("n_channels", [None, 2])
def test_with_fs_all_is_in_hertz_without_names(fs, n_channels):
    psd = WelchPSD(fs=FS, nperseg=512)
    log = LogFrequency(9, fs=fs, fmin=200.0, fmax=3200.0)
    pipe = make_pipeline(psd, log).fit(signals(n_channels))
    np.testing.assert_allclose(log.freqs_, np.geomspace(200, 3200, 9))
    names = pipe.get_feature_names_out()
    assert names[[0, -1]].tolist() == ["psd_200.0Hz", "psd_3200.0Hz"]
    spectra = psd.transform(signals(n_channels))
    expected = log_frequency(spectra, psd.freqs_, log.freqs_)
    np.testing.assert_array_equal(pipe.transform(signals(n_channels)), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("params", [p for p in CUT if "return_onesided" not in p])
def test_a_logarithmic_axis_after_a_cut_one_is_that_of_the_frequencies(params, dtype):
    X = signals(dtype=dtype)
    psd, log = WelchPSD(fs=FS, **params), LogFrequency(9, fs=FS)
    found = make_pipeline(psd, MinMaxScale(), log).fit_transform(X)
    assert type(found) is np.ndarray and found.dtype == dtype
    freqs = psd.freqs_[psd.freqs_ > 0]
    np.testing.assert_allclose(log.freqs_, np.geomspace(freqs[0], freqs[-1], 9))
    spectra = np.asarray(MinMaxScale().fit_transform(psd.transform(X)))
    expected = log_frequency(spectra, psd.freqs_, log.freqs_)
    np.testing.assert_array_equal(found, expected)
    named = make_pipeline(psd, MinMaxScale(), LogFrequency(9))
    frame = named.set_output(transform="pandas").fit_transform(X)
    np.testing.assert_allclose(named[-1].freqs_, log.freqs_, rtol=1e-3)
    np.testing.assert_allclose(frame.to_numpy(), found, atol=1e-2)


def test_without_fs_a_cut_axis_is_refused_and_one_from_0_is_in_bins():
    spectra = WelchPSD(fs=FS, fmin=100.0).fit_transform(signals())
    with pytest.raises(ValueError, match="first column .* 125 Hz. .* Pass fs=..., the"):
        LogFrequency().fit(spectra)
    spectra = WelchPSD(fs=FS, fmax=2000.0).fit_transform(signals())
    log = LogFrequency(7).fit(spectra)
    np.testing.assert_allclose(log.freqs_, 2.0 ** np.arange(7))
    log.transform(spectra)


@pytest.mark.parametrize("fs", [None, FS])
def test_a_two_sided_axis_is_refused(fs):
    spectra = WelchPSD(fs=FS, return_onesided=False).fit_transform(signals())
    with pytest.raises(ValueError, match="one-sided .* starts at -4000.0 Hz. Use"):
        LogFrequency(fs=fs).fit(spectra)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_a_sampling_frequency_that_contradicts_the_axis_is_refused(output):
    psd = WelchPSD(fs=FS, fmin=100.0).set_output(transform=output)
    spectra = psd.fit_transform(signals())
    with pytest.raises(ValueError, match=r"fs \(=2000\) contradicts .* 4000 Hz: .*="):
        LogFrequency(fs=2000).fit(spectra)
    LogFrequency(8, fs=FS).fit(spectra)


def test_names_win_over_the_sampling_frequency():
    psd = WelchPSD(fs=FS, fmin=1000.0).set_output(transform="pandas")
    log = LogFrequency(4, fs=FS).fit(psd.fit_transform(signals()))
    np.testing.assert_allclose(log.freqs_[[0, -1]], [1000, 4000])


def test_other_frequencies_than_those_of_fit_are_refused():
    low = WelchPSD(fs=FS, fmin=100.0, fmax=3000.0).fit_transform(signals())
    high = WelchPSD(fs=FS, fmin=1000.0, fmax=3900.0).fit_transform(signals())
    log = LogFrequency(4, fs=FS).fit(low)
    with pytest.raises(ValueError, match="1000 to 3875 Hz, but .* 125 to 3000 Hz. Tr"):
        log.transform(high[:, : low.shape[1]] if len(high.T) > len(low.T) else high)
    in_bins = LogFrequency(4).fit(np.asarray(low))
    with pytest.raises(ValueError, match="125 to 3000 Hz, but .* from 0 to 92 bins"):
        in_bins.transform(low)
    np.testing.assert_array_equal(log.transform(low), log.transform(np.asarray(low)))


def test_a_foreign_step_drops_the_frequencies_and_names_bring_them_back():
    psd = WelchPSD(fs=FS, fmin=1000.0)
    pipe = make_pipeline(psd, StandardScaler(), LogFrequency(4, fs=FS))
    pipe.fit(signals())
    assert pipe[-1].freqs_[0] < 100  # taken for a whole axis
    pipe = clone(pipe).set_output(transform="pandas").fit(signals())
    np.testing.assert_allclose(pipe[-1].freqs_[[0, -1]], [1000, 4000])
    pipe = make_pipeline(psd, FunctionTransformer(np.log10), LogFrequency(4, fs=FS))
    np.testing.assert_allclose(pipe.fit(signals())[-1].freqs_[[0, -1]], [1000, 4000])


def test_a_pipeline_with_a_cache_finds_the_same_axis(tmp_path):
    steps = WelchPSD(fs=FS, fmin=1000.0), MinMaxScale(), LogFrequency(8, fs=FS)
    y = np.arange(6) % 2
    results = []
    for memory in (None, str(tmp_path), str(tmp_path)):
        pipe = make_pipeline(*map(clone, steps), LogisticRegression(), memory=memory)
        results.append(pipe.fit(signals(), y).predict_proba(signals()))
        np.testing.assert_allclose(pipe[2].freqs_[[0, -1]], [1000, 4000])
    np.testing.assert_array_equal(results[1], results[0])
    np.testing.assert_array_equal(results[2], results[0])


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_folds_of_spectra_keep_their_axis(n_jobs):
    spectra = WelchPSD(fs=FS, fmin=1000.0).fit_transform(signals())
    model = make_pipeline(LogFrequency(8, fs=FS, fmin=1000.0), LogisticRegression())
    y = np.arange(6) % 2
    scores = cross_val_score(
        model, spectra, y, cv=2, n_jobs=n_jobs, error_score="raise"
    )
    assert np.isfinite(scores).all()
    model.set_params(logfrequency__fs=None)
    with pytest.raises(ValueError, match="Pass fs"):
        cross_val_score(model, spectra, y, cv=2, error_score="raise")


def test_a_net_learns_and_is_measured_behind_a_cut_logarithmic_axis():
    X, y = signals(), np.arange(6) % 2
    net = GlobalPoolCNNClassifier((2, 2), max_epochs=1, random_state=0)
    log = LogFrequency(64, fs=FS, fmin=1000.0)
    psd = WelchPSD(fs=FS, fmin=1000.0)
    whole = make_pipeline(psd, log, MinMaxScale(), net).fit(X, y)
    spectra = psd.transform(X)
    np.testing.assert_array_equal(whole.predict(X), whole[1:].predict(spectra))
    curve = shift_curve(whole[1:], spectra, y, shifts=[0, 3], domain="spectrum")
    assert curve.scores[0] == whole.score(X, y)
    shift_curve(whole, X, y, shifts=[0, 3])


@pytest.mark.parametrize("fs", [None, FS])
def test_a_model_that_starts_with_a_logarithmic_axis_takes_spectra(fs):
    spectra = WelchPSD(fs=FS).fit_transform(signals())
    y = np.arange(6) % 2
    model = make_pipeline(LogFrequency(8, fs=fs), LogisticRegression()).fit(spectra, y)
    curve = shift_curve(model, spectra, y, shifts=[0, 3])
    expected = shift_curve(model, spectra, y, shifts=[0, 3], domain="spectrum")
    np.testing.assert_array_equal(curve.scores, expected.scores)
