import { expect, test } from "vitest";
import * as datasets from "./data/datasets.ts";
import * as rhyton from "./index.ts";

test("these names are public, and nothing else", () => {
  const names = Object.keys(rhyton).sort((a, b) => a.localeCompare(b, "en"));
  expect(names).toEqual([
    ..."activation activityRegularization adadelta adagrad adam adamax adamw".split(" "),
    ..."adaptiveAveragePooling1d adaptiveAveragePooling2d adaptiveAveragePooling3d".split(" "),
    ..."adaptiveMaxPooling1d adaptiveMaxPooling2d adaptiveMaxPooling3d add alphaDropout average".split(" "),
    ..."averagePooling1d averagePooling2d averagePooling3d BackupAndRestore batchNormalization".split(" "),
    ..."binaryAccuracy binaryCrossentropy categoricalAccuracy categoricalCrossentropy centerCrop".split(" "),
    ..."concatenate constant conv1d conv1dTranspose conv2d conv2dTranspose conv3d conv3dTranspose".split(" "),
    ..."cosineDecay cosineDecayRestarts cropping1d cropping2d cropping3d CSVLogger dense".split(" "),
    ..."depthwiseConv1d depthwiseConv2d dot dropout EarlyStopping eLU explain explainFormats exponentialDecay flatten ftrl".split(
      " ",
    ),
    ..."gaussianDropout gaussianNoise globalAveragePooling1d globalAveragePooling2d".split(" "),
    ..."globalAveragePooling3d globalMaxPooling1d globalMaxPooling2d globalMaxPooling3d glorotNormal".split(" "),
    ..."glorotUniform groupNormalization heNormal heUniform identity input interp inverseTimeDecay l1 l1l2 l2".split(
      " ",
    ),
    ..."lamb LambdaCallback Layer layerNormalization leakyReLU LearningRateScheduler lecunNormal".split(" "),
    ..."lecunUniform lion loadModel losses maximum maxNorm maxPooling1d maxPooling2d maxPooling3d".split(" "),
    ..."meanAbsoluteError meanSquaredError metrics minimum minMaxNorm model ModelCheckpoint multiply".split(" "),
    ..."nadam ndarray nonNeg normalization ones ops orthogonal orthogonalRegularizer permute".split(" "),
    ..."piecewiseConstantDecay pipe polynomialDecay pReLU randomBrightness randomContrast randomFlip".split(" "),
    ..."randomNormal randomRotation randomTranslation randomUniform randomZoom readNpy readNpz".split(" "),
    ..."reconstructionSheet ReduceLROnPlateau reLU repeatVector rescaling reshape resizing".split(" "),
    ..."RhytonError rmsNormalization rmsprop separableConv1d separableConv2d sequential sgd show".split(" "),
    ..."softmax sparseCategoricalAccuracy sparseCategoricalCrossentropy spatialDropout1d".split(" "),
    ..."spatialDropout2d spatialDropout3d stages subtract SwapEMAWeights TensorBoard TerminateOnNaN".split(" "),
    ..."truncatedNormal unitNorm unitNormalization upSampling1d upSampling2d upSampling3d".split(" "),
    ..."varianceScaling VERSION wasm writeNpy writeNpz zeroPadding1d zeroPadding2d zeroPadding3d zeros".split(" "),
  ]);
  expect(Object.keys(datasets)).toEqual(["digits", "pictures", "mnist"]);
});
