"""Asks real Keras about a model file, for the tests in this folder.

    check.py predict MODEL.keras IN.npz OUT.npz            loads and predicts
    check.py answer  MODEL.keras IN.npz OUT.npz            the same for one batch, faster
    check.py step    MODEL.keras IN.npz OUT.npz OUT.keras  loads, trains on one batch, saves
    check.py resave  A.keras B.keras                       loads and saves
    check.py weights MODEL.keras A.weights.h5 OUT.npz B.weights.h5  loads the weights into another such model, and saves them
    check.py arrays  A.npz OUT.npz                         loads arrays
    check.py summary MODEL.keras [LINE_LENGTH]             prints the summary
    check.py many    JOBS.json ANSWERS.json                does many of these, as importing Keras takes seconds

JOBS.json holds a list of commands, each the list of its arguments; ANSWERS.json gets null for each, or what went wrong.

IN.npz holds x_0, x_1, … (one per model input) and for `step` y_0, y_1, … (one per output).
OUT.npz holds weight_0, weight_1, … in the order of model.weights, and
- after `predict` and `answer` prediction_0, prediction_1, … (one per output);
- after `step` log_loss and the other values of the batch by name, and optimizer_0, optimizer_1, … in the order of optimizer.variables.
Every array in OUT.npz is little-endian float32 in C order. What Keras says against a file goes to standard error, and
the exit code is 1.
"""

import argparse
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("COLUMNS", "200")

import keras
import numpy as np


def read(path, letter):
    """x_0, x_1, … as one array, or a list of several."""
    with np.load(path, allow_pickle=False) as data:
        count = sum(name.startswith(f"{letter}_") for name in data.files)
        if count == 0:
            raise ValueError(f"{path} holds no {letter}_0")
        values = [data[f"{letter}_{i}"] for i in range(count)]
    return values[0] if count == 1 else values


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def numbered(name, values):
    return {f"{name}_{i}": value for i, value in enumerate(values)}


def write(path, arrays):
    arrays = {name: np.asarray(value, dtype="<f4", order="C") for name, value in arrays.items()}
    with open(path, "wb") as file:  # given a name, numpy would add .npz to it
        np.savez(file, **arrays)


def predict(args):
    model = keras.models.load_model(args.model)
    if not model.compiled:
        # On a CPU, TensorFlow convolves channels_first only when compiled by XLA.
        model.compile(jit_compile=True)
    predictions = model.predict(read(args.input, "x"), verbose=0)
    if isinstance(predictions, dict):
        predictions = [predictions[name] for name in model.output_names]
    write(args.output, {**numbered("prediction", listed(predictions)), **numbered("weight", model.get_weights())})


def answer(args):
    """As predict, without compiling anything: faster for one batch. Not for channels_first."""
    model = keras.models.load_model(args.model, compile=False)
    predictions = model(read(args.input, "x"), training=False)
    write(args.output, {**numbered("prediction", listed(predictions)), **numbered("weight", model.get_weights())})


def step(args):
    model = keras.models.load_model(args.model)
    if not model.compiled:
        raise ValueError(f"{args.model} is not compiled: there is no optimizer or loss to train with")
    model.run_eagerly = True  # faster: tracing a step takes longer than a step
    logs = model.train_on_batch(read(args.input, "x"), read(args.input, "y"), return_dict=True)
    optimizer = [variable.numpy() for variable in model.optimizer.variables]
    write(
        args.output,
        {
            **{f"log_{name}": value for name, value in logs.items()},
            **numbered("weight", model.get_weights()),
            **numbered("optimizer", optimizer),
        },
    )
    model.save(args.saved)


def resave(args):
    keras.models.load_model(args.model).save(args.saved)


def weights(args):
    """Another model of the same layers takes the weights of a file, and saves them to another."""
    model = keras.models.clone_model(keras.models.load_model(args.model, compile=False))
    model.load_weights(args.weights)
    write(args.output, numbered("weight", model.get_weights()))
    model.save_weights(args.saved)


def arrays(args):
    """The arrays of an .npz, in order."""
    with np.load(args.model, allow_pickle=False) as data:
        write(args.output, numbered("weight", [data[name] for name in data.files]))


def summary(args):
    parts = []
    keras.models.load_model(args.model).summary(line_length=args.line_length, print_fn=parts.append)
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write("".join(parts))


def many(args):
    with open(args.model, encoding="utf-8") as file:
        jobs = json.load(file)
    answers = []
    for job in jobs:
        job_args = parser().parse_args(job)
        try:
            job_args.run(job_args)
            answers.append(None)
        except Exception as error:
            answers.append(f"{type(error).__name__}: {error}")
    with open(args.answers, "w", encoding="utf-8") as file:
        json.dump(answers, file)


def parser():
    parser = argparse.ArgumentParser(description="Asks real Keras about a model file.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(run, *arguments):
        sub = commands.add_parser(run.__name__)
        sub.add_argument("model", metavar="MODEL.keras")
        for name, metavar in arguments:
            sub.add_argument(name, metavar=metavar)
        sub.set_defaults(run=run)
        return sub

    command(predict, ("input", "IN.npz"), ("output", "OUT.npz"))
    command(answer, ("input", "IN.npz"), ("output", "OUT.npz"))
    command(step, ("input", "IN.npz"), ("output", "OUT.npz"), ("saved", "OUT.keras"))
    command(weights, ("weights", "IN.weights.h5"), ("output", "OUT.npz"), ("saved", "OUT.weights.h5"))
    command(arrays, ("output", "OUT.npz"))
    command(resave, ("saved", "B.keras"))
    command(summary).add_argument("line_length", nargs="?", type=int, metavar="LINE_LENGTH")
    command(many, ("answers", "ANSWERS.json"))
    return parser


def main():
    args = parser().parse_args()
    try:
        args.run(args)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
