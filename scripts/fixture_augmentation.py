"""fixtures/augmentation.json: what preprocessing layers make of pictures, and augmenting ones in training.

Random layers have ranges of one value, so that nothing is left to chance. Computed in float32. `gradient` is that of
sum(output * upstream), for layers that have one.
"""

import keras
import numpy as np
import tensorflow as tf

from fixture_format import array, generator, normal, write


def case(name, cls, shape, config, values=None, training=True, gradient=False):
    name = f"{cls.__name__} {'x'.join(map(str, shape))} {name}".strip()
    rng = generator(name)
    x = np.asarray(values if values is not None else normal(rng, shape) * 40 + 128, np.float32).reshape(shape)
    layer = cls(**config, name="it")
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = layer(inputs, training=training) if takes_training(cls) else layer(inputs)
        upstream = normal(rng, tuple(y.shape)).astype(np.float32)
        total = tf.reduce_sum(y * upstream)
    found = {
        "name": name,
        "class_name": cls.__name__,
        "config": config,
        "saved": keras.saving.serialize_keras_object(layer)["config"],
        "training": training,
        "input": array(x),
        "output": array(y.numpy()),
    }
    if gradient:
        found.update(upstream=array(upstream), gradient=array(tape.gradient(total, inputs).numpy()))
    return found


def takes_training(cls):
    return cls.__name__.startswith("Random")


def resizing():
    cls = keras.layers.Resizing
    for name, shape, config in [
        ("larger", (1, 2, 2, 1), {"height": 4, "width": 4}),
        ("smaller", (2, 5, 6, 2), {"height": 3, "width": 4}),
        ("one axis", (2, 5, 6, 2), {"height": 5, "width": 9}),
        ("the same", (1, 4, 3, 2), {"height": 4, "width": 3}),
        ("nearest", (1, 5, 7, 2), {"height": 8, "width": 3, "interpolation": "nearest"}),
        ("nearest smaller", (1, 10, 12, 1), {"height": 3, "width": 5, "interpolation": "nearest"}),
        ("bicubic", (1, 5, 4, 2), {"height": 8, "width": 3, "interpolation": "bicubic"}),
        ("lanczos3", (1, 5, 4, 1), {"height": 8, "width": 3, "interpolation": "lanczos3"}),
        ("area", (1, 6, 4, 1), {"height": 3, "width": 3, "interpolation": "area"}),
        ("antialias", (1, 9, 8, 2), {"height": 4, "width": 3, "antialias": True}),
        ("bicubic antialias", (1, 9, 8, 1), {"height": 4, "width": 3, "antialias": True, "interpolation": "bicubic"}),
        ("antialias larger", (1, 3, 4, 1), {"height": 5, "width": 7, "antialias": True}),
        ("crop wide", (1, 6, 9, 2), {"height": 4, "width": 4, "crop_to_aspect_ratio": True}),
        ("crop tall", (1, 9, 5, 2), {"height": 4, "width": 7, "crop_to_aspect_ratio": True}),
        ("pad wide", (1, 5, 9, 2), {"height": 4, "width": 4, "pad_to_aspect_ratio": True}),
        ("pad odd", (1, 5, 8, 1), {"height": 4, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 7.0}),
        ("pad tall", (2, 9, 5, 2), {"height": 6, "width": 6, "pad_to_aspect_ratio": True, "fill_value": -1.5}),
        ("channels first", (1, 2, 5, 6), {"height": 3, "width": 4, "data_format": "channels_first"}),
    ]:
        yield case(name, cls, shape, config, gradient="area" not in name and name != "the same")


def cropping():
    cls = keras.layers.CenterCrop
    for name, shape, config in [
        ("", (2, 6, 8, 2), {"height": 4, "width": 4}),
        ("odd", (1, 7, 6, 1), {"height": 4, "width": 3}),
        ("all", (1, 4, 4, 1), {"height": 4, "width": 4}),
        ("too low", (1, 4, 9, 2), {"height": 6, "width": 5}),
        ("too small", (1, 3, 5, 1), {"height": 6, "width": 7}),
        ("channels first", (1, 2, 6, 5), {"height": 3, "width": 2, "data_format": "channels_first"}),
    ]:
        yield case(name, cls, shape, config, gradient=True)


def values():
    cls = keras.layers.Rescaling
    yield case("", cls, (2, 3, 3, 2), {"scale": 1 / 255}, gradient=True)
    yield case("offset", cls, (2, 5), {"scale": 1 / 127.5, "offset": -1}, gradient=True)
    yield case("channels", cls, (2, 3, 2, 3), {"scale": [0.5, 2, 1], "offset": [1, 0, -1]}, gradient=True)
    cls = keras.layers.Normalization
    for name, shape, config in [
        ("numbers", (3, 4), {"axis": None, "mean": 3.0, "variance": 2.0}),
        ("channels", (2, 3, 3, 2), {"mean": [100.0, 140.0], "variance": [400.0, 1600.0]}),
        ("axis 1", (2, 3, 4), {"axis": 1, "mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 0.0]}),
        ("axes", (2, 2, 3), {"axis": [1, 2], "mean": [[1.0, 2.0, 3.0]] * 2, "variance": [[1.0, 4.0, 9.0]] * 2}),
        ("fewer levels than axes", (2, 2, 3), {"axis": [1, 2], "mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 9.0]}),
        ("a number for an axis", (2, 3), {"mean": 1.0, "variance": 4.0}),
        ("invert", (3, 2), {"mean": [1.0, 2.0], "variance": [4.0, 9.0], "invert": True}),
    ]:
        yield case(name, cls, shape, config, gradient=True)


def adapted():
    """Normalization with statistics of data."""
    for name, shape, config in [
        ("", (6, 3), {}),
        ("pictures", (4, 3, 2, 2), {}),
        ("everything", (4, 3, 2), {"axis": None}),
        ("axes", (5, 2, 3), {"axis": [1, 2]}),
        ("axis 1", (5, 2, 3), {"axis": 1}),
        ("invert", (6, 3), {"invert": True}),
    ]:
        rng = generator(f"adapt {name}")
        data, x = [(normal(rng, shape) * 20 + 50).astype(np.float32) for _ in range(2)]
        layer = keras.layers.Normalization(**config, name="it")
        layer.adapt(data)
        yield {
            "name": name,
            "config": config,
            "saved": keras.saving.serialize_keras_object(layer)["config"],
            "data": array(data),
            "weights": [array(np.asarray(w.numpy(), np.float32)) for w in layer.weights],
            "input": array(x),
            "output": array(layer(x).numpy()),
        }


def at(value):
    return [value, value]


def sampling():
    modes = ["constant", "nearest", "reflect", "wrap"]
    shape = (2, 5, 6, 2)
    line = np.arange(4.0).reshape(1, 1, 4, 1)
    square = np.arange(4.0).reshape(1, 2, 2, 1)
    cls = keras.layers.RandomRotation
    yield case("keras.md", cls, (1, 2, 2, 1), {"factor": at(0.25)}, square)
    yield case("clockwise", cls, (1, 2, 2, 1), {"factor": at(-0.25)}, square)
    for mode in modes:
        for factor in (0.07, -0.2, 0.43):
            yield case(f"{mode} {factor}", cls, shape, {"factor": at(factor), "fill_mode": mode})
    yield case("nearest cell", cls, shape, {"factor": at(0.11), "interpolation": "nearest"})
    yield case("filled", cls, shape, {"factor": at(0.11), "fill_mode": "constant", "fill_value": 9.0})
    yield case("channels first", cls, (1, 2, 4, 5), {"factor": at(0.06), "data_format": "channels_first"})
    yield case("inference", cls, shape, {"factor": at(0.11)}, training=False)
    cls = keras.layers.RandomTranslation
    for mode in modes:
        both = {"height_factor": at(0.0), "width_factor": at(0.5), "fill_mode": mode}
        yield case(f"keras.md {mode}", cls, (1, 1, 4, 1), both, line)
        for down, right in ((0.3, -0.15), (-0.75, 0.9), (1.0, -1.0), (0.2, 0.5)):
            config = {"height_factor": at(down), "width_factor": at(right), "fill_mode": mode}
            yield case(f"{mode} {down} {right}", cls, shape, config)
            yield case(f"{mode} {down} {right} nearest", cls, shape, {**config, "interpolation": "nearest"})
    yield case("one number", cls, shape, {"height_factor": 0.0, "width_factor": 0.0, "seed": 3})
    yield case("one row", cls, (1, 1, 5, 1), {"height_factor": at(0.4), "width_factor": at(0.1)})
    cls = keras.layers.RandomZoom
    for mode in modes:
        for tall, wide in ((0.4, None), (-0.3, None), (0.9, -0.5)):
            config = {"height_factor": at(tall), "fill_mode": mode}
            if wide is not None:
                config["width_factor"] = at(wide)
            yield case(f"{mode} {tall} {wide}", cls, shape, config)
    yield case("nearest cell", cls, shape, {"height_factor": at(0.37), "interpolation": "nearest"})
    yield case("channels first", cls, (1, 2, 4, 5), {"height_factor": at(-0.2), "data_format": "channels_first"})


def colours():
    cls = keras.layers.RandomContrast
    for name, shape, config in [
        ("more", (2, 3, 4, 2), {"factor": [-0.5, 0.5]}),
        ("a little", (2, 3, 4, 2), {"factor": [-0.25, 0.25]}),
        ("cut", (1, 4, 4, 3), {"factor": [-1, 1], "value_range": [0, 200]}),
    ]:
        yield case(name, cls, shape, config, gradient=True)
    yield case("nothing", cls, (1, 3, 3, 1), {"factor": [0, 0]}, gradient=True)
    first = {"factor": [-0.5, 0.5], "data_format": "channels_first"}
    yield case("channels first", cls, (1, 2, 3, 4), first, gradient=True)
    cls = keras.layers.RandomBrightness
    for name, shape, config in [
        ("lighter", (2, 3, 4, 2), {"factor": at(0.2)}),
        ("darker", (2, 3, 4, 2), {"factor": at(-0.3)}),
        ("bounds the wrong way round", (1, 3, 3, 1), {"factor": at(0.1), "value_range": [200, 0]}),
        ("white", (1, 2, 2, 3), {"factor": at(1.0)}),
    ]:
        yield case(name, cls, shape, config, gradient=True)
    cls = keras.layers.RandomFlip
    for mode in ("horizontal", "vertical", "horizontal_and_vertical"):
        yield case(f"{mode} inference", cls, (1, 3, 4, 2), {"mode": mode}, training=False)


def make():
    cases = [*resizing(), *cropping(), *values(), *sampling(), *colours()]
    write("augmentation.json", cases, adapted=list(adapted()))
