"""Keras on TensorFlow and on JAX."""
import importlib.metadata
import importlib.util
import os
import time

import numpy as np


def hello():
    how = "pip install keras, with tensorflow-cpu or jax"
    if importlib.util.find_spec("keras") is None:
        return {"engine": "Keras", "missing": how}
    backends = {"tensorflow": "TensorFlow", "jax": "JAX"}
    variants = []
    for backend, name in backends.items():
        if importlib.util.find_spec(backend) is None:
            continue
        packages = {"tensorflow": ["tensorflow", "tensorflow-cpu", "tensorflow_cpu"], "jax": ["jax"]}[backend]
        versions = [v for v in map(version_of, packages) if v]
        variants.append({"variant": backend, "label": f"on {name} {versions[0] if versions else ''}".strip()})
    if not variants:
        return {"engine": "Keras", "missing": "pip install tensorflow-cpu or jax"}
    return {"engine": "Keras", "version": version_of("keras"), "variants": variants}


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def prepare(settings):
    threads = settings["threads"]
    os.environ["KERAS_BACKEND"] = settings["variant"]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if settings["variant"] == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    import keras
    from keras import layers

    job, weights, samples = settings["job"], settings["weights"], settings["samples"]

    def layer(node):
        op, own = node["op"], node["weights"]
        if op == "conv":
            return layers.Conv2D(
                own[0]["shape"][3],
                node["kernel"],
                node["stride"],
                node["padding"],
                activation=node["activation"],
                use_bias=len(own) > 1,
            )
        if op == "depthwise":
            return layers.DepthwiseConv2D(node["kernel"], node["stride"], node["padding"], use_bias=False)
        if op == "maxPool":
            return layers.MaxPooling2D(node["kernel"], node["stride"], node["padding"])
        if op == "dense":
            return layers.Dense(node["shape"][0], activation=node["activation"])
        if op == "norm":
            return layers.BatchNormalization(epsilon=node["epsilon"])
        plain = {
            "upSample": lambda: layers.UpSampling2D(2),
            "relu6": lambda: layers.ReLU(max_value=6),
            "add": layers.Add,
            "globalAverage": layers.GlobalAveragePooling2D,
        }
        return plain[op]()

    def network():
        picture = keras.Input(job["network"]["input"])
        made = []
        for node in job["network"]["nodes"]:
            inputs = [picture if k < 0 else made[k] for k in node["from"]]
            one = layer(node)
            made.append(one(inputs if len(inputs) > 1 else inputs[0]))
            shapes = [w["shape"] for w in node["weights"]]
            parts = [weights[w["offset"] :][: int(np.prod(w["shape"]))] for w in node["weights"]]
            if parts:
                one.set_weights([part.reshape(shape) for part, shape in zip(parts, shapes)])
        return keras.Model(picture, made[-1])

    class Session:
        def __init__(self, measure):
            self.model = network()
            self.began = time.perf_counter()
            self.model.compile("adam", job.get("loss", "mean_squared_error"))
            self.batch = measure["batch"]
            self.x = samples[: self.batch]

        def taken(self, steps):
            return samples[: self.batch * steps]

    class Training(Session):
        def step(self):
            self.model.reset_metrics()
            return self.model.train_on_batch(self.x, self.x)

        def epoch(self, steps):
            x = self.taken(steps)
            self.model.fit(x, x, batch_size=self.batch, epochs=1, verbose=0)

    class Prediction(Session):
        def step(self):
            return np.asarray(self.model.predict_on_batch(self.x))

        def epoch(self, steps):
            self.model.predict(self.taken(steps), batch_size=self.batch, verbose=0)

    return lambda measure: (Training if measure["kind"] == "train" else Prediction)(measure)
