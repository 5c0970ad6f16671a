// The part of the command table that looks at bundles, here and in a store.
import { defineCommand, optionMaker } from "./command.ts";

const value = optionMaker("value");

const REF_NAMING = `REF is an id, its unique beginning or end, or last; a folder, written with a slash (./bundle); the address from a
note (s3://...), or the path in a store (v1/INC-4211/cn14/ID). This host's spool is looked at first, then the store.`;
const NOT_SAID = "4 the store cannot be reached";
const storeFlag = optionMaker("optional")("--store [NAME]", "look in this store alone   [default]");

export const ls = defineCommand({
  name: "ls",
  group: "After",
  summary: "bundles on this host (or --store: in the object store), and what is still to be sent",
  usage: ["exhibit ls [options]"],
  arguments: [],
  options: {
    incident: value(
      "-i, --incident REF",
      "only those of this incident   (in a store, of those with several the first)",
    ),
    host: value("--host HOST", "only those of this host"),
    since: value("--since TIME", "only those that began then or later: 2h ago, or 2026-11-22T03:12Z"),
    until: value("--until TIME", "only those that began then or earlier"),
    store: optionMaker("optional")("--store [NAME]", "what a store holds, in place of this host   [default]"),
  },
  notes: `TO SEND is what exhibit push would send. With --quiet only the ids, one a line; with --verbose also
what the store was found to have done (write-once, locks, encryption).
In a store, interrupted is what has no manifest.json: the capture or the upload ended early, or still goes on.

Exit status: 0 listed, even when there are none; 2 usage or settings; ${NOT_SAID}.`,
  examples: [
    "exhibit ls",
    "exhibit ls --store evidence -i INC-4211",
    "exhibit ls --store --host cn14 --since 24h",
  ],
  load: () => import("./ls.ts"),
});

export const show = defineCommand({
  name: "show",
  group: "After",
  summary: "what is in a bundle: readings, timeline, files, gaps",
  usage: ["exhibit show REF [FILE] [options]"],
  arguments: [
    { name: "REF", completes: "bundle" },
    { name: "[FILE]", completes: "none" },
  ],
  options: {
    store: storeFlag,
    link: value(
      "--link TIME",
      "an address that opens bundle.zip, or FILE, without credentials for so long (1h)",
    ),
  },
  check: ({ link }, { positionals }) =>
    link === undefined || positionals.length > 0 ? undefined : { message: "--link of which bundle?" },
  notes: `${REF_NAMING}
FILE is a path as --verbose lists it, or one in the zip: bundle.zip/note.md. It is checked before it is printed.
With --verbose every file and its digest; with --json the whole manifest.
A link ends after 168h (7 days) at the latest; when it really ends is said beside it.

Exit status: 0 shown; 1 it is not sealed, or FILE is not as it was sealed; 2 usage or settings; ${NOT_SAID}.`,
  examples: [
    "exhibit show last",
    "exhibit show 4f2a91 evidence/sockets/ss.txt",
    "exhibit show s3://evidence-us-east/bundles/v1/INC-4211/cn14/20261122T031207Z-cn14-muskie_7-4f2a91",
    "exhibit show 4f2a91 --link 1h",
  ],
  load: () => import("./show.ts"),
});

export const fetch = defineCommand({
  name: "fetch",
  group: "After",
  summary: "bring a bundle here from the store and check every digest",
  usage: ["exhibit fetch REF [FILE...] [options]"],
  arguments: [
    { name: "REF", completes: "bundle" },
    { name: "[FILE...]", completes: "none" },
  ],
  options: {
    output: value("-o, --output DIR", "make the bundle's folder in this one   [.]", { completes: "file" }),
    store: storeFlag,
    sha256: value(
      "--sha256 HEX",
      "only if its manifest has this sha256, or one that begins so (16 digits or more)",
    ),
    core: optionMaker("flag")(
      "--core",
      "only what holds memory, unpacked beside the bundle, and what opens it",
    ),
  },
  check: ({ core }, { positionals }) =>
    core && positionals.length > 1 ? { message: "--core or FILE, not both" } : undefined,
  notes: `${REF_NAMING.replace(" This host's spool is looked at first, then the store.", "")}
FILE is a path in the bundle; without one all of it. A fetch that was stopped goes on where it was; a file has its name
only when its digest was right, and never replaces another.
With --core each core becomes a sparse file below ID.unpacked, beside the bundle's folder, by zstd; of one that is encrypted
the commands for whoever has the key are printed. Then the lines for gdb.

Exit status: 0 all is here and as it was sealed; 1 not all, or a core that could not be unpacked (names each); 2 usage or settings; 3 the bundle was
interrupted: what there is is here, with nothing to check it against; 4 the store cannot be reached: fetch again.`,
  examples: [
    "exhibit fetch 20261122T031207Z-cn14-muskie_7-4f2a91",
    "exhibit fetch s3://evidence-us-east/bundles/v1/INC-4211/cn14/20261122T031207Z-cn14-muskie_7-4f2a91 -o /tmp",
    "exhibit fetch 4f2a91 evidence/core/core.zst",
    "exhibit fetch 4f2a91 --core -o /var/tmp",
  ],
  load: () => import("./fetch.ts"),
});

export const verify = defineCommand({
  name: "verify",
  group: "After",
  summary: "check a bundle against its manifest and signature",
  usage: ["exhibit verify REF [options]"],
  arguments: [{ name: "REF", completes: "bundle" }],
  options: {
    store: storeFlag,
    sha256: value(
      "--sha256 HEX",
      "what the incident record says of the manifest, or its beginning (16 digits or more)",
    ),
    allowedSigners: value(
      "--allowed-signers FILE",
      "whose signatures count, as in ssh-keygen(1)   [sign.allowedSigners]",
      { completes: "file" },
    ),
    requireSignature: optionMaker("flag")("--require-signature", "not intact unless one of them signed it"),
  },
  notes: `${REF_NAMING}
In a store every byte of it is read. The manifest itself is checked against --sha256, and against what this host's
receipt of the upload says where there is one. A signature that does not fit is always a fault. Without
--require-signature a bundle that nobody signed, or somebody who is not known here, is intact when its files are; it says so.

Exit status: 0 intact, 1 not (names each file), 2 usage, ${NOT_SAID}.`,
  examples: [
    "exhibit verify last",
    "exhibit verify ./bundle --allowed-signers ./signers --require-signature",
    "exhibit verify last --store --sha256 5d0c41aa9e0bfe1c",
  ],
  load: () => import("./verify.ts"),
});

export const diff = defineCommand({
  name: "diff",
  group: "After",
  summary: "what differs between two bundles of one service",
  usage: ["exhibit diff A B"],
  arguments: [
    { name: "A", completes: "bundle" },
    { name: "B", completes: "bundle" },
  ],
  options: {},
  notes: `A and B are named as REF of exhibit show is: before and after, or a sick instance and a healthy one. What is known of
one only is no difference.

Exit status: 0 nothing differs that matters; 1 something does; 2 usage or settings; ${NOT_SAID}.`,
  examples: ["exhibit diff 4f2a91 last", "exhibit diff ./sick/20261122T031207Z-cn14-muskie_7-4f2a91 last"],
  load: () => import("./diff.ts"),
});

export const report = defineCommand({
  name: "report",
  group: "After",
  summary: "make the page of a bundle again, from its evidence",
  usage: ["exhibit report REF [--output FILE]"],
  arguments: [{ name: "REF", completes: "bundle" }],
  options: {
    output: value("-o, --output FILE", "write it to this file   [standard output]", { completes: "file" }),
  },
  notes: `${REF_NAMING}
One HTML file without a script; it fetches nothing. The bundle stays as it was sealed, and no FILE in a bundle is written.
What is encrypted is not on the page; of a bundle on this host it also knows when COMMAND began.

Exit status: 0 made; 1 the bundle is not sealed; 2 usage or settings; ${NOT_SAID}.`,
  examples: ["exhibit report last -o report.html", "exhibit report ./bundle > report.html"],
  load: () => import("./report.ts"),
});
