/**
 * A Layer is weights plus a `call` that builds tensors. Its instances can be called: `conv2d(16, 3)(x)`.
 *
 * Calling a layer builds it (once, from the shapes of its first input), lets `call` make tensors from ops, and notes the
 * call on the tensors that come out. Models are cut out of these notes later (`network.ts`).
 *
 * `build` and `call` see known sizes only. For inputs of which sizes are open both run at two sizes in their place, which
 * shows what the output has and whether a weight would depend on them; the model then calls the layer at every size.
 */
import { sameShape, showShape } from "../core/array.ts";
import { argumentError, networkError, openSizeError, ownCodeError, runOwn, shapeError } from "../core/errors.ts";
import { agree, byTrial, common, isOpen } from "../core/open-shape.ts";
import type { Words } from "../core/random.ts";
import { type OpenShape, type OpenTensor, type Regularizer, type Shape, Tensor, Variable } from "../graph/tensor.ts";
import { batchSize, divide, identity, placeholder, sumSamples, variableTensor } from "../ops/index.ts";
import { type ConstraintLike, constraintOf } from "./constraints.ts";
import { type InitializerLike, initializerOf } from "./initializers.ts";
import { type Config, checkBoolean, checkName, checkOptions, dtypePolicy, snakeCase, whereOf } from "./options.ts";
import { type RegularizerLike, regularizerConfig, regularizerOf } from "./regularizers.ts";
import type { Accepted, After, AnyRule, Rule, ShapesOf, Tensors } from "./rule.ts";
import type { SpatialRule } from "./spatial.ts";

/** What every layer takes. */
export interface LayerOptions {
  /** Without one, the first model that owns the layer names it after its class: `conv2d`, `conv2d_1`, … */
  readonly name?: string;
  /** Whether training changes the weights. */
  readonly trainable?: boolean;
  /** What its outputs cost, averaged over the samples of a batch and added to the loss. */
  readonly activityRegularizer?: RegularizerLike;
}

/** Their names. */
export const layerOptions = [
  "name",
  "trainable",
  "activityRegularizer",
] as const satisfies readonly (keyof LayerOptions)[];

/** What a weight may have besides its first values. */
export interface WeightOptions {
  /** Whether training may change it. Default true. */
  readonly trainable?: boolean;
  /** What the weight costs in the loss. Default none. */
  readonly regularizer?: RegularizerLike;
  /** What it is made to be after each step. Default none. */
  readonly constraint?: ConstraintLike;
}

/** A layer that differs in one option. */
export interface Variant {
  /** What to do to get it, before and after the layer's name: `["make", "valid"]`. */
  readonly change: readonly [string, string];
  readonly layer: Layer;
}

/** How tensors are being built. */
export interface CallContext {
  /** Whether it is for a training step: layers such as dropout differ. */
  readonly training: boolean;
  /**
   * Adds to the loss that is minimised and shown; a tensor with several cells, or one for each sample, by its sum. Absent
   * where nobody asks for a loss: call it as `context.addLoss?.(…)`.
   */
  addLoss?(loss: Tensor): void;
  /**
   * Says what a variable that no optimizer changes (a moving average, say) is to be after the step, from what it is when
   * earlier calls have had their say. Absent outside training. Layers that are not trainable leave their state alone.
   */
  update?(variable: Variable, next: (now: Tensor) => Tensor): void;
  /** The number of the training step, a shared scalar; it goes on where training goes on. Absent outside training. */
  readonly step?: Tensor;
  /**
   * The key of one use of randomness (`randomUniform` takes it), another at each call. Absent outside training.
   *
   * @param seed - the layer's own, if it has one; without it the key follows from the seed of the model.
   */
  randomKey?(layer: object, seed?: number): Words;
}

/** One call of a layer: what went in and what came out. */
export interface LayerCall {
  readonly layer: Layer;
  /** How many calls of the layer came before. */
  readonly index: number;
  readonly inputs: readonly OpenTensor[];
  readonly outputs: readonly OpenTensor[];
  /** Whether the inputs were given as a list (a layer that merges), rather than as one tensor. */
  readonly listed: boolean;
}

/** What a call gives: a tensor, or as many as the rule has shapes. */
type Answer<R extends Rule, X> = "saysNothing" extends keyof R ? AnswerTo<X> : Tensors<After<R, ShapesOf<X>>>;

/** What is said of no size is open where an input has open ones. */
type AnswerTo<X> = X extends Tensor | readonly Tensor[] ? Tensor : OpenTensor;

/**
 * What makes instances callable. (Written as a method type because methods are compared leniently: only so is every
 * `Layer<R>` also a `Layer`.)
 */
type Callable<R extends Rule> = {
  method<const X extends OpenTensor | readonly OpenTensor[]>(x: X & Accepted<R, ShapesOf<X>>): Answer<R, X>;
}["method"];

/** Its constructor answers a function with the prototype of the class that is being made. */
const Callable = function (this: object): unknown {
  const prototype = Object.getPrototypeOf(this) as object;
  const self = (x: OpenTensor | readonly OpenTensor[]): unknown => (self as unknown as Layer).enter(x);
  // A function's own `name` and `length` would hide what the class has under these names.
  Reflect.deleteProperty(self, "name");
  Reflect.deleteProperty(self, "length");
  return Object.setPrototypeOf(self, prototype);
} as unknown as new <R extends Rule>() => Callable<R>;

/** The call that is being traced, for layers that are called inside another layer's `call`: they join it, unrecorded. */
let enclosing: CallContext | undefined;

/** While sizes are tried: the layers that were built for it, whose weights no model has yet. */
let tried: Set<Layer> | undefined;

/**
 * The base of all layers. A layer of your own:
 *
 * ```ts
 * class Double extends Layer<Same> {
 *   call(x: Tensor) {
 *     return add(x, x);
 *   }
 * }
 * ```
 *
 * `R` says what becomes of the shape, for the compiler; without it the result has any shape. Weights are made in `build`
 * with `addWeight`. Layers held in properties (also in arrays) count as parts: their weights belong to this layer.
 */
export abstract class Layer<R extends Rule = AnyRule> extends Callable<R> {
  /** Exists for the type checker only. */
  declare readonly rule?: R;
  /** As `rule`; a mapped type makes the checker compare layers by structure, so that every `Layer<R>` is a `Layer`. */
  declare readonly ruleKeys?: { readonly [K in keyof R]?: unknown };

  /** Calls outside other layers' calls, in order. */
  readonly calls: LayerCall[] = [];
  /** The name given by the caller. */
  readonly givenName: string | undefined;
  /** The name given by the first model that owns the layer. */
  modelName: string | undefined;
  /** What its outputs cost. */
  readonly activityRegularizer: Regularizer | undefined;

  readonly #className: string | undefined;
  readonly #weights: { readonly variable: Variable; readonly trainable: boolean }[] = [];
  #builtShapes: readonly OpenShape[] | undefined;
  /** While `build` runs again: which weight comes next. */
  #next: number | undefined;
  #trainable: boolean;

  /** @param className - its name in Keras, of a class that is several of Keras'; by default the class's own. */
  constructor(options: LayerOptions = {}, className?: string) {
    super();
    this.#className = className;
    // Not `this.where`: a derived class may answer with fields that it has yet to set.
    const where = whereOf(className ?? this.constructor.name, undefined);
    const isObject = typeof options === "object" && options !== null;
    // The layers of this library check their options themselves, and know more of them.
    const isOwn = className === undefined && !("fromConfig" in this.constructor);
    if (!isObject && isOwn) checkOptions(where, options, ["name"]);
    const { name, trainable, activityRegularizer }: LayerOptions = isObject ? options : {};
    this.givenName = checkName(where, name);
    this.#trainable = checkBoolean(where, "trainable", trainable ?? true);
    this.activityRegularizer = regularizerOf(where, "activityRegularizer", activityRegularizer);
  }

  // ---- to be written by layers ------------------------------------------------------------------------------------

  /**
   * Builds the output from the input with ops.
   *
   * @param x - the tensor that the layer was called with, or the list of tensors.
   */
  abstract override call(x: Tensor | readonly Tensor[], context: CallContext): Tensor | readonly Tensor[];

  /** Makes the weights for inputs of these shapes (without the batch axis). Runs once, at the first call. */
  protected build(..._inputShapes: readonly Shape[]): void {}

  /**
   * What the layer does along its spatial axes, for `explain`: sizes, formulas, padding. None for layers without windows.
   *
   * @param input - the shape of an input that suits.
   * @param output - the shape of what becomes of it.
   */
  axisRules(_input: Shape, _output: Shape): readonly SpatialRule[] {
    return [];
  }

  /** Layers like this one that differ in one option and may give other sizes: what `mirrorAdvice` tries out. */
  variants(): readonly Variant[] {
    return [];
  }

  /**
   * Whether the layer's own weights, made for inputs of the shapes `built`, also serve `now`. Sizes of `built` are null
   * where the model leaves them open.
   */
  protected suits(built: readonly OpenShape[], now: readonly Shape[]): boolean {
    if (this.#weights.length === 0) return true;
    if (built.length === now.length && built.every((shape, i) => agree(shape, now[i]))) return true;
    return this.isTried && this.#buildsAlike(now);
  }

  /** Whether the layer was built for a trial that goes on: other sizes than those of `build` will follow. */
  protected get isTried(): boolean {
    return tried?.has(this as unknown as Layer) ?? false;
  }

  /**
   * The shapes with which a trial begins, for layers whose inputs must be alike: what is open in one of them may have to be
   * open in another, too.
   */
  protected alike(shapes: readonly OpenShape[]): readonly OpenShape[] {
    return shapes;
  }

  /** The name of the class in Keras; of the class itself for layers of your own. */
  get className(): string {
    return this.#className ?? this.constructor.name;
  }

  /** The constructor's arguments under Keras' keys, in Keras' order. */
  getConfig(): Config {
    const base = { name: this.name, trainable: this.trainable, dtype: dtypePolicy };
    if (this.activityRegularizer === undefined) return base;
    return { ...base, activity_regularizer: regularizerConfig(this.where, this.activityRegularizer) };
  }

  // ---- what all layers have ---------------------------------------------------------------------------------------

  override get name(): string {
    return this.givenName ?? this.modelName ?? snakeCase(this.className);
  }

  /** How the layer stands in messages: `conv2d "encoder"`. */
  get where(): string {
    return whereOf(this.className, this.givenName ?? this.modelName);
  }

  /** The shapes of the first call's inputs, without the batch axis; undefined before. Null where a size is open. */
  get builtShapes(): readonly OpenShape[] | undefined {
    return this.#builtShapes;
  }

  /**
   * The tensor that it was called on: Keras' `layer.input`.
   *
   * @throws RhytonError `network` unless the layer was called once, on one tensor.
   */
  get input(): OpenTensor {
    return this.only("input", this.#onlyCall("input").inputs);
  }

  /**
   * The tensor that it answered, for models that end there: `model(m.inputs, m.getLayer("code").output)`. Keras'
   * `layer.output`.
   *
   * @throws RhytonError `network` unless the layer was called once, and answered one tensor.
   */
  get output(): OpenTensor {
    return this.only("output", this.#onlyCall("output").outputs);
  }

  /** Layers held in properties, in the order in which these were set. */
  get parts(): readonly Layer[] {
    const found = new Set<Layer>();
    for (const value of Object.values(this)) {
      for (const item of Array.isArray(value) ? value : [value]) if (item instanceof Layer) found.add(item);
    }
    return [...found];
  }

  /** The weights that are not those of parts: trainable ones, then those that are never trained. */
  get ownWeights(): readonly Variable[] {
    const own = [...this.#weights].sort((a, b) => Number(b.trainable) - Number(a.trainable));
    return own.map((w) => w.variable);
  }

  /** All weights: the layer's own, then those of its parts. */
  get weights(): readonly Variable[] {
    return [...new Set([...this.ownWeights, ...this.parts.flatMap((part) => part.weights)])];
  }

  /** Those that training changes. */
  get trainableWeights(): readonly Variable[] {
    return this.weights.filter((w) => w.trainable);
  }

  /** Those that it does not. */
  get nonTrainableWeights(): readonly Variable[] {
    return this.weights.filter((w) => !w.trainable);
  }

  get trainable(): boolean {
    return this.#trainable;
  }

  /** Also sets it on the parts. Statistics that were never trained (moving averages) stay so. */
  set trainable(value: boolean) {
    this.#trainable = checkBoolean(this.where, "trainable", value);
    for (const weight of this.#weights) weight.variable.trainable = value && weight.trainable;
    for (const part of this.parts) part.trainable = value;
  }

  /** The number of all weights' elements. */
  countParams(): number {
    return this.weights.reduce((n, w) => n + w.shape.reduce((p, size) => p * size, 1), 0);
  }

  /**
   * A new weight. Its value is drawn when the first model that owns the layer is made.
   *
   * @param initializer - a name such as "glorot_uniform", or an initializer.
   * @param options - whether it trains, its regularizer and constraint; just `false` for a weight that never trains.
   */
  protected addWeight(
    name: string,
    shape: Shape,
    initializer: InitializerLike,
    options: boolean | WeightOptions = {},
  ): Variable {
    const where = `${this.where} addWeight`;
    if (typeof name !== "string" || name === "" || name.includes("/")) {
      throw argumentError({ where, argument: "name", value: name, expected: 'a text without "/"' });
    }
    if (!Array.isArray(shape) || shape.some((size) => !Number.isInteger(size) || size < 0)) {
      const expected = "the sizes of its axes, whole numbers: [4, 2], or [] for a single number";
      throw argumentError({ where, argument: "shape", value: shape, expected });
    }
    const given: WeightOptions = typeof options === "boolean" ? { trainable: options } : options;
    checkOptions(where, given, ["trainable", "regularizer", "constraint"]);
    const trainable = checkBoolean(where, "trainable", given.trainable ?? true);
    const values = initializerOf(where, "initializer", initializer);
    if (this.#next !== undefined) return this.#weightAgain(name, shape);
    const variable = new Variable(name, [...shape], values, trainable && this.#trainable);
    variable.regularizer = regularizerOf(where, "regularizer", given.regularizer);
    variable.constraint = constraintOf(where, "constraint", given.constraint);
    this.#weights.push({ variable, trainable });
    return variable;
  }

  /**
   * A weight as a tensor, for `call`.
   *
   * @param variable - what `addWeight` gave.
   * @throws RhytonError `own-code` for undefined: a mistyped property, or one that `build` has not set.
   */
  protected read(variable: Variable | undefined): Tensor {
    if (variable === undefined) {
      const problem = "read got undefined: no weight is kept under that property";
      const fix = 'Make it in build with addWeight: this.scale = this.addWeight("scale", shape, "ones").';
      throw ownCodeError({ where: this.where, problem, fix });
    }
    if (!(variable instanceof Variable)) {
      const expected = "a weight, as addWeight gives it";
      throw argumentError({ where: this.where, argument: "what is read", value: variable, expected });
    }
    return variableTensor(variable);
  }

  /** What `layer(x)` does. */
  enter(x: OpenTensor | readonly OpenTensor[]): OpenTensor | readonly OpenTensor[] {
    const inputs = this.#checkInputs(x);
    const sized = allSized(x);
    if (sized !== undefined) this.prepare(inputs.map((t) => t.shape as Shape));
    if (sized !== undefined && enclosing) return this.#run(sized, enclosing);
    const result = sized === undefined ? this.answer(x) : this.trace(sized, { training: false });
    // An output must be this call's alone: not an input, not another layer's output, not given twice.
    const outputs: OpenTensor[] = [];
    for (const t of result instanceof Tensor ? [result] : result) {
      outputs.push(t.origin !== undefined || inputs.includes(t) || outputs.includes(t) ? identity(t) : t);
    }
    const call: LayerCall = {
      layer: this as unknown as Layer,
      index: this.calls.length,
      inputs,
      outputs,
      listed: !(x instanceof Tensor),
    };
    this.calls.push(call);
    outputs.forEach((t, output) => {
      t.origin = { call, output };
    });
    return result instanceof Tensor ? outputs[0] : outputs;
  }

  /** Runs `call` without noting it, as models do for each of their programs. */
  trace(x: Tensor | readonly Tensor[], context: CallContext): Tensor | readonly Tensor[] {
    const outer = enclosing;
    enclosing = context;
    try {
      const result = this.#run(x, context);
      if (result instanceof Tensor || (Array.isArray(result) && result.every((t) => t instanceof Tensor)))
        return result;
      throw argumentError({
        where: this.where,
        argument: "the result of call",
        value: result,
        expected: "a tensor or a list of tensors",
      });
    } finally {
      enclosing = outer;
    }
  }

  /**
   * What the layer answers to inputs of which sizes are open: tensors that are known by their shapes alone. Makes the
   * weights.
   *
   * @throws RhytonError `open-size` when a weight depends on such a size.
   */
  answer(x: OpenTensor | readonly OpenTensor[]): OpenTensor | readonly OpenTensor[] {
    const list = x instanceof Tensor ? [x] : x;
    const [outer, outerTried] = [enclosing, tried];
    enclosing = undefined;
    tried = new Set(outerTried);
    const forget = this.remember();
    let isList = false;
    const outputsAt = (sized: readonly Shape[]): readonly Shape[] => {
      try {
        this.prepare(sized);
        const inputs = sized.map((shape, i) => placeholder(shape, `x${i}`));
        const result = this.trace(x instanceof Tensor ? inputs[0] : inputs, { training: false });
        isList = !(result instanceof Tensor);
        return result instanceof Tensor ? [result.shape] : result.map((t) => t.shape);
      } catch (error) {
        forget();
        throw error;
      }
    };
    try {
      const shapes = byTrial(this.where, this.alike(list.map((t) => t.shape)), outputsAt);
      const outputs = shapes.map((shape) => placeholder(shape, this.name));
      return isList ? outputs : outputs[0];
    } finally {
      enclosing = outer;
      tried = outerTried;
    }
  }

  /**
   * Builds the weights for inputs of these shapes, or checks that those built suit. Only models get open sizes here.
   */
  prepare(shapes: readonly OpenShape[]): void {
    const sized = shapes as readonly Shape[];
    if (this.#builtShapes === undefined) {
      // Parts that were set after the constructor's options were read.
      if (!this.#trainable) this.trainable = false;
      tried?.add(this as unknown as Layer);
      this.#makeWeights(sized);
      this.#builtShapes = shapes.map((shape) => [...shape]);
      return;
    }
    const built = this.#builtShapes;
    const opened = built.map((shape, i) => common(shape, shapes[i] ?? []) ?? shape);
    if (this.suits(built, sized)) {
      if (this.isTried) this.#builtShapes = opened;
      return;
    }
    const show = (list: readonly OpenShape[]): string => list.map((shape) => showShape(shape, true)).join(", ");
    if (this.isTried && opened.some(isOpen)) {
      throw openSizeError({
        where: this.where,
        got: `an input of shape ${show(opened)}`,
        expected: "known sizes on the axes that its weights lie along",
        fix: "Give the input of the model these sizes, or a layer before this one that makes them, such as global pooling.",
      });
    }
    throw shapeError({
      where: this.where,
      got: `an input of shape ${show(shapes)}`,
      expected: `${show(this.#builtShapes)}, for which its weights were made`,
      fix: "Feed that shape, or make a new layer.",
    });
  }

  /**
   * Shows what the layer makes of inputs of these shapes, and leaves it as it was.
   *
   * @param look - gets inputs and outputs, while the layer is built for them.
   */
  preview<T>(shapes: readonly Shape[], look: (inputs: readonly Tensor[], outputs: readonly Tensor[]) => T): T {
    const forget = this.remember();
    try {
      const inputs = shapes.map((shape, i) => placeholder(shape, `x${i}`));
      this.prepare(shapes);
      const result = this.trace(inputs.length === 1 ? inputs[0] : inputs, { training: false });
      return look(inputs, result instanceof Tensor ? [result] : result);
    } finally {
      forget();
    }
  }

  /** The tensor of a list of one. @param list - what the list is called. */
  protected only(what: "input" | "output", tensors: readonly OpenTensor[], list = `calls[0].${what}s`): OpenTensor {
    if (tensors.length === 1) return tensors[0];
    const problem = `there is no single ${what}, but ${tensors.length}`;
    throw networkError({ where: this.where, problem, fix: `Take one of ${list}.` });
  }

  #onlyCall(what: "input" | "output"): LayerCall {
    const { calls, where } = this;
    if (calls.length === 1) return calls[0];
    throw networkError({
      where,
      problem: `there is no single ${what}: the layer was called ${calls.length === 0 ? "never" : `${calls.length} times`}`,
      fix: calls.length === 0 ? "Call it on a tensor first." : `Take that of one call: calls[0].${what}s[0].`,
    });
  }

  #makeWeights(shapes: readonly Shape[]): void {
    outside(() => runOwn(this.where, `build of ${this.className}`, () => this.build(...shapes)));
  }

  /** Whether `build` for these shapes asks for the weights that there are. */
  #buildsAlike(shapes: readonly Shape[]): boolean {
    this.#next = 0;
    try {
      this.#makeWeights(shapes);
      return this.#next === this.#weights.length;
    } finally {
      this.#next = undefined;
    }
  }

  /** The weight that is there already where `build` runs again; another one where a size differs. */
  #weightAgain(name: string, shape: Shape): Variable {
    const { variable } = this.#weights[this.#next ?? 0] ?? {};
    const isSame = variable?.name === name && sameShape(variable.shape, shape);
    this.#next = isSame ? (this.#next ?? 0) + 1 : Number.NaN;
    return variable ?? this.#weights[0].variable;
  }

  /** Notes how far this layer and its parts are built. The answer takes them back there. */
  protected remember(): () => void {
    const [shapes, weights, calls, name] = [this.#builtShapes, this.#weights.length, this.calls.length, this.modelName];
    const parts = this.parts.map((part) => part.remember());
    return () => {
      this.#builtShapes = shapes;
      this.#weights.length = weights;
      this.calls.length = calls;
      this.modelName = name;
      for (const forget of parts) forget();
    };
  }

  override toString(): string {
    return `<${this.where}>`;
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** `call`, and what its outputs cost. */
  #run(x: Tensor | readonly Tensor[], context: CallContext): Tensor | readonly Tensor[] {
    if (typeof this.call !== "function") {
      const fix = "Write call(x), which makes a tensor of x with ops: call(x) { return ops.multiply(x, 2); }.";
      throw ownCodeError({ where: this.where, problem: `the class ${this.className} has no method call`, fix });
    }
    const result = runOwn(this.where, `call of ${this.className}`, () => this.call(x, context));
    const { activityRegularizer: cost } = this;
    if (cost === undefined || context.addLoss === undefined) return result;
    for (const y of result instanceof Tensor ? [result] : result) {
      const loss = cost.call(y);
      context.addLoss(loss.perSample ? divide(sumSamples(loss), batchSize()) : loss);
    }
    return result;
  }

  #checkInputs(x: unknown): readonly OpenTensor[] {
    const list: readonly unknown[] = Array.isArray(x) ? x : [x];
    for (const item of list) {
      if (item instanceof Tensor) continue;
      throw argumentError({
        where: this.where,
        argument: "the input",
        value: item,
        expected: "a tensor, e.g. input([28, 28, 1]), or a list of tensors",
        fix: "To run a model on data, use predict.",
      });
    }
    return list as readonly OpenTensor[];
  }
}

/** Runs `build`: layers that are called there are calls of their own. */
function outside(work: () => void): void {
  const outer = enclosing;
  enclosing = undefined;
  try {
    work();
  } finally {
    enclosing = outer;
  }
}

/** `x`, when every size of it is known. */
function allSized(x: OpenTensor | readonly OpenTensor[]): Tensor | readonly Tensor[] | undefined {
  const list = x instanceof Tensor ? [x] : x;
  return list.some((t) => isOpen(t.shape)) ? undefined : (x as Tensor | readonly Tensor[]);
}

/** Throws unless `value` is a layer; a class or a function that makes layers is told apart. */
export function checkLayer(where: string, argument: string, value: unknown): asserts value is Layer {
  if (value instanceof Layer) return;
  let fix: string | undefined;
  if (typeof value === "function") {
    const { name, prototype } = value;
    if (prototype instanceof Layer) fix = `Write new ${name}().`;
    // Functions that other functions made, such as conv2d, have no name.
    else if (name === "") fix = "Call it, with what it takes: conv2d(16, 3), not conv2d.";
    else fix = `Write ${name}(), with what it takes.`;
  }
  throw argumentError({ where, argument, value, expected: "a layer", fix });
}
