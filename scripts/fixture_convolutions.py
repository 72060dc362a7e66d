"""fixtures/layers/: convolutions but for Conv2D: over signals and volumes, transposed, depthwise, separable."""

import keras
import numpy as np

from fixture_case import layer_case, per_axis, window_length, without_defaults, write_cases
from fixture_format import pairwise

SAME, CAUSAL, FIRST = {"padding": "same"}, {"padding": "causal"}, {"data_format": "channels_first"}
RELU = {"activation": "relu"}


def shape_of(row, rank):
    sizes = per_axis(row["size"], rank)
    first = row["data_format"] == "channels_first"
    return (row["batch"], row["channels"], *sizes) if first else (row["batch"], *sizes, row["channels"])


def grid(rank, factors, output, rows, seed, most_cost=500):
    """Rows of pairwise argument values with small arrays: (input shape, config).

    `output(row)`: spatial sizes and channels of the result, or None where Keras refuses the row.
    """
    sizes = {1: [1, 2, 3, 5, 7, 8], 2: [2, 3, (3, 4), (4, 5), (5, 3)], 3: [2, 3, (2, 3, 4), (3, 2, 3)]}[rank]
    factors = {
        "size": sizes,
        "channels": [1, 2, 3, 4],
        "batch": [1, 2],
        **factors,
        "use_bias": [True, False],
        "activation": [None, "relu", "tanh"],
        "data_format": ["channels_last", "channels_first"],
    }

    def valid(row):
        out = output(row)
        if out is None or min(out) < 1:
            return False
        return row["data_format"] == "channels_last" or out[-2] != out[-1] or out[-1] == 1

    def cost(row):
        out = output(row)
        kernel = int(np.prod(per_axis(row["kernel_size"], rank)))
        cells = int(np.prod(per_axis(row["size"], rank))) * row["channels"] + int(np.prod(out))
        return row["batch"] * cells + kernel * row["channels"] * out[-1]

    for row in pairwise(factors, valid, cost, most_cost, rows, seed):
        config = {key: value for key, value in row.items() if key not in ("size", "channels", "batch")}
        yield shape_of(row, rank), without_defaults(config)


def windows(row, rank):
    """The spatial sizes after the window."""
    kernel, strides, dilation = (per_axis(row[key], rank) for key in ("kernel_size", "strides", "dilation_rate"))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    sizes = per_axis(row["size"], rank)
    return [window_length(n, e, s, row["padding"]) for n, e, s in zip(sizes, extents, strides, strict=True)]


def forward(rank, seed, rows):
    def output(row):
        if row["strides"] != 1 and row["dilation_rate"] != 1:
            return None
        if row["channels"] % row["groups"] or row["filters"] % row["groups"]:
            return None
        return (*windows(row, rank), row["filters"])

    axes = {1: [1, 2, 3], 2: [], 3: [1, 2, (1, 2, 1)]}[rank]
    factors = {
        "filters": [1, 2, 3, 4, 6],
        "kernel_size": {1: [1, 2, 3, 4, 5], 3: [1, 2, 3, (1, 2, 3)]}[rank],
        "strides": axes,
        "padding": ["valid", "same", "causal"] if rank == 1 else ["valid", "same"],
        "dilation_rate": {1: [1, 2, 3], 3: [1, 2, (2, 1, 1)]}[rank],
        "groups": [1, 2],
    }
    return grid(rank, factors, output, rows, seed)


def cases(cls, named, rows):
    """Named cases first, then those of the grid that are not among them."""
    seen = []
    for shape, config in [*named, *rows]:
        if (shape, config) not in seen:
            seen.append((shape, config))
    write_cases(cls, (layer_case(cls, config, shape, xla=needs_xla(config)) for shape, config in seen))


def needs_xla(config):
    refused = ("data_format", "groups", "dilation_rate")
    return any(key in config for key in refused) or isinstance(config.get("strides"), tuple)


def conv(filters, kernel, **options):
    return {"filters": filters, "kernel_size": kernel, **options}


def conv1d():
    named = [
        # causal: zeros ahead only, with dilation and with strides
        ((2, 5, 1), conv(1, 3, dilation_rate=2, **CAUSAL)),
        ((2, 5, 2), conv(3, 3, **CAUSAL)),
        ((1, 8, 2), conv(3, 3, strides=2, **CAUSAL)),
        ((2, 7, 3), conv(2, 4, strides=3, **CAUSAL, **RELU)),
        ((1, 2, 2), conv(3, 5, dilation_rate=2, **CAUSAL)),  # extent past the signal
        ((2, 3, 6), conv(2, 3, **CAUSAL, **FIRST)),
        ((1, 4, 1), conv(1, 2, **SAME)),
        ((1, 4, 1), conv(1, 3, strides=2, **SAME)),
        ((1, 5, 1), conv(1, 3, strides=2, **SAME)),
        ((2, 1, 3), conv(2, 5, **SAME)),
        ((2, 8, 4), conv(4, 3, groups=4, **SAME)),
    ]
    cases(keras.layers.Conv1D, named, forward(1, 11, 24))


def conv3d():
    named = [
        ((1, 3, 4, 3, 2), conv(3, 3, **SAME)),
        ((1, 4, 3, 4, 1), conv(2, 3, strides=2, **SAME)),
        ((1, 3, 3, 3, 2), conv(2, 2, **RELU)),
        ((1, 2, 4, 2, 3), conv(4, 2, **SAME, **FIRST)),
        ((1, 1, 2, 1, 2), conv(2, 3, **SAME)),
    ]
    cases(keras.layers.Conv3D, named, forward(3, 13, 16))


def transposed(rank, seed, rows):
    def output(row):
        kernel, strides, dilation = (per_axis(row[key], rank) for key in ("kernel_size", "strides", "dilation_rate"))
        if max(strides) > 1 and max(dilation) > 1:
            return None
        padding = row["output_padding"]
        padding = (None,) * rank if padding is None else per_axis(padding, rank)
        out = []
        for n, k, s, d, p in zip(per_axis(row["size"], rank), kernel, strides, dilation, padding, strict=True):
            extent = (k - 1) * d + 1
            if p is not None and (p >= s or (p == 0 and extent % 2 == 0 and row["padding"] == "same")):
                return None
            if row["padding"] == "same":
                out.append(n * s if p is None else (n - 1) * s + extent % 2 + p)
            else:
                out.append((n - 1) * s + (max(extent, s) if p is None else extent + p))
        return (*out, row["filters"])

    factors = {
        "filters": [1, 2, 3, 4, 6],
        "kernel_size": {1: [1, 2, 3, 4, 5], 2: [1, 2, 3, (2, 3), (4, 1)], 3: [1, 2, 3, (1, 2, 3)]}[rank],
        "strides": {1: [1, 2, 3], 2: [1, 2, 3, (1, 2)], 3: [1, 2, (1, 2, 1)]}[rank],
        "padding": ["valid", "same"],
        "dilation_rate": {1: [1, 2], 2: [1, 2, (1, 2)], 3: [1, 2]}[rank],
        "output_padding": {1: [None, 0, 1, 2], 2: [None, 0, 1, (0, 1)], 3: [None, 0, 1, (0, 1, 0)]}[rank],
    }
    return grid(rank, factors, output, rows, seed)


def transposed_named(rank):
    """Every row of the table of placements: where the result is cut, and where zeros are appended."""
    table = [
        (4, 3, 2, "same", None, 1),
        (4, 3, 2, "valid", None, 1),
        (4, 2, 2, "same", None, 1),
        (4, 2, 2, "valid", None, 1),
        (4, 4, 2, "same", None, 1),
        (4, 5, 2, "same", None, 1),
        (7, 3, 2, "same", 0, 1),
        (7, 3, 2, "same", 1, 1),
        (4, 3, 1, "same", None, 1),
        (4, 1, 2, "same", None, 1),
        (4, 1, 2, "valid", None, 1),
        (4, 2, 3, "same", None, 1),
        (4, 2, 3, "valid", None, 1),
        (4, 3, 1, "same", None, 2),
        (4, 3, 2, "valid", 1, 1),
        (4, 4, 2, "same", 1, 1),
    ]
    for n, kernel, stride, padding, extra, dilation in table:
        sizes = (n, 3)[:rank]
        options = {"strides": stride, "padding": padding, "output_padding": extra, "dilation_rate": dilation}
        yield (1, *sizes, 1), without_defaults(conv(1, kernel, **options))


def transposes():
    cases(keras.layers.Conv1DTranspose, list(transposed_named(1)), transposed(1, 17, 24))
    named = [
        *transposed_named(2),
        # decoders: 7 to 14 to 28, and stride 1
        ((1, 4, 4, 3), conv(2, 3, strides=2, **SAME, **RELU)),
        ((2, 4, 5, 2), conv(3, 3, **SAME)),
        ((1, 3, 4, 4), conv(2, 3, strides=2, **SAME, **FIRST)),
    ]
    cases(keras.layers.Conv2DTranspose, named, transposed(2, 19, 26))
    named = [
        ((1, 2, 3, 2, 2), conv(2, 3, strides=2, **SAME)),
        ((1, 2, 2, 2, 1), conv(2, 3, strides=2)),
        ((1, 2, 2, 3, 2), conv(3, 2, strides=2, **SAME, **FIRST)),
    ]
    cases(keras.layers.Conv3DTranspose, named, transposed(3, 23, 14))


def depthwise(rank, seed, rows, separable):
    def output(row):
        channels = row["filters"] if separable else row["channels"] * row["depth_multiplier"]
        return (*windows(row, rank), channels)

    factors = {
        **({"filters": [1, 2, 3, 5]} if separable else {}),
        "kernel_size": {1: [1, 2, 3, 4], 2: [1, 2, 3, (2, 3)]}[rank],
        "strides": {1: [1, 2, 3], 2: [1, 2]}[rank],
        "padding": ["valid", "same"],
        "dilation_rate": {1: [1, 2], 2: [1, 2, (1, 2)]}[rank],
        "depth_multiplier": [1, 2, 3],
    }
    return grid(rank, factors, output, rows, seed)


def depthwises():
    layers = keras.layers
    cases(layers.DepthwiseConv1D, [((1, 6, 2), {"kernel_size": 3, **SAME})], depthwise(1, 29, 14, False))
    named = [
        ((1, 1, 1, 2), {"kernel_size": 1, "depth_multiplier": 2}),
        ((1, 5, 5, 3), {"kernel_size": 3, **SAME}),
        ((1, 6, 5, 2), {"kernel_size": 3, "strides": 2, **SAME, **RELU}),
        ((1, 6, 6, 2), {"kernel_size": 3, "strides": 2, "depth_multiplier": 2}),
        ((1, 5, 4, 2), {"kernel_size": 3, "strides": (1, 2), **SAME}),
    ]
    cases(layers.DepthwiseConv2D, named, depthwise(2, 31, 18, False))
    cases(layers.SeparableConv1D, [((1, 6, 3), conv(4, 3, **SAME))], depthwise(1, 37, 14, True))
    named = [
        ((1, 5, 5, 3), conv(4, 3, **SAME, **RELU)),
        ((1, 5, 4, 2), conv(3, 3, strides=2, depth_multiplier=2, **SAME)),
    ]
    cases(layers.SeparableConv2D, named, depthwise(2, 41, 16, True))


def make():
    conv1d()
    conv3d()
    transposes()
    depthwises()
