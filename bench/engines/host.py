"""An engine for Python in a process of its own: `python host.py ENGINE.py`. See host.mjs for what is asked and answered.

An engine has `hello()` and `prepare(settings)`, which answers `open(measure)`, which answers a session with `step()` and
perhaps `epoch(steps)`, or `{"unable": why}`. `answer(output)` brings an output to channels last. Pictures are arrays [batch, height, width, channels], weights lie as in Keras.
"""
import gc
import importlib.util
import json
import os
import resource
import statistics
import sys
import time
import traceback

LOSSES = 3
SLOW = 5000

# What libraries print must not be taken for an answer.
answers_to = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

# Engines have the names of the packages that they are about.
sys.path.pop(0)

state = {"sessions": {}}


def is_epoch(measure, session):
    """Whether a run of the measure is one call of the engine that goes over many batches."""
    return "steps" in measure and hasattr(session, "epoch")


def hello(_):
    spec = importlib.util.spec_from_file_location("engine", sys.argv[1])
    state["engine"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(state["engine"])
    return state["engine"].hello()


def prepare(request):
    import numpy as np

    folder = request["folder"]
    with open(os.path.join(folder, "job.json")) as file:
        job = json.load(file)
    read = lambda name: np.fromfile(os.path.join(folder, name), dtype=np.float32)
    state["folder"] = folder
    samples = read("samples.f32").reshape(-1, *job["network"]["input"])
    state["open"] = state["engine"].prepare({**request, "job": job, "weights": read("weights.f32"), "samples": samples})
    return {}


def check(request):
    import numpy as np

    measure = request["measure"]
    start = time.perf_counter()
    session = state["open"](measure)
    if isinstance(session, dict):
        return session
    state["sessions"][measure["name"]] = session
    result = session.step()
    first = (time.perf_counter() - getattr(session, "began", start)) * 1e3
    if measure["kind"] == "train":
        losses = [float(result)]
        while len(losses) < (LOSSES if first < SLOW else 2):
            losses.append(float(session.step()))
        return {"first": first, "losses": losses, "epoch": is_epoch(measure, session)}
    result = session.answer(result) if hasattr(session, "answer") else result
    output = os.path.join(state["folder"], f"{os.getpid()}.f32")
    np.ascontiguousarray(result, dtype=np.float32).tofile(output)
    return {"first": first, "output": output, "epoch": is_epoch(measure, session)}


def run(request):
    measure, steps = request["measure"], request["steps"]
    session = state["sessions"][measure["name"]]
    gc.collect()
    if is_epoch(measure, session):
        start = time.perf_counter()
        session.epoch(steps)
        return {"ms": (time.perf_counter() - start) * 1e3 / steps}
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        session.step()
        times.append(time.perf_counter() - start)
    return {"ms": statistics.median(times) * 1e3}


def memory(_):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak": peak if sys.platform == "darwin" else peak * 1024, "sizes": {}}


handlers = {"hello": hello, "prepare": prepare, "check": check, "run": run, "memory": memory}

for line in sys.stdin:
    request = json.loads(line)
    if request["ask"] == "quit":
        break
    try:
        answer = {"result": handlers[request["ask"]](request)}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    answers_to.write(json.dumps(answer) + "\n")
    answers_to.flush()
os._exit(0)
