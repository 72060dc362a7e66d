/** The plain device, `interp`, loaded when it first runs something: where there are vectors, a page never needs it. */
import type { Graph } from "../graph/graph.ts";
import type { Device, Program, Work } from "./device.ts";

export const plain: Device = { name: "interp float32", compile };

function compile(graph: Graph): Program {
  let program: Promise<Program> | undefined;
  const load = async (): Promise<Program> => (await import("./interp.ts")).interp().compile(graph);
  return {
    run: async (work: Work) => {
      program ??= load();
      return (await program).run(work);
    },
  };
}
