"""Makes models of keras.applications with random weights, and what they answer for a picture.

    make_applications.py FOLDER NAME:SIZE …

For each NAME.keras with NAME.npz (x_0, y_0). The statistics of batch normalisation are random, too: those that a new
model begins with would hide mistakes.
"""

import os
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np


def disturb(model, rng):
    for layer in model.layers:
        if not isinstance(layer, keras.layers.BatchNormalization):
            continue
        for weight in layer.weights:
            spread = {"beta": (-0.2, 0.2), "moving_mean": (-0.2, 0.2)}.get(weight.name, (0.7, 1.3))
            weight.assign(rng.uniform(*spread, weight.shape).astype("float32"))


def main():
    folder, *wanted = sys.argv[1:]
    for item in wanted:
        name, size = item.split(":")
        keras.utils.set_random_seed(7)
        rng = np.random.default_rng(7)
        model = getattr(keras.applications, name)(weights=None, input_shape=(int(size), int(size), 3))
        disturb(model, rng)
        model.save(f"{folder}/{name}.keras")
        picture = rng.uniform(-1, 1, (1, int(size), int(size), 3)).astype("float32")
        np.savez(f"{folder}/{name}.npz", x_0=picture, y_0=np.asarray(model(picture, training=False)))


if __name__ == "__main__":
    main()
