"""Links and tooltips in the HTML diagrams of estimators that notebooks show."""

import re

__all__ = ["DocLink"]

# Address of the built documentation, without a slash at its end, once it has one.
SITE = ""


class DocLink:
    """Mixin of estimators that shows the docstrings of parameters in the diagram.

    scikit-learn shows a tooltip with the docstring of a parameter or an attribute where
    it has a page to link to. As long as there is no such page, the tooltips are shown
    without links. The mixin precedes :class:`sklearn.base.BaseEstimator`.
    """

    _doc_link_module = "sk_psd"

    @property
    def _doc_link_template(self):
        return SITE and SITE + "/api/generated/sk_psd.{estimator_name}.html"

    # scikit-learn before 1.9 has fewer of these methods, or with fewer arguments.
    def _get_params_html(self, deep=True, doc_link=""):
        return _without_links(super()._get_params_html, doc_link, deep)

    def _get_fitted_attr_html(self, doc_link=""):
        return _without_links(super()._get_fitted_attr_html, doc_link)


def _without_links(make_table, doc_link, *args):
    """Return a table of scikit-learn with tooltips, whose links lead somewhere."""
    if doc_link:
        return make_table(*args, doc_link)
    try:
        table = make_table(*args, "#")
    except TypeError:  # an argument less: this scikit-learn has no tooltips
        return make_table(*args)
    draw = table._html_repr

    def draw_without_links():
        return re.sub(r'\s+(?:rel|target|href)="[^"]*"(?=[^<]*>)', "", draw())

    table._html_repr = draw_without_links
    return table
