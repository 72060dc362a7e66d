/** Type tests of the arithmetic on sizes: checked by `npm run types`, never run. */
import type {
  CeilDivide,
  Divides,
  Extent,
  FloorDivide,
  Known,
  Minus,
  Plus,
  Product,
  Times,
  WindowOutput,
} from "./shape-types.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const check = <T extends true>(): T | undefined => undefined;

check<Equal<Plus<0, 0>, 0>>();
check<Equal<Plus<999, 1>, 1000>>();
check<Equal<Plus<1024, 768>, 1792>>();
check<Equal<Plus<5, 12544>, 12549>>();
check<Equal<Plus<number, 1>, number>>();

check<Equal<Minus<1000, 1>, 999>>();
check<Equal<Minus<28, 28>, 0>>();
check<Equal<Minus<4, 5>, never>>();
check<Equal<Minus<100, 1000>, never>>();
check<Equal<Minus<1000, 999>, 1>>();
check<Equal<Minus<1, number>, number>>();

check<Equal<Times<0, 7>, 0>>();
check<Equal<Times<196, 64>, 12544>>();
check<Equal<Times<99999, 99999>, 9999800001>>();
check<Equal<Times<2359296, 3>, 7077888>>();
check<Equal<Times<7, number>, number>>();

check<Equal<FloorDivide<0, 3>, 0>>();
check<Equal<FloorDivide<1024, 3>, 341>>();
check<Equal<FloorDivide<12544, 112>, 112>>();
check<Equal<FloorDivide<7, 0>, number>>();
check<Equal<CeilDivide<7, 2>, 4>>();
check<Equal<CeilDivide<8, 2>, 4>>();
check<Equal<CeilDivide<1999, 2>, 1000>>();
check<Equal<CeilDivide<1, 100>, 1>>();

check<Equal<Divides<3, 12>, true>>();
check<Equal<Divides<5, 12>, false>>();

check<Equal<Product<[1024, 768, 3]>, 2359296>>();
check<Equal<Product<[14, 14, 64]>, 12544>>();
check<Equal<Product<[]>, 1>>();
check<Equal<Product<[14, number]>, number>>();

// No whole numbers: unknown, and left to the run time.
check<Equal<Known<-1>, false>>();
check<Equal<Known<1.5>, false>>();
check<Equal<Plus<1.5, 1>, number>>();

check<Equal<Extent<3, 1>, 3>>();
check<Equal<Extent<3, 2>, 5>>();
check<Equal<WindowOutput<28, 3, 1, "valid">, 26>>();
check<Equal<WindowOutput<7, 2, 2, "same">, 4>>();
check<Equal<WindowOutput<7, 2, 2, "valid">, 3>>();
check<Equal<WindowOutput<4, 5, 1, "valid">, never>>();
check<Equal<WindowOutput<4, 4, 3, "valid">, 1>>();
check<Equal<WindowOutput<number, 5, 1, "valid">, number>>();
check<Equal<WindowOutput<28, number, 2, "same">, 14>>();
check<Equal<WindowOutput<28, 3, 1, "same" | "valid">, 26 | 28>>();
