"""Look into models and filters: shifts, evidence, places, sizes and responses."""

from sk_psd.inspection._activation import activation_map
from sk_psd.inspection._description import describe
from sk_psd.inspection._location import locate
from sk_psd.inspection._response import filter_response
from sk_psd.inspection._shifts import shift_curve, shift_invariance, shift_rows

__all__ = [
    "activation_map",
    "describe",
    "filter_response",
    "locate",
    "shift_curve",
    "shift_invariance",
    "shift_rows",
]
