"""The floors of the package: which file imports which, as a picture and as a list.

``python docs/floors.py`` writes the list into docs/architecture.rst again. The picture
is drawn when the documentation is built.
"""

import ast
import itertools
import pathlib
import random

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.rst"
BEGIN, END = ".. begin of the list\n", ".. end of the list\n"
FRONT_COLOR, OPEN_COLOR = "#f2c46d", "#cfe3f3"


def read_imports():
    """Return which files each file imports, as tests/test_imports.py lists them."""
    tree = ast.parse((ROOT / "tests" / "test_imports.py").read_text())
    table = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "IMPORTS"
    )
    # The table calls a package by its name, a file by its path.
    return {
        name: {f"{m}.__init__" if f"{m}.__init__" in table else m for m in imported}
        for name, imported in table.items()
    }


def find_floors(imports):
    """Return the files of each floor, from the lowest to the highest.

    A file stands one floor above the highest file that it imports.
    """
    floor = {}
    for name, imported in imports.items():
        floor[name] = 1 + max((floor[m] for m in imported), default=-1)
    return [
        [name for name in imports if floor[name] == level]
        for level in range(max(floor.values()) + 1)
    ]


def list_floors():
    """Return the text of the list: the floors from above, with a line for each file."""
    lines = []
    floors = find_floors(read_imports())
    for level, names in reversed(list(enumerate(floors))):
        lines += [f"**Floor {level}**", ""]
        for name in sorted(names):
            path = pathlib.Path("sk_psd", *name.split(".")).with_suffix(".py")
            summary = ast.get_docstring(ast.parse((ROOT / path).read_text()))
            lines += [f"- ``{path.relative_to('sk_psd')}``: {summary.splitlines()[0]}"]
        lines.append("")
    return "\n".join(lines)


def read_list():
    """Return the list that the page holds."""
    return PAGE.read_text().split(BEGIN)[1].split(END)[0].strip() + "\n"


def write_list():
    """Replace the list of the page."""
    head, rest = PAGE.read_text().split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{list_floors()}\n{END}{tail}")


def find_arrows(imports):
    """Return pairs (file, imported file) without those that a detour implies."""
    below = {}
    for name, imported in imports.items():
        below[name] = imported.union(*(below[m] for m in imported))
    return [
        (name, m)
        for name, imported in imports.items()
        for m in sorted(imported)
        if not any(m in below[other] for other in imported - {m})
    ]


def find_places(floors, arrows, n_starts=1):
    """Return the column of each file in the best of several pictures.

    From a random start, two cells of a floor are exchanged as long as that makes lines
    shorter, or lets fewer lines cross each other or run behind boxes.
    """
    n_columns = max(map(len, floors)) + 1
    level = {name: i for i, names in enumerate(floors) for name in names}

    def cost(rows):
        place = {name: x for row in rows for x, name in enumerate(row) if name}
        total, passing = 0, [[] for _ in rows]
        for top, bottom in arrows:
            n_steps = level[top] - level[bottom]
            slope = (place[top] - place[bottom]) / n_steps
            total += abs(slope) * n_steps
            for i in range(n_steps):
                x, row = place[bottom] + slope * i, rows[level[bottom] + i]
                passing[level[bottom] + i].append((x, x + slope))
                box = row[round(x)]
                total += 8 * (i > 0 and box is not None and abs(x - round(x)) < 0.45)
        for lines in passing:
            for (a, b), (c, d) in itertools.combinations(lines, 2):
                total += (a - c) * (b - d) < 0
        return total

    def improve(rows):
        best, better = cost(rows), True
        while better:
            better = False
            for row in rows:
                for i, j in itertools.combinations(range(n_columns), 2):
                    row[i], row[j] = row[j], row[i]
                    new = cost(rows)
                    if new < best - 1e-9:
                        best, better = new, True
                    else:
                        row[i], row[j] = row[j], row[i]
        return rows

    starts = []
    for seed in range(n_starts):
        rng = random.Random(seed)
        rows = [[*names, *[None] * (n_columns - len(names))] for names in floors]
        starts.append([rng.sample(row, n_columns) for row in rows])
    rows = min(map(improve, starts), key=cost)
    return {name: x for row in rows for x, name in enumerate(row) if name}


def draw_floors():
    """Draw the files as boxes on floors, and lines down to the files they import."""
    import matplotlib.pyplot as plt

    imports = read_imports()
    floors, arrows = find_floors(imports), find_arrows(imports)
    place = find_places(floors, arrows)
    level = {name: i for i, names in enumerate(floors) for name in names}
    # Neighbors on a floor have three heights, so that the names have room.
    height = {name: level[name] + 0.28 * (place[name] % 3) for name in imports}
    figure, ax = plt.subplots(figsize=(11, 11), layout="constrained")
    for level in range(0, len(floors), 2):
        ax.axhspan(level - 0.22, level + 0.78, color="0.965", linewidth=0)
    for name, m in arrows:
        ax.plot(
            [place[name], place[m]],
            [height[name], height[m]],
            color="0.55",
            linewidth=0.8,
        )
    for name in imports:
        public = not any(part.startswith("_") for part in name.split("."))
        front = name.endswith("__init__")
        ax.text(
            place[name],
            height[name],
            {"__init__": "sk_psd", "nn.__init__": "nn"}.get(name, name),
            ha="center",
            va="center",
            fontsize=7.5,
            bbox=dict(
                boxstyle="round,pad=0.3",
                facecolor=FRONT_COLOR if front else OPEN_COLOR if public else "white",
                edgecolor="0.4",
            ),
        )
    ax.set(xlim=(-0.8, max(place.values()) + 0.8), ylim=(-0.22, len(floors) - 0.22))
    ax.set(yticks=range(len(floors)), xticks=[], ylabel="floor")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return figure


if __name__ == "__main__":
    write_list()
