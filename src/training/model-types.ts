/**
 * What a model takes, and what it does to shapes, as types.
 */
import type { NdArray } from "../core/array.ts";
import type { OpenShape, Shape, Tensor } from "../graph/tensor.ts";
import type { Rule, ShapeError, Shapes, ShapesOf, ShapeText } from "../layers/rule.ts";

/** Options of `model` and `sequential`. */
export interface ModelOptions {
  /** For the first values of the weights and for the order of samples. Default 0: two runs are equal. */
  readonly seed?: number;
  /** For files and messages. Default `model`, `sequential`. */
  readonly name?: string;
}

/** Options of `summary`. */
export interface SummaryOptions {
  /** Characters a line. Default: the terminal's, at most 88. */
  readonly lineLength?: number;
  /** Adds a column that says which layers train. */
  readonly showTrainable?: boolean;
  /** Shows the layers of models inside, too. */
  readonly expandNested?: boolean;
  /** Gets the text. Default `console.log`. */
  readonly print?: (text: string) => void;
}

/** Whether a shape may be fed where another is expected; a size that is only `number`, or open, fits any. */
type Fits<Given, Expected> = Given extends readonly [infer G, ...infer Given2]
  ? Expected extends readonly [infer E, ...infer Expected2]
    ? number extends G | E
      ? Fits<Given2, Expected2>
      : null extends G | E
        ? Fits<Given2, Expected2>
        : G extends E
          ? Fits<Given2, Expected2>
          : false
    : Expected extends readonly []
      ? false
      : true
  : Given extends readonly []
    ? Expected extends readonly [unknown, ...unknown[]]
      ? false
      : true
    : true;

/** The shapes of outputs: of one, of several in order, or of several by key. */
export type Answers = Shapes | Readonly<Record<string, OpenShape>>;

/** As a layer a model with keys answers a list, in the order of the sorted keys. */
type Listed<O> = O extends Shapes ? O : readonly OpenShape[];

/** A model answers tensors of shapes `O` to inputs of shapes `I`. */
export interface ModelRule<I, O> extends Rule {
  readonly out: this["in"] extends OpenShape
    ? Fits<this["in"], I> extends false
      ? ShapeError<`model: got an input of shape ${ShapeText<this["in"]>}, and it was made for ${ShapeText<I>}`>
      : AtSizes<this["in"], Listed<O>>
    : Listed<O>;
}

/** What is open in the shapes `O` is only unknown, where nothing is open in the input. */
type AtSizes<In, O> = In extends Shape ? Sized<O> : O;

type Sized<O> = O extends OpenShape
  ? { [K in keyof O]: O[K] extends null ? number : O[K] }
  : { [K in keyof O]: Sized<O[K]> };

/** The shapes of one tensor, or of a list; a list of one tensor is that tensor. */
export type ShapesIn<X> = X extends readonly [infer One]
  ? ShapesIn<One>
  : ShapesOf<X> extends infer S extends Shapes
    ? S
    : Shapes;

/** The tensors of a model's inputs or outputs: always a list, as in Keras. */
export type Ends<S> = S extends OpenShape
  ? readonly [Tensor<S>]
  : S extends readonly OpenShape[]
    ? { readonly [K in keyof S]: Tensor<S[K] & OpenShape> }
    : readonly Tensor[];

/** What a model with these output shapes predicts: one array, or one for each output, in a list or by key. */
export type Predicted<O> = O extends OpenShape
  ? NdArray<Float32Array>
  : O extends readonly OpenShape[]
    ? { readonly [K in keyof O]: NdArray<Float32Array> }
    : O extends Readonly<Record<string, OpenShape>>
      ? { readonly [K in keyof O]: NdArray<Float32Array> }
      : never;
