"""The rows, tables and errors of benchmarks/peers.py."""

import importlib
import importlib.util
import pathlib
import sys

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def peers():
    # The processes of `run` import the module by its name.
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("peers")
    sys.path.remove(str(FOLDER))
    del sys.modules["peers"]


@pytest.fixture
def data_dir(tmp_path):
    """Two recordings of white and of low-pass noise, in the files of the benchmark."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((480, 1024))
    y = np.arange(480) % 2
    X[y == 1] = np.apply_along_axis(np.convolve, 1, X[y == 1], np.ones(8), "same")
    for file, n_groups in (("cwru_bearing.npz", 4), ("fsdd.npz", 6)):
        group = np.repeat(np.arange(n_groups), 480 // n_groups)
        np.savez(tmp_path / file, X=X, y=y, group=group, fs=12000)
    return tmp_path


def fake(peers, score, change=0.0):
    scores = {"centered": score, "shifted": score, "noise": score}
    return peers.Result(scores, 1.0, 0.5, change)


def test_every_baseline_that_reads_spectra_has_two_rows(peers):
    from sk_psd import make_baselines

    jobs = peers.list_jobs(["standard8"], 2, quick=False)
    assert len(jobs) == len(set(jobs))
    for name in make_baselines():
        fits = [(j.repeat, j.n_copies) for j in jobs if j.model == name]
        expected = [] if name == "logreg_fft" else [(0, 0), (0, 2), (1, 0), (1, 2)]
        assert fits == expected
    assert [j.n_copies for j in jobs if j.model == peers.OURS] == [0, 0]


def test_copies_are_shifts_of_each_spectrum(peers):
    X = np.random.default_rng(0).random((6, 50))
    many, y = peers.add_copies(X, np.arange(6), 2)
    np.testing.assert_array_equal(many[:6], X)
    np.testing.assert_array_equal(y, np.tile(np.arange(6), 3))
    shifts = []
    for row, label in zip(many, y, strict=True):
        (shift,) = [s for s in range(50) if np.array_equal(np.roll(X[label], s), row)]
        shifts.append(shift)
    assert shifts[:6] == [0] * 6
    assert len(set(shifts[6:])) > 6  # the copies differ


@pytest.mark.parametrize("model", ["logreg_psd", "MLPClassifier", None])
def test_a_fit_is_measured(peers, model):
    job = peers.Job("standard8", 0, model or peers.OURS, 2)
    result = peers.measure(job, quick=True)
    assert not result.error
    assert list(result.scores) == ["centered", "shifted", "noise"]
    assert all(0 <= score <= 1 for score in result.scores.values())
    assert result.fit_seconds > 0 and result.row_ms > 0
    # Only our net is invariant.
    assert (result.change == 0) == (model is None)


@pytest.mark.parametrize("task, n_folds", [("vibration", 4), ("digits", 3)])
def test_no_group_is_on_both_sides(peers, data_dir, task, n_folds):
    folds = [peers.make_recordings(task, i, False, data_dir) for i in range(n_folds)]
    columns = ["as recorded", "shifted", "noise"]
    tested = [fold.tests["as recorded"][0] for fold in folds]
    for fold, X in zip(folds, tested, strict=True):
        assert list(fold.tests) == [columns[0], *columns[1 + (task == "digits") :]]
        assert len(fold.X) + len(X) == 480
        assert not {row.tobytes() for row in fold.X} & {row.tobytes() for row in X}
        for spectra, y in fold.tests.values():
            assert spectra.shape == (len(X), 256) and len(y) == len(X)
            assert spectra.min() == 0 and spectra.max() == 1
    assert len({row.tobytes() for X in tested for row in X}) == 480


def test_a_recorded_task_is_learned(peers, data_dir):
    job = peers.Job("vibration", 1, "logreg_psd", 0)
    assert peers.measure(job, data_dir=data_dir).scores["as recorded"] > 0.9


def test_a_failure_is_the_row_of_its_model(peers, tmp_path, capsys):
    failing = peers.Job("digits", 0, "logreg_psd", 0)
    working = peers.Job("standard8", 0, "logreg_aligned_psd", 0)
    results = peers.run([failing, working], True, tmp_path)
    assert set(results) == {failing, working}
    assert results[failing].error.startswith("FileNotFoundError")
    assert "[2/2, " in capsys.readouterr().err
    row = "| logreg_psd (failed in 1 of 1: FileNotFoundError: "
    assert row in peers.format_task(results, "digits")
    assert "Our net has no result" in peers.format_task(results, "digits")
    table = peers.format_task(results, "standard8")
    assert f"{results[working].scores['centered']:.3f}"[1:] in table


def test_table_says_wins_and_losses(peers):
    results = {
        peers.Job("standard8", 1, peers.OURS, 0): fake(peers, 0.9),
        peers.Job("standard8", 0, peers.OURS, 0): fake(peers, 0.7),
        peers.Job("standard8", 0, "MLPClassifier", 2): fake(peers, 0.85, 1e-9),
        peers.Job("standard8", 0, "MLPClassifier", 0): fake(peers, 0.75, 0.5),
    }
    lines = peers.format_task(results, "standard8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[:6]]
    assert {len(row) for row in rows} == {8}
    assert rows[2][:3] == ["MLPClassifier", "0", ".750"]
    assert rows[3][:3] == ["MLPClassifier", "2", ".850"]
    assert rows[4][2] == ".800 ± .100"
    assert [row[-1] for row in rows[2:5]] == ["0.5", "1e-09", "0.0"]
    assert rows[5][2:5] == [".96", ".96", ""]
    assert lines[7] == (
        "- centered: our net has .800 and is behind 1 row of 2, at the top "
        "MLPClassifier with 2 copies (.850)."
    )
    del results[peers.Job("standard8", 0, "MLPClassifier", 2)]
    table = peers.format_task(results, "standard8")
    assert "No row has more. The next is MLPClassifier with 0 copies (.750)" in table
    del results[peers.Job("standard8", 0, "MLPClassifier", 0)]
    table = peers.format_task(results, "standard8")
    assert "our net has .800. No other model has a result" in table


def test_missing_packages_are_named_with_the_line_that_installs_them(
    peers, monkeypatch
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="aeon and tensorflow missing") as error:
        peers.main([])
    assert peers.INSTALL in str(error.value)
    assert peers.INSTALL in peers.__doc__


def test_missing_recordings_are_named(peers, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(peers, "check_installed", lambda: None)
    with pytest.raises(SystemExit):
        peers.main([str(tmp_path)])
    assert "has no cwru_bearing.npz, for vibration" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        peers.main(["--tasks", "digits"])
    assert "DATA_DIR, the folder with the recordings" in capsys.readouterr().err


@pytest.mark.parametrize("index", [0, 1])
def test_peers_of_aeon_are_fitted(peers, index):
    pytest.importorskip("aeon", reason='needs the extra "peers"')
    pytest.importorskip("tensorflow", reason='needs the extra "peers"')
    result = peers.measure(peers.Job("standard8", 0, peers.NEEDS_AEON[index], 0), True)
    assert not result.error
