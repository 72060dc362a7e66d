/** What an optimizer keeps for each weight: the slots of its rule, a moving average, a sum of gradients. */
import { sizeOf } from "../core/array.ts";
import { Variable } from "../graph/tensor.ts";

/** Which slots each weight has, in Keras' order. */
export interface SlotPlan {
  readonly hasAverage: boolean;
  readonly hasAccumulator: boolean;
  /** Names of the rule's slots in groups; within a group the slots of one weight lie side by side. */
  readonly groups: readonly (readonly string[])[];
  /** With what a slot begins. */
  readonly firstValue: (slot: string) => number;
}

/** The slots of one weight. */
export interface WeightSlots {
  /** The moving average of the weight. */
  readonly average: Variable | undefined;
  /** The sum of its gradients since it last changed. */
  readonly accumulator: Variable | undefined;
  /** Those of the rule, group after group. */
  readonly own: readonly Variable[];
}

/** The slots of a weight that has none. */
const none: WeightSlots = { average: undefined, accumulator: undefined, own: [] };

export class Slots {
  /** All, group after group. */
  readonly variables: readonly Variable[];
  readonly #slots: ReadonlyMap<Variable, WeightSlots>;

  constructor(weights: readonly Variable[], { hasAverage, hasAccumulator, groups, firstValue }: SlotPlan) {
    const order: Variable[] = [];
    const make = (weight: Variable, slot: string, value: number): Variable => {
      const variable = makeSlot(`${weight.name.replaceAll("/", "_")}_${slot}`, weight.shape, value);
      order.push(variable);
      return variable;
    };
    const averages = hasAverage ? weights.map((weight) => make(weight, "average", 0)) : [];
    const accumulators = hasAccumulator ? weights.map((weight) => make(weight, "gradient_accumulator", 0)) : [];
    const own = groups.map((group) =>
      weights.map((weight) => group.map((slot) => make(weight, slot, firstValue(slot)))),
    );
    this.variables = order;
    this.#slots = new Map(
      weights.map((weight, i) => {
        const slots = { average: averages[i], accumulator: accumulators[i], own: own.flatMap((group) => group[i]) };
        return [weight, slots];
      }),
    );
  }

  get weights(): readonly Variable[] {
    return [...this.#slots.keys()];
  }

  of(weight: Variable): WeightSlots {
    return this.#slots.get(weight) ?? none;
  }

  isFor(weights: readonly Variable[]): boolean {
    return weights.length === this.#slots.size && weights.every((weight) => this.#slots.has(weight));
  }

  /** Exchanges weights and moving averages. */
  swapAverages(): void {
    for (const [weight, { average }] of this.#slots) {
      const { value } = weight;
      weight.assign(average?.value as Float32Array);
      average?.assign(value as Float32Array);
    }
  }

  /** Gives every moving average the value of its weight. */
  takeWeights(): void {
    for (const [weight, { average }] of this.#slots) average?.assign(Float32Array.from(weight.value as Float32Array));
  }
}

/** A variable of an optimizer that begins with the same number in every cell. */
export function makeSlot(name: string, shape: readonly number[], value: number): Variable {
  const initializer = {
    className: "Constant",
    config: { value },
    fill: (cells: Float32Array) => void cells.fill(value),
  };
  const variable = new Variable(name, shape, initializer, false);
  const cells = new Float32Array(sizeOf(shape));
  // Zeros are there: writing them would take their memory before it is needed.
  variable.assign(value === 0 ? cells : cells.fill(value));
  return variable;
}
