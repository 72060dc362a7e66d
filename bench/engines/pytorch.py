"""PyTorch: eager and compiled, in both memory formats."""
import importlib.metadata
import importlib.util
import time

import numpy as np


def hello():
    if importlib.util.find_spec("torch") is None:
        how = "pip install torch (CPU), or Debian's python3-torch for /usr/bin/python3"
        return {"engine": "PyTorch", "missing": how}
    try:
        version = importlib.metadata.version("torch").split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        import torch

        version = torch.__version__
    kinds = ["eager", "compiled"] if int(version.split(".")[0]) >= 2 else ["eager"]
    formats = ["channels first", "channels last"]
    variants = [{"variant": f"{k}, {f}", "label": f"{k}, {f}"} for k in kinds for f in formats]
    return {"engine": "PyTorch", "version": version, "variants": variants}


def prepare(settings):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(settings["threads"])
    job, weights = settings["job"], settings["weights"]
    network = job["network"]
    compiled = settings["variant"].startswith("compiled")
    last = settings["variant"].endswith("last")
    memory_format = torch.channels_last if last else torch.contiguous_format
    activations = {
        "linear": lambda x: x,
        "relu": F.relu,
        "sigmoid": torch.sigmoid,
        "softmax": lambda x: F.softmax(x, -1),
    }

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList([self.layer(node) for node in network["nodes"]])

        def layer(self, node):
            own = []
            for w in node["weights"]:
                value = weights[w["offset"] : w["offset"] + int(np.prod(w["shape"]))].reshape(w["shape"])
                if value.ndim == 4:
                    depthwise = node["op"] == "depthwise"
                    value = value.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
                elif value.ndim == 2:
                    value = value.T
                own.append(torch.nn.Parameter(torch.from_numpy(np.array(value, order="C"))))
            module = torch.nn.Identity()
            if node["op"] in ("conv", "depthwise"):
                filters, channels = own[0].shape[:2]
                groups = filters if node["op"] == "depthwise" else 1
                # Padding on one side only is a step of its own.
                even = node["before"] == node["after"]
                padding = node["before"] if even else 0
                module = torch.nn.Conv2d(
                    channels * groups, filters, node["kernel"], node["stride"], padding, groups=groups, bias=len(own) > 1
                )
                module.weight = own[0]
                if len(own) > 1:
                    module.bias = own[1]
            elif node["op"] == "norm":
                module = torch.nn.BatchNorm2d(len(own[0]), eps=node["epsilon"])
                module.weight, module.bias = own[0], own[1]
                module.running_mean.copy_(own[2].data)
                module.running_var.copy_(own[3].data)
            elif node["op"] == "dense":
                module = torch.nn.Linear(own[0].shape[1], own[0].shape[0])
                module.weight, module.bias = own
            return module

        def forward(self, x, bare=False):
            """`bare` leaves the last activation away, for losses of logits."""
            made = []
            count = len(self.layers)
            for n, (node, module) in enumerate(zip(network["nodes"], self.layers)):
                inputs = [x if k < 0 else made[k] for k in node["from"]]
                y, op = inputs[0], node["op"]
                if op in ("conv", "depthwise"):
                    if node["before"] != node["after"]:
                        y = F.pad(y, (node["before"], node["after"]) * 2)
                    y = module(y)
                elif op in ("norm", "dense"):
                    y = module(y)
                elif op == "maxPool":
                    y = F.max_pool2d(y, node["kernel"], node["stride"], ceil_mode=True)
                elif op == "upSample":
                    y = F.interpolate(y, scale_factor=2, mode="nearest")
                elif op == "relu6":
                    y = F.relu6(y)
                elif op == "add":
                    y = inputs[0] + inputs[1]
                elif op == "globalAverage":
                    y = y.mean((2, 3))
                if "activation" in node and not (bare and n == count - 1):
                    y = activations[node["activation"]](y)
                made.append(y)
            return made[-1]

    class Training:
        def __init__(self, model, x):
            self.model, self.x = model, x
            logits = job["loss"] == "binary_crossentropy"
            if logits:
                loss = lambda x: F.binary_cross_entropy_with_logits(model(x, bare=True), x)
            else:
                loss = lambda x: F.mse_loss(model(x), x)
            self.loss = torch.compile(loss) if compiled else loss
            self.steps = 0
            try:
                self.optimizer = torch.optim.Adam(model.parameters(), eps=1e-7, fused=True)
            except (RuntimeError, TypeError):
                self.optimizer = torch.optim.Adam(model.parameters(), eps=1e-7, foreach=True)

        def step(self):
            # Keras adds its epsilon before the bias of the second moment is taken out, PyTorch after.
            self.steps += 1
            for group in self.optimizer.param_groups:
                group["eps"] = 1e-7 / (1 - 0.999**self.steps) ** 0.5
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.x)
            loss.backward()
            self.optimizer.step()
            return loss.detach()

    class Prediction:
        def __init__(self, model, x):
            self.model, self.x = torch.compile(model) if compiled else model, x
            self.mode = getattr(torch, "inference_mode", torch.no_grad)

        def step(self):
            with self.mode():
                return self.model(self.x)

        def answer(self, y):
            y = y.numpy()
            return y.transpose(0, 2, 3, 1) if y.ndim == 4 else y

    def open(measure):
        if compiled and len(network["nodes"]) > 100:
            return {"unable": "left out: compiling a network of so many layers takes minutes"}
        if compiled:
            torch._dynamo.reset()
        began = time.perf_counter()
        model = Network().to(memory_format=memory_format)
        pictures = settings["samples"][: measure["batch"]].transpose(0, 3, 1, 2).copy()
        x = torch.from_numpy(pictures).contiguous(memory_format=memory_format)
        if measure["kind"] == "train":
            session = Training(model.train(), x)
        else:
            session = Prediction(model.eval(), x)
        session.began = began
        return session

    return open
