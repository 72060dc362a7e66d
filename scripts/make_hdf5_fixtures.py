"""Makes the files in fixtures/hdf5 with h5py and Keras, for the tests of src/saving.

    pip install h5py==3.16.0 numpy && python scripts/make_hdf5_fixtures.py h5py
    pip install keras==3.15.1 tensorflow-cpu && python scripts/make_hdf5_fixtures.py keras
"""

import os
import sys
import zipfile

import h5py
import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "hdf5")


def path(name):
    return os.path.join(HERE, name)


def arrays(file):
    """Arrays of every type that is read, each -2, -1, 0, 1, 2, 3 or, where unsigned, 0 to 5, in the shape [2, 3]."""
    group = file.create_group("types")
    signed = np.arange(-2, 4).reshape(2, 3)
    unsigned = np.arange(6).reshape(2, 3)
    for name in ["f2", "f4", "f8", "i1", "i2", "i4", "i8"]:
        group["<" + name] = signed.astype("<" + name)
        group[">" + name] = signed.astype(">" + name)
    for name in ["u1", "u2", "u4", "u8"]:
        group["<" + name] = unsigned.astype("<" + name)
    group["bool"] = unsigned % 2 == 1
    # bfloat16 as Keras stores it: two bytes without meaning, and an attribute.
    bits = (signed.astype("<f4").view("<u4") >> 16).astype("<u2")
    group.create_dataset("bfloat16", data=bits.view("V2")).attrs["dtype"] = "bfloat16"
    group["scalar"] = np.float32(0.5)
    group["count"] = np.int64(2**40)
    group["empty"] = np.zeros((0, 3), "f4")
    group.create_dataset("unwritten", shape=(2, 2), dtype="f4")
    group.create_dataset("filled", shape=(2, 2), dtype="f4", fillvalue=1.5)


def chunks(file):
    """0 to 34 as [5, 7], in chunks of [2, 3]."""
    group = file.create_group("chunks")
    data = np.arange(35, dtype="f4").reshape(5, 7)
    for name, options in {
        "plain": {},
        "gzip": {"compression": "gzip"},
        "shuffle": {"compression": "gzip", "shuffle": True},
        "checksum": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    }.items():
        group.create_dataset(name, data=data, chunks=(2, 3), **options)
    group.create_dataset("whole", data=data, chunks=(5, 7), compression="gzip")
    group.create_dataset("big-endian", data=data.astype(">f4"), chunks=(2, 3))
    part = group.create_dataset("part", shape=(5, 7), dtype="f4", chunks=(2, 3), fillvalue=-1)
    part[0, 0] = 7


def attributes(file):
    group = file.create_group("attributes")
    attrs = group.attrs
    attrs["text"] = "Grüße"
    attrs["fixed"] = np.bytes_("plain")
    attrs["texts"] = ["a", "bé", ""]
    attrs["fixed texts"] = np.array([b"one", b"three"])
    attrs["none"] = []
    attrs["int"] = 3
    attrs["float"] = 0.5
    attrs["true"] = True
    attrs["list"] = np.arange(3, dtype="f4")
    attrs["empty"] = h5py.Empty("f4")
    attrs["complex"] = 1j
    for i in range(30):
        attrs[f"many {i}"] = i


def groups(file):
    many = file.create_group("many")
    for i in range(700):
        many.create_dataset(str(i), data=np.int32(i))
    ordered = file.create_group("ordered", track_order=True)
    for name in ["b", "c", "a"]:
        ordered.create_group(name)


def everything(name, **options):
    with h5py.File(path(name), "w", **options) as file:
        arrays(file)
        chunks(file)
        attributes(file)
        groups(file)


def small(name, make, **options):
    with h5py.File(path(name), "w", **options) as file:
        make(file)


def weights(file):
    for index, (name, data) in enumerate([("dense", np.arange(6, dtype="f4").reshape(2, 3)), ("dense_1", np.ones(3, "f4"))]):
        variables = file.create_group(f"layers/{name}/vars")
        variables.attrs["name"] = f"layer {index}"
        variables["0"] = data


def virtual(file):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", shape=(4,))
    file.create_virtual_dataset("a/virtual", layout)


def compound(file):
    file["a/compound"] = np.zeros(2, [("x", "f4"), ("y", "i4")])


def loop(file):
    file.create_group("a/b")
    file["a/b/again"] = file["a"]


def with_h5py():
    everything("oldest.h5", libver="earliest")
    everything("v108.h5", libver=("v108", "v108"))
    everything("latest.h5", libver="latest")
    small("small.h5", weights, libver="earliest")
    small("small-v108.h5", weights, libver=("v108", "v108"))
    small("soft-link.h5", lambda f: f.create_group("a").__setitem__("link", h5py.SoftLink("/a")), libver="earliest")
    small("soft-link-v108.h5", lambda f: f.create_group("a").__setitem__("link", h5py.SoftLink("/a")), libver=("v108", "v108"))
    small("external-link.h5", lambda f: f.create_group("a").__setitem__("link", h5py.ExternalLink("/etc/passwd", "/x")))
    small("external-data.h5", lambda f: f.create_dataset("a/data", (4,), "f4", external=[("/etc/passwd", 0, 16)]))
    small("virtual.h5", virtual)
    small("loop.h5", loop, libver="earliest")
    small("compound.h5", compound)
    small("strings.h5", lambda f: f.__setitem__("a/strings", ["x", "y"]))
    small("lzf.h5", lambda f: f.create_dataset("a/packed", data=np.zeros(100, "f4"), compression="lzf"))
    small("growing.h5", lambda f: f.create_dataset("a", data=np.zeros(10, "f4"), maxshape=(None,)), libver="latest")
    small("huge.h5", lambda f: f.create_dataset("a", (2**40,), "f4", chunks=(2**20,), compression="gzip"))
    small("many-large.h5", lambda f: [f.create_dataset(name, (2**23,), "f4", chunks=(2**20,)) for name in "abcd"])
    small("huge-plain.h5", lambda f: f.create_dataset("a", (2**30,), "f4"))


def with_keras():
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 1), name="img")
    x = keras.layers.Conv2D(2, 3, activation="relu", padding="same")(image)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Flatten()(x)
    model = keras.Model(image, keras.layers.Dense(3, name="head")(x), name="net")
    model.compile("adam", "mse")
    ones = np.ones((4, 8, 8, 1), "f4")
    model.fit(ones, np.zeros((4, 3), "f4"), epochs=1, verbose=0)
    model.save(path("model.keras"))
    model.save_weights(path("model.weights.h5"))
    model.save(path("legacy.h5"))
    # What the numbers are, independently of HDF5.
    with open(path("model.weights.json"), "w") as out:
        import json

        json.dump([[v.path, list(v.shape), np.ravel(v.numpy()).tolist()] for v in model.weights], out)
    with zipfile.ZipFile(path("model.keras")) as archive:
        print(archive.namelist())


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    {"h5py": with_h5py, "keras": with_keras}[sys.argv[1]]()
