"""The rooms of the package and which way imports run."""

import ast
import pathlib

import pytest

import sk_psd
from sk_psd import baselines, datasets, filters, nn

PACKAGE = pathlib.Path(sk_psd.__file__).parent

# Each file may import what stands in its row, and nothing else of the package.
MAY_IMPORT = {
    "_validation": set(),
    "_shapes": set(),
    "datasets": {"_shapes"},
    "nn.layers": set(),
    "nn.shift": set(),
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
    "_segments": {"_threads", "_validation"},
    "_frequency_names": set(),
    "_notch": set(),
    "spectral": {"_frequency_names", "_notch", "_segments", "_validation"},
    "scaling": {"_frequency_names", "_validation", "nn.shift"},
    "_sideband": set(),
    "_numbers": set(),
    "mixing": {"_numbers", "_sideband"},
    "augmentation": {"_validation", "mixing", "nn.shift"},
    "filters": {"_validation"},
    "inspection": {"_numbers", "_sideband", "filters", "nn.shift", "spectral"},
    "plotting": {"inspection"},
    "_training": {"nn.shift"},
    "_net_estimator": {"_training", "_validation"},
    "_net_classifier": {
        "_net_estimator",
        "_training",
        "_validation",
        "nn.layers",
        "nn.shift",
    },
    "classification": {"_net_classifier", "_validation", "augmentation", "nn"},
    "denoising": {"_net_estimator", "_training", "_validation", "filters"},
    "baselines": {"scaling", "spectral"},
    "__init__": {
        "augmentation",
        "baselines",
        "classification",
        "denoising",
        "filters",
        "inspection",
        "plotting",
        "scaling",
        "spectral",
    },
}
ONLY_TORCH = {name for name in MAY_IMPORT if name.startswith("nn.")}


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
    assert set(FILES) == set(MAY_IMPORT)


@pytest.mark.parametrize("name", FILES)
def test_imports_run_one_way(name):
    own = {m.removeprefix("sk_psd.") for m in imports_of(FILES[name]) if "sk_psd" in m}
    assert own <= MAY_IMPORT[name]


@pytest.mark.parametrize("name", FILES)
def test_only_one_file_imports_skorch_and_the_nets_only_torch(name):
    roots = {module.split(".")[0] for module in imports_of(FILES[name])}
    assert "skorch" not in roots or name == "_training"
    top = {m.split(".")[0] for m in imports_of(FILES[name], nested=False)}
    assert "matplotlib" not in top
    if name in ONLY_TORCH:
        assert roots <= {"torch", "math", "numbers", "sk_psd"}


@pytest.mark.parametrize("module", [sk_psd, baselines, datasets, filters, nn])
def test_all_is_sorted_and_complete(module):
    assert module.__all__ == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
