"""A small search, and scores that tell how many threads a worker uses."""

import os
import pathlib
import re
import textwrap
import threading

import joblib
import numpy as np
import torch
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from sk_psd import GlobalPoolCNNClassifier, WelchPSD
from sk_psd._threads import count_free_threads, in_worker


def make_signals(n=100):
    """Return noise of two bandwidths, and their names."""
    X = np.random.default_rng(0).standard_normal((n, 256)).astype(np.float32)
    X[1::2] = X[1::2].cumsum(axis=1)
    return X, np.resize(["white", "red"], n)


class CountThreads(Callback):
    """Record the number of torch's threads in each epoch of the training."""

    def on_epoch_begin(self, net, **kwargs):
        net.history.record("threads", torch.get_num_threads())


def make_model(**params):
    net = GlobalPoolCNNClassifier(
        kernel_size=8,
        max_epochs=2,
        callbacks=[CountThreads()],
        random_state=0,
        **params,
    )
    return make_pipeline(WelchPSD(nperseg=64, detrend=False, verbose=1), net)


def score(pipe, X, y):
    """Return the accuracy, and numbers of threads in fit and in predict."""
    net, seen, count = pipe[-1], [], threading.get_ident
    handle = net.module_.head.register_forward_hook(
        lambda *_: seen.append((count(), torch.get_num_threads()))
    )
    try:
        accuracy = pipe.score(X, y)
    finally:
        handle.remove()
    return {
        "accuracy": accuracy,
        "loss": net.loss_curve_[-1],
        "in_worker": in_worker(),
        "torch_in_fit": net.history_[-1]["threads"],
        "torch_in_predict": max(n for _, n in seen),
        "free_in_predict": count_free_threads(),
        "process": os.getpid(),
    }


def make_search(refit="accuracy", **params):
    """Return a search of 3 candidates in 5 folds."""
    return GridSearchCV(
        make_model(),
        {"globalpoolcnnclassifier__lr": [1e-3, 1e-2, 3e-2]},
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        scoring=score,
        refit=refit,
        **params,
    )


def summarize(search):
    """Return the results of a search that must not depend on where it ran."""
    X, _ = make_signals()
    kept = ("accuracy", "loss", "params")
    results = {
        name: np.asarray(values).tolist()
        for name, values in sorted(search.cv_results_.items())
        if any(word in name for word in kept)
    }
    proba = search.best_estimator_.predict_proba(X)
    return results, search.best_params_, proba.tolist()


def numbers_of(search, name):
    """Return the set of a score's values over all fits of a search."""
    n = len(search.cv_results_["params"])
    splits = [search.cv_results_[f"split{i}_test_{name}"] for i in range(5)]
    assert np.shape(splits) == (5, n)
    return set(np.ravel(splits).tolist())


def set_and_count(n):
    """Set the number of torch's threads in a worker; return that of predictions."""
    torch.set_num_threads(n)
    return count_free_threads()


def expected_in_process(n_jobs):
    """Return the number of threads of one of joblib's processes."""
    default = max(1, joblib.cpu_count() // n_jobs)
    return int(os.environ.get("OMP_NUM_THREADS", default))


def code_of_page(word):
    """Return the block of code with a word on the page about searches."""
    root = pathlib.Path(__file__).parent.parent
    page = (root / "docs" / "guide" / "search_at_scale.rst").read_text()
    blocks = re.findall(r"code-block:: python\n\n((?:   .*\n|\n)+)", page)
    (code,) = (block for block in blocks if word in block)
    return textwrap.dedent(code)


def run_page(word, changes=()):
    """Run a block of the page in a program with its data; return the search."""
    X, y = make_signals()
    code = code_of_page(word)
    for old, new in changes:
        assert old in code
        code = code.replace(old, new)
    model = make_model().set_params(globalpoolcnnclassifier__callbacks=None)
    grid = {"globalpoolcnnclassifier__lr": [1e-3, 1e-2]}
    names = {"__name__": "__main__", "GridSearchCV": GridSearchCV, "model": model}
    names |= {"make_search": make_search, "grid": grid, "X": X, "y": y}
    exec(code, names)
    return names["search"]
