"""ONNX Runtime, native. It does not train."""
import importlib.metadata
import importlib.util
import os
import time

import numpy as np


def hello():
    if importlib.util.find_spec("onnxruntime") is None:
        return {"engine": "ONNX Runtime", "missing": "pip install onnxruntime"}
    version = importlib.metadata.version("onnxruntime")
    return {"engine": "ONNX Runtime", "version": version, "variants": [{}]}


def prepare(settings):
    import onnxruntime

    class Session:
        def __init__(self, measure):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = settings["threads"]
            path = os.path.join(settings["folder"], "model.onnx")
            self.began = time.perf_counter()
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            self.x = settings["samples"][: measure["batch"]].transpose(0, 3, 1, 2).copy()

        def step(self):
            return self.session.run(None, {"x": self.x})[0]

        def answer(self, y):
            return y.transpose(0, 2, 3, 1) if y.ndim == 4 else y

    return lambda measure: {"unable": "it does not train"} if measure["kind"] == "train" else Session(measure)
