// psinfo of illumos, made by hand after its proc(5): no illumos is at hand where the tests run.

export function psinfoBytes(of: { readonly pid: number; readonly lwps?: number }): Buffer {
  const bytes = Buffer.alloc(416);
  bytes.writeInt32LE(of.lwps ?? 11, 4);
  bytes.writeInt32LE(of.pid, 8);
  bytes.writeInt32LE(1, 12);
  bytes.writeInt32LE(60001, 24);
  bytes.writeBigUInt64LE(2048n, 48);
  bytes.writeBigUInt64LE(1024n, 56);
  bytes.writeBigUInt64LE(1_790_000_000n, 88);
  bytes.writeBigUInt64LE(123_456_789n, 96);
  bytes.write("node", 136);
  bytes.write("node server.js", 152);
  bytes.writeInt32LE(7, 276);
  bytes.writeInt32LE(93, 280);
  return bytes;
}
