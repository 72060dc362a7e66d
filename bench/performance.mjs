/** The tables of docs/performance.md and the README, from records. */
import { faces, nameOf } from "./layers.mjs";

const nothing = "*Not measured yet.*";

function markdown(heads, rows) {
  if (rows.length === 0) return nothing;
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = `|${heads.map((_, i) => (i === 0 ? "---" : "---:")).join("|")}|`;
  return [line(heads), rule, ...rows.map(line)].join("\n");
}

const digits = (ms) =>
  ms < 0.1
    ? ms.toFixed(4)
    : ms < 1
      ? ms.toFixed(3)
      : ms < 10
        ? ms.toFixed(2)
        : ms < 100
          ? ms.toFixed(1)
          : ms.toFixed(0);
const percent = (share) => (share === undefined ? "" : `${(100 * share).toFixed(0)} %`);
const plain = (text) => (text ?? "").split("\n")[0].replaceAll("|", "/");
const major = (node) => node.slice(1).split(".")[0];

function labelOf({ engine, node, threads, wide }) {
  if (engine !== "Rhyton") return engine;
  return `**Rhyton**, Node ${major(node)}, ${threads} thread${threads === 1 ? "" : "s"}${wide ? ", wide" : ""}`;
}

const speed = (r) => r.ms ?? Number.POSITIVE_INFINITY;
const networkJobs = ["seed", "big", "mobilenet"];
const isNetwork = ({ job }) => networkJobs.includes(job.split(" ")[0]);
const isNative = ({ engine }) => /^(PyTorch|Keras|ONNX Runtime(?! Web))/.test(engine);
const mostThreads = (records) => Math.max(...records.map((r) => r.threads));

/** Rhyton's fastest result of a job, plain or wide, on the most threads that were measured. */
function ownBest(records, wide) {
  const own = records.filter((r) => r.engine === "Rhyton" && r.wide === wide && r.ms !== null);
  const threads = mostThreads(own);
  return own.filter((r) => r.threads === threads).sort((a, b) => a.ms - b.ms)[0];
}

/** For each cell of a table: the records' GFLOP/s with percentages of peak, plain and wide. */
function rates(records, keyOf, select) {
  const own = records.filter((r) => r.engine === "Rhyton" && r.ms !== null && select(r));
  const keys = [...new Set(own.map(keyOf))];
  return {
    keys,
    at: (key, wide, more) =>
      ownBest(
        own.filter((r) => keyOf(r) === key && more(r)),
        wide,
      ),
  };
}

const rate = (r) => (r === undefined ? "" : `${r.gflops.toFixed(r.gflops < 10 ? 1 : 0)} (${percent(r.ofPeak)})`);

function layerTable(records, heading, job, select, keyOf) {
  const { keys, at } = rates(
    records,
    keyOf,
    (r) => r.job.startsWith(`${job} `) && r.layer !== undefined && select(r.layer),
  );
  const widths = records.some((r) => r.wide) ? [false, true] : [false];
  const heads = [heading, ...widths.flatMap((w) => faces.map((face) => `${face}${w ? ", wide" : ""}`))];
  const rows = keys.map((key) => [
    key,
    ...widths.flatMap((wide) => faces.map((face) => rate(at(key, wide, (r) => r.layer.face === face)))),
  ]);
  return markdown(heads, rows);
}

/** Tables by name, each a function that makes it. */
export const tables = (records) => ({
  machine() {
    const [first] = records;
    if (first === undefined) return nothing;
    const days = [...new Set(records.map((r) => r.date.slice(0, 10)))].sort().join(", ");
    const revisions = [...new Set(records.map((r) => r.revision).filter((r) => r !== undefined))].join(", ");
    const { cpu, cores, vectors, memory, platform } = first;
    const size = `${(memory / 2 ** 30).toFixed(0)} GiB`;
    const what = [cpu, `${cores} cores`, vectors, size, platform].filter((part) => part !== undefined).join(", ");
    return `${what}; ${days}; revision ${revisions}.`;
  },

  peak() {
    const rows = records.filter((r) => r.job === "peak");
    return markdown(
      ["Node", "threads", "vectors", "GFLOP/s", "memory, GB/s"],
      rows.map((r) => [
        r.node.slice(1),
        r.threads,
        r.wide ? "wide" : "plain",
        r.gflops.toFixed(0),
        r.gigabytes.toFixed(0),
      ]),
    );
  },

  /** Rhyton beside the best of the others, job by job. */
  comparison() {
    const jobs = [...new Set(records.filter(isNetwork).map((r) => r.job))];
    const rows = jobs.map((job) => {
      const all = records.filter((r) => r.job === job && r.ms !== null);
      const others = all.filter((r) => r.engine !== "Rhyton").sort((a, b) => a.ms - b.ms);
      const best = [others.find(isNative), others.find((r) => !isNative(r))];
      const own = [ownBest(all, false), ownBest(all, true)];
      const against = (other) =>
        other === undefined
          ? ["", ...own.map(() => "")]
          : [`${other.engine}: ${digits(other.ms)}`, ...own.map((r) => (r ? `${(other.ms / r.ms).toFixed(2)} ×` : ""))];
      return [job, ...own.map((r) => (r ? `**${digits(r.ms)}**` : "")), ...best.flatMap(against)];
    });
    const heads = [
      "milliseconds",
      "Rhyton",
      "wide",
      "best native",
      "Rhyton",
      "wide",
      "best in JavaScript",
      "Rhyton",
      "wide",
    ];
    if (rows.length === 0) return nothing;
    return `${markdown(heads, rows)}\n\n![The time of every engine for every job](images/performance.svg)`;
  },

  threads() {
    const own = records.filter((r) => r.engine === "Rhyton" && r.ms !== null && isNetwork(r));
    const rows = own
      .filter((r) => r.threads > 1)
      .flatMap((r) => {
        const one = own.find((o) => o.threads === 1 && o.job === r.job && o.wide === r.wide && o.node === r.node);
        if (one === undefined) return [];
        const name = `${r.job}, Node ${major(r.node)}${r.wide ? ", wide" : ""}`;
        return [[name, digits(one.ms), digits(r.ms), `${(one.ms / r.ms).toFixed(2)} ×`]];
      });
    return markdown(["milliseconds", "1 thread", "2 threads", "times as fast"], rows);
  },

  networks() {
    const jobs = [...new Set(records.filter(isNetwork).map((r) => r.job))];
    if (jobs.length === 0) return nothing;
    return jobs
      .map((job) => {
        const rows = records.filter((r) => r.job === job).sort((a, b) => speed(a) - speed(b));
        const heads = [job, "ms", "fastest to slowest", "GFLOP/s", "of peak", "first step, ms", "peak memory, MB"];
        const cells = (r) =>
          r.ms === null
            ? [labelOf(r), "–", plain(r.why), "", "", "", ""]
            : [
                labelOf(r),
                digits(r.ms),
                `${digits(r.min)} to ${digits(r.max)}`,
                r.gflops.toFixed(1),
                percent(r.ofPeak),
                r.first?.toFixed(0) ?? "",
                r.peakMemory ? (r.peakMemory / 1e6).toFixed(0) : "",
              ];
        return markdown(heads, rows.map(cells));
      })
      .join("\n\n");
  },

  compile() {
    const own = records.filter((r) => r.engine === "Rhyton" && r.ms !== null && isNetwork(r));
    const rows = own
      .filter((r) => r.threads === mostThreads(own))
      .map((r) => [
        `${r.job}, Node ${major(r.node)}${r.wide ? ", wide" : ""}`,
        r.first.toFixed(0),
        r.firsts ? `${r.firstMin.toFixed(0)} to ${r.firstMax.toFixed(0)} (${r.firsts.length})` : "",
        (r.moduleBytes / 1000).toFixed(1),
      ]);
    const heads = ["", "`compile()` to the end of the first step, ms", "quickest to slowest", "generated module, kB"];
    return markdown(heads, rows);
  },

  layers: () =>
    layerTable(
      records,
      "GFLOP/s (of peak)",
      "layers",
      () => true,
      (r) => `${nameOf(r.layer)}, batch ${r.batch}`,
    ),

  "scaling batch"() {
    const { keys, at } = rates(
      records,
      (r) => r.batch,
      (r) => r.job.startsWith("scaling seed "),
    );
    const widths = records.some((r) => r.wide) ? [false, true] : [false];
    const kinds = ["train", "predict"];
    const heads = [
      "samples",
      ...widths.flatMap((w) => kinds.flatMap((k) => [`${k}${w ? ", wide" : ""}, ms`, "GFLOP/s (of peak)"])),
    ];
    const rows = keys.map((key) => [
      key,
      ...widths.flatMap((wide) =>
        kinds.flatMap((kind) => {
          const r = at(key, wide, ({ job }) => job.includes(` ${kind} `));
          return r ? [digits(r.ms), rate(r)] : ["", ""];
        }),
      ),
    ]);
    return markdown(heads, rows);
  },

  "scaling pixels": () =>
    layerTable(
      records,
      "pixels",
      "scaling",
      (layer) => layer.channels === 16 && layer.pixels !== 32,
      (r) => `${r.layer.pixels} × ${r.layer.pixels}`,
    ),

  "scaling channels": () =>
    layerTable(
      records,
      "channels",
      "scaling",
      (layer) => layer.pixels === 32,
      (r) => r.layer.channels,
    ),

  start() {
    const rows = records
      .filter((r) => r.job === "start")
      .map((r) => [
        labelOf(r),
        (r.ms / 1000).toFixed(1),
        `${(r.min / 1000).toFixed(1)} to ${(r.max / 1000).toFixed(1)}`,
        (r.peakMemory / 1e6).toFixed(0),
      ]);
    return markdown(["`npm start`", "seconds", "fastest to slowest", "peak memory of the training, MB"], rows);
  },

  /** For the README: the engines as rows, each at its best, and a few jobs as columns. */
  summary() {
    const jobs = ["seed train", "seed predict", "seed predict 1", "big train", "big predict", "mobilenet predict 1"];
    const timed = records.filter(
      (r) => jobs.includes(r.job) && r.ms !== null && (r.engine !== "Rhyton" || r.threads === mostThreads(records)),
    );
    const productOf = (r) => labelOf(r).replace(/ (eager|compiled), channels (first|last)$/, "");
    const best = (product, job) =>
      Math.min(...timed.filter((r) => r.job === job && productOf(r) === product).map((r) => r.ms));
    const rows = [...new Set(timed.map(productOf))]
      .map((product) => ({ product, times: jobs.map((job) => best(product, job)) }))
      .sort((a, b) => a.times[1] - b.times[1])
      .map(({ product, times }) => [product, ...times.map((ms) => (Number.isFinite(ms) ? digits(ms) : "–"))]);
    return markdown(["milliseconds", ...jobs], rows);
  },
});
