import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFdLink } from "../../src/parsers/fd-link.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("links are told apart by what the kernel writes for each kind", () => {
  const kinds: Record<string, ReturnType<typeof parseFdLink>> = {
    "socket:[149289]": { type: "socket", inode: 149289 },
    "pipe:[7]": { type: "pipe", inode: 7 },
    "anon_inode:[eventpoll]": { type: "epoll" },
    "anon_inode:inotify": { type: "inotify" },
    "anon_inode:[io_uring]": { type: "anon" },
    "/memfd:cache (deleted)": { type: "memory" },
    "mnt:[4026531841]": { type: "namespace" },
    "/dev/null": { type: "device" },
    "/dev/shm/sem.x": { type: "file" },
    "/var/log/a b.log (deleted)": { type: "file", isDeleted: true },
    "/home/socket:[1]": { type: "file" },
    "": { type: "unknown" },
  };

  for (const [link, expected] of Object.entries(kinds)) assert.deepEqual(parseFdLink(link), expected);
});

test("nothing makes the parser throw, and only the kernel's own form is a socket", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parseFdLink(text);
      assert.notEqual(parseFdLink(`/${text}`).type, "socket");
    }),
  );
});
