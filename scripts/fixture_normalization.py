"""fixtures/normalization.json: normalising layers in training and outside, computed by Keras in float64.

Each case has the output, the gradients of sum(output * upstream) to the input and to the trainable weights, and all
weights after the call (the moving statistics of a training step). `trainings` are steps of SGD on all samples at once in
float32, with the loss before each step, what predict and evaluate say afterwards, and all weights.
"""

import keras
import numpy as np
import tensorflow as tf

from fixture_format import array, generator, normal, uniform, write


def saved(layer):
    """What a file says of the layer, as float32."""
    config = dict(layer.get_config(), dtype="float32")
    again = type(layer).from_config({**config, "name": "it"})
    if layer.built:
        again.build(layer._build_shapes_dict["input_shape"])
    return keras.saving.serialize_keras_object(again)["config"]


def case(name, cls, shape, config, training=False, values=None):
    name = f"{cls.__name__} {'x'.join(map(str, shape))} {name}".strip() + (" training" if training else "")
    rng = generator(name)
    x = values if values is not None else normal(rng, shape) * 1.5 + 0.75
    x = x.astype(np.float32).astype(np.float64)
    layer = cls(**config, dtype="float64")
    layer.build(shape)
    for weight in layer.weights:
        size = tuple(weight.shape)
        weight.assign(uniform(rng, 0.25, 2, size) if "variance" in weight.path else normal(rng, size))
    before = [array(w.numpy()) for w in layer.weights]
    upstream = normal(rng, shape)
    with tf.GradientTape() as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        y = layer(inputs, training=training) if cls is keras.layers.BatchNormalization else layer(inputs)
        total = tf.reduce_sum(y * upstream)
    trained = [w.value for w in layer.trainable_weights]
    gradients = tape.gradient(total, [inputs, *trained])
    assert y.dtype == tf.float64
    return {
        "name": name,
        "class_name": cls.__name__,
        "config": keras.saving.serialize_keras_object(config),
        "saved": saved(layer),
        "training": training,
        "input": array(x),
        "weights": before,
        "output": array(y.numpy()),
        "upstream": array(upstream),
        "grad_input": array(gradients[0].numpy()),
        "grad_weights": [array(g.numpy()) for g in gradients[1:]],
        "after": [array(w.numpy()) for w in layer.weights],
    }


def batch():
    cls = keras.layers.BatchNormalization
    rows = [
        ("", (8, 5), {}),
        ("", (1, 4), {}),
        ("", (4, 3, 6), {}),
        ("", (2, 5, 4, 3), {}),
        ("", (3, 2, 2, 3, 2), {}),
        ("one channel", (4, 3, 3, 1), {}),
        ("axis 1", (2, 3, 4, 5), {"axis": 1}),
        ("axis 2", (3, 2, 4), {"axis": 2}),
        ("axis -2", (3, 4, 2, 3), {"axis": -2}),
        ("momentum", (6, 3), {"momentum": 0.5}),
        ("momentum 0", (6, 3), {"momentum": 0.0}),
        ("epsilon", (6, 3), {"epsilon": 1e-5}),
        ("no center", (6, 3), {"center": False}),
        ("no scale", (2, 3, 3, 4), {"scale": False}),
        ("neither", (2, 3, 3, 4), {"scale": False, "center": False, "momentum": 0.9, "epsilon": 0.1}),
        ("frozen", (5, 4), {"trainable": False}),
        (
            "everything said",
            (4, 2, 3),
            {
                "axis": 1,
                "beta_initializer": "ones",
                "gamma_initializer": keras.initializers.Constant(0.5),
                "moving_mean_initializer": "ones",
                "moving_variance_initializer": keras.initializers.Constant(2.0),
                "beta_regularizer": keras.regularizers.L2(0.1),
                "gamma_constraint": keras.constraints.NonNeg(),
            },
        ),
    ]
    for name, shape, config in rows:
        for training in (False, True):
            yield case(name, cls, shape, config, training)
    yield case("keras.md", cls, (4, 1), {}, True, np.array([[1.0], [2.0], [4.0], [7.0]]))
    yield case("far from 0", cls, (6, 2), {}, True, np.arange(12.0).reshape(6, 2) + 1000)
    yield case("all alike", cls, (4, 2), {}, True, np.full((4, 2), 3.0))


def layer():
    cls = keras.layers.LayerNormalization
    for name, shape, config in [
        ("", (4, 5), {}),
        ("", (2, 3, 4), {}),
        ("", (2, 3, 4, 5), {}),
        ("axis 1", (3, 4, 2), {"axis": 1}),
        ("axes", (2, 3, 4, 5), {"axis": [1, 2, 3]}),
        ("axes from the end", (2, 3, 4, 5), {"axis": [-2, -1]}),
        ("axes apart", (2, 3, 4, 5), {"axis": [1, 3]}),
        ("epsilon", (4, 5), {"epsilon": 1e-6}),
        ("no center", (4, 5), {"center": False}),
        ("no scale", (4, 5), {"scale": False}),
        ("neither", (4, 5), {"scale": False, "center": False}),
        ("one cell", (4, 1), {}),
        ("initialisers", (2, 6), {"beta_initializer": "ones", "gamma_initializer": "zeros"}),
    ]:
        yield case(name, cls, shape, config)


def group():
    cls = keras.layers.GroupNormalization
    for name, shape, config in [
        ("", (2, 32), {}),
        ("", (2, 3, 3, 64), {}),
        ("groups 2", (2, 3, 4, 6), {"groups": 2}),
        ("groups 1", (3, 4, 6), {"groups": 1}),
        ("each channel", (2, 3, 3, 4), {"groups": -1}),
        ("groups 3", (2, 6), {"groups": 3}),
        ("channels first", (2, 6, 3, 4), {"groups": 3, "axis": 1}),
        ("axis 2", (2, 3, 4, 5), {"groups": 2, "axis": 2}),
        ("axis -2", (2, 3, 4, 5), {"groups": 2, "axis": -2}),
        ("epsilon", (2, 4, 4), {"groups": 2, "epsilon": 0.1}),
        ("no center", (2, 4, 4), {"groups": 2, "center": False}),
        ("no scale", (2, 4, 4), {"groups": 2, "scale": False}),
        ("neither", (2, 4, 4), {"groups": 4, "scale": False, "center": False}),
    ]:
        yield case(name, cls, shape, config)


def others():
    cls = keras.layers.RMSNormalization
    for name, shape, config in [
        ("", (4, 5), {}),
        ("", (2, 3, 4), {}),
        ("axes", (2, 3, 4), {"axis": [1, 2]}),
        ("axes from the end", (2, 3, 4, 5), {"axis": [-2, -1]}),
        ("epsilon", (4, 5), {"epsilon": 0.5}),
    ]:
        yield case(name, cls, shape, config)
    cls = keras.layers.UnitNormalization
    for name, shape, config in [
        ("", (4, 5), {}),
        ("", (2, 3, 4), {}),
        ("axis 1", (2, 3, 4), {"axis": 1}),
        ("axes", (2, 3, 4, 5), {"axis": [1, 2]}),
        ("axis 3", (2, 3, 2, 4), {"axis": 3}),
    ]:
        yield case(name, cls, shape, config)


def training(name, layers, shape, out):
    rng = generator(name)
    x, y = normal(rng, (6, *shape)).astype(np.float32), normal(rng, (6, out)).astype(np.float32)
    model = keras.Sequential([keras.Input(shape), *layers()])
    start = [
        (uniform(rng, 0.5, 1.5, w.shape) if "variance" in w.path else normal(rng, w.shape, 0.5)).astype(np.float32)
        for w in model.weights
    ]
    model.set_weights(start)
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.05, momentum=0.5), loss="mse")
    losses = [float(model.train_on_batch(x, y)) for _ in range(3)]
    return {
        "name": name,
        "layers": [
            {"class_name": layer.__class__.__name__, "config": keras.saving.serialize_keras_object(layer)["config"]}
            for layer in model.layers
        ],
        "x": array(x),
        "y": array(y),
        "start": [array(w) for w in start],
        "losses": losses,
        "predicted": array(model.predict(x, verbose=0)),
        "evaluated": float(model.evaluate(x, y, batch_size=4, verbose=0)),
        "end": [array(w) for w in model.get_weights()],
    }


def trainings():
    k = keras.layers

    def twice():
        bn = k.BatchNormalization(momentum=0.9)
        return [k.Dense(4), bn, k.Activation("tanh"), k.Dense(2)]

    return [
        training(
            "convolution",
            lambda: [
                k.Conv2D(4, 3, padding="same"),
                k.BatchNormalization(momentum=0.8),
                k.Activation("relu"),
                k.MaxPooling2D(2),
                k.Conv2D(3, 3, use_bias=False),
                k.BatchNormalization(axis=-1, scale=False),
                k.Activation("tanh"),
                k.Flatten(),
                k.Dense(2),
            ],
            (8, 8, 2),
            2,
        ),
        training("dense", twice, (5,), 2),
        training(
            "frozen",
            lambda: [k.Dense(4), k.BatchNormalization(trainable=False), k.Activation("tanh"), k.Dense(2)],
            (5,),
            2,
        ),
        training(
            "each sample",
            lambda: [
                k.Conv2D(4, 3),
                k.GroupNormalization(groups=2),
                k.Activation("relu"),
                k.Flatten(),
                k.LayerNormalization(),
                k.Dense(3),
                k.RMSNormalization(),
                k.Dense(2),
                k.UnitNormalization(),
            ],
            (5, 5, 2),
            2,
        ),
    ]


def make():
    cases = [*batch(), *layer(), *group(), *others()]
    write("normalization.json", cases, trainings=trainings())
