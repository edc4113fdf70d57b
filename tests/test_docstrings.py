"""Every public object documents what its signature says, in numpydoc."""

import inspect
import warnings
from itertools import combinations

import pytest
from numpydoc.docscrape import FunctionDoc
from numpydoc.validate import validate
from public_names import ESTIMATORS, METHODS, OBJECTS
from sklearn.utils._testing import assert_docstring_consistency

from sk_psd import (
    ConvFilter,
    LearnedConvFilter,
    PSDDisplay,
    ScoreCurveDisplay,
    ShiftCurveDisplay,
    Spectrogram,
    WelchPSD,
    datasets,
    filters,
    inspection,
    spectral,
)

# Checks of numpydoc that the house style does not follow, and why.
IGNORED = {
    "GL01",  # summary on the first line
    "SA01",  # not everything has a relative
    "SA04",
    "EX01",  # functions of one line need no example
    "ES01",  # a good summary needs no extension
    "YD01",
    "PR06",  # "bool" and "str" are what the ecosystem writes
    "RT03",  # a return value may be described by its name and type
    "PR07",  # so may a parameter named by its neighbors
    "PR08",
    "PR09",
    "SS03",  # summaries may end in a closing bracket or a colon
    "SS05",
    "RT02",
    "RT04",
    "RT05",
}

# The parts of the nets say in one line which shape they map to which.
ONE_LINE = {"sk_psd.nn.layers.ConvBlock.forward", "sk_psd.nn.layers.GlobalPool.forward"}


def errors_of(path):
    ignored = IGNORED | ({"PR01", "RT01"} if path in ONE_LINE else set())
    return [error for error in validate(path)["errors"] if error[0] not in ignored]


@pytest.mark.parametrize("path", sorted({**OBJECTS, **METHODS}))
def test_docstring_is_valid_numpydoc(path):
    assert not errors_of(path)


def test_an_object_without_a_docstring_is_found(monkeypatch):
    import sk_psd.nn.layers

    monkeypatch.setattr(sk_psd.nn.layers.same_padding, "__doc__", None)
    assert [code for code, _ in errors_of("sk_psd.nn.layers.same_padding")] == ["GL08"]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_documented_defaults_are_the_real_ones(estimator):
    for name, parameter in inspect.signature(estimator).parameters.items():
        if parameter.default is parameter.empty:
            continue
        line = next(
            line
            for line in inspect.cleandoc(estimator.__doc__).splitlines()
            if line.split(" : ")[0] in (name, "fmin, fmax") and name in line
        )
        default = repr(parameter.default).replace("'", '"')
        stated = line.split("default=")[1]
        assert stated == default or eval(stated) == parameter.default


def named(*paths):
    return [OBJECTS[f"sk_psd.{path}"] for path in paths]


def made_by(display):
    """Return the class methods that make a display, as functions."""
    return [
        method.__func__
        for name, method in vars(display).items()
        if name.startswith("from_")
    ]


CLASSIFIERS = [e for e in ESTIMATORS if hasattr(e, "partial_fit")]  # the nets

# Objects in which a name means one thing, and the names of which this is not true.
FAMILIES = {
    "classifiers": (
        CLASSIFIERS,
        "augmentation best_epoch_ kernel_size layers_ lr module_ n_channels_ "
        "n_features_in_ n_filters random_state stride",
    ),
    "training": (
        [*CLASSIFIERS, LearnedConvFilter],
        "augmentation best_epoch_ device history_ kernel_size layers_ loss_curve_ "
        "lr max_epochs module_ n_channels_ n_features_in_ n_filters n_iter_ "
        "padding_mode random_state stride",
    ),
    "segments": ([WelchPSD, Spectrogram], "decibels freqs_"),
    "spectra": ([spectral.welch, spectral.spectrogram], ""),
    "shifts": (
        [inspection.shift_rows, inspection.shift_curve, inspection.shift_invariance],
        "estimator fill offset shifts static",
    ),
    "tones": ([datasets.make_noisy_sines, datasets.make_two_tones], ""),
    "filters": ([ConvFilter, filters.convolve], "kernel mode stride"),
    "spectra by class": (made_by(PSDDisplay), "X"),
    "shift curves": (made_by(ShiftCurveDisplay), "X"),
    "score curves": (made_by(ScoreCurveDisplay), ""),
}
# Names whose defaults, which stand in the type, may differ.
OWN_DEFAULT = "lr lr_schedule max_epochs noise_std optimizer weight_decay".split()


def compare(pair, names=None, but=None):
    """Raise an AssertionError if two docstrings describe a name differently."""
    names = True if names is None else names
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Checking was skipped")  # in one of them only
        assert_docstring_consistency(
            pair,
            include_params=names,
            exclude_params=but,
            include_attrs=names,
            exclude_attrs=but,
            ignore_types=OWN_DEFAULT,
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_that_means_the_same_is_described_the_same(family):
    objects, different = FAMILIES[family]
    for pair in combinations(objects, 2):
        compare(pair, but=different.split())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_that_is_described_differently_is_one_of_the_declared(family):
    objects, different = FAMILIES[family]
    for name in different.split():
        with pytest.raises(AssertionError, match=r"is inconsistent\s+between"):
            for pair in combinations(objects, 2):
                compare(pair, [name])


@pytest.mark.parametrize("function", [spectral.welch, spectral.spectrogram])
def test_a_parameter_that_is_as_in_a_class_has_its_type_and_default(function):
    own = {p.name: p for p in FunctionDoc(function)["Parameters"]}
    there = {p.name: p for p in FunctionDoc(WelchPSD)["Parameters"]}
    referring = [n for n, p in own.items() if p.desc == ["As in :class:`WelchPSD`."]]
    assert set(own) - set(referring) <= {"X", "nan_segments"}
    for name in referring:
        assert own[name].type == there[name].type
        for part in name.split(", "):
            ours, theirs = map(inspect.signature, (function, WelchPSD))
            assert ours.parameters[part].default == theirs.parameters[part].default


def test_the_names_of_the_columns_are_described_the_same_everywhere():
    assert_docstring_consistency(ESTIMATORS, include_attrs=["feature_names_in_"])
