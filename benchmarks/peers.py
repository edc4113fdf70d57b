"""Our net beside other packages' classifiers and the baselines, on the same spectra.

    pip install -c constraints-peers.txt -e ".[peers]" && python benchmarks/peers.py
    python benchmarks/peers.py DATA_DIR    # and the recordings, under 20 minutes
    python benchmarks/peers.py --quick     # a minute, small data, figures mean nothing

The tables are Markdown. DATA_DIR holds ``cwru_bearing.npz`` and ``fsdd.npz``, as
benchmarks/real_signals.py describes them. Progress goes to stderr. A model that fails
has the reason in its row. Control-C prints the tables of what is done.

The models: the pipelines of make_baselines() that read spectra, a random forest on the
aligned spectrum, scikit-learn's MLPClassifier, aeon's MiniRocketClassifier and
FCNClassifier, and GlobalPoolCNNClassifier. Every model reads the same Welch spectra in
decibels, scaled to [0, 1] by MinMaxScale. "logreg_fft" reads signals and is left out.
Each model but our net is fitted twice: "0 copies" on the training spectra, "2 copies"
on them and on two copies, each spectrum shifted by RandomFreqShift() at random. Our net
shifts each batch anew by the same law, with its defaults, and is fitted once.

All parameters are the packages' defaults, but for two. MiniRocket's ridge may choose
penalties from 0.1 to 1e5 in place of 1e-3 to 1e3, to leave room at the top.
aeon's FCN, a convolutional net with global average pooling, has 32, 64 and 32 filters
in place of 128, 256 and 128, and about 1000 steps of 32 spectra, as our net has, in
place of 2000 epochs of 16, which take many hours. Its learning rate falls from 1e-2
along a cosine, since the default of 1e-3 is too low for so few steps: .57 in place of
.83 on shifted spectra of 256 bins (one run). The full FCN, trained for as long as its
defaults say, may do better.

aeon 1.6 needs numba below 0.64, hence NumPy below 2.4, and pandas below 3.1, which
constraints.txt does not allow. constraints-peers.txt has the versions for this
benchmark. aeon's deep nets need TensorFlow, a download of 270 MB for the CPU.

The tasks: "standard8" of make_shift_benchmark, 1600 training spectra of 1024 bins at
the center of the axis; "vibration", bearing faults with each of four motor loads left
out in turn; "digits", spoken digits with two of six speakers left out in turn, where
the position of a formant tells the class and shift invariance is wrong. The test sets:
"centered" or "as recorded"; "shifted", on standard8 by 12 to 42 % of the axis, of
vibration by up to 1000 of 6000 Hz with noise at the signal's own floor in the vacated
strip; "noise", the first test set with white noise of the signals' own power (0 dB).

"fit" is seconds of CPU time for one fit, without imports and the compilation of
MiniRocket. "row" is milliseconds of CPU time for the prediction of one spectrum. Two
processes share the fits, and each has one thread. "change" is the largest change of a
probability when 100 test spectra are rolled by four shifts; a model without
probabilities counts as certain of its label.
"""

import argparse
import concurrent.futures
import functools
import importlib.util
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time
import traceback
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import RidgeClassifierCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_psd import (
    GlobalPoolCNNClassifier,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    WelchPSD,
    make_baselines,
    shift_invariance,
)
from sk_psd.datasets import make_shift_benchmark
from sk_psd.signals import add_noise, shift_frequency

INSTALL = 'pip install -c constraints-peers.txt -e ".[peers]"'
N_COPIES = 2
SNR_DB = 0
SHIFT_HZ = 1000
N_STEPS, BATCH_SIZE = 1000, 32  # of our net
OURS = "GlobalPoolCNNClassifier (ours)"
NEEDS_AEON = ("aeon MiniRocketClassifier", "aeon FCNClassifier, small")
# File and number of folds of each recorded task, of one load or two speakers.
RECORDINGS = {"vibration": ("cwru_bearing.npz", 4), "digits": ("fsdd.npz", 3)}
# Accuracy that no classifier of the spectra can pass, as benchmarks/limits.py finds it.
LIMITS = {"standard8": 0.96, "hard6": 0.77}
# One thread for each of the libraries, in each of the two processes.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",  # the figures are those of the CPU
}


class Job(NamedTuple):
    """One fit. `repeat` is the seed of standard8 or the index of the fold."""

    task: str
    repeat: int
    model: str
    n_copies: int


class Fold(NamedTuple):
    """Training spectra and labels, and (spectra, labels) of the test sets by name."""

    X: np.ndarray
    y: np.ndarray
    tests: dict


class Result(NamedTuple):
    """Figures of one fit. `error` says why there are none."""

    scores: dict = {}
    fit_seconds: float = np.nan
    row_ms: float = np.nan
    change: float = np.nan
    error: str = ""


class OnSpectra(ClassifierMixin, BaseEstimator):
    """Give a classifier the rows and the methods that the measurements need.

    aeon's classifiers take arrays of shape (n_samples, 1, n_freqs). A classifier
    without probabilities is certain of its label.
    """

    def __init__(self, model, add_axis=False):
        self.model = model
        self.add_axis = add_axis

    def fit(self, X, y):
        """Fit the model itself."""
        self.classes_ = np.unique(y)
        self.model.fit(self._rows(X), y)
        return self

    def predict(self, X):
        """Return the labels."""
        return self.model.predict(self._rows(X))

    def predict_proba(self, X):
        """Return the probabilities, or ones and zeros."""
        if hasattr(self.model, "predict_proba"):
            return self.model.predict_proba(self._rows(X))
        return (self.predict(X)[:, None] == self.classes_).astype(float)

    def _rows(self, X):
        return X[:, None] if self.add_axis else X


def make_models(n_samples, seed, quick):
    """Return a function that makes the model for each name, in the order of the rows.

    `n_samples` is the number of training spectra with their copies.
    """
    # The spectra are made already.
    baselines = make_baselines(FunctionTransformer())
    del baselines["logreg_fft"]
    models = {name: functools.partial(OnSpectra, m) for name, m in baselines.items()}
    n_epochs = 1 if quick else max(10, round(N_STEPS * BATCH_SIZE / n_samples))

    def make_forest():
        forest = RandomForestClassifier(500, random_state=seed)
        return OnSpectra(make_pipeline(PeakAlign(), forest))

    def make_minirocket():
        from aeon.classification.convolution_based import MiniRocketClassifier

        ridge = RidgeClassifierCV(np.logspace(-1, 5, 7))
        model = MiniRocketClassifier(estimator=ridge, random_state=seed)
        return OnSpectra(model, add_axis=True)

    def make_fcn():
        import keras
        from aeon.classification.deep_learning import FCNClassifier

        keras.utils.disable_interactive_logging()
        n_steps = n_epochs * -(-n_samples // BATCH_SIZE)
        rate = keras.optimizers.schedules.CosineDecay(1e-2, n_steps)
        model = FCNClassifier(
            n_filters=[32, 64, 32],
            batch_size=BATCH_SIZE,
            n_epochs=n_epochs,
            optimizer=keras.optimizers.Adam(rate),
            # aeon writes the weights of the best epoch to a file and removes it.
            file_path=tempfile.gettempdir() + "/",
            random_state=seed,
        )
        return OnSpectra(model, add_axis=True)

    def make_net():
        max_epochs = 2 if quick else "auto"
        return GlobalPoolCNNClassifier(
            max_epochs=max_epochs, device="cpu", random_state=seed
        )

    models["random forest, aligned"] = make_forest
    models["MLPClassifier"] = lambda: OnSpectra(MLPClassifier(random_state=seed))
    models[NEEDS_AEON[0]] = make_minirocket
    models[NEEDS_AEON[1]] = make_fcn
    models[OURS] = make_net
    return models


def make_fold(psd, train, tests):
    """Return the spectra of (signals, labels) for training and of the test sets."""
    to_spectra = make_pipeline(psd, MinMaxScale())
    X, y = train
    return Fold(
        to_spectra.fit_transform(X).astype(np.float32),
        y,
        {
            name: (to_spectra.transform(X).astype(np.float32), y)
            for name, (X, y) in tests.items()
        },
    )


def make_standard8(seed, quick):
    """Return the fold of standard8 with its own draw of the data."""
    n_train, n_test, n_freqs = (80, 40, 128) if quick else (1600, 800, 1024)
    data = make_shift_benchmark(
        "standard8",
        n_train=n_train,
        n_test=n_test,
        n_freqs=n_freqs,
        random_state=100 + seed,
    )
    psd = WelchPSD(
        nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True
    )
    X, y = data.test["centered"]
    tests = {"centered": (X, y), "shifted": data.test["shifted"]}
    tests["noise"] = add_noise(X, SNR_DB, np.random.default_rng(seed)), y
    return make_fold(psd, (data.X_train, data.y_train), tests)


def make_recordings(task, index, quick, data_dir):
    """Return the fold of recorded signals that leaves out one load or two speakers."""
    file, n_folds = RECORDINGS[task]
    step = 8 if quick else 1
    with np.load(data_dir / file) as archive:
        X, y = archive["X"][::step].astype(np.float32), archive["y"][::step]
        group, fs = archive["group"][::step], float(archive["fs"])
    left_out = np.isin(group, np.array_split(np.unique(group), n_folds)[index])
    X_test, y_test = X[left_out], y[left_out]
    rng = np.random.default_rng(index)
    tests = {"as recorded": (X_test, y_test)}
    if task == "vibration":
        shift = rng.uniform(-SHIFT_HZ, SHIFT_HZ, len(X_test)) / fs
        moved = shift_frequency(X_test, shift, offset="remove", random_state=rng)
        tests["shifted"] = moved, y_test
    tests["noise"] = add_noise(X_test, SNR_DB, rng), y_test
    # Without the first bin, which holds the rest of the mean.
    psd = WelchPSD(fs, nperseg=512, decibels=True, fmin=fs / 1024)
    return make_fold(psd, (X[~left_out], y[~left_out]), tests)


@functools.lru_cache(maxsize=2)
def load_fold(task, repeat, quick, data_dir):
    """Return the fold, made once for successive jobs."""
    if task == "standard8":
        return make_standard8(repeat, quick)
    return make_recordings(task, repeat, quick, data_dir)


def add_copies(X, y, n_copies):
    """Return the spectra and `n_copies` shifted copies of them, and their labels."""
    copies = [
        RandomFreqShift(random_state=seed).fit_transform(X) for seed in range(n_copies)
    ]
    return np.concatenate([X, *copies]), np.tile(y, n_copies + 1)


@functools.lru_cache
def compile_once(name, quick):
    """Fit a model of aeon to a few rows, which compiles it in this process."""
    if name in NEEDS_AEON:
        X = np.random.default_rng(0).random((20, 64), dtype=np.float32)
        make_models(len(X), 0, quick=True)[name]().fit(X, np.arange(20) % 2)


def measure(job, quick=False, data_dir=None):
    """Return the result of one job."""
    try:
        with warnings.catch_warnings():
            # 200 epochs, the default of the MLP, may be too few for it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return measure_fit(job, quick, data_dir)
    except Exception as error:
        traceback.print_exc()
        first_line = (str(error).splitlines() or [""])[0]
        return Result(error=f"{type(error).__name__}: {first_line}")


def measure_fit(job, quick, data_dir):
    """Fit the model of the job and measure it."""
    fold = load_fold(job.task, job.repeat, quick, data_dir)
    compile_once(job.model, quick)
    X, y = add_copies(fold.X, fold.y, job.n_copies)
    model = make_models(len(X), job.repeat, quick)[job.model]()
    start = time.process_time()
    model.fit(X, y)
    fit_seconds = time.process_time() - start
    start = time.process_time()
    scores = {
        k: float(np.mean(model.predict(X) == y)) for k, (X, y) in fold.tests.items()
    }
    row_seconds = time.process_time() - start
    row_seconds /= sum(len(y) for _, y in fold.tests.values())
    some, n_freqs = next(iter(fold.tests.values()))[0][:100], X.shape[1]
    shifts = [1, n_freqs // 8, n_freqs // 3, n_freqs // 2]
    report = shift_invariance(model, some, shifts=shifts, domain="spectrum")
    return Result(scores, fit_seconds, 1e3 * row_seconds, report.max_change)


def list_jobs(tasks, n_seeds, quick):
    """Return the jobs, those of the first repeats first."""
    repeats = {"standard8": n_seeds} | {k: n for k, (_, n) in RECORDINGS.items()}
    if quick:
        repeats = dict.fromkeys(repeats, 1)
    return [
        Job(task, repeat, model, n_copies)
        for repeat in range(max(repeats[task] for task in tasks))
        for task in tasks
        if repeat < repeats[task]
        for model in make_models(1, 0, quick)
        for n_copies in ([0] if model == OURS else [0, N_COPIES])
    ]


def run(jobs, quick, data_dir):
    """Return the results by job, of two processes."""
    results = {}
    start = time.perf_counter()
    pool = concurrent.futures.ProcessPoolExecutor(
        2, mp_context=multiprocessing.get_context("spawn")
    )
    futures = {pool.submit(measure, job, quick, data_dir): job for job in jobs}
    try:
        for future in concurrent.futures.as_completed(futures):
            job = futures[future]
            try:
                result = future.result()
            except Exception as error:  # the process died
                result = Result(error=f"{type(error).__name__}: {error}")
            results[job] = result
            scores = " ".join(f"{k} {v:.3f}" for k, v in result.scores.items())
            print(
                f"[{len(results)}/{len(jobs)}, {time.perf_counter() - start:.0f} s] "
                f"{job.task} {job.repeat}, {job.model}, {job.n_copies} copies: "
                f"{result.error or scores}, {result.fit_seconds:.1f} s",
                file=sys.stderr,
                flush=True,
            )
    except KeyboardInterrupt:
        print("Stopped: some rows have fewer fits than others.", file=sys.stderr)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return results


def group_rows(results, task):
    """Return the lists of results of one task by (model, n_copies)."""
    rows = {}
    for job in sorted(results, key=lambda job: job.repeat):
        if job.task == task:
            rows.setdefault((job.model, job.n_copies), []).append(results[job])
    order = [*make_models(1, 0, quick=True)]
    return {
        key: rows[key] for key in sorted(rows, key=lambda k: (order.index(k[0]), k))
    }


def format_number(value, digits=3):
    """Return a number without a zero before its point."""
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0.") else text


def format_task(results, task):
    """Return the table of one task in Markdown, and what it says in words."""
    rows = group_rows(results, task)
    done = {
        key: [r for r in fits if not r.error]
        for key, fits in rows.items()
        if not all(r.error for r in fits)
    }
    columns = list(next(iter(done.values()))[0].scores) if done else []
    head = [task, "copies", *columns, "fit, CPU s", "row, CPU ms", "change"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for (name, n_copies), fits in rows.items():
        title = f"**{name}**" if name == OURS else name
        copies = "each batch" if name == OURS else str(n_copies)
        if errors := [r.error.replace("|", "/") for r in fits if r.error]:
            title += f" (failed in {len(errors)} of {len(fits)}: {errors[0]})"
        cells = []
        if fits := done.get((name, n_copies)):
            for column in columns:
                values = [r.scores[column] for r in fits]
                spread = f" ± {format_number(np.std(values))}" if len(fits) > 1 else ""
                cells.append(format_number(np.mean(values)) + spread)
            cells.append(f"{np.mean([r.fit_seconds for r in fits]):.1f}")
            cells.append(format_number(np.mean([r.row_ms for r in fits])))
            change = max(r.change for r in fits)
            # A rounded change could pass for none.
            cells.append(f"{change:.1g}" if change else "0.0")
        cells = cells or [""] * (len(head) - 2)
        lines.append("| " + " | ".join([title, copies, *cells]) + " |")
    if task in LIMITS:
        # The limits are those without added noise.
        cells = [
            "" if k == "noise" else format_number(LIMITS[task], 2) for k in columns
        ]
        lines.append(
            "| limit of any classifier (`benchmarks/limits.py`) | | "
            + " | ".join([*cells, "", "", ""])
            + " |"
        )
    return "\n".join([*lines, "", *compare_in_words(done, columns)])


def compare_in_words(done, columns):
    """Yield a sentence for each column: how many rows beat our net, and the first."""
    if (OURS, 0) not in done:
        yield "Our net has no result."
        return

    def mean(key, column):
        return np.mean([r.scores[column] for r in done[key]])

    for column in columns:
        ours = mean((OURS, 0), column)
        others = sorted(
            ((mean(key, column), key) for key in done if key[0] != OURS), reverse=True
        )
        named = [
            f"{name} with {n_copies} copies ({format_number(score)})"
            for score, (name, n_copies) in others
        ]
        n_better = sum(score > ours for score, _ in others)
        net = f"- {column}: our net has {format_number(ours)}"
        if n_better:
            rows = "1 row" if n_better == 1 else f"{n_better} rows"
            first = ", ".join(named[: min(n_better, 3)])
            yield f"{net} and is behind {rows} of {len(named)}, at the top {first}."
        elif named:
            yield f"{net}, no row has more; the next is {named[0]}."
        else:
            yield f"{net}, no other model has a result."


def check_installed():
    """End the program with the pip line if a package of the extra is missing."""
    missing = [
        name for name in ("aeon", "tensorflow") if not importlib.util.find_spec(name)
    ]
    if missing:
        sys.exit(f"{' and '.join(missing)} missing. Install the extra: {INSTALL}")


def main(args=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=pathlib.Path, nargs="?")
    parser.add_argument("--tasks", nargs="+", choices=["standard8", *RECORDINGS])
    parser.add_argument("--seeds", type=int, default=2, help="draws of standard8")
    parser.add_argument("--quick", action="store_true", help="small data, one repeat")
    args = parser.parse_args(args)
    check_installed()
    tasks = args.tasks or ["standard8", *RECORDINGS]
    if args.data_dir is None:
        left_out = [task for task in tasks if task in RECORDINGS]
        if left_out:
            print(f"Without DATA_DIR the recordings are left out: {left_out}.\n")
        tasks = [task for task in tasks if task not in RECORDINGS]
        if not tasks:
            parser.error("DATA_DIR, the folder with the recordings, is missing.")
    for task in tasks:
        if task in RECORDINGS and not (args.data_dir / RECORDINGS[task][0]).is_file():
            parser.error(f"{args.data_dir} has no {RECORDINGS[task][0]}, for {task}.")
    os.environ.update(ENVIRONMENT)  # before the two processes start
    results = run(list_jobs(tasks, args.seeds, args.quick), args.quick, args.data_dir)
    print(
        "Mean accuracy. ±: standard deviation over the draws of standard8, or over the "
        "folds.\n"
    )
    for task in tasks:
        print(format_task(results, task) + "\n")
    print(
        f"The limits are {LIMITS['standard8']:.2f} on standard8 and "
        f"{LIMITS['hard6']:.2f} on hard6, which is not run here."
    )


if __name__ == "__main__":
    main()
