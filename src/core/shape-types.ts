/**
 * Shapes as types: whole-number arithmetic on literal types, and what a window makes of an axis.
 *
 * Numbers are worked on as lists of decimal digits, the way it is done on paper, so a size of seven digits costs little
 * more than one of two. Every operation answers `number` when an operand is `number` (or no whole number ≥ 0): a size
 * that is unknown at compile time loses the check and nothing else. What is made of an open size (`null`) is open.
 */
import type { OpenShape } from "./open-shape.ts";

/** A size; null when it is open. */
export type Size = number | null;

/** `R`, unless one of the operands `X` is open. */
type Opened<X, R> = null extends X ? (number extends X ? Size : null) : R;

// ---- digits -------------------------------------------------------------------------------------------------------

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** A number as its decimal digits, the highest first. The empty list is zero. */
type Digits = readonly Digit[];

/** `Count[d]` has d elements: lists that are put together or taken apart do the sums of single digits. */
type Count = [
  [],
  [0],
  [0, 0],
  [0, 0, 0],
  [0, 0, 0, 0],
  [0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 0, 0, 0],
];

type Bit = 0 | 1;

/** The digits of `N`; never when it is no whole number ≥ 0. */
type DigitsOf<N extends Size> = TextDigits<`${N & number}`>;

type TextDigits<T extends string, Done extends Digits = []> = T extends `${infer D extends Digit}${infer Rest}`
  ? TextDigits<Rest, [...Done, D]>
  : T extends ""
    ? Done
    : never;

type NumberOf<D extends Digits> = DigitText<Trim<D>> extends `${infer N extends number}` ? N : 0;

type DigitText<D extends Digits> = D extends readonly [infer H extends Digit, ...infer T extends Digits]
  ? `${H}${DigitText<T>}`
  : "";

/** Without zeros in front. */
type Trim<D extends Digits> = D extends readonly [0, ...infer T extends Digits] ? Trim<T> : D;

/** The last digit of a list, 0 when it is empty; and what stands before it. */
type Last<D extends Digits> = D extends readonly [...Digit[], infer L extends Digit] ? L : 0;
type Init<D extends Digits> = D extends readonly [...infer I extends Digits, Digit] ? I : [];

/** A sum below 20 as [digit, carry]. */
type Carry<N> = N extends Digit ? [N, 0] : `${N & number}` extends `1${infer D extends Digit}` ? [D, 1] : never;

type PlusDigits<A extends Digits, B extends Digits, C extends Bit = 0, Low extends Digits = []> = [A, B, C] extends [
  [],
  [],
  infer Only,
]
  ? Only extends 1
    ? [1, ...Low]
    : Low
  : Carry<[...Count[Last<A>], ...Count[Last<B>], ...Count[C]]["length"]> extends [
        infer D extends Digit,
        infer N extends Bit,
      ]
    ? PlusDigits<Init<A>, Init<B>, N, [D, ...Low]>
    : never;

/** A − B, never when it is below zero. `W` is what was borrowed. */
type MinusDigits<A extends Digits, B extends Digits, W extends Bit = 0, Low extends Digits = []> = A extends readonly []
  ? [W, Trim<B>] extends [0, []]
    ? Low
    : never
  : Count[Last<A>] extends [...Count[Last<B>], ...Count[W], ...infer Rest]
    ? MinusDigits<Init<A>, Init<B>, 0, [Rest["length"] & Digit, ...Low]>
    : [...Count[9], 0, ...Count[Last<A>]] extends [...Count[Last<B>], ...Count[W], ...infer Rest]
      ? MinusDigits<Init<A>, Init<B>, 1, [Rest["length"] & Digit, ...Low]>
      : never;

/** A · d by doubling: at most four additions for a digit. */
type TimesDigit<A extends Digits, D extends Digit> = D extends 0
  ? []
  : D extends 1
    ? A
    : D extends 2
      ? PlusDigits<A, A>
      : D extends 4 | 6 | 8
        ? TimesDigit<TimesDigit<A, 2>, { 4: 2; 6: 3; 8: 4 }[D] & Digit>
        : D extends 3 | 5 | 7 | 9
          ? PlusDigits<A, TimesDigit<A, { 3: 2; 5: 4; 7: 6; 9: 8 }[D] & Digit>>
          : never;

type TimesDigits<A extends Digits, B extends Digits, Sum extends Digits = []> = B extends readonly [
  infer H extends Digit,
  ...infer T extends Digits,
]
  ? TimesDigits<A, T, PlusDigits<[...Sum, 0], TimesDigit<A, H>>>
  : Sum;

/** Long division: the quotient's digits so far and the rest, one digit of `A` at a time. As [quotient, rest]. */
type DivideDigits<
  A extends Digits,
  B extends Digits,
  Q extends Digits = [],
  R extends Digits = [],
> = A extends readonly [infer H extends Digit, ...infer T extends Digits]
  ? HowOften<Trim<[...R, H]>, B> extends [infer D extends Digit, infer Left extends Digits]
    ? DivideDigits<T, B, [...Q, D], Left>
    : never
  : [Q, Trim<R>];

/** How often B goes into R (at most 9 times), and what is left. */
type HowOften<R extends Digits, B extends Digits, Times extends 0[] = []> = [MinusDigits<R, B>] extends [
  infer Left extends Digits,
]
  ? [Left] extends [never]
    ? [Times["length"], R]
    : HowOften<Left, B, [...Times, 0]>
  : never;

// ---- arithmetic ---------------------------------------------------------------------------------------------------

/** Whether `N` is known at compile time and a whole number ≥ 0. */
export type Known<N extends Size> = number extends N ? false : [DigitsOf<N>] extends [never] ? false : true;

type BothKnown<A extends Size, B extends Size> = [Known<A>, Known<B>] extends [true, true] ? true : false;

/** A + B. */
export type Plus<A extends Size, B extends Size> = Opened<
  A | B,
  BothKnown<A, B> extends true ? NumberOf<PlusDigits<DigitsOf<A>, DigitsOf<B>>> : number
>;

/** A − B; never when that is below zero. */
export type Minus<A extends Size, B extends Size> = Opened<
  A | B,
  BothKnown<A, B> extends true
    ? [MinusDigits<DigitsOf<A>, DigitsOf<B>>] extends [infer D extends Digits]
      ? [D] extends [never]
        ? never
        : NumberOf<D>
      : never
    : number
>;

/** A · B. */
export type Times<A extends Size, B extends Size> = Opened<
  A | B,
  BothKnown<A, B> extends true ? (B extends 1 ? A : NumberOf<TimesDigits<DigitsOf<A>, DigitsOf<B>>>) : number
>;

/** ⌊A / B⌋; `number` for B = 0. */
export type FloorDivide<A extends Size, B extends Size> = Opened<
  A | B,
  BothKnown<A, B> extends true
    ? B extends 0
      ? number
      : B extends 1
        ? A
        : DivideDigits<DigitsOf<A>, DigitsOf<B>> extends [infer Q extends Digits, unknown]
          ? NumberOf<Q>
          : number
    : number
>;

/** ⌈A / B⌉; `number` for B = 0. */
export type CeilDivide<A extends Size, B extends Size> = Opened<
  A | B,
  BothKnown<A, B> extends true
    ? B extends 0
      ? number
      : B extends 1
        ? A
        : DivideDigits<DigitsOf<A>, DigitsOf<B>> extends [infer Q extends Digits, infer R extends Digits]
          ? R extends readonly []
            ? NumberOf<Q>
            : NumberOf<PlusDigits<Q, [1]>>
          : number
    : number
>;

/** Whether B divides A without rest; `boolean` when unknown. */
export type Divides<B extends Size, A extends Size> =
  BothKnown<A, B> extends true
    ? DivideDigits<DigitsOf<A>, DigitsOf<B>> extends [unknown, infer R]
      ? R extends readonly []
        ? true
        : false
      : boolean
    : boolean;

/** The product of a shape's sizes: its number of elements. */
export type Product<S extends OpenShape, Done extends Size = 1> = S extends readonly []
  ? Done
  : S extends readonly [infer H extends Size, ...infer T extends OpenShape]
    ? Product<T, Times<H, Done>>
    : number;

// ---- windows ------------------------------------------------------------------------------------------------------

/** The extent of a dilated kernel: (K − 1)·D + 1. */
export type Extent<K extends Size, D extends Size> = D extends 1 ? K : Plus<Times<Minus<K, 1>, D>, 1>;

/**
 * What `placeWindow` of `shape.ts` answers as output, as a type: the cells left of an axis of `N` by a window of extent
 * `E` moving by `S` under padding `P`; never when the window does not fit.
 */
export type WindowOutput<N extends Size, E extends Size, S extends Size, P> = P extends "valid"
  ? [Minus<N, E>] extends [infer Rest extends Size]
    ? [Rest] extends [never]
      ? never
      : Plus<FloorDivide<Rest, S>, 1>
    : never
  : CeilDivide<N, S>;

/** The larger of A and B. */
type Larger<A extends Size, B extends Size> = [Minus<A, B>] extends [never] ? B : A;

/**
 * What `placeTransposed` of `shape.ts` answers as output, as a type: `N` cells spread by a stride of `S`, each over an
 * extent of `E`, under padding `P`, with an output padding of `O` (null: none given).
 */
export type TransposedOutput<
  N extends Size,
  E extends Size,
  S extends Size,
  P,
  O extends number | null,
> = O extends number
  ? Plus<Times<Minus<N, 1>, S>, Plus<P extends "valid" ? E : Odd<E>, O>>
  : P extends "valid"
    ? Plus<Times<Minus<N, 1>, S>, BothKnown<E, S> extends true ? Larger<E, S> : number>
    : Times<N, S>;

type Odd<N extends Size> =
  Divides<2, N> extends infer Even ? (boolean extends Even ? number : Even extends true ? 0 : 1) : number;
