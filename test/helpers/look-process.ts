// A process of its own that looks inside another one, for tests that give it fewer rights: prints why it was refused.
import { look } from "./node-target.ts";

const works: (() => unknown)[] = [];
const t = { after: (work: () => unknown) => void works.push(work) };
try {
  await look(t, Number(process.argv[2]));
  console.log("inside");
} catch (error) {
  console.log(error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error));
}
for (const work of works.toReversed()) await work();
