/** The functions of a module that do one kernel each, or one part of it, or copy an output. Each is made once, in pieces. */
import { sizeOf } from "../../core/array.ts";
import { internalError } from "../../core/errors.ts";
import type { Pieces } from "../../core/pieces.ts";
import type { Loop } from "../../expr/expr.ts";
import type { Buffer, CollectKernel, Kernel, NestKernel, RouteKernel } from "../../kernel/kernel.ts";
import type { Element } from "./access.ts";
import { type Func, f32x4, i32, local, type Module, memory, type Statement, v128 } from "./assembler.ts";
import { bump, countedLoop } from "./loops.ts";
import { emitKernel, kernelSignature, type NestOptions } from "./nest.ts";
import type { Profile } from "./profile.ts";
import { type Plan, placementOf } from "./run.ts";

const partSignature = { ...kernelSignature, part: "i32", parts: "i32" } as const;
export type KernelFunc = Func<typeof kernelSignature, "none">;
export type PartFunc = Func<typeof partSignature, "none">;

export class KernelFuncs {
  private readonly module: Module;
  private readonly plan: Plan;
  private readonly profile: Profile;
  /** By variant, then by kernel or buffer. */
  private readonly made = new Map<string, Map<object, Func>>();

  constructor(module: Module, plan: Plan, profile: Profile) {
    this.module = module;
    this.plan = plan;
    this.profile = profile;
  }

  /** `kernel(arena, partial, kept, source)`: all of it. `scaleAddress` is where the scale of the caller's array lies. */
  *kernel(k: Kernel, name: string, element: Element = "float32", scaleAddress?: number): Pieces<KernelFunc> {
    const [func, isNew] = this.once(k, element, () => this.module.func(name, kernelSignature));
    if (!isNew) return func;
    if (k.kind === "clear") func.emit(...this.clear(func, k.out));
    else if (k.kind === "collect") func.emit(...this.collect(func as unknown as Func, k));
    else return yield* this.emitted(func, k, { element, scaleAddress });
    this.module.finish(func);
    return func;
  }

  /** `part(arena, partial, kept, source, part, parts)`: one part of the outermost loop. */
  *part(k: Kernel, name: string): Pieces<PartFunc> {
    if (k.kind !== "nest") throw internalError({ where: "wasm", problem: `${k.name} has no parts` });
    const [func, isNew] = this.once(k, "part", () => this.module.func(name, partSignature));
    const { part: index, parts: count } = func.params;
    return isNew ? yield* this.emitted(func, k, { part: { index, count } }) : func;
  }

  /** The same as `kernel` for several samples, whose values lie one after the other from `arena` and `kept` on. */
  *batch(k: NestKernel, samples: Loop): Pieces<KernelFunc> {
    const [func, isNew] = this.once(k, "batch", () => this.module.func(`${k.name}.batch`, kernelSignature));
    return isNew ? yield* this.emitted(func, k, { samples }) : func;
  }

  private *emitted<F extends KernelFunc | PartFunc>(
    func: F,
    k: NestKernel | RouteKernel,
    special: Partial<NestOptions>,
  ): Pieces<F> {
    const { module, profile, plan } = this;
    const options = {
      module,
      profile,
      layout: plan.layout,
      bases: func.params,
      element: "float32",
      ...special,
    } as const;
    func.emit(...(yield* emitKernel(func as unknown as Func, k, options)));
    module.finish(func);
    return func;
  }

  /** Copies an output's cells, row by row where a halo lies between them. */
  copyOut(buffer: Buffer, position: number): KernelFunc {
    const [func, isNew] = this.once(buffer, "out", () => this.module.func(`output_${position}`, kernelSignature));
    if (!isNew) return func;
    const { space, offset, strides } = placementOf(this.plan.layout, buffer);
    const { shape } = buffer;
    let axis = shape.length;
    let run = 4;
    while (axis > 0 && (strides[axis - 1] === run || shape[axis - 1] === 1)) run *= shape[--axis];
    const [p, q] = [func.local("i32"), func.params.source];
    const base = space === "arena" || space === "kept" ? func.params[space] : func.params.arena;
    let code: Statement[] = [memory.copy(q, p, run), ...bump(q, run)];
    for (let a = axis - 1; a >= 0; a--) {
      const inside = a + 1 < axis ? strides[a + 1] * shape[a + 1] : 0;
      code = countedLoop(func as unknown as Func, shape[a], [...code, ...bump(p, strides[a] - inside)]);
    }
    func.emit(local.set(p, i32.add(base, offset)), ...code);
    this.module.finish(func);
    return func;
  }

  private clear(func: KernelFunc, buffer: Buffer): Statement[] {
    const { space, start, bytes } = placementOf(this.plan.layout, buffer);
    const base = space === "fixed" || space === "source" ? i32.const(start) : i32.add(func.params[space], start);
    return [memory.fill(base, 0, bytes)];
  }

  /** Adds the shards' sums in their order. */
  private collect(func: Func, k: CollectKernel): Statement[] {
    const from = placementOf(this.plan.layout, k.from);
    const to = placementOf(this.plan.layout, k.out);
    const [p, q, sum] = [func.local("i32"), func.local("i32"), func.local("v128")];
    const body: Statement[] = [local.set(sum, v128.load(p))];
    for (let s = 1; s < this.plan.shards; s++) {
      body.push(local.set(sum, f32x4.add(sum, v128.load(p, s * this.plan.layout.sizes.partial))));
    }
    body.push(v128.store(q, sum), ...bump(p, 16), ...bump(q, 16));
    return [
      local.set(p, this.plan.partialStart + from.start),
      local.set(q, to.start),
      ...countedLoop(func, Math.ceil(sizeOf(k.out.shape) / 4), body),
    ];
  }

  /** The function of a kernel or buffer, and whether it is new and still without code. */
  private once<F>(key: object, variant: string, make: () => F): readonly [F, isNew: boolean] {
    const funcs = this.made.get(variant) ?? new Map<object, Func>();
    this.made.set(variant, funcs);
    const known = funcs.get(key) as F | undefined;
    const func = known ?? make();
    funcs.set(key, func as Func);
    return [func, known === undefined];
  }
}
