"""Cost of training and prediction beside a hand-written loop and plain skorch.

    python benchmarks/training.py            # all rows, a quarter of an hour
    python benchmarks/training.py --quick    # two rows

One process, one thread, calls interleaved; medians of the ratios of CPU time.
"ours" is GlobalPoolCNNClassifier, "loop" a hand-written torch loop of the same net,
batches, shifts and schedule; "skorch" a NeuralNetClassifier with its defaults beside
the loop without shifts and alignment, which it does not know. Below 1 is cheaper than
the loop. "roll" is the part of a prediction that brings the spectra to their canonical
position. The first rows give the time of a forward and backward pass of one batch of 32
in units "u", the time of a product of two 512 x 512 float32 matrices in the same
rounds. These rows show slow layers, which a comparison with a loop of the same net
hides. "noise / ours" is the time of training with a median level, shifts, speckle,
colored noise and lines, divided by that of training with shifts alone. Memory is the
growth of the peak of resident memory, divided by the size of the data, each variant in
a process of its own (Linux only).
"""

import argparse
import multiprocessing
import statistics
import time

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch.nn import functional as F

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    RandomFreqShift,
    RandomNoise,
    RandomSpeckle,
)
from sk_psd._shift import canonical_roll, noise_bins, random_shift
from sk_psd.nn import GlobalPoolCNN, global_pool_layers

N_CLASSES = 8


def make_data(n_samples, n_freqs):
    rng = np.random.default_rng(0)
    X = rng.random((n_samples, n_freqs), dtype=np.float32)
    return X, rng.permutation(np.arange(n_samples) % N_CLASSES)


def make_module(n_freqs):
    module = GlobalPoolCNN(1, N_CLASSES, global_pool_layers(n_freqs))
    return module.to(memory_format=torch.channels_last)


class Loop:
    """What one would write by hand for this one purpose."""

    def __init__(
        self, n_freqs, batch_size, epochs, shifts=True, autocast=False, device="cpu"
    ):
        self.n_freqs, self.batch_size, self.epochs = n_freqs, batch_size, epochs
        self.shifts, self.autocast, self.device = shifts, autocast, device

    def fit(self, X, y):
        """Train."""
        torch.manual_seed(0)
        self.module = make_module(self.n_freqs).to(self.device).train()
        generator = torch.Generator().manual_seed(0)
        x = torch.from_numpy((X - X.mean()) / X.std()).unsqueeze(1).to(self.device)
        noise = noise_bins(x) if self.shifts else None
        y = torch.from_numpy(y).to(self.device)
        optimizer = torch.optim.AdamW(self.module.parameters(), lr=1e-2, fused=True)
        steps = self.epochs * (len(x) // self.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, steps)
        half = self.n_freqs // 2
        self.losses = []
        for _ in range(self.epochs):
            for rows in torch.randperm(len(x), generator=generator).split(
                self.batch_size
            ):
                rows = rows.to(self.device)
                batch = x[rows]
                if self.shifts:
                    batch = random_shift(
                        batch,
                        half,
                        mode="floor",
                        noise=noise[rows],
                        generator=generator,
                    )
                    batch = random_shift(batch, half, generator=generator)
                optimizer.zero_grad()
                with torch.autocast(self.device, torch.bfloat16, enabled=self.autocast):
                    loss = F.cross_entropy(self.module(batch), y[rows])
                loss.backward()
                optimizer.step()
                schedule.step()
                self.losses.append(loss.item())
        self.mean, self.scale = X.mean(), X.std()
        return self

    def predict_proba(self, X):
        """Predict."""
        self.module.eval()
        n_rows = 32 if self.device == "cpu" else 1024
        with torch.inference_mode():
            parts = [
                self.module(canonical_roll(part) if self.shifts else part).softmax(1)
                for part in torch.from_numpy((X - self.mean) / self.scale)
                .unsqueeze(1)
                .to(self.device)
                .split(n_rows)
            ]
        return torch.cat(parts).cpu().numpy()


class PlainSkorch:
    """A NeuralNetClassifier as in its documentation, of the same net."""

    def __init__(self, n_freqs, batch_size, epochs):
        self.net = NeuralNetClassifier(
            make_module(n_freqs),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            lr=1e-2,
            batch_size=batch_size,
            max_epochs=epochs,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )

    def fit(self, X, y):
        """Train."""
        self.net.fit(X[:, None], y)
        return self

    def predict_proba(self, X):
        """Predict."""
        return self.net.predict_proba(X[:, None])


def make_ours(n_freqs, batch_size, epochs):
    return GlobalPoolCNNClassifier(
        batch_size=batch_size, max_epochs=epochs, random_state=0, device="cpu"
    )


def make_noisy(n_freqs, batch_size, epochs):
    """Return our net with all that a robust training can have."""
    noise = RandomNoise(domain="spectrum", color_db=6.0, line_probability=0.5)
    shifts = [RandomFreqShift(mode="floor"), RandomFreqShift()]
    return make_ours(n_freqs, batch_size, epochs).set_params(
        level="median", augmentation=[*shifts, RandomSpeckle(), noise]
    )


def make_bare_loop(n_freqs, batch_size, epochs):
    return Loop(n_freqs, batch_size, epochs, shifts=False)


VARIANTS = {
    "loop": Loop,
    "ours": make_ours,
    "bare loop": make_bare_loop,
    "skorch": PlainSkorch,
}


def cpu_seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def interleaved(calls, rounds):
    """CPU seconds of each call in each round, all called in turn."""
    seconds = {name: [] for name in calls}
    for i in range(rounds + 1):
        for name, call in calls.items():
            spent = cpu_seconds(call)
            if i > 0:  # the first round warms up
                seconds[name].append(spent)
    return seconds


def ratio(seconds, name, other):
    """Median over the rounds of how much one call takes of the other's time."""
    pairs = zip(seconds[name], seconds[other], strict=True)
    return statistics.median(one / two for one, two in pairs)


def step_row(n_freqs, rounds):
    """Print the times of a training step and of a forward pass, in matrix products."""
    module, y = make_module(n_freqs), torch.arange(32) % N_CLASSES
    x = torch.from_numpy(make_data(32, n_freqs)[0]).unsqueeze(1)
    matrix = torch.randn(512, 512)

    def step():
        module.train().zero_grad()
        F.cross_entropy(module(x), y).backward()

    def forward():
        with torch.inference_mode():
            module.eval()(x)

    calls = {"step": step, "forward": forward}
    calls["product"] = lambda: torch.mm(matrix, matrix)
    calls = {k: lambda f=f: [f() for _ in range(5)] for k, f in calls.items()}
    seconds = interleaved(calls, rounds)
    step_units, units = (ratio(seconds, k, "product") for k in ("step", "forward"))
    print(
        f"{n_freqs:6} bins: forward and backward {step_units:.2f} u, "
        f"prediction {units:.2f} u",
        flush=True,
    )


def speed_row(n_freqs, batch_size, rounds):
    # Enough steps that, as in a real fit, what is done once does not count.
    n_samples, epochs = max(256, 8 * batch_size), 16 if batch_size < 32 else 4
    X, y = make_data(n_samples, n_freqs)
    many = make_data(2048, n_freqs)[0]
    models = {k: make(n_freqs, batch_size, epochs) for k, make in VARIANTS.items()}
    fit = interleaved({k: lambda m=m: m.fit(X, y) for k, m in models.items()}, rounds)
    calls = {k: lambda m=m: m.predict_proba(many) for k, m in models.items()}
    chunks = torch.from_numpy(many).unsqueeze(1).split(32)
    calls["roll"] = lambda: [canonical_roll(chunk) for chunk in chunks]
    predict = interleaved(calls, rounds)
    print(
        f"{n_freqs:6} {batch_size:5} |"
        f"{1e6 * statistics.median(fit['loop']) / n_samples / epochs:9.0f}"
        f"{ratio(fit, 'ours', 'loop'):7.2f}{ratio(fit, 'skorch', 'bare loop'):8.2f} |"
        f"{1e6 * statistics.median(predict['loop']) / len(many):9.0f}"
        f"{ratio(predict, 'ours', 'loop'):7.2f}"
        f"{ratio(predict, 'skorch', 'bare loop'):8.2f}"
        f"{ratio(predict, 'roll', 'loop'):7.2f}",
        flush=True,
    )


def resident_peak():
    # Not ru_maxrss, which a new process inherits from the one that started it.
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def peak_megabytes(name, n_freqs, pipe):
    torch.set_num_threads(1)
    VARIANTS[name](64, 32, 1).fit(*make_data(64, 64))  # what is allocated once
    X, y = make_data(1600, n_freqs)
    before = resident_peak()
    VARIANTS[name](n_freqs, 32, 1).fit(X, y).predict_proba(X)
    pipe.send(resident_peak() - before)


def memory_row(n_freqs):
    peaks = {}
    for name in VARIANTS:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        child = context.Process(target=peak_megabytes, args=(name, n_freqs, theirs))
        child.start()
        peaks[name] = ours.recv()
        child.join()
    data = 1600 * n_freqs * 4 / 2**20
    cells = "  ".join(f"{name} {peak:.0f} MB" for name, peak in peaks.items())
    print(f"{n_freqs:6} bins, {data:.0f} MB of data: {cells}", flush=True)


def growth_of_fit(n_samples, n_freqs, pipe):
    make_ours(64, 32, 1).fit(*make_data(64, 64))  # what is allocated once
    X, y = make_data(n_samples, n_freqs)
    before = resident_peak()
    make_ours(n_freqs, 32, 1).fit(X, y)
    pipe.send((resident_peak() - before) * 2**20 / X.nbytes)


def large_fit():
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=growth_of_fit, args=(20_000, 8192, theirs))
    child.start()
    print(f"fit of 20000 x 8192 float32: {ours.recv():.2f} times the data", flush=True)
    child.join()


def stream_row(n_calls=6000):
    """CPU time of one call of partial_fit, early and late in a stream."""
    X, y = make_data(16, 32)
    model = make_ours(32, 16, 1)
    model.partial_fit(X, y, classes=np.arange(N_CLASSES))
    seconds = [cpu_seconds(lambda: model.partial_fit(X, y)) for _ in range(n_calls)]
    early, late = (
        statistics.median(part) for part in (seconds[100:200], seconds[-100:])
    )
    print(
        f"call 200: {1e3 * early:.2f} ms, call {n_calls}: {1e3 * late:.2f} ms",
        flush=True,
    )


def other_forms(n_freqs, rounds):
    """The same loop in bfloat16, and one step of the position-bound net."""
    X, y = make_data(256, n_freqs)
    flatten = FlattenCNNClassifier(max_epochs=1, random_state=0, device="cpu")
    seconds = interleaved(
        {
            "float32": lambda: Loop(n_freqs, 32, 1).fit(X, y),
            "bfloat16": lambda: Loop(n_freqs, 32, 1, autocast=True).fit(X, y),
            "ours": lambda: make_ours(n_freqs, 32, 1).fit(X, y),
            "flatten": lambda: flatten.fit(X, y),
        },
        rounds,
    )
    print(
        f"{n_freqs:6} bins: "
        f"bfloat16 / float32 {ratio(seconds, 'bfloat16', 'float32'):.2f}   "
        f"flatten net / ours {ratio(seconds, 'flatten', 'ours'):.1f}",
        flush=True,
    )


def noise_row(n_freqs, batch_size, rounds):
    """A step with a level and noise beside one with shifts alone."""
    X, y = make_data(8 * batch_size, n_freqs)
    X = 60 * X  # dB
    # 320 steps, a part of a fit, so the noise that is drawn once counts too much.
    ours, noisy = (make(n_freqs, batch_size, 40) for make in (make_ours, make_noisy))
    seconds = interleaved(
        {"ours": lambda: ours.fit(X, y), "noise": lambda: noisy.fit(X, y)}, rounds
    )
    print(
        f"{n_freqs:6} bins, batch {batch_size}: noise / ours "
        f"{ratio(seconds, 'noise', 'ours'):.2f}",
        flush=True,
    )


def noise_rows(rounds):
    print("\nTraining with a level, speckle, noise and lines, beside shifts alone")
    for n_freqs, batch_size in [(256, 32), (1024, 32)]:
        noise_row(n_freqs, batch_size, rounds)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="two rows, 3 rounds")
    parser.add_argument("--noise", action="store_true", help="the cost of noise alone")
    parser.add_argument("--steps", action="store_true", help="the first rows alone")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.noise:
        return noise_rows(args.rounds)
    if args.steps:
        for n_freqs in (256, 1024, 8192):
            step_row(n_freqs, 5 * args.rounds)
        return None
    lengths, sizes = [256, 1024, 8192], [8, 32, 128]
    if args.quick:
        lengths, sizes, args.rounds = [256, 1024], [32], 3
    print("Time of a batch of 32, in matrix products (u)")
    for n_freqs in lengths:
        step_row(n_freqs, 5 * args.rounds)
    print()
    print(
        "  bins batch | train: us loop  ours  skorch | predict: us  ours  skorch   roll"
    )
    for n_freqs in lengths:
        for batch_size in sizes:
            speed_row(n_freqs, batch_size, args.rounds)
    print("\nOther forms, training, batch 32")
    for n_freqs in lengths:
        other_forms(n_freqs, min(3, args.rounds))
    noise_rows(min(5, args.rounds))
    print("\nA stream: CPU time of partial_fit with 16 rows")
    stream_row()
    print("\nMemory over the data, one epoch and a prediction of 1600 spectra")
    for n_freqs in lengths:
        memory_row(n_freqs)
    large_fit()


if __name__ == "__main__":
    main()
