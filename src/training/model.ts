/**
 * A Model is a Layer that can be compiled, fitted, judged and asked. It holds a network: the layers between its inputs
 * and outputs, whose weights it shares with every other model that holds them.
 */
import { type NdArray, showShape } from "../core/array.ts";
import { networkError, notBuilt, notCompiled, shapeError, unknownName } from "../core/errors.ts";
import { agree } from "../core/open-shape.ts";
import { inTurns } from "../core/pieces.ts";
import { type OpenShape, type OpenTensor, Tensor, type Variable } from "../graph/tensor.ts";
import { type CallContext, Layer } from "../layers/layer.ts";
import type { Network } from "../layers/network.ts";
import { type Config, checkOptions } from "../layers/options.ts";
import type { Shapes } from "../layers/rule.ts";
import { type SizedNetwork, Sizes } from "../layers/sized-network.ts";
import { summaryText } from "../layers/summary.ts";
import { type Callback, CallbackList, type History, type Logs } from "./callbacks.ts";
import { type Compiled, type CompileOptions, resolveCompile } from "./compile.ts";
import { type Arrays, shapeOfSample } from "./data.ts";
import { chooseDevice } from "./device.ts";
import { isSource, type Source } from "./feed.ts";
import {
  type Batch,
  type Fed,
  type InputBatch,
  openEvaluation,
  openFit,
  openPrediction,
  readInputs,
  readSamples,
  takesOf,
} from "./feeding.ts";
import { trainEpochs, trainOnce } from "./fit.ts";
import {
  type BatchFitOptions,
  type EvaluateOptions,
  type FitOptions,
  isFitOptions,
  type OnBatchOptions,
  optionsOfBatches,
  type RunOptions,
  readFitOptions,
  readRunOptions,
} from "./fit-options.ts";
import { checkLabels } from "./labels.ts";
import type { Answers, Ends, ModelOptions, ModelRule, Predicted, SummaryOptions } from "./model-types.ts";
import { wholeNumber } from "./options.ts";
import { type Inputs, Programs, type Targets } from "./programs.ts";
import { type Answering, askFeed, askOnce, judgeFeed, readFeed } from "./reading.ts";
import { type Samples, stepData } from "./samples.ts";
import { beginning, Journal, readTrainingState, type TrainingState } from "./state.ts";
import { wrongTarget } from "./step.ts";
import { Turn } from "./turn.ts";
import { assignWeights, copyWeights } from "./weights.ts";
import type { WeightFormat } from "./weights-file.ts";

/** Files and advice, which bundlers put into a file of their own: a page that only trains does not load it. */
const files = () => import("./model-files.ts");
type Files = typeof import("./model-files.ts");

/** Made by `model(inputs, outputs)` and `sequential(layers)`. */
export class Model<I extends Shapes = Shapes, O extends Answers = Shapes> extends Layer<ModelRule<I, O>> {
  /** For the first values of weights, the order of samples and all draws. */
  readonly seed: number;
  /** Set by a callback to end training after the current batch. */
  stopTraining = false;
  /** In order; a sequential model does not count its input. */
  layers: readonly Layer[] = [];
  readonly #turn = new Turn();
  readonly #journal = new Journal();
  #network: Network | undefined;
  #sizes: Sizes | undefined;
  #compiled: Compiled | undefined;
  #programs: Programs | undefined;

  /** @param network - nothing while the input shape is not known yet. */
  constructor(network: Network | undefined, options: ModelOptions = {}) {
    const where = options.name === undefined ? "model" : `model ${JSON.stringify(options.name)}`;
    checkOptions(where, options, ["seed", "name"]);
    super({ name: options.name });
    this.seed = wholeNumber(where, "seed", options.seed ?? 0, 0);
    if (network !== undefined) this.own(network);
  }

  override get className(): string {
    return "Functional";
  }

  /** The layers between inputs and outputs. @throws RhytonError `not-built` while the input shape is unknown. */
  get network(): Network {
    if (this.#network === undefined) throw notBuilt({ where: this.where });
    return this.#network;
  }

  /** The tensors that it is fed at, in order. @throws RhytonError `not-built` while the input shape is unknown. */
  get inputs(): Ends<I> {
    return this.network.inputs as unknown as Ends<I>;
  }

  /** The tensors that it answers, in order. @throws RhytonError `not-built` while the input shape is unknown. */
  get outputs(): Ends<O> {
    return this.network.outputs as unknown as Ends<O>;
  }

  /** The keys of the outputs in their order, of a model that answers an object; nothing for others. */
  get outputKeys(): readonly string[] | undefined {
    return this.#network?.outputKeys;
  }

  /** Its own, also where it is called as a layer. */
  override get input(): OpenTensor {
    return this.only("input", this.network.inputs, "inputs");
  }

  /** Its own, also where it is called as a layer. */
  override get output(): OpenTensor {
    return this.only("output", this.network.outputs, "outputs");
  }

  /** What `compile` was given. Its `learningRate` may be changed at any time. */
  get optimizer(): Compiled["optimizer"] {
    return this.#needCompiled(this.where).optimizer;
  }

  /** What `compile` was given, or nothing. */
  get compiled(): Compiled | undefined {
    return this.#compiled;
  }

  /**
   * The first layer with this name, or the layer at this place. `model(m.inputs, m.getLayer("code").output)` answers what
   * that layer answers in `m`, with the same weights.
   */
  getLayer(nameOrIndex: string | number): Layer {
    const nameOf = (layer: Layer): string => this.#network?.nameOf(layer) ?? layer.name;
    const found =
      typeof nameOrIndex === "number"
        ? this.layers.at(nameOrIndex)
        : this.layers.find((layer) => nameOf(layer) === nameOrIndex);
    if (found !== undefined) return found;
    const choices = this.layers.map(nameOf);
    throw unknownName({ where: this.where, what: "layer", name: String(nameOrIndex), choices });
  }

  // ---- as a layer -------------------------------------------------------------------------------------------------

  /** Whether the input shape is known, and with it the weights. */
  get isBuilt(): boolean {
    return this.#network !== undefined;
  }

  override get weights(): readonly Variable[] {
    return this.#network?.weights ?? super.weights;
  }

  protected override build(...shapes: readonly OpenShape[]): void {
    if (this.suits([], shapes)) return;
    const show = (list: readonly OpenShape[]): string => list.map((shape) => showShape(shape, true)).join(", ");
    const expected = show(this.network.inputs.map((x) => x.shape));
    throw shapeError({
      where: this.where,
      got: `an input of shape ${show(shapes)}`,
      expected,
      fix: "Feed that shape.",
    });
  }

  protected override suits(_: readonly OpenShape[], now: readonly OpenShape[]): boolean {
    const { inputs } = this.network;
    return inputs.length === now.length && inputs.every((x, i) => agree(x.shape, now[i]));
  }

  /** Layer by layer: no size need suit all of them. */
  override answer(x: OpenTensor | readonly OpenTensor[]): OpenTensor | readonly OpenTensor[] {
    const inputs = x instanceof Tensor ? [x] : x;
    this.build(...inputs.map((t) => t.shape));
    const outputs = this.network.answer(inputs);
    return outputs.length === 1 ? outputs[0] : outputs;
  }

  override call(x: Tensor | readonly Tensor[], context: CallContext): Tensor | readonly Tensor[] {
    const outputs = this.network.trace(x instanceof Tensor ? [x] : x, context);
    return outputs.length === 1 ? outputs[0] : outputs;
  }

  // ---- looking at it ----------------------------------------------------------------------------------------------

  /** A table of layers, shapes and parameters: printed, and answered as text. */
  summary(options: SummaryOptions = {}): string {
    checkOptions(`${this.where} summary`, options, ["lineLength", "showTrainable", "expandNested", "print"]);
    const { print = console.log, ...rest } = options;
    const columns = typeof process === "undefined" ? undefined : process.stdout?.columns;
    const optimizerParams = this.#compiled?.optimizer.countParams();
    const text = summaryText(this.summarised, { ...rest, name: this.name, columns, optimizerParams });
    print(text.trimEnd());
    return text;
  }

  /** What a summary shows. */
  protected get summarised(): Network | readonly Layer[] {
    return this.network;
  }

  /** Copies of all weights, in order. */
  getWeights(): NdArray<Float32Array>[] {
    return copyWeights(this.network.weights);
  }

  /**
   * Sets all weights, in the order of `getWeights`. Nothing changes when one does not fit.
   *
   * @throws RhytonError `busy` while this model, or another with its weights, trains.
   */
  setWeights(values: readonly NdArray[]): void {
    const where = `${this.where} setWeights`;
    this.#turn.check(where, this.weights);
    assignWeights(where, this.network.weights, values);
  }

  // ---- training and asking ----------------------------------------------------------------------------------------

  /** Says how the model learns and is judged. Call it again after changing `trainable`. */
  compile(options: CompileOptions): void {
    const where = `${this.where} compile`;
    this.#turn.check(where);
    const outputs = this.#network?.outputNames ?? ["output"];
    this.#compiled = resolveCompile(where, options, outputs);
    this.#programs = undefined;
  }

  /**
   * Trains. Everything is checked first: an error about arguments or data leaves the model as it was.
   *
   * @param x - samples, first axis the sample: one array, or one for each input, in order or by name. Or batches
   *   [x, y] or [x, y, sampleWeight], one after the other: an iterable, a generator, or a function that makes one.
   * @param y - targets: one array, or one for each output. An autoencoder takes `x` twice, which is stored once.
   * @returns what happened, epoch by epoch.
   * @throws RhytonError `diverged` when loss or gradient is NaN or infinite; the weights are those of the step before.
   */
  fit(x: Arrays, y: Arrays, options?: FitOptions): Promise<History>;
  fit(batches: Source<Batch>, options?: BatchFitOptions): Promise<History>;
  async fit(x: Arrays | Source<Batch>, y?: Arrays | FitOptions, given?: FitOptions): Promise<History> {
    const where = `${this.where} fit`;
    const options = isSource(x) ? optionsOfBatches<FitOptions>(where, y, given) : (given ?? {});
    const o = readFitOptions(where, options);
    const compiled = this.#needCompiled(where);
    const feeds = await this.#checked((fed) => openFit(where, fed, x, isFitOptions(y) ? undefined : y, options, o));
    try {
      o.signal?.throwIfAborted();
      return await this.#turn.train(where, this.weights, async () => {
        const programs = this.#ensurePrograms(where);
        this.stopTraining = false;
        this.#journal.expect(options.initialEpoch);
        return trainEpochs({
          ...o,
          ...feeds,
          where,
          model: this as unknown as Model,
          optimizer: compiled.optimizer,
          turn: this.#turn,
          journal: this.#journal,
          train: (inputs, targets) => programs.training(this.#at(inputs), targets, compiled),
          judge: (inputs, targets) => programs.evaluation(this.#at(inputs), targets, compiled),
          progress: { verbose: o.verbose },
        });
      });
    } finally {
      await Promise.all([feeds.feed.close(), feeds.validation?.close()]);
    }
  }

  /** Loss and metrics over samples, by name: `const { loss } = await model.evaluate(x, y)`. Changes nothing. */
  evaluate(x: Arrays, y: Arrays, options?: EvaluateOptions): Promise<Logs>;
  evaluate(batches: Source<Batch>, options?: RunOptions): Promise<Logs>;
  async evaluate(x: Arrays | Source<Batch>, y?: Arrays | RunOptions, given?: EvaluateOptions): Promise<Logs> {
    const where = `${this.where} evaluate`;
    const options = isSource(x) ? optionsOfBatches<EvaluateOptions>(where, y, given) : (given ?? {});
    const o = readRunOptions(where, options, ["sampleWeight"]);
    const compiled = this.#needCompiled(where);
    const { sampleWeight } = options;
    const open = () => this.#checked((fed) => openEvaluation(where, fed, x, y as Arrays, { ...o, sampleWeight }));
    return readFeed({ ...o, where, turn: this.#turn, open }, async (feed, show) => {
      const programs = this.#ensurePrograms(where);
      const hooks = this.#hooks(where, o.callbacks);
      const judge = (inputs: Inputs, targets: Targets) => programs.evaluation(this.#at(inputs), targets, compiled);
      const logs = await judgeFeed(judge, feed, { ...show, hooks });
      return [logs, logs];
    });
  }

  /**
   * What the model answers for all samples: one array, a list for several outputs in order, or an object where they have
   * keys. Needs no `compile`.
   *
   * @param x - arrays, or batches of them one after the other.
   */
  async predict(x: Arrays | Source<InputBatch>, options: RunOptions = {}): Promise<Predicted<O>> {
    const where = `${this.where} predict`;
    const o = readRunOptions(where, options);
    const open = () => this.#checked((fed) => openPrediction(where, fed, x, o));
    return readFeed({ ...o, where, turn: this.#turn, open }, async (feed, show) => {
      const hooks = this.#hooks(where, o.callbacks);
      const ask = (inputs: Inputs) => this.#asking(where, inputs);
      const arrays = await askFeed(ask, feed, { ...show, where, hooks });
      return [this.#answered(arrays), {}];
    });
  }

  /** One step on all of these samples at once; answers loss and metrics before the update. */
  async trainOnBatch(x: Arrays, y: Arrays, options: OnBatchOptions = {}): Promise<Logs> {
    const where = `${this.where} trainOnBatch`;
    checkOptions(where, options, ["sampleWeight", "classWeight"]);
    const compiled = this.#needCompiled(where);
    const samples = await this.#checked((fed) => readSamples(where, fed, { x, y, ...options }));
    return this.#turn.train(where, this.weights, async () => {
      const programs = this.#ensurePrograms(where);
      const { optimizer } = compiled;
      const train = (inputs: Inputs, targets: Targets) => programs.training(this.#at(inputs), targets, compiled);
      return trainOnce({ where, optimizer, train, samples });
    });
  }

  /** `evaluate` on all of these samples at once. */
  testOnBatch(x: Arrays, y: Arrays, options: Pick<OnBatchOptions, "sampleWeight"> = {}): Promise<Logs> {
    return this.evaluate(x, y, { ...options, steps: 1 });
  }

  /** `predict` on all of these samples at once. */
  async predictOnBatch(x: Arrays): Promise<Predicted<O>> {
    const where = `${this.where} predictOnBatch`;
    const arrays = await this.#turn.read(where, async () => {
      const samples = await this.#checked((fed) => readInputs(where, fed, x));
      return askOnce(await this.#asking(where, samples.x), samples);
    });
    return this.#answered(arrays);
  }

  // ---- how far training has come ----------------------------------------------------------------------------------

  /** The epochs trained so far. After loading a file, training goes on with `fit(…, { initialEpoch: model.epochs })`. */
  get epochs(): number {
    return this.#journal.position.epoch;
  }

  set epochs(value: number) {
    this.#journal.reach({ ...beginning, epoch: value });
  }

  /**
   * How far training has come, as plain values for a file. With the weights and the optimizer's variables it is all that
   * is needed to go on.
   */
  trainingState(): TrainingState {
    return this.#journal.state(this.seed, this.#needCompiled(`${this.where} trainingState`).optimizer);
  }

  /**
   * Takes up a training from what `trainingState` gave: the next `fit` with `initialEpoch` equal to the state's epoch goes
   * on as if it had never ended. Weights and the optimizer's variables must be restored, too.
   *
   * @param source - the file that it comes from, for messages.
   */
  restoreTrainingState(given: unknown, source?: string): void {
    const where = source ?? `${this.where} restoreTrainingState`;
    this.#turn.check(where);
    const { optimizer } = this.#needCompiled(where);
    this.#journal.restore(readTrainingState(where, given, this.seed), optimizer);
  }

  // ---- files ------------------------------------------------------------------------------------------------------

  /**
   * What Keras' `get_config` answers for a model: layers, how they are connected, inputs and outputs. What makes it is
   * loaded at the first call.
   *
   * @throws RhytonError `argument` or `network` for what files cannot hold.
   */
  async toConfig(): Promise<Config> {
    return (await files()).modelConfig(this as unknown as Model);
  }

  /** Of a model there is `toConfig`. @throws RhytonError `network`, which says so. */
  override getConfig(): never {
    const problem = "a model answers its config when what makes it is loaded";
    throw networkError({ where: `${this.where} getConfig`, problem, fix: "Write await model.toConfig()." });
  }

  /**
   * Writes the model to a file that `loadModel` and Keras 3 read: layers, weights, and how it was compiled, with the
   * state of the optimizer. The file is written whole or not at all. Callbacks may save between epochs and batches;
   * training waits until the file is there.
   *
   * @param path - ends in ".keras". In browsers use `toBytes`.
   * @throws RhytonError `file` when it cannot be written; `argument` or `network` for what files cannot hold; `busy` while
   *   this model, or another with its weights, trains, except in callbacks.
   */
  async save(path: string): Promise<void> {
    const where = `${this.where} save`;
    await this.#writing(where, (made, model) => made.saveModel(where, model, path));
  }

  /** The bytes of the file that `save` writes; throws as that does. What makes them is loaded at the first call. */
  toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#writing(`${this.where} save`, (made, model) => made.modelBytes(model));
  }

  /**
   * Writes the weights alone to a file: `.weights.h5`, which Keras reads and which holds the state of the optimizer, too;
   * or `.npz` or `.safetensors`, with an array for each weight under names such as `conv2d/kernel`.
   *
   * @throws RhytonError `file` when it cannot be written, `not-built` while there are no weights, `busy` as `save`.
   */
  async saveWeights(path: string): Promise<void> {
    const where = `${this.where} saveWeights`;
    await this.#writing(where, (made, model) => made.saveWeights(where, model, path));
  }

  /** The bytes of the file that `saveWeights` writes: `"h5"`, `"npz"` or `"safetensors"`. */
  weightsToBytes(format: WeightFormat): Promise<Uint8Array<ArrayBuffer>> {
    const where = `${this.where} weightsToBytes`;
    return this.#writing(where, (made, model) => made.weightsBytes(where, model, format));
  }

  /**
   * Takes the weights of a file: what `saveWeights` or Keras' `save_weights` wrote, or arrays of these names (or in the
   * order of `getWeights`, as `numpy.savez(file, *weights)` writes them). Nothing changes when one does not fit. From
   * HDF5 a compiled model also takes the state of the optimizer, if that is of one with the same variables.
   *
   * @param source - a path (in Node), or the bytes of the file.
   * @throws RhytonError `file` when it cannot be read; `file-format` when it is damaged or of another model; `busy` while
   *   this model, or another with its weights, trains.
   */
  async loadWeights(source: string | Uint8Array): Promise<void> {
    const where = `${this.where} loadWeights`;
    const { readSource, takeWeights } = await files();
    const bytes = await readSource(where, source);
    this.#turn.check(where, this.weights);
    if (!this.isBuilt) throw notBuilt({ where });
    takeWeights(this as unknown as Model, bytes, typeof source === "string" ? source : "weights");
  }

  // ---- inside -----------------------------------------------------------------------------------------------------

  /** Takes a network over and draws those of its weights that have no value yet. */
  protected own(network: Network): void {
    this.#network = network;
    this.#sizes = new Sizes(network);
    this.layers = network.layers;
    network.initialise(this.seed);
  }

  /** One array, a list, or an object where the outputs have keys. */
  #answered(arrays: readonly NdArray<Float32Array>[]): Predicted<O> {
    const { outputKeys } = this;
    const answer =
      outputKeys === undefined
        ? arrays.length === 1
          ? arrays[0]
          : arrays
        : Object.fromEntries(outputKeys.map((key, i) => [key, arrays[i]]));
    return answer as unknown as Predicted<O>;
  }

  #hooks(where: string, callbacks: readonly Callback[]) {
    return { callbacks: new CallbackList(callbacks, this as unknown as Model, where), turn: this.#turn };
  }

  async #asking(where: string, inputs: Inputs): Promise<Answering> {
    const network = this.#at(inputs);
    const { program } = await this.#ensurePrograms(where).prediction(network);
    return { program, outputs: network.outputs };
  }

  /** What writes files, in its turn: all weights are of one moment. */
  #writing<T>(where: string, write: (made: Files, model: Model) => Promise<T>): Promise<T> {
    return this.#turn.read(where, async () => write(await files(), this as unknown as Model), this.weights);
  }

  #needCompiled(where: string): Compiled {
    if (this.#compiled === undefined) throw notCompiled({ where });
    return this.#compiled;
  }

  /** Takes in what was given. Where that fails, a model that it built is as it was before. */
  async #checked<T>(open: (fed: Fed) => T | Promise<T>): Promise<T> {
    let forget: (() => void) | undefined;
    const build = ({ x }: { readonly x: readonly NdArray[] }): void => {
      if (!this.isBuilt) forget = this.remember();
      this.prepare(x.map(shapeOfSample));
      this.#at(x);
    };
    const check = async (samples: Samples): Promise<void> => {
      if (this.#compiled === undefined) return;
      const network = this.#at(samples.x);
      const wrong = wrongTarget(network, stepData(samples).targets, this.#compiled.judgements);
      if (wrong === undefined) return;
      // Without the module the error stands for itself.
      const advice = await files().catch(() => undefined);
      throw advice === undefined ? wrong.error : advice.advisedOf(network, wrong);
    };
    const checkLabelsOf = async (place: string, { x, y }: Samples): Promise<void> => {
      const shapes = this.#at(x).outputs.map(({ shape }) => shape);
      if (this.#compiled !== undefined)
        await inTurns(checkLabels(place, y, shapes, this.#compiled.judgements), performance.now());
    };
    const takes = (x: Arrays) => takesOf(this.#network, this.#compiled?.judgements, x);
    try {
      await this.#compiled?.load();
      return await open({ takes, build, check, checkLabels: checkLabelsOf, seed: this.seed });
    } catch (error) {
      forget?.();
      throw error;
    }
  }

  protected override remember(): () => void {
    const forget = super.remember();
    const [network, sizes, layers] = [this.#network, this.#sizes, this.layers];
    return () => {
      forget();
      this.#network = network;
      this.#sizes = sizes;
      this.layers = layers;
    };
  }

  #ensurePrograms(where: string): Programs {
    this.#programs ??= new Programs(chooseDevice(where, this.#compiled?.options ?? {}), this.seed);
    return this.#programs;
  }

  /** The network for inputs of the sizes of these arrays. @throws RhytonError `shape` when a layer cannot take them. */
  #at(inputs: Inputs): SizedNetwork {
    if (this.#sizes === undefined) throw notBuilt({ where: this.where });
    return this.#sizes.at(inputs.map(shapeOfSample));
  }
}
