"""Every public object documents what its signature says, in numpydoc."""

import inspect

import pytest
from numpydoc.validate import validate

import sk_psd
from sk_psd import datasets, filters, inspection, nn, scaling, spectral

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
    "PR07",  # so may a parameter named by its neighbours
    "PR08",
    "PR09",
    "SS03",  # summaries may end in a closing bracket or a colon
    "SS05",
    "RT02",
    "RT04",
    "RT05",
    "GL08",
}


def public_objects():
    for module in (sk_psd, datasets, filters, inspection, nn, scaling, spectral):
        for name in module.__all__:
            thing = getattr(module, name)
            path = f"{thing.__module__}.{name}"
            yield path
            if inspect.isclass(thing):
                for method in ("fit", "transform", "predict", "forward"):
                    if hasattr(thing, method):
                        yield f"{path}.{method}"


@pytest.mark.parametrize("path", sorted(set(public_objects())))
def test_docstring_is_valid_numpydoc(path):
    errors = [e for e in validate(path)["errors"] if e[0] not in IGNORED]
    assert not errors


PUBLIC = [getattr(sk_psd, name) for name in sk_psd.__all__]
ESTIMATORS = [thing for thing in PUBLIC if hasattr(thing, "fit")]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_documented_defaults_are_the_real_ones(estimator):
    for name, parameter in inspect.signature(estimator).parameters.items():
        line = next(
            line
            for line in inspect.cleandoc(estimator.__doc__).splitlines()
            if line.split(" : ")[0] in (name, "fmin, fmax") and name in line
        )
        default = repr(parameter.default).replace("'", '"')
        stated = line.split("default=")[1]
        assert stated == default or eval(stated) == parameter.default
