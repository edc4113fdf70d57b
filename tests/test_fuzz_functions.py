"""Random calls of functions: a finite result as documented, or a clear error."""

import inspect
import math
import os
from functools import cache

import numpy as np
import onnx
import pytest
import torch
from draws import (
    RATES,
    WRONG,
    as_bits,
    attempt,
    examples,
    inputs,
    maybe_wrong,
)
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from test_fuzz import FEW, FLAGS, KERNELS, ROWS, SEGMENTS, SIZES

import sk_psd
from sk_psd import (
    ConvFilter,
    FFTMagnitude,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
    baselines,
    datasets,
    export,
    filters,
    inspection,
    nn,
    pipelines,
    plotting,
    recordings,
    resampling,
    scaling,
    signals,
    spectral,
)
from sk_psd._numbers import as_int

# The modules of the API page.
MODULES = [
    *(sk_psd, datasets, export, filters, inspection, signals, nn),
    *(pipelines, plotting, recordings, resampling, scaling, spectral),
]


@pytest.fixture(scope="module", autouse=True)
def in_a_folder_of_its_own(tmp_path_factory):
    """Let functions that write files write them elsewhere than into the repository."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("files"))
    yield
    os.chdir(before)


@cache
def models():
    """Return a fitted model of spectra, one of signals, and one that is not fitted."""
    rng = np.random.default_rng(0)
    X, y = rng.random((8, 20)), np.arange(8) % 2
    net = GlobalPoolCNNClassifier((2, 3), max_epochs=1, random_state=0)
    pipe = make_pipeline(WelchPSD(nperseg=8), MinMaxScale(), clone(net))
    return [net.fit(X, y), pipe.fit(X, y), clone(net)]


def fitted_filters():
    X = np.zeros((1, 20))
    return [ConvFilter().fit(X), ConvFilter([1, 2j], dilation=3).fit(X), ConvFilter()]


MODELS = st.deferred(lambda: st.sampled_from(models()))


def arrays(**options):
    return inputs(**options).map(lambda drawn: drawn.X)


def real(ndims=(2, 2, 2, 1, 3)):
    return arrays(ndims=ndims, is_complex=False)


FRACTIONS = [0.0, 0.25, -0.5, 1.0, -1.0, np.float32(0.1), 0, 1, -3, 19, 20, 21, 10**30]
SEEDS = [0, 1, np.int64(3)]
TARGETS = [None, 0, "a", [0, 1], [[0]], 7]
NUMBERS = [0.0, 1.0, 5, (0.0, 1.0), (1.0, 0.0), np.float32(2), -3.0, 1e300, [1.0, 2.0]]
TONES = dict(
    n_samples=FEW,
    n_times=[1, 2, 16, 50, np.int64(20)],
    fs=[*RATES, 256.0],
    noise_std=[*NUMBERS, (0.0, 1e308)],
)
SHIFTING = dict(
    X=arrays(n_samples=st.integers(1, 4), lengths=st.just(20)),
    mode=["wrap", "edge", "floor"],
    domain=["auto", "spectrum", "signal"],
    fill=["noise", None],
    offset=["auto", "move", "remove", "stay"],
    static=[None, np.ones(20), np.zeros(20), np.ones(3), np.full(20, np.nan)],
    random_state=SEEDS,
)
LAYOUT = dict(kernel_size=[None, 1, 5, (3, 2), [2, 99]], stride=[None, 1, 4, (2, 1)])

# Values for the parameters of each function. Those that come first, up to "*", are
# always passed, the others now and then.
FUNCTIONS = {
    baselines.make_baselines: dict(psd=[None, WelchPSD(), FFTMagnitude()], C=[0.01, 1]),
    pipelines.make_spectrum_classifier: dict(
        axis=["two-sided", "one-sided", "log", "round"],
        fs=[1.0, 8000, np.float32(48000), [[250]], 0, np.nan],
        nperseg=[16, 256, np.int64(512)],
        robust=[True, False],
        vote=[True, False],
        device=["auto", "cpu"],
        random_state=SEEDS,
    ),
    datasets.make_harmonic_sounds: dict(
        n_samples=FEW,
        n_times=[16, 20, 100, np.int64(40), 15],
        random_state=SEEDS,
        timbres=[("saw",), ["square", "steep"], ("formant", "gapped", "bright"), "saw"],
        f0=[440.0, (100.0, 200.0), np.float32(300), 8000.0, [100.0, 200.0], 5.0],
        fs=[16000.0, *RATES],
        gain_jitter=[0.0, 0.5, 1, np.float32(0.25)],
        snr_db=[10.0, (0.0, 20.0), 0, np.int64(5), -1e4, 1e4, None, np.nan, [1.0, 2.0]],
        return_X_y=FLAGS,
    ),
    datasets.make_noisy_sines: TONES
    | dict(random_state=SEEDS, freq=[0.0, 5, (0.0, 8.0), 128.0, np.float32(3), None]),
    datasets.make_shift_benchmark: dict(
        name=["easy4", "standard8", "hard6"],
        n_train=FEW,
        n_test=FEW,
        n_freqs=[32, 64, np.int64(40), 1],
        random_state=SEEDS,
    ),
    datasets.make_spectral_mixtures: dict(
        n_samples=FEW,
        n_times=[64, 100, np.int64(200), 16, 15],
        random_state=SEEDS,
        shapes=[
            *("easy4", "standard8", "hard6", "rect", ("rect",), ["qpsk", "gmsk"]),
            *(("rect", "rect"), {"rect": 1}, np.array(["fmsine", "ofdm", "tri"])),
        ],
        n_emissions=[1, (1, 1), (1, 3), (2, 2), np.int64(1), 0, [1, 2], 1.5, (2, 1)],
        fs=RATES,
        bandwidth=[None, 0.125, 0.2, 1.0, np.float32(0.25), 1e-300],
        bandwidth_jitter=[0.0, 0.1, 0.9, 1.0, 2.0],
        snr_db=[10.0, (0.0, 20.0), 0, -1e4, 1e4, None, np.nan],
        level_db=[10.0, 0, 3, np.float32(5), -1, 1e4, None, np.nan],
        gain_db=[0.0, (-30.0, 30.0), 1e4, None],
        tilt_db=[0.0, 0.5, 3, 1e4],
        return_X_y=FLAGS,
    ),
    datasets.make_spectral_shapes: dict(
        line_db=[None, 0.0, 20, (0.0, 10.0), 1e4, np.nan],
        line_freq=[0.0, 0.1, (0.0, 0.5), -0.5, 1e300],
        n_samples=FEW,
        n_times=[64, 100, np.int64(200), 16, 15],
        random_state=SEEDS,
        shapes=[
            *(("rect",), ["qpsk", "gmsk"], ("am", "chirp", "ofdm"), ("tri", "rcos")),
            *("rect", {"rect": 1}, {"twohump"}, np.array(["fmsine"])),
        ],
        fs=RATES,
        center_freq=[0.0, 0.25, (0.1, 0.3), np.float32(0.2), [0.1, 0.2], 1e300],
        bandwidth=[None, 0.125, 0.2, 1.0, np.float32(0.25), 1e-300],
        bandwidth_jitter=[0.0, 0.1, 0.9, 1.0, 2.0],
        snr_db=[10.0, (0.0, 20.0), 0, -1e4, 1e4, None, np.nan],
        gain_db=[0.0, (-30.0, 30.0), 1e4, None],
        tilt_db=[0.0, 0.5, 3, 1e4],
        n_spurs=[0, 1, 3, np.int64(2)],
        real=FLAGS,
        return_X_y=FLAGS,
    ),
    datasets.make_two_tones: TONES
    | dict(
        random_state=SEEDS,
        low_freq=[2.0, (2.0, 6.0), 0, 0.4],
        low_amplitude=NUMBERS,
        high_freq=[12.0, (12.0, 20.0), 0.5],
        high_amplitude=[*NUMBERS, None],
    ),
    filters.convolve: dict(
        X=arrays(),
        kernel=[*KERNELS, [], [[1.0]], "a", [np.nan], 2.0],
        mode=["full", "same", "valid"],
        stride=[*FEW, 0, -1],
        dilation=[*FEW, 0],
    ),
    filters.dilate: dict(kernel=[*map(np.array, KERNELS), [1, 2], []], dilation=FEW),
    filters.fixed_kernel: dict(
        name=["moving_average", "edge", "lowpass", "highpass", "bandpass"],
        kernel_size=[*SIZES, 0],
        cutoff=[None, 0.1, (0.1, 0.2), [0.2], 20.0],
        fs=RATES,
    ),
    export.to_onnx: dict(
        estimator=MODELS,
        path=[None, "model.onnx"],
        n_times=[None, 8, 20, np.int64(30), 7],
    ),
    inspection.activation_map: dict(estimator=MODELS, X=SHIFTING["X"], target=TARGETS),
    inspection.describe: dict(estimator=MODELS),
    inspection.filter_response: dict(
        filter=st.deferred(
            lambda: st.sampled_from([*KERNELS, [[1.0]], [], *fitted_filters()])
        ),
        fs=[None, *RATES],
        n_freqs=[2, 5, 512, np.int64(3)],
    ),
    inspection.locate: dict(
        estimator=MODELS,
        X=SHIFTING["X"],
        target=TARGETS,
        threshold=[0.25, 0.5, np.float32(0.1), 0, 1.0, -1, np.nan, "a"],
    ),
    inspection.shift_curve: dict(
        estimator=MODELS,
        **SHIFTING,
        y=[np.arange(n) % 2 for n in (1, 2, 3, 4)],
        shifts=[[0], [1, -1], [0.25], 3, [], [19, 20, 21], [-0.5, 2], [10**30], "a"],
        phases=[1, 2, np.int64(3), 0, 10**30, 1.5],
        scoring=[None, "accuracy", "neg_log_loss", "bogus"],
        n_jobs=[None, 1, 2],
        verbose=[0, False, -1, None, "a"],
    ),
    inspection.shift_invariance: dict(
        estimator=MODELS,
        **SHIFTING,
        shifts=[None, [0], [1, -1], [0.25], 3, [], [19, 20, 21], [10**30], "a"],
        n_jobs=[None, 1, 2],
        verbose=[0, False, -1, None, "a"],
    ),
    inspection.shift_rows: dict(
        estimator=MODELS,
        **SHIFTING,
        shift=FRACTIONS,
    ),
    signals.from_iq: dict(
        X=arrays()
        | st.sampled_from(
            [b"", b"1", b"123456789012", bytearray(16), memoryview(b"12")]
        ),
        kind=[None, "cu8", "cs8", "ci16_le", "ci16_be", "cf32_le", "cs16", "cf64_le"],
    ),
    signals.add_noise: dict(
        X=arrays(),
        snr_db=[0.0, 10, np.float32(3), 400, -400, -1e308, 1e308, [0.0, 1.0], np.nan],
        random_state=st.builds(np.random.RandomState, st.just(0))
        | st.builds(np.random.default_rng, st.just(0)),
    ),
    signals.shift_frequency: dict(
        X=arrays(),
        shift=[0.0, 0.25, -0.5, 1, np.float32(0.1), [0.1, 0.2], 1e300, np.nan, "a"],
        fill=["noise", None],
        fs=[1.0, 1, 8000.0, np.nan, 0],
        offset=["move", "remove", "stay"],
        random_state=SEEDS,
    ),
    nn.flatten_sizes: dict(
        n_freqs=SIZES,
        kernel_size=FEW,
        stride=FEW,
        padding=[0, 1, 2],
        pool_size=FEW,
        pool_stride=FEW,
    ),
    nn.global_pool_layers: dict(n_freqs=SIZES, n_filters=[(2,), [3, 2]], **LAYOUT),
    nn.spectrogram_layers: dict(
        n_freqs=SIZES, n_frames=SIZES, n_filters=[(2,), [3, 2]], **LAYOUT
    ),
    pipelines.make_spectrum_classifier: dict(
        fs=RATES,
        axis=["two-sided", "one-sided", "log"],
        nperseg=[2, 8, 256, np.int64(64), 1, 0, -3, 2.5, None],
        robust=FLAGS,
        vote=FLAGS,
        device=["auto", "cpu"],
        random_state=SEEDS,
    ),
    plotting.line_styles: dict(n_lines=[1, 3, np.int64(50), 2.0, 0, "a"]),
    recordings.cut_windows: dict(
        recordings=arrays() | arrays(ndims=(2, 3)).map(list),
        n_times=SIZES,
        step=[None, *SIZES, 0, -1, 2.5],
        pad=FLAGS,
    ),
    recordings.vote: dict(
        proba=real((2, 2, 2, 1)) | st.just(np.eye(4)),
        index=[np.arange(4), [0, 0, 1, 1], ["a", "b"], [0.5, 1.0], np.arange(3) % 2],
        method=["log", "mean"],
    ),
    resampling.log_frequency: dict(
        X=real(),
        freqs=[np.arange(20.0), np.arange(2.0), np.arange(1.0), np.zeros(20), "a"],
        targets=[np.geomspace(1, 19, 8), np.array([1.0]), np.zeros(3), np.arange(4.0)],
        reduce=["max", "mean", "min"],
        decibels=FLAGS,
    ),
    scaling.min_max_scale: dict(
        X=real(),
        feature_range=[(0, 1), (-1, 1), (0, 1e39), (-1e308, 1e308), (1, 0), (0,), 3],
        axis=[-1, (-2, -1), 0, 5, (0, 0)],
    ),
    spectral.decibels: dict(
        psd=real(), axis=[-1, (-2, -1), 0, 5], silent_level=[-120.0, 0, -1e300, np.nan]
    ),
    spectral.fft_magnitude: dict(X=arrays()),
    spectral.spectrogram: dict(X=arrays(), **SEGMENTS),
    spectral.welch: dict(
        X=arrays(),
        **SEGMENTS,
        average=["mean", "median"],
        nan_segments=["propagate", "omit"],
    ),
}
# What each function needs to be quick, or to leave the global random state alone.
ALWAYS = "X estimator random_state n_samples n_times n_train n_test n_freqs".split()


def by_name(value):
    return value.__name__


def test_values_are_listed_for_every_parameter_of_every_function():
    public = [getattr(module, name) for module in MODULES for name in module.__all__]
    assert set(FUNCTIONS) == set(filter(inspect.isfunction, public))
    for function, params in FUNCTIONS.items():
        assert set(params) == set(inspect.signature(function).parameters)


@st.composite
def calls(draw, function):
    """Draw the arguments of a function by name, and sometimes a wrong value."""
    params, arguments = FUNCTIONS[function], {}
    for name, parameter in inspect.signature(function).parameters.items():
        needed = parameter.default is parameter.empty or name in ALWAYS
        if needed or draw(st.integers(0, 3)) == 3:
            arguments[name] = draw(maybe_wrong(params[name]))
    if "random_state" in params:  # wrong ones have a test of their own
        seeds = params["random_state"]
        arguments["random_state"] = draw(
            st.sampled_from(seeds) if seeds is SEEDS else seeds
        )
    return arguments


def parts_of(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in parts_of(item)]
    return [value]


def is_finite(value):
    for part in parts_of(value):
        if isinstance(part, torch.Tensor):
            part = part.detach().resolve_conj().resolve_neg().numpy()
        part = np.asarray(part)
        part = np.asarray(part.tolist()) if part.dtype == object else part
        if part.dtype.kind in "fc" and not np.isfinite(part).all():
            return False
    return True


def shape_of(X):
    return tuple(X.shape) if hasattr(X, "shape") else np.shape(X)


def check_welch(result, X, **params):
    freqs, psd = result
    assert freqs.shape == (len(freqs),) and np.all(np.diff(freqs) > 0)
    assert psd.shape == (*shape_of(X)[:-1], len(freqs))
    assert isinstance(psd, torch.Tensor) == isinstance(X, torch.Tensor)


def check_spectrogram(result, X, **params):
    freqs, times, powers = result
    assert np.all(np.diff(freqs) > 0) and np.all(np.diff(times) > 0)
    assert powers.shape == (*shape_of(X)[:-1], len(freqs), len(times))
    assert isinstance(powers, torch.Tensor) == isinstance(X, torch.Tensor)


def check_magnitude(result, X):
    n = shape_of(X)[-1]
    if isinstance(X, np.ndarray) and X.dtype.kind == "O":
        X = np.asarray(X.tolist())
    is_complex = X.is_complex() if isinstance(X, torch.Tensor) else np.iscomplexobj(X)
    assert result.shape == (*shape_of(X)[:-1], n if is_complex else n // 2 + 1)
    assert (result >= 0).all()


def check_convolve(result, X, kernel, mode="same", stride=1, dilation=1):
    dilated = np.zeros(as_int(dilation) * (len(kernel) - 1) + 1)
    row = np.convolve(np.zeros(shape_of(X)[-1]), dilated, mode)[:: as_int(stride)]
    assert result.shape == (*shape_of(X)[:-1], len(row))


def check_iq(result, X, kind=None):
    assert result.dtype == np.complex64
    if not isinstance(X, (bytes, bytearray, memoryview)):
        n = math.prod(shape_of(X))
        assert result.size in (n, n // 2, n // 4, n // 8)


def check_same_shape(result, **arguments):
    X = arguments.get("X", arguments.get("psd"))
    assert shape_of(result) == shape_of(X)


def check_scaled(result, X, feature_range=(0, 1), axis=-1):
    assert shape_of(result) == shape_of(X)
    assert result.min() >= feature_range[0] and result.max() <= feature_range[1]


def check_log_frequency(result, X, freqs, targets, **params):
    assert shape_of(result) == (*shape_of(X)[:-1], len(targets))


def check_windows(result, recordings, n_times, step=None, pad=False):
    windows, index, starts = result
    assert len(windows) == len(index) == len(starts)
    assert windows.shape[1:] == (*shape_of(recordings)[1:-1], n_times)
    assert len(set(index)) == len(recordings)


def check_votes(result, proba, index, method="log"):
    assert result.shape == (len(set(np.asarray(index).tolist())), shape_of(proba)[1])
    assert (result >= 0).all()


def check_signals(result, n_samples, n_times, real=False, return_X_y=True, **params):
    X, y = result if return_X_y else (result.X, result.y)
    assert X.shape == (n_samples, n_times) and y.shape == (n_samples,)
    assert set(y) <= set(params.get("shapes", params.get("timbres", y)))


def check_mixtures(result, n_samples, n_times, return_X_y=True, **params):
    X, y = result if return_X_y else (result.X, result.y)
    assert is_finite(X) and X.shape == (n_samples, n_times) and len(y) == n_samples
    assert (y.sum(axis=1) >= 1).all() and set(np.unique(y)) <= {0, 1}
    if not return_X_y:
        np.testing.assert_array_equal(np.isfinite(result.snr_db), y == 1)
        np.testing.assert_array_equal(np.isfinite(result.bands).all(axis=2), y == 1)


def check_pairs(result, n_samples, n_times, **params):
    X, Y = result
    assert X.shape == Y.shape == (n_samples, n_times)


def check_benchmark(result, n_train, n_test, n_freqs, **params):
    assert result.X_train.shape == (n_train, 4 * n_freqs)
    assert all(X.shape == (n_test, 4 * n_freqs) for X, _ in result.test.values())


def check_response(result, filter, fs=None, n_freqs=512):
    assert result.freqs.shape == result.gain.shape == result.phase.shape
    assert result.gain.shape == (n_freqs,) and np.ptp(result.gain) <= 120 + 1e-9
    assert np.all(np.diff(result.freqs) > 0) and result.kernel.ndim == 1


def check_curve(result, X, y, **params):
    assert result.shifts.shape == result.fractions.shape == result.scores.shape
    assert (result.lowest <= result.scores + 1e-9).all()
    assert (result.scores <= result.highest + 1e-9).all()


def check_invariance(result, X, estimator, **params):
    assert 0 <= result.median_change <= result.max_change <= 1
    assert 0 <= result.flipped <= 1 and 0 <= result.worst_sample < len(X)


def check_kernel(result, name, kernel_size=21, **params):
    assert result.shape == (kernel_size,)


def check_dilated(result, kernel, dilation):
    dilation = as_int(dilation)
    assert len(result) == dilation * (len(kernel) - 1) + 1
    np.testing.assert_array_equal(result[::dilation], kernel)


def check_baselines(result, **params):
    assert len(result) >= 6


def check_pipeline(result, axis="two-sided", robust=False, **params):
    assert len(result.steps) == 3 + (axis == "log") - bool(robust)


def check_layers(result, n_filters=(), **params):
    assert len(result) == len(n_filters or result)


def check_styles(result, n_lines):
    assert len(result) == n_lines


def check_sizes(result, **params):
    assert all(value >= 1 for value in result.values())


def check_maps(result, X, **params):
    assert len(result.maps) == len(X)
    assert result.maps.shape[1] == len(result.freqs)


def check_places(result, X, **params):
    known = ~np.isnan(result.low)
    assert (result.bandwidth[known] > 0).all()


CHECKS = {
    baselines.make_baselines: check_baselines,
    datasets.make_harmonic_sounds: check_signals,
    datasets.make_noisy_sines: check_pairs,
    datasets.make_shift_benchmark: check_benchmark,
    datasets.make_spectral_mixtures: check_mixtures,
    datasets.make_spectral_shapes: check_signals,
    datasets.make_two_tones: check_pairs,
    filters.convolve: check_convolve,
    filters.dilate: check_dilated,
    filters.fixed_kernel: check_kernel,
    export.to_onnx: lambda result, **_: onnx.checker.check_model(result),
    inspection.activation_map: check_maps,
    inspection.describe: lambda result, **_: repr(result),
    inspection.filter_response: check_response,
    inspection.locate: check_places,
    inspection.shift_curve: check_curve,
    inspection.shift_invariance: check_invariance,
    inspection.shift_rows: lambda result, X, **_: check_same_shape(result, X=X),
    signals.from_iq: check_iq,
    signals.add_noise: lambda result, X, **_: check_same_shape(result, X=X),
    signals.shift_frequency: lambda result, X, **_: check_same_shape(result, X=X),
    nn.flatten_sizes: check_sizes,
    nn.global_pool_layers: check_layers,
    nn.spectrogram_layers: check_layers,
    pipelines.make_spectrum_classifier: check_pipeline,
    plotting.line_styles: check_styles,
    recordings.cut_windows: check_windows,
    recordings.vote: check_votes,
    resampling.log_frequency: check_log_frequency,
    scaling.min_max_scale: check_scaled,
    spectral.decibels: lambda result, psd, **_: check_same_shape(result, X=psd),
    spectral.fft_magnitude: check_magnitude,
    spectral.spectrogram: check_spectrogram,
    spectral.welch: check_welch,
}


# What is not there is NaN in their results, as their checks say.
HOLD_NAN = {datasets.make_spectral_mixtures, inspection.locate}

ARRAYS = ("X", "psd", "proba", "recordings")


def bits_of(arguments):
    """Return the bits of all arguments except `random_state`."""
    kept = {name: arg for name, arg in arguments.items() if name != "random_state"}
    return as_bits(kept)


@pytest.mark.parametrize("function", FUNCTIONS, ids=by_name)
@examples(70)
@given(st.data())
def test_a_function_returns_finite_values_or_refuses(function, data):
    arguments = data.draw(calls(function))
    before = bits_of(arguments)
    # A function of arrays may hand on NaN and infinity, as NumPy does, and warn.
    X = [arguments[name] for name in ARRAYS if name in arguments]
    result, refusal = attempt(function, may_warn=not is_finite(X), **arguments)
    assert bits_of(arguments) == before
    if not refusal and is_finite(X):
        assert function in HOLD_NAN or is_finite(result)
        CHECKS[function](result, **arguments)


# One good value for the parameters that are drawn above, not listed.
GOOD = {
    "X": ROWS,
    "psd": ROWS,
    "y": np.arange(len(ROWS)) % 2,
    "filter": [1.0, 2.0],
    "recordings": ROWS,
    "proba": np.eye(4),
}
PARAMETERS = [
    (function, name)
    for function in FUNCTIONS
    for name in inspect.signature(function).parameters
    if name not in ("C", "random_state")  # other libraries check these
]


def good_call(function):
    """Return arguments for which a function raises no error."""
    good = GOOD | {"estimator": models()[0], "random_state": 0}
    return {
        name: good[name] if name in good else FUNCTIONS[function][name][0]
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty or name in ALWAYS
    }


@examples(400)
@given(st.sampled_from(PARAMETERS), st.sampled_from(range(len(WRONG))))
def test_a_refused_value_of_a_parameter_of_a_function_is_named(parameter, index):
    function, name = parameter
    _, refusal = attempt(function, **good_call(function) | {name: WRONG[index]})
    if refusal:
        assert name in str(refusal)


@pytest.mark.parametrize("function", FUNCTIONS, ids=by_name)
def test_the_good_values_are_taken(function):
    _, refusal = attempt(function, **good_call(function))
    assert not refusal
