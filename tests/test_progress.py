"""Progress bars: shown with `verbose`, once, on stderr, and closed after errors."""

import re

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_psd import (
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    Spectrogram,
    WelchPSD,
    shift_curve,
    shift_invariance,
)

X = np.random.default_rng(0).standard_normal((40, 300))
Y = np.arange(40) % 2
NET = GlobalPoolCNNClassifier(max_epochs=2, random_state=0)
TINY = X[:, :32]
TRANSFORMERS = [
    WelchPSD(nperseg=20),
    WelchPSD(nperseg=20, average="median"),
    WelchPSD(nperseg=20, decibels=True, n_jobs=2),
    Spectrogram(nperseg=20),
]


@pytest.fixture(scope="module")
def net():
    return NET.__class__(max_epochs=1, random_state=0).fit(TINY, Y)


def bars(capfd):
    """Return what stands in the last state of each bar on stderr: title, n, total."""
    out, err = capfd.readouterr()
    assert out == ""
    # A bar writes each state over the last one, and ends its line when it is closed.
    lines = [line.split("\r")[-1] for line in err.split("\n") if line]
    assert err == "" or err.endswith("\n")
    found = [re.match(r"([\w.]+): +\d+%.*? ([\d.k]+)/([\d.k]+) \[", s) for s in lines]
    return [match.groups() for match in found if match]


@pytest.mark.parametrize("psd", TRANSFORMERS, ids=str)
def test_transformers_count_all_segments_with_verbose_and_are_silent_without(
    psd, capfd
):
    expected = psd.fit_transform(X)
    assert bars(capfd) == []
    psd = psd.set_params(verbose=1)
    try:
        np.testing.assert_array_equal(psd.fit_transform(X), expected)
        np.testing.assert_array_equal(psd.fit(X).transform(X), expected)
    finally:
        psd.set_params(verbose=0)
    n = str(40 * 29)
    assert bars(capfd) == [
        (f"{type(psd).__name__}.{method}", n, n)
        for method in ("fit_transform", "fit", "transform")
    ]


def test_segments_of_channels_lists_and_long_signals_are_counted(capfd):
    psd = WelchPSD(nperseg=20, verbose=True).fit(X[:2])
    psd.transform([X[0], X[1, :100]])
    WelchPSD(nperseg=20, verbose=True).fit(X[:12].reshape(2, 6, 300))
    long = np.random.default_rng(0).standard_normal((1, 2**21))  # split into tasks
    WelchPSD(nperseg=2**16, verbose=True).fit_transform(long)
    counts = [str(n) for n in (2 * 29, 29 + 9, 12 * 29, 63)]
    assert [(n, total) for _, n, total in bars(capfd)] == list(
        zip(counts, counts, strict=True)
    )


def test_signals_that_are_computed_twice_count_once(capfd):
    scaled = X * np.where(np.arange(40) < 20, 1, 1e-170)[:, None]
    WelchPSD(nperseg=20, decibels=True, verbose=1).fit_transform(scaled)
    n = str(40 * 29)
    assert bars(capfd) == [("WelchPSD.fit_transform", n, n)]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_shift_curve_and_shift_invariance_count_the_shifts(net, n_jobs, capfd):
    shifts = [-3, 0, 5]
    quiet = shift_curve(net, TINY, Y, shifts=shifts, n_jobs=n_jobs)
    assert bars(capfd) == []
    loud = shift_curve(net, TINY, Y, shifts=shifts, n_jobs=n_jobs, verbose=1)
    np.testing.assert_array_equal(loud.scores, quiet.scores)
    assert shift_invariance(net, TINY, n_jobs=n_jobs, verbose=True) == shift_invariance(
        net, TINY, n_jobs=n_jobs
    )
    assert bars(capfd) == [
        ("shift_curve", "3", "3"),
        ("shift_invariance", "31", "31"),
    ]


def test_a_bar_inside_of_another_one_is_not_shown(capfd):
    pipe = make_pipeline(WelchPSD(nperseg=62), NET).fit(X, Y)
    pipe.set_params(welchpsd__verbose=1)
    for n_jobs in (1, 2):
        shift_curve(pipe, X, Y, shifts=[0, 1], n_jobs=n_jobs, verbose=1)
        assert bars(capfd) == [("shift_curve", "2", "2")]


def test_a_bar_is_closed_after_an_error(net, capfd):
    holes = X.copy()
    holes[7, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        WelchPSD(verbose=1).fit(holes)

    def fails(estimator, X, y):
        raise RuntimeError("no score")

    for n_jobs in (1, 2):
        with pytest.raises(RuntimeError, match="no score"):
            shift_curve(
                net, TINY, Y, shifts=[0], scoring=fails, n_jobs=n_jobs, verbose=1
            )
    WelchPSD(nperseg=300, verbose=1).fit(X)  # the next bar starts anew
    titles = [title for title, *_ in bars(capfd)]
    assert titles == ["WelchPSD.fit", "shift_curve", "shift_curve", "WelchPSD.fit"]


@pytest.mark.parametrize("verbose", [-1, "yes", None, 0.5])
def test_another_verbose_is_an_error(net, verbose):
    for function in (
        lambda: shift_curve(net, TINY, Y, verbose=verbose),
        lambda: shift_invariance(net, TINY, verbose=verbose),
        lambda: WelchPSD(verbose=verbose).fit(X),
    ):
        with pytest.raises(ValueError, match="verbose"):
            function()


def test_workers_show_no_bars_and_scikit_learn_prints_its_own_lines(capfd):
    model = make_pipeline(WelchPSD(nperseg=62, verbose=1), NET)
    model.set_params(globalpoolcnnclassifier__verbose=1)
    grid = {"welchpsd__scaling": ["density", "spectrum"]}
    search = GridSearchCV(model, grid, cv=2, n_jobs=2, verbose=2, refit=False)
    with joblib.parallel_config("threading"):
        search.fit(X, Y)
    out, err = capfd.readouterr()
    assert err.count("WelchPSD") == err.count("epoch") == 0
    assert "Fitting 2 folds for each of 2 candidates, totalling 4 fits" in out
    assert out.count("END") == 4


def test_a_search_in_one_process_shows_the_bars_of_each_fit(capfd):
    search = GridSearchCV(WelchPSD(nperseg=62, verbose=1), {}, cv=2, refit=False)
    search.set_params(scoring=lambda estimator, X, y=None: 0.0).fit(X)
    assert [title for title, *_ in bars(capfd)] == 2 * ["WelchPSD.fit"]


def test_the_progress_bar_of_scikit_learn_shows_searches_and_epochs(capfd, monkeypatch):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    net = GlobalPoolCNNClassifier(max_epochs=2, random_state=0)
    search = GridSearchCV(net, {"lr": [0.01, 0.02]}, cv=2)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    search.fit(TINY, Y)
    out = "".join(capfd.readouterr())
    assert "GridSearchCV - fit" in out and "100%" in out
    assert "GlobalPoolCNNClassifier - fit" in out


def test_filters_that_learn_show_their_epochs(capfd):
    LearnedConvFilter(max_epochs=2, verbose=1, random_state=0).fit(X, X)
    assert "2/2" in capfd.readouterr().err
