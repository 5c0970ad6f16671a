// Run inside namespaces by tests: finds the targets of the request in its first argument and prints them as JSON.
import { execFile } from "node:child_process";
import { ExhibitError } from "../../src/errors.ts";
import { findTargets, type CommandResult, type TargetHost } from "../../src/target/find.ts";

/** Commands for findTargets, started by the test itself. */
export const host: TargetHost = {
  platform: "linux",
  run: ([command, ...rest]) =>
    new Promise<CommandResult>((resolve, reject) => {
      execFile(command, rest, { encoding: "utf8" }, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== "number") reject(error);
        else resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    }),
};

async function main(request: string): Promise<unknown> {
  try {
    const found = await findTargets(JSON.parse(request), host);
    return found.map(({ held, ...rest }) => ({ ...rest, pid: held.pid }));
  } catch (error) {
    if (!(error instanceof ExhibitError)) throw error;
    return { name: error.name, message: error.message, hint: error.hint };
  }
}

const [, script, request] = process.argv;
if (script?.endsWith("find-targets.ts") && request !== undefined)
  console.log(JSON.stringify(await main(request)));
