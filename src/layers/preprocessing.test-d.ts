/** Type tests of normalising, random and preparing layers: checked by `npm run types`, never run. */
import type { Shape, Tensor } from "../graph/tensor.ts";
import { randomFlip, randomRotation, randomTranslation, randomZoom } from "./augmentation.ts";
import { randomBrightness, randomContrast } from "./augmentation-colour.ts";
import { conv2d } from "./convolution.ts";
import { input } from "./input.ts";
import { gaussianDropout, gaussianNoise } from "./noise.ts";
import { groupNormalization, layerNormalization, rmsNormalization, unitNormalization } from "./normalization.ts";
import { batchNormalization } from "./normalization-batch.ts";
import { pipe } from "./pipe.ts";
import { centerCrop, rescaling, resizing } from "./preprocessing.ts";
import { normalization } from "./preprocessing-normalization.ts";
import { activityRegularization, alphaDropout, dropout, spatialDropout2d } from "./regularization.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Exact<S extends Shape> = <T extends Shape>(x: Tensor<T>, same: Equal<T, S>) => void;
declare function shape<S extends Shape>(): Exact<S>;

const image = input([32, 24, 3]);
declare const n: number;

// ---- what keeps the shape -----------------------------------------------------------------------------------------

const prepared = pipe(
  image,
  rescaling(1 / 255),
  normalization(),
  randomFlip("horizontal"),
  randomRotation(0.1),
  randomZoom(0.2, { widthFactor: 0.1 }),
  randomTranslation(0.1, [0, 0.1]),
  randomContrast(0.2),
  randomBrightness(0.2),
);
shape<[32, 24, 3]>()(prepared, true);

const through = pipe(
  prepared,
  conv2d(8, 3),
  batchNormalization({ momentum: 0.9 }),
  layerNormalization(),
  groupNormalization({ groups: 4 }),
  rmsNormalization(),
  unitNormalization(),
  dropout(0.5, { noiseShape: [null, 1, 1, 1] }),
  spatialDropout2d(0.2),
  alphaDropout(0.1),
  gaussianNoise(0.1),
  gaussianDropout(0.1),
  activityRegularization({ l1: 1e-5 }),
);
shape<[30, 22, 8]>()(through, true);

// ---- what changes it ----------------------------------------------------------------------------------------------

shape<[96, 64, 3]>()(resizing(96, 64)(image), true);
shape<[16, 12, 3]>()(centerCrop(16, 12)(image), true);
shape<[32, 8, 9]>()(resizing(8, 9, { dataFormat: "channels_first" })(image), true);
shape<[32, 8, 9]>()(centerCrop(8, 9, { dataFormat: "channels_first" })(image), true);
shape<[number, 9, 3]>()(resizing(n, 9)(image), true);
shape<[94, 62, 4]>()(pipe(image, resizing(96, 64, { interpolation: "nearest" }), conv2d(4, 3)), true);

// ---- what is refused ----------------------------------------------------------------------------------------------

// @ts-expect-error pictures have three axes
resizing(8, 8)(input([10]));
// @ts-expect-error there is no such interpolation
resizing(8, 8, { interpolation: "cubic" });
// @ts-expect-error a name that no option has
resizing(8, 8, { interpolate: "nearest" });
// @ts-expect-error a rate is required
dropout();
// @ts-expect-error there is no such mode
randomFlip("both");
// @ts-expect-error an axis is a number
batchNormalization({ axis: "last" });
