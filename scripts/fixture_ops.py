"""fixtures/ops.json: functions of keras.ops, keras.losses and keras.metrics on arrays, over the arguments that change what they do.

A case holds the name, the arguments by position, the options, and the results. An array among the arguments is
{"shape", "f32"}, a list of arrays {"list": [...]}, anything else stands as it is.
"""

import base64

import keras
import numpy as np

from fixture_format import generator, write

K = keras.ops


def encode(values):
    """As `array` of fixture_format, also for NaN and infinities."""
    values = np.asarray(values)
    data = np.ascontiguousarray(values, dtype="<f4")
    return {"shape": list(values.shape), "f32": base64.b64encode(data.tobytes()).decode()}


def argument(value):
    if isinstance(value, np.ndarray):
        return encode(value)
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return {"list": [encode(v) for v in value]}
    if isinstance(value, float) and np.isinf(value):
        return {"infinity": 1 if value > 0 else -1}
    return value


def results(value):
    return [v for one in value for v in results(one)] if isinstance(value, (tuple, list)) else [np.asarray(value)]


SEEN = {}


def case(name, *args, dtype="float64", **options):
    function = keras if name.startswith(("losses.", "metrics.")) else K
    for part in name.split("."):
        function = getattr(function, part)

    def cast(value):
        if isinstance(value, np.ndarray):
            return value.astype(dtype)
        if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            return [v.astype(dtype) for v in value]
        return value

    given = [cast(a) for a in args]
    if name.startswith("adaptive"):  # takes tensors only
        given[0] = K.convert_to_tensor(given[0])
    keywords = {key: cast(value) for key, value in options.items()}
    answers = results(function(*given, **keywords))
    number = SEEN[name] = SEEN.get(name, 0) + 1
    words = [f"{key}={'array' if isinstance(v, np.ndarray) else v}" for key, v in options.items()]
    return {
        "name": " ".join([f"{name} {number}", *words]),
        "op": name,
        "args": [argument(a) for a in args],
        "options": {key: argument(value) for key, value in options.items()},
        "results": [encode(a.astype(np.float32)) for a in answers],
    }


def numbers(name, *shape, low=None, high=None, scale=1.0):
    rng = generator(f"ops/{name}/{shape}/{low}")
    values = rng.standard_normal(shape) * scale if low is None else rng.uniform(low, high, shape)
    return values.astype(np.float32).astype(np.float64)


def whole(name, high, *shape, low=0):
    return generator(f"ops/{name}/{shape}").integers(low, high, shape).astype(np.float64)


def apart(name, *shape):
    """Numbers no two of which are near each other."""
    rng = generator(f"ops/{name}/{shape}")
    n = int(np.prod(shape))
    return ((rng.permutation(n) - n / 2 + 0.25) / n * 4).reshape(shape).astype(np.float32).astype(np.float64)


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.5])
HALVES = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.0, -0.2, 0.7, 3.2])
NAN = np.array([[1.0, np.nan, 3.0], [np.nan, -2.0, 0.5]])


def cells():
    anywhere = """absolute abs ceil cos cosh erf exp exp2 expm1 fabs floor negative sign sin sinh square tan tanh trunc
        sigmoid relu relu6 softplus softsign silu swish log_sigmoid hard_sigmoid hard_silu hard_swish hard_tanh
        tanh_shrink sparse_plus sparse_sigmoid selu leaky_relu elu celu gelu hard_shrink soft_shrink squareplus arcsinh
        cbrt sinc deg2rad rad2deg reciprocal round logical_not zeros_like ones_like ravel copy""".split()
    for name in anywhere:
        yield case(name, numbers(name, 3, 4, scale=2))
    for name in "log log2 log10 log1p sqrt rsqrt".split():
        yield case(name, numbers(name, 2, 5, low=0.05, high=4))
    yield case("log1p", np.array([1e-6, -1e-4, 0.2, -0.2, 0.3, -0.9, 7.0]))
    yield case("expm1", np.array([1e-6, -1e-4, 0.2, -3.0, 2.0]))
    yield case("arccosh", numbers("arccosh", 6, low=1.01, high=9))
    yield case("arctanh", numbers("arctanh", 6, low=-0.95, high=0.95))
    yield case("cbrt", np.array([0.0, 8.0, -27.0, 1e-6]))
    yield case("sinc", np.array([0.0, 0.5, 1.5, -0.3]))
    for name in "floor ceil trunc round sign abs relu".split():
        yield case(name, HALVES)
    for decimals in (1, 2, -1):
        yield case("round", numbers("decimals", 8, scale=30), decimals=decimals)
    for name in "isnan isinf isfinite isposinf isneginf signbit logical_not".split():
        yield case(name, SPECIAL)
    yield case("nan_to_num", SPECIAL, dtype="float32")
    yield case("nan_to_num", SPECIAL, nan=3.0, posinf=7.0, neginf=-8.0)
    for slope in (0.0, 0.01, 0.5):
        yield case("leaky_relu", numbers("leaky", 6), negative_slope=slope)
    for alpha in (0.3, 2.0):
        yield case("elu", numbers("elu", 6), alpha=alpha)
        yield case("celu", numbers("celu", 6), alpha=alpha)
    yield case("gelu", numbers("gelu", 6, scale=2), approximate=False)
    yield case("gelu", numbers("gelu", 6, scale=2), approximate=True)
    for threshold in (0.1, 1.0):
        yield case("hard_shrink", numbers("shrink", 8), threshold=threshold)
        yield case("soft_shrink", numbers("shrink", 8), threshold=threshold)
    yield case("squareplus", numbers("squareplus", 6), b=1)
    yield case("threshold", numbers("threshold", 8), 0.3, -7.0)
    for axis in (-1, 0, 1):
        yield case("glu", numbers("glu", 4, 6), axis=axis)
        yield case("sparsemax", numbers("sparsemax", 4, 5), axis=axis)
    for axis in (-1, 0, 1, (0, 2)):
        if axis != (0, 2):
            yield case("log_softmax", numbers("softmax", 2, 3, 4), axis=axis)
        yield case("softmax", numbers("softmax", 2, 3, 4), axis=axis)
    yield case("softmax", numbers("softmax", 2, 3, 4), axis=None)
    for dtype in ("int32", "bool", "float32"):
        yield case("cast", HALVES, dtype)


def pairs():
    shapes = [((3, 4), (3, 4)), ((3, 4), (4,)), ((2, 1, 4), (3, 1)), ((3,), ())]
    names = """add subtract multiply maximum minimum logaddexp logaddexp2 hypot greater greater_equal less less_equal
        equal not_equal logical_and logical_or logical_xor fmax fmin""".split()
    for name in names:
        for a, b in shapes[: 2 if name in names[8:] else 4]:
            x, y = (whole(f"{name}{s}", 3, *s, low=-1) if name in names[8:] else numbers(f"{name}{s}", *s) for s in (a, b))
            yield case(name, x, y if b else float(y))
    for name in "divide true_divide floor_divide mod fmod".split():
        yield case(name, numbers(name, 3, 4, scale=3), numbers(f"{name}2", 4, low=0.4, high=2))
        yield case(name, numbers(name, 6, scale=3), -0.7)
    yield case("divide_no_nan", np.array([1.0, 2.0, 0.0, -3.0]), np.array([2.0, 0.0, 0.0, -1.5]))
    yield case("heaviside", np.array([-1.0, 0.0, 2.0]), np.array([0.3, 0.4, 0.5]))
    yield case("hypot", np.array([0.0, 3.0]), np.array([0.0, -4.0]))
    yield case("fmax", SPECIAL, SPECIAL[::-1].copy())
    yield case("fmin", SPECIAL, SPECIAL[::-1].copy())
    for exponent in (0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -0.5, 2.5, 7.0):
        yield case("power", numbers("power", 2, 3, low=0.2, high=3), exponent)
    yield case("power", numbers("power negative", 6), 3.0)
    yield case("power", np.array([-2.0, -3.0, 0.0, 0.0, 2.0, 1.5]), np.array([3.0, 2.0, 0.0, 2.0, -1.5, 0.0]))
    yield case("clip", numbers("clip", 8, scale=2), -1.0, 0.5)
    yield case("clip", numbers("clip", 2, 3), np.array([-0.5, 0.0, 0.1]), np.array([0.5, 0.2, 3.0]))
    yield case("where", whole("where", 2, 3, 4), numbers("where a", 3, 4), numbers("where b", 4))
    yield case("where", whole("where", 2, 4), numbers("where a", 3, 4), 0.0)
    # Without infinities: on TensorFlow Keras says that they are close to everything but themselves.
    x = np.array([1.0, 1.0, 100.0, np.nan])
    y = np.array([1.0, 1.00002, 100.0005, np.nan])
    yield case("isclose", x, y)
    yield case("isclose", x, y, rtol=0.001, atol=0.0)
    yield case("isclose", x, y, equal_nan=True)


def reductions():
    axes = [{}, {"axis": 0}, {"axis": -1}, {"axis": (0, 2)}, {"axis": 1, "keepdims": True}, {"keepdims": True}]
    for name in "sum mean max min prod var std amax amin logsumexp ptp all any".split():
        x = whole(name, 2, 2, 3, 4) if name in ("all", "any") else apart(name, 2, 3, 4)
        for options in axes if name in ("sum", "mean", "max", "prod", "var", "logsumexp") else axes[:5]:
            yield case(name, x, **options)
    yield case("prod", apart("prod", 7, 5), axis=0)
    yield case("logsumexp", np.array([[1000.0, 1000.5], [-1000.0, -1001.0]]), axis=1)
    for options in axes[:4]:
        yield case("count_nonzero", whole("count", 3, 2, 3, 4), **options)
    for axis, keep in ((0, False), ((0, 1), True), (-1, True)):
        yield case("moments", apart("moments", 3, 4), axis, keepdims=keep)
    yield case("average", apart("average", 3, 4))
    yield case("average", apart("average", 3, 4), axis=1, weights=np.array([1.0, 2.0, 0.5, 0.0]))
    yield case("average", apart("average", 3, 4), axis=0, weights=np.array([1.0, 2.0, 0.5]))
    yield case("average", apart("average", 2, 3), weights=np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 3.0]]))
    for name in "nansum nanmean nanmax nanmin nanprod nanvar nanstd".split():
        yield case(name, NAN)
        yield case(name, NAN, axis=0)
        yield case(name, NAN, axis=1, keepdims=True)
    vectors, matrix = apart("norm", 3, 4), apart("norm", 2, 3)
    yield case("norm", vectors)
    for order in (1, 2, 3, 0, float("inf"), float("-inf")):
        yield case("norm", vectors, ord=order, axis=1)
    yield case("norm", vectors, axis=0, keepdims=True)
    for order in ("fro", 1, -1, float("inf"), float("-inf")):
        yield case("norm", matrix, ord=order, axis=(0, 1))
    yield case("norm", apart("norm", 2, 3, 4), ord="fro", axis=(0, 2), keepdims=True)


def places():
    x = apart("places", 2, 3, 4)
    for shape in ((4, 6), (-1, 2), (24,), (2, -1, 2)):
        yield case("reshape", x, shape)
    yield case("transpose", x)
    for axes in ((1, 0, 2), (2, 1, 0), (0, 2, 1)):
        yield case("transpose", x, axes=axes)
    yield case("swapaxes", x, 0, -1)
    yield case("moveaxis", x, 0, -1)
    yield case("moveaxis", x, (0, 1), (2, 0))
    for axis in (0, 1, -1, (0, 2)):
        yield case("expand_dims", x, axis)
    yield case("squeeze", apart("squeeze", 1, 3, 1))
    yield case("squeeze", apart("squeeze", 1, 3, 1), axis=0)
    yield case("squeeze", apart("squeeze", 1, 3, 1), axis=-1)
    yield case("broadcast_to", apart("broadcast", 3, 1), (2, 3, 4))
    for axis in (None, 0, 1, (0, 2)):
        yield case("flip", x, axis=axis)
    for shift, axis in ((1, 0), (-2, 2), (30, 1), (5, None), ((1, -1), (0, 2))):
        yield case("roll", x, shift, axis=axis)
    for k in (1, 2, 3, -1):
        yield case("rot90", apart("rot90", 3, 3, 2), k=k)  # on TensorFlow Keras scrambles two turns of what is not square
    yield case("rot90", x, axes=(1, 2))
    for start, size in (((0, 1, 2), (2, 2, 2)), ((1, 0, 0), (1, 3, 1))):
        yield case("slice", x, start, size)
    yield case("slice_update", x, (0, 1, 2), apart("update", 2, 2, 2))
    for parts, axis in ((2, 0), (3, 1), ((1, 3), 2), ((2,), 1)):
        yield case("split", x, parts, axis=axis)
    yield case("array_split", apart("array_split", 7, 2), 3, axis=0)
    yield case("vsplit", x, 2)
    yield case("hsplit", x, 3)
    yield case("dsplit", x, (1, 3))
    yield case("unstack", x, axis=1)
    parts = [apart("part one", 2, 3), apart("part two", 2, 3)]
    for axis in (0, 1, -1):
        yield case("concatenate", parts, axis=axis)
        yield case("stack", parts, axis=axis)
    yield case("stack", parts)
    yield case("concatenate", parts)
    for name in ("vstack", "hstack", "dstack"):
        yield case(name, parts)
        if name != "vstack":  # on TensorFlow Keras joins rows end to end, where NumPy puts one below the other
            yield case(name, [apart("row one", 3), apart("row two", 3)])
    for repeats in (2, (2, 1, 3), (2, 1, 1, 2)):
        yield case("tile", x, repeats)
    yield case("repeat", x, 2)
    yield case("repeat", x, 3, axis=1)
    yield case("repeat", x, (1, 0, 2), axis=1)
    yield case("pad", x, ((0, 1), (2, 0), (1, 1)))
    yield case("pad", apart("pad", 4), ((2, 1),))
    yield case("pad", x, ((1, 0), (0, 2), (1, 1)), constant_values=5.0)
    yield case("pad", x, ((1, 1), (0, 2), (1, 0)), mode="reflect")
    yield case("pad", x, ((1, 1), (0, 2), (1, 0)), mode="symmetric")
    yield case("append", parts[0], parts[1])
    yield case("append", parts[0], parts[1], axis=1)
    for name in ("fliplr", "flipud"):
        yield case(name, x)
    square = apart("square", 4, 5)
    for k in (0, 1, -2):
        yield case("tril", square, k=k)
        yield case("triu", square, k=k)
        yield case("diag", square, k=k)
        yield case("diag", apart("diag", 3), k=k)
        yield case("diagflat", apart("diagflat", 2, 2), k=k)
        yield case("diagonal", square, offset=k)
        yield case("trace", square, offset=k)
    yield case("diagonal", x, axis1=1, axis2=2)
    yield case("trace", x, axis1=2, axis2=0)
    yield case("full_like", x, 3.5)


def made():
    yield case("zeros", (2, 3))
    yield case("ones", (4,))
    yield case("full", (2, 2), 1.5)
    for args in ((5,), (2, 9), (2, 9, 3), (3, 0, -1), (0.0, 1.0, 0.25)):
        yield case("arange", *args)
    yield case("eye", 3)
    yield case("eye", 3, M=4, k=1)
    yield case("identity", 3)
    yield case("tri", 3, M=4, k=-1)
    yield case("linspace", 0.0, 1.0, num=5)
    yield case("linspace", 1.0, 3.0, num=4, endpoint=False)
    yield case("logspace", 0.0, 2.0, num=3)
    yield case("logspace", 0.0, 3.0, num=4, base=2)
    yield case("geomspace", 1.0, 100.0, num=5)
    for name in ("bartlett", "blackman", "hamming", "hanning"):
        yield case(name, 7)


def order():
    x = apart("order", 3, 5)
    tied = np.array([[1.0, 3.0, 3.0, 2.0], [5.0, 5.0, 5.0, 0.0]])
    for name in ("argmax", "argmin"):
        for options in ({}, {"axis": 0}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"keepdims": True}):
            yield case(name, x, **options)
        yield case(name, tied, axis=1)
    for name in ("sort", "argsort"):
        yield case(name, x)
        yield case(name, x, axis=0)
        yield case(name, tied)
    yield case("top_k", x, 2)
    yield case("top_k", tied, 3)
    targets = np.array([1, 0, 4])
    yield {**case("argmax", x, axis=1), "name": "in_top_k", "op": "in_top_k", "args": [encode(targets), encode(x), 2], "options": {},
           "results": [encode(np.asarray(K.in_top_k(targets, x.astype("float32"), 2)).astype("float32"))]}
    for side in ("left", "right"):
        yield case("searchsorted", np.array([1.0, 2.0, 2.0, 4.0]), np.array([0.0, 2.0, 3.0, 9.0]), side=side)
    yield case("digitize", np.array([0.2, 6.4, 3.0, 1.6, 2.5]), np.array([0.0, 1.0, 2.5, 4.0, 10.0]))
    for q in (0.25, 0.5, 0.9, [0.1, 0.6]):
        for axis in (None, 0, 1):
            yield case("quantile", x, q, axis=axis)
    for method in ("lower", "higher", "midpoint", "nearest"):
        yield case("quantile", x, 0.3, axis=1, method=method)
    yield case("quantile", x, 0.4, axis=1, keepdims=True)
    yield case("percentile", x, 30.0, axis=0)
    for options in ({}, {"axis": 0}, {"axis": 1, "keepdims": True}):
        yield case("median", x, **options)
    for name in ("cumsum", "cumprod"):
        for options in ({}, {"axis": 0}, {"axis": 1}):
            yield case(name, x, **options)
    yield case("nancumsum", NAN, axis=1)
    yield case("nancumprod", NAN, axis=1)
    yield case("diff", x)
    yield case("diff", x, n=2, axis=1)
    yield case("diff", x, axis=0)
    yield case("trapezoid", x)
    yield case("trapezoid", x, dx=0.5, axis=0)
    yield case("trapezoid", x, x=np.array([0.0, 1.0, 1.5, 4.0, 4.5]))
    for axis in (None, 0, 1):
        yield case("take", x, 2, axis=axis)
    yield integers("take", x, [[0, 2], [1, 1]], axis=1)
    yield integers("take", x, [0, -1], axis=0)
    yield integers("take_along_axis", x, [[0], [4], [2]], axis=1)
    yield integers("take_along_axis", x, [[0, 1, 2, 0, 1]], axis=0)
    yield case("isin", np.array([1.0, 2.0, 5.0]), np.array([2.0, 5.0, 7.0]))
    yield case("isin", np.array([1.0, 2.0, 5.0]), np.array([2.0, 5.0, 7.0]), invert=True)


def integers(name, x, indices, **options):
    """A function whose second argument Keras wants as whole numbers."""
    answer = getattr(K, name)(x, np.array(indices), **options)
    number = SEEN[name] = SEEN.get(name, 0) + 1
    return {
        "name": f"{name} {number} {options}",
        "op": name,
        "args": [encode(x), encode(np.array(indices))],
        "options": options,
        "results": [encode(np.asarray(answer).astype(np.float32))],
    }


def products():
    shapes = [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)),
              ((2, 3), (5, 3, 4)), ((2, 1, 2, 3), (4, 3, 2))]
    for a, b in shapes:
        yield case("matmul", numbers("matmul a", *a), numbers("matmul b", *b))
    for a, b in [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3, 5))]:
        yield case("dot", numbers("dot a", *a), numbers("dot b", *b))
    yield case("dot", numbers("dot a", 2, 3), 2.0)
    yield case("inner", numbers("inner a", 2, 3), numbers("inner b", 4, 3))
    yield case("outer", numbers("outer a", 3), numbers("outer b", 2))
    yield case("vdot", numbers("vdot a", 2, 3), numbers("vdot b", 2, 3))
    yield case("tensordot", numbers("td a", 2, 3, 4), numbers("td b", 3, 4, 5))
    yield case("tensordot", numbers("td a", 2, 3, 4), numbers("td b", 4, 5), axes=1)
    yield case("tensordot", numbers("td a", 2, 3, 4), numbers("td b", 4, 2, 5), axes=[[2, 0], [0, 1]])
    yield case("tensordot", numbers("td a", 2), numbers("td b", 3), axes=0)
    sums = [("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("ij->ji", (2, 3)),
            ("ii->i", (3, 3)), ("ii", (3, 3)), ("ij->", (2, 3)), ("...ij,jk->...ik", (2, 3, 4), (4, 5)), ("i,j,k->kij", (2,), (3,), (4,)),
            ("btnh,bsnh->bnts", (2, 3, 2, 4), (2, 5, 2, 4)), ("...i,...i->...", (2, 3, 4), (3, 4))]
    for text, *shapes in sums:
        yield case("einsum", text, *[numbers(f"einsum {i}", *s) for i, s in enumerate(shapes)])
    yield case("cross", numbers("cross a", 2, 3), numbers("cross b", 2, 3))
    yield case("cross", numbers("cross a", 4, 3), numbers("cross b", 3))
    yield case("kron", numbers("kron a", 2, 3), numbers("kron b", 2, 2))
    yield case("cdist", numbers("cdist a", 3, 2), numbers("cdist b", 4, 2))


def networks():
    picture, signal, volume = (numbers(f"conv {s}", *s) for s in ((2, 7, 6, 4), (2, 9, 3), (1, 4, 5, 4, 2)))
    kernel = numbers("kernel", 3, 2, 4, 6, scale=0.3)
    for options in ({}, {"padding": "same"}, {"strides": 2}, {"strides": (2, 1), "padding": "same"}, {"dilation_rate": 2}):
        yield case("conv", picture, kernel, **options)
    yield case("conv", picture, numbers("kernel", 3, 2, 2, 6, scale=0.3), padding="same")
    yield case("conv", signal, numbers("kernel", 3, 3, 5, scale=0.3), strides=2, padding="same")
    yield case("conv", volume, numbers("kernel", 2, 3, 2, 2, 3, scale=0.3))
    depthwise = numbers("depthwise", 3, 3, 4, 2, scale=0.3)
    for options in ({}, {"padding": "same"}, {"strides": 2}):
        yield case("depthwise_conv", picture, depthwise, **options)
        yield case("separable_conv", picture, depthwise, numbers("pointwise", 1, 1, 8, 3), **options)
    yield case("depthwise_conv", signal, numbers("depthwise", 3, 3, 1))
    back = numbers("back", 3, 2, 5, 4, scale=0.3)
    for options in ({}, {"padding": "same", "strides": 2}, {"strides": 2}, {"strides": 2, "padding": "same", "output_padding": 1}):
        yield case("conv_transpose", picture, back, **options)
    yield case("conv_transpose", signal, numbers("back", 3, 4, 3), strides=2, padding="same")
    for name in ("max_pool", "average_pool"):
        for options in ({}, {"strides": 1}, {"padding": "same"}, {"strides": 1, "padding": "same"}):
            yield case(name, picture, 2, **options)
        yield case(name, picture, (3, 2), strides=(2, 1))
        yield case(name, signal, 3, strides=2)
        yield case(name, volume, 2, dtype="float32")
    labels = np.array([[0.0, 2.0], [1.0, 5.0]])
    for axis in (-1, 0, 1):
        yield case("one_hot", labels, 4, axis=axis)
    yield case("multi_hot", labels, num_classes=6)
    yield case("multi_hot", np.array([0.0, 2.0, 2.0]), num_classes=4)
    t = np.array([[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]])
    p = np.array([[0.1, 0.8, 0.3], [0.5, 0.4, 0.6]])
    z = numbers("logits", 2, 3, scale=3)
    yield case("binary_crossentropy", t, p)
    yield case("binary_crossentropy", t, z, from_logits=True)
    yield case("binary_crossentropy", np.array([1.0, 0.0]), np.array([0.0, 1.0]), dtype="float32")
    yield case("categorical_crossentropy", t, p)
    yield case("categorical_crossentropy", t, z, from_logits=True)
    yield case("categorical_crossentropy", t, p, axis=0)
    yield case("sparse_categorical_crossentropy", np.array([2.0, 0.0]), p)
    yield case("sparse_categorical_crossentropy", np.array([[2.0], [0.0]]), z, from_logits=True)
    x = numbers("normal", 2, 3, 4)
    for options in ({}, {"axis": 0}, {"order": 1}, {"order": 3, "axis": 1}, {"axis": 1, "epsilon": 2.0}):
        yield case("normalize", x, **options)
    four = numbers("scale", 4)
    for options in ({}, {"scale": four}, {"axis": 1}, {"epsilon": 0.1}):
        yield case("rms_normalization", x, **options)
    for options in ({}, {"gamma": four, "beta": -four}, {"axis": (1, 2)}, {"axis": 1, "gamma": four[:3], "epsilon": 0.1}):
        yield case("layer_normalization", x, **options)
    mean, variance = numbers("mean", 4), numbers("variance", 4, low=0.5, high=2)
    yield case("batch_normalization", x, mean, variance, -1)
    yield case("batch_normalization", x, mean, variance, 2, offset=four, scale=-four, epsilon=0.1)
    yield case("batch_normalization", x, mean[:3], variance[:3], 1)
    yield case("psnr", numbers("one", 2, 4, 4, low=0, high=1), numbers("two", 2, 4, 4, low=0, high=1), 1.0)
    q, k, v = numbers("query", 2, 3, 2, 4), numbers("key", 2, 5, 2, 4), numbers("value", 2, 5, 2, 4)
    for options in ({}, {"scale": 0.3}, {"bias": numbers("bias", 2, 2, 3, 5)}, {"is_causal": True}):
        yield case("dot_product_attention", q, k, v, dtype="float32", **options)
    for size in (2,):
        yield case("depth_to_space", numbers("depth", 2, 3, 2, 8), size)
        yield case("space_to_depth", numbers("depth", 2, 4, 6, 3), size)
        yield case("space_to_depth", numbers("depth", 2, 3, 4, 6), size, data_format="channels_first")


def images():
    x = numbers("images", 2, 5, 4, 3, low=0, high=1)
    for interpolation in ("nearest", "bilinear", "bicubic", "lanczos3"):
        for size in ((8, 7), (3, 2)):
            yield case("image.resize", x, size, interpolation=interpolation, dtype="float32")
    yield case("image.resize", x[0], (7, 7), dtype="float32")
    yield case("image.resize", x, (3, 3), antialias=True, dtype="float32")
    first = numbers("images", 2, 3, 5, 4, low=0, high=1)
    yield case("image.resize", first, (6, 3), data_format="channels_first", dtype="float32")
    for name in ("rgb_to_grayscale", "rgb_to_hsv", "hsv_to_rgb"):
        yield case(f"image.{name}", x, dtype="float32")
        yield case(f"image.{name}", first, data_format="channels_first", dtype="float32")
    yield case("image.crop_images", x, top_cropping=1, left_cropping=0, target_height=3, target_width=2)
    yield case("image.crop_images", x, bottom_cropping=1, right_cropping=1, target_height=2, target_width=2)
    yield case("image.pad_images", x, top_padding=1, left_padding=2, target_height=8, target_width=7)
    yield case("image.pad_images", x, top_padding=1, left_padding=2, bottom_padding=0, right_padding=1)
    yield case("image.extract_patches", x, (2, 2))
    yield case("image.extract_patches", x, (3, 2), strides=1, padding="same")
    yield case("image.gaussian_blur", x, dtype="float32")
    yield case("image.gaussian_blur", x, kernel_size=(3, 5), sigma=(0.7, 1.6), dtype="float32")


def more_cells():
    yield case("arctan", numbers("arctan", 3, 4, scale=3))
    yield case("arctan", np.array([0.0, 0.3, -0.5, 1.0, -2.5, 1e-4, 1e6, np.inf, -np.inf]))
    for name in ("arcsin", "arccos"):
        yield case(name, numbers(name, 8, low=-1, high=1))
        yield case(name, np.array([0.0, 1.0, -1.0, 0.999, 1e-4, 0.5, 1.5]))
    yield case("arctan2", numbers("arctan2 a", 3, 4), numbers("arctan2 b", 4))
    yield case("arctan2", np.array([0.0, 0.0, 1.0, -1.0, 1.0, np.inf, 1.0, 2.0]), np.array([1.0, -1.0, 0.0, 0.0, -1.0, np.inf, np.inf, -np.inf]))
    yield case("erfc", numbers("erfc", 3, 4, scale=2))
    for x in (4.0, 6.0, 9.0, -3.0):
        yield case("erfc", np.array([x]))
    yield case("erfinv", numbers("erfinv", 8, low=-0.99, high=0.99))
    yield case("erfinv", np.array([0.0, 1e-4, -0.5, 0.9999]), dtype="float32")
    yield case("erfinv", np.array([1.0, -1.0, 1.5]))
    yield case("i0", numbers("i0", 6, scale=2))
    yield case("i0", np.array([0.0, 3.7, 3.8, -9.0]))
    yield case("kaiser", 7, 3.5)
    yield case("sinh", np.array([0.0, -0.2, 1e-4]))
    for name in ("angle", "conj", "conjugate", "imag", "real", "isreal"):
        yield case(name, numbers(name, 5))
    for kind in ("uint8", "int32", "float32", "bool"):
        yield case("saturate_cast", np.array([-3.7, 0.0, 2.9, 300.0, 3e9]), kind)
    x = np.array([1.0, 100.0])
    yield case("allclose", x, np.array([1.000001, 100.0005]))
    yield case("allclose", x, np.array([1.1, 100.0005]))
    yield case("allclose", x, np.array([1.001, 100.1]), rtol=0.01)


def counted():
    gaps = np.array([[1.0, np.nan, 3.0, -4.0], [np.nan, np.nan, np.nan, np.nan], [5.0, 2.0, np.nan, 7.5]])
    for name in ("nanargmax", "nanargmin"):
        for options in ({"axis": 1}, {"axis": 0}, {}, {"axis": -1, "keepdims": True}):
            yield case(name, gaps[[0, 2]] if options == {"axis": 0} else gaps, **options)
    for options in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}):
        yield case("nanmedian", gaps, **options)
    for q in (0.25, 0.5, [0.1, 0.6]):
        yield case("nanquantile", gaps[[0, 2]] if isinstance(q, list) else gaps, q, axis=1)  # Keras fails on a list beside a row of NaN
    for method in ("lower", "higher", "midpoint", "nearest"):
        yield case("nanquantile", gaps, 0.4, axis=1, method=method)
    yield case("nanpercentile", gaps, 30.0)
    yield whole_numbers("argpartition", [3, 1, 2, 5, 4], 4)
    yield whole_numbers("bincount", [1, 1, 2, 3, 2, 4, 4, 6])
    yield whole_numbers("bincount", [1, 0, 1], minlength=5)
    yield whole_numbers("bincount", [[1, 0, 1], [2, 2, 0]])
    yield whole_numbers("bincount", [1, 2, 2], weights=np.array([0.5, 1.5, 2.0], "float32"))
    x = numbers("histogram", 40)
    yield case("histogram", x, dtype="float32")
    yield case("histogram", x, bins=4, range=(-1.0, 1.5), dtype="float32")
    yield case("histogram", np.array([0.0, 1.0, 2.0, 2.0, 4.0]), bins=4, dtype="float32")
    yield whole_numbers("unravel_index", [22, 41, 37], (7, 6))
    yield whole_numbers("unravel_index", [7, 0, 119], (4, 5, 6))
    yield case("nonzero", np.array([[0.0, 2.0, 0.0], [1.0, 0.0, -1.0]]))
    tied = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 3.0])
    yield case("unique", tied)
    yield case("unique", tied, return_index=True, return_inverse=True, return_counts=True)
    yield case("unique", tied, sorted=False, return_counts=True)
    yield case("unique", tied, size=5, fill_value=-1.0)
    yield case("unique", tied, size=2)
    yield case("unique", np.array([[1.0, 2.0], [3.0, 0.0], [1.0, 2.0]]), axis=0, return_inverse=True)
    rows, ids = apart("segments", 5, 2), [0, 2, 0, 1, 2]
    for name in ("segment_sum", "segment_max", "segment_min", "segment_prod"):
        yield integers(name, rows, ids)
        yield integers(name, rows, [0, 2, 0, 3, 2], num_segments=5)
    indices, values = [[0, 1], [2, 0], [0, 1]], numbers("scatter", 3)
    yield scattered("scatter", None, indices, values, (3, 2))
    yield scattered("scatter", None, [[1], [3]], numbers("scatter", 2, 3), (4, 3))
    table = numbers("scatter table", 3, 2)
    yield scattered("scatter_update", table, [[0, 1], [2, 0]], values[:2])
    yield scattered("scatter_update", table, [[1]], numbers("scatter", 1, 2))
    for reduction in ("add", "max", "min", "mul"):
        yield scattered("scatter_update", table, indices, values, reduction=reduction)


def whole_numbers(name, x, *args, **options):
    """A function whose first argument Keras wants as whole numbers."""
    answers = results(getattr(K, name)(np.array(x), *args, **options))
    number = SEEN[name] = SEEN.get(name, 0) + 1
    return {
        "name": f"{name} {number} {list(options)}",
        "op": name,
        "args": [encode(np.array(x)), *args],
        "options": {key: argument(value) for key, value in options.items()},
        "results": [encode(a.astype(np.float32)) for a in answers],
    }


def scattered(name, table, indices, values, *shape, **options):
    first = [] if table is None else [table]
    answer = np.asarray(getattr(K, name)(*first, np.array(indices), values, *shape, **options))
    number = SEEN[name] = SEEN.get(name, 0) + 1
    return {
        "name": f"{name} {number} {options}",
        "op": name,
        "args": [*map(encode, first), encode(np.array(indices)), encode(values), *shape],
        "options": options,
        "results": [encode(answer.astype(np.float32))],
    }


def grids():
    a, b, c = apart("mesh a", 3), apart("mesh b", 2), apart("mesh c", 4)
    for rows in ((a, b), (a, b, c), (a,)):
        yield case("meshgrid", *rows)
        yield case("meshgrid", *rows, indexing="ij")
    yield case("vander", a)
    yield case("vander", a, N=5, increasing=True)
    yield case("select", [np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0])], [a, a * 2], default=-7.0, dtype="float32")
    x = numbers("rearrange", 2, 4, 6, 3)
    yield case("rearrange", x, "b h w c -> b c h w")
    yield case("rearrange", x, "b h w c -> b (c h w)")
    yield {**case("rearrange", x, "b h w c -> h (b w) c")}
    yield named_lengths(x, "b (h1 h) (w1 w) c -> (b h1 w1) h w c", h1=2, w1=2)
    yield named_lengths(x, "b (h h1) (w w1) c -> b h w (c h1 w1)", h1=2, w1=3)
    yield case("corrcoef", numbers("corrcoef", 3, 5))
    for mode in ("valid", "same", "full"):
        yield case("correlate", numbers("correlate", 6), numbers("correlate", 3), mode=mode)
        yield case("correlate", numbers("correlate", 6), numbers("correlate", 4), mode=mode)


def named_lengths(x, pattern, **lengths):
    number = SEEN["rearrange"] = SEEN.get("rearrange", 0) + 1
    answer = np.asarray(K.rearrange(x, pattern, **lengths))
    return {
        "name": f"rearrange {number} {lengths}",
        "op": "rearrange",
        "args": [encode(x), pattern],
        "options": lengths,
        "results": [encode(answer.astype(np.float32))],
    }


def frequencies():
    for n in (8, 7, 1):
        x = numbers("fourier", 2, n)
        pair = [x, numbers("fourier imaginary", 2, n)]
        yield case("fft", pair)
        yield case("rfft", x)
        if n > 1:
            half = [y[:, : n // 2 + 1] for y in pair]
            yield case("irfft", half)
            yield case("irfft", half, fft_length=n)
    for name in ("fft2", "ifft2"):
        yield case(name, [numbers("plane", 2, 4, 3), numbers("plane imaginary", 2, 4, 3)])
    yield case("rfft", numbers("fourier", 2, 8), fft_length=12)
    yield case("rfft", numbers("fourier", 2, 8), fft_length=5)
    sound = numbers("sound", 2, 40)
    yield case("extract_sequences", sound, 8, 3)
    yield case("extract_sequences", sound, 3, 5)
    for options in ({}, {"window": "hamming"}, {"center": False}, {"window": None}):
        yield case("stft", sound, 8, 4, 16, **options)
    yield case("stft", sound, 8, 4, 8, window=numbers("window", 8, low=0.2, high=1))
    for options in ({}, {"window": "hamming"}, {"center": False}, {"length": 30}, {"length": 60}):
        center = options.get("center", True)
        parts = [np.asarray(p) for p in K.stft(sound, 16, 4, 16, window=options.get("window", "hann"), center=center)]
        yield case("istft", parts, 16, 4, 16, **options)
    parts = [np.asarray(p) for p in K.stft(sound, 12, 4, 16, window=None)]
    yield case("istft", parts, 12, 4, 16, window=None)


def more_windows():
    signal, picture, volume = (numbers(f"adaptive {s}", *s) for s in ((2, 9, 3), (2, 7, 6, 4), (1, 4, 5, 4, 2)))
    for name in ("adaptive_average_pool", "adaptive_max_pool"):
        yield case(name, signal, 4, dtype="float32")
        yield case(name, picture, (3, 2), dtype="float32")
        yield case(name, volume, (2, 3, 2), dtype="float32")
        yield case(name, picture, 2, data_format="channels_first", dtype="float32")
    first = numbers("unfold", 2, 3, 6, 5)
    for options in ({}, {"padding": 1, "stride": 2}, {"dilation": 2}, {"padding": (1, 0), "stride": (1, 2)}):
        yield case("unfold", first, 2, dtype="float32", **options)
        columns = np.asarray(K.unfold(first.astype("float32"), 2, **options)).astype("float64")
        yield case("fold", columns, (6, 5), 2, dtype="float32", **options)
    yield case("unfold", first, (3, 2), dtype="float32")
    x = numbers("images", 2, 5, 4, 3, low=0, high=1)
    first = numbers("images", 2, 3, 5, 4, low=0, high=1)
    yield case("image.sobel_edges", x, dtype="float32")
    yield case("image.sobel_edges", first, data_format="channels_first", dtype="float32")
    large, other = numbers("ssim", 2, 13, 12, 3, low=0, high=1), numbers("ssim other", 2, 13, 12, 3, low=0, high=1)
    yield case("image.ssim", large, large * 0.8 + other * 0.2, dtype="float32")
    yield case("image.ssim", large[0], other[0], dtype="float32")
    yield case("image.ssim", large, other, max_val=2.0, filter_size=5, filter_sigma=0.9, k1=0.02, k2=0.05, dtype="float32")
    yield case("image.extract_patches_3d", volume, (2, 2, 2), dtype="float32")
    yield case("image.extract_patches_3d", volume[0], (1, 2, 3), strides=(1, 1, 1), padding="same", dtype="float32")
    for method in ("linear", "cubic", "lanczos3", "lanczos5"):
        for antialias in (True, False):
            scale, move = np.array([0.6, 1.7]), np.array([0.4, -1.3])
            yield case("image.scale_and_translate", x, (2, 4, 6, 3), scale, move, (1, 2), method, antialias=antialias, dtype="float32")
    maps = np.array([0.9, 0.2, -0.3, -0.1, 1.1, 0.4, 0.0, 0.0])
    for options in ({}, {"interpolation": "nearest"}, {"fill_value": 0.5}, {"fill_mode": "nearest"}, {"fill_mode": "reflect"}, {"fill_mode": "wrap"}):
        yield case("image.affine_transform", x, maps, dtype="float32", **options)
    yield case("image.affine_transform", x, np.stack([maps, maps[::-1] * 0.01 + np.array([1, 0, 0, 0, 1, 0, 0, 0])]), dtype="float32")
    yield case("image.affine_transform", x[0], maps, dtype="float32")
    yield case("image.affine_transform", first, maps, data_format="channels_first", dtype="float32")
    start = np.array([[0.0, 0.0], [0.0, 5.0], [4.0, 0.0], [4.0, 5.0]])
    end = np.array([[0.2, 0.5], [0.4, 4.6], [3.7, -0.4], [4.4, 4.9]])
    yield case("image.perspective_transform", x, start, end, dtype="float32")
    yield case("image.perspective_transform", x, np.stack([start, start]), np.stack([end, start]), interpolation="nearest", dtype="float32")
    yield case("image.perspective_transform", x[0], start, end, fill_value=0.3, dtype="float32")
    table = numbers("coordinates", 4, 5)
    places = np.array([[0.3, 1.0, 2.6, 2.9, -0.4], [0.0, 3.7, 1.2, 4.6, 2.0]])
    for mode in ("constant", "nearest", "wrap"):
        yield case("image.map_coordinates", table, places, 1, fill_mode=mode, fill_value=0.5, dtype="float32")
        yield case("image.map_coordinates", table, places, 0, fill_mode=mode, dtype="float32")
    inside = np.array([[0.3, 1.0, 2.6], [0.0, 3.7, 1.2]])
    yield case("image.map_coordinates", table, inside, 1, fill_mode="mirror", dtype="float32")
    beyond = np.array([[3.4, 4.0, 1.0], [4.2, 5.0, 6.0]])  # on TensorFlow Keras reflects below 0 as "mirror" should
    yield case("image.map_coordinates", table, beyond, 1, fill_mode="reflect", dtype="float32")


def judges():
    """Losses and metrics as functions: the value of each sample."""
    t, p = np.array([[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]]), np.array([[0.1, 0.8, 0.3], [0.5, 0.4, 0.6]])
    z = numbers("judges", 2, 3, scale=2)
    plain = """mean_squared_error mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error log_cosh
        poisson kl_divergence hinge squared_hinge categorical_hinge huber cosine_similarity binary_crossentropy
        binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy dice tversky""".split()
    for name in plain:
        yield case(f"losses.{name}", t, p)
    for name in plain[:4] + ["huber"]:
        yield case(f"losses.{name}", numbers("deep a", 2, 3, 4), numbers("deep b", 2, 3, 4))
    for name in ("mean_squared_error", "mean_absolute_error", "log_cosh"):
        yield case(f"losses.{name}", t[0], p[0])
    yield case("losses.mean_squared_error", np.array([[1.0], [2.0]]), np.array([[0.5], [4.0]]))
    yield case("losses.huber", t, p * 4, delta=0.3)
    yield case("losses.cosine_similarity", t, p, axis=-1)
    yield case("losses.binary_crossentropy", t, z, from_logits=True)
    yield case("losses.binary_crossentropy", t, p, label_smoothing=0.2)
    yield case("losses.categorical_crossentropy", t, z, from_logits=True, label_smoothing=0.1)
    yield case("losses.binary_focal_crossentropy", t, p, gamma=3.0, apply_class_balancing=True)
    yield case("losses.sparse_categorical_crossentropy", np.array([2.0, 0.0]), p)
    yield case("losses.sparse_categorical_crossentropy", np.array([[2.0], [0.0]]), z, from_logits=True)
    yield case("losses.sparse_categorical_crossentropy", np.array([2.0, 0.0]), p, ignore_class=2)
    yield case("losses.tversky", t, p, alpha=0.3, beta=0.8)
    yield case("losses.dice", t, p, axis=(1,))
    rows, best = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([2.0, 0.0])
    yield case("metrics.binary_accuracy", np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.9, 0.6], [0.2, 0.5]]))
    yield case("metrics.binary_accuracy", np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.9, 0.6], [0.2, 0.5]]), threshold=0.65)
    yield case("metrics.categorical_accuracy", rows, p)
    yield case("metrics.sparse_categorical_accuracy", best, p)
    yield case("metrics.top_k_categorical_accuracy", rows, p, k=2, dtype="float32")
    yield case("metrics.sparse_top_k_categorical_accuracy", best, p, k=2, dtype="float32")
    for name in plain[:4] + ["kl_divergence", "poisson", "hinge", "squared_hinge", "categorical_hinge", "binary_crossentropy"]:
        yield case(f"metrics.{name}", t, p)
    yield case("metrics.sparse_categorical_crossentropy", best, p)
    yield case("metrics.pearson_correlation", t, p)
    yield case("metrics.concordance_correlation", t, p)


def make():
    SEEN.clear()
    parts = [cells, pairs, reductions, places, made, order, products, networks, images, more_cells, counted, grids, frequencies, more_windows, judges]
    write("ops.json", [one for part in parts for one in part()])
