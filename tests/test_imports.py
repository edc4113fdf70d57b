"""The files of the package and which way imports run."""

import ast
import pathlib
import re
import runpy

import pytest
from public_names import MODULES

import sk_psd

PACKAGE = pathlib.Path(sk_psd.__file__).parent
ROOT = pathlib.Path(__file__).parent.parent
DOCS = ROOT / "docs"

# What each file imports of the package: all of it, and rows above its own only.
IMPORTS = {
    "_pages": set(),
    "_layout": {"_pages"},
    "_version": set(),
    "_state": {"_version"},
    "_numbers": set(),
    "_constraints": {"_numbers"},
    "_arrays": {"_layout"},
    "_validation": {"_arrays", "_pages"},
    "_frequency_axis": set(),
    "_frequency_names": set(),
    "_doc_link": set(),
    "_transformer": {"_doc_link", "_frequency_axis", "_pages", "_state", "_validation"},
    "_arguments": set(),
    "_waveforms": set(),
    "_data_texts": set(),
    "_result": set(),
    "_draws": set(),
    "datasets": {
        "_arguments",
        "_data_texts",
        "_draws",
        "_numbers",
        "_result",
        "_waveforms",
    },
    "nn.gradients": set(),
    "nn.layers": {"nn.gradients"},
    "_shift": set(),
    "nn.flatten_cnn": {"nn.layers"},
    "nn.global_pool_cnn": {"nn.layers"},
    "nn.spectrogram_cnn": {"nn.layers"},
    "nn.__init__": {
        "nn.flatten_cnn",
        "nn.global_pool_cnn",
        "nn.layers",
        "nn.spectrogram_cnn",
    },
    "_threads": set(),
    "_torch_settings": set(),
    "_chunks": {"_threads", "_torch_settings"},
    "_segments": {"_arguments", "_numbers"},
    "_blocks": {"_arrays"},
    "_progress": {"_threads"},
    "_periodograms": {"_arrays", "_blocks", "_pages", "_progress", "_threads"},
    "_median": {"_periodograms"},
    "_powers": {"_arrays", "_blocks", "_median", "_periodograms"},
    "_notch": {"_numbers"},
    "_signal_lists": {"_arrays"},
    "_segment_transformer": {
        "_constraints",
        "_layout",
        "_notch",
        "_numbers",
        "_pages",
        "_powers",
        "_progress",
        "_segments",
        "_signal_lists",
        "_transformer",
        "_validation",
    },
    "spectral": {
        "_arguments",
        "_arrays",
        "_constraints",
        "_frequency_axis",
        "_frequency_names",
        "_numbers",
        "_powers",
        "_segment_transformer",
        "_segments",
        "_transformer",
        "_validation",
    },
    "scaling": {
        "_arrays",
        "_constraints",
        "_layout",
        "_numbers",
        "_shift",
        "_transformer",
    },
    "_log_cells": set(),
    "resampling": {
        "_arguments",
        "_arrays",
        "_constraints",
        "_frequency_axis",
        "_frequency_names",
        "_layout",
        "_log_cells",
        "_numbers",
        "_transformer",
        "_validation",
    },
    "_signal_shift": {"_arrays"},
    "signals": {"_arguments", "_arrays", "_numbers", "_pages", "_signal_shift"},
    "_noise": set(),
    "_row_view": {"_pages"},
    "_standardize": {"_pages", "_row_view"},
    "_device": {"_threads"},
    "_training_rows": {"_device", "_standardize"},
    "augmentation": {
        "_constraints",
        "_layout",
        "_noise",
        "_numbers",
        "_shift",
        "_training_rows",
        "_transformer",
        "_validation",
        "signals",
    },
    "filters": {"_arguments", "_arrays", "_constraints", "_numbers", "_transformer"},
    "inspection._shifts": {
        "_arguments",
        "_arrays",
        "_frequency_axis",
        "_progress",
        "_result",
        "_shift",
        "_signal_shift",
        "resampling",
    },
    "inspection._response": {"_arrays", "_numbers", "_result", "filters", "spectral"},
    "_callbacks": {"_threads"},
    "_training": {"_callbacks", "_training_rows"},
    "_fitted_state": set(),
    "_net_estimator": {
        "_callbacks",
        "_constraints",
        "_device",
        "_doc_link",
        "_fitted_state",
        "_state",
        "_threads",
        "_torch_settings",
        "_training",
    },
    "inspection._fields": set(),
    "_class_weights": {"_row_view", "_validation"},
    "_holdout": {"_row_view"},
    "_targets": {"_arrays", "_class_weights", "_holdout", "_validation"},
    "_net_predictor": {
        "_chunks",
        "_net_estimator",
        "_shift",
        "_standardize",
        "_targets",
    },
    "_net_classifier": {
        "_chunks",
        "_constraints",
        "_device",
        "_layout",
        "_net_estimator",
        "_net_predictor",
        "_shift",
        "_standardize",
        "_targets",
        "_torch_settings",
        "_training",
        "_training_rows",
        "_validation",
        "augmentation",
        "nn.layers",
    },
    "inspection._net_input": {
        "_arrays",
        "_frequency_axis",
        "_frequency_names",
        "_net_classifier",
        "_shift",
        "resampling",
        "scaling",
    },
    "inspection._activation": {
        "_chunks",
        "_net_estimator",
        "_result",
        "_shift",
        "_standardize",
        "_validation",
        "inspection._fields",
        "inspection._net_input",
    },
    "inspection._location": {
        "_numbers",
        "_result",
        "inspection._activation",
        "inspection._net_input",
    },
    "inspection._description": {
        "_net_estimator",
        "_result",
        "augmentation",
        "inspection._fields",
        "inspection._net_input",
        "nn",
        "resampling",
        "scaling",
        "spectral",
    },
    "inspection.__init__": {
        "inspection._activation",
        "inspection._description",
        "inspection._location",
        "inspection._response",
        "inspection._shifts",
    },
    "classification": {
        "_constraints",
        "_net_classifier",
        "_validation",
        "augmentation",
        "nn",
    },
    "learned_filters": {
        "_arrays",
        "_constraints",
        "_device",
        "_net_estimator",
        "_torch_settings",
        "_training",
        "_training_rows",
        "_validation",
        "filters",
    },
    "recordings": {
        "_arguments",
        "_arrays",
        "_constraints",
        "_doc_link",
        "_fitted_state",
        "_holdout",
        "_layout",
        "_numbers",
        "_pages",
        "_signal_lists",
        "_state",
        "_validation",
    },
    "_feature_plan": set(),
    "invariant_features": {
        "_constraints",
        "_feature_plan",
        "_layout",
        "_shift",
        "_transformer",
        "scaling",
    },
    "baselines": {"_state", "invariant_features", "scaling", "spectral"},
    "feature_classifier": {
        "_arrays",
        "_constraints",
        "_doc_link",
        "_fitted_state",
        "_state",
        "_validation",
        "augmentation",
        "invariant_features",
    },
    "pipelines": {
        "_arguments",
        "_numbers",
        "_state",
        "augmentation",
        "classification",
        "feature_classifier",
        "invariant_features",
        "resampling",
        "scaling",
        "spectral",
    },
    "_extras": set(),
    "plotting._style": {"_extras", "_numbers"},
    "plotting._loss_curve": {
        "_net_estimator",
        "inspection._net_input",
        "plotting._style",
    },
    "plotting._filter": {"inspection", "plotting._style"},
    "plotting._score_curve": {"plotting._style"},
    "plotting._channel": {
        "_net_estimator",
        "_result",
        "_shift",
        "_standardize",
        "inspection._activation",
        "inspection._fields",
        "inspection._net_input",
        "nn",
    },
    "plotting._levels": {
        "_arrays",
        "_frequency_axis",
        "inspection._net_input",
        "resampling",
        "spectral",
    },
    "plotting._feature_map": {
        "inspection",
        "inspection._activation",
        "inspection._shifts",
        "nn",
        "plotting._channel",
        "plotting._levels",
        "plotting._style",
    },
    "plotting._spectrogram": {"_arrays", "plotting._levels", "plotting._style"},
    "plotting._activation_map": {
        "inspection",
        "inspection._net_input",
        "plotting._spectrogram",
        "plotting._style",
    },
    "plotting._psd": {"_arguments", "_arrays", "plotting._levels", "plotting._style"},
    "plotting._shift_curve": {"inspection", "plotting._score_curve", "plotting._style"},
    "plotting.__init__": {
        "plotting._activation_map",
        "plotting._feature_map",
        "plotting._filter",
        "plotting._loss_curve",
        "plotting._psd",
        "plotting._score_curve",
        "plotting._shift_curve",
        "plotting._spectrogram",
        "plotting._style",
    },
    "__init__": {
        "_state",
        "_version",
        "augmentation",
        "baselines",
        "classification",
        "feature_classifier",
        "filters",
        "inspection",
        "invariant_features",
        "learned_filters",
        "pipelines",
        "plotting",
        "recordings",
        "resampling",
        "scaling",
        "spectral",
    },
    "export._graph": {"_extras"},
    "export._rolls": {"_shift", "export._graph"},
    "export._signals": {"_median", "_powers", "export._graph"},
    "export._spectra": {"_log_cells", "export._graph", "export._rolls"},
    "export._nets": {"export._graph", "export._spectra", "nn"},
    "export._features": {
        "_feature_plan",
        "export._graph",
        "export._rolls",
        "export._signals",
        "export._spectra",
    },
    "export._steps": {
        "augmentation",
        "export._features",
        "export._signals",
        "export._spectra",
        "invariant_features",
        "resampling",
        "scaling",
        "spectral",
    },
    "export._classifiers": {
        "_net_classifier",
        "classification",
        "export._graph",
        "export._nets",
        "export._rolls",
        "export._steps",
        "feature_classifier",
        "spectral",
    },
    "export._onnx_model": {
        "_extras",
        "_numbers",
        "_version",
        "export._classifiers",
        "export._graph",
        "export._steps",
        "spectral",
    },
    "export.__init__": {"export._onnx_model"},
}
ONLY_TORCH = {name for name in IMPORTS if name.startswith("nn.")}
PACKAGES = {n.removesuffix(".__init__") for n in IMPORTS if n.endswith(".__init__")}


def name_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports_of(path, nested=True):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree) if nested else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


FILES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def test_the_table_names_every_file():
    assert set(FILES) == set(IMPORTS)


def test_each_row_of_the_table_names_rows_above_it_only():
    above = set()
    for name, imported in IMPORTS.items():
        # A package stands for its __init__.
        paths = {f"{m}.__init__" if m in PACKAGES else m for m in imported}
        assert paths <= above, name
        above.add(name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_what_its_row_says(name):
    own = {m.removeprefix("sk_psd.") for m in imports_of(FILES[name]) if "sk_psd" in m}
    assert own == IMPORTS[name]


@pytest.mark.parametrize("name", FILES)
def test_only_two_files_import_skorch_and_the_nets_only_torch(name):
    roots = {module.split(".")[0] for module in imports_of(FILES[name])}
    assert "skorch" not in roots or name in ("_callbacks", "_training")
    top = {m.split(".")[0] for m in imports_of(FILES[name], nested=False)}
    assert "matplotlib" not in top
    if name in ONLY_TORCH:
        assert roots <= {"torch", "math", "numbers", "sk_psd"}


def defined_names(module):
    """Yield what a module defines, or imports where it is the front of a package."""
    path = pathlib.Path(module.__file__)
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.ImportFrom) and path.name == "__init__.py":
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("module", MODULES)
def test_all_is_sorted_and_complete(module):
    assert module.__all__ == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
    public = {name for name in defined_names(module) if not name.startswith("_")}
    assert set(module.__all__) == public


def test_the_architecture_page_lists_every_file_on_its_floor():
    floors = runpy.run_path(DOCS / "floors.py")
    # If it fails: python docs/floors.py writes the list again.
    assert floors["read_list"]() == floors["list_floors"]()


def test_the_architecture_page_names_what_there_is():
    page = (DOCS / "architecture.rst").read_text()
    code = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").glob("*.py")]
    words = set(re.findall(r"\w+", "".join(path.read_text() for path in code)))
    for name in re.findall(r"``([\w./]+)(?:\(.*?\))?``", page):
        if re.search(r"/|\.(py|toml|md|cff)$", name):
            assert (ROOT / name).exists() or (PACKAGE / name).exists(), name
        else:
            assert name.split(".")[-1] in words, name
