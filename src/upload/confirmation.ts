// What the receipt says of an upload, from what was found of each file; and the sentence that a person reads.
import type { Receipt } from "../bundle/after-seal.ts";
import type { StoreConfirmation } from "../bundle/store-confirmation.ts";
import { printable } from "../printable.ts";
import type { ObjectProof } from "./object-proof.ts";

/** Undefined when the store is one that has nothing to tell beside the bytes. */
export function confirmationOf(proofs: readonly ObjectProof[]): StoreConfirmation | undefined {
  if (proofs.length === 0) return undefined;
  const conditionalPut = proofs.find((proof) => proof.conditionalPut)?.conditionalPut;
  const clockOffsetMs = proofs.find((proof) => proof.clockOffsetMs !== undefined)?.clockOffsetMs;
  const encryption = encryptionOf(proofs);
  const retention = retentionOf(proofs);
  const tagged = proofs.flatMap((proof) => (proof.tagged === undefined ? [] : [proof.tagged]));
  return {
    readBack: proofs.length,
    ...(conditionalPut === undefined ? {} : { conditionalPut }),
    ...(proofs.every(({ versionId }) => versionId !== undefined) ? { versioned: true } : {}),
    ...(encryption === undefined ? {} : { encryption }),
    ...(retention === undefined ? {} : { retention }),
    ...(tagged.length === 0 ? {} : { tagged: tagged.every(Boolean) }),
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
  };
}

/** One file that is not encrypted as it was asked speaks for all. */
function encryptionOf(proofs: readonly ObjectProof[]): StoreConfirmation["encryption"] {
  const all = proofs.flatMap(({ encryption }) => (encryption ? [encryption] : []));
  return all.find(({ asked, found }) => asked !== found) ?? all[0];
}

function retentionOf(proofs: readonly ObjectProof[]): StoreConfirmation["retention"] {
  const all = proofs.flatMap(({ retention }) => (retention ? [retention] : []));
  const missing = all.flatMap((one) => ("missing" in one ? [one.missing] : []))[0];
  const [first] = all
    .flatMap((one) => ("until" in one ? [one] : []))
    .toSorted((one, other) => (one.until < other.until ? -1 : 1));
  if (missing === undefined && first === undefined) return undefined;
  return { ...first, ...(missing === undefined ? {} : { missing }) };
}

type Upload = Pick<Receipt["uploads"][number], "files" | "found">;

/** `14 files read back; write-once; locked until 2027-02-20 (GOVERNANCE)`; undefined when there is nothing to tell. */
export function describeConfirmation({ files, found }: Upload): string | undefined {
  if (!found) return undefined;
  const { conditionalPut, encryption, retention, tagged, clockOffsetMs } = found;
  const words = [
    found.readBack >= files ? `${files} files read back` : `${found.readBack} of ${files} files read back`,
  ];
  if (conditionalPut === "verified") words.push("write-once");
  if (conditionalPut === "unsupported")
    words.push("NOT write-once by the store: exhibit looks before it writes");
  if (found.versioned) words.push("versioned");
  if (retention?.until !== undefined)
    words.push(`locked until ${retention.until.slice(0, 10)} (${printable(retention.mode ?? "", 20)})`);
  if (retention?.missing !== undefined) words.push(`NOT locked: ${printable(retention.missing)}`);
  if (encryption)
    words.push(
      encryption.found === encryption.asked
        ? `encrypted (${encryption.asked})`
        : `encryption ${encryption.asked} was asked for, the store does not say that it did it`,
    );
  if (tagged === false) words.push("NOT tagged: the store took no tags");
  if (clockOffsetMs !== undefined)
    words.push(
      `this host's clock is ${Math.abs(Math.round(clockOffsetMs / 60_000))} min ${clockOffsetMs > 0 ? "behind" : "ahead of"} the store's`,
    );
  return words.join("; ");
}
