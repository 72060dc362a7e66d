"""fixtures/keras/<name>.keras, saved by Keras, and <name>.json: what the loaded model predicts, holds and learns.

The JSON has `inputs` (one per model input), `predictions` (one per output), `weights` in the order of model.weights,
`optimizer_variables`, and `step`: the targets, loss and weights of ONE train_on_batch with these inputs after loading,
which comes out right only if the optimizer's state was loaded too. Uncompiled models have no `step`.
"""

import keras
import numpy as np
from keras import Input, Model, Sequential, layers

from fixture_format import FIXTURES, ROOT, array, generator, normal, uniform, write_record
from fixture_seed import autoencoder, digits


def seed_autoencoder(rng):
    model = autoencoder()
    model.compile(optimizer="adam", loss="binary_crossentropy")
    x = digits(2).astype(np.float32) / np.float32(255)
    return model, [x], [x]


def sequential_dense(rng):
    model = Sequential(
        [Input((6,)), layers.Dense(5, activation="relu"), layers.Dense(4, name="middle"), layers.Dense(3, "sigmoid")],
        name="dense_stack",
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["mae"])
    return model, [normal(rng, (4, 6))], [uniform(rng, 0, 1, (4, 3))]


def sequential_conv(rng):
    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 3, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model, [uniform(rng, 0, 1, (3, 8, 8, 1))], [np.eye(3)]


def classifier(rng):
    model = Sequential([Input((5,)), layers.Dense(8, "relu"), layers.Dense(3), layers.Activation("softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, [normal(rng, (4, 5))], [np.eye(3)[[0, 2, 1, 2]]]


def nested(rng):
    """Encoder and decoder as models of their own, named as people name them; the encoder is asked twice."""
    picture = Input((6, 6, 1), name="picture")
    x = layers.Conv2D(3, 3, strides=2, padding="same", activation="relu", name="squeeze")(picture)
    encoder = Model(picture, layers.Dense(4)(layers.Flatten()(x)), name="encoder")
    code = Input((4,), name="code")
    x = layers.Reshape((3, 3, 2))(layers.Dense(18, activation="relu")(code))
    x = layers.UpSampling2D(2)(x)
    decoder = Model(code, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x), name="decoder")
    image = Input((6, 6, 1), name="image")
    again = decoder(encoder(image))
    model = Model(image, [again, encoder(again)], name="again_and_again")
    model.compile(optimizer="adam", loss=["binary_crossentropy", "mean_squared_error"], loss_weights=[1.0, 0.5])
    x = uniform(rng, 0, 1, (2, 6, 6, 1))
    return model, [x], [x, normal(rng, (2, 4))]


def nested_autoencoder(rng):
    image = Input((6, 6, 1))
    encoder = Model(image, layers.MaxPooling2D(2)(layers.Conv2D(2, 3, padding="same")(image)))
    decoder = Sequential([layers.UpSampling2D(2), layers.Conv2D(1, 2, padding="same")])
    outer = Input((6, 6, 1))
    model = Model(outer, decoder(encoder(outer)))
    model.compile(optimizer=keras.optimizers.Adam(0.01, amsgrad=True), loss="mse")
    x = uniform(rng, 0, 1, (2, 6, 6, 1))
    return model, [x], [x]


def shared_layer(rng):
    x = Input((4,))
    twice = layers.Dense(4, activation="tanh", name="twice")
    model = Model(x, layers.Dense(2)(twice(twice(x))))
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss="mse")
    return model, [normal(rng, (3, 4))], [normal(rng, (3, 2))]


def two_inputs_two_outputs(rng):
    left, right = Input((3,), name="left"), Input((2,), name="right")
    both = layers.Concatenate()([layers.Dense(4, activation="relu")(left), layers.Dense(4)(right)])
    outputs = [layers.Dense(2, name="score")(both), layers.Dense(1, activation="sigmoid", name="chance")(both)]
    model = Model([left, right], outputs)
    model.compile(optimizer="adam", loss=["mean_squared_error", "binary_crossentropy"])
    inputs = [normal(rng, (4, 3)), normal(rng, (4, 2))]
    return model, inputs, [normal(rng, (4, 2)), uniform(rng, 0, 1, (4, 1))]


def sgd_momentum(rng):
    x = Input((5,))
    model = Model(x, layers.Dense(5)(layers.Dense(2, activation="relu", use_bias=False)(x)), name="narrow")
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="mean_squared_error")
    x = normal(rng, (4, 5))
    return model, [x], [x]


def uncompiled(rng):
    """Layers that the others do not have, options off their defaults, nothing compiled."""
    first = {"data_format": "channels_first"}
    x = Input((2, 6, 5), name="planes")
    y = layers.Conv2D(4, (3, 2), strides=(1, 2), groups=2, use_bias=False, **first)(x)
    y = layers.AveragePooling2D((2, 1), strides=1, padding="same", **first)(y)
    y = layers.Activation("elu")(y)
    y = layers.UpSampling2D((1, 2), **first)(y)
    y = layers.Flatten(**first)(y)
    y = layers.Reshape((4, -1))(y)
    y = layers.Dense(3, kernel_initializer="he_normal", bias_initializer="ones")(y)
    return Model(x, y, name="uncompiled"), [normal(rng, (2, 2, 6, 5))], None


MODELS = [
    seed_autoencoder,
    sequential_dense,
    sequential_conv,
    classifier,
    nested,
    nested_autoencoder,
    shared_layer,
    two_inputs_two_outputs,
    sgd_momentum,
    uncompiled,
]


def arrays(values):
    return [array(np.asarray(value)) for value in values]


def listed(value):
    return value if isinstance(value, list) else [value]


def one_or_all(values):
    return values[0] if len(values) == 1 else values


def make_model(build):
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    name = build.__name__
    rng = generator(f"models/{name}")
    model, inputs, targets = build(rng)
    inputs = [value.astype(np.float32) for value in inputs]
    for weight in model.weights:  # not Keras' own draws: those may change, and zero biases hide mistakes
        fan_in = int(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 100
        weight.assign(normal(rng, tuple(weight.shape), fan_in**-0.5))
    if targets is not None:
        targets = [value.astype(np.float32) for value in targets]
        for _ in range(2):
            model.train_on_batch(one_or_all(inputs), one_or_all(targets))
    path = FIXTURES / "keras" / f"{name}.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)

    model = keras.models.load_model(path)
    fields = {
        "model": path.name,
        "inputs": arrays(inputs),
        "predictions": arrays(listed(model.predict(one_or_all(inputs), verbose=0))),
        "weights": [{"path": w.path, "trainable": w.trainable, **array(w.numpy())} for w in model.weights],
    }
    if targets is not None:
        fields["optimizer_variables"] = [{"path": v.path, **array(v.numpy())} for v in model.optimizer.variables]
        loss = listed(model.train_on_batch(one_or_all(inputs), one_or_all(targets)))[0]
        fields["step"] = {"targets": arrays(targets), "loss": float(loss), "weights": arrays(model.get_weights())}
    write_record(f"keras/{name}.json", **fields)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


def make():
    for build in MODELS:
        make_model(build)
