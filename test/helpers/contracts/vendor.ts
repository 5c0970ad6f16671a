// What the tests need to know of a vendor besides its contract.
import { chmodSync, writeFileSync } from "node:fs";
import { Incident, type IncidentSettings } from "../../../src/settings-incidents.ts";
import type { Contract } from "./server.ts";

/** A note, comment or message as the vendor keeps it. */
export interface Written {
  readonly id: string;
  text: string;
  /** Empty: somebody else wrote it. */
  readonly author: string;
}

export interface Vendor {
  readonly name: string;
  readonly contract: Contract;
  /** One that is there, and one that is not. */
  readonly reference: string;
  readonly missing: string;
  readonly token: string;
  /** Without url and tokenFile. */
  readonly settings: object;
  readonly notes: readonly Written[];
  /** Undefined: the link is in the note. */
  readonly links?: () => readonly string[];
  readonly attachments?: () => readonly string[];
  /** Somebody else writes this. */
  readonly addForeign: (text: string) => void;
}

/** The settings of a vendor at an address, with its token in a file. */
export function settingsOf(
  vendor: Vendor,
  url: string,
  tokenFile: string,
  token = vendor.token,
): IncidentSettings {
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  chmodSync(tokenFile, 0o600);
  return Incident.parse({ ...vendor.settings, url, tokenFile });
}
