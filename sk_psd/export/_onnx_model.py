"""The function `to_onnx`: input, probabilities, labels and metadata of the file."""

import json
import os
from pathlib import Path

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sk_psd._extras import import_extra
from sk_psd._numbers import as_int, as_rate
from sk_psd._version import __version__
from sk_psd.export._classifiers import add_classifier
from sk_psd.export._graph import Graph, Value
from sk_psd.export._steps import add_steps, is_of_signals, list_steps, unsupported
from sk_psd.spectral import Spectrogram, WelchPSD

__all__ = ["to_onnx"]

# The version of the operators, and that of the file format. They are the oldest ones
# with an FFT. The example of the guide gave the same results in onnxruntime 1.15, 1.20
# and 1.32.
_OPSET = 17
_IR_VERSION = 8


def to_onnx(estimator, path=None, *, n_times=None):
    """Write a fitted classifier or Pipeline as one ONNX graph.

    The graph runs in onnxruntime, without Python if need be. It takes spectra for a
    classifier, and raw signals for a Pipeline that begins with :class:`WelchPSD`,
    :class:`Spectrogram` or :class:`FFTMagnitude`. It returns what `predict` and
    `predict_proba` return. Needs the extra "onnx".

    Parameters
    ----------
    estimator : classifier or Pipeline
        Fitted, see Notes for the steps that can be written.

    path : str or path-like, default=None
        File to write, such as "model.onnx". The file is written whole or not at all.
        None writes no file.

    n_times : int, default=None
        Length of the signals that the graph takes, in samples. None is the length seen
        in `fit`. Other lengths need a Pipeline that begins with :class:`WelchPSD`.

    Returns
    -------
    model : onnx.ModelProto
        The graph. ``model.SerializeToString()`` is what onnxruntime loads.

    Raises
    ------
    ImportError
        If onnx is not installed.

    ValueError
        If the graph cannot express a step. The message names the step.

    FileNotFoundError
        If the folder of `path` does not exist.

    IsADirectoryError
        If `path` is a folder.

    See Also
    --------
    make_spectrum_classifier : Makes a Pipeline that can be written with all options.

    Notes
    -----
    The input is named "X" and is of float32. Its first axis, of the samples, may have
    any length. The shape is (n_samples, n_freqs) for spectra, (n_samples, n_freqs,
    n_frames) for spectrograms and (n_samples, n_times) for real signals. After several
    channels in `fit` there is an axis of channels after that of the samples. ONNX has
    no complex numbers, so complex signals have one more axis, of length 2: the real
    and the imaginary parts. Two-sided spectra stand for complex signals. A real signal
    has imaginary parts of zero there.

    The outputs are "labels" and "probabilities". Probabilities are of float32 and of
    shape (n_samples, n_classes). Labels are of the type of `classes_`: strings, int64,
    booleans or float64. After a fit with an indicator matrix they are a matrix of 0 and
    1, of int64.

    These steps can be written: :class:`WelchPSD` and :class:`Spectrogram` (with any
    parameter except a function as `detrend`, and except the median with
    ``nan_segments="omit"``), :class:`FFTMagnitude`, :class:`MinMaxScale`,
    :class:`PeakAlign`, :class:`LogFrequency`, :class:`InvariantFeatures`, augmentations
    such as :class:`RandomFreqShift`, which do nothing in prediction, and
    :class:`sklearn.preprocessing.StandardScaler`. These classifiers can be written:
    :class:`GlobalPoolCNNClassifier`, :class:`FlattenCNNClassifier`,
    :class:`SpectrogramCNNClassifier`, :class:`InvariantFeaturesClassifier`,
    :class:`sklearn.linear_model.LogisticRegression`,
    :class:`sklearn.discriminant_analysis.LinearDiscriminantAnalysis` and
    :class:`sklearn.ensemble.VotingClassifier` with ``voting="soft"``.

    Signals are transformed in double precision, nets run in single precision. So the
    graph returns the probabilities that `predict_proba` returns for float64 signals.

    Where `predict_proba` raises an error because X holds NaN or infinity, the
    probabilities of the sample are NaN, and its label means nothing. A signal without
    power has the level `silent_level_`, as in Python, but there is no warning.

    The metadata of the file say what it takes: "sk_psd_version", "input" (a sentence),
    "classes" (a JSON list), for signals "n_times", and with :class:`WelchPSD` or
    :class:`Spectrogram` "fs" and "frequencies" (a JSON list, in Hz).

    Examples
    --------
    >>> import numpy as np
    >>> import onnxruntime
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.export import to_onnx
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), ["narrow"] * 10 + ["wide"] * 10
    >>> net = GlobalPoolCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> graph = to_onnx(net).SerializeToString()
    >>> session = onnxruntime.InferenceSession(graph)
    >>> rolled = np.roll(X[[0, -1]], 25, axis=1).astype(np.float32)
    >>> labels, proba = session.run(["labels", "probabilities"], {"X": rolled})
    >>> labels.tolist(), proba.shape
    (['narrow', 'wide'], (2, 2))
    """
    onnx = import_extra("onnx", "onnx", "to_onnx")
    helper = onnx.helper
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise ValueError(
            f"estimator must be a fitted classifier or Pipeline. Got {estimator!r}."
        )
    check_is_fitted(estimator)
    path = None if path is None else _check_path(path)
    steps = list_steps(estimator)
    if not (steps and hasattr(estimator, "classes_")):
        raise ValueError(
            "to_onnx needs a classifier, or a Pipeline that ends with one. Got "
            f"{type(estimator).__name__}. Fit a Pipeline of the transformers and a "
            "classifier, and pass that."
        )
    shape, is_complex, facts = _find_input(steps, n_times)
    graph = Graph()
    X = graph.input("X", shape)
    *transformers, (name, classifier) = steps
    proba = add_classifier(classifier, add_steps(transformers, X, is_complex), name)
    if not any(getattr(step, "nan_segments", None) == "omit" for _, step in steps):
        graph.check_finite(X)
    for check in graph.checks:
        proba = proba + check
    outputs = _add_outputs(proba, estimator.classes_, _is_multilabel(classifier))
    proto = helper.make_graph(
        graph.nodes,
        "sk_psd",
        [graph.describe(X)],
        [graph.describe(value) for value in outputs],
        graph.constants,
    )
    model = helper.make_model(
        proto,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="sk_psd",
        producer_version=__version__,
        doc_string=facts["input"],
    )
    classes = json.dumps(estimator.classes_.tolist())
    facts = {"sk_psd_version": __version__, "classes": classes, **facts}
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    if path is not None:
        _write(path, model.SerializeToString())
    return model


def _check_path(path):
    """Return the path of a file to write, in a folder that exists."""
    if not (isinstance(path, (str, os.PathLike)) and Path(path).name):
        raise ValueError(
            "path must be the name of a file, such as 'model.onnx', or None. Got "
            f"{path!r}."
        )
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder of path (={str(path)!r}) does not exist. Make it first."
        )
    if path.is_dir():
        raise IsADirectoryError(
            f"path (={str(path)!r}) is a folder. Pass the name of a file in it, such "
            f"as {str(path / 'model.onnx')!r}."
        )
    return path


def _is_multilabel(classifier):
    return getattr(classifier, "_is_multilabel", False)


def _find_input(steps, n_times):
    """Return the shape of a sample, whether it is complex, and the metadata.

    Parameters
    ----------
    steps : list of (str, estimator)

    n_times : int or None

    Returns
    -------
    shape : tuple of int
        For complex signals with a last axis of length 2.

    is_complex : bool

    facts : dict of str to str
        Metadata of the input.
    """
    name, first = steps[0]
    n_channels = _find_attribute(steps, "n_channels_", 1)
    channels = (n_channels,) if n_channels > 1 else ()
    names = ["n_samples", *["n_channels"] * bool(channels)]
    length = _find_length(name, first, n_times)
    facts = {}
    is_complex = False
    if is_of_signals(first):
        is_complex = getattr(first, "_is_complex", False)
        if isinstance(first, (WelchPSD, Spectrogram)):
            is_complex = not first.return_onesided
            facts["fs"] = repr(float(as_rate(first.fs)))
            facts["frequencies"] = json.dumps(first.freqs_.tolist())
        facts["n_times"] = str(length)
        kind = "complex signals" if is_complex else "real signals"
        shape, names = (*channels, length), [*names, "n_times"]
    else:
        kind, shape, names = "spectra", (*channels, length), [*names, "n_freqs"]
        n_frames = _find_attribute(steps, "n_frames_", None)
        if n_frames is not None:
            kind, shape = "spectrograms", (*shape, n_frames)
            names.append("n_frames")
    if is_complex:
        shape, names = (*shape, 2), [*names, "2"]
    sizes = ", ".join(map(str, shape))
    text = f"X: float32 {kind} of shape ({', '.join(names)}), here (any, {sizes})."
    if is_complex:
        text += " The last axis holds the real and the imaginary part."
    return shape, is_complex, {"input": text, **facts}


def _find_length(name, step, n_times):
    """Return the length of the last axis of the input, or of the frequency axis."""
    fitted = getattr(step, "_n_times", None) or getattr(step, "n_features_in_", None)
    if fitted is None:
        raise unsupported(name, step)
    if n_times is None:
        return fitted
    try:
        length = as_int(n_times)
    except (TypeError, ValueError, OverflowError):
        length = 0
    if length < 1:
        raise ValueError(
            "n_times must be a number of samples, an int of at least 1, or None. Got "
            f"{n_times!r}."
        )
    if length != fitted and not isinstance(step, (WelchPSD, Spectrogram)):
        raise ValueError(
            f"n_times (={n_times}) must be None: the step {name!r} "
            f"({type(step).__name__}) takes samples of length {fitted} only. Other "
            "lengths need a Pipeline that begins with WelchPSD."
        )
    return length


def _find_attribute(steps, attribute, default):
    """Return an attribute of the first step that has it, or of an estimator in one."""
    for _, step in steps:
        inner = list(getattr(step, "estimators_", []))
        inner.append(getattr(step, "features_", None))
        nested = [pair for item in inner for pair in list_steps(item)]
        found = getattr(step, attribute, None)
        if found is None:
            found = _find_attribute(nested, attribute, None)
        if found is not None:
            return found
    return default


def _add_outputs(proba, classes, is_multilabel):
    """Return the labels and the probabilities as outputs of the graph.

    Parameters
    ----------
    proba : float64 Value of shape (n_classes,)

    classes : ndarray of shape (n_classes,)

    is_multilabel : bool

    Returns
    -------
    labels, probabilities : Value
    """
    graph = proba.graph
    if is_multilabel:
        found = proba.exceeds(0.5).cast(np.int64)
    else:
        place = graph.add("ArgMax", proba.name, axis=-1, keepdims=0)
        values = _as_onnx_labels(classes)
        name = graph.add("Gather", graph.constant(values), place)
        found = Value(graph, name, values.dtype, ())
    proba = proba.cast(np.float32)
    return graph.rename(found, "labels"), graph.rename(proba, "probabilities")


def _as_onnx_labels(classes):
    """Return labels in a dtype that ONNX has, strings as objects."""
    kind = classes.dtype.kind
    if kind in "OUT" and all(isinstance(item, str) for item in classes):
        return classes.astype(object)
    if kind == "O":
        classes = np.array(classes.tolist())
        kind = classes.dtype.kind
    dtypes = {"b": bool, "i": np.int64, "u": np.int64, "f": np.float64}
    if kind not in dtypes or (kind == "u" and classes.max() > np.iinfo(np.int64).max):
        raise ValueError(
            "to_onnx writes labels that are strings, int64, booleans or floats. Got "
            f"{classes.tolist()}. Fit the classifier with the numbers 0, 1, ..."
        )
    return classes.astype(dtypes[kind])


def _write(path, content):
    """Write a file whole or not at all, by another file in the same folder."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
