import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseCollectors, findProfile } from "../../src/capture/choose.ts";
import { profiles } from "../../src/collectors/profiles.ts";
import { SettingsError, UsageError } from "../../src/errors.ts";
import { Settings } from "../../src/settings.ts";
import { defaultSettings } from "../../src/settings-defaults.ts";

type Asked = Parameters<typeof chooseCollectors>[1];

function settings(written: Readonly<Record<string, unknown>> = {}): Settings {
  return Settings.parse({ ...defaultSettings("/var/lib/exhibit"), ...written });
}

/** Names in their order. */
function chosen(asked: Asked, written: Readonly<Record<string, unknown>> = {}): readonly string[] {
  return chooseCollectors(settings(written), asked).choices.map(({ collector }) => collector.name);
}

/** The options that one collector would get. */
function optionsOf(name: string, asked: Asked, written: Readonly<Record<string, unknown>> = {}): unknown {
  const { choices } = chooseCollectors(settings(written), asked);
  return choices.find(({ collector }) => collector.name === name)?.options;
}

const MINE = { summary: "what is in the cache", argv: ["cache-dump", "{pid}"] };

test("unasked, it is the profile of the settings, whole and in its order", () => {
  const { profile, windowMs } = chooseCollectors(settings(), {});

  assert.deepEqual([profile, windowMs], ["before-restart", 5000]);
  assert.deepEqual(chosen({}), profiles["before-restart"]?.collectors);
  assert.deepEqual(chosen({ profile: "quick" }), profiles.quick?.collectors);
});

test("--only takes what is named and no more, by name or by tool, each once, profile or not", () => {
  assert.deepEqual(chosen({ only: "threads,gcore" }), ["threads", "core"]);
  assert.deepEqual(chosen({ only: " prstat , threads,,pfiles " }), ["threads", "open-files"]);
  assert.deepEqual(chosen({ only: "core", profile: "quick" }), ["core"]);
});

test("--skip leaves out what is named, by name or by tool", () => {
  const names = chosen({ skip: "gcore,netstat" });

  assert.deepEqual(
    names,
    chosen({}).filter((name) => name !== "core" && name !== "sockets"),
  );
});

test("a name that is no collector is refused, with the one that was probably meant", () => {
  for (const asked of [{ only: "corre" }, { skip: "corre" }])
    assert.throws(
      () => chosen(asked),
      (error: unknown) => error instanceof UsageError && /core/.test(error.hint ?? ""),
    );
});

test("a collector of one's own is meant by a misspelt name, too", () => {
  assert.throws(() => chosen({ only: "my-cahce" }, { collectors: { "my-cache": MINE } }), {
    name: "UsageError",
    hint: "did you mean my-cache?",
  });
});

test("nothing left to run is an error: a capture of nothing helps nobody", () => {
  assert.throws(() => chosen({ only: "core", skip: "core" }), UsageError);
  assert.throws(() => chosen({ only: "core", core: "none" }), UsageError);
});

test("an --only that names nothing is an error, not everything", () => {
  for (const only of ["", " ", ","]) assert.throws(() => chosen({ only }), UsageError);
});

test("--core says how, and none leaves it out", () => {
  assert.deepEqual(optionsOf("core", { core: "gdb" }), { method: "gdb" });
  assert.deepEqual(optionsOf("core", {}), {});
  assert.ok(!chosen({ core: "none" }).includes("core"));
});

test("a collector of one's own runs with every profile, but not beside --only", () => {
  const written = { collectors: { "my-cache": MINE } };

  assert.equal(chosen({}, written).at(-1), "my-cache");
  assert.equal(chosen({ profile: "quick" }, written).at(-1), "my-cache");
  assert.deepEqual(chosen({ only: "core" }, written), ["core"]);
  assert.deepEqual(chosen({ only: "my-cache" }, written), ["my-cache"]);
  assert.ok(!chosen({ skip: "my-cache" }, written).includes("my-cache"));
});

test("a collector of one's own that the profile names runs once, where the profile has it", () => {
  const written = {
    collectors: { "my-cache": MINE },
    profiles: { mine: { summary: "mine", collectors: ["my-cache", "threads"], window: "2s" } },
  };

  const { windowMs } = chooseCollectors(settings(written), { profile: "mine" });

  assert.deepEqual(chosen({ profile: "mine" }, written), ["my-cache", "threads"]);
  assert.equal(windowMs, 2000);
});

test("options come from the settings, over them those of the profile, over them the flag", () => {
  const written = {
    collectors: { logs: { options: { lines: 5, sinceMinutes: 3 } }, core: { options: { method: "gdb" } } },
    profiles: {
      mine: { summary: "mine", collectors: [{ name: "journalctl", options: { lines: 7 } }, "core"] },
    },
  };

  assert.deepEqual(optionsOf("logs", {}, written), { lines: 5, sinceMinutes: 3 });
  assert.deepEqual(optionsOf("logs", { profile: "mine" }, written), { lines: 7, sinceMinutes: 3 });
  assert.deepEqual(optionsOf("core", { profile: "mine" }, written), { method: "gdb" });
  assert.deepEqual(optionsOf("core", { profile: "mine", core: "stop" }, written), { method: "stop" });
});

function wrong(options: object) {
  return () => chosen({}, { collectors: { logs: { options } } });
}

test("options that a collector does not take are refused, and the key is named", () => {
  assert.throws(wrong({ lines: 0 }), {
    name: "SettingsError",
    message: /^settings: collectors\.logs\.options\.lines:/,
  });
  assert.throws(
    wrong({ lnies: 5 }),
    (error: unknown) => error instanceof SettingsError && /lnies/.test(error.message),
  );
});

test("a profile of the settings wins over a built-in one of its name", () => {
  const mine = { summary: "mine", collectors: ["host"] };

  assert.deepEqual(chosen({ profile: "quick" }, { profiles: { quick: mine } }), ["host"]);
});

test("a profile that is not there is refused, with those that are", () => {
  assert.throws(
    () => findProfile(settings({ profiles: { mine: { summary: "m", collectors: [] } } }), "x\u001b"),
    {
      name: "UsageError",
      message: "no profile is called x\\x1b",
      hint: "there are: before-restart, deep, quick, mine",
    },
  );
});
