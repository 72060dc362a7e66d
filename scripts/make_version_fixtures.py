"""Saves small models in whatever release of Keras is installed, for fixtures/keras-versions/.

    python scripts/make_version_fixtures.py fixtures/keras-versions

Releases before 3.1 need dm-tree. With release 3.4.1: 3.4.1-functional.keras, … trained for one step, each with a .json of inputs and predictions. Between
them the models have what releases write in different ways: models inside and shared layers, rows, ops between layers,
regularizers, constraints, schedules, slots of optimizers, losses as names and as objects.
"""

import base64
import json
import os
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
from keras import layers, ops


def functional():
    x = keras.Input((8, 8, 2), name="picture")
    y = layers.Conv2D(3, 3, padding="same", activation="relu", kernel_regularizer="l2")(x)
    y = layers.BatchNormalization()(y)
    y = layers.Dropout(0.2)(layers.MaxPooling2D(2, padding="same")(y))
    z = layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="gelu")(y)
    y = layers.Concatenate()([layers.UpSampling2D(2)(y), z])
    y = layers.Add()([layers.Conv2D(2, 1, kernel_constraint="max_norm")(y), x])
    y = ops.mean(y * 0.5 + 1, axis=-1, keepdims=True)
    model = keras.Model(x, layers.Dense(3, activation="softmax")(layers.Flatten()(y)))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def nested():
    shared = layers.Dense(4, activation="tanh", name="shared")
    x = keras.Input((4,))
    inner = keras.Model(x, layers.Add()([shared(x), shared(shared(x))]), name="inner")
    row = keras.Sequential([layers.Dense(4), layers.LeakyReLU(negative_slope=0.2)], name="row")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    left, right = inner(a), inner(row(b))
    model = keras.Model([a, b], [layers.Dense(2, name="p")(left), layers.Multiply(name="q")([left, right])])
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(keras.optimizers.SGD(schedule, momentum=0.9), loss=["mse", "mae"], loss_weights=[1.0, 0.5])
    return model


def sequential():
    model = keras.Sequential(
        [keras.Input((10, 3)), layers.Conv1D(4, 3, padding="causal"), layers.LayerNormalization(), layers.ReLU(6.0)]
    )
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.RMSprop(0.01), keras.losses.BinaryCrossentropy(label_smoothing=0.1), metrics=["mae"])
    return model


def encoded(array):
    array = np.asarray(array, dtype="<f4")
    return {"shape": list(array.shape), "f32": base64.b64encode(array.tobytes()).decode()}


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def main():
    folder = sys.argv[1]
    for make in (functional, nested, sequential):
        keras.utils.set_random_seed(5)
        rng = np.random.default_rng(5)
        model = make()
        model.set_weights([np.abs(rng.normal(0, 0.4, w.shape)).astype("float32") + 0.01 for w in model.get_weights()])
        xs = [rng.normal(size=(2, *x.shape[1:])).astype("float32") for x in model.inputs]
        ys = [np.asarray(y) for y in listed(model.predict(xs if len(xs) > 1 else xs[0], verbose=0))]
        targets = [np.abs(y) / np.abs(y).max() for y in ys]
        name = f"{folder}/{keras.__version__}-{make.__name__}"
        model.train_on_batch(xs if len(xs) > 1 else xs[0], targets if len(ys) > 1 else targets[0])
        ys = listed(model.predict(xs if len(xs) > 1 else xs[0], verbose=0))
        model.save(f"{name}.keras")
        told = {"inputs": [encoded(x) for x in xs], "predictions": [encoded(y) for y in ys], "iterations": 1}
        with open(f"{name}.json", "w", encoding="utf-8") as file:
            json.dump(told, file)


if __name__ == "__main__":
    main()
