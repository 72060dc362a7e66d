/**
 * What all commands share: how wrong usage and failures show themselves.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 130 and 143 stopped by Ctrl-C and by SIGTERM.
 */
import { Command, CommanderError } from "commander";
import { RhytonError, VERSION } from "../index.ts";

/** The command was called wrongly in a way that only its work can find out. */
export class UsageError extends Error {}

/** The program without its commands. */
export function makeProgram(): Command {
  return new Command("rhyton")
    .description("Keras for TypeScript, with a compiler inside: train and run networks as WebAssembly SIMD.")
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .option("--debug", "show where in the code an error came from")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(oneParagraph(text)) })
    .showHelpAfterError(false)
    .exitOverride()
    .addHelpText("after", example("rhyton train", "rhyton COMMAND --help"));
}

/** The end of a help text: what could be typed. */
export const example = (...lines: readonly string[]): string =>
  `\nExample${lines.length > 1 ? "s" : ""}:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;

/** Parses the command line, runs the command and sets the exit code. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  quietPipes();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error, program.opts().debug === true);
  }
}

/** Says what went wrong, and answers the exit code. */
function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has said it already. Its own code is 0 after --help and --version, which are no errors.
    return error.exitCode === 0 ? 0 : 2;
  }
  const text = debug && error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  process.stderr.write(`error: ${text}\n`);
  if (!(error instanceof RhytonError || error instanceof UsageError || debug)) {
    process.stderr.write("This looks like a defect of Rhyton; run again with --debug and please report it.\n");
  }
  return error instanceof UsageError ? 2 : 1;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Commander's words on one line: `error: unknown option '--epoch' (Did you mean --epochs?)`. */
const oneParagraph = (text: string): string => `${text.trim().replace(/\s*\n\s*/g, " ")}\n`;

/**
 * A reader that has seen enough (`rhyton show … | head`) closes the pipe, which is no error. Without a reader of results
 * there is nothing left to do; without one of progress the work goes on.
 */
function quietPipes(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
