"""fixtures/penalties.json: values and gradients of regularizers, what constraints make of weights, and a training.

Regularizers and constraints are computed in float64 (OrthogonalRegularizer in float32). Each training is five steps of SGD on all samples at once, with
the loss before each step, the weights after the last, and what evaluate says then.
"""

import keras
import numpy as np
import tensorflow as tf

from fixture_format import array, generator, normal, write


def make():
    rng = generator("penalties")
    weights = {"matrix": normal(rng, (5, 4)), "kernel": normal(rng, (3, 2, 2, 4)), "bias": normal(rng, (4,))}
    weights["matrix"][:, 1] = 0  # a norm of 0
    r, c = keras.regularizers, keras.constraints

    def penalty(regularizer, *names):
        found = {}
        for name in names:
            # This one knows float32 only.
            orthogonal = isinstance(regularizer, r.OrthogonalRegularizer)
            w = tf.Variable(weights[name], dtype="float32" if orthogonal else "float64")
            with tf.GradientTape() as tape:
                value = regularizer(w)
            slope = tape.gradient(value, w).numpy()
            found[name] = {"value": float(value), "gradient": array(slope)}
        return {"kind": "regularizer", "serialized": r.serialize(regularizer), "weights": found}

    def constrained(constraint, *names):
        found = {name: array(np.array(constraint(tf.constant(weights[name], dtype="float64")))) for name in names}
        return {"kind": "constraint", "serialized": c.serialize(constraint), "weights": found}

    everything = ["matrix", "kernel", "bias"]
    cases = [
        penalty(r.L1(), *everything),
        penalty(r.L2(), *everything),
        penalty(r.L1(0.3), *everything),
        penalty(r.L2(0.25), *everything),
        penalty(r.L1L2(l1=0.1, l2=0.02), *everything),
        penalty(r.L1L2(l2=0.02), "matrix"),
        penalty(r.OrthogonalRegularizer(0.25), "matrix"),
        constrained(c.MaxNorm(), *everything),
        constrained(c.MaxNorm(0.75, axis=[0, 1, 2]), "kernel"),
        constrained(c.NonNeg(), *everything),
        constrained(c.UnitNorm(), *everything),
        constrained(c.UnitNorm(axis=[0, 1, 2]), "kernel"),
        constrained(c.MinMaxNorm(0.5, 0.75), *everything),
        constrained(c.MinMaxNorm(1.5, 2.5, rate=0.3, axis=[0, 1, 2]), "kernel"),
    ]
    # The cosine of a zero column has no gradient in TensorFlow: another matrix for "columns".
    weights["full"] = normal(rng, (5, 4))
    cases.append(penalty(r.OrthogonalRegularizer(0.25, mode="columns"), "full"))

    def training(name, options, **optimizer):
        x, y = normal(rng, (6, 5)).astype(np.float32), normal(rng, (6, 3)).astype(np.float32)
        model = keras.Sequential([
            keras.Input((5,)),
            keras.layers.Dense(4, **options),
            keras.layers.Dense(3, kernel_regularizer="l2"),
        ])
        start = [normal(rng, w.shape).astype(np.float32) for w in model.weights]
        model.set_weights(start)
        model.compile(optimizer=keras.optimizers.SGD(**optimizer), loss="mse")
        losses = [float(model.train_on_batch(x, y)) for _ in range(5)]
        return {
            "kind": "training",
            "name": name,
            "layer": model.layers[0].get_config(),
            "optimizer": optimizer,
            "x": array(x),
            "y": array(y),
            "start": [array(w) for w in start],
            "losses": losses,
            "evaluated": float(model.evaluate(x, y, batch_size=4, verbose=0)),
            "end": [array(w) for w in model.get_weights()],
        }

    cases += [
        training("kernel regularizer", {"kernel_regularizer": r.L2(0.1)}, learning_rate=0.1),
        training("bias regularizer", {"bias_regularizer": r.L1(0.1)}, learning_rate=0.02),
        training("activity regularizer", {"activity_regularizer": r.L1(0.1), "activation": "tanh"}, learning_rate=0.1),
        training("kernel constraint", {"kernel_constraint": c.MaxNorm(1.0)}, learning_rate=0.1),
        training("bias constraint", {"bias_constraint": c.NonNeg()}, learning_rate=0.1),
        training(
            "all of them, with an average",
            {
                "kernel_regularizer": r.L1L2(0.01, 0.02),
                "bias_regularizer": r.L2(0.3),
                "activity_regularizer": r.L2(0.05),
                "kernel_constraint": c.UnitNorm(),
                "bias_constraint": c.MinMaxNorm(0.1, 0.2, rate=0.5),
            },
            learning_rate=0.1,
            use_ema=True,
            ema_momentum=0.5,
            ema_overwrite_frequency=2,
        ),
    ]
    write("penalties.json", cases, weights={name: array(value) for name, value in weights.items()})
