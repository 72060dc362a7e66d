"""fixtures/layers/<class>.json: outputs and gradients of single layers, computed by Keras in float64."""

import keras
import numpy as np
import tensorflow as tf

from fixture_format import array, generator, normal, pairwise, uniform, write

CHANNELS = [1, 2, 3, 4, 5, 8, 16]


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def label(value):
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def output_length(n, window, stride, padding):
    return -(-n // stride) if padding == "same" else (n - window) // stride + 1


def run(layer, inputs, upstream, xla):
    """Output of the layer and the gradients of sum(output * upstream) to inputs and weights.

    `xla`: plain CPU TensorFlow refuses channels_first and the gradients of dilated convolutions; compiled it does not.
    """

    def step(x, g):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            total = tf.reduce_sum(y * g)
        return y, tape.gradient(total, [x, *[weight.value for weight in layer.weights]])

    if xla:
        step = tf.function(step, jit_compile=True)
    y, gradients = step(tf.constant(inputs, tf.float64), tf.constant(upstream, tf.float64))
    assert y.dtype == tf.float64
    return y.numpy(), [gradient.numpy() for gradient in gradients]


def make_case(name, cls, config, shape, values=None, xla=False):
    """One case. `shape` has the batch axis; `values(rng, shape)` makes the inputs (normal numbers by default)."""
    has_kink = cls is not keras.layers.Activation and config.get("activation") in ("relu", "leaky_relu")
    for salt in range(50):
        rng = generator(f"{cls.__name__}/{name}", salt)
        x = (values or normal)(rng, shape)
        layer = cls(**config, dtype="float64")
        layer.build(shape)
        weights = []
        for weight in layer.weights:
            fan_in = int(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 9
            weights.append(normal(rng, tuple(weight.shape), fan_in**-0.5))
        layer.set_weights(weights)
        if cls is keras.layers.Activation:  # glu halves its axis and compute_output_shape does not say so
            output = layer(x).shape
        else:
            output = layer.compute_output_shape(shape)
        assert config.get("data_format") != "channels_first" or output[-1] != config.get("filters"), name
        upstream = normal(rng, output)
        if has_kink:  # float32 must land on the same side of the kink as float64
            bent, layer.activation = layer.activation, keras.activations.linear
            nearest = np.abs(run(layer, x, upstream, xla)[0]).min()
            layer.activation = bent
            if nearest < 3e-5:
                continue
        y, gradients = run(layer, x, upstream, xla)
        assert y.shape == tuple(output), (name, y.shape, output)
        return {
            "name": name,
            "class_name": cls.__name__,
            "config": config,
            "inputs": [array(x)],
            "weights": [{"name": w.name, **array(value)} for w, value in zip(layer.weights, weights, strict=True)],
            "outputs": [array(y)],
            "upstream": array(upstream),
            "grad_inputs": [array(gradients[0])],
            "grad_weights": [array(gradient) for gradient in gradients[1:]],
        }
    raise AssertionError(f"{name}: every attempt came too near a kink")


def write_layer(cls, cases):
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    write(f"layers/{cls.__name__}.json", cases)


# --- Conv2D ---------------------------------------------------------------------------------------------------------


def conv_config(filters, kernel, **options):
    """The constructor's arguments without those that are Keras' own defaults."""
    defaults = {
        "strides": 1,
        "padding": "valid",
        "dilation_rate": 1,
        "groups": 1,
        "activation": None,
        "use_bias": True,
        "data_format": "channels_last",
    }
    kept = {key: value for key, value in options.items() if value != defaults[key]}
    return {"filters": filters, "kernel_size": kernel, **kept}


def conv_case(shape, config):
    parts = ["x".join(map(str, shape)), f"f{config['filters']}", f"k{label(config['kernel_size'])}"]
    short = {"strides": "s", "dilation_rate": "d", "groups": "g", "padding": "", "activation": "", "data_format": ""}
    parts += [prefix + label(config[key]) for key, prefix in short.items() if key in config]
    parts += ["no bias"] if config.get("use_bias") is False else []
    first = config.get("data_format") == "channels_first"
    xla = first or config.get("dilation_rate", 1) != 1 or config.get("groups", 1) != 1
    return make_case(" ".join(parts), keras.layers.Conv2D, config, shape, xla=xla)


def conv_grid():
    factors = {
        "height": [1, 2, 3, 4, 5, 7, 8, 14],
        "width": [1, 2, 3, 4, 5, 7, 8, 14],
        "channels": CHANNELS,
        "filters": [1, 2, 3, 4, 5, 8, 12, 16, 20],
        "kernel": [1, 2, 3, 4, 5, (2, 3), (3, 1)],
        "strides": [1, 2, 3, (1, 2)],
        "padding": ["same", "valid"],
        "dilation_rate": [1, 2, (1, 2)],
        "groups": [1, 2, 4, "channels"],
        "use_bias": [True, False],
        "activation": [None, "relu", "sigmoid"],
        "batch": [1, 2, 3],
    }

    def sizes(row):
        (kh, kw), (sh, sw), (dh, dw) = pair(row["kernel"]), pair(row["strides"]), pair(row["dilation_rate"])
        windows = ((kh - 1) * dh + 1, (kw - 1) * dw + 1)
        out = (
            output_length(row["height"], windows[0], sh, row["padding"]),
            output_length(row["width"], windows[1], sw, row["padding"]),
        )
        groups = row["channels"] if row["groups"] == "channels" else row["groups"]
        return windows, out, groups

    def valid(row):
        windows, out, groups = sizes(row)
        if row["groups"] == "channels" and row["channels"] in (1, 2, 4):
            return False  # the same as one of the numbers
        if row["strides"] != 1 and row["dilation_rate"] != 1:
            return False  # Keras refuses
        return min(out) > 0 and row["channels"] % groups == 0 and row["filters"] % groups == 0

    def cost(row):
        windows, out, groups = sizes(row)
        kernel = int(np.prod(pair(row["kernel"]))) * row["channels"] // groups * row["filters"]
        image = row["batch"] * row["height"] * row["width"] * row["channels"]
        return 2 * (image + row["batch"] * out[0] * out[1] * row["filters"] + kernel)

    for row in pairwise(factors, valid, cost, 2400, 110, seed=2):
        shape = (row["batch"], row["height"], row["width"], row["channels"])
        _, _, groups = sizes(row)
        options = {key: row[key] for key in ("strides", "padding", "dilation_rate", "use_bias", "activation")}
        yield shape, conv_config(row["filters"], row["kernel"], groups=groups, **options)


def conv2d():
    relu, sigmoid = {"activation": "relu"}, {"activation": "sigmoid"}
    same = {"padding": "same"}
    named = [
        # the seven convolutions of the seed autoencoder
        ((1, 28, 28, 1), conv_config(16, 3, **same, **relu)),
        ((1, 14, 14, 16), conv_config(8, 3, **same, **relu)),
        ((2, 7, 7, 8), conv_config(8, 3, **same, **relu)),
        ((2, 4, 4, 8), conv_config(8, 3, **same, **relu)),
        ((2, 8, 8, 8), conv_config(8, 3, **same, **relu)),
        ((1, 16, 16, 8), conv_config(16, 3, **relu)),
        ((1, 28, 28, 16), conv_config(1, 3, **same, **sigmoid)),
        # stride 2 under "same": 0/1 zeros on an even size, 1/1 on an odd one
        ((2, 4, 4, 2), conv_config(3, 3, strides=2, **same)),
        ((2, 5, 5, 2), conv_config(3, 3, strides=2, **same)),
        ((2, 7, 8, 3), conv_config(4, 3, strides=2, **same, **relu)),
        ((1, 5, 5, 2), conv_config(3, 3, strides=3, **same)),
        # even kernels
        ((2, 5, 4, 2), conv_config(3, 2, **same)),
        ((2, 5, 6, 2), conv_config(3, 4, **same)),
        ((2, 7, 8, 2), conv_config(3, 4, strides=2, **same)),
        ((1, 7, 8, 2), conv_config(2, 2, strides=3, **same)),
        ((1, 7, 8, 2), conv_config(2, 2, strides=3)),  # stride past the kernel: inputs that nobody reads
        # a kernel larger than the picture, under "same"
        ((2, 2, 3, 2), conv_config(3, 5, **same)),
        ((2, 1, 1, 3), conv_config(4, 5, **same, **relu)),
        ((2, 3, 2, 2), conv_config(2, 5, strides=2, **same)),
        ((1, 3, 3, 2), conv_config(2, 3, dilation_rate=2, **same)),
        # a kernel as large as the picture
        ((2, 5, 4, 3), conv_config(4, (5, 4))),
        # 1x1
        ((2, 4, 3, 8), conv_config(4, 1, **relu)),
        ((2, 4, 5, 4), conv_config(8, 1, strides=2)),
        ((2, 5, 5, 4), conv_config(5, 1, strides=2, **same)),
        # one channel per group
        ((2, 5, 5, 4), conv_config(8, 3, groups=4, **same)),
        ((2, 5, 5, 5), conv_config(5, 3, groups=5, strides=2, **same)),
        ((1, 4, 4, 16), conv_config(16, 3, groups=16)),
        # channels first; never as many filters as output columns, where Keras 3.15.1 on TensorFlow adds the bias along
        # the columns (its `ops.add` takes any last axis of the bias' length for the channels)
        ((2, 3, 5, 4), conv_config(2, 3, data_format="channels_first", **same)),
        ((2, 2, 7, 8), conv_config(3, 3, data_format="channels_first", strides=2, **same, **relu)),
        ((1, 4, 5, 7), conv_config(3, (2, 3), data_format="channels_first")),
        ((1, 8, 4, 4), conv_config(8, 3, data_format="channels_first", groups=4, **same)),
        ((2, 3, 6, 5), conv_config(2, 3, data_format="channels_first", dilation_rate=2, **same, **sigmoid)),
        ((3, 1, 8, 3), conv_config(5, 2, data_format="channels_first", strides=(1, 2), use_bias=False)),
    ]
    grid = [row for row in conv_grid() if row not in named]
    write_layer(keras.layers.Conv2D, [conv_case(shape, config) for shape, config in named + grid])


# --- pooling --------------------------------------------------------------------------------------------------------


def ties(rng, shape):
    """Three values only: most windows hold their maximum more than once."""
    return rng.integers(0, 3, shape).astype(np.float64)


def clipped(rng, shape):
    """What comes out of relu: about half zeros."""
    return np.maximum(normal(rng, shape), 0)


def equal(rng, shape):
    return np.ones(shape)


def negative(rng, shape):
    """Below zero everywhere: padding that counted as zero would win."""
    return -np.abs(normal(rng, shape)) - 1


POOL_VALUES = {"normal": normal, "ties": ties, "clipped": clipped, "equal": equal, "negative": negative}


def pool_grid(values, seed):
    factors = {
        "height": [1, 2, 3, 4, 5, 6, 7, 8, 14, 28],
        "width": [1, 2, 3, 4, 5, 6, 7, 8, 14, 28],
        "channels": CHANNELS,
        "pool_size": [1, 2, 3, 4, (2, 3), (3, 1)],
        "strides": [None, 1, 2, 3, (2, 1)],
        "padding": ["same", "valid"],
        "batch": [1, 2, 3],
        "values": values,
    }

    def out(row):
        (ph, pw), (sh, sw) = pair(row["pool_size"]), pair(row["strides"] or row["pool_size"])
        return (
            output_length(row["height"], ph, sh, row["padding"]),
            output_length(row["width"], pw, sw, row["padding"]),
        )

    def cost(row):
        height, width = out(row)
        return 2 * row["batch"] * row["channels"] * (row["height"] * row["width"] + height * width)

    rows = pairwise(factors, lambda row: min(out(row)) > 0, cost, 1700, 60, seed, ignored=[("height", "width")])
    for row in rows:
        shape = (row["batch"], row["height"], row["width"], row["channels"])
        options = {"strides": row["strides"], "padding": row["padding"]}
        yield shape, pool_config(row["pool_size"], **options), row["values"]


def pool_config(pool_size, strides=None, padding="valid", **options):
    config = {"pool_size": pool_size, **options}
    if strides is not None:
        config["strides"] = strides
    if padding != "valid":
        config["padding"] = padding
    return config


def pool_case(cls, shape, config, values):
    parts = ["x".join(map(str, shape)), f"p{label(config['pool_size'])}"]
    parts += [f"s{label(config['strides'])}"] if "strides" in config else []
    parts += [config[key] for key in ("padding", "data_format") if key in config] + [values]
    return make_case(" ".join(parts), cls, config, shape, values=POOL_VALUES[values])


def pooling():
    same, first = {"padding": "same"}, {"data_format": "channels_first"}
    named = [
        # the three pools of the seed autoencoder
        ((1, 28, 28, 2), pool_config(2, **same), "clipped"),
        ((1, 14, 14, 8), pool_config(2, **same), "clipped"),
        ((2, 7, 7, 8), pool_config(2, **same), "clipped"),
        # every value equal: the whole gradient goes to the first of a window
        ((1, 4, 4, 1), pool_config(2), "equal"),
        ((1, 3, 3, 1), pool_config(3, 1, **same), "equal"),
        ((1, 3, 3, 1), pool_config(2, **same), "equal"),
        # overlapping windows
        ((2, 7, 8, 2), pool_config(3, 2), "ties"),
        ((2, 8, 7, 2), pool_config(3, 2, **same), "ties"),
        ((1, 6, 6, 3), pool_config(4, (2, 1), **same), "ties"),
        # a stride past the window: inputs that nobody reads
        ((2, 8, 7, 3), pool_config(2, 3), "normal"),
        ((2, 7, 8, 3), pool_config(1, 2, **same), "normal"),
        # a window larger than the picture, under "same"
        ((2, 2, 1, 3), pool_config(4, 1, **same), "negative"),
        ((2, 1, 1, 2), pool_config(3, **same), "negative"),
        ((1, 5, 5, 2), pool_config(3, 2, **same), "negative"),
        # channels first
        ((2, 3, 5, 4), pool_config(2, **first), "normal"),
        ((2, 2, 7, 7), pool_config(2, **same, **first), "ties"),
        ((1, 4, 6, 5), pool_config((2, 3), 1, **same, **first), "normal"),
    ]
    for cls, values, seed in [
        (keras.layers.MaxPooling2D, ["normal", "ties", "clipped"], 3),
        (keras.layers.AveragePooling2D, ["normal"], 4),
    ]:
        grid = [row for row in pool_grid(values, seed) if row not in named]
        write_layer(cls, [pool_case(cls, *row) for row in named + grid])


# --- the rest -------------------------------------------------------------------------------------------------------


def simple(cls, rows, xla=lambda config: False):
    """`rows` of (input shape, config); the name says both."""
    cases = []
    for shape, config in rows:
        words = [f"{key}={label(value)}" for key, value in config.items()]
        cases.append(make_case(" ".join(["x".join(map(str, shape)), *words]), cls, config, shape, xla=xla(config)))
    write_layer(cls, cases)


def dense():
    simple(
        keras.layers.Dense,
        [
            ((1, 1), {"units": 1}),
            ((2, 3), {"units": 1}),
            ((1, 4), {"units": 2, "activation": "relu"}),
            ((3, 5), {"units": 3, "activation": "sigmoid"}),
            ((2, 8), {"units": 4, "activation": "tanh"}),
            ((3, 7), {"units": 5, "use_bias": False}),
            ((2, 16), {"units": 10, "activation": "softmax"}),
            ((1, 3), {"units": 16, "activation": "relu", "use_bias": False}),
            ((2, 33), {"units": 33, "activation": "relu"}),
            ((3, 1), {"units": 10, "activation": "elu"}),
            ((3, 64), {"units": 4, "activation": "selu"}),
            ((2, 100), {"units": 3}),
            ((3, 17), {"units": 16, "activation": "gelu"}),
            ((2, 5), {"units": 5, "activation": "softplus", "use_bias": False}),
            ((3, 9), {"units": 33, "activation": "silu"}),
            ((2, 12), {"units": 2, "activation": "leaky_relu"}),
            ((2, 3, 4), {"units": 5}),
            ((1, 5, 8), {"units": 16, "activation": "relu"}),
            ((3, 1, 6), {"units": 1, "activation": "sigmoid", "use_bias": False}),
            ((2, 4, 5), {"units": 10, "activation": "softmax"}),
            ((2, 2, 3, 4), {"units": 3, "activation": "relu"}),
            ((1, 3, 1, 5), {"units": 33, "use_bias": False}),
            ((3, 2, 2, 1), {"units": 4, "activation": "tanh"}),
        ],
    )


def up_sampling():
    first = {"data_format": "channels_first"}
    simple(
        keras.layers.UpSampling2D,
        [
            ((1, 1, 1, 1), {}),
            ((2, 3, 4, 1), {}),
            ((1, 4, 4, 8), {}),
            ((2, 2, 3, 3), {"size": 2}),
            ((2, 3, 3, 2), {"size": 1}),
            ((1, 2, 3, 4), {"size": 3}),
            ((2, 1, 4, 5), {"size": 3}),
            ((2, 3, 2, 2), {"size": (2, 3)}),
            ((1, 4, 1, 16), {"size": (2, 3)}),
            ((3, 2, 2, 5), {"size": (2, 3)}),
            ((1, 7, 5, 1), {"size": (1, 2)}),
            ((1, 5, 2, 3), {"size": (3, 1)}),
            ((1, 2, 2, 8), {"size": 2, "interpolation": "nearest"}),
            ((2, 3, 2, 4), {**first}),
            ((1, 2, 3, 2), {"size": (2, 3), **first}),
            ((2, 5, 1, 3), {"size": 3, **first}),
        ],
    )


def reshaping():
    first = {"data_format": "channels_first"}
    simple(
        keras.layers.Flatten,
        [
            ((3,), {}),
            ((2, 5), {}),
            ((2, 3, 4), {}),
            ((1, 4, 4, 8), {}),
            ((3, 2, 1, 3), {}),
            ((2, 1, 1, 1), {}),
            ((2, 2, 3, 2, 2), {}),
            ((1, 2, 2, 2), {**first}),
            ((2, 3, 4), {**first}),
            ((2, 3, 4, 5), {**first}),
            ((2, 5), {**first}),
            ((2, 2, 3, 2, 2), {**first}),
        ],
    )
    simple(
        keras.layers.Reshape,
        [
            ((2, 12), {"target_shape": (3, 4)}),
            ((2, 12), {"target_shape": (2, 3, 2)}),
            ((2, 12), {"target_shape": (-1,)}),
            ((3, 12), {"target_shape": (-1, 2, 2)}),
            ((1, 4, 6), {"target_shape": (3, -1)}),
            ((1, 4, 6), {"target_shape": (24,)}),
            ((2, 2, 3, 4), {"target_shape": (3, 8)}),
            ((2, 2, 3, 4), {"target_shape": (4, 3, 2)}),
            ((2, 1), {"target_shape": (1, 1, 1)}),
            ((1, 7, 7, 2), {"target_shape": (49, 2)}),
        ],
    )


KINKS = [[-6.0, -3.0, -1.0, -0.5, -0.25], [0.0, 0.25, 0.5, 1.0, 3.0], [6.0, -2.0, 2.0, 4.0, -4.0]]
# 0.5 and -1.5 for scale: saturated gradients are compared with the largest one
LARGE = [[-80.0, -50.0, -30.0, -20.0, -10.0, -7.0, -1.5, 0.0], [0.5, 3.0, 7.0, 10.0, 20.0, 30.0, 50.0, 80.0]]


def activation():
    """Three cases for every name: normal numbers, the points where a piece ends, and where exp is tiny or huge."""
    from keras.src.activations import ALL_OBJECTS

    names = {function.__name__ for function in ALL_OBJECTS} - {"threshold"}  # threshold has required arguments
    cases = []
    for name in sorted(names | {"swish", "hard_swish"}):
        config = {"activation": name}

        def add(kind, shape, values):
            cases.append(make_case(f"{name} {kind}", keras.layers.Activation, config, shape, values=values))

        if name in ("swish", "hard_swish"):
            add("normal", (2, 5), lambda rng, shape: normal(rng, shape, 2.5))  # another name for silu, hard_silu
            continue
        add("normal", (3, 18), lambda rng, shape: normal(rng, shape, 2.5))
        if name in ("softmax", "log_softmax", "sparsemax", "glu"):
            add("of rank 3", (2, 3, 4), normal)
            add("of rank 4", (2, 3, 2, 6), normal)
            add("large", (2, 8), lambda rng, shape: np.array(LARGE))
            if name in ("softmax", "log_softmax"):
                add("one class", (3, 1), normal)
                add("equal", (2, 5), equal)
        else:
            add("of rank 4", (2, 2, 3, 2), lambda rng, shape: uniform(rng, -4, 4, shape))
            add("kinks", (3, 5), lambda rng, shape: np.array(KINKS))
            add("large", (2, 8), lambda rng, shape: np.array(LARGE))
    write_layer(keras.layers.Activation, cases)


def identity():
    simple(keras.layers.Identity, [((2, 3), {}), ((2, 3, 2), {"name": "same"})])


def make():
    identity()
    conv2d()
    pooling()
    dense()
    up_sampling()
    reshaping()
    activation()
