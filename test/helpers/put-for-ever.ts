// Run as a process of its own: puts the same files into a directory store again and again, under new keys each time,
// until it is killed. Arguments: the store's path, the folder of the files.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openDirectoryStore } from "../../src/upload/directory.ts";
import { sha256 } from "./sealed-bundle.ts";

const [, , path = "", sources = ""] = process.argv;
const store = openDirectoryStore("test", { type: "directory", path });
const files = readdirSync(sources).map((name) => {
  const data = readFileSync(join(sources, name));
  return { name, bytes: data.length, sha256: sha256(data) };
});
process.stdout.write("begun\n");
for (let round = 0; ; round++)
  await Promise.all(
    files.map(({ name, ...digest }) =>
      store.put({
        ...digest,
        key: `v1/none/host/bundle-${round}/${name}`,
        path: join(sources, name),
        mediaType: "text/plain",
        sensitivity: "text",
        exclusive: name === "manifest.json",
      }),
    ),
  );
