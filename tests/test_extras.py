"""Errors for optional dependencies that are not installed."""

import sys

import pytest

from sk_psd import FilterDisplay
from sk_psd._extras import import_extra


def test_import_extra_returns_the_module():
    assert import_extra("json.decoder", "none", "a test").JSONDecoder


@pytest.mark.parametrize("module", ["onnx", "onnx.helper"])
def test_error_names_the_install_line(module, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)  # its import fails
    monkeypatch.delitem(sys.modules, "onnx.helper", raising=False)
    with pytest.raises(ImportError) as caught:
        import_extra(module, "onnx", "to_onnx")
    message = str(caught.value)
    assert message.startswith("to_onnx needs onnx, which is not installed.")
    assert 'pip install "sk-psd[onnx]"' in message
    assert 'pip install -c constraints.txt ".[onnx]"' in message


def test_a_display_without_matplotlib_names_the_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "sk-psd\[plot\]"'):
        FilterDisplay.from_filter([0.5, 0.5])


def test_a_module_missing_inside_of_the_dependency_is_named(tmp_path, monkeypatch):
    (tmp_path / "sk_psd_broken_extra.py").write_text("import sk_psd_no_such_module")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="sk_psd_no_such_module"):
        import_extra("sk_psd_broken_extra", "onnx", "to_onnx")
