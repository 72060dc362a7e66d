import { test } from "vitest";
import { dense, ndarray, sequential, losses, metrics, input, ops } from "./index.ts";
test("x", async () => {
  const x = ndarray(Float32Array.of(-1, 0, 1, 2, 3, 4), [6, 1]);
  const y = ndarray(Float32Array.of(-3, -1, 1, 3, 5, 7), [6, 1]);
  const line = sequential([dense(1)], { seed: 1 });
  line.compile({ optimizer: "sgd", loss: "mean_squared_error" });
  await line.fit(x, y, { epochs: 200, verbose: 0 });
  console.log((await line.predict(ndarray(Float32Array.of(10), [1, 1]))).data);
  console.log(Object.keys(losses).join(" "), "|", Object.keys(metrics).join(" "));
  console.log([input([2, 3])], dense(3), line, ops.square(input([2])));
  for (const f of [() => ops.add(input([2]), (dense(2) as never)), () => line.fit({ images: x, labels: y } as never, y), () => line.fit(Float32Array.of(1,2) as never, y)]) try { await f(); } catch (e) { console.log(String(e)); }
});
