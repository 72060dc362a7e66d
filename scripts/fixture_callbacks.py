"""fixtures/callbacks.json: what callbacks do with given values, epoch after epoch.

Every case gives the values that are watched and, after each epoch, what Keras did: the learning rate, the path that was
saved to (or null), and whether training was to stop.
"""

import warnings

import keras
import numpy as np

from fixture_format import generator, write


def make():
    cases = []
    cb = keras.callbacks

    def values(name, count, up=False):
        rng = generator(name)
        curve = np.minimum(1, np.linspace(1.4, 0.3, count)) + rng.normal(0, 0.12, count)
        curve = np.round(1 - curve if up else curve, 3)
        curve[rng.integers(count)] = curve[rng.integers(count)]
        return [float(v) for v in curve]

    def case(cls, count=24, monitor=None, arguments=None, **options):
        monitor = monitor or "val_loss"
        name = f"{cls.__name__} {monitor} {sorted(options.items())}"
        series = values(name, count, up="accuracy" in monitor)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse", metrics=["accuracy", "mae"])
        model.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))
        saved = []
        model.save = lambda path, overwrite=True: saved.append(path)
        callback = cls(*(arguments or []), monitor=monitor, **options)
        callback.set_model(model)
        model.stop_training = False
        callback.on_train_begin()
        epochs = []
        for epoch, value in enumerate(series):
            saved.clear()
            logs = {"loss": 1.0, monitor: value}
            callback.on_epoch_begin(epoch, {})
            callback.on_epoch_end(epoch, logs)
            epochs.append(
                {
                    "rate": float(model.optimizer.learning_rate.numpy()),
                    "saved": saved[0] if saved else None,
                    "stop": bool(model.stop_training),
                }
            )
            if model.stop_training:
                break
        cases.append(
            {
                "class_name": cls.__name__,
                "arguments": arguments or [],
                "options": {"monitor": monitor, **options},
                "values": series,
                "epochs": epochs,
                "best_epoch": getattr(callback, "best_epoch", None),
            }
        )

    warnings.filterwarnings("ignore")
    stop, plateau, checkpoint = cb.EarlyStopping, cb.ReduceLROnPlateau, cb.ModelCheckpoint
    case(stop)
    case(stop, patience=2)
    case(stop, patience=4, min_delta=0.1)
    case(stop, patience=3, min_delta=-0.05)
    case(stop, patience=5, baseline=0.6)
    case(stop, patience=2, start_from_epoch=6)
    case(stop, monitor="val_accuracy", patience=2)
    case(stop, monitor="accuracy", patience=3, min_delta=0.05, baseline=0.1)
    case(stop, monitor="val_mae", patience=1)
    case(stop, monitor="val_accuracy", patience=2, mode="min")
    case(plateau, patience=1)
    case(plateau, patience=2, factor=0.5, min_delta=0.05)
    case(plateau, patience=2, factor=0.5, cooldown=3)
    case(plateau, patience=1, factor=0.3, min_lr=0.05)
    case(plateau, patience=0, factor=0.9, min_lr=0.1)
    case(plateau, monitor="val_accuracy", patience=1, factor=0.7)
    case(plateau, monitor="val_accuracy", patience=2, mode="min", cooldown=1)
    case(checkpoint, arguments=["m.keras"], save_best_only=True)
    case(checkpoint, arguments=["a/{epoch:02d}-{val_loss:.2f}.keras"])
    case(checkpoint, arguments=["{epoch}-{val_accuracy:.3e}-{loss:6.1f}.keras"], monitor="val_accuracy", save_best_only=True)
    case(checkpoint, arguments=["m.keras"], save_best_only=True, initial_value_threshold=0.7)
    case(checkpoint, arguments=["m.keras"], save_best_only=True, mode="max")
    write("callbacks.json", cases)
