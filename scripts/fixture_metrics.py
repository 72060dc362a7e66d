"""fixtures/metrics.json: metrics over several batches, with and without sample weights.

Every case is fed in batches of `batch_size`, the last one smaller; `result` is what the metric says after all of them.
`names` maps every name that keras.metrics.get knows to its class.
"""

import keras
import numpy as np

from fixture_format import array, generator, normal, uniform, write

M = keras.metrics


def metric_case(name, cls, config, targets, predictions, weight=None, batch_size=4, dtype=None):
    metric = cls(**config, **({} if dtype is None else {"dtype": dtype}))
    for i in range(0, len(targets), batch_size):
        part = slice(i, i + batch_size)
        metric.update_state(
            targets[part].astype(np.float32),
            predictions[part].astype(np.float32),
            None if weight is None else weight[part].astype(np.float32),
        )
    result = np.asarray(metric.result(), np.float64)
    assert np.all(np.isfinite(result)), name
    return {
        "name": name,
        "class_name": cls.__name__,
        "config": config,
        "batch_size": batch_size,
        "targets": array(targets),
        "predictions": array(predictions),
        "sample_weight": None if weight is None else array(weight),
        "result": result.tolist(),
    }


def one_hot(rng, shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def bits(rng, shape):
    return rng.integers(0, 2, shape).astype(np.float64)


def shares(rng, shape):
    p = uniform(rng, 0.05, 1, shape)
    return (p / p.sum(-1, keepdims=True)).astype(np.float32).astype(np.float64)


def below(low, high):
    return lambda rng, shape: uniform(rng, low, high, shape)


def labels(classes):
    return lambda rng, shape: rng.integers(0, classes, shape).astype(np.float64)


def table():
    """Class, variants of its arguments, targets, predictions, shapes."""
    two, three, column = (10, 3), (6, 2, 4), (9, 1)
    scores, unit = normal, below(0, 1)
    positive = below(0.1, 3)
    yield M.MeanSquaredError, [{}], scores, scores, [two, three, column]
    yield M.RootMeanSquaredError, [{}], scores, scores, [two, three]
    yield M.MeanAbsoluteError, [{}], scores, scores, [two, three]
    yield M.MeanAbsolutePercentageError, [{}], positive, positive, [two]
    yield M.MeanSquaredLogarithmicError, [{}], positive, positive, [two]
    yield M.CosineSimilarity, [{}, {"axis": 1}], scores, scores, [two, three]
    yield M.LogCoshError, [{}], scores, scores, [two]
    yield M.R2Score, [{}, {"class_aggregation": None}, {"num_regressors": 2}], scores, scores, [two]
    yield M.R2Score, [{"class_aggregation": "variance_weighted_average"}], scores, scores, [two, column]
    yield M.PearsonCorrelation, [{}], scores, scores, [two, three]
    yield M.ConcordanceCorrelation, [{}], scores, scores, [two, three]
    yield M.BinaryCrossentropy, [{}, {"label_smoothing": 0.2}], bits, below(0.05, 0.95), [two, three]
    yield M.BinaryCrossentropy, [{"from_logits": True}], bits, scores, [two]
    yield M.CategoricalCrossentropy, [{}, {"label_smoothing": 0.2}], one_hot, shares, [two, three]
    yield M.CategoricalCrossentropy, [{"from_logits": True}], one_hot, scores, [two]
    yield M.KLDivergence, [{}], shares, shares, [two]
    yield M.Poisson, [{}], positive, positive, [two]
    yield M.Hinge, [{}], bits, scores, [two]
    yield M.SquaredHinge, [{}], bits, scores, [two]
    yield M.CategoricalHinge, [{}], one_hot, scores, [two]
    yield M.Accuracy, [{}], labels(3), labels(3), [two, column]
    yield M.BinaryAccuracy, [{}, {"threshold": 0.3}], bits, unit, [two, three, column]
    yield M.CategoricalAccuracy, [{}], one_hot, shares, [two, three]
    yield M.TopKCategoricalAccuracy, [{"k": 1}, {"k": 2}], one_hot, unit, [two, three]
    for cls in (M.TruePositives, M.FalsePositives, M.TrueNegatives, M.FalseNegatives):
        yield cls, [{}, {"thresholds": [0.2, 0.5, 0.9]}], bits, unit, [two]
    for cls in (M.Precision, M.Recall):
        several = {"thresholds": [0.1, 0.4, 0.7, 0.95]}
        yield cls, [{}, several, {"class_id": 1}, {"top_k": 2}, {"top_k": 1, "class_id": 0}], bits, unit, [two]
        yield cls, [{"thresholds": 0.7}, {"top_k": 2, "thresholds": 0.3}], bits, unit, [two, (5, 4)]
        yield cls, [{}, {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}], bits, unit, [column]
    yield M.SensitivityAtSpecificity, [{"specificity": 0.5}, {"specificity": 0.8, "num_thresholds": 7}], bits, unit, [two]
    yield M.SpecificityAtSensitivity, [{"sensitivity": 0.6}, {"sensitivity": 0.3, "class_id": 2}], bits, unit, [two]
    yield M.PrecisionAtRecall, [{"recall": 0.6}, {"recall": 0.4, "num_thresholds": 1}], bits, unit, [two]
    yield M.RecallAtPrecision, [{"precision": 0.5}], bits, unit, [two, column]
    curves = [
        {"curve": curve, "summation_method": method}
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "minoring", "majoring")
    ]
    yield M.AUC, [{}, *curves, {"num_thresholds": 11}, {"thresholds": [0.1, 0.33, 0.8]}], bits, unit, [two]
    yield M.AUC, [{"multi_label": True}, {"multi_label": True, "label_weights": [1.0, 0.5, 2.0]}], bits, unit, [two]
    yield M.AUC, [{"label_weights": [1.0, 0.5, 2.0]}, {"curve": "PR", "multi_label": True}], bits, unit, [two]
    yield M.AUC, [{"from_logits": True}, {}], bits, scores, [column]
    for average in (None, "micro", "macro", "weighted"):
        yield M.F1Score, [{"average": average}, {"average": average, "threshold": 0.4}], bits, unit, [two]
    yield M.FBetaScore, [{"beta": 2.0}, {"beta": 0.5, "average": "macro", "threshold": 0.6}], one_hot, unit, [two]
    some = {"num_classes": 4, "target_class_ids": [0, 2]}
    yield M.IoU, [some, {**some, "ignore_class": 1}], labels(4), labels(4), [two, three]
    yield M.MeanIoU, [{"num_classes": 4}, {"num_classes": 5, "ignore_class": 0}], labels(4), labels(4), [two, three]
    yield M.BinaryIoU, [{}, {"target_class_ids": [1], "threshold": 0.3}], bits, unit, [two]
    wide = {"num_classes": 4, "target_class_ids": [0, 3]}
    yield M.OneHotIoU, [wide], one_hot, unit, [three]
    yield M.OneHotMeanIoU, [{"num_classes": 4}, {"num_classes": 4, "ignore_class": 2}], one_hot, unit, [three]


def cases():
    weightless = (M.PearsonCorrelation, M.ConcordanceCorrelation)
    for row, (cls, variants, targets, predictions, shapes) in enumerate(table()):
        for config in variants:
            for shape in shapes:
                rng = generator(f"metrics/{cls.__name__}/{row}/{config}/{shape}")
                t, p = targets(rng, shape), predictions(rng, shape)
                name = f"{cls.__name__} {config} {row} {'x'.join(map(str, shape))}"
                yield metric_case(name, cls, config, t, p)
                if cls in weightless:
                    continue
                # Keras cuts the weights of these to whole numbers, unless told to count in floats.
                dtype = "float32" if "IoU" in cls.__name__ else None
                cells = shape[:-1] if "OneHot" in cls.__name__ else shape
                weight = uniform(rng, 0, 2, cells if dtype else shape[:1])
                yield metric_case(f"{name} weighted", cls, config, t, p, weight, dtype=dtype)
    for shape, classes in (((10,), 3), ((6, 2), 4)):
        text = "x".join(map(str, shape))
        rng = generator(f"metrics/sparse/{text}")
        t, p, z = labels(classes)(rng, shape), shares(rng, (*shape, classes)), normal(rng, (*shape, classes))
        weight = uniform(rng, 0, 2, shape)
        sparse = [
            (M.SparseCategoricalAccuracy, {}, p),
            (M.SparseTopKCategoricalAccuracy, {"k": 2}, p),
            (M.SparseCategoricalCrossentropy, {}, p),
            (M.SparseCategoricalCrossentropy, {"from_logits": True}, z),
            (M.SparseCategoricalCrossentropy, {"ignore_class": 1}, p),
        ]
        for cls, config, prediction in sparse:
            name = f"{cls.__name__} {config} {text}"
            yield metric_case(name, cls, config, t, prediction)
            yield metric_case(f"{name} weighted", cls, config, t, prediction, weight)
    rng = generator("metrics/weights")
    t, p = normal(rng, (6, 2, 4)), normal(rng, (6, 2, 4))
    for cls in (M.MeanAbsoluteError, M.RootMeanSquaredError):
        for shape in ((6, 1), (6, 2)):
            weight = uniform(rng, 0, 2, shape)
            yield metric_case(f"{cls.__name__} weights {shape}", cls, {}, t, p, weight)
    ids = np.stack([rng.permutation(5) for _ in range(8)]).astype(np.float64)
    config = {"k": 2, "from_sorted_ids": True}
    yield metric_case("sorted ids", M.SparseTopKCategoricalAccuracy, config, labels(5)(rng, (8,)), ids)
    t, p = bits(rng, (10, 3)), np.round(uniform(rng, 0, 1, (10, 3)) * 10) / 10
    for cls, config in (
        (M.AUC, {"num_thresholds": 11}),
        (M.Precision, {"top_k": 1}),
        (M.Recall, {"thresholds": [0.0, 0.5, 1.0]}),
        (M.BinaryIoU, {}),
        (M.F1Score, {}),
        (M.TopKCategoricalAccuracy, {"k": 1}),
        (M.SensitivityAtSpecificity, {"specificity": 0.5, "num_thresholds": 11}),
    ):
        yield metric_case(f"{cls.__name__} {config} on thresholds and ties", cls, config, t, p)
    zeros = np.zeros((4, 3))
    for cls in (M.Precision, M.Recall, M.AUC, M.F1Score, M.BinaryIoU, M.MeanSquaredError):
        weight = np.zeros((4, 3) if cls is M.BinaryIoU else (4,))
        yield metric_case(f"{cls.__name__} of nothing", cls, {}, zeros, zeros, weight)


def make():
    from keras.src.metrics import ALL_OBJECTS_DICT

    write("metrics.json", list(cases()), names={name: cls.__name__ for name, cls in sorted(ALL_OBJECTS_DICT.items())})
