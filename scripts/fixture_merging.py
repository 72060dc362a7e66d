"""fixtures/layers/: layers that take a list of tensors."""

import keras

from fixture_case import layer_case, write_cases
from fixture_layers import ties

layers = keras.layers


def merge(cls, rows):
    """`rows` of (shapes, config) or (shapes, config, values)."""
    cases = []
    for shapes, config, *values in rows:
        cases.append(layer_case(cls, config, shapes, *values, **({"note": "ties"} if values else {})))
    write_cases(cls, cases)


def elementwise():
    alike = [
        ([(2, 3), (2, 3)], {}),
        ([(2, 2, 3, 2), (2, 2, 3, 2), (2, 2, 3, 2)], {}),
        ([(2, 4, 4, 2), (2, 4, 4, 1)], {}),  # sizes of 1 go along
        ([(2, 1, 3), (2, 4, 1)], {}),
        ([(2, 3, 4), (2, 4)], {}),  # axes that are lacking go in front
        ([(2, 1, 1, 3), (2, 2, 3, 3)], {}),  # a gate for each channel
    ]
    single = [([(2, 3)], {})]
    broadcast_three = [([(2, 3, 1), (2, 1, 4), (2, 3, 4)], {})]
    merge(layers.Add, alike + single + broadcast_three)
    merge(layers.Subtract, [row for row in alike if len(row[0]) == 2])
    merge(layers.Multiply, alike + single + broadcast_three)
    merge(layers.Average, alike + single + broadcast_three)
    # on a tie the first gets the gradient
    tied = [([(2, 3, 4), (2, 3, 4)], {}, ties), ([(2, 3, 2), (2, 3, 2), (2, 3, 2)], {}, ties)]
    merge(layers.Maximum, alike + single + tied)
    merge(layers.Minimum, alike + single + tied)


def concatenate():
    merge(
        layers.Concatenate,
        [
            ([(2, 3), (2, 4)], {}),
            ([(2, 2, 3, 2), (2, 2, 3, 1)], {}),
            ([(1, 2, 3, 2), (1, 2, 3, 2), (1, 2, 3, 4)], {}),
            ([(2, 2, 3), (2, 4, 3)], {"axis": 1}),
            ([(2, 2, 3), (2, 4, 3)], {"axis": -2}),
            ([(2, 3, 1), (2, 3, 2)], {"axis": 2}),
            ([(1, 2, 2, 3), (1, 2, 1, 3)], {"axis": 2}),
            ([(2, 3)], {}),
        ],
    )


def dot():
    merge(
        layers.Dot,
        [
            ([(2, 3), (2, 3)], {"axes": 1}),
            ([(2, 3), (2, 3)], {"axes": -1, "normalize": True}),
            ([(2, 3, 4), (2, 3, 4)], {"axes": 2}),
            ([(2, 3, 4), (2, 3, 4)], {"axes": 1}),
            ([(2, 3, 4), (2, 4, 2)], {"axes": (2, 1)}),
            ([(2, 3, 4), (2, 5, 3)], {"axes": (1, 2)}),
            ([(2, 3, 4), (2, 5, 4)], {"axes": -1, "normalize": True}),
            ([(2, 4), (2, 3, 4)], {"axes": (1, 2)}),
            ([(2, 3, 4), (2, 3)], {"axes": (1, 1)}),
            ([(1, 2, 3, 4), (1, 4, 2)], {"axes": (3, 1)}),
            ([(1, 2, 3, 2), (1, 3, 2, 2)], {"axes": (2, 1)}),
            ([(2, 3, 4), (2, 2, 3)], {"axes": (1, 2), "normalize": True}),
            ([(2, 1), (2, 1)], {"axes": 1}),
        ],
    )


def make():
    elementwise()
    concatenate()
    dot()
