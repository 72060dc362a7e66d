"""fixtures/training.json: whole trainings with what `fit`, `evaluate` and the `_on_batch` calls said, and the weights after.

The model is `hidden` tanh units and one dense layer for each output, trained by SGD without shuffling. `fit` holds
Keras' arguments; arrays are given as names into `arrays` (or lists of names, one for each output). `batches`: the data
came from a generator of [x, y] or [x, y, sample_weight]. Models of several outputs run eagerly: compiled ones do not
know the size of a batch, and then Keras averages the losses of the outputs (not their sum) over batches.
"""

import keras
import numpy as np

from fixture_format import array, generator, normal, uniform, write

RATE = 0.125


def build(rng, inputs, hidden, outputs):
    x = keras.Input((inputs,), name="x")
    h = keras.layers.Dense(hidden, "tanh", name="hidden")(x)
    y = [keras.layers.Dense(units, activation, name=name)(h) for name, units, activation in outputs]
    model = keras.Model(x, y if len(y) > 1 else y[0])
    model.set_weights([normal(rng, tuple(w.shape), 0.5) for w in model.weights])
    return model


def serialized(value):
    """Losses and metrics as class and config; lists and names stay."""
    if isinstance(value, (keras.losses.Loss, keras.metrics.Metric)):
        config = {k: v for k, v in value.get_config().items() if k not in ("dtype", "name")}
        return {"class_name": type(value).__name__, "config": config}
    if isinstance(value, dict):
        return {k: serialized(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [serialized(v) for v in value]
    return value


def scenario(name, outputs, compiled, arrays, fit=None, batches=None, calls=(), inputs=4, hidden=5):
    rng = generator(f"training/{name}")
    model = build(rng, inputs, hidden, outputs)
    weights = [array(w) for w in model.get_weights()]
    arrays = {key: make(rng).astype(np.float32) for key, make in arrays.items()}
    # Before compiling: what is compiled may be built by a training.
    text = serialized(compiled)
    eager = len(outputs) > 1
    model.compile(optimizer=keras.optimizers.SGD(RATE), run_eagerly=eager, **compiled)

    def resolve(value):
        if isinstance(value, str) and value in arrays:
            return arrays[value]
        if isinstance(value, dict):
            return {k: resolve(v) for k, v in value.items()}
        return [resolve(v) for v in value] if isinstance(value, list) else value

    record = {
        "name": name,
        "inputs": inputs,
        "hidden": hidden,
        "outputs": [list(output) for output in outputs],
        "compile": text,
        "weights": weights,
        "arrays": {key: array(value) for key, value in arrays.items()},
    }
    if fit is not None:
        given = {key: resolve(value) for key, value in fit.items() if key != "class_weight"}
        if "class_weight" in fit:
            given["class_weight"] = {int(k): v for k, v in fit["class_weight"].items()}
        if isinstance(given.get("validation_data"), list):
            given["validation_data"] = tuple(given["validation_data"])
        if batches is not None:

            def endless():
                while True:
                    for batch in batches:
                        yield tuple(resolve(part) for part in batch)

            given["x"] = endless()
            record["batches"] = batches
        history = model.fit(**given, shuffle=False, verbose=0)
        record["fit"] = fit
        record["history"] = {key: [float(v) for v in values] for key, values in history.history.items()}
    record["calls"] = []
    for method, arguments in calls:
        given = [resolve(argument) for argument in arguments["given"]]
        options = {key: resolve(value) for key, value in arguments.items() if key != "given"}
        if "class_weight" in options:
            options["class_weight"] = {int(k): v for k, v in options["class_weight"].items()}
        silent = {"verbose": 0} if method == "evaluate" else {}
        logs = getattr(model, method)(*given, **options, **silent, return_dict=True)
        logs = {key: float(value) for key, value in logs.items()}
        record["calls"].append({"method": method, **arguments, "logs": logs})
    record["after"] = [array(w) for w in model.get_weights()]
    return record


def values(*shape):
    return lambda rng: normal(rng, shape)


def weights(*shape):
    return lambda rng: uniform(rng, 0, 2, shape)


def classes(n, count, *shape):
    return lambda rng: rng.integers(0, count, (n, *shape)).astype(np.float64)


def hot(n, count):
    return lambda rng: np.eye(count)[rng.integers(0, count, (n,))]


def scenarios():
    L, M = keras.losses, keras.metrics
    line, three = [("out", 2, "linear")], [("out", 3, "softmax")]
    yes, both = [("out", 1, "sigmoid")], [("a", 3, "softmax"), ("b", 2, "linear")]
    xy = {"x": values(10, 4), "y": values(10, 2)}
    sized = {"x": "x", "y": "y", "batch_size": 4, "epochs": 3}
    mae = {"loss": "mse", "metrics": ["mae"]}
    judged = [("evaluate", {"given": ["x", "y"], "batch_size": 3})]
    yield scenario("uneven batches", line, mae, xy, sized, calls=judged)
    yield scenario(
        "sample weights",
        line,
        {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse", "mae"]},
        {**xy, "w": weights(10)},
        {**sized, "sample_weight": "w"},
        calls=[("evaluate", {"given": ["x", "y"], "sample_weight": "w", "batch_size": 3}), *judged],
    )
    for reduction in ("sum", "mean_with_sample_weight"):
        yield scenario(
            f"sample weights, reduction {reduction}",
            line,
            {"loss": L.Huber(reduction=reduction), "metrics": ["mae"]},
            {**xy, "w": weights(10)},
            {**sized, "sample_weight": "w"},
        )

    def binary():
        area = M.AUC(num_thresholds=20, name="auc")
        return {"loss": "bce", "metrics": ["accuracy", area], "weighted_metrics": ["accuracy"]}

    two = {"0": 0.5, "1": 2.0}
    yield scenario(
        "class weights, two classes",
        yes,
        binary(),
        {"x": values(11, 4), "y": classes(11, 2, 1)},
        {**sized, "class_weight": two},
    )
    yield scenario(
        "class weights, two classes without the last axis",
        yes,
        {"loss": "bce", "metrics": ["accuracy"]},
        {"x": values(11, 4), "y": classes(11, 2)},
        {**sized, "class_weight": {"1": 3.0}},
    )
    yield scenario(
        "class weights, one-hot",
        three,
        {"loss": "categorical_crossentropy", "metrics": ["acc"], "weighted_metrics": ["categorical_accuracy"]},
        {"x": values(11, 4), "y": hot(11, 3)},
        {**sized, "class_weight": {"0": 0.25, "2": 1.5}},
    )
    yield scenario(
        "class weights, class numbers",
        three,
        {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "weighted_metrics": ["accuracy"]},
        {"x": values(11, 4), "y": classes(11, 3, 1)},
        {**sized, "class_weight": {"0": 0.25, "2": 1.5}, "validation_split": 0.3},
    )
    for loss, outputs, y in (("ce", yes, classes(9, 2, 1)), ("crossentropy", three, classes(9, 3))):
        given = {"x": values(9, 4), "y": y}
        yield scenario(f"{loss} for {outputs[0][2]}", outputs, {"loss": loss, "metrics": ["acc"]}, given, sized)
    pair = {"x": values(10, 4), "a": hot(10, 3), "b": values(10, 2), "v": weights(10), "w": weights(10)}
    two_losses = ["categorical_crossentropy", "mse"]
    of_both = {"x": "x", "y": ["a", "b"], "batch_size": 4, "epochs": 3}
    measured = {
        "metrics": {"b": ["mae", "mse"], "a": ["accuracy"]},
        "weighted_metrics": [[], ["mae"]],
    }
    yield scenario(
        "two outputs",
        both,
        {"loss": two_losses, "loss_weights": [0.5, 2.0], **measured},
        pair,
        of_both,
        calls=[("evaluate", {"given": ["x", ["a", "b"]], "batch_size": 7})],
    )
    named = {"a": "categorical_crossentropy", "b": "mse"}
    yield scenario(
        "two outputs by name, weights for each",
        both,
        {"loss": named, "loss_weights": {"b": 2.0, "a": 0.5}, **measured},
        pair,
        {**of_both, "sample_weight": ["v", "w"]},
        calls=[("test_on_batch", {"given": ["x", ["a", "b"]], "sample_weight": ["v", "w"]})],
    )
    yield scenario(
        "two outputs, weights for both",
        both,
        {"loss": two_losses, **measured},
        pair,
        {**of_both, "sample_weight": "w", "validation_split": 0.4},
    )
    yield scenario("two outputs, one loss", both, {"loss": [None, "mse"], "metrics": [["accuracy"], []]}, pair, of_both)
    held = {**xy, "vx": values(7, 4), "vy": values(7, 2), "vw": weights(7), "w": weights(10)}
    weighed = {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse"]}
    for every in (2, [1, 3]):
        yield scenario(
            f"validation {every}",
            line,
            weighed,
            held,
            {
                **sized,
                "epochs": 4,
                "sample_weight": "w",
                "validation_data": ["vx", "vy", "vw"],
                "validation_freq": every,
                "validation_batch_size": 3,
            },
        )
    yield scenario(
        "validation in some steps",
        line,
        weighed,
        held,
        {**sized, "validation_data": ["vx", "vy"], "validation_steps": 2},
    )
    yield scenario("validation split of weights", line, weighed, held, {**sized, "sample_weight": "w", "validation_split": 0.25})
    yield scenario("steps of an epoch", line, mae, xy, {**sized, "batch_size": 2, "steps_per_epoch": 2, "epochs": 5})
    yield scenario("steps of an epoch decide the batch", line, mae, xy, {"x": "x", "y": "y", "steps_per_epoch": 3, "epochs": 3})
    yield scenario("from a later epoch", line, mae, xy, {**sized, "initial_epoch": 1})
    parts = {
        "x0": values(3, 4), "y0": values(3, 2), "w0": weights(3),
        "x1": values(5, 4), "y1": values(5, 2), "w1": weights(5),
        "x2": values(2, 4), "y2": values(2, 2), "w2": weights(2),
    }  # fmt: skip
    batches = [[f"x{i}", f"y{i}", f"w{i}"] for i in range(3)]
    yield scenario(
        "batches from a generator",
        line,
        weighed,
        {**parts, "vx": values(7, 4), "vy": values(7, 2)},
        {"steps_per_epoch": 2, "epochs": 4, "validation_data": ["vx", "vy"], "validation_batch_size": 4},
        batches=batches,
    )
    yield scenario(
        "metrics of many kinds",
        three,
        {
            "loss": L.CategoricalFocalCrossentropy(),
            "metrics": [
                M.AUC(curve="PR", name="auc"),
                M.Precision(name="precision"),
                M.Recall(thresholds=0.3, name="recall"),
                M.F1Score(average="macro"),
                M.TopKCategoricalAccuracy(k=2),
                M.OneHotMeanIoU(num_classes=3, name="one_hot_mean_io_u"),
                M.CosineSimilarity(),
                M.RootMeanSquaredError(),
                "mse",
                "mse",
            ],
        },
        {"x": values(13, 4), "y": hot(13, 3)},
        {**sized, "validation_split": 0.3},
    )
    yield scenario(
        "losses over the batch",
        [("out", 3, "sigmoid")],
        {"loss": L.Dice(), "metrics": [M.Hinge(), M.SquaredHinge()]},
        {"x": values(10, 4), "y": lambda rng: rng.integers(0, 2, (10, 3)).astype(np.float64), "w": weights(10)},
        {**sized, "sample_weight": "w"},
    )
    weighted = {"given": ["x", "y"], "sample_weight": "w"}
    yield scenario(
        "on batches",
        line,
        weighed,
        {**xy, "w": weights(10)},
        calls=[
            ("train_on_batch", weighted),
            ("train_on_batch", {"given": ["x", "y"]}),
            ("test_on_batch", weighted),
            ("test_on_batch", {"given": ["x", "y"]}),
        ],
    )
    yield scenario(
        "on batches, class weights",
        yes,
        binary(),
        {"x": values(6, 4), "y": classes(6, 2, 1)},
        calls=[("train_on_batch", {"given": ["x", "y"], "class_weight": two})] * 2,
    )


def make():
    write("training.json", list(scenarios()), learning_rate=RATE)
