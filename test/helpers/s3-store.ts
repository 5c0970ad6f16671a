// A real S3 store with a bucket, a client of the test's own to look at it from outside, and settings for it.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3 } from "@aws-sdk/client-s3";
import type { S3StoreSettings } from "../../src/settings.ts";
import { ACCESS_KEY, SECRET_KEY, startRgw, type Rgw } from "./rgw.ts";
import { startProxy, type StoreProxy } from "./store-proxy.ts";

export interface TestStore {
  readonly rgw: Rgw;
  readonly proxy: StoreProxy;
  readonly outside: S3;
  /** A folder of the test. */
  readonly base: string;
  /** A credentials file with these keys. */
  readonly keysFile: (accessKey?: string, secretKey?: string) => string;
  /** Settings of a store with a prefix of its own. */
  readonly settings: (more?: Partial<S3StoreSettings>) => S3StoreSettings;
  /** The ids of unfinished uploads in the bucket. */
  readonly unfinished: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

export async function startTestStore(
  bucket: string,
  objectStore: "memstore" | "bluestore" = "memstore",
): Promise<TestStore> {
  // The client of this test would say it; that Exhibit's own does not is tested.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const base = mkdtempSync(join(tmpdir(), "exhibit-s3-"));
  const rgw = await startRgw(objectStore);
  const proxy = await startProxy(rgw.port);
  const outside = new S3({
    endpoint: rgw.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  await outside.createBucket({ Bucket: bucket });
  let count = 0;
  const keysFile = (accessKey = ACCESS_KEY, secretKey = SECRET_KEY) => {
    const path = join(base, `keys-${count++}`);
    writeFileSync(
      path,
      `[default]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`,
    );
    chmodSync(path, 0o600);
    return path;
  };
  return {
    rgw,
    proxy,
    outside,
    base,
    keysFile,
    settings: (more = {}) => ({
      type: "s3",
      url: `s3://${bucket}/test-${count++}`,
      region: "us-east-1",
      endpoint: rgw.endpoint,
      pathStyle: true,
      sse: null,
      kmsKeyId: null,
      sensitiveUrl: null,
      lockDays: null,
      sensitiveLockDays: null,
      lockMode: "GOVERNANCE",
      tags: {},
      checksum: "auto",
      proxy: null,
      caFile: null,
      credentialsFile: keysFile(),
      ...more,
    }),
    unfinished: async () =>
      ((await outside.listMultipartUploads({ Bucket: bucket })).Uploads ?? []).flatMap(({ UploadId }) =>
        UploadId === undefined ? [] : [UploadId],
      ),
    stop: async () => {
      outside.destroy();
      await proxy.close();
      await rgw.stop();
      rmSync(base, { recursive: true, force: true });
    },
  };
}
