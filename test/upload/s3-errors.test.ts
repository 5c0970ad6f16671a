import assert from "node:assert/strict";
import { test } from "node:test";
import { UploadError } from "../../src/errors.ts";
import { isTransient, s3Error, s3ErrorName, s3Status } from "../../src/upload/s3-errors.ts";

const place = {
  location: "s3://evidence/bundles",
  bucket: "evidence",
  region: "us-east-1",
  endpoint: "https://s3.test",
};

function answer(name: string, httpStatusCode: number, message = ""): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

function system(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

test("every known failure is one sentence with something to do", () => {
  const failures = [
    answer("NoSuchBucket", 404),
    answer("AccessDenied", 403),
    answer("SignatureDoesNotMatch", 403),
    answer("RequestTimeTooSkewed", 403),
    answer("PermanentRedirect", 301),
    answer("Unknown", 403),
    answer("Gibberish", 503),
    system("ECONNREFUSED"),
    system("ENOTFOUND"),
    system("SELF_SIGNED_CERT_IN_CHAIN"),
    Object.assign(system("ECONNRESET"), { name: "TimeoutError" }),
    Object.assign(new Error("idle"), { name: "TimeoutError" }),
  ];

  const errors = failures.map((failure) => s3Error(failure, place));

  assert.deepEqual(
    errors.map(({ message }) => message),
    [
      "s3://evidence/bundles: there is no bucket evidence (NoSuchBucket)",
      "s3://evidence/bundles: access denied (AccessDenied)",
      "s3://evidence/bundles: the secret key is wrong (SignatureDoesNotMatch)",
      "s3://evidence/bundles: the clocks of this host and the store differ too much (RequestTimeTooSkewed)",
      "s3://evidence/bundles: the bucket is not in region us-east-1 (PermanentRedirect)",
      "s3://evidence/bundles: access denied (Unknown)",
      "s3://evidence/bundles: the store failed (Gibberish)",
      "s3://evidence/bundles: nothing listens at https://s3.test (ECONNREFUSED)",
      "s3://evidence/bundles: no address is known for https://s3.test (ENOTFOUND)",
      "s3://evidence/bundles: the certificate of https://s3.test is not trusted (SELF_SIGNED_CERT_IN_CHAIN)",
      "s3://evidence/bundles: https://s3.test broke the connection (ECONNRESET)",
      "s3://evidence/bundles: no answer from https://s3.test in time (TimeoutError)",
    ],
  );
  assert.ok(errors.every(({ hint }) => hint !== undefined));
});

test("an unknown failure shows the store's words without what a terminal would obey", () => {
  const error = s3Error(answer("Odd\u001b[2J", 400, "do \u001b]0;evil\u0007 this\nnow"), place);

  assert.match(error.message, /^[\u0020-\u007e]+$/);
  assert.match(error.message, /do .*evil.* this/);
});

test("an error that is already in our words stays as it is", () => {
  const own = new UploadError("x: y");

  assert.equal(s3Error(own, place), own);
});

test("only what may pass by itself is tried again", () => {
  const again = [
    answer("SlowDown", 503),
    answer("InternalError", 500),
    answer("RequestTimeTooSkewed", 403),
    system("ECONNRESET"),
    answer("BadDigest", 400),
  ];
  const never = [
    answer("NotImplemented", 501),
    answer("AccessDenied", 403),
    system("ECONNREFUSED"),
    new UploadError("x"),
    Object.assign(new Error(), { name: "TimeoutError" }),
    "text",
  ];

  assert.ok(again.every(isTransient));
  assert.ok(!never.some(isTransient));
});

test("what is no error of the SDK has no status", () => {
  assert.deepEqual(
    [s3Status("x"), s3Status(new Error("x")), s3Status(answer("A", 404))],
    [undefined, undefined, 404],
  );
  assert.equal(s3ErrorName("x"), "Unknown");
});
