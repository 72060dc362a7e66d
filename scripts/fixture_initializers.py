"""fixtures/initializers.json: fans, bounds and spread of the initial weights.

`mean`, `stddev`, `minimum` and `maximum` are those of the distribution (null: no bound). `drawn` is what Keras drew
with that initializer: one tensor of that shape or, where it is small, up to 200 of them.
"""

import math

import keras
import numpy as np
from keras.src.initializers.random_initializers import compute_fans

from fixture_format import write

SHAPES = {
    "dense 784 to 32": (784, 32),
    "dense 5 to 3": (5, 3),
    "dense 1 to 1": (1, 1),
    "conv 3x3, 1 to 16": (3, 3, 1, 16),
    "conv 3x3, 16 to 8": (3, 3, 16, 8),
    "conv 2x5, 3 to 4": (2, 5, 3, 4),
    "conv 1x1, 8 to 20": (1, 1, 8, 20),
    "bias 16": (16,),
}
CUT = 0.87962566103423978  # the standard deviation of a normal distribution cut at two standard deviations


def expected(name, fan_in, fan_out):
    """Mean, stddev, minimum, maximum of the distribution."""
    if name in ("zeros", "ones"):
        value = float(name == "ones")
        return value, 0.0, value, value
    if name == "random_uniform":
        return 0.0, 0.05 / math.sqrt(3), -0.05, 0.05
    if name == "random_normal":
        return 0.0, 0.05, None, None
    if name == "truncated_normal":
        return 0.0, 0.05 * CUT, -0.1, 0.1
    family, kind = name.split("_")
    variance = {"glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in, "lecun": 1 / fan_in}[family]
    stddev = math.sqrt(variance)
    bound = math.sqrt(3) * stddev if kind == "uniform" else 2 * stddev / CUT
    return 0.0, stddev, -bound, bound


def make():
    names = [f"{family}_{kind}" for family in ("glorot", "he", "lecun") for kind in ("uniform", "normal")]
    names += ["random_uniform", "random_normal", "truncated_normal", "zeros", "ones"]
    cases = []
    for name in names:
        for place, shape in SHAPES.items():
            fan_in, fan_out = compute_fans(shape)
            mean, stddev, minimum, maximum = expected(name, fan_in, fan_out)
            cls = type(keras.initializers.get(name))
            draws = max(1, 4000 // math.prod(shape)) if stddev else 1
            draws = min(draws, 200)
            values = [cls(**({"seed": seed} if stddev else {}))(shape).numpy() for seed in range(1, draws + 1)]
            values = np.concatenate([value.reshape(-1) for value in values]).astype(np.float64)
            if stddev:
                tolerance = 5 / math.sqrt(values.size)
                assert abs(values.mean() - mean) < tolerance * stddev, (name, shape)
                assert abs(values.std() / stddev - 1) < tolerance, (name, shape, values.std(), stddev)
            if minimum is not None:
                assert minimum - 1e-6 <= values.min() and values.max() <= maximum + 1e-6, (name, shape)
            cases.append(
                {
                    "name": f"{name}, {place}",
                    "class_name": cls.__name__,
                    "identifier": name,
                    "shape": list(shape),
                    "fan_in": fan_in,
                    "fan_out": fan_out,
                    "mean": mean,
                    "stddev": stddev,
                    "minimum": minimum,
                    "maximum": maximum,
                    "drawn": {
                        "count": values.size,
                        "mean": round(float(values.mean()), 7),
                        "stddev": round(float(values.std()), 7),
                        "minimum": round(float(values.min()), 7),
                        "maximum": round(float(values.max()), 7),
                    },
                }
            )
    write("initializers.json", cases)
