import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ConfigResult, ProfileResult, ProfilesResult } from "../../src/commands/results/setup.ts";
import { openSandbox } from "../helpers/exhibit.ts";

const box = openSandbox(
  `
placement: {zone: 'a\\e[31m'}
incidents: [{match: INC, type: webhook, url: "https://hooks.example.net", secretFile: hook}]
profiles:
  web: {summary: what we look at first, collectors: [threads, netstat], window: 2s}
collectors:
  dump: {summary: what do the threads do?, argv: [dump-threads, "{pid}"], touch: brief}
`.replaceAll("'a\\e[31m'", '"a\\e[31m"'),
);
after(() => box.remove());

function json(...args: readonly string[]): unknown {
  const { status, stdout, stderr } = box.run([...args, "--json"]);
  assert.deepEqual([status, stderr], [0, ""]);
  return JSON.parse(stdout);
}

test("config tells each value as it was written and where it came from", () => {
  const { stdout } = box.run(["config"], { env: { EXHIBIT_CAPTURE_BUDGET: "1m" } });

  assert.match(stdout, /^capture\.budget +"1m" +EXHIBIT_CAPTURE_BUDGET$/m);
  assert.match(stdout, /^capture\.maxPause +"10s" +default$/m);
  assert.match(stdout, new RegExp(`^spool\\.path +"${box.spool}" +${box.settings}:3$`, "m"));
  assert.match(stdout, /secretFile":"hook"/);
  assert.ok(!stdout.includes("\u001b"));
});

test("config --json is one document of its schema", () => {
  const result = ConfigResult.parse(json("config"));

  assert.deepEqual(result.files, [box.settings]);
  assert.deepEqual(result.origins["capture.window"], { source: "default" });
});

test("config warns of a variable that means nothing, on stderr", () => {
  const { status, stderr } = box.run(["config"], { env: { EXHIBIT_CAPTURE_BUGET: "1m" } });

  assert.equal(status, 0);
  assert.match(stderr, /^exhibit: EXHIBIT_CAPTURE_BUGET is no setting/);
});

test("profiles lists ours and those of the settings, with what each runs", () => {
  const { profiles } = ProfilesResult.parse(json("profiles"));
  const listed = ProfilesResult.parse(json("profiles", "list"));

  assert.deepEqual(listed.profiles, profiles);
  assert.deepEqual(
    profiles.map(({ name, from }) => [name, from]),
    [
      ["before-restart", "built-in"],
      ["deep", "built-in"],
      ["quick", "built-in"],
      ["web", "settings"],
    ],
  );
  assert.deepEqual(profiles.at(-1)?.collectors, ["threads", "sockets", "dump"]);
});

test("profiles show tells what each collector needs and does to the target", () => {
  const profile = ProfileResult.parse(json("profiles", "show", "web"));
  const { stdout } = box.run(["profiles", "show", "web"]);

  assert.equal(profile.windowMs, 2000);
  const own = profile.collectors.find(({ name }) => name === "dump");
  assert.deepEqual(own?.platforms.linux, { needs: ["dump-threads"], touch: "brief" });
  assert.match(stdout, /^dump +dump-threads +brief +dump-threads +what do the threads do\?$/m);
});

test("with --quiet profiles are names alone, for completion", () => {
  assert.equal(box.run(["profiles", "-q"]).stdout, "before-restart\ndeep\nquick\nweb\n");
  assert.equal(box.run(["profiles", "show", "web", "-q"]).stdout, "threads\nsockets\ndump\n");
});

test("a profile that does not exist is a usage error that names those that do", () => {
  const { status, stderr } = box.run(["profiles", "show", "wbe"]);

  assert.equal(status, 2);
  assert.match(stderr, /there are: before-restart, deep, quick, web/);
});
