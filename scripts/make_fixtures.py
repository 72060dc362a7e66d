#!/usr/bin/env python3
"""Asks real Keras for the numbers that Rhyton is checked against, and writes them to fixtures/.

    python -m venv .venv-keras
    .venv-keras/bin/pip install -r scripts/requirements-keras.txt
    .venv-keras/bin/python scripts/make_fixtures.py            # all of them
    .venv-keras/bin/python scripts/make_fixtures.py layers     # or some

The JSON files come out the same every time on the same versions and kind of processor; the .keras files hold a date.
The first lines of each scripts/fixture_*.py say what its files hold.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_DETERMINISTIC_OPS"] = "1"

GROUPS = [
    "layers",
    "convolutions",
    "shaping",
    "merging",
    "windows",
    "normalization",
    "augmentation",
    "ops",
    "losses",
    "metrics",
    "training",
    "optimizers",
    "schedules",
    "refusals",
    "penalties",
    "callbacks",
    "initializers",
    "seed",
    "summary",
    "models",
    "sizes",
]


def main():
    parser = argparse.ArgumentParser(description="Writes fixtures/ with numbers from real Keras.")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all by default")
    groups = parser.parse_args().groups or GROUPS
    for group in groups:
        if group not in GROUPS:
            parser.error(f"there is no group {group!r}; choose from {', '.join(GROUPS)}")

    sys.dont_write_bytecode = True  # no __pycache__ beside the scripts

    import importlib
    import logging
    import warnings

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # each case is a new function: tracing again is meant
    warnings.filterwarnings("ignore", category=UserWarning)  # and so is a softmax over one class
    for group in groups:
        start = time.time()
        importlib.import_module(f"fixture_{group}").make()
        print(f"  {group}: {time.time() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
