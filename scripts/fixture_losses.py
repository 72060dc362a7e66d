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


def families():
    """Every other loss over its arguments, reductions and weights."""
    L = keras.losses

    def one_hot(rng, shape):
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]

    def signs(rng, shape):
        return rng.integers(0, 2, shape) * 2.0 - 1.0

    def bits(rng, shape):
        return rng.integers(0, 2, shape).astype(np.float64)

    def shares(rng, shape):
        p = uniform(rng, 0.05, 1, shape)
        return (p / p.sum(-1, keepdims=True)).astype(np.float32).astype(np.float64)

    def below(low, high):
        return lambda rng, shape: uniform(rng, low, high, shape)

    def scaled(scale):
        return lambda rng, shape: normal(rng, shape, scale)

    # class, variants of its arguments, targets, predictions, shapes
    two, three = (4, 3), (2, 3, 4)
    positive = below(0.1, 3)
    table = [
        (L.MeanAbsoluteError, [{}], scaled(1), scaled(1), [two, three]),
        (L.MeanAbsolutePercentageError, [{}], scaled(1), scaled(1), [two, three]),
        (L.MeanSquaredLogarithmicError, [{}], scaled(1), scaled(1), [two, three]),
        (L.Huber, [{}, {"delta": 0.3}], scaled(1), scaled(1), [two, three]),
        (L.LogCosh, [{}], scaled(2), scaled(2), [two, three]),
        (L.Poisson, [{}], positive, positive, [two, three]),
        (L.CosineSimilarity, [{}, {"axis": 1}], scaled(1), scaled(1), [two, three]),
        (L.KLDivergence, [{}], shares, shares, [two, three]),
        (L.Hinge, [{}], signs, scaled(1), [two, three]),
        (L.Hinge, [{}], bits, scaled(1), [two]),
        (L.Hinge, [{}], scaled(1), scaled(1), [two]),
        (L.SquaredHinge, [{}], signs, scaled(1), [two]),
        (L.SquaredHinge, [{}], bits, scaled(1), [three]),
        (L.CategoricalHinge, [{}], one_hot, scaled(1), [two, three]),
        (L.BinaryCrossentropy, [{"axis": 1}], below(0, 1), below(0.05, 0.95), [three]),
        (
            L.BinaryFocalCrossentropy,
            [
                {},
                {"gamma": 0.5},
                {"gamma": 3.0, "label_smoothing": 0.2},
                {"apply_class_balancing": True, "alpha": 0.4},
                {"gamma": 1.5, "axis": 1},
            ],
            bits,
            below(0.05, 0.95),
            [two, three],
        ),
        (L.BinaryFocalCrossentropy, [{"from_logits": True}], bits, scaled(3), [two]),
        (L.CategoricalCrossentropy, [{}, {"label_smoothing": 0.1}], one_hot, shares, [two, three]),
        (L.CategoricalCrossentropy, [{}, {"axis": 1}], below(0, 1), below(0.1, 2), [three]),
        (L.CategoricalCrossentropy, [{"from_logits": True}], one_hot, scaled(3), [two, three]),
        (
            L.CategoricalFocalCrossentropy,
            [{}, {"alpha": 0.7, "gamma": 1.0}, {"gamma": 1.5, "label_smoothing": 0.1}],
            one_hot,
            shares,
            [two, three],
        ),
        (L.CategoricalFocalCrossentropy, [{"from_logits": True}], one_hot, scaled(3), [two]),
        (L.Dice, [{}, {"axis": [1]}, {"axis": [0]}, {"axis": -1}], bits, below(0.05, 0.95), [two, three]),
        (L.Tversky, [{}, {"alpha": 0.3, "beta": 0.8}], bits, below(0.05, 0.95), [two, three]),
        (L.Tversky, [{"alpha": 0.2, "axis": [1, 2]}], bits, below(0.05, 0.95), [three]),
    ]
    for row, (cls, variants, targets, predictions, shapes) in enumerate(table):
        for config in variants:
            for shape in shapes:
                rng = generator(f"losses/{cls.__name__}/{row}/{config}/{shape}")
                t, p = targets(rng, shape), predictions(rng, shape)
                name = f"{cls.__name__} {config} {row} {'x'.join(map(str, shape))}"
                yield loss_case(name, cls, config, t, p)
                # Where a sample has several losses, Keras wants the weights in their rank.
                losses = cls(**config, reduction=None)(t, p)
                rank = max(1, len(losses.shape))
                weight = uniform(rng, 0, 2, (shape[0], *[1] * (rank - 1)))
                if len(losses.shape) == 0 or losses.shape[0] == shape[0]:
                    yield loss_case(f"{name} weighted", cls, config, t, p, weight)
    for config in ({}, {"from_logits": True}, {"ignore_class": 1}, {"ignore_class": -1, "from_logits": True}):
        for shape in (two, three):
            rng = generator(f"losses/sparse/{config}/{shape}")
            t = rng.integers(0, shape[-1], shape[:-1]).astype(np.float64)
            if config.get("ignore_class") == -1:
                t[0] = -1
            p = normal(rng, shape, 3) if config.get("from_logits") else shares(rng, shape)
            name = f"sparse {config} {'x'.join(map(str, shape))}"
            yield loss_case(name, L.SparseCategoricalCrossentropy, config, t, p)
            column = t[..., None]
            yield loss_case(f"{name} column", L.SparseCategoricalCrossentropy, config, column, p)
            weight = uniform(rng, 0, 2, t.shape)
            for reduction in ("mean", "sum", "mean_with_sample_weight"):
                case = {**config, "reduction": reduction}
                yield loss_case(f"{name} {reduction} weighted", L.SparseCategoricalCrossentropy, case, t, p, weight)
    rng = generator("losses/reductions")
    t, p = normal(rng, three), normal(rng, three)
    inside, zero = uniform(rng, 0, 2, (2, 3)), np.zeros((2, 3))
    for reduction in ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"):
        config = {"reduction": reduction}
        yield loss_case(f"huber {reduction}", L.Huber, config, t, p)
        yield loss_case(f"huber {reduction} weights inside", L.Huber, config, t, p, inside)
        yield loss_case(f"huber {reduction} one weight a sample", L.Huber, config, t, p, inside[:, :1])
        yield loss_case(f"huber {reduction} no weight at all", L.Huber, config, t, p, zero)


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
    write("losses.json", [*losses(), *families(), *models()])
