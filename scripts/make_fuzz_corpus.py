"""Makes the files in test/fuzz/corpus, from which the fuzzer (`npm run fuzz`) makes its cases.

    pip install keras==3.15.1 tensorflow-cpu && python scripts/make_fuzz_corpus.py

Small files by those who write such files in earnest: Keras, h5py and NumPy; safetensors, PNG and IDX are simple enough
to be written here.
"""

import json
import os
import struct
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import h5py
import keras
import numpy as np
from keras import layers

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fuzz", "corpus")


def path(name):
    return os.path.join(HERE, name)


def write(name, data):
    with open(path(name), "wb") as file:
        file.write(data)


def keras_files():
    keras.utils.set_random_seed(1)
    x = keras.Input((3,), name="x")
    dense = keras.Model(x, layers.Dense(2, activation="relu")(x), name="net")
    dense.compile("adam", "mse")
    dense.fit(np.ones((4, 3), "f4"), np.ones((4, 2), "f4"), verbose=0)
    dense.save(path("dense.keras"))
    dense.save_weights(path("dense.weights.h5"))

    sequential = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3, padding="same", activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2, padding="same"),
            layers.UpSampling2D(2),
            layers.Conv2DTranspose(1, 2, activation="sigmoid"),
            layers.Flatten(),
            layers.Dropout(0.5),
        ],
        name="pictures",
    )
    sequential.compile(keras.optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    sequential.save(path("pictures.keras"))

    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(2, name="shared")], name="inner")
    joined = layers.Concatenate()([inner(a), inner(b)])
    merged = keras.Model({"a": a, "b": b}, {"sum": layers.Add()([inner(a), b]), "both": layers.Dense(1)(joined)})
    merged.save(path("merged.keras"))

    y = keras.ops.tanh(x) * 2.0 + 1.0
    keras.Model(x, keras.ops.reshape(y, (-1, 3, 1))).save(path("ops.keras"))


def hdf5_files():
    def open_new(name, **options):
        return h5py.File(path(name), "w", track_order=False, **options)

    for name, version in [("old", "earliest"), ("new", "v114")]:
        with open_new(f"{name}.weights.h5", libver=(version, version if version != "earliest" else "v108")) as file:
            group = file.create_group("layers/dense/vars")
            group["0"] = np.arange(6, dtype="f4").reshape(3, 2)
            group["1"] = np.arange(2, dtype=">f2")
            options = dict(chunks=(2, 3), compression="gzip", shuffle=True, fletcher32=True)
            group.create_dataset("2", data=np.arange(35, dtype="i4").reshape(5, 7), **options)
            group.create_dataset("3", data=np.arange(35, dtype="f8").reshape(5, 7), chunks=(5, 7))
            group.create_dataset("4", shape=(5, 7), dtype="f4", chunks=(3, 3), fillvalue=1.5)
            group["5"] = np.array([True, False])
            file.attrs["text"] = "Grüße"
            file.attrs["texts"] = ["a", "bé", ""]
            file.attrs["numbers"] = np.arange(3, dtype="i8")
            for i in range(12):
                group.attrs[f"many {i}"] = i
            many = file.create_group("many")
            for i in range(30):
                many.create_group(str(i))
    with open_new("links.weights.h5") as file:
        file["here"] = np.float32(1)
        file["soft"] = h5py.SoftLink("/here")
        file["external"] = h5py.ExternalLink("other.h5", "/there")


def numpy_files():
    def save(name, array, **options):
        with open(path(f"{name}.npy"), "wb") as file:
            np.lib.format.write_array(file, np.asarray(array), **options)

    save("floats", np.arange(6, dtype="f4").reshape(2, 3))
    save("halves", np.arange(6, dtype="f2").reshape(2, 3).T, version=(2, 0))
    save("fortran", np.asfortranarray(np.arange(24, dtype="f8").reshape(2, 3, 4)), version=(3, 0))
    save("bytes", np.arange(9, dtype="u1"))
    save("whole", np.arange(4, dtype="i8").reshape(4, 1))
    save("bools", np.array([True, False]))
    save("objects", np.array([None, 1], dtype=object), allow_pickle=True)
    weights = {"dense/kernel": np.arange(6, dtype="f4").reshape(3, 2), "dense/bias": np.zeros(2, "f4")}
    np.savez(path("stored.npz"), **weights)
    np.savez_compressed(path("deflated.npz"), **weights)


def safetensors(name, arrays, kind="F32", metadata=None):
    header, body = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for key, array in arrays.items():
        data = array.tobytes()
        header[key] = {"dtype": kind, "shape": array.shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    write(f"{name}.safetensors", struct.pack("<Q", len(text)) + text + body)


def safetensors_files():
    weights = {"dense/kernel": np.arange(6, dtype="f4").reshape(3, 2), "dense/bias": np.zeros(2, "f4")}
    safetensors("weights", weights, metadata={"format": "np"})
    safetensors("halves", {"a": np.arange(6, dtype="f2"), "empty": np.zeros((0, 3), "f2")}, "F16")
    safetensors("longs", {"a": np.arange(6, dtype="i8").reshape(1, 2, 3)}, "I64")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, rows, size, depth=8, colour=0, interlace=0, before=b"", pieces=1):
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, interlace)
    packed = zlib.compress(rows)
    step = -(-len(packed) // pieces)
    data = b"".join(chunk(b"IDAT", packed[i : i + step]) for i in range(0, len(packed), step))
    write(f"{name}.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + data + chunk(b"IEND", b""))


def png_files():
    gray = np.random.default_rng(1).integers(0, 256, (8, 8), "u1")
    rows = b"".join(bytes([i % 5]) + row.tobytes() for i, row in enumerate(gray))
    png("gray", rows, (8, 8), pieces=3)
    text = chunk(b"tEXt", b"Title\0digits") + chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"profile" * 9))
    png("chunks", rows, (8, 8), before=text + chunk(b"pHYs", struct.pack(">IIB", 1, 1, 1)))
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    adam7 = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in gray[y::dy, x::dx])
    png("interlaced", adam7, (8, 8), interlace=1)
    png("colour", b"".join(b"\0" + bytes(12) for _ in range(4)), (4, 4), colour=2)
    png("palette", b"".join(b"\0" + bytes(4) for _ in range(4)), (4, 4), colour=3, before=chunk(b"PLTE", bytes(6)))


def idx_files():
    write("labels.idx", struct.pack(">BBBBI", 0, 0, 8, 1, 5) + bytes(range(5)))
    write("images.idx", struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 3, 3) + bytes(18))


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    keras_files()
    hdf5_files()
    numpy_files()
    safetensors_files()
    png_files()
    idx_files()
