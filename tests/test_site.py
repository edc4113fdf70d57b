"""The pages, examples and the README: what they use, and what they link to."""

import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
DOCS = ROOT / "docs"
# Lists and generated pages use nothing.
NOT_PAGES = {"api.rst", "architecture.rst"}


def api_names():
    """Return the full names of the public objects, from the page of the API."""
    listed = re.findall(r"^   ([\w.]+)$", (DOCS / "api.rst").read_text(), re.M)
    return [f"sk_psd.{name}" for name in listed]


def sources():
    """Return the examples and the written pages."""
    pages = [
        page
        for page in DOCS.rglob("*.rst")
        if page.name not in NOT_PAGES
        and not {"_build", "generated", "auto_examples", "_templates"} & {*page.parts}
    ]
    return [*pages, *(ROOT / "examples").glob("*.py")]


def resolve(path):
    """Return the object with this full name."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def read_code(path):
    """Return the code of an example, or of the doctests and plots of a page."""
    text = path.read_text()
    if path.suffix == ".py":
        return re.sub(r"^ *#.*$", "", text, flags=re.M)
    doctests = re.findall(r"^(?:>>>|\.\.\.) (.*)$", text, re.M)
    plots = re.findall(r"^\.\. plot::\n((?:(?: .*)?\n)+)", text, re.M)
    return "\n".join([*doctests, *plots])


def is_used(name, code):
    """Return whether code calls this name, passes it on or takes a method of it.

    A name behind a dot that is no module of this package is another one, as the welch
    in scipy.signal.welch.
    """
    lines = [line for line in code.splitlines() if " import " not in line]
    uses = re.findall(rf"([\w.]*)\b{name}\b(?!=|['\"])", "\n".join(lines))
    return any(before == "" or before.split(".")[-2] in MODULES for before in uses)


MODULES = {path.stem for path in (ROOT / "sk_psd").glob("[!_]*")} | {"sk_psd"}


@pytest.fixture(scope="module")
def code():
    return "\n".join(map(read_code, sources()))


@pytest.mark.parametrize("path", api_names())
def test_a_page_or_an_example_uses_every_public_object(path, code):
    assert is_used(path.rpartition(".")[2], code)


def test_the_search_for_uses_is_strict():
    assert is_used("welch", "freqs, psd = spectral.welch(X)")
    assert is_used("welch", "pipe = make(welch, 3)")
    assert not is_used("welch", "freqs, psd = signal.welch(X)")
    assert not is_used("welch", "from sk_psd.spectral import welch")
    assert not is_used("welch", "model = make(welch=3)")


@pytest.mark.parametrize("path", api_names())
def test_every_public_object_has_an_example(path):
    assert ">>> " in resolve(path).__doc__


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_files_that_are_linked_to_exist(name):
    links = re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text())
    inside = [link for link in links if "://" not in link]
    assert inside
    for link in inside:
        assert (ROOT / link).exists(), link


def test_every_example_has_a_question_as_its_title():
    for path in (ROOT / "examples").glob("plot_*.py"):
        assert path.read_text().splitlines()[1].endswith("?"), path.name


def test_the_gallery_lists_every_example_once():
    page = (ROOT / "examples" / "index.rst").read_text()
    listed = re.findall(r"examples/(plot_\w+\.py)", page.split("minigallery", 1)[1])
    assert sorted(listed) == sorted(p.name for p in ROOT.glob("examples/plot_*.py"))


def test_an_example_that_writes_a_file_says_which():
    for path in (ROOT / "examples").glob("plot_*.py"):
        text = path.read_text()
        if "savefig(sys.argv[1]" in text:
            start, rest = text.split('"""', 2)[1:]
            assert re.search(rf"python examples/{path.name} (\w+\.png)``", start)
            assert "sys.argv[1]}." in rest  # prints the name of the file
