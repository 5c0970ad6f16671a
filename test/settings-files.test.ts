import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { SettingsError } from "../src/errors.ts";
import { loadSettings, type LoadRequest } from "../src/settings-files.ts";
import { parseSettings } from "../src/settings-yaml.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-settings-"));
after(() => rmSync(folder, { recursive: true }));
let count = 0;

/** A folder like /etc/exhibit with these files. */
function host(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(folder, `host-${++count}`);
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

const load = (files: Readonly<Record<string, string | Uint8Array>>, request: LoadRequest = {}) =>
  loadSettings({ folder: host(files), env: {}, uid: 0, ...request });

/** The lines of the error that these settings end in; file names without their folder. */
async function faults(yaml: string | Uint8Array, request: LoadRequest = {}): Promise<string[]> {
  const path = host({ "exhibit.yaml": yaml });
  try {
    await loadSettings({ folder: path, env: {}, uid: 0, ...request });
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    assert.equal(error.exitCode, 2);
    return error.message.replaceAll(`${path}/`, "").split("\n");
  }
  return assert.fail("these settings were accepted");
}

test("with no file at all root has the defaults below /var/lib/exhibit", async () => {
  const { settings, files, origins } = await load({});

  assert.deepEqual(files, []);
  assert.deepEqual(settings, {
    version: 1,
    store: { default: { type: "directory", path: "/var/lib/exhibit/archive" } },
    spool: {
      path: "/var/lib/exhibit/spool",
      keepAfterUpload: 86_400_000,
      maxSize: 20 * 1024 ** 3,
      keepFree: { percent: 10 },
    },
    link: { base: null },
    encrypt: { recipients: [], everything: false, required: false },
    sign: { key: null, identity: null, allowedSigners: null },
    incidents: [{ match: ".*", type: "file" }],
    placement: {},
    services: [],
    capture: { budget: 30_000, maxPause: 10_000, profile: "before-restart", window: 5000 },
    agent: { socket: "/run/exhibit/agent.sock", socketMode: "0600", metrics: null },
    recorder: { services: [], period: 1000, before: 600_000 },
    triggers: {},
    fleet: { servers: [], caFile: null, credentialsFile: null, host: null, services: [], pausesAtMost: 1 },
    profiles: {},
    collectors: {},
  });
  assert.deepEqual(new Set([...origins.values()].map(({ source }) => source)), new Set(["default"]));
});

test("an ordinary user without a file has a state folder of their own, with one the host's", async () => {
  const own = await load({}, { uid: 1000, env: { XDG_STATE_HOME: "/home/kit/state" } });
  const relative = await load({}, { uid: 1000, env: { XDG_STATE_HOME: "state" } });
  const shared = await load({ "exhibit.yaml": "version: 1\n" }, { uid: 1000, env: {} });

  assert.equal(own.settings.spool.path, "/home/kit/state/exhibit/spool");
  assert.match(relative.settings.spool.path, /^\/.*\/\.local\/state\/exhibit\/spool$/);
  assert.equal(shared.settings.spool.path, "/var/lib/exhibit/spool");
});

test("config/exhibit.yaml says exactly the defaults", async () => {
  const documented = await loadSettings({ configPath: "config/exhibit.yaml", env: {}, uid: 1000 });

  assert.deepEqual(documented.settings, (await load({})).settings);
  assert.deepEqual(documented.written, (await load({})).written);
});

test("every example in the comments of config/exhibit.yaml is accepted", async () => {
  const text = readFileSync("config/exhibit.yaml", "utf8").replace(/^( +)# /gm, "$1");

  const { settings } = await load({ "exhibit.yaml": text });

  assert.deepEqual(Object.keys(settings.store), ["default", "evidence"]);
  const types = [
    "file",
    "jira",
    "rt",
    "github",
    "gitlab",
    "pagerduty",
    "slack",
    "mattermost",
    "alertmanager",
  ];
  assert.deepEqual(
    settings.incidents.map(({ type }) => type),
    [...types, "irc", "webhook"],
  );
  assert.deepEqual(
    Object.values(settings.triggers).map(({ when }) => when),
    ["rss", "event-loop-delay", "close-wait", "restarts", "log"],
  );
  assert.deepEqual(Object.keys(settings.profiles), ["web"]);
  assert.deepEqual(Object.keys(settings.collectors), ["thread-dump", "core", "runtime"]);
});

test("flag wins over environment over conf.d in order of names over exhibit.yaml over default", async () => {
  const files = {
    "exhibit.yaml":
      "capture: {budget: 11s, maxPause: 11s, window: 11s, profile: quick}\nplacement: {zone: z1, rack: r1}\n",
    "conf.d/10-site.yaml": "capture: {maxPause: 12s, window: 12s, profile: deep}\nplacement: {rack: r2}\n",
    "conf.d/20-host.yaml": "capture:\n  window: 13s\n  profile: mine\n",
    "conf.d/README": "not: yaml settings",
  };

  const { settings, origins } = await load(files, {
    env: { EXHIBIT_CAPTURE_WINDOW: "14s", EXHIBIT_CAPTURE_PROFILE: "theirs", EXHIBIT_PLACEMENT_SHARD: "7" },
    flags: { "capture.profile": "flagged" },
  });

  assert.deepEqual(settings.capture, {
    budget: 11_000,
    maxPause: 12_000,
    window: 14_000,
    profile: "flagged",
  });
  assert.deepEqual(settings.placement, { zone: "z1", rack: "r2", shard: "7" });
  const told = (key: string) => {
    const { source, file, line } = origins.get(key) ?? assert.fail(key);
    return [source, file?.split("/").at(-1), line];
  };
  assert.deepEqual(told("capture.budget"), ["file", "exhibit.yaml", 1]);
  assert.deepEqual(told("capture.maxPause"), ["file", "10-site.yaml", 1]);
  assert.deepEqual(told("capture.window"), ["env", "EXHIBIT_CAPTURE_WINDOW", undefined]);
  assert.deepEqual(told("capture.profile"), ["flag", undefined, undefined]);
  assert.deepEqual(told("spool.path"), ["default", undefined, undefined]);
});

test("a store beside the default leaves the default there; one of the same name replaces it whole", async () => {
  const more = await load({ "exhibit.yaml": "store: {evidence: {type: directory, path: /e}}" });
  const other = await load({ "exhibit.yaml": "store: {default: {type: s3, url: 's3://evidence/b'}}" });

  assert.deepEqual(Object.keys(more.settings.store), ["default", "evidence"]);
  assert.equal(other.settings.store.default?.type, "s3");
});

test("--config and EXHIBIT_CONFIG read that file alone", async () => {
  const files = { "exhibit.yaml": "capture: {budget: 11s}", "other.yaml": "capture: {maxPause: 3s}" };
  const other = join(host(files), "other.yaml");

  const flagged = await load(files, { configPath: other });
  const environment = await load(files, { env: { EXHIBIT_CONFIG: other } });

  for (const { settings, files: read } of [flagged, environment]) {
    assert.deepEqual(read, [other]);
    assert.deepEqual([settings.capture.budget, settings.capture.maxPause], [30_000, 3000]);
  }
  await assert.rejects(load(files, { configPath: join(folder, "none.yaml") }), /none\.yaml: no such file/);
});

test("the same meaning has the same digest, another one another", async () => {
  const digests = await Promise.all(
    ["capture: {budget: 1m}", "# other\ncapture:\n  budget: 60s\n", "capture: {budget: 61s}"].map(
      async (yaml) => (await load({ "exhibit.yaml": yaml })).digest,
    ),
  );

  assert.match(digests[0] ?? "", /^[0-9a-f]{64}$/);
  assert.equal(digests[0], digests[1]);
  assert.notEqual(digests[0], digests[2]);
});

test("every fault is told at once, with file, line, column, key and what was expected", async () => {
  const yaml = `version: 2
store:
  default: {type: ftp}
  Bad Name: {type: directory, path: /x}
  near: {type: directory, path: relative}
  far: {type: s3, url: bucket}
spool: 5
link: {base: "ftp://x"}
incidents:
  - {match: 1, type: file}
  - {match: x, type: webhook, url: "https://h.example.net"}
capture:
  budget: 30
  maxPause: soon
  profil: y
profiles:
  p: {summary: s, collectors: [a, {nam: x}, 5]}
collectors: {c: {argv: x}}
stroe: 1
`;

  const told = await faults(yaml);

  assert.deepEqual(told, [
    "exhibit.yaml:1:1: version: expected 1",
    "exhibit.yaml:3:13: store.default.type: expected one of directory, s3",
    "exhibit.yaml:4:3: store.Bad Name: expected a name of a-z, 0-9 and -",
    "exhibit.yaml:5:27: store.near.path: expected an absolute path",
    "exhibit.yaml:6:19: store.far.url: expected s3://bucket/prefix",
    "exhibit.yaml:7:1: spool: expected keys with values",
    "exhibit.yaml:10:6: incidents.0.match: expected text",
    "exhibit.yaml:11:5: incidents.1.secretFile: missing; expected text",
    "exhibit.yaml:13:3: capture.budget: expected a duration such as 90s or 1h30m",
    "exhibit.yaml:14:3: capture.maxPause: expected a duration such as 90s or 1h30m",
    "exhibit.yaml:15:3: capture.profil: unknown key; did you mean profile?",
    "exhibit.yaml:17:35: profiles.p.collectors.1.name: missing; expected text",
    "exhibit.yaml:17:36: profiles.p.collectors.1.nam: unknown key; did you mean name?",
    "exhibit.yaml:17:45: profiles.p.collectors.2: expected text or keys with values",
    "exhibit.yaml:18:14: collectors.c.summary: missing; expected text",
    "exhibit.yaml:18:18: collectors.c.argv: expected a list",
    "exhibit.yaml:19:1: stroe: unknown key; did you mean store?",
  ]);
});

test("what a schema cannot say is checked too, at its place", async () => {
  const told = await faults(
    "link: {base: 'ftp://x'}\ncapture: {budget: 31m}\nincidents: [{match: '(', type: file}]\nstore: {s: {type: s3, url: 's3://abc/d', endpoint: 'file:///x'}}\n",
  );

  assert.deepEqual(told, [
    "exhibit.yaml:2:11: capture.budget: expected 1s to 30m",
    "exhibit.yaml:1:8: link.base: expected an http or https address",
    "exhibit.yaml:4:42: store.s.endpoint: expected an http or https address",
    "exhibit.yaml:3:14: incidents.0.match: expected a regular expression",
  ]);
});

const incident = (settings: string) => `incidents: [{match: x, ${settings}}]\n`;

const rt = (url: string) => incident(`type: rt, tokenFile: t, url: '${url}'`);
const alertmanager = (more: string) =>
  incident(`type: alertmanager, url: 'http://a.example.net:9093'${more}`);

test("a token goes over https only, but on this host; so does a password", async () => {
  const refused = [
    ...(await faults(rt("http://rt.example.net"))),
    ...(await faults(rt("http://127.0.0.1.example.net"))),
    ...(await faults(alertmanager(", user: u, passwordFile: p"))),
  ];
  const taken = [
    rt("https://rt.example.net"),
    rt("http://127.0.0.1:8080"),
    rt("http://[::1]:8080"),
    alertmanager(""),
  ];

  assert.deepEqual(refused, [
    "exhibit.yaml:1:48: incidents.0.url: expected https://, for anybody on the way could read the token",
    "exhibit.yaml:1:48: incidents.0.url: expected https://, for anybody on the way could read the token",
    "exhibit.yaml:1:44: incidents.0.url: expected https://, for anybody on the way could read the password",
  ]);
  for (const yaml of taken) assert.equal((await load({ "exhibit.yaml": yaml })).settings.incidents.length, 1);
});

test("a fault in the environment or a flag names it", async () => {
  assert.deepEqual(await faults("version: 1", { env: { EXHIBIT_SPOOL_MAX_SIZE: "big" } }), [
    "EXHIBIT_SPOOL_MAX_SIZE: spool.maxSize: expected a size such as 20G or 512M",
  ]);
  assert.deepEqual(await faults("version: 1", { flags: { "capture.budget": "soon" } }), [
    "the command line: capture.budget: expected a duration such as 90s or 1h30m",
  ]);
});

test("a variable that is no setting is a warning with the one that was meant; empty ones and ours are none", async () => {
  const { warnings } = await load(
    {},
    { env: { EXHIBIT_CAPTURE_BUGET: "1s", EXHIBIT_RUN: "x", EXHIBIT_LINK_BASE: "" } },
  );

  assert.deepEqual(warnings, [
    "EXHIBIT_CAPTURE_BUGET is no setting and was ignored; did you mean EXHIBIT_CAPTURE_BUDGET?",
  ]);
});

test("a key that is there twice, wrong YAML, tags and several documents have their line", async () => {
  assert.deepEqual(await faults("capture: {budget: 1s, budget: 2s}"), [
    "exhibit.yaml:1:23: capture.budget: the key is there twice",
  ]);
  assert.match((await faults("spool:\n  path: [\n"))[0] ?? "", /^exhibit\.yaml:[23]:\d+: /);
  assert.match((await faults("version: !!js/function x"))[0] ?? "", /^exhibit\.yaml:1:10: unresolved tag/);
  assert.match(
    (await faults("version: 1\n---\nversion: 1\n"))[0] ?? "",
    /^exhibit\.yaml:2:1: .*multiple documents/,
  );
});

test("keys of JavaScript's own objects are refused wherever they stand", async () => {
  assert.deepEqual(await faults("__proto__: {x: 1}\nplacement: {constructor: x}"), [
    "exhibit.yaml:1:1: __proto__: expected another key",
    "exhibit.yaml:2:13: placement.constructor: expected another key",
  ]);
  assert.equal(Object.hasOwn(Object.prototype, "x"), false);
});

const bomb = `a: &a [x,x,x,x,x,x,x,x]\n${"bcdefgh"
  .split("")
  .map((letter, index) => `${letter}: &${letter} [${Array(8).fill(`*${"abcdefg"[index]}`).join(",")}]`)
  .join("\n")}`;

for (const [what, yaml] of [
  ["an alias bomb", bomb],
  ["an alias of its own parent", "placement: &a {b: *a}"],
  ["thousands of brackets", "[".repeat(500_000)],
  ["thousands of dashes", "- ".repeat(400_000)],
  ["thousands of indents", Array.from({ length: 1300 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
  ["tens of thousands of keys", Array.from({ length: 60_000 }, (_, key) => `k${key}: 1`).join("\n")],
  ["more than a megabyte", `# ${"x".repeat(1024 ** 2)}`],
  ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0xfe])],
  ["a list", "- version"],
  ["a word", "hello"],
] as const)
  test(`${what} is refused soon and with a message`, { timeout: 60_000 }, async () => {
    const told = await faults(yaml);

    assert.match(told[0] ?? "", /^exhibit\.yaml(:\d+:\d+)?: .*[a-z]/);
    assert.ok(told.length <= 45);
  });

test("a section with nothing in it, or an empty file, changes nothing", async () => {
  const { settings } = await load({
    "exhibit.yaml": "placement:\nspool:\n",
    "conf.d/a.yaml": "",
    "conf.d/b.yaml": "# x\n",
  });

  assert.equal(settings.spool.path, "/var/lib/exhibit/spool");
});

test("root refuses a file or a folder that anybody may write; others read it", async () => {
  const path = host({ "exhibit.yaml": "version: 1\n" });
  const file = join(path, "exhibit.yaml");
  const refused = (pattern: RegExp) =>
    assert.rejects(loadSettings({ folder: path, env: {}, uid: 0 }), pattern);

  chmodSync(file, 0o666);
  await refused(/exhibit\.yaml: anybody may write it, so root does not read it/);
  assert.equal((await loadSettings({ folder: path, env: {}, uid: 1000 })).files.length, 1);

  chmodSync(file, 0o644);
  chmodSync(path, 0o777);
  await refused(/exhibit\.yaml: anybody may write its folder/);
});

test("a FIFO, a folder and a file without rights are refused at once", async () => {
  const path = host({ "folder/x": "" });
  spawnSync("mkfifo", [join(path, "fifo")]);

  await assert.rejects(loadSettings({ configPath: join(path, "fifo"), env: {}, uid: 0 }), /expected a file/);
  await assert.rejects(
    loadSettings({ configPath: join(path, "folder"), env: {}, uid: 0 }),
    /expected a file/,
  );
  await assert.rejects(
    loadSettings({ configPath: join(path, "folder/x/y"), env: {}, uid: 0 }),
    /cannot be read: ENOTDIR/,
  );
});

test("parseSettings never throws, whatever the bytes", () => {
  const text = fc.string({ unit: fc.constantFrom(..."a:-[]{}&*!|>'\"#\n \t?,%@`0~x".split("")) });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        text.map((one) => Buffer.from(one)),
      ),
      (bytes) => {
        const { values, faults: found } = parseSettings("x", bytes);
        assert.equal(typeof values, "object");
        for (const { expected } of found) assert.notEqual(expected, "");
      },
    ),
    { numRuns: 2000 },
  );
});

test("a recipient that is none is told with its line, column and key, and what it is instead", async () => {
  const good = "age12nywjyhlqn83qz0ujyj2z4vxzaz0vx8ua39nwh35j2ga3msa2ptq0jvaty";
  const yaml = `encrypt:\n  recipients:\n    - ${good}\n    - ${good.replace("y", "z")}\n    - age1yubikey1qqqq\nsign: {identity: "two words"}\n`;

  const told = await faults(yaml);

  assert.deepEqual(
    told.map((line) => line.replace(/: expected a public key.*; /, ": ")),
    [
      "exhibit.yaml:4:7: encrypt.recipients.1: this one has a typing error: its checksum is wrong",
      "exhibit.yaml:5:7: encrypt.recipients.2: keys of plugins and post-quantum keys are not taken",
      "exhibit.yaml:6:8: sign.identity: expected a name as in allowed_signers, no blanks",
    ],
  );
});

test("a trigger has defaults that stop nothing and do not repeat themselves", async () => {
  const { settings } = await load({
    "exhibit.yaml": "triggers: {memory: {unit: web, when: rss, above: 1G}}",
  });

  assert.deepEqual(settings.triggers, {
    memory: {
      unit: "web",
      when: "rss",
      above: 1024 ** 3,
      for: 60_000,
      cooldown: 3_600_000,
      atMost: 5,
      profile: "quick",
      incidents: [],
    },
  });
});

test("what is wrong with a trigger is told with its line, column and key", async () => {
  const inForm = await faults(`triggers:
  one: {match: ^web, when: memory, above: 1G}
  two: {match: ^web, when: rss, above: much}
  three: {match: ^web, when: log, line: x, file: y, for: 1m}
  four: {unit: web.socket, when: cpu, above: -1}
  five: {match: ^web, when: event-loop-delay, above: 1s, metrics: 'file:///etc/passwd'}
  six: {match: ^web, when: rss, above: 1G, colldown: 5m}
`);
  const inMeaning = await faults(`triggers:
  one: {match: "(", when: rss, above: 1G}
  two: {unit: web, match: ^web, when: rss, above: 1G}
  three: {match: ^web, when: log, line: "["}
  four: {match: ^web, when: restarts}
  five: {unit: web, when: cpu, above: 90, for: 25h, cooldown: 1000h}
`);

  assert.deepEqual(inForm, [
    "exhibit.yaml:2:22: triggers.one.when: expected one of cpu, rss, descriptors, close-wait, event-loop-delay, restarts, log",
    "exhibit.yaml:3:33: triggers.two.above: expected a size such as 20G or 512M",
    "exhibit.yaml:4:44: triggers.three.file: expected an absolute path",
    "exhibit.yaml:4:53: triggers.three.for: a key of another kind than this one",
    "exhibit.yaml:5:39: triggers.four.above: expected at least 0",
    "exhibit.yaml:5:10: triggers.four.unit: expected the name of a systemd service, such as muskie@7",
    "exhibit.yaml:6:58: triggers.five.metrics: expected an http or https address",
    "exhibit.yaml:7:44: triggers.six.colldown: unknown key; did you mean cooldown?",
  ]);
  assert.deepEqual(inMeaning, [
    "exhibit.yaml:2:9: triggers.one.match: expected a regular expression",
    "exhibit.yaml:3:3: triggers.two: expected unit or match, one of the two",
    "exhibit.yaml:4:35: triggers.three.line: expected a regular expression",
    "exhibit.yaml:4:3: triggers.three: expected unit, whose journal is read, or file",
    "exhibit.yaml:5:3: triggers.four: expected unit: only systemd counts restarts",
    "exhibit.yaml:6:43: triggers.five.for: expected at most 24h",
    "exhibit.yaml:6:53: triggers.five.cooldown: expected at most 720h",
  ]);
});
