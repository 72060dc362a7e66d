"""fixtures/layers/: pooling but for the classes of pictures with windows, borders, upsampling, permuting, repeating,
and activations with arguments or weights."""

import keras
import numpy as np

from fixture_case import layer_case, per_axis, window_length, without_defaults, write_cases
from fixture_format import normal, pairwise
from fixture_layers import KINKS, LARGE, POOL_VALUES, equal, negative, ties

SAME, FIRST = {"padding": "same"}, {"data_format": "channels_first"}
layers = keras.layers


def shape_of(row, rank):
    sizes = per_axis(row["size"], rank)
    first = row["data_format"] == "channels_first"
    return (row["batch"], row["channels"], *sizes) if first else (row["batch"], *sizes, row["channels"])


# --- pooling with windows -------------------------------------------------------------------------------------------


def pool_grid(rank, values, rows, seed):
    factors = {
        "size": {1: [1, 2, 3, 4, 5, 7, 8], 3: [2, 3, 4, (2, 3, 4), (5, 2, 3)]}[rank],
        "channels": [1, 2, 3],
        "batch": [1, 2],
        "pool_size": {1: [1, 2, 3, 4], 3: [1, 2, 3, (1, 2, 3)]}[rank],
        "strides": {1: [None, 1, 2, 3], 3: [None, 1, 2, (2, 1, 1)]}[rank],
        "padding": ["valid", "same"],
        "data_format": ["channels_last", "channels_first"],
        "values": values,
    }

    def output(row):
        pool = per_axis(row["pool_size"], rank)
        strides = pool if row["strides"] is None else per_axis(row["strides"], rank)
        sizes = per_axis(row["size"], rank)
        return [window_length(n, p, s, row["padding"]) for n, p, s in zip(sizes, pool, strides, strict=True)]

    def cost(row):
        cells = int(np.prod(per_axis(row["size"], rank))) + int(np.prod(output(row)))
        return row["batch"] * row["channels"] * cells

    for row in pairwise(factors, lambda row: min(output(row)) > 0, cost, 250, rows, seed):
        config = {key: row[key] for key in ("pool_size", "strides", "padding", "data_format")}
        yield shape_of(row, rank), without_defaults(config), row["values"]


def pooling():
    window = {
        1: [
            ((1, 4, 1), {"pool_size": 2}, "equal"),
            ((1, 5, 2), {"pool_size": 3, "strides": 1, **SAME}, "equal"),
            ((2, 7, 2), {"pool_size": 2, **SAME}, "negative"),
            ((2, 8, 2), {"pool_size": 2, "strides": 3}, "normal"),
            ((1, 1, 2), {"pool_size": 3, **SAME}, "negative"),
        ],
        3: [
            ((1, 3, 3, 3, 1), {"pool_size": 2, "strides": 1, **SAME}, "negative"),
            ((1, 3, 4, 3, 1), {"pool_size": 2, **SAME}, "negative"),
            ((1, 1, 2, 1, 2), {"pool_size": 3, **SAME}, "negative"),
        ],
    }
    # Of equal maxima of a volume TensorFlow's CPU kernel gives each the whole gradient, more than there is. We follow
    # signals, pictures and GPUs, where the first gets it; so there are no ties here.
    for rank in (1, 3):
        tied = ["normal", "ties"] if rank == 1 else ["normal"]
        for kind, values, seed in (("Max", tied, 43), ("Average", ["normal"], 47)):
            cls = getattr(layers, f"{kind}Pooling{rank}D")
            rows = []
            for row in [*window[rank], *pool_grid(rank, values, 14, seed + rank)]:
                if row not in rows:
                    rows.append(row)
            dtype = dtype_of(rank)
            write_cases(
                cls, (layer_case(cls, config, shape, POOL_VALUES[v], note=v, dtype=dtype) for shape, config, v in rows)
            )


def dtype_of(rank):
    """TensorFlow pools volumes in float32 only."""
    return "float32" if rank == 3 else "float64"


# --- global and adaptive pooling ------------------------------------------------------------------------------------


def global_pooling():
    shapes = {1: (2, 5, 3), 2: (2, 3, 4, 2), 3: (2, 2, 3, 2, 2)}
    turned = {1: (2, 3, 5), 2: (2, 2, 3, 4), 3: (1, 3, 2, 2, 4)}
    for rank in (1, 2, 3):
        ones = (1, *(1,) * rank, 2)
        for kind in ("Average", "Max"):
            cls = getattr(layers, f"Global{kind}Pooling{rank}D")
            rows = [
                (shapes[rank], {}, normal),
                (turned[rank], {**FIRST}, normal),
                (shapes[rank], {"keepdims": True}, negative),
                (turned[rank], {"keepdims": True, **FIRST}, normal),
                (ones, {}, normal),
            ]
            cases = [layer_case(cls, config, shape, values) for shape, config, values in rows]
            if kind == "Max":  # of equal maxima each gets its share
                cases.append(layer_case(cls, {}, shapes[rank], equal, note="equal"))
                cases.append(layer_case(cls, {"keepdims": True}, shapes[rank], ties, note="ties"))
            write_cases(cls, cases)


def adaptive_pooling():
    rows = {
        1: [
            ((1, 7, 1), 3),
            ((1, 8, 1), 3),
            ((1, 4, 1), 6),  # more cells than there were
            ((2, 5, 2), 3),
            ((2, 6, 2), 3),
            ((1, 6, 2), 6),
            ((2, 11, 1), 4),
            ((2, 5, 3), 1),
            ((2, 1, 2), 3),
            ((1, 10, 2), 7),
        ],
        2: [
            ((1, 4, 4, 1), 2),
            ((1, 5, 7, 2), 3),
            ((2, 5, 4, 2), (2, 3)),
            ((2, 3, 4, 2), (1, 4)),
            ((1, 3, 2, 2), (5, 3)),
            ((1, 7, 7, 1), 4),
            ((2, 3, 4, 1), 1),
            ((2, 7, 4, 1), (5, 3)),
        ],
        3: [
            ((1, 4, 4, 2, 1), 2),
            ((1, 3, 4, 5, 2), (2, 3, 2)),
            ((1, 2, 3, 2, 1), 3),
            ((1, 3, 2, 4, 2), (1, 2, 3)),
            ((1, 5, 3, 2, 1), (2, 2, 2)),
        ],
    }
    turned = {1: ((2, 2, 5), 3), 2: ((1, 2, 5, 4), (2, 3)), 3: ((1, 2, 3, 2, 4), (2, 2, 3))}
    for rank in (1, 2, 3):
        for kind in ("Average", "Max"):
            cls = getattr(layers, f"Adaptive{kind}Pooling{rank}D")

            def case(shape, size, values=normal, cls=cls, dtype=dtype_of(rank), **options):
                note = "" if values is normal else values.__name__
                return layer_case(cls, {"output_size": size, **options}, shape, values, note=note, dtype=dtype)

            own = [row for row in rows[rank] if kind == "Average" or is_sound(*row)]
            cases = [case(*row) for row in own]
            cases.append(case(*turned[rank], **FIRST))
            if kind == "Max" and rank < 3:
                cases += [case(*row, ties) for row in own[1:4]]
                cases.append(case(*own[0], equal))
            write_cases(cls, cases)


def is_sound(shape, size):
    """Keras pools with two sizes of windows; where the larger is past the axis TensorFlow leaves the gradient unset."""
    sizes = shape[1:-1]
    return all(-(-n // o) + 1 <= n for n, o in zip(sizes, per_axis(size, len(sizes)), strict=True))


# --- borders, upsampling --------------------------------------------------------------------------------------------


def simple(cls, rows):
    """`rows` of (input shape, config) or (input shape, config, values)."""
    write_cases(cls, (layer_case(cls, config, shape, *values) for shape, config, *values in rows))


def borders():
    simple(
        layers.ZeroPadding1D,
        [
            ((2, 3, 2), {}),
            ((1, 3, 2), {"padding": 0}),
            ((1, 3, 2), {"padding": 2}),
            ((2, 2, 3), {"padding": (1, 2)}),
            ((2, 1, 1), {"padding": (0, 3)}),
            ((2, 2, 3), {"padding": (2, 0), **FIRST}),
        ],
    )
    simple(
        layers.ZeroPadding2D,
        [
            ((2, 2, 3, 2), {}),
            ((1, 2, 2, 1), {"padding": 0}),
            ((1, 2, 3, 2), {"padding": 2}),
            ((1, 2, 3, 2), {"padding": (2, 1)}),
            ((2, 2, 2, 1), {"padding": ((0, 1), (2, 3))}),
            ((1, 3, 2, 2), {"padding": ((0, 1), (0, 1))}),  # ahead of strides of 2 in MobileNet
            ((1, 3, 2, 2), {"padding": (1, (0, 2))}),
            ((1, 2, 3, 2), {"padding": ((1, 0), (2, 1)), **FIRST}),
        ],
    )
    simple(
        layers.ZeroPadding3D,
        [
            ((1, 2, 1, 2, 2), {}),
            ((1, 1, 2, 2, 1), {"padding": 2}),
            ((1, 2, 2, 1, 2), {"padding": (0, 1, 2)}),
            ((1, 1, 2, 1, 2), {"padding": ((0, 1), (2, 0), (1, 2))}),
            ((1, 2, 2, 1, 2), {"padding": ((1, 0), (0, 1), (0, 2)), **FIRST}),
        ],
    )
    simple(
        layers.Cropping1D,
        [
            ((2, 4, 2), {}),
            ((1, 3, 2), {"cropping": 0}),
            ((2, 6, 1), {"cropping": 2}),
            ((2, 5, 2), {"cropping": (0, 2)}),
            ((2, 5, 2), {"cropping": (3, 1)}),
        ],
    )
    simple(
        layers.Cropping2D,
        [
            ((2, 2, 3, 2), {}),
            ((1, 4, 5, 2), {"cropping": 1}),
            ((1, 5, 4, 1), {"cropping": (2, 1)}),
            ((1, 5, 4, 2), {"cropping": ((1, 0), (0, 2))}),
            ((2, 4, 4, 1), {"cropping": ((0, 3), (2, 1))}),
            ((1, 2, 4, 5), {"cropping": ((1, 1), (0, 3)), **FIRST}),
        ],
    )
    simple(
        layers.Cropping3D,
        [
            ((1, 3, 4, 3, 2), {}),
            ((1, 2, 3, 2, 2), {"cropping": 0}),
            ((1, 3, 2, 5, 1), {"cropping": (1, 0, 2)}),
            ((1, 4, 3, 3, 2), {"cropping": ((0, 1), (2, 0), (1, 1))}),
            ((1, 2, 4, 3, 3), {"cropping": ((1, 0), (0, 1), (1, 1)), **FIRST}),
        ],
    )


def up_sampling():
    simple(
        layers.UpSampling1D,
        [((2, 3, 2), {}), ((1, 1, 1), {"size": 3}), ((2, 4, 3), {"size": 1}), ((2, 2, 5), {"size": 4})],
    )
    simple(
        layers.UpSampling3D,
        [
            ((1, 2, 3, 2, 2), {}),
            ((1, 1, 2, 1, 1), {"size": 3}),
            ((1, 2, 1, 2, 3), {"size": (1, 2, 3)}),
            ((1, 2, 2, 2, 1), {"size": 1}),
            ((1, 2, 1, 2, 3), {"size": (2, 3, 1), **FIRST}),
        ],
    )
    rows = [
        ((1, 2, 2, 1), {}),
        ((2, 3, 4, 2), {}),
        ((1, 1, 1, 3), {"size": 4}),
        ((1, 5, 3, 1), {"size": 3}),
        ((1, 4, 5, 2), {"size": (2, 1)}),
        ((1, 3, 2, 2), {"size": (3, 2)}),
        ((1, 3, 2, 3), {"size": (2, 5), **FIRST}),
    ]
    few = [rows[0], rows[3], rows[6]]
    # TensorFlow interpolates in float32 only, and has no gradient for "area"
    methods = [("bilinear", rows), ("bicubic", few), ("lanczos3", few), ("lanczos5", few)]
    cases = (
        layer_case(layers.UpSampling2D, {**config, "interpolation": method}, shape, dtype="float32")
        for method, some in methods
        for shape, config in some
    )
    write_cases(layers.UpSampling2D, cases, "-interpolation")


# --- axes and activations -------------------------------------------------------------------------------------------


def axes():
    simple(
        layers.Permute,
        [
            ((2, 3, 4), {"dims": (2, 1)}),
            ((2, 3, 4), {"dims": (1, 2)}),
            ((2, 5), {"dims": (1,)}),
            ((1, 2, 3, 4), {"dims": (3, 1, 2)}),
            ((2, 2, 3, 4), {"dims": (1, 3, 2)}),
            ((1, 2, 3, 2, 3), {"dims": (4, 3, 1, 2)}),
        ],
    )
    simple(layers.RepeatVector, [((2, 3), {"n": 4}), ((3, 1), {"n": 2}), ((2, 5), {"n": 1})])


def activations():
    def kinks(rng, shape):
        return np.array(KINKS)

    def large(rng, shape):
        return np.array(LARGE)

    wide = lambda rng, shape: normal(rng, shape, 3)  # noqa: E731
    at = (3, 5)
    options = [
        {},
        {"max_value": 6},
        {"max_value": 2},
        {"negative_slope": 0.25},
        {"threshold": 1},
        {"max_value": 4, "threshold": 1},
        {"max_value": 3, "negative_slope": 0.5},
        {"max_value": 6, "negative_slope": 0.125},
        {"threshold": 2, "negative_slope": 0.25},
        {"max_value": 4, "negative_slope": 0.125, "threshold": 2},
    ]
    simple(layers.ReLU, [(at, config, kinks) for config in options] + [((2, 2, 3, 2), options[-1], wide)])
    simple(
        layers.LeakyReLU,
        [(at, {}, kinks), (at, {"negative_slope": 0.5}, kinks), (at, {"negative_slope": 0}, kinks), ((2, 3, 4), {})],
    )
    simple(
        layers.PReLU,
        [
            ((3, 5), {}, kinks),
            ((2, 4), {}),
            ((2, 3, 2), {"alpha_initializer": "ones"}),
            ((2, 3, 4, 2), {"shared_axes": [1, 2]}),
            ((2, 3, 4), {"shared_axes": 1}),
            ((2, 3, 4), {"shared_axes": [1, 2]}),
            ((2, 3, 2, 2), {"shared_axes": [3]}),
        ],
    )
    simple(
        layers.ELU,
        [(at, {}, kinks), (at, {"alpha": 0.5}, kinks), (at, {"alpha": 2.0}, kinks), ((2, 8), {"alpha": 0.5}, large)],
    )
    simple(
        layers.Softmax,
        [
            ((2, 5), {}),
            ((2, 8), {}, large),
            ((2, 3, 4), {}),
            ((2, 3, 4), {"axis": 1}),
            ((2, 3, 4), {"axis": -2}),
            ((2, 3, 4), {"axis": [1, 2]}),
            ((1, 2, 3, 2), {"axis": [1, -1]}),
            ((2, 3, 1), {"axis": 2}),
            ((2, 3, 2), {"axis": [2]}),
        ],
    )


def make():
    pooling()
    global_pooling()
    adaptive_pooling()
    borders()
    up_sampling()
    axes()
    activations()
