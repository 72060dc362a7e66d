import { conv2d, input, maxPooling2d, model, pipe, upSampling2d } from "rhyton";
import { digits } from "rhyton/datasets";

const same = { activation: "relu", padding: "same" } as const;
const image = input([28, 28, 1]);
const code = pipe(image, conv2d(16, 3, same), maxPooling2d(2), conv2d(8, 3, same), maxPooling2d(2)); // [7, 7, 8]
const small = pipe(code, conv2d(8, 3, same), upSampling2d(2), conv2d(16, 3, same), upSampling2d(2));
const picture = pipe(small, conv2d(1, 3, { activation: "sigmoid", padding: "same" })); // [28, 28, 1]

const autoencoder = model(image, picture, { seed: 1 });
autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy" });
const { train, test } = await digits();
const data = { epochs: 3, batchSize: 64, validationData: [test.images, test.images] } as const;
const { history } = await autoencoder.fit(train.images, train.images, data);
await autoencoder.save("autoencoder.keras"); // opens in Keras 3
console.log(`val_loss ${history.val_loss?.at(-1)?.toFixed(3)}`);
