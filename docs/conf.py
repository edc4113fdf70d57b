"""Configuration of the documentation.

Build from the root of the repository, warnings are errors:

    python -m sphinx -W --keep-going -b html docs docs/_build/html

Add ``-D plot_gallery=0`` to leave the examples unrun. Without network the build is the
same, but for the links to the pages of other projects.
"""

import itertools
import pathlib
import re
import sys
import zlib

import sk_psd

HERE = pathlib.Path(__file__).parent
BUILD = HERE / "_build"  # not committed
# The pages import the scripts of this folder, such as docs/floors.py.
sys.path.insert(0, str(HERE))

project = "sk_psd"
author = "The sk_psd developers"
copyright = author
version = release = sk_psd.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
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

# An inventory without entries, for a build without network: names of other projects
# are then set as code and not linked.
NO_NAMES = BUILD / "no_names.inv"
NO_NAMES.parent.mkdir(exist_ok=True)
NO_NAMES.write_bytes(
    b"# Sphinx inventory version 2\n# Project: none\n# Version: 0\n"
    b"# The remainder of this file is compressed using zlib.\n" + zlib.compress(b"")
)
intersphinx_timeout = 5  # seconds
intersphinx_mapping = {
    name: (site, (None, str(NO_NAMES)))
    for name, site in {
        "python": "https://docs.python.org/3",
        "numpy": "https://numpy.org/doc/stable",
        "scipy": "https://docs.scipy.org/doc/scipy",
        "sklearn": "https://scikit-learn.org/stable",
        "matplotlib": "https://matplotlib.org/stable",
        "torch": "https://docs.pytorch.org/docs/stable",
        "skorch": "https://skorch.readthedocs.io/en/stable",
        "joblib": "https://joblib.readthedocs.io/en/stable",
    }.items()
}

# Every link inside of the site must have a target, with or without network.
nitpicky = True
nitpick_ignore_regex = [
    (
        "py:.*",
        rf"({'|'.join([*intersphinx_mapping, 'os', 'onnx', 'onnxruntime'])})\..*",
    ),
    ("py:.*", r"(skops|dask|distributed|ray|pandas|polars|optuna|mne)\..*"),
    ("py:obj", r"\w+_"),  # attributes that a base class computes
]

# The template of a class lists its methods, so numpydoc need not.
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "copyfile_regex": r"index\.rst",
    "filename_pattern": r"[\\/]plot_",
    "backreferences_dir": "api/generated/backreferences",
    "doc_module": ("sk_psd",),
    "show_signature": False,
    "capture_repr": (),  # examples print their results
    "remove_config_comments": True,
    "write_computation_times": False,
    "thumbnail_size": (800, 560),
    # For scripts that draw nothing.
    "default_thumb_file": str(HERE / "_static" / "script.png"),
    "minigallery_sort_order": "gallery.find_place",
}

# Pictures of the pages are drawn by the scripts of this folder.
plot_working_directory = str(HERE)
plot_formats = ["svg"]
plot_html_show_formats = False
plot_html_show_source_link = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"sk_psd {version}"
html_theme_options = {
    "show_prev_next": False,
    "header_links_before_dropdown": 5,
    # The code of the examples needs the room of the table of contents.
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        **{f"auto_examples/{p.stem}": [] for p in HERE.parent.glob("examples/*.py")},
    },
}
html_show_sourcelink = False
toc_object_entries_show_parents = "hide"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {
    "api": ["api_sidebar"],
    "api/generated/*": ["api_sidebar"],
    # These pages have nothing below them, so nothing to list at their left.
    **{
        name: []
        for name in (
            *("index", "quickstart", "whats_new"),
            *("contributing", "architecture", "citing"),
            *("guide/measurements", "guide/functions"),
        )
    },
}

INHERITED = {"fit_transform", "get_feature_names_out"}


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn and torch define, except for common methods."""
    own = (getattr(obj, "__module__", None) or "").startswith("sk_psd")
    return None if own or name in INHERITED else True


# The first parameter of each group, in the order of the signatures.
GROUPS = {
    "n_filters": "Architecture",
    "invariance": "Invariance",
    "augmentation": "Invariance",
    "optimizer": "Training",
    "device": "Run time",
}


def group_parameters(app, what, name, obj, options, lines):
    """Set headings between the parameters of a net classifier."""
    named = [re.match(r" *\*\*(\w+)\*\* : ", line) for line in lines]
    parameters = [match[1] for match in named if match]
    if what != "class" or not {"n_filters", "optimizer", "device"} <= {*parameters}:
        return
    seen = set()
    grouped = []
    for line, match in zip(list(lines), named, strict=True):
        heading = GROUPS.get(match[1]) if match else None
        if heading and heading not in seen:
            seen.add(heading)
            space = line[: len(line) - len(line.lstrip())]
            grouped += [f"{space}.. rubric:: {heading}", f"{space}   :heading-level: 4"]
            grouped += [""]
        grouped.append(line)
    lines[:] = grouped


# The function of docs/nets.py that draws a net, and the input that it is drawn for.
DRAWINGS = {
    "GlobalPoolCNN": ("draw_global_pool", "1024 bins"),
    "FlattenCNN": ("draw_flatten", "1024 bins"),
    "SpectrogramCNN": ("draw_spectrogram", "128 frequencies and 64 frames"),
}


def draw_net(app, what, name, obj, options, lines):
    """Put the drawing of a net before the list of its parameters."""
    net = name.rpartition(".")[2].removesuffix("Classifier")
    if what != "class" or net not in DRAWINGS:
        return
    function, sizes = DRAWINGS[net]
    place = lines.index(":Parameters:")
    lines[place:place] = [
        ".. plot::",
        "   :alt: The layers of the net, with the shapes between them",
        f"   :caption: The default net for {sizes} and eight classes, with the shape",
        "      of a sample behind each layer. Blue layers move with the signal. Yellow",
        "      ones do not depend on its position. Gray ones have a weight for each",
        "      position.",
        "",
        f"   from nets import {function}",
        "",
        f"   {function}()",
        "",
    ]


def read_api():
    """Return the headings of docs/api.rst, and the full names below each of them."""
    text = (HERE / "api.rst").read_text()
    headings = re.split(r"^(.+)\n-{3,}\n", text, flags=re.M)[1:]
    return {
        heading: [f"sk_psd.{name}" for name in re.findall(r"^   ([\w.]+)$", body, re.M)]
        for heading, body in zip(headings[::2], headings[1::2], strict=True)
    }


def find_short_name(app, env, node, contnode):
    """Link a public name that stands without the path of its page.

    Docstrings write :class:`WelchPSD` in every module.
    """
    path, _, short = node["reftarget"].rpartition(".")
    if node.get("refdomain") != "py" or not f"{path}.".startswith(("sk_psd.", ".")):
        return None  # the welch of SciPy is another one
    for name in itertools.chain(*read_api().values()):
        if name.rpartition(".")[2] == short and name != node["reftarget"]:
            return env.domains["py"].resolve_xref(
                *(env, node["refdoc"], app.builder, node["reftype"]),
                *(name, node, contnode),
            )
    return None


def add_context(app, pagename, templatename, context, doctree):
    """Give the sidebar of the API its headings and names."""
    context["api"] = read_api()


def make_moving_picture(app):
    """Write the moving picture of the front page, unless it is newer than its code."""
    import moving_picture

    sources = [pathlib.Path(moving_picture.__file__), moving_picture.TEMPLATE]
    page = moving_picture.PAGE
    if page.exists() and page.stat().st_mtime > max(s.stat().st_mtime for s in sources):
        return
    moving_picture.write_page()


def setup(app):
    """Connect the functions."""
    app.connect("builder-inited", make_moving_picture)
    app.connect("autodoc-skip-member", skip_foreign_members)
    # After numpydoc, which writes the list of the parameters.
    app.connect("autodoc-process-docstring", group_parameters, priority=900)
    app.connect("autodoc-process-docstring", draw_net, priority=901)
    app.connect("missing-reference", find_short_name)
    app.connect("html-page-context", add_context)
