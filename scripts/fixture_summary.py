"""fixtures/summary.txt.json: the text that model.summary() prints, beside the model's configuration.

A case is a model: `texts` holds one text per set of arguments of summary(). `steps_trained` 1: compiled and trained
for a step, so that the optimizer's variables count.
"""

import json
import os

import keras
import numpy as np
from keras import Input, Model, Sequential, layers

from fixture_format import write
from fixture_seed import autoencoder


def sequential():
    return Sequential([Input((4,)), layers.Dense(3), layers.Dense(2)])


def unbuilt():
    return Sequential([layers.Dense(3), layers.Dense(2)])


def branches():
    left, right = Input((8, 8, 1), name="left"), Input((6,), name="right")
    a = layers.Conv2D(4, 3, activation="relu")(left)
    a = layers.Flatten()(a)
    b = layers.Dense(16, activation="relu")(right)
    both = layers.Concatenate()([a, b])
    x = layers.Dense(16, activation="relu")(both)
    x = layers.Add()([x, b])
    return Model([left, right], [layers.Dense(1, name="score")(x), layers.Dense(3, name="kind")(x)])


def shared():
    image = Input((5,))
    twice = layers.Dense(5)
    return Model(image, twice(twice(image)))


def nested():
    image = Input((8, 8, 1), name="image")
    x = layers.Conv2D(4, 3, strides=2, padding="same")(image)
    encoder = Model(image, layers.Flatten()(x), name="encoder")
    code = Input((64,), name="code")
    x = layers.Reshape((4, 4, 4))(code)
    x = layers.UpSampling2D(2)(x)
    decoder = Model(code, layers.Conv2D(1, 3, padding="same")(x), name="decoder")
    head = Sequential([Input((8, 8, 1)), layers.MaxPooling2D(2), layers.Flatten()], name="head")
    picture = Input((8, 8, 1), name="picture")
    return Model(picture, head(decoder(encoder(picture))), name="autoencoder")


def frozen():
    model = Sequential(
        [
            Input((4,)),
            layers.Dense(3, name="a_layer_with_a_name_that_is_much_too_long_for_its_column"),
            layers.Dense(1000, name="wide"),
        ]
    )
    model.layers[0].trainable = False
    return model


def trained():
    model = sequential()
    model.compile(optimizer="adam", loss="mse")
    model.train_on_batch(np.zeros((1, 4)), np.zeros((1, 2)))
    return model


def compiled():
    model = sequential()
    model.compile(optimizer=keras.optimizers.SGD(momentum=0.9), loss="mse")
    return model


def trained_autoencoder():
    model = autoencoder()
    model.compile(optimizer="adam", loss="binary_crossentropy")
    model.train_on_batch(np.zeros((1, 28, 28, 1)), np.zeros((1, 28, 28, 1)))
    return model


def make():
    os.environ["COLUMNS"] = "200"  # a terminal narrower than line_length would cut the lines
    plain = [{"line_length": 76}, {"line_length": 98}]
    trainable = [{"line_length": length, "show_trainable": True} for length in (76, 98)]
    expanded = [{"line_length": length, "expand_nested": True} for length in (76, 98)]
    cases = []
    for build, options in [
        (autoencoder, plain),
        (sequential, [{"line_length": 70}, *plain, *trainable]),
        (unbuilt, plain),
        (branches, [*plain, *trainable]),
        (shared, plain),
        (nested, [*plain, *expanded]),
        (frozen, [*plain, *trainable]),
        (compiled, plain),
        (trained, plain),
        (trained_autoencoder, plain),
    ]:
        keras.utils.clear_session()
        model = build()
        texts = []
        for option in options:
            parts = []
            model.summary(**option, print_fn=parts.append)
            texts.append({"show_trainable": False, "expand_nested": False, **option, "text": "".join(parts)})
        cases.append(
            {
                "name": build.__name__,
                "steps_trained": int(build.__name__.startswith("trained")),
                "model": json.loads(model.to_json()),
                "texts": texts,
            }
        )
    write("summary.txt.json", cases)
