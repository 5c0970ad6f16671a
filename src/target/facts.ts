// What is known of a target without touching it, for the manifest and for everything that is shown. Text of strangers is
// made printable here; what may not be read is left out.
import type { Target } from "../bundle/manifest.ts";
import { TargetError } from "../errors.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { parseCgroupFile } from "../parsers/cgroup-file.ts";
import { parsePsinfo } from "../parsers/psinfo.ts";
import { parseProcStatus } from "../parsers/proc-status.ts";
import { printable } from "../printable.ts";
import { readBootId } from "../host/process-identity.ts";
import { readBasics } from "./basics.ts";
import { attempt, readExecutable } from "./executable.ts";
import { detectRuntime } from "./runtime.ts";

/** Of one argument, in characters; the bundle keeps /proc/PID/cmdline whole. */
const ARGUMENT_LIMIT = 1000;
const ARGUMENTS_LIMIT = 200;

export interface Asked {
  readonly kind: Target["kind"];
  /** What the operator typed. */
  readonly asked: string;
  /** The unit or FMRI by which it was found; otherwise its cgroup tells. */
  readonly service?: string;
}

/** The facts of a held process. Throws a TargetError when it has ended. Secrets in arguments are not redacted here. */
export function readTarget(held: HeldProcess, asked: Asked): Target {
  const basics = readBasics(held);
  if (basics === undefined) throw new TargetError(`process ${held.pid} is gone`);
  const executable = readExecutable(held);
  return {
    kind: asked.kind,
    asked: printable(asked.asked),
    pid: held.pid,
    startTime: basics.startTime,
    startedAt: basics.startedAt,
    bootId: readBootId(),
    parentPid: basics.parentPid,
    arguments: readArguments(held),
    executable: executable && printable(executable.path, 4096),
    executableDeleted: executable?.deleted,
    runtime: detectRuntime(held),
    threads: basics.threads,
    ...(basics.source === "stat" ? linuxFacts(held, asked) : illumosFacts(held, asked)),
  };
}

function linuxFacts(held: HeldProcess, asked: Asked) {
  const status = parseProcStatus(attempt(() => held.readSync("status").toString("latin1")) ?? "");
  const place = parseCgroupFile(attempt(() => held.readSync("cgroup").toString("latin1")) ?? "");
  const comm = attempt(() => held.readSync("comm"));
  if (comm === undefined) throw new TargetError(`process ${held.pid} is gone`);
  const service = asked.service ?? place.service;
  return {
    // The kernel adds the newline at the end; any other is part of the name.
    command: printable(comm.at(-1) === 0x0a ? comm.subarray(0, -1) : comm),
    uid: status.uid,
    virtualBytes: status.virtualBytes,
    residentBytes: status.residentBytes,
    cgroup: place.path && printable(place.path, 4096),
    containerId: place.containerId,
    service: service && printable(service),
  };
}

function illumosFacts(held: HeldProcess, asked: Asked) {
  const info = parsePsinfo(held.readSync("psinfo"), held.pid);
  if (info === undefined) throw new TargetError(`/proc/${held.pid}/psinfo has a layout that is not known`);
  return {
    command: printable(info.command),
    uid: info.uid,
    virtualBytes: info.virtualBytes,
    residentBytes: info.residentBytes,
    service: asked.service && printable(asked.service),
    zone: String(info.zoneId),
  };
}

/** Undefined when there are none to see: kernel threads, zombies, no rights. */
function readArguments(held: HeldProcess): string[] | undefined {
  const bytes = attempt(() => held.readSync("cmdline"));
  if (bytes === undefined || bytes.length === 0) return undefined;
  const parts = splitAtNul(bytes);
  const shown = parts.slice(0, ARGUMENTS_LIMIT).map((part) => printable(part, ARGUMENT_LIMIT));
  return parts.length > ARGUMENTS_LIMIT ? [...shown, `… ${parts.length - ARGUMENTS_LIMIT} more`] : shown;
}

/** Each argument ends in one NUL. A title that a program wrote over them leaves a run of NULs, which are no arguments. */
export function splitAtNul(bytes: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    parts.push(bytes.subarray(at, end < 0 ? bytes.length : end));
    at = end < 0 ? bytes.length : end + 1;
  }
  const last = parts.findLastIndex((part) => part.length > 0);
  return parts.length - last > 3 ? parts.slice(0, last + 1) : parts;
}
