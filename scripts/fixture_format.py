"""How a fixture is written: JSON, one case per line, arrays as base64 of little-endian float32."""

import base64
import json
import platform
import zlib
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"


def array(values):
    """`{"shape": [...], "f32": "<base64>"}`; float64 results are rounded to float32 here and nowhere else."""
    values = np.asarray(values)
    data = np.ascontiguousarray(values, dtype="<f4")
    assert np.all(np.isfinite(data)), "a fixture holds finite numbers only"
    return {"shape": list(values.shape), "f32": base64.b64encode(data.tobytes()).decode()}


def versions():
    import keras
    import tensorflow

    return {
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def write(name, cases, **header):
    """Writes fixtures/<name>: `versions`, the header's fields, then `cases`, each on a line of its own."""
    path = FIXTURES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = {"versions": versions(), **header}
    lines = [f"{json.dumps(key)}: {_text(value)}," for key, value in fields.items()]
    body = ",\n".join(_text(case) for case in cases)
    path.write_text("{\n" + "\n".join(lines) + '\n"cases": [\n' + body + "\n]\n}\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(cases)} cases, {path.stat().st_size:,} bytes", flush=True)


def write_record(name, **fields):
    """Writes fixtures/<name> holding one record, a field per line."""
    path = FIXTURES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = {"versions": versions(), **fields}
    body = ",\n".join(f"{json.dumps(key)}: {_text(value)}" for key, value in fields.items())
    path.write_text("{\n" + body + "\n}\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes", flush=True)


def _text(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def generator(name, salt=0):
    """Random numbers that depend on the case's name alone, so a new case leaves the others as they are."""
    return np.random.default_rng([zlib.crc32(name.encode()), salt])


def normal(rng, shape, scale=1.0):
    """Normal numbers that float32 holds exactly, as float64: what is stored is what was computed with."""
    return (rng.standard_normal(shape) * scale).astype(np.float32).astype(np.float64)


def uniform(rng, low, high, shape):
    """Uniform numbers that float32 holds exactly, as float64."""
    return rng.uniform(low, high, shape).astype(np.float32).astype(np.float64)


def pairwise(factors, valid, cost, most_cost, rows, seed, ignored=()):
    """Rows that together show every possible pair of values of two factors.

    `factors` maps a name to its values; `valid(row)` and `cost(row) <= most_cost` must hold. Greedy: of many random
    rows built around a pair not seen yet, the one that shows most new pairs, and of these the cheapest. After the last
    pair has been shown, random rows fill up to `rows`. Pairs of names in `ignored` need not be covered.
    """
    rng = np.random.default_rng(seed)
    names = list(factors)
    pairs_of_names = [
        (a, b) for i, a in enumerate(names) for b in names[i + 1 :] if (a, b) not in ignored and (b, a) not in ignored
    ]

    def pairs(row):
        return {(a, row[a], b, row[b]) for a, b in pairs_of_names}

    def candidates(count, fixed):
        for _ in range(count):
            row = {name: values[rng.integers(len(values))] for name, values in factors.items()}
            row.update(fixed)
            if valid(row) and cost(row) <= most_cost:
                yield row

    missing = {(a, x, b, y) for a, b in pairs_of_names for x in factors[a] for y in factors[b]}
    chosen = []
    while missing:
        a, x, b, y = sorted(missing, key=repr)[rng.integers(len(missing))]
        best = max(candidates(400, {a: x, b: y}), key=lambda row: (len(pairs(row) & missing), -cost(row)), default=None)
        if best is None:
            missing.discard((a, x, b, y))  # no valid row shows this pair
            continue
        chosen.append(best)
        missing -= pairs(best)
    while len(chosen) < rows:
        row = next(candidates(100000, {}))
        if row not in chosen:
            chosen.append(row)
    return chosen
