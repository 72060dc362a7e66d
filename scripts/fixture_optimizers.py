"""fixtures/optimizers.json: the parameters after each of 50 steps on fixed gradients, in float32.

Every case starts from the same parameters and takes the same gradients, given once at the top of the file.
"""

import keras
import numpy as np

from fixture_format import array, generator, normal, write

STEPS = 50
SHAPES = [(3, 2), (4,)]


def make():
    rng = generator("optimizers")
    start = [normal(rng, shape).astype(np.float32) for shape in SHAPES]
    gradients = [normal(rng, (STEPS, *shape)).astype(np.float32) for shape in SHAPES]
    for gradient in gradients:
        gradient[10:13] *= 100  # a burst, and a gradient of zeros
        gradient[20] = 0

    def case(name, cls, **config):
        variables = [keras.Variable(value, dtype="float32", name=f"w{i}") for i, value in enumerate(start)]
        optimizer = cls(**config)
        optimizer.build(variables)
        history = [np.empty((STEPS, *shape), np.float32) for shape in SHAPES]
        for step in range(STEPS):
            optimizer.apply([keras.ops.convert_to_tensor(gradient[step]) for gradient in gradients], variables)
            for values, variable in zip(history, variables, strict=True):
                values[step] = variable.numpy()
        return {
            "name": name,
            "class_name": cls.__name__,
            "config": config,
            "parameters": [array(values) for values in history],
            "variables": [{"name": v.name, **array(v.numpy())} for v in optimizer.variables],
        }

    sgd, adam = keras.optimizers.SGD, keras.optimizers.Adam
    cases = [
        case("sgd", sgd),
        case("sgd, learning rate .1", sgd, learning_rate=0.1),
        case("sgd, momentum", sgd, momentum=0.9),
        case("sgd, nesterov", sgd, momentum=0.9, nesterov=True),
        case("sgd, momentum .5, learning rate .05", sgd, learning_rate=0.05, momentum=0.5),
        case("sgd, weight decay", sgd, weight_decay=0.1),
        case("sgd, momentum, clipnorm", sgd, momentum=0.9, clipnorm=1.0),
        case("sgd, clipvalue", sgd, clipvalue=0.5),
        case("sgd, global clipnorm", sgd, global_clipnorm=1.0),
        case("adam", adam),
        case("adam, amsgrad", adam, amsgrad=True),
        case("adam, learning rate .01", adam, learning_rate=0.01),
        case("adam, other betas", adam, beta_1=0.5, beta_2=0.9),
        case("adam, other epsilon", adam, epsilon=0.1),
        case("adam, other betas and epsilon, amsgrad", adam, beta_1=0.8, beta_2=0.95, epsilon=1e-3, amsgrad=True),
        case("adam, weight decay", adam, weight_decay=0.1),
        case("adam, clipnorm", adam, clipnorm=1.0),
        case("adam, clipvalue", adam, clipvalue=0.5),
        case("adam, global clipnorm", adam, global_clipnorm=1.0),
    ]
    write(
        "optimizers.json",
        cases,
        start=[array(value) for value in start],
        gradients=[array(gradient) for gradient in gradients],
    )
