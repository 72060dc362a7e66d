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

    def case(name, cls, exclude=None, **config):
        variables = [keras.Variable(value, dtype="float32", name=f"w{i}") for i, value in enumerate(start)]
        optimizer = cls(**config)
        if exclude:
            optimizer.exclude_from_weight_decay(var_names=exclude)
        optimizer.build(variables)
        history = [np.empty((STEPS, *shape), np.float32) for shape in SHAPES]
        for step in range(STEPS):
            optimizer.apply([keras.ops.convert_to_tensor(gradient[step]) for gradient in gradients], variables)
            for values, variable in zip(history, variables, strict=True):
                values[step] = variable.numpy()
        return {
            "name": name,
            "class_name": cls.__name__,
            **({"exclude": exclude} if exclude else {}),
            "config": config,
            "full_config": {key: value for key, value in optimizer.get_config().items() if key != "name"},
            "parameters": [array(values) for values in history],
            "variables": [{"name": v.name, **array(v.numpy())} for v in optimizer.variables],
        }

    opt = keras.optimizers
    sgd, adam = opt.SGD, opt.Adam
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
        case("sgd, weight decay but for w1", sgd, exclude=["w1"], weight_decay=0.1),
        case("sgd, average", sgd, use_ema=True, ema_momentum=0.9),
        case("sgd, average, overwriting", sgd, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3),
        case("sgd, loss scale", sgd, loss_scale_factor=8.0),
        case("sgd, accumulation", sgd, gradient_accumulation_steps=2),
        case("sgd, momentum, accumulation, clipnorm", sgd, momentum=0.9, gradient_accumulation_steps=3, clipnorm=1.0),
        case(
            "adam, everything",
            adam,
            amsgrad=True,
            weight_decay=0.05,
            global_clipnorm=2.0,
            use_ema=True,
            ema_momentum=0.8,
            ema_overwrite_frequency=2,
            gradient_accumulation_steps=3,
        ),
        case("rmsprop", opt.RMSprop),
        case("rmsprop, rho", opt.RMSprop, rho=0.5, epsilon=1e-3),
        case("rmsprop, momentum", opt.RMSprop, momentum=0.9),
        case("rmsprop, centered", opt.RMSprop, centered=True, epsilon=1e-2),
        case("rmsprop, momentum, centered", opt.RMSprop, momentum=0.5, centered=True, epsilon=1e-2),
        case("rmsprop, weight decay, clipvalue", opt.RMSprop, weight_decay=0.1, clipvalue=0.5),
        case("rmsprop, momentum, accumulation, average", opt.RMSprop, momentum=0.9, use_ema=True, gradient_accumulation_steps=2),
        case("adamw", opt.AdamW),
        case("adamw, weight decay .1, amsgrad", opt.AdamW, weight_decay=0.1, amsgrad=True),
        case("adamw, weight decay but for w0", opt.AdamW, exclude=["w0"], weight_decay=0.1, learning_rate=0.01),
        case("adamax", opt.Adamax),
        case("adamax, other betas and epsilon", opt.Adamax, learning_rate=0.01, beta_1=0.5, beta_2=0.9, epsilon=0.01),
        case("adamax, weight decay, clipnorm", opt.Adamax, weight_decay=0.1, clipnorm=1.0),
        case("nadam", opt.Nadam),
        case("nadam, other betas and epsilon", opt.Nadam, learning_rate=0.01, beta_1=0.5, beta_2=0.9, epsilon=0.01),
        case("nadam, weight decay, accumulation", opt.Nadam, weight_decay=0.1, gradient_accumulation_steps=2),
        case("adagrad", opt.Adagrad),
        case("adagrad, first value and epsilon", opt.Adagrad, learning_rate=0.1, initial_accumulator_value=1.0, epsilon=0.1),
        case("adagrad, weight decay, average", opt.Adagrad, weight_decay=0.1, use_ema=True),
        case("adadelta", opt.Adadelta),
        case("adadelta, learning rate 1", opt.Adadelta, learning_rate=1.0, rho=0.8, epsilon=1e-3),
        case("adadelta, accumulation", opt.Adadelta, learning_rate=0.5, gradient_accumulation_steps=2),
        case("lion", opt.Lion),
        case("lion, other betas, weight decay", opt.Lion, learning_rate=0.01, beta_1=0.5, beta_2=0.8, weight_decay=0.1),
        case("ftrl", opt.Ftrl),
        case("ftrl, everything", opt.Ftrl, learning_rate=0.1, l1_regularization_strength=0.01,
             l2_regularization_strength=0.1, l2_shrinkage_regularization_strength=0.05, beta=0.1),
        case("ftrl, power, first value", opt.Ftrl, learning_rate=0.1, learning_rate_power=-0.25,
             initial_accumulator_value=1.0),
        case("lamb", opt.Lamb),
        case("lamb, other betas and epsilon", opt.Lamb, learning_rate=0.01, beta_1=0.5, beta_2=0.9, epsilon=0.01),
        case("lamb, weight decay, accumulation", opt.Lamb, weight_decay=0.1, gradient_accumulation_steps=2),
    ]
    schedule = keras.optimizers.schedules.CosineDecay(0.0, 20, alpha=0.1, warmup_target=0.1, warmup_steps=5)
    scheduled = case("sgd, cosine decay", sgd, learning_rate=schedule)
    scheduled["config"] = {"learning_rate": keras.optimizers.schedules.serialize(schedule)}
    cases.append(scheduled)
    write(
        "optimizers.json",
        cases,
        start=[array(value) for value in start],
        gradients=[array(gradient) for gradient in gradients],
    )
