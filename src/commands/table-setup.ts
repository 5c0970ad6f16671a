// The part of the command table that sets Exhibit up.
import { agentOptions, checkAgent } from "./agent-options.ts";
import { armOptions } from "./arm-options.ts";
import { defineCommand } from "./command.ts";

export const doctor = defineCommand({
  name: "doctor",
  group: "Set up",
  summary: "what would work on this host now, and how to fix the rest",
  usage: ["exhibit doctor"],
  arguments: [],
  options: {},
  notes: "Exit status: 0 all well, 3 warnings, 1 a required thing fails, 2 usage or settings.",
  examples: ["exhibit doctor", "exhibit doctor --json"],
  load: () => import("./doctor.ts"),
});

export const profiles = defineCommand({
  name: "profiles",
  group: "Set up",
  summary: "which collectors run for which target (list, show)",
  usage: ["exhibit profiles [list]", "exhibit profiles show NAME"],
  arguments: [
    { name: "[ACTION]", completes: "none", choices: ["list", "show"] },
    { name: "[NAME]", completes: "profile" },
  ],
  options: {},
  notes: "With --quiet only the names, one a line.",
  examples: ["exhibit profiles", "exhibit profiles show before-restart"],
  load: () => import("./profiles.ts"),
});

export const config = defineCommand({
  name: "config",
  group: "Set up",
  summary: "the settings in force and where each came from",
  usage: ["exhibit config"],
  arguments: [],
  options: {},
  examples: [
    "exhibit config",
    "exhibit config --config ./exhibit.yaml",
    "EXHIBIT_CAPTURE_BUDGET=1m exhibit config",
  ],
  load: () => import("./config.ts"),
});

export const agent = defineCommand({
  name: "agent",
  group: "Set up",
  summary: "the background service: queue, recorder, local API, fleet end point",
  usage: ["exhibit agent", "exhibit agent credentials FOLDER [options]"],
  arguments: [
    { name: "[ACTION]", completes: "none", choices: ["credentials"] },
    { name: "[FOLDER]", completes: "file" },
  ],
  options: agentOptions,
  check: checkAgent,
  notes: `Runs until SIGTERM. It sends what waits in the spool (upload, then note) until it is sent; it records the services that
recorder.services names, so that captures have the minutes before; it captures by itself when a rule of triggers in the settings is
true; and it answers on a socket whose file rights say who may ask:
  curl --unix-socket /run/exhibit/agent.sock http://agent/v1/status
  curl --unix-socket /run/exhibit/agent.sock http://agent/v1/capture -d '{"unit": "muskie@7", "profile": "quick"}'
  curl --unix-socket /run/exhibit/agent.sock http://agent/v1/check -d '{"unit": "muskie@7"}'
  curl --unix-socket /run/exhibit/agent.sock http://agent/metrics
A capture's answer holds the exit status and the document of exhibit capture --json.
Where the settings name a bus (fleet.servers), it joins it, has captures taken that a controller asks for, and asks there before
it stops a target: of one service no more hosts are stopped at once than allowed.

exhibit agent credentials writes all that such a bus needs: an authority and a certificate, the configuration of nats-server, and
credentials for operators (who may have captures taken), viewers, and each host. Said again for the same folder, the keys stay:
hosts are added, and whoever is named has new credentials. Keep the folder's keys/ to yourself: who has them may be anybody.

Exit status: 0 it was told to stop; 1 it cannot listen, or another one does; 2 usage or settings.`,
  examples: [
    "systemctl enable --now exhibit",
    "exhibit agent",
    "exhibit agent credentials ./bus --server bus1.example.net --hosts web1,web2,db1=postgres",
  ],
  load: () => import("./agent.ts"),
});

export const arm = defineCommand({
  name: "arm",
  group: "Set up",
  summary: "capture before any restart of a unit, whoever restarts it, for some hours",
  usage: ["exhibit arm UNIT --for TIME [options]", "exhibit arm UNIT --off", "exhibit arm"],
  arguments: [{ name: "[UNIT]", completes: "target" }],
  options: armOptions,
  check: ({ off, ...options }, { positionals }) => {
    if (positionals.length > 0 || (!off && options.for === undefined)) return undefined;
    return { message: "which unit?", hint: "exhibit arm alone lists what is armed" };
  },
  notes: `Whenever systemd stops the unit while its main process runs, its evidence is saved first; without UNIT it lists what is
armed. It is done by a drop-in below /run, so that a reboot ends it, too. A unit that is not armed any more stops at once.
What is not seen: a process that dies or is killed by itself, a watchdog of systemd, and the shutdown of the host.

Exit status: 0 done; 1 there is no such unit, or you are not root; 2 usage or settings.`,
  examples: [
    'exhibit arm muskie@7 --for 6h -i INC-4211 -m "somebody restarts it at night"',
    "exhibit arm muskie@7 --off",
    "exhibit arm",
  ],
  load: () => import("./arm.ts"),
});

export const demo = defineCommand({
  name: "demo",
  group: "Set up",
  summary: "a sick service of our own, guarded and restarted before your eyes",
  usage: ["exhibit demo"],
  arguments: [],
  options: {},
  examples: ["exhibit demo"],
  load: () => import("./demo.ts"),
});

export const completion = defineCommand({
  name: "completion",
  group: "Set up",
  summary: "bash, zsh or fish",
  usage: ["exhibit completion SHELL"],
  arguments: [{ name: "SHELL", completes: "none", choices: ["bash", "zsh", "fish"] }],
  options: {},
  examples: [
    "exhibit completion bash > /etc/bash_completion.d/exhibit",
    "exhibit completion zsh > /usr/local/share/zsh/site-functions/_exhibit",
    "exhibit completion fish > ~/.config/fish/completions/exhibit.fish",
  ],
  load: () => import("./completion.ts"),
});
