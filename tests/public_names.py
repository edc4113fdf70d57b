"""The public names of the package, as its `__all__` lists say."""

import importlib
import inspect
import pkgutil

import sk_psd

# Modules whose path has no leading underscore.
MODULES = [sk_psd] + [
    importlib.import_module(info.name)
    for info in pkgutil.walk_packages(sk_psd.__path__, "sk_psd.")
    if "._" not in info.name
]

# The public objects by the path where they are defined.
OBJECTS = {
    f"{value.__module__}.{name}": value
    for module in MODULES
    for name, value in ((name, getattr(module, name)) for name in module.__all__)
    if hasattr(value, "__module__")  # not trusted_types, a list
}

ESTIMATORS = [
    value
    for value in (getattr(sk_psd, name) for name in sk_psd.__all__)
    if inspect.isclass(value) and hasattr(value, "fit")
]


def methods_of(cls):
    """Yield the names of the public methods that the package itself defines."""
    for name, value in inspect.getmembers(cls):
        function = value.fget if isinstance(value, property) else value
        ours = getattr(function, "__module__", None) or ""
        if not name.startswith("_") and callable(function) and "sk_psd" in ours:
            yield name


METHODS = {
    f"{path}.{name}": getattr(cls, name)
    for path, cls in OBJECTS.items()
    if inspect.isclass(cls)
    for name in methods_of(cls)
}


def make(cls):
    """Return an estimator, with the smallest values for parameters without default."""
    if cls is sk_psd.WindowedClassifier:
        return cls(sk_psd.FlattenCNNClassifier(2, 2, max_epochs=1), 20)
    return cls()
