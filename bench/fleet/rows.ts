// What the parts of the benchmark of a fleet have in common: the rows that they tell, and hosts of one service.
import type { FleetHost } from "../../src/fleet/transport.ts";

export const NOBODY = { caFile: null, credentialsFile: null, host: null, services: [], pausesAtMost: 1 };
export const rows: string[][] = [];

export const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

export const tell = (...row: [string, string, string]) => {
  rows.push(row);
  process.stdout.write(`${row.join(" | ")}\n`);
};

export const fleetOf = (names: readonly string[]): readonly FleetHost[] =>
  names.map((name) => ({ name, address: name, service: "bench" }));
