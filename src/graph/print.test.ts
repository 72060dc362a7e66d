import { expect, test } from "vitest";
import { graphOf, variable } from "../../test/support/run.ts";
import * as op from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import { printGraph, showAttributes, showKind } from "./print.ts";

const x = op.placeholder([4], "x");
const owned = variable("dense/kernel", [4, 2]);
const w = op.variableTensor(owned);

test("one line a tensor, then what is wanted of them", () => {
  const h = op.relu(op.matmulLast(x, w));
  const loss = op.divide(op.sumSamples(op.sum(op.multiply(h, h), [0])), op.batchSize());
  const rate = op.stepScalar("learning rate");
  const value = op.subtract(w, op.multiply(rate, gradients(loss, [w])[0]));
  const graph = graphOf({
    inputs: [x],
    scalars: [rate],
    outputs: [h],
    totals: [loss],
    guard: loss,
    updates: [{ variable: owned, value }],
  });
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "%0 = placeholder "x" : sample [4]
    %1 = variable dense/kernel : shared [4,2]
    %2 = convolve %0 %1 {strides=[] dilation=[] before=[] output=[] groups=1} : sample [2]
    %3 = relu %2 : sample [2]
    %4 = mul %3 %3 : sample [2]
    %5 = sum %4 {axes=[0] overSamples=false} : sample []
    %6 = sum %5 {axes=[] overSamples=true} : shared []
    %7 = batchSize : shared []
    %8 = div %6 %7 : shared []
    %9 = stepScalar "learning rate" : shared []
    %10 = fill 0 : shared []
    %11 = gt %3 %10 : sample [2]
    %12 = fill 1 : shared []
    %13 = div %12 %7 : shared []
    %14 = reshape %13 {shape=[1]} : shared [1]
    %15 = broadcast %14 {shape=[2]} : shared [2]
    %16 = mul %15 %3 : sample [2]
    %17 = mul %15 %3 : sample [2]
    %18 = add %16 %17 : sample [2]
    %19 = fill 0 : shared []
    %20 = where %11 %18 %19 : sample [2]
    %21 = convolveKernel %0 %20 {strides=[] dilation=[] before=[] groups=1 kernel=[]} : shared [4,2]
    %22 = mul %9 %21 : shared [4,2]
    %23 = sub %1 %22 : shared [4,2]
    output %3
    total %8
    guard %8
    update dense/kernel = %23
    "
  `);
});

test("attributes", () => {
  expect(showAttributes(op.transpose(w, [1, 0]))).toBe("{permutation=[1,0]}");
  expect(showAttributes(op.sum(x, [0], { overSamples: true }))).toBe("{axes=[0] overSamples=true}");
  expect(showAttributes(op.constantTensor({ data: new Float32Array(6), shape: [2, 3] }))).toBe("6 values");
  expect(showAttributes(op.fill(0.5, [2]))).toBe("0.5");
  expect(showAttributes(op.batchSize())).toBe("");
});

test("what a tensor is", () => {
  expect([x, w, op.sum(x, [0])].map(showKind)).toEqual(["sample [4]", "shared [4,2]", "sample []"]);
});
