/** One configuration in a process of its own. Asked by turns.mjs for its check and its measures, one at a time. */
let job;

const handlers = {
  async start({ engine, name, ...settings }) {
    const { start } = await import(`./engines/${engine}/${name}.mjs`);
    job = await start(settings);
    await job.check();
  },
  measure({ name }) {
    globalThis.gc?.();
    return job.measures[name]();
  },
};

process.on("message", async ({ kind, ...request }) => {
  try {
    process.send({ result: await handlers[kind](request) });
  } catch (error) {
    process.send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on("disconnect", () => process.exit());
