"""fixtures/refusals.json: arguments and inputs that Keras refuses, and some beside them that it takes.

A case is a class, its arguments under Keras' keys, and the shapes of the inputs of one or two calls (a list of shapes for
layers that take lists), without the batch. `refused` is the class of the exception, or null.
"""

import keras

from fixture_format import write

PICTURE, SIGNAL, VOLUME = [8, 8, 4], [8, 4], [8, 8, 8, 4]
BY_RANK = {1: SIGNAL, 2: PICTURE, 3: VOLUME}


def windows(name, rank, given, wrong_window, **more):
    """What all layers with a window refuse. `wrong_window`: the name of its size."""
    own, other = BY_RANK[rank], BY_RANK[rank % 3 + 1]
    for value in (0, -1, [2] * (rank + 1), 1.5, "three"):
        yield f"{wrong_window} {value}", name, {**given, wrong_window: value}, own
    for value in (-1, [1] * (rank + 1), "two"):
        yield f"strides {value}", name, {**given, "strides": value}, own
    yield "no such padding", name, {**given, "padding": "full"}, own
    yield "no such data_format", name, {**given, "data_format": "channels_middle"}, own
    yield "an input of another rank", name, given, other
    yield "an input without channels", name, given, own[:-1]
    yield "a window larger than the input", name, {**given, wrong_window: 9}, own
    yield "the same under padding same", name, {**given, wrong_window: 9, "padding": "same"}, own


def weights(name, given, own, kernels):
    yield "no such activation", name, {**given, "activation": "rleu"}, own
    for kernel in kernels:
        yield f"no such {kernel} initializer", name, {**given, f"{kernel}_initializer": "glorot"}, own
        yield f"no such {kernel} regularizer", name, {**given, f"{kernel}_regularizer": "l3"}, own
        yield f"no such {kernel} constraint", name, {**given, f"{kernel}_constraint": "small"}, own


def convolutions():
    for rank in (1, 2, 3):
        own = BY_RANK[rank]
        for name in (f"Conv{rank}D", f"Conv{rank}DTranspose"):
            given = {"filters": 2, "kernel_size": 3}
            for value in (0, -2, 1.5, "many"):
                yield f"filters {value}", name, {**given, "filters": value}, own
            yield from windows(name, rank, given, "kernel_size")
            yield "dilation_rate 0", name, {**given, "dilation_rate": 0}, own
            yield "strides with dilation", name, {**given, "strides": 2, "dilation_rate": 2}, own
            yield "other channels than those it was built for", name, given, own, [*own[:-1], 3]
            yield "other sizes than those it was built for", name, given, own, [9] * rank + [4]
            yield "an unknown number of channels", name, given, [*own[:-1], None]
            yield from weights(name, given, own, ["kernel", "bias"])
        name = f"Conv{rank}D"
        for value in (0, -1):
            yield f"groups {value}", name, {**given, "groups": value}, own
        yield "filters that groups do not divide", name, {**given, "filters": 3, "groups": 2}, own
        yield "channels that groups do not divide", name, {"filters": 3, "kernel_size": 3, "groups": 3}, own
        yield "groups that divide both", name, {"filters": 4, "kernel_size": 3, "groups": 2}, own
        if rank > 1:
            yield "causal padding", name, {**given, "padding": "causal"}, own
        name = f"Conv{rank}DTranspose"
        yield "output_padding of the stride", name, {**given, "strides": 2, "output_padding": 2}, own
        yield "output_padding below it", name, {**given, "strides": 2, "output_padding": 1}, own
        yield "a negative output_padding", name, {**given, "strides": 2, "output_padding": -1}, own
    for rank in (1, 2):
        own = BY_RANK[rank]
        for name, given, kernels in (
            (f"DepthwiseConv{rank}D", {"kernel_size": 3}, ["depthwise", "bias"]),
            (f"SeparableConv{rank}D", {"filters": 2, "kernel_size": 3}, ["depthwise", "pointwise", "bias"]),
        ):
            for value in (0, -1):
                yield f"depth_multiplier {value}", name, {**given, "depth_multiplier": value}, own
            if "filters" in given:
                for value in (0, -2):
                    yield f"filters {value}", name, {**given, "filters": value}, own
            yield from windows(name, rank, given, "kernel_size")
            yield "causal padding", name, {**given, "padding": "causal"}, own
            yield "dilation_rate 0", name, {**given, "dilation_rate": 0}, own
            yield "other channels than those it was built for", name, given, own, [*own[:-1], 3]
            yield from weights(name, given, own, kernels)


def poolings():
    for rank in (1, 2, 3):
        own, other = BY_RANK[rank], BY_RANK[rank % 3 + 1]
        for kind in ("Max", "Average"):
            yield from windows(f"{kind}Pooling{rank}D", rank, {"pool_size": 2}, "pool_size")
            yield "an input of another rank", f"Global{kind}Pooling{rank}D", {}, other
            yield "no such data_format", f"Global{kind}Pooling{rank}D", {"data_format": "first"}, own
            name = f"Adaptive{kind}Pooling{rank}D"
            for value in (0, -1, [2] * (rank + 1), 1.5):
                yield f"output_size {value}", name, {"output_size": value}, own
            yield "an input of another rank", name, {"output_size": 2}, other
            yield "no such data_format", name, {"output_size": 2, "data_format": "first"}, own
        yield "no pool_size", f"AveragePooling{rank}D", {}, own
        yield "no pool_size", f"MaxPooling{rank}D", {}, own
        yield "no output_size", f"AdaptiveMaxPooling{rank}D", {}, own


def shaping():
    for rank in (1, 2, 3):
        own, other = BY_RANK[rank], BY_RANK[rank % 3 + 1]
        for value in (0, -1, "two") if rank == 1 else (0, -1, [2] * (rank + 1), "two"):
            yield f"size {value}", f"UpSampling{rank}D", {"size": value}, own
        yield "an input of another rank", f"UpSampling{rank}D", {}, other
        wrong = [1, 2, 3] if rank != 3 else [1, 2]
        for name, key in ((f"ZeroPadding{rank}D", "padding"), (f"Cropping{rank}D", "cropping")):
            for value in (-1, wrong, "two"):
                yield f"{key} {value}", name, {key: value}, own
            yield "an input of another rank", name, {}, other
        yield "all that there is", f"Cropping{rank}D", {"cropping": 4}, own
    yield "no such interpolation", "UpSampling2D", {"interpolation": "sharp"}, PICTURE
    yield "no such data_format", "UpSampling2D", {"data_format": "first"}, PICTURE
    yield "no such data_format", "ZeroPadding2D", {"data_format": "first"}, PICTURE
    yield "no such data_format", "Cropping2D", {"data_format": "first"}, PICTURE
    yield "no such data_format", "Flatten", {"data_format": "first"}, PICTURE
    yield "another number of cells", "Reshape", {"target_shape": [3, 3]}, PICTURE
    yield "two open axes", "Reshape", {"target_shape": [-1, -1]}, PICTURE
    yield "cells that do not divide", "Reshape", {"target_shape": [7, -1]}, PICTURE
    yield "an axis twice", "Permute", {"dims": [1, 1, 2]}, PICTURE
    yield "the batch", "Permute", {"dims": [0, 1, 2]}, PICTURE
    yield "too few axes", "Permute", {"dims": [2, 1]}, PICTURE
    yield "n 1.5", "RepeatVector", {"n": 1.5}, [4]
    yield "an input that is no vector", "RepeatVector", {"n": 2}, PICTURE


def dense():
    for value in (0, -1, 1.5, "ten"):
        yield f"units {value}", "Dense", {"units": value}, [4]
    yield "no units", "Dense", {}, [4]
    yield "one number for each sample", "Dense", {"units": 2}, []
    yield "an unknown number of features", "Dense", {"units": 2}, [None]
    yield "other features than those it was built for", "Dense", {"units": 2}, [4], [5]
    yield from weights("Dense", {"units": 2}, [4], ["kernel", "bias"])


def normalizations():
    yield "no such axis", "BatchNormalization", {"axis": 5}, PICTURE
    yield "other features than those it was built for", "BatchNormalization", {}, [4], [5]
    yield "no such axis", "LayerNormalization", {"axis": 5}, PICTURE
    yield "an axis that is a text", "LayerNormalization", {"axis": "last"}, PICTURE
    yield "channels that groups do not divide", "GroupNormalization", {"groups": 3}, PICTURE
    yield "more groups than channels", "GroupNormalization", {"groups": 8}, PICTURE
    yield "no such axis", "GroupNormalization", {"groups": 2, "axis": 5}, PICTURE
    yield "no such axis", "RMSNormalization", {"axis": 5}, PICTURE
    yield "an axis that is a text", "UnitNormalization", {"axis": "last"}, PICTURE
    yield "no such axis", "UnitNormalization", {"axis": 7}, PICTURE
    yield "an initializer by its other name", "BatchNormalization", {"gamma_initializer": "one"}, PICTURE


def regularization():
    for name in ("Dropout", "AlphaDropout", "GaussianDropout", "SpatialDropout2D"):
        for value in (-0.1, 1.1, "half"):
            yield f"rate {value}", name, {"rate": value}, PICTURE
    for value in (-0.1, "half"):
        yield f"stddev {value}", "GaussianNoise", {"stddev": value}, PICTURE
    yield "stddev 2", "GaussianNoise", {"stddev": 2}, PICTURE
    yield "an input of another rank", "SpatialDropout2D", {"rate": 0.5}, SIGNAL
    yield "no such data_format", "SpatialDropout2D", {"rate": 0.5, "data_format": "first"}, PICTURE
    yield "noise_shape 0", "Dropout", {"rate": 0.5, "noise_shape": [None, 0]}, [4]


def merging():
    a, b, c = [4, 4, 2], [4, 4, 3], [4, 4, 1]
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        yield "sizes that differ", name, {}, [a, b]
        yield "sizes that are 1", name, {}, [a, c]
        yield "one tensor, no list", name, {}, a
    yield "a list of one", "Add", {}, [a]
    yield "a list of three", "Subtract", {}, [a, a, a]
    yield "a list of one", "Subtract", {}, [a]
    yield "other axes that differ", "Concatenate", {}, [a, [4, 5, 2]]
    yield "joined axes that differ", "Concatenate", {}, [a, b]
    yield "no such axis", "Concatenate", {"axis": 7}, [a, a]
    yield "one tensor, no list", "Concatenate", {}, a
    yield "other ranks", "Concatenate", {}, [a, [4, 2]]
    yield "axes that differ", "Dot", {"axes": 1}, [[3], [4]]
    yield "three tensors", "Dot", {"axes": 1}, [[3], [3], [3]]
    yield "three axes", "Dot", {"axes": [1, 1, 1]}, [[3], [3]]
    yield "an axis that is a text", "Dot", {"axes": "last"}, [[3], [3]]
    yield "one tensor, no list", "Dot", {"axes": 1}, [3]


def activations():
    yield "no such activation", "Activation", {"activation": "rleu"}, [4]
    for key in ("max_value", "negative_slope", "threshold"):
        yield f"a negative {key}", "ReLU", {key: -1}, [4]
    yield "no such axis", "Softmax", {"axis": 5}, [4]
    yield "no such axis", "PReLU", {"shared_axes": [4]}, PICTURE
    yield "an initializer by its other name", "PReLU", {"alpha_initializer": "zero"}, PICTURE


def preprocessing():
    yield "no such interpolation", "Resizing", {"height": 4, "width": 4, "interpolation": "sharp"}, PICTURE
    yield "crop and pad", "Resizing", {
        "height": 4, "width": 4, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True,
    }, PICTURE
    yield "no such data_format", "Resizing", {"height": 4, "width": 4, "data_format": "first"}, PICTURE
    yield "an input of another rank", "CenterCrop", {"height": 4, "width": 4}, SIGNAL
    yield "no such mode", "RandomFlip", {"mode": "diagonal"}, PICTURE
    yield "no such fill_mode", "RandomRotation", {"factor": 0.1, "fill_mode": "mirror"}, PICTURE
    yield "no such interpolation", "RandomRotation", {"factor": 0.1, "interpolation": "sharp"}, PICTURE
    yield "bounds the other way round", "RandomRotation", {"factor": [0.2, -0.2]}, PICTURE
    yield "three bounds", "RandomZoom", {"height_factor": [0.1, 0.2, 0.3]}, PICTURE
    yield "more than all of it", "RandomTranslation", {"height_factor": 1.5, "width_factor": 0}, PICTURE
    yield "a factor above 1", "RandomContrast", {"factor": 1.5}, [8, 8, 3]
    yield "a factor above 1", "RandomBrightness", {"factor": 1.5}, [8, 8, 3]
    yield "mean without variance", "Normalization", {"mean": 1.0}, [4]
    yield "no such axis", "Normalization", {"axis": 7, "mean": 1.0, "variance": 1.0}, [4]


FAMILIES = [
    convolutions, poolings, shaping, dense, normalizations, regularization, merging, activations, preprocessing,
]


def attempt(class_name, config, calls):
    """The class of the exception, or None."""

    def tensors(shapes):
        is_listed = len(shapes) > 0 and isinstance(shapes[0], list)
        return [keras.Input(shape) for shape in shapes] if is_listed else keras.Input(shapes)

    keras.backend.clear_session()
    try:
        layer = getattr(keras.layers, class_name)(**config)
        for shapes in calls:
            layer(tensors(shapes))
    except Exception as error:
        return type(error).__name__
    return None


def make():
    cases = []
    for family in FAMILIES:
        for condition, class_name, config, *calls in family():
            refused = attempt(class_name, config, calls)
            cases.append(
                {"condition": condition, "class_name": class_name, "config": config, "calls": calls, "refused": refused}
            )
    write("refusals.json", cases)
