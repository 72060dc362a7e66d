"""fixtures/losses.json: losses, their gradients to the predictions, and the logits shortcut.

Computed in float64; where Keras clips a probability in float32 (the cases that hold exact zeros and ones) in float32.
"""

import keras
import numpy as np
import tensorflow as tf

from fixture_format import array, generator, normal, uniform, write

SHAPES = [(5,), (4, 1), (3, 7), (2, 3, 4, 2)]


def loss_case(name, cls, config, targets, predictions, weight=None, dtype="float64"):
    loss = cls(**config, dtype=dtype)
    p = tf.constant(predictions, dtype)
    with tf.GradientTape() as tape:
        tape.watch(p)
        value = loss(tf.constant(targets, dtype), p, sample_weight=weight)
    return {
        "name": name,
        "kind": "loss",
        "class_name": cls.__name__,
        "config": config,
        "dtype": dtype,
        "targets": array(targets),
        "predictions": array(predictions),
        "sample_weight": None if weight is None else array(weight),
        "loss": float(value),
        "grad_predictions": array(tape.gradient(value, p)),
    }


def losses():
    mse, bce = keras.losses.MeanSquaredError, keras.losses.BinaryCrossentropy

    def bits(rng, shape):
        return rng.integers(0, 2, shape).astype(np.float64)

    for shape in SHAPES:
        text = "x".join(map(str, shape))
        rng = generator(f"losses/{text}")
        soft, hard = uniform(rng, 0, 1, shape), bits(rng, shape)
        p, z = uniform(rng, 0.02, 0.98, shape), normal(rng, shape, 3)
        yield loss_case(f"mse {text}", mse, {}, normal(rng, shape), normal(rng, shape))
        yield loss_case(f"bce {text} hard targets", bce, {}, hard, p)
        yield loss_case(f"bce {text} soft targets", bce, {}, soft, p)
        yield loss_case(f"bce {text} logits", bce, {"from_logits": True}, soft, z)
        weight = uniform(rng, 0, 2, (shape[0], *[1] * (len(shape) - 2)))  # one number per sample
        yield loss_case(f"mse {text} weighted", mse, {}, soft, p, weight)
        yield loss_case(f"bce {text} weighted", bce, {}, soft, p, weight)

    rng = generator("losses/other")
    soft, p, z = uniform(rng, 0, 1, (3, 4)), uniform(rng, 0.02, 0.98, (3, 4)), normal(rng, (3, 4), 3)
    weight = uniform(rng, 0, 2, (3,))
    for reduction in ("sum", "mean_with_sample_weight"):
        config = {"reduction": reduction}
        yield loss_case(f"mse reduction {reduction}", mse, config, soft, p)
        yield loss_case(f"mse reduction {reduction} weighted", mse, config, soft, p, weight)
        yield loss_case(f"bce reduction {reduction} weighted", bce, config, soft, p, weight)
    yield loss_case("bce smoothed", bce, {"label_smoothing": 0.1}, bits(rng, (3, 4)), p)
    yield loss_case("bce smoothed logits", bce, {"label_smoothing": 0.1, "from_logits": True}, bits(rng, (3, 4)), z)
    yield loss_case("mse targets without the last axis", mse, {}, normal(rng, (4,)), normal(rng, (4, 1)))
    yield loss_case("bce targets without the last axis", bce, {}, bits(rng, (4,)), uniform(rng, 0.1, 0.9, (4, 1)))
    yield loss_case("mse equal", mse, {}, soft, soft)

    edges = np.array([[0, 0, 1, 1], [0.5, 0.5, 0.25, 0.75]]), np.array([[0, 1, 0, 1], [0, 1, 0, 1]], np.float64)
    yield loss_case("bce exact zeros and ones", bce, {}, *edges, dtype="float32")
    for t in (0, 1):
        for q in (0, 1):
            one = np.full((1, 1), t, np.float64), np.full((1, 1), q, np.float64)
            yield loss_case(f"bce target {t} prediction {q}", bce, {}, *one, dtype="float32")
    near = np.array([[0, 0, 1, 1]]), np.array([[1e-9, 1e-5, 1 - 1e-5, 1e-5]], np.float32)
    yield loss_case("bce near zero and one", bce, {}, *near, dtype="float32")

    large = np.array([[-100.0, -40.0, -20.0, -1.0], [100.0, 40.0, 20.0, 0.0]])
    yield loss_case("bce large logits, targets 0", bce, {"from_logits": True}, np.zeros((2, 4)), large)
    yield loss_case("bce large logits, targets 1", bce, {"from_logits": True}, np.ones((2, 4)), large)
    yield loss_case("bce large logits, soft targets", bce, {"from_logits": True}, np.full((2, 4), 0.3), large)


def model_case(name, layers, scale, dtype):
    """Loss and gradients to the weights of a small model, computed as a training step does.

    A sigmoid straight before the loss is skipped and its input used (no clipping, no dead zone); with a layer between
    the two it is not.
    """
    keras.backend.set_floatx(dtype)
    model = keras.Sequential([keras.Input((4,)), *[cls(**config) for cls, config in layers]])
    keras.backend.set_floatx("float32")
    for salt in range(1000):
        rng = generator(f"losses/{name}", salt)
        weights = [normal(rng, tuple(w.shape), scale) for w in model.weights]
        x = normal(rng, (3, 4))
        logits = np.abs(x @ weights[0] + weights[1])
        if np.all((logits < 8) | (logits > 20)):  # between them float32 is too coarse to ask for a gradient
            break
    else:
        raise AssertionError(name)
    model.set_weights(weights)
    targets = uniform(rng, 0, 1, (3, *model.output_shape[1:]))
    loss = keras.losses.BinaryCrossentropy(dtype=dtype)

    @tf.function
    def step(x, t):
        with tf.GradientTape() as tape:
            value = loss(t, model(x, training=True))
        return value, tape.gradient(value, [w.value for w in model.weights])

    value, gradients = step(tf.constant(x, dtype), tf.constant(targets, dtype))
    return {
        "name": name,
        "kind": "model",
        "layers": [{"class_name": cls.__name__, "config": config} for cls, config in layers],
        "class_name": "BinaryCrossentropy",
        "config": {},
        "dtype": dtype,
        "inputs": array(x),
        "weights": [{"name": w.name, **array(value)} for w, value in zip(model.weights, weights, strict=True)],
        "targets": array(targets),
        "loss": float(value),
        "grad_weights": [array(gradient) for gradient in gradients],
    }


def models():
    dense, sigmoid = keras.layers.Dense, (keras.layers.Activation, {"activation": "sigmoid"})
    argument = [(dense, {"units": 3, "activation": "sigmoid"})]
    layer = [(dense, {"units": 3}), sigmoid]
    between = [*argument, (keras.layers.Reshape, {"target_shape": (3, 1)})]
    for scale, size in ((0.5, "small"), (30, "large")):
        yield model_case(f"sigmoid as argument, {size} logits", argument, scale, "float64")
        yield model_case(f"sigmoid as layer, {size} logits", layer, scale, "float64")
        # large logits saturate: what clipping does then depends on float32
        yield model_case(f"reshape after sigmoid, {size} logits", between, scale, "float32")


def make():
    write("losses.json", [*losses(), *models()])
