"""The README, the API page and the files that describe the package keep their word."""

import pathlib
import re
import tomllib

import pytest

import sk_psd
from sk_psd import (
    datasets,
    export,
    filters,
    inspection,
    nn,
    pipelines,
    resampling,
    scaling,
    signals,
    spectral,
)

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MODULES = (
    *(sk_psd, datasets, export, filters, inspection, signals, nn),
    *(pipelines, resampling, scaling, spectral),
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


def test_the_picture_of_the_readme_is_made_by_its_first_command():
    command = README.split("```sh\n")[1].splitlines()[0]
    assert command.endswith("examples/plot_shifted_spectra.py shifted_spectra.png")
    assert "docs/_static/shifted_spectra.png" in README


def test_every_install_line_pins_versions():
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.rst"), ROOT / ".ci" / "run"]:
        for line in path.read_text().splitlines():
            if re.search(r'pip"? install', line):
                assert re.search(r"-c constraints(-min|-peers)?\.txt", line), (
                    path,
                    line,
                )


def test_the_minimum_constraints_are_the_lower_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    bounds = {}
    # The minimum tests use no other extra, see the file.
    own = [name for name in extras["test"] if not name.startswith("sk-psd[")]
    assert len(own) == len(extras["test"]) - 1
    for requirement in project["dependencies"] + extras["plot"] + own:
        name, bound = requirement.split(">=")
        bounds[name] = bound
    lines = (ROOT / "constraints-min.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    for name in bounds.keys() - {"torch"}:  # the file says why
        assert pinned[name] in (bounds[name], bounds[name] + ".0"), name
    assert "torch" in pinned


def test_the_citation_names_this_version_and_license():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {sk_psd.__version__}\n" in citation
    assert "\nlicense: BSD-3-Clause\n" in citation
    page = (ROOT / "docs" / "citing.rst").read_text()
    assert f"version = {{{sk_psd.__version__}}}" in page


@pytest.mark.parametrize("module", MODULES)
def test_the_api_page_lists_every_public_name(module):
    page = (ROOT / "docs" / "api.rst").read_text()
    listed = set(re.findall(r"^(?:   |\.\. py:data:: )(?:\w+\.)*(\w+)$", page, re.M))
    assert set(module.__all__) <= listed
