"""Links and tooltips in the HTML diagrams of estimators that notebooks show."""

import re

__all__ = ["DocLink"]

# Address of the documentation, without a slash at its end. "" as long as there is none.
SITE = ""


class DocLink:
    """Mixin that adds tooltips with the docstrings of parameters to the HTML diagram.

    scikit-learn shows tooltips only for estimators with a page of documentation to link
    to. While `SITE` is empty, this mixin shows the tooltips without links. List the
    mixin before :class:`sklearn.base.BaseEstimator`.
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
    """Return a table of scikit-learn with tooltips, and links if `doc_link` is set.

    Without `doc_link` a table gets a link to "#" to show its tooltips. The link is then
    removed from the HTML.
    """
    if doc_link:
        return make_table(*args, doc_link)
    try:
        table = make_table(*args, "#")
    except TypeError:  # this version of scikit-learn has no tooltips
        return make_table(*args)
    draw = table._html_repr

    def draw_without_links():
        return re.sub(r'\s+(?:rel|target|href)="[^"]*"(?=[^<]*>)', "", draw())

    table._html_repr = draw_without_links
    return table
