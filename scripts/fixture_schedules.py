"""fixtures/schedules.json: the learning rate of every schedule at the iterations at the top of the file, in float32."""

import keras
import numpy as np

from fixture_format import array, write

ITERATIONS = [*range(0, 64), 99, 100, 101, 127, 128, 149, 150, 151, 255, 256, 999, 1000, 1001, 12345, 1000000]


def make():
    s = keras.optimizers.schedules

    def case(cls, **config):
        schedule = cls(**config)
        values = [np.float32(schedule(np.int64(i))) for i in ITERATIONS]
        return {
            "class_name": cls.__name__,
            "config": config,
            "serialized": s.serialize(schedule),
            "values": array(np.array(values, np.float32)),
        }

    lr = {"initial_learning_rate": 0.1}
    cases = [
        case(s.ExponentialDecay, **lr, decay_steps=10, decay_rate=0.5),
        case(s.ExponentialDecay, **lr, decay_steps=10, decay_rate=0.5, staircase=True),
        case(s.ExponentialDecay, **lr, decay_steps=100000, decay_rate=0.96),
        case(s.InverseTimeDecay, **lr, decay_steps=10, decay_rate=0.5),
        case(s.InverseTimeDecay, **lr, decay_steps=7, decay_rate=0.3, staircase=True),
        case(s.PiecewiseConstantDecay, boundaries=[5, 10], values=[1.0, 0.5, 0.1]),
        case(s.PiecewiseConstantDecay, boundaries=[50], values=[0.3, 0.01]),
        case(s.PolynomialDecay, **lr, decay_steps=10),
        case(s.PolynomialDecay, **lr, decay_steps=10, cycle=True),
        case(s.PolynomialDecay, **lr, decay_steps=33, end_learning_rate=0.01, power=0.5),
        case(s.PolynomialDecay, **lr, decay_steps=7, end_learning_rate=0.0, power=2.0, cycle=True),
        case(s.CosineDecay, **lr, decay_steps=10),
        case(s.CosineDecay, **lr, decay_steps=37, alpha=0.2),
        case(s.CosineDecay, initial_learning_rate=0.0, decay_steps=10, warmup_target=0.1, warmup_steps=5),
        case(s.CosineDecay, initial_learning_rate=0.01, decay_steps=40, alpha=0.1, warmup_target=0.3, warmup_steps=9),
        case(s.CosineDecayRestarts, **lr, first_decay_steps=10),
        case(s.CosineDecayRestarts, **lr, first_decay_steps=10, t_mul=1.0, m_mul=0.8, alpha=0.05),
        case(s.CosineDecayRestarts, **lr, first_decay_steps=9, t_mul=1.5, m_mul=0.5),
    ]
    write("schedules.json", cases, iterations=ITERATIONS)
