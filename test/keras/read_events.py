"""Reads TensorBoard's event files with TensorBoard itself: prints what each folder given holds, as JSON."""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.plugins.graph import keras_util
from tensorboard.plugins.graph import metadata as graph
from tensorboard.plugins.histogram import metadata as histogram
from tensorboard.plugins.scalar import metadata as scalar
from tensorboard.util import tensor_util


def read(folder):
    events = event_accumulator.EventAccumulator(folder, size_guidance={"histograms": 0, "scalars": 0})
    events.Reload()
    scalars = {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    histograms = {}
    for tag in events.Tags()["histograms"]:
        values = [event.histogram_value for event in events.Histograms(tag)]
        histograms[tag] = [{"min": v.min, "max": v.max, "num": v.num, "sum": v.sum, "bucket": v.bucket} for v in values]
    # What the page is served from knows the plugin of every tag, and turns histograms into tensors of its own.
    served = plugin_event_accumulator.EventAccumulator(folder)
    served.Reload()
    plugins = {scalar.PLUGIN_NAME: [], histogram.PLUGIN_NAME: [], graph.PLUGIN_NAME_KERAS_MODEL: []}
    for tag in sorted(served.Tags()["tensors"]):
        plugins[served.SummaryMetadata(tag).plugin_data.plugin_name].append(tag)
    shapes = {
        tag: [list(tensor_util.make_ndarray(event.tensor_proto).shape) for event in served.Tensors(tag)]
        for tag in plugins[histogram.PLUGIN_NAME]
    }
    edges = {}
    for tag in plugins[graph.PLUGIN_NAME_KERAS_MODEL]:
        text = tensor_util.make_ndarray(served.Tensors(tag)[0].tensor_proto).item()
        edges = {n.name: list(n.input) for n in keras_util.keras_model_to_graph_def(json.loads(text)).node}
    times = [event.wall_time for tag in scalars for event in events.Scalars(tag)]
    return {"scalars": scalars, "histograms": histograms, "plugins": plugins, "shapes": shapes, "times": times, "edges": edges}


print(json.dumps([read(folder) for folder in sys.argv[1:]]))
