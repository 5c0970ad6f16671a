// By what address people are told of a bundle. It must stay: the settings' own (`link.base`), else that of the store,
// which `exhibit fetch` takes. One that opens without credentials ends after days, so it is made only when it is asked for.

/** The stable address of the settings for a bundle; undefined when they have none. */
export function stableLink(linkBase: string | null, captureId: string): string | undefined {
  if (linkBase === null) return undefined;
  const [before, after] = partsOf(linkBase);
  return before + captureId + after.replaceAll("{id}", captureId);
}

/** The id in an address that `stableLink` made; undefined when it made none like this. */
export function idOfLink(linkBase: string | null, address: string): string | undefined {
  if (linkBase === null) return undefined;
  const [before, after] = partsOf(linkBase);
  if (!address.startsWith(before) || !address.endsWith(after)) return undefined;
  return address.slice(before.length, address.length - after.length).replace(/\/$/, "");
}

/** `https://host/b/{id}` is what comes before the id and after it; without `{id}` the id is the last segment. */
function partsOf(linkBase: string): readonly [before: string, after: string] {
  const at = linkBase.indexOf("{id}");
  if (at < 0) return [`${linkBase.replace(/\/+$/, "")}/`, ""];
  return [linkBase.slice(0, at), linkBase.slice(at + 4)];
}

/** What brings a bundle that is stored there to whoever has the settings: by its address, which costs no listing. */
export function fetchCommand(url: string, captureId: string): string {
  return `exhibit fetch ${url.startsWith("s3://") ? url : captureId}`;
}
