import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_psd import RandomFreqShift, RandomNoise, RandomTimeShift
from sk_psd.signals import shift_frequency

X = np.random.default_rng(0).random((200, 32)).astype(np.float32)


def best_shift(row, moved):
    return next(s for s in range(len(row)) if np.array_equal(np.roll(row, s), moved))


def test_wrap_rolls_each_row_by_its_own_shift():
    moved = RandomFreqShift(max_shift=5, random_state=0).fit_transform(X)
    shifts = {best_shift(row, new) for row, new in zip(X, moved, strict=True)}
    assert shifts == {s % 32 for s in range(-5, 6)}


def test_a_float_is_a_fraction_of_the_axis():
    as_int = RandomFreqShift(max_shift=8, random_state=0).fit_transform(X)
    as_float = RandomFreqShift(max_shift=0.25, random_state=0).fit_transform(X)
    np.testing.assert_array_equal(as_int, as_float)


def test_transform_returns_the_input():
    shift = RandomFreqShift(random_state=0).fit(X)
    np.testing.assert_array_equal(shift.transform(X), X)


def test_input_is_not_modified_and_float32_is_kept():
    before = X.copy()
    assert RandomFreqShift(random_state=0).fit_transform(X).dtype == np.float32
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("mode", ["wrap", "edge", "floor"])
def test_one_seed_gives_one_result_and_another_seed_another(mode):
    def shifted(seed):
        return RandomFreqShift(mode=mode, random_state=seed).fit_transform(X)

    np.testing.assert_array_equal(shifted(1), shifted(1))
    assert not np.array_equal(shifted(1), shifted(2))


@given(st.sampled_from(["edge", "floor"]), st.integers(0, 999))
def test_what_stays_on_the_axis_moves_and_the_rest_is_filled(mode, seed):
    rows = X[:20]
    moved = RandomFreqShift(max_shift=20, mode=mode, random_state=seed).fit_transform(
        rows
    )
    for row, new in zip(rows, moved, strict=True):
        s = next(s for s in range(-20, 21) if stays(row, new, s))
        vacated = new[:s] if s > 0 else new[len(new) + s :] if s < 0 else new[:0]
        if mode == "edge":
            assert np.all(vacated == (row[0] if s > 0 else row[-1]))
        else:
            assert np.isin(vacated, np.sort(row)[:16]).all()


def stays(row, new, s):
    return np.array_equal(new[max(s, 0) : len(row) + s], row[max(-s, 0) : len(row) - s])


def test_channels_of_a_sample_move_together():
    channels = np.stack([X, 2 * X], axis=1)
    moved = RandomFreqShift(random_state=0).fit_transform(channels)
    np.testing.assert_array_equal(moved[:, 1], 2 * moved[:, 0])


def test_the_global_random_states_stay_as_they_were():
    import torch

    numpy_before, torch_before = np.random.get_state()[1], torch.get_rng_state()
    RandomFreqShift(random_state=0).fit_transform(X)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_signals_are_shifted_as_retune_does_with_their_mean_where_it_was():
    rng = np.random.default_rng(0)
    real = rng.standard_normal((40, 256)) + 10
    hole = RandomFreqShift(20, domain="signal", fill=None, random_state=0)
    drawn = np.random.RandomState(0).randint(-20, 21, size=40)
    expected = shift_frequency(real, drawn / 256, fill=None, offset="stay")
    np.testing.assert_array_equal(hole.fit_transform(real), expected)
    np.testing.assert_allclose(expected.mean(axis=1), 10, atol=0.3)
    for offset, mean in [("auto", "move"), ("stay", "stay"), ("remove", "remove")]:
        shift = RandomFreqShift(20, domain="signal", offset=offset, random_state=0)
        bins = np.random.RandomState(0).randint(-20, 21, size=40)
        np.testing.assert_array_equal(
            shift.fit_transform(real * 1j),
            shift_frequency(real * 1j, bins / 256, offset=mean),
        )


def test_real_signals_get_their_floor_where_the_shift_leaves_a_strip():
    signals = np.random.default_rng(0).standard_normal((200, 512))

    def lowest_bins(fill):
        shift = RandomFreqShift(0.2, domain="signal", fill=fill, random_state=0)
        power = np.abs(np.fft.rfft(shift.fit_transform(signals))) ** 2 / 512
        return power[:, 1:10].mean()

    assert lowest_bins("noise") == pytest.approx(1, abs=0.15)
    assert lowest_bins(None) < 0.7


def test_noise_of_an_impossible_level_is_refused_instead_of_turning_into_nan():
    for snr_db in [(-1e308, 1e308), (0, 10**400)]:
        with pytest.raises(ValueError, match="snr_db must be a finite number"):
            RandomNoise(snr_db).fit(X)
    with pytest.raises(
        ValueError, match="snr_db must be at least -1000 dB. Got -1e[+]299"
    ):
        RandomNoise(-1e299).fit_transform(X)
    huge = RandomNoise(10, random_state=0).fit_transform(X.astype(float) * 1e200)
    plain = RandomNoise(10, random_state=0).fit_transform(X.astype(float))
    np.testing.assert_allclose(huge / 1e200, plain)


def test_a_shift_by_the_largest_number_is_refused():
    with pytest.raises(ValueError, match="max_shift .=1e.308. must not exceed"):
        RandomFreqShift(max_shift=1e308).fit_transform(np.eye(4, 16))


def test_a_level_of_single_precision_is_that_of_double():
    X = np.sin(np.arange(100.0))[None]
    noisy, expected = (
        RandomNoise(snr, random_state=0).fit_transform(X)
        for snr in (np.float32(3), 3.0)
    )
    np.testing.assert_array_equal(noisy, expected)


def test_spectrograms_are_shifted_along_the_axis_that_the_object_names():
    X = np.random.default_rng(0).random((50, 2, 8, 12))
    for shift, axis in [
        (RandomTimeShift(3, mode="wrap", random_state=0), 3),
        (RandomFreqShift(3, domain="spectrogram", random_state=0), 2),
    ]:
        moved = shift.fit_transform(X)
        found = set()
        for before, after in zip(X, moved, strict=True):
            rolls = [
                by
                for by in range(-3, 4)
                if np.array_equal(np.roll(before, by, axis - 1), after)
            ]
            assert len(rolls) == 1
            found.update(rolls)
        assert found == set(range(-3, 4))
        np.testing.assert_array_equal(shift.transform(X), X)
        one_channel = shift.fit_transform(X[:, 0])
        np.testing.assert_array_equal(one_channel, moved[:, 0])
        assert shift.fit_transform(X[:, 0].astype(np.float32)).dtype == np.float32


def test_a_time_shift_repeats_the_first_or_the_last_frame():
    X = np.arange(5.0) * np.ones((30, 2, 1))
    moved = RandomTimeShift(2, random_state=1).fit_transform(X)[:, 0]
    for row in moved:
        by = int(row[2]) - 2
        np.testing.assert_array_equal(row, np.clip(np.arange(5) + by, 0, 4))
    assert len(np.unique(moved, axis=0)) == 5
    frames = RandomTimeShift(1).fit_transform(X[:, :, 0])  # of one frame each
    np.testing.assert_array_equal(frames, X[:, :, 0])


def test_a_time_shift_beyond_the_axis_is_refused():
    with pytest.raises(ValueError, match=r"max_shift \(=6\) .* frames, here at most 5"):
        RandomTimeShift(6).fit(np.ones((3, 2, 5)))
