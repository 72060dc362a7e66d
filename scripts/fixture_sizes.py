"""fixtures/sizes/: inputs of open sizes.

layers.json: for layers of fixtures/layers/ the shape that Keras answers where sizes of the input are None: those of the
spatial axes, and in a second case of the last axis too. `output` is null where Keras raises.

model.keras and model.json: a network of convolutions over pictures of any size, saved by Keras. The JSON has what the
loaded model answers at three sizes, the same after one step of training at the first, and the text of its summary.
"""

import json
import os

import keras
import numpy as np
from keras import Input, Model, layers

from fixture_format import FIXTURES, array, generator, normal, uniform, write, write_record

# Cases of one class.
MOST = 10

N = None

# Layers whose cases are elsewhere, and those that meet what is open in one input and known in another.
MORE = [
    ("BatchNormalization", {}, [(N, N, 3)]),
    ("BatchNormalization", {"axis": 1}, [(N, N, 3)]),
    ("BatchNormalization", {"axis": 1}, [(3, N, N)]),
    ("LayerNormalization", {}, [(N, N, 3)]),
    ("LayerNormalization", {"axis": [1, 2]}, [(N, 4, 3)]),
    ("LayerNormalization", {"axis": [1, 2], "center": False, "scale": False}, [(N, N, 3)]),
    ("GroupNormalization", {"groups": 3}, [(N, N, 6)]),
    ("GroupNormalization", {"groups": 3, "axis": 1}, [(N, N, 6)]),
    ("RMSNormalization", {}, [(N, 3)]),
    ("RMSNormalization", {"axis": 1}, [(N, 3)]),
    ("UnitNormalization", {"axis": 1}, [(N, N, 3)]),
    ("Normalization", {}, [(N, N, 3)]),
    ("Normalization", {"axis": 1}, [(N, N, 3)]),
    ("PReLU", {}, [(N, N, 3)]),
    ("PReLU", {"shared_axes": [1, 2]}, [(N, N, 3)]),
    ("Dropout", {"rate": 0.5}, [(N, N, 3)]),
    ("AlphaDropout", {"rate": 0.5}, [(N, 3)]),
    ("SpatialDropout1D", {"rate": 0.5}, [(N, 3)]),
    ("SpatialDropout2D", {"rate": 0.5}, [(N, N, 3)]),
    ("SpatialDropout3D", {"rate": 0.5}, [(N, N, N, 3)]),
    ("GaussianNoise", {"stddev": 0.5}, [(N, N, 3)]),
    ("GaussianDropout", {"rate": 0.5}, [(N, N, 3)]),
    ("ActivityRegularization", {"l2": 0.5}, [(N, N, 3)]),
    ("RandomFlip", {}, [(N, N, 3)]),
    ("RandomRotation", {"factor": 0.1}, [(N, N, 3)]),
    ("RandomZoom", {"height_factor": 0.1}, [(N, N, 3)]),
    ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}, [(N, N, 3)]),
    ("RandomContrast", {"factor": 0.1}, [(N, N, 3)]),
    ("RandomBrightness", {"factor": 0.1}, [(N, N, 3)]),
    ("Conv1D", {"filters": 2, "kernel_size": 500}, [(N, 3)]),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, [(N, 9, 3)]),
    ("Flatten", {}, [(N, 9, 3)]),
    ("Dense", {"units": 2}, [(N, 8)]),
    ("Dense", {"units": 2}, [(8, N)]),
    ("Reshape", {"target_shape": [-1, 64]}, [(N, N, 3)]),
    ("Reshape", {"target_shape": [5, 5]}, [(N,)]),
    ("Add", {}, [(N, N, 3), (N, 5, 3)]),
    ("Add", {}, [(1, 1, 3), (N, N, 3)]),
    ("Multiply", {}, [(5, 5, 3), (N, N, 3)]),
    ("Maximum", {}, [(N, N, 3), (3,)]),
    ("Subtract", {}, [(N, 4, 3), (N, 5, 3)]),
    ("Concatenate", {}, [(N, N, 3), (N, 6, 5)]),
    ("Concatenate", {}, [(4, 6, 3), (N, N, 5)]),
    ("Concatenate", {"axis": 1}, [(4, 6, 3), (N, N, 3)]),
    ("Concatenate", {"axis": 1}, [(N, N, 3), (4, 6, 3)]),
    ("Dot", {"axes": 1}, [(N, 3), (N, 4)]),
    ("Dot", {"axes": 1}, [(N, 3), (7, 4)]),
    ("Dot", {"axes": 2}, [(N, 3), (N, 3)]),
]


def opened(shapes, config):
    """The shapes, without the batch: with None for the sizes of spatial axes, and with None everywhere."""
    first = config.get("data_format") == "channels_first"

    def spatial(shape):
        keep = 0 if first else len(shape) - 1
        return [n if i == keep or n == 1 else None for i, n in enumerate(shape)]

    yield [spatial(shape) for shape in shapes]
    yield [[None] * len(shape) for shape in shapes]


def case_of(class_name, config, shapes, listed):
    xs = [Input(tuple(shape)) for shape in shapes]
    try:
        y = getattr(layers, class_name)(**config)(xs if listed else xs[0])
        output = [None if n is None else int(n) for n in y.shape[1:]]
    except (ValueError, TypeError):
        output = None
    return {"class_name": class_name, "config": config, "listed": listed, "inputs": shapes, "output": output}


def more_cases():
    for class_name, config, shapes in MORE:
        yield case_of(class_name, config, [list(shape) for shape in shapes], len(shapes) > 1)


def layer_cases():
    seen = set()
    for path in sorted((FIXTURES / "layers").glob("*.json")):
        taken = 0
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            config = {key: value for key, value in case["config"].items() if key not in ("name", "dtype")}
            shapes = [x["shape"][1:] for x in case["inputs"]]
            listed = case.get("listed", False)
            # Keras keeps all channels in the shape of `glu` and answers half of them.
            if config.get("activation") == "glu":
                continue
            for sizes in opened(shapes, config):
                key = json.dumps([case["class_name"], config, sizes], sort_keys=True)
                if key in seen:
                    continue
                seen.add(key)
                yield case_of(case["class_name"], config, sizes, listed)
            taken += 1
            if taken == MOST:
                break


def network():
    image = Input((None, None, 3), name="image")
    x = layers.Conv2D(6, 3, padding="same", activation="relu")(image)
    skip = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D(2, padding="same")(skip)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Concatenate()([skip, x])
    picture = layers.Conv2D(2, 1, activation="sigmoid", name="picture")(x)
    score = layers.Dense(3, activation="softmax", name="score")(layers.GlobalAveragePooling2D()(x))
    return Model(image, [picture, score], name="any_size")


def summary_of(model):
    os.environ["COLUMNS"] = "200"  # a terminal narrower than line_length would cut the lines
    parts = []
    model.summary(line_length=88, print_fn=parts.append)
    return "".join(parts)


def make():
    write("sizes/layers.json", [*layer_cases(), *more_cases()])
    make_model()


def make_model():
    keras.utils.clear_session()
    keras.utils.set_random_seed(5)
    rng = generator("sizes")
    model = network()
    positive = [uniform(rng, 0.5, 2, tuple(w.shape)) for w in model.weights]
    any_sign = [normal(rng, tuple(w.shape), 0.4) for w in model.weights]
    model.set_weights([p if "variance" in w.name else n for w, p, n in zip(model.weights, positive, any_sign)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=["binary_crossentropy", "categorical_crossentropy"])
    (FIXTURES / "sizes").mkdir(exist_ok=True)
    path = FIXTURES / "sizes" / "model.keras"
    model.save(path)
    summary = summary_of(model)
    inputs = [uniform(rng, 0, 1, (2, *size, 3)) for size in ((8, 12), (6, 4), (10, 10))]
    before = [[array(y) for y in model.predict(x, verbose=0)] for x in inputs]
    targets = [uniform(rng, 0, 1, (2, 8, 12, 2)), np.eye(3)[[2, 0]]]
    loss = float(model.train_on_batch(inputs[0], targets)[0])
    after = [[array(y) for y in model.predict(x, verbose=0)] for x in inputs]
    write_record(
        "sizes/model.json",
        summary=summary,
        inputs=[array(x) for x in inputs],
        predictions=before,
        step={"targets": [array(y) for y in targets], "loss": loss, "predictions": after},
    )
