// The bytes of one object of a store, whatever its size, in pieces of which two at most are in memory. A piece that was
// cut on its way is asked for again by itself (see `request` of s3-client.ts).
import { ExhibitError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { Store } from "./store.ts";

const PIECE_BYTES = 8 * 1024 ** 2;

/** An object is not what the manifest says, or not there: trying again cannot help. */
export class StoredFault extends ExhibitError {
  readonly fault: "missing" | "changed";

  constructor(fault: "missing" | "changed", detail: string, options: { readonly hint?: string } = {}) {
    super(detail, options);
    this.fault = fault;
  }
}

/**
 * The bytes of an object from a place on, to its end. Throws StoredFault when it is not there or has not `bytes` bytes in
 * all, before more than one piece of it was read.
 */
export async function* readPieces(
  store: Store,
  key: string,
  {
    bytes,
    from = 0,
    signal,
  }: { readonly bytes: number; readonly from?: number; readonly signal?: AbortSignal },
): AsyncGenerator<Buffer> {
  const ask = (at: number) => {
    const next = readPiece(store, key, { at, bytes, signal });
    // Whoever stops asking for pieces does not wait for it.
    next.catch(() => undefined);
    return next;
  };
  let next: Promise<Buffer> | undefined = ask(from);
  for (let at = from; next !== undefined;) {
    const piece: Buffer = await next;
    at += piece.length;
    next = at < bytes && piece.length > 0 ? ask(at) : undefined;
    yield piece;
  }
}

async function readPiece(
  store: Store,
  key: string,
  {
    at,
    bytes,
    signal,
  }: { readonly at: number; readonly bytes: number; readonly signal: AbortSignal | undefined },
): Promise<Buffer> {
  // No range of no bytes can be asked for.
  const wanted = Math.max(1, Math.min(PIECE_BYTES, bytes - at));
  const found = await store.readRange(key, { from: at, bytes: wanted }, signal);
  if (found === undefined)
    throw new StoredFault("missing", `is not in the store: ${printable(store.url(key), 300)}`);
  if (found.totalBytes !== bytes)
    throw new StoredFault("changed", `has ${found.totalBytes} bytes, not ${bytes}`);
  if (found.data.length !== Math.min(wanted, bytes - at))
    throw new StoredFault("changed", `came with ${found.data.length} bytes where ${wanted} were asked for`);
  return found.data;
}
