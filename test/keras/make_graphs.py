"""Makes random functional graphs in Keras, saved with random weights, and what they answer.

    make_graphs.py FOLDER SEED COUNT

For each graph i: i.keras and i.npz (x_0, … and y_0, …); graphs.json says what each is made of. Every graph follows from
SEED + i alone. Graphs whose answers a change of 1e-6 in the inputs changes by more than 1e-5 are made again: float32
itself would make them differ.
"""

import json
import os
import random
import re
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
from keras import layers, ops

MOST = 3000  # cells of a tensor
BATCH = 2

ACTIVATIONS = [
    None, None, "relu", "relu6", "sigmoid", "tanh", "elu", "selu", "gelu", "silu", "softplus", "softsign", "softmax",
    "hard_sigmoid", "hard_silu", "leaky_relu", "log_softmax", "mish", "celu", "tanh_shrink", "squareplus", "exponential",
]  # fmt: skip


class Maker:
    """One graph. A layer is chosen among those that fit a tensor; `pick` draws everything."""

    def __init__(self, seed, must):
        self.pick = random.Random(seed)
        self.tensors = []
        self.used = set()
        self.kinds = []
        self.must = must

    def yes(self, chance=0.5):
        return self.pick.random() < chance

    def act(self):
        return self.pick.choice(ACTIVATIONS)

    def per_axis(self, n, low, high):
        if self.yes():
            return self.pick.randint(low, high)
        return tuple(self.pick.randint(low, high) for _ in range(n))

    def windows(self, n, space, most=3):
        """Kernel, strides and padding that fit."""
        kernel = tuple(self.pick.randint(1, max(1, min(most, size))) for size in space)
        strides = tuple(self.pick.randint(1, 2) for _ in range(n))
        return kernel, strides, self.pick.choice(["valid", "same"])

    # ---- layers for one tensor of the shape s, the batch not counted; None where there is none ----

    def options(self, s):
        n = len(s) - 1
        out = {
            "Dense": lambda: layers.Dense(self.pick.randint(1, 8), activation=self.act(), use_bias=self.yes(0.8)),
            "Activation": lambda: layers.Activation(self.pick.choice(ACTIVATIONS[2:])),
            "ReLU": lambda: layers.ReLU(
                max_value=self.pick.choice([None, 1.5]), negative_slope=self.pick.choice([0.0, 0.2]), threshold=0.1
            ),
            "LeakyReLU": lambda: layers.LeakyReLU(negative_slope=0.15),
            "ELU": lambda: layers.ELU(alpha=0.7),
            "Identity": lambda: layers.Identity(),
            "PReLU": lambda: layers.PReLU(shared_axes=[1] if len(s) > 1 and self.yes() else None),
            "Softmax": lambda: layers.Softmax(axis=-1),
            "BatchNormalization": lambda: layers.BatchNormalization(
                epsilon=0.01, momentum=0.9, scale=self.yes(), center=self.yes()
            ),
            "LayerNormalization": lambda: layers.LayerNormalization(epsilon=0.05, scale=self.yes(), center=self.yes()),
            "UnitNormalization": lambda: layers.UnitNormalization(),
            "RMSNormalization": lambda: layers.RMSNormalization(epsilon=0.05),
            "Dropout": lambda: layers.Dropout(0.3),
            "GaussianNoise": lambda: layers.GaussianNoise(0.1),
            "GaussianDropout": lambda: layers.GaussianDropout(0.2),
            "AlphaDropout": lambda: layers.AlphaDropout(0.2),
            "ActivityRegularization": lambda: layers.ActivityRegularization(l1=0.01, l2=0.02),
            "Rescaling": lambda: layers.Rescaling(0.5, offset=0.1),
            "Flatten": lambda: layers.Flatten(),
        }
        if s[-1] % 2 == 0:
            out["GroupNormalization"] = lambda: layers.GroupNormalization(groups=2, epsilon=0.05)
        if len(s) == 1:
            out["RepeatVector"] = lambda: layers.RepeatVector(self.pick.randint(2, 4))
            out["Normalization"] = lambda: layers.Normalization(axis=-1)
        if len(s) > 1:
            out["Permute"] = lambda: layers.Permute(self.pick.sample(range(1, len(s) + 1), len(s)))
            out["Reshape"] = lambda: layers.Reshape((*s[1:], s[0]) if self.yes() else (-1, s[-1]))
        if 2 <= len(s) <= 4:
            out.update(self.spatial(n, s))
        return out

    def spatial(self, n, s):
        kernel, strides, padding = self.windows(n, s[:-1])
        dilated = self.yes(0.3) and padding == "same"
        activation, bias = self.act(), self.yes(0.8)
        conv = {"activation": activation, "use_bias": bias}
        groups = 2 if s[-1] % 2 == 0 and self.yes(0.3) else 1
        filters = self.pick.randint(1, 3) * groups
        unit = (1,) * n
        d = f"{n}D"
        get = lambda name: getattr(layers, name + d)
        pool = {"pool_size": kernel, "strides": self.pick.choice([None, strides]), "padding": padding}
        out = {
            f"Conv{d}": lambda: get("Conv")(
                filters, kernel, unit if dilated else strides, padding, dilation_rate=2 if dilated else 1, groups=groups, **conv
            ),
            f"Conv{d}Transpose": lambda: getattr(layers, f"Conv{d}Transpose")(
                self.pick.randint(1, 3), kernel, strides, padding, **conv
            ),
            f"MaxPooling{d}": lambda: get("MaxPooling")(**pool),
            f"AveragePooling{d}": lambda: get("AveragePooling")(**pool),
            f"GlobalMaxPooling{d}": lambda: get("GlobalMaxPooling")(keepdims=self.yes()),
            f"GlobalAveragePooling{d}": lambda: get("GlobalAveragePooling")(keepdims=self.yes()),
            f"AdaptiveMaxPooling{d}": lambda: get("AdaptiveMaxPooling")(self.pick.randint(1, min(s[:-1]))),
            f"AdaptiveAveragePooling{d}": lambda: get("AdaptiveAveragePooling")(self.pick.randint(1, min(s[:-1]))),
            f"UpSampling{d}": lambda: get("UpSampling")(2),
            f"ZeroPadding{d}": lambda: get("ZeroPadding")(self.pick.randint(1, 2)),
            f"SpatialDropout{d}": lambda: get("SpatialDropout")(0.2),
        }
        if min(s[:-1]) > 2:
            out[f"Cropping{d}"] = lambda: get("Cropping")(1)
        if n == 1:
            out["Conv1D"] = lambda: layers.Conv1D(
                filters, kernel, unit if dilated else strides, self.pick.choice([padding, "causal"]),
                dilation_rate=2 if dilated else 1, **conv,
            )  # fmt: skip
        if n < 3:
            # TensorFlow has these with equal strides only.
            same = (strides[0],) * n
            depth = {"padding": padding, "depth_multiplier": self.pick.randint(1, 2), **conv}
            out[f"DepthwiseConv{d}"] = lambda: get("DepthwiseConv")(kernel, same, **depth)
            out[f"SeparableConv{d}"] = lambda: get("SeparableConv")(self.pick.randint(1, 4), kernel, same, **depth)
        if n == 2:
            size = self.pick.randint(2, 7), self.pick.randint(2, 7)
            out["Resizing"] = lambda: layers.Resizing(*size, interpolation=self.pick.choice(["bilinear", "nearest"]))
            out["CenterCrop"] = lambda: layers.CenterCrop(max(1, s[0] - 1), max(1, s[1] - 2))
            out["UpSampling2D"] = lambda: layers.UpSampling2D(
                (2, 2), interpolation=self.pick.choice(["nearest", "bilinear"])
            )
            for name in ["RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness"]:
                argument = "horizontal" if name == "RandomFlip" else 0.2
                out[name] = lambda name=name, argument=argument: getattr(layers, name)(argument)
            out["RandomTranslation"] = lambda: layers.RandomTranslation(0.2, 0.1)
        return out

    def op(self, x):
        """An op of keras.ops, or an operator of Python."""
        s = x.shape[1:]
        return self.pick.choice(
            [
                lambda: x * 0.5 + 1,
                lambda: 1 - x,
                lambda: ops.square(x) / (1 + ops.abs(x)),
                lambda: ops.maximum(x, 0.1),
                lambda: ops.minimum(x, np.linspace(0, 1, s[-1]).astype("float32")),
                lambda: ops.mean(x, axis=-1, keepdims=True),
                lambda: ops.sum(x, axis=1, keepdims=True),
                lambda: ops.max(x, axis=1, keepdims=True),
                lambda: ops.tanh(x) - ops.sigmoid(x),
                lambda: ops.sin(x) + ops.exp(-ops.abs(x)),
                lambda: ops.reshape(x, (-1, int(np.prod(s)))),
                lambda: ops.expand_dims(x, -1) if len(s) < 3 else x + 0,
                lambda: x[..., ::-1],
                lambda: x[:, : max(1, s[0] - 1)],
                lambda: ops.concatenate([x, -x], axis=1),
                lambda: ops.relu(x) + ops.softplus(x),
                lambda: ops.gelu(x),
            ]
        )()

    # ---- the graph ----

    def take(self):
        """A tensor, mostly one of the last that nothing has used."""
        fresh = [t for t in self.tensors if id(t) not in self.used]
        return self.pick.choice(fresh) if fresh and self.yes(0.8) else self.pick.choice(self.tensors)

    def keep(self, kind, inputs, y):
        for output in y if isinstance(y, (list, tuple)) else [y]:
            if output.shape[1:] == () or any(n is None for n in output.shape[1:]):
                raise ValueError("no shape")
            if np.prod(output.shape[1:]) > MOST:
                raise ValueError("too large")
            self.tensors.append(output)
        self.used.update(id(t) for t in inputs)
        self.kinds.append(kind)

    def merge(self):
        x = self.take()
        same = [t for t in self.tensors if t.shape == x.shape and t is not x]
        name = self.pick.choice(
            ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"]
            if not self.must or self.must not in MERGES
            else [self.must]
        )
        if not same:
            other = layers.Dense(x.shape[-1], activation="tanh")
            y = other(x)
            self.keep("Dense", [x], y)
            same = [y]
        xs = [x, *self.pick.sample(same, 1 if name in ("Subtract", "Dot") else self.pick.randint(1, min(2, len(same))))]
        if name == "Dot":
            last = len(x.shape) - 1
            layer = layers.Dot(axes=last, normalize=False)
            if last > 2:
                raise ValueError("too many axes")
        elif name == "Concatenate":
            layer = layers.Concatenate(axis=self.pick.choice([-1, 1]))
        else:
            layer = getattr(layers, name)()
        self.keep(name, xs, layer(xs))

    def inner(self):
        """A model inside: functional or a row."""
        x = self.take()
        shape = tuple(x.shape[1:])
        if self.yes():
            model = keras.Sequential([layers.Dense(shape[-1], activation="tanh"), layers.LeakyReLU()])
            kind = "Sequential"
        else:
            z = keras.Input(shape)
            model = keras.Model(z, layers.Add()([z, layers.Dense(shape[-1], activation="relu")(z)]))
            kind = "Functional"
        y = model(x)
        self.keep(kind, [x], y)
        if self.yes():
            self.keep(f"{kind} again", [y], model(y))

    def again(self):
        """A layer that keeps the shape, called twice."""
        x = self.take()
        layer = layers.Dense(x.shape[-1], activation="tanh")
        y = layer(x)
        self.keep("Dense", [x], y)
        self.keep("Dense again", [y], layer(y))

    def single(self, name=None):
        x = self.take()
        options = self.options(tuple(x.shape[1:]))
        if name is not None and name not in options:
            raise ValueError("does not fit")
        name = name or self.pick.choice(sorted(options))
        layer = options[name]()
        if name == "Normalization":
            layer.adapt(np.random.default_rng(self.pick.randint(0, 99)).normal(size=(9, *x.shape[1:])))
        self.keep(name, [x], layer(x))

    def make(self):
        pick = self.pick
        shapes = [(6,), (5, 4), (8, 3), (6, 5, 2), (7, 7, 3), (4, 3, 4, 2)]
        inputs = [keras.Input(pick.choice(shapes)) for _ in range(1 if self.yes(0.75) else 2)]
        spatial = re.search(r"(\d)D", self.must or "")
        if spatial:
            inputs = [keras.Input({"1": (8, 4), "2": (7, 6, 4), "3": (4, 5, 4, 2)}[spatial[1]])]
        elif self.must in ("Resizing", "CenterCrop") or (self.must or "").startswith("Random"):
            inputs = [keras.Input((7, 6, 2))]
        elif self.must in ("RepeatVector", "Normalization"):
            inputs = [keras.Input((6,))]
        elif self.must in ("Permute", "Reshape", "GroupNormalization"):
            inputs = [keras.Input((6, 4))]
        self.tensors.extend(inputs)
        if self.must in MERGES:
            self.merge()
        elif self.must:
            self.single(self.must)
        self.must = None
        size = pick.randint(3, 15)
        for _ in range(100):
            if len(self.kinds) >= size:
                break
            try:
                chance = pick.random()
                if chance < 0.15:
                    self.merge()
                elif chance < 0.22:
                    self.inner()
                elif chance < 0.27:
                    self.again()
                elif chance < 0.4:
                    x = self.take()
                    self.keep("op", [x], self.op(x))
                else:
                    self.single()
            except (ValueError, TypeError):  # does not fit
                pass
        ends = [t for t in self.tensors if id(t) not in self.used]
        return keras.Model(inputs, ends[0] if len(ends) == 1 else ends, name="graph")


MERGES = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"]


def give_weights(model, rng):
    for weight in model.weights:
        shape = tuple(weight.shape)
        if weight.name in ("mean", "variance", "count"):  # of Normalization, which has taken them from data
            continue
        if "variance" in weight.name or weight.name in ("gamma", "scale"):
            value = rng.uniform(0.5, 1.5, shape)
        else:
            fan = np.prod(shape[:-1]) if len(shape) > 1 else 4
            value = rng.normal(0, max(fan, 1) ** -0.5, shape)
        weight.assign(value.astype("float32"))


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def graph(seed, must):
    for attempt in range(200):
        keras.backend.clear_session()
        maker = Maker(seed * 1000 + attempt, must)
        try:
            model = maker.make()
        except (ValueError, TypeError):
            continue
        rng = np.random.default_rng(seed)
        give_weights(model, rng)
        xs = [rng.uniform(-1, 1, (BATCH, *x.shape[1:])).astype("float32") for x in model.inputs]
        try:
            ys = [np.asarray(y) for y in listed(model(xs, training=False))]
        except Exception:  # TensorFlow has not everything on a CPU
            continue
        near = [x * (1 + rng.uniform(-1e-6, 1e-6, x.shape)).astype("float32") for x in xs]
        others = [np.asarray(y) for y in listed(model(near, training=False))]
        if all(
            np.isfinite(a).all() and 1e-6 < np.abs(a).max() < 1e6 and np.abs(a - b).max() < 1e-5 * np.abs(a).max()
            for a, b in zip(ys, others, strict=True)
        ):
            return model, xs, ys, maker.kinds
    raise AssertionError(f"no graph from seed {seed} with {must}")


def numbered(letter, values):
    return {f"{letter}_{i}": value for i, value in enumerate(values)}


def main():
    folder, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    probe = Maker(0, None)
    every = sorted({name for s in [(6,), (6, 4), (6, 6, 2), (6, 6, 6, 2)] for name in probe.options(s)} | set(MERGES))
    told = []
    for i in range(count):
        model, xs, ys, kinds = graph(seed + i, every[i % len(every)])
        model.save(f"{folder}/{i}.keras")
        np.savez(f"{folder}/{i}.npz", **numbered("x", xs), **numbered("y", ys))
        told.append({"seed": seed + i, "kinds": kinds})
    with open(f"{folder}/graphs.json", "w", encoding="utf-8") as file:
        json.dump({"graphs": told, "every": every}, file)


if __name__ == "__main__":
    main()
