"""fixtures/windows.json: output sizes, and which cells of the input every cell of the output depends on.

Found by asking: all weights are 1, and one cell after the other is raised in a picture of zeros. For each spatial axis and
each position of the output there, the positions of the input whose cells change it.
"""

import keras
import numpy as np
import tensorflow as tf

from fixture_case import title
from fixture_format import generator, write

layers = keras.layers


def windows_of(cls, config, sizes, channels=1):
    """The windows of a layer along each axis, and the shape of its output (without the batch)."""
    first = config.get("data_format") == "channels_first"
    shape = (channels, *sizes) if first else (*sizes, channels)
    layer = cls(**config)
    layer.build((None, *shape))
    for weight in layer.weights:
        weight.assign(tf.ones(weight.shape) if "kernel" in weight.name else tf.zeros(weight.shape))
    cells = int(np.prod(sizes))
    # Sample 0 is plain; in sample j + 1 cell j of every channel is raised.
    raised = np.concatenate([np.zeros((1, cells)), np.eye(cells)]).reshape(cells + 1, *sizes)
    x = np.repeat(np.expand_dims(raised, 1 if first else -1), channels, axis=1 if first else -1).astype("float32")
    # Plain CPU TensorFlow refuses channels_first, and where strides are larger than windows its maximum over volumes
    # begins behind the first cell under "same", unlike the same layer compiled or with oneDNN.
    is_compiled = first or cls is layers.MaxPooling3D
    call = tf.function(lambda given: layer(given), jit_compile=True) if is_compiled else layer
    y = call(tf.constant(x)).numpy()
    changed = (y[1:] != y[:1]).any(axis=1 if first else -1)
    kept = changed.ndim - 1  # global pooling may leave no axis
    changed = changed.reshape(*sizes, *changed.shape[1:])
    rank = len(sizes)
    axes = []
    for axis in range(rank):
        pairs = changed.any(axis=tuple(i for i in range(changed.ndim) if i not in (axis, rank + axis)[: 2 if kept else 1]))
        columns = pairs.T if kept else pairs[None]
        axes.append([np.flatnonzero(column).tolist() for column in columns])
    return {"output": list(y.shape[1:]), "windows": axes}


def draw(rng, family, rank):
    """A layer of a family with random arguments, and sizes that suit it."""
    one = lambda low, high: int(rng.integers(low, high + 1))
    each = lambda low, high: [one(low, high) for _ in range(rank)]
    sizes = each(2, 4 if rank == 3 else 8)
    padding = str(rng.choice(["valid", "same"]))
    data_format = str(rng.choice(["channels_last", "channels_first"])) if rank == 2 else "channels_last"
    ordered = {"data_format": data_format}
    if family in ("Conv", "DepthwiseConv", "SeparableConv"):
        if family == "Conv" and rank == 1 and rng.integers(3) == 0:
            padding = "causal"
        strided = bool(rng.integers(2))
        # TensorFlow's depthwise convolutions want equal strides.
        strides = each(1, 3) if family == "Conv" else [one(1, 3)] * rank
        spread = {"strides": strides} if strided else {"dilation_rate": each(1, 3) if family == "Conv" else [one(1, 3)] * rank}
        config = {"kernel_size": each(1, 4), **spread, "padding": padding, **ordered}
        if family != "DepthwiseConv":
            config = {"filters": 2, **config}
        channels = 2
        if family == "Conv" and rng.integers(3) == 0 and data_format == "channels_last":
            config["groups"] = 2
    elif family == "ConvTranspose":
        strides = each(1, 3)
        config = {"filters": 1, "kernel_size": each(1, 4), "strides": strides, "padding": padding, **ordered}
        if rng.integers(2) and min(strides) > 1:
            config["output_padding"] = one(0, min(strides) - 1)
        channels = 1
    elif family in ("MaxPooling", "AveragePooling"):
        config = {"pool_size": each(1, 4), "strides": each(1, 3), "padding": padding, **ordered}
        channels = 1
    elif family in ("GlobalMaxPooling", "GlobalAveragePooling"):
        config, channels = {"keepdims": bool(rng.integers(2)), **ordered}, 1
    elif family in ("AdaptiveMaxPooling", "AdaptiveAveragePooling"):
        config, channels = {"output_size": [one(1, n) for n in sizes], **ordered}, 1
    elif family == "UpSampling":
        config, channels = {"size": each(1, 3) if rank > 1 else one(1, 3)}, 1
        if rank == 2:
            config["interpolation"] = str(rng.choice(["nearest", "bilinear"]))
        if rank > 1:
            config.update(ordered)
    else:
        ends = [[one(0, 2), one(0, 2)] for _ in range(rank)]
        if family == "Cropping":
            ends = [[min(a, (n - 1) // 2), min(b, n - 1 - (n - 1) // 2)] for (a, b), n in zip(ends, sizes)]
        config, channels = {"padding" if family == "ZeroPadding" else "cropping": ends if rank > 1 else ends[0]}, 1
        if rank > 1:
            config.update(ordered)
    return config, sizes, channels


FAMILIES = {
    "Conv": 30,
    "DepthwiseConv": 12,
    "SeparableConv": 12,
    "ConvTranspose": 30,
    "MaxPooling": 20,
    "AveragePooling": 20,
    "GlobalMaxPooling": 3,
    "GlobalAveragePooling": 3,
    "AdaptiveMaxPooling": 8,
    "AdaptiveAveragePooling": 8,
    "UpSampling": 8,
    "ZeroPadding": 6,
    "Cropping": 6,
}


def make():
    cases = []
    for family, count in FAMILIES.items():
        for rank in (1, 2, 3):
            if family in ("DepthwiseConv", "SeparableConv") and rank == 3:
                continue
            name = f"Conv{rank}DTranspose" if family == "ConvTranspose" else f"{family}{rank}D"
            rng = generator(f"windows/{name}")
            made = 0
            while made < count:
                config, sizes, channels = draw(rng, family, rank)
                try:
                    found = windows_of(getattr(layers, name), config, sizes, channels)
                except (ValueError, tf.errors.InvalidArgumentError):
                    continue  # a window that does not fit
                if 0 in found["output"]:
                    continue
                cases.append({"name": f"{name} {title([sizes], config)}", "class": name, "config": config, "sizes": sizes, "channels": channels, **found})
                made += 1
    write("windows.json", cases)
