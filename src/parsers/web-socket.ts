// Frames of a WebSocket (RFC 6455, 5.2), as far as the inspector uses them. There is no function for a close frame, on
// purpose: its answer races the end of Node's inspector thread and has crashed the target (SIGSEGV in
// WsHandler::OnCloseFrameWritten, Node 20 and 24).

export const OPCODES = { continuation: 0, text: 1, close: 8 } as const;

export interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Buffer;
  /** Of the whole frame. */
  readonly lengthBytes: number;
}

/** A text frame of a client, masked with the four bytes of `mask` as RFC 6455 wants it (5.3). */
export function encodeText(text: string, mask: Uint8Array): Buffer {
  const payload = Buffer.from(text);
  const header = headerOf(payload.length);
  for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return Buffer.concat([header, mask, payload]);
}

function headerOf(length: number): Buffer {
  const first = 0x80 | OPCODES.text;
  if (length < 126) return Buffer.from([first, 0x80 | length]);
  if (length < 0x1_0000) return Buffer.from([first, 0x80 | 126, length >> 8, length & 255]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** How long the frame is that `bytes` begin with; undefined while that is not yet known. */
export function frameLength(bytes: Buffer): number | undefined {
  const short = (bytes[1] ?? 0) & 0x7f;
  const masked = ((bytes[1] ?? 0) & 0x80) === 0 ? 0 : 4;
  if (bytes.length < 2) return undefined;
  if (short < 126) return 2 + masked + short;
  if (short === 126) return bytes.length < 4 ? undefined : 4 + masked + bytes.readUInt16BE(2);
  return bytes.length < 10 ? undefined : 10 + masked + Number(bytes.readBigUInt64BE(2));
}

/** The first frame, once all of it is there. Those of a server are not masked (5.1); a masked one is read too. */
export function decodeFrame(bytes: Buffer): Frame | undefined {
  const lengthBytes = frameLength(bytes);
  if (lengthBytes === undefined || bytes.length < lengthBytes) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const at = short < 126 ? 2 : short === 126 ? 4 : 10;
  let payload = bytes.subarray(at, lengthBytes);
  if ((second & 0x80) !== 0) {
    const mask = payload.subarray(0, 4);
    payload = Buffer.from(payload.subarray(4).map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
  }
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload, lengthBytes };
}
