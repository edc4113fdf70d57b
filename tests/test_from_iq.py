"""I/Q samples as files hold them become complex signals of full scale 1."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.io import wavfile

from sk_psd import WelchPSD
from sk_psd.signals import from_iq

TONE = 0.9 * np.exp(-2j * np.pi * 0.25 * np.arange(512) + 0.3j)
PAIRS = np.stack([TONE.real, TONE.imag], axis=-1)

# Datatype, type of a part, what full scale is there, and its zero.
KINDS = [
    ("cu8", "u1", 127.5, 127.5),
    ("ci8", "i1", 128, 0),
    ("cs8", "i1", 128, 0),
    ("cu16_le", "<u2", 32767.5, 32767.5),
    ("ci16_le", "<i2", 32768, 0),
    ("ci16_be", ">i2", 32768, 0),
    ("ci32_le", "<i4", 2**31, 0),
    ("cu32_be", ">u4", (2**32 - 1) / 2, (2**32 - 1) / 2),
    ("cf32_le", "<f4", 1, 0),
    ("cf32_be", ">f4", 1, 0),
    ("cf64_le", "<f8", 1, 0),
    ("cf16_le", "<f2", 1, 0),
]


def write(pairs, dtype, scale, zero):
    numbers = scale * pairs + zero
    return (numbers if dtype[1] == "f" else np.round(numbers)).astype(dtype)


@pytest.mark.parametrize("kind, dtype, scale, zero", KINDS)
def test_a_tone_is_the_same_from_every_kind_of_file(kind, dtype, scale, zero):
    pairs = write(PAIRS, dtype, scale, zero)
    steps = 1e-3 if dtype[1] == "f" else 1 / scale + 1e-6
    interleaved = pairs.reshape(-1)
    fields = pairs.view([("i", dtype), ("q", dtype)])[:, 0]
    raw = np.frombuffer(pairs.tobytes(), np.uint8)
    for X, given in [
        (interleaved, None),
        (interleaved, kind),
        (pairs, None),
        (fields, None),
        (fields, kind),
        (pairs.tobytes(), kind),
        (raw, kind),
        (memoryview(raw), kind),
    ]:
        signals = from_iq(X, given)
        assert signals.dtype == np.complex64 and signals.shape == TONE.shape
        np.testing.assert_allclose(signals, TONE, atol=steps)
    several = np.stack([pairs, pairs[::-1]])
    np.testing.assert_array_equal(from_iq(several)[1], from_iq(pairs)[::-1])
    np.testing.assert_array_equal(from_iq(several.reshape(2, -1)), from_iq(several))
    rows = np.stack([raw, raw])
    np.testing.assert_array_equal(from_iq(rows, kind)[1], from_iq(pairs))
    psd = WelchPSD(return_onesided=False).fit(from_iq(several))
    assert psd.freqs_[psd.transform(from_iq(several))[0].argmax()] == -0.25


def test_the_ends_of_a_range_are_full_scale():
    ends = {"u1": (-1, 1), "i1": (-1, 127 / 128), "i2": (-1, 32767 / 2**15)}
    for dtype, (low, high) in ends.items():
        info = np.iinfo(dtype)
        signal = from_iq(np.array([info.min, info.max], dtype))
        np.testing.assert_allclose(signal, [low + 1j * high], rtol=1e-7)


def test_a_stereo_wav_file_is_read(tmp_path):
    wavfile.write(tmp_path / "iq.wav", 48000, write(PAIRS, "<i2", 2**15, 0))
    fs, X = wavfile.read(tmp_path / "iq.wav")
    assert fs == 48000 and X.shape == (512, 2)
    np.testing.assert_allclose(from_iq(X), TONE, atol=2**-15)


def test_fields_frames_lists_and_complex_numbers():
    swapped = np.zeros(3, [("Q", "f4"), ("I", "f4")])
    swapped["I"], swapped["Q"] = 1, 2
    np.testing.assert_array_equal(from_iq(swapped), [1 + 2j] * 3)
    frame = pd.DataFrame({"i": [0.5, 1.0], "q": [2.0, -1.0]})
    np.testing.assert_array_equal(from_iq(frame), [0.5 + 2j, 1 - 1j])
    np.testing.assert_array_equal(from_iq([0, 255], "cu8"), [-1 + 1j])
    for dtype in (">c8", "c8", "c16", "G"):
        X = TONE.astype(dtype)
        assert from_iq(X).dtype == np.complex64 and from_iq(X).dtype.isnative
        np.testing.assert_allclose(from_iq(X), TONE, atol=1e-6)


def test_a_mapped_file_is_left_as_it_is(tmp_path):
    X = np.memmap(tmp_path / "x", "uint8", "w+", shape=(3, 40))
    X[:] = 255
    assert from_iq(X).shape == (3, 20) and (from_iq(X) == 1 + 1j).all()
    assert (X == 255).all()


@pytest.mark.parametrize(
    "X, kind, error, match",
    [
        (np.zeros(5, "i2"), None, ValueError, r"in pairs: .* Got shape \(5,\)"),
        (np.zeros((), "i2"), None, ValueError, r"Got shape \(\)"),
        (np.zeros((2, 0), "i2"), None, ValueError, r"Got shape \(2, 0\)"),
        (np.zeros(6, "u1"), "ci16", ValueError, r"in pairs: .* Got shape \(3,\)"),
        (b"123", "ci16_le", ValueError, "numbers of 2 bytes, .* multiple of 2"),
        ([1, 2], None, TypeError, "full scale of int64 is unknown.*kind='ci16'"),
        ([1, 300], "cu8", ValueError, "kind='cu8' contradicts X, which is int64"),
        (np.zeros(4, bool), None, TypeError, "Got bool"),
        (np.array(["a", "b"]), None, TypeError, "X must hold I/Q samples.* Got <U1"),
        (np.zeros(4, "f4"), "ci16_le", ValueError, "contradicts X, which is float32"),
        (np.zeros(4, "<i2"), "ci16_be", ValueError, "contradicts X, which is int16"),
        (np.zeros(4, "c8"), "ci16", ValueError, "contradicts X, which is complex64"),
        (np.zeros(4, "i2"), "ri16_le", ValueError, "is a datatype of real samples"),
        (np.zeros(4, "i2"), "c16", ValueError, "not a datatype of complex samples"),
        (np.zeros(4, "i2"), 8, ValueError, "kind=8 is not a datatype"),
        (np.zeros(4, "i2"), "cf8", ValueError, "not a datatype"),
        (np.zeros(4, "i2,i2,i2"), None, ValueError, "two fields of one numeric type"),
        (np.full(4, 1e300), None, ValueError, "values beyond 3e.38.* Scale them first"),
        (np.full(4, 1e300 + 0j), None, ValueError, "values beyond 3e.38"),
        (np.zeros(4, "i2,f4"), None, ValueError, "must have two fields of one numeric"),
    ],
)
def test_arrays_that_are_not_samples_are_refused(X, kind, error, match):
    with pytest.raises(error, match=match):
        from_iq(X, kind)


@pytest.mark.parametrize("X", [np.array([1e300 + 0j]), np.array([1e300, 1.0])])
def test_values_that_float32_does_not_hold_are_refused(X):
    with pytest.raises(ValueError, match="X holds values beyond 3e.38, the"):
        from_iq(X)


def test_tensors_with_gradients_are_read():
    X = torch.tensor([1.0, 2.0], requires_grad=True)
    np.testing.assert_array_equal(from_iq(X), [1 + 2j])
