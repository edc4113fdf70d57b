"""Training on files larger than memory: same bits as from an array, little memory."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    InvariantFeatures,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    RandomNoise,
    RandomSpeckle,
    SpectrogramCNNClassifier,
)
from sk_psd._layout import warn_of_waveforms
from sk_psd._pages import is_mapped, read_rows, release_pages
from sk_psd._row_view import RowView, select_rows
from sk_psd._standardize import find_mean_and_deviation, standardize_when_read
from sk_psd.signals import from_iq

N_ROWS = 90
LABELS = np.arange(N_ROWS) % 3
WEIGHTS = np.where(np.arange(N_ROWS) % 7 == 0, 0.0, 1.0 + np.arange(N_ROWS) % 2)


def make_rows(shape=(N_ROWS, 64), dtype=np.float32):
    """Return levels with a peak whose width is the class."""
    rng = np.random.default_rng(0)
    X = rng.normal(-60, 3, shape)
    for label in range(3):
        X[LABELS == label, ..., 20 : 24 + 6 * label] += 30
    return X.astype(dtype)


def as_file(X, path):
    """Return the values of an array as an array in a file."""
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    assert is_mapped(np.asarray(mapped))
    return mapped


FITS = {
    "plain": (dict(), dict()),
    "weights of 0": (dict(), dict(sample_weight=WEIGHTS)),
    "class of weight 0": (dict(class_weight={0: 1.0, 1: 2.0, 2: 0.0}), dict()),
    "early stopping": (dict(early_stopping=True), dict(sample_weight=WEIGHTS)),
    "level": (dict(level="median"), dict()),
    "floor": (dict(augmentation=RandomFreqShift(0.2, mode="floor")), dict()),
    "robust": (dict(level="median", augmentation="robust"), dict()),
    "indicators": (dict(early_stopping=True), dict(y=np.eye(4)[:, :3][LABELS])),
}


@pytest.mark.filterwarnings("ignore:Every row of y has a single 1")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", FITS)
def test_a_fit_on_a_file_has_the_bits_of_one_on_an_array(case, dtype, tmp_path):
    params, arguments = FITS[case]
    arguments = dict(y=LABELS) | arguments
    X = make_rows(dtype=dtype)

    def train(X):
        net = GlobalPoolCNNClassifier(
            n_filters=(4, 4), max_epochs=2, random_state=0, device="cpu", **params
        )
        return net.fit(X, **arguments)

    net, other = train(as_file(X, tmp_path / "x.npy")), train(X)
    assert net.loss_curve_ == other.loss_curve_
    assert net.history_ == other.history_
    assert (net.mean_, net.scale_) == (other.mean_, other.scale_)
    file = as_file(X[:9], tmp_path / "y.npy")
    np.testing.assert_array_equal(net.predict_proba(file), other.predict_proba(X[:9]))


@pytest.mark.parametrize(
    ("classifier", "shape"),
    [
        (FlattenCNNClassifier(4, 4, max_epochs=1), (N_ROWS, 2, 64)),
        (SpectrogramCNNClassifier(n_filters=(4, 4), max_epochs=1), (N_ROWS, 32, 40)),
    ],
)
def test_files_with_further_axes_and_a_file_to_validate_on(classifier, shape, tmp_path):
    X = make_rows(shape)
    file = as_file(X, tmp_path / "x.npy")
    classifier.set_params(random_state=0, device="cpu")
    losses = []
    for part in (file[:60], X[:60]):
        rest = (file if part.base is not None and is_mapped(part) else X)[60:]
        classifier.fit(part, LABELS[:60], X_val=rest, y_val=LABELS[60:])
        losses.append(classifier.history_)
    assert losses[0] == losses[1]


def test_rows_of_a_file_that_are_taken_are_read_when_they_are_needed(tmp_path):
    X = make_rows((N_ROWS, 2, 64))
    file = np.asarray(as_file(X, tmp_path / "x.npy"))
    order = np.random.default_rng(0).permutation(N_ROWS)[:50]
    view = select_rows(file, order)
    assert isinstance(view, RowView)
    assert (view.shape, view.ndim, view.dtype) == ((50, 2, 64), 3, X.dtype)
    taken = X[order]
    for index in (slice(None), slice(3, 9), np.array([4, 0, 4]), 7, [1, 2]):
        np.testing.assert_array_equal(view[index], taken[index])
    kept = np.arange(50) % 3 > 0
    np.testing.assert_array_equal(select_rows(view, kept)[:], taken[kept])
    assert find_mean_and_deviation(view) == find_mean_and_deviation(taken)
    rows = standardize_when_read(view, -60.0, 9.0, torch.device("cpu"))
    expected = standardize_when_read(taken, -60.0, 9.0, torch.device("cpu"))
    assert rows.is_mapped and not expected.is_mapped
    assert torch.equal(rows[torch.tensor([5, 2])], expected[torch.tensor([5, 2])])
    # An array in memory is copied, and so is one that a user may have written to.
    assert isinstance(select_rows(X, order), np.ndarray)
    assert isinstance(select_rows(np.load(tmp_path / "x.npy", "c"), order), np.ndarray)


def resident(path="rows.npy"):
    """Return the resident kB of the mapped file whose path ends so."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    for line in lines:
        if line.endswith(str(path)):
            return next(int(s.split()[1]) for s in lines if s.startswith("Rss:"))
    raise AssertionError("the file is not mapped")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/smaps")
@pytest.mark.parametrize("step", [1, -1, 3])
def test_only_the_pages_of_the_given_rows_are_released(step, tmp_path):
    values = np.random.default_rng(0).random((384, 2**15), np.float32)  # 128 kB a row
    X = np.asarray(as_file(values, tmp_path / "rows.npy"))[::step]
    values = values[::step]
    np.testing.assert_array_equal(X, values)
    before = resident()
    rows = np.array([20, 3, 4, -1])
    np.testing.assert_array_equal(read_rows(X, rows), values[rows])
    # Pages around those of the rows go with them, up to 2 MB where pages are huge.
    assert 4 * 128 - 16 <= before - resident() <= 4 * 2048
    release_pages(X[100:200])
    assert resident() <= before - 100 * 128
    np.testing.assert_array_equal(X, values)
    assert resident() == before  # they were read again
    release_pages(X)
    assert resident() < 128


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/smaps")
@pytest.mark.parametrize(
    "read",
    [
        MinMaxScale().fit_transform,
        PeakAlign().fit_transform,
        InvariantFeatures().fit_transform,
        make_pipeline(FFTMagnitude(), MinMaxScale()).fit_transform,
    ],
    ids=["scale", "align", "features", "pipeline"],
)
def test_a_block_of_a_file_is_released_after_it_was_read(read, tmp_path):
    values = np.random.default_rng(0).random((128, 2**15), np.float32)  # 16 MB
    X = as_file(values, tmp_path / "rows.npy")
    for first in range(0, 128, 32):
        read(X[first : first + 32])
    assert resident() < 2048
    np.testing.assert_array_equal(X, values)
    assert resident() >= 2**14


PREAMBLE = """
import numpy as np
from sk_psd import GlobalPoolCNNClassifier

def resident(what):
    status = open("/proc/self/status").read()
    return int(status.split(f"Vm{what}:")[1].split()[0]) / 1024

def reset_peak():
    open("/proc/self/clear_refs", "w").write("5")
    return resident("RSS")
"""


def run_script(script):
    """Run a script in a new process, and return the numbers that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script],
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(word) for word in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_a_fit_on_a_file_needs_little_memory(tmp_path):
    """The file has 130 MB."""
    (growth,) = run_script(f"""
from sk_psd import RandomFreqShift
shape = 8_000, 4096
X = np.lib.format.open_memmap("{tmp_path}/x.npy", "w+", "f4", shape)
rng = np.random.default_rng(0)
for first in range(0, len(X), 1000):
    X[first : first + 1000] = rng.normal(-60, 5, (1000, 4096))
X.flush()
del X
X, y = np.load("{tmp_path}/x.npy", "r"), np.arange(8_000) % 2
net = GlobalPoolCNNClassifier(
    n_filters=(2,), kernel_size=3, max_epochs=1, batch_size=128, device="cpu",
    early_stopping=True, augmentation=RandomFreqShift(0.1, mode="floor"),
)
net.fit(np.array(X[:2000]), y[:2000])  # imports, and memory that malloc keeps
weights = np.where(np.arange(len(X)) % 10 == 0, 0.0, 1.0)
before = reset_peak()
net.fit(X, y, weights)
net.predict_proba(X)
print(resident("HWM") - before)
""")
    assert growth < 120


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_a_stream_needs_no_more_memory_with_every_call():
    """75 calls see 120 MB."""
    growth, at_most = run_script("""
rng = np.random.default_rng(0)
net = GlobalPoolCNNClassifier(n_filters=(2,), batch_size=200, device="cpu")

def read(n_calls):
    for _ in range(n_calls):
        net.partial_fit(rng.normal(-60, 5, (200, 1024)), np.arange(200) % 2, [0, 1])

read(10)
before = reset_peak()
read(75)
print(resident("HWM") - before, len(net.history_))
""")
    assert growth < 20
    assert at_most == 85


def test_a_stream_from_a_file_has_the_bits_of_one_of_arrays(tmp_path):
    X = make_rows()
    file = as_file(X, tmp_path / "x.npy")
    nets = []
    for source in (file, X):
        net = GlobalPoolCNNClassifier(n_filters=(4, 4), random_state=0, device="cpu")
        for first in range(0, N_ROWS, 30):
            rows = slice(first, first + 30)
            net.partial_fit(source[rows], LABELS[rows], classes=range(3))
        nets.append(net)
    assert nets[0].history_ == nets[1].history_
    probas = [net.predict_proba(X) for net in nets]
    np.testing.assert_array_equal(*probas)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/smaps")
def test_samples_of_a_file_of_iq_leave_its_pages(tmp_path):
    path = tmp_path / "iq.raw"
    np.random.default_rng(0).integers(-99, 99, 2**23, np.int16).tofile(path)  # 16 MB
    mapped = np.memmap(path, np.int16, "r").reshape(8, -1, 2)
    for block in mapped:
        expected = from_iq(np.array(block))
        np.testing.assert_array_equal(from_iq(block), expected)
    assert resident(path) < 1024


def test_columns_that_are_standardized_are_no_signals_also_in_a_large_file(tmp_path):
    X = np.random.default_rng(0).normal(-60, 5, (1000, 512))
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    X[:, 7] = 0.0  # constant, as StandardScaler leaves it
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_waveforms("a test", np.asarray(as_file(X, tmp_path / "x.npy")))
    with pytest.warns(UserWarning, match="look like raw signals"):
        warn_of_waveforms("a test", np.asarray(as_file(2 * X, tmp_path / "y.npy")))


@pytest.mark.parametrize(
    "step", [RandomSpeckle(), RandomNoise(domain="spectrum")], ids=str
)
def test_spectra_without_decibels_are_refused_also_in_a_file(step, tmp_path):
    X = make_rows()
    X -= X.min(axis=1, keepdims=True)
    X /= X.max(axis=1, keepdims=True)
    net = GlobalPoolCNNClassifier(max_epochs=1, augmentation=step, device="cpu")
    with pytest.raises(ValueError, match="needs spectra in decibels"):
        net.fit(as_file(X, tmp_path / "x.npy"), LABELS)
