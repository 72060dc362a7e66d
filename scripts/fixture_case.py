"""One layer, one case: what Keras answers in float64, forward and backward, and what it saves of the layer."""

import keras
import numpy as np
import tensorflow as tf

from fixture_format import array, generator, normal, write


def label(value):
    return "x".join(label(v) for v in value) if isinstance(value, (tuple, list)) else str(value)


def per_axis(value, rank):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def title(shapes, config):
    """A name that says shapes and arguments."""
    plain = ("same", "causal", "channels_first")
    words = [label(value) if value in plain else f"{key}={label(value)}" for key, value in config.items()]
    return " ".join(["+".join(label(shape) for shape in shapes), *words])


def run(layer, inputs, upstream, listed, xla):
    """Output of the layer, and the gradients of sum(output * upstream) to inputs and weights."""

    def step(xs, g):
        with tf.GradientTape() as tape:
            tape.watch(xs)
            y = tf.cast(layer(xs if listed else xs[0]), tf.float64)  # interpolation answers float32
            total = tf.reduce_sum(y * g)
        return y, tape.gradient(total, [*xs, *[w.value for w in layer.weights]], unconnected_gradients="zero")

    if xla:
        step = tf.function(step, jit_compile=True)
    xs = [tf.constant(x, layer.compute_dtype) for x in inputs]
    y, gradients = step(xs, tf.constant(upstream, tf.float64))
    return y.numpy(), [gradient.numpy() for gradient in gradients]


def layer_case(cls, config, shapes, values=normal, xla=False, note="", dtype="float64"):
    """`shapes`: of the input, or a list of shapes for a layer that merges; with the batch axis.

    `xla`: plain CPU TensorFlow refuses channels_first and the gradients of dilated convolutions; compiled it does not.
    `dtype`: float32 where TensorFlow has nothing else.
    """
    listed = isinstance(shapes, list)
    shapes = shapes if listed else [shapes]
    name = title(shapes, config) + (f" {note}" if note else "")
    has_kink = config.get("activation") == "relu"
    for salt in range(50):
        rng = generator(f"{cls.__name__}/{name}", salt)
        inputs = [values(rng, shape) for shape in shapes]
        layer = cls(**config, dtype=dtype)
        built = shapes if listed else shapes[0]
        layer.build(built)
        weights = []
        for weight in layer.weights:
            fan_in = int(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 9
            weights.append(normal(rng, tuple(weight.shape), fan_in**-0.5))
        layer.set_weights(weights)
        output = tuple(layer.compute_output_shape(built))
        # Keras 3.15.1 on TensorFlow would add the bias along the columns: its `ops.add` takes any last axis of the
        # bias' length for the channels
        first = config.get("data_format") == "channels_first"
        assert not (first and layer.weights and output[-1] == output[1] > 1), name
        upstream = normal(rng, output)
        if has_kink:  # float32 must land on the same side of the kink as float64
            bent, layer.activation = layer.activation, keras.activations.linear
            bare = run(layer, inputs, upstream, listed, xla)[0]
            layer.activation = bent
            if np.any((bare != 0) & (np.abs(bare) < 3e-5)):  # 0 itself is exact: nothing was added up
                continue
        y, gradients = run(layer, inputs, upstream, listed, xla)
        assert y.shape == output, (name, y.shape, output)
        if layer.weights and 0 < np.abs(y).max() < 0.05:  # terms that cancel: float32 has lost them
            continue
        case = {
            "name": name,
            "class_name": cls.__name__,
            "config": config,
            "saved": cls(**config, name="saved").get_config(),
            "inputs": [array(x) for x in inputs],
            "weights": [{"name": w.name, **array(value)} for w, value in zip(layer.weights, weights, strict=True)],
            "outputs": [array(y)],
            "upstream": array(upstream),
            "grad_inputs": [array(gradient) for gradient in gradients[: len(inputs)]],
            "grad_weights": [array(gradient) for gradient in gradients[len(inputs) :]],
        }
        return {**case, "listed": True} if listed else case
    raise AssertionError(f"{name}: every attempt came too near a kink or to nothing")


def write_cases(cls, cases, part=""):
    """Writes fixtures/layers/<class><part>.json."""
    cases = list(cases)
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    write(f"layers/{cls.__name__}{part}.json", cases)


def window_length(n, window, stride, padding):
    return (n - window) // stride + 1 if padding == "valid" else -(-n // stride)


def without_defaults(options):
    """The constructor's arguments without those that are Keras' own defaults."""
    defaults = {
        "strides": (1, None),
        "padding": ("valid",),
        "dilation_rate": (1,),
        "groups": (1,),
        "depth_multiplier": (1,),
        "output_padding": (None,),
        "activation": (None,),
        "use_bias": (True,),
        "data_format": ("channels_last",),
        "keepdims": (False,),
    }
    return {key: value for key, value in options.items() if value not in defaults.get(key, ())}
