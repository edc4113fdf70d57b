"""Write fitted estimators to files that other programs than Python can run."""

from sk_psd.export._onnx_model import to_onnx

__all__ = ["to_onnx"]
