/** Records as bars: an SVG with a panel for each job, the fastest first, Rhyton in its colour. */

const WIDTH = 860;
const ROW = 18;
const LABEL = 330;
const BAR = 380;
const HEAD = 34;
const GAP = 14;

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const labelOf = (r) => {
  if (r.node === undefined || r.engine !== "Rhyton") return r.engine;
  const width = r.wide ? ", wide" : "";
  return `Rhyton, Node ${r.node.slice(1).split(".")[0]}, ${r.threads} thread${r.threads === 1 ? "" : "s"}${width}`;
};
function time(ms) {
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
}

/** Lengths are logarithmic where the slowest takes more than thirty times as long as the fastest, and it says so. */
function panel(job, records, top) {
  const rows = records.filter((r) => r.ms !== null).sort((a, b) => a.ms - b.ms);
  const [fastest, slowest] = [rows[0].ms, rows.at(-1).ms];
  const logarithmic = slowest > 30 * fastest;
  const least = fastest / 2;
  const share = (ms) => (logarithmic ? Math.log(ms / least) / Math.log(slowest / least) : ms / slowest);
  const bars = rows.map((r, i) => {
    const y = top + HEAD + i * ROW;
    const length = Math.max(1, share(r.ms) * BAR).toFixed(1);
    const kind = r.engine === "Rhyton" ? "own" : "peer";
    return (
      `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end" class="${kind}">${escaped(labelOf(r))}</text>` +
      `<rect x="${LABEL}" y="${y + 2}" width="${length}" height="${ROW - 5}" class="${kind}"/>` +
      `<text x="${LABEL + Number(length) + 6}" y="${y + 12}">${time(r.ms)}</text>`
    );
  });
  const title = `${escaped(job)}${logarithmic ? " (logarithmic)" : ""}`;
  const head = `<text x="12" y="${top + 22}" class="head">${title}</text>`;
  return { text: [head, ...bars].join("\n"), height: HEAD + rows.length * ROW + GAP };
}

/** Single layers and measured peaks are left to the tables. */
export function chart(records) {
  const timed = records.filter((r) => r.ms > 0 && r.layer === undefined);
  let top = 0;
  const panels = [...new Set(timed.map((r) => r.job))].map((job) => {
    const { text, height } = panel(
      job,
      timed.filter((r) => r.job === job),
      top,
    );
    top += height;
    return text;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" role="img">
<title>Time for each job and engine; shorter is better</title>
<style>text{font:12px system-ui,sans-serif;fill:#333}.head{font-weight:600;font-size:14px}rect.own{fill:#b5452c}rect.peer{fill:#9aa5b1}text.own{font-weight:600}</style>
<rect width="100%" height="100%" fill="#fff"/>
${panels.join("\n")}
</svg>
`;
}
