"""Configuration of the documentation.

Build from the root of the repository, warnings are errors:

    python -m sphinx -W --keep-going -b html docs docs/_build/html

Add ``-D plot_gallery=0`` to leave the examples unrun. The build needs no network,
except to link to other projects: set the environment variable SK_PSD_INTERSPHINX.
"""

import os

import sk_psd

project = "sk_psd"
author = "The sk_psd developers"
copyright = author
version = release = sk_psd.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "literal"

# Docstrings write :doi:`10.1109/TAU.1967.1161901` and :arxiv:`2011.14214`.
extlinks = {
    "doi": ("https://doi.org/%s", "doi:%s"),
    "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"),
}

# Without it, names of other projects are set as code and not linked.
if os.environ.get("SK_PSD_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable", None),
        "joblib": ("https://joblib.readthedocs.io/en/stable", None),
    }

# The template of a class lists its methods, so numpydoc need not.
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"[\\/]plot_",
    "backreferences_dir": "api/generated/backreferences",
    "doc_module": ("sk_psd",),
    "show_signature": False,
    "capture_repr": (),  # examples print their results
}

# The picture of docs/architecture.rst is drawn by docs/floors.py.
plot_working_directory = os.path.dirname(os.path.abspath(__file__))
plot_formats = ["svg"]
plot_html_show_formats = False
plot_html_show_source_link = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"sk_psd {version}"
html_theme_options = {"show_prev_next": False}
html_show_sourcelink = False
# These pages have nothing below them, so nothing to list at their left.
html_sidebars = {
    name: [] for name in ("quickstart", "whats_new", "contributing", "architecture")
}

INHERITED = {"fit_transform", "get_feature_names_out"}


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn and torch define, except for common methods."""
    own = (getattr(obj, "__module__", None) or "").startswith("sk_psd")
    return None if own or name in INHERITED else True


def setup(app):
    """Connect the hook."""
    app.connect("autodoc-skip-member", skip_foreign_members)
