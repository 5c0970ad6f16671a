// The bucket of pauses: one key for each host of a service that may be stopped at once. Made by whoever comes first, and
// used only when it is as it must be: a bucket that lets keys live longer, shorter, or lets one message sweep out all
// others (the roll-up header of JetStream) would not hold the limit.
import { DiscardPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { ExhibitError } from "../../errors.ts";
import { PAUSES } from "../contract.ts";

export const STREAM = `KV_${PAUSES.bucket}`;

/** `ttlMs` differs in measurements alone. Throws ExhibitError for a bucket that is not ours, and the client's own errors. */
export async function openPausesBucket(
  connection: NatsConnection,
  ttlMs: number = PAUSES.ttlMs,
): Promise<KV> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const ageNs = ttlMs * 1e6;
  const found = await manager.streams.info(STREAM).catch(() => undefined);
  const { config } =
    found ??
    (await manager.streams.add({
      name: STREAM,
      subjects: [`$KV.${PAUSES.bucket}.>`],
      retention: RetentionPolicy.Limits,
      // On disk: a server that was killed must still know who is stopped.
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      max_age: ageNs,
      max_msg_size: 4096,
      num_replicas: 1,
      deny_delete: true,
      deny_purge: true,
      allow_rollup_hdrs: false,
    }));
  if (config.max_age !== ageNs || config.max_msgs_per_subject !== 1 || config.allow_rollup_hdrs)
    throw new ExhibitError(`the bucket ${PAUSES.bucket} of the bus was made by somebody else, differently`, {
      hint: `nats stream rm ${STREAM}, with rights on the account; agents make it anew`,
    });
  return new Kvm(jetstream(connection, { checkAPI: false })).open(PAUSES.bucket);
}
