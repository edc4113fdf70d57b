"""Compare the scores of `shift_curve` with those on signals made at the shifted place.

    python benchmarks/true_shifts.py
    python benchmarks/true_shifts.py --rows 200 --only lines

First table: models of four shapes around one place of the axis. The signals are sampled
at 1000 Hz, real or complex (with the default detrend), with a mean of 0, 1 or 10
standard deviations. Each cell holds the score of `shift_curve` and the score on the
same signals made at the shifted place.

Second table: a line that stays at its frequency while the signal moves. It is mains hum
or the spike of a receiver at 0 Hz, 10 dB below and 10 dB above the power of the signal.
Models are trained and tested with the line, without and with `notch`. If the line lies
in the band of the signal, the notch removes three bins of the band. They are narrower
with a longer `nperseg`.
"""

import argparse
from functools import lru_cache

import numpy as np
import torch
from sklearn.pipeline import make_pipeline

from sk_psd import (
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
    make_baselines,
    shift_curve,
)
from sk_psd.datasets import make_spectral_shapes

FS, N_TIMES = 1000.0, 4096
SHIFTS = (-0.2, -0.1, -0.05, -0.01, 0.01, 0.05, 0.1, 0.2)
CENTER = {True: 250.0, False: 0.0}
PADDING = {True: "zeros", False: "circular"}


def make_signals(n_rows, center, seed, real, **kwargs):
    return make_spectral_shapes(
        n_rows,
        n_times=N_TIMES,
        fs=FS,
        bandwidth=100.0,
        snr_db=(5.0, 20.0),
        center_freq=center,
        real=real,
        random_state=seed,
        **kwargs,
    )


def make_models(seed, real, nperseg, **kwargs):
    psd = WelchPSD(FS, nperseg=nperseg, return_onesided=real, decibels=True, **kwargs)
    net = GlobalPoolCNNClassifier(padding_mode=PADDING[real], random_state=seed)
    return {"net": make_pipeline(psd, MinMaxScale(), net)} | make_baselines(psd)


def lift(X, offset):
    """Add a mean, in standard deviations of each signal."""
    return X + offset * X.std(axis=1, keepdims=True)


def compare(n_rows, seed, real, nperseg):
    """Print scores of each model on shifted signals and on signals made there."""
    # Complex signals lie away from 0 Hz, where detrending would remove a part of them.
    center = CENTER[True] if real else 200.0
    train = make_signals(400, (center - 10, center + 10), seed, real)
    made = lru_cache(maxsize=20)(lambda c: make_signals(n_rows, c, seed + 100, real))
    X, y = made(center)
    kind = "real" if real else "complex"
    print(f"\n{kind} signals, {n_rows} rows, seed {seed}: shift_curve / made there")
    print(
        f"{'model':20}{'mean':>5}{'largest':>9}" + "".join(f"{s:>12}" for s in SHIFTS)
    )
    worst = 0.0
    for name, model in make_models(seed, real, nperseg).items():
        on_fft = name == "logreg_fft"
        step = FS / (N_TIMES if on_fft else nperseg)
        for i, offset in enumerate((0, 1, 10)):
            if i == 0 or on_fft:
                model.fit(lift(train[0], offset), train[1])
            curve = shift_curve(
                model, lift(X, offset), y, shifts=SHIFTS, domain="signal"
            )
            there = np.array(
                [
                    model.score(lift(made(center + s * step)[0], offset), y)
                    for s in curve.shifts
                ]
            )
            apart = np.abs(curve.scores - there).max()
            worst = max(worst, apart)
            pairs = zip(curve.scores, there, strict=True)
            cells = "".join(f"{a:>7.3f}/{b:.3f}"[-12:] for a, b in pairs)
            print(f"{name:20}{offset:>5}{apart:>9.3f}{cells}", flush=True)
    print(f"largest difference of all: {worst:.3f}")


def beside_a_line(n_rows, seed, nperseg):
    """Print scores, by shift, of models that see a line that does not move."""
    shifts = (0.0, *SHIFTS)
    for real, freq, what in [
        (True, 120.0, "real signals, hum at 120 Hz"),
        (True, 0.0, "real signals, spike at 0 Hz, detrend=False"),
        (False, 0.0, "complex signals, spike at 0 Hz, detrend=False"),
    ]:
        # The centers are random: a carrier right under the line would change its shape.
        center = CENTER[real] - 20, CENTER[real] + 20
        X, y = make_signals(n_rows, center, seed + 100, real)
        params = dict(detrend="constant" if freq else False)
        print(f"\n{what}, {n_rows} rows, seed {seed}")
        print(
            f"{'line':>8} {'notch':6}{'model':20}" + "".join(f"{s:>7}" for s in shifts)
        )
        for level in (None, -10.0, 10.0):
            kwargs = dict(line_db=level, line_freq=freq)
            Z, labels = make_signals(400, center, seed, real, **kwargs)
            line = make_signals(n_rows, center, seed + 100, real, **kwargs)[0] - X
            for notch in (None, [freq]) if level is not None else (None,):
                models = make_models(seed, real, nperseg, notch=notch, **params)
                for name in ("net", "logreg_fft_of_psd", "logreg_aligned_psd"):
                    model = models[name].fit(Z, labels)
                    curve = shift_curve(
                        model, X, y, shifts=shifts, domain="signal", static=line
                    )
                    cells = "".join(f"{s:>7.3f}" for s in curve.scores)
                    title = "none" if level is None else f"{level:+.0f} dB"
                    used = "yes" if notch else "no"
                    print(f"{title:>8} {used:6}{name:20}{cells}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1000, help="test signals")
    parser.add_argument("--seed", type=int, default=0, help="of the data and the nets")
    parser.add_argument("--only", choices=["shifts", "lines"], help="one of the tables")
    parser.add_argument("--nperseg", type=int, default=256, help="of the spectra")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.only != "lines":
        for real in (True, False):
            compare(args.rows, args.seed, real, args.nperseg)
    if args.only != "shifts":
        beside_a_line(args.rows, args.seed, args.nperseg)


if __name__ == "__main__":
    main()
