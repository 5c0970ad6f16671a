// Looking at root's processes without root's rights.

const NOBODY = 65534;

/** Runs `act` without the rights of root; for anyone but root that is no change. */
export function asAnotherUser<T>(act: () => T): T {
  if (process.getuid?.() !== 0 || process.seteuid === undefined) return act();
  process.seteuid(NOBODY);
  try {
    return act();
  } finally {
    process.seteuid(0);
  }
}
