"""What the README and the API page promise."""

import pathlib
import re

import pytest

import sk_psd
from sk_psd import (
    datasets,
    filters,
    inspection,
    nn,
    resampling,
    scaling,
    signals,
    spectral,
)

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MODULES = (
    *(sk_psd, datasets, filters, inspection, signals, nn),
    *(resampling, scaling, spectral),
)


def test_the_python_example_runs_and_finds_shifted_shapes():
    names = {}
    exec(re.search(r"```python\n(.*?)```", README, re.S)[1], names)
    model, data = names["model"], names["data"]
    assert model.score(*data.test["shifted"]) > 0.8


def test_ci_runs_the_test_command_of_the_readme():
    pattern = r"^python3 -m venv .*-m pytest$"
    commands = re.findall(pattern, README, re.M)
    assert len(commands) == 1
    assert (
        "grep -m1 -E '^python3 -m venv .*-m pytest' README.md"
        in (ROOT / ".ci" / "run").read_text()
    )


def test_every_install_line_pins_the_tested_versions():
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.rst"), ROOT / ".ci" / "run"]:
        for line in path.read_text().splitlines():
            if "pip install" in line or "/pip install" in line:
                assert "-c constraints.txt" in line, (path, line)


@pytest.mark.parametrize("module", MODULES)
def test_the_api_page_lists_every_public_name(module):
    page = (ROOT / "docs" / "api.rst").read_text()
    listed = set(re.findall(r"^   (?:\w+\.)*(\w+)$", page, re.M))
    assert set(module.__all__) <= listed
