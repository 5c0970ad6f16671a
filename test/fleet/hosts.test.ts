import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ExhibitError, UsageError } from "../../src/errors.ts";
import { checkHostName, namedHost, readNames, uniqueHosts } from "../../src/fleet/hosts.ts";
import { chooseHosts, readInventory } from "../../src/fleet/inventory.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const names = (hosts: readonly { readonly name: string }[]) => hosts.map(({ name }) => name);

test("names are parted by commas, blanks and line ends, and # begins a comment", () => {
  const text = "cn14, cn15\n# the west\r\nroot@cn16   fe80::1 # last\n";
  assert.deepEqual(readNames(text, "@hosts"), ["cn14", "cn15", "root@cn16", "fe80::1"]);
});

test("what could be taken for an option or a shell word is refused with the place it stands in", () => {
  for (const name of [
    "-oProxyCommand=id",
    "cn14;id",
    "$(id)",
    "a b",
    "",
    "cn\u202e14",
    "a/b",
    "x".repeat(256),
  ])
    assert.throws(
      () => checkHostName(name, "@hosts"),
      (error: unknown) => error instanceof UsageError && error.message.startsWith("@hosts: "),
    );
});

test("a text of any kind gives names that are safe behind ssh, or one line that says why not", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: CODE_POINT })), (text) => {
      try {
        for (const name of readNames(text, "stdin")) assert.match(name, /^(?!-)[A-Za-z0-9._@:-]{1,255}$/);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.ok(!error.message.includes("\n"));
      }
    }),
  );
});

test("a host that is named twice is asked once, and that is told", () => {
  const { hosts, told } = uniqueHosts([namedHost("cn14"), namedHost("cn15"), namedHost("cn14")]);

  assert.deepEqual(names(hosts), ["cn14", "cn15"]);
  assert.deepEqual(told, ["cn14 is named twice; it is asked once"]);
});

test("two names of one address are one host", () => {
  const { hosts, told } = uniqueHosts([namedHost("cn14"), { ...namedHost("west"), address: "cn14" }]);

  assert.deepEqual(names(hosts), ["cn14"]);
  assert.equal(told.length, 1);
});

test("two hosts of one name that serve different things are refused", () => {
  const one = { ...namedHost("cn14"), service: "muskie" };
  assert.throws(() => uniqueHosts([one, { ...one, service: "moray" }]), /two hosts are called cn14/);
  assert.throws(() => uniqueHosts([]), UsageError);
});

const INVENTORY = JSON.stringify({
  _meta: {
    hostvars: {
      cn14: {
        ansible_host: "10.0.0.14",
        ansible_user: "ops",
        ansible_port: "2222",
        service: "muskie",
        other: {},
      },
      cn15: { service: "moray" },
    },
  },
  all: { children: ["ungrouped", "west"] },
  west: { hosts: ["cn14", "cn16"], children: ["far", "west"] },
  far: { hosts: ["cn15"] },
  old: ["cn16"],
  ungrouped: {},
});

test("an inventory gives each host its address, user, port and service; without a service it is ?", () => {
  assert.deepEqual(
    [...readInventory(INVENTORY, "inventory").hosts.values()],
    [
      { name: "cn14", address: "10.0.0.14", service: "muskie", user: "ops", port: 2222 },
      { name: "cn15", address: "cn15", service: "moray" },
      { name: "cn16", address: "cn16", service: "?" },
    ],
  );
});

test("hosts and groups of an inventory are chosen by name, groups with their children, in a circle too", () => {
  const inventory = readInventory(INVENTORY, "inventory");

  assert.deepEqual(names(chooseHosts(inventory, ["west"], "inventory")), ["cn14", "cn16", "cn15"]);
  assert.deepEqual(names(chooseHosts(inventory, ["old", "cn15"], "inventory")), ["cn16", "cn15"]);
  assert.deepEqual(names(chooseHosts(inventory, [], "inventory")), ["cn14", "cn15", "cn16"]);
  assert.throws(
    () => chooseHosts(inventory, ["east"], "inventory"),
    /neither a host nor a group called east/,
  );
});

test("an inventory that is none says in one line what is wrong with it", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /printed nothing/],
    ["Traceback (most recent call last):\n  boom", /no JSON; it begins: Traceback/],
    ["[]", /no JSON object/],
    ["{}", /names no hosts/],
    ['{"_meta": {"hostvars": {"-oX": {}}}}', /cannot begin with -/],
    ['{"_meta": {"hostvars": {"a": {"ansible_host": "-oX"}}}}', /cannot begin with -/],
    ['{"_meta": {"hostvars": {"a": {"ansible_port": 99999}}}}', /ansible_port 99999 is no port/],
    ['{"_meta": {"hostvars": {"a": 7}}}', /hostvars\.a/],
    ['{"web": {"hosts": "a"}}', /web/],
  ];
  for (const [text, pattern] of wrong)
    assert.throws(
      () => readInventory(text, "--inventory x"),
      (error: unknown) =>
        error instanceof UsageError && pattern.test(error.message) && !error.message.includes("\n"),
      text,
    );
});

test("whatever an inventory command prints, it is hosts or one line", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        readInventory(text, "inventory");
      } catch (error) {
        assert.ok(error instanceof ExhibitError, String(error));
        assert.ok(!error.message.includes("\n"));
      }
    }),
  );
});
