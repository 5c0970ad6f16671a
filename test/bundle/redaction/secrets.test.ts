import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRedactor } from "../../../src/bundle/redaction/redactor.ts";

const redactor = createRedactor({ values: [], key: randomBytes(32) });

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const WORD = `${UPPER}${UPPER.toLowerCase()}0123456789`;
const HEX = "0123456789abcdef";

function text(length: number, alphabet = WORD) {
  return fc
    .array(fc.constantFrom(...alphabet.split("")), { minLength: length, maxLength: length })
    .map((characters) => characters.join(""));
}

function jwtPart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

type Around = (secret: string) => string;

/** Where the value of a key stands. */
const keyed = (key: string): Around[] => [
  (v) => `${key}=${v}`,
  (v) => `HOME=/root\0${key}=${v}\0PATH=/bin\0`,
  (v) => `{"user":"svc","${key}":"${v}","host":"db"}`,
  (v) => `{\n  "user": "svc",\n  "${key}": "${v}"\n}`,
  (v) => `body="{\\"${key}\\":\\"${v}\\",\\"n\\":1}" status=200`,
  (v) => `{ user: 'svc', ${key}: '${v}' }`,
  (v) => `spring:\n  ${key}: ${v} # prod\n  port: 80`,
  (v) => `level=info ${key}=${v} dur=12ms`,
  (v) => `Config[${key}=${v}]`,
  (v) => `<${key}>${v}</${key}>`,
  (v) => `"Env": ["A=1", "${key}=${v}", "B=2"]`,
  (v) => `- name: ${key}\n  value: ${v}\n`,
  (v) => `"name": "${key}",\n      "value": "${v}"`,
  (v) => `java -D${key}=${v} -jar app.jar`,
  (v) => `app --${key}=${v} --port 80`,
  (v) => `app\0--${key}\0${v}\0--port\x0080\0`,
  (v) => `app --${key} ${v} --port 80`,
  (v) => `"arguments": [\n  "app",\n  "--${key}",\n  "${v}",\n  "--port"\n]`,
];

/** Where a token stands that says itself what it is. */
const bare: Around[] = [
  (v) => `FOO=${v}`,
  (v) => `2026-11-22T03:12:07Z app[17]: calling with ${v}, 3 retries left`,
  (v) => `["-x","${v}"]`,
  (v) => `app\0${v}\0--port\x0080`,
  (v) => `https://api.example.test/${v}/send`,
  (v) => `(${v})`,
];

const header = (name: string, scheme: string): Around[] => [
  (v) => `${name}: ${scheme}${v}\r\nHost: db`,
  (v) => `curl -H "${name}: ${scheme}${v}" http://127.0.0.1/`,
  (v) => `curl\0-H\0${name}: ${scheme}${v}\0http://127.0.0.1/\0`,
  (v) => `{"${name.toLowerCase()}":"${scheme}${v}","accept":"*/*"}`,
  (v) => `headers: { ${name}: '${scheme}${v}', host: 'db' }`,
  (v) => `rawHeaders: [\n  'Host', 'db',\n  '${name}',\n  '${scheme}${v}'\n]`,
];

const password = text(16, `${WORD}!#%*+._/^~`);

const kinds: Record<string, { readonly secret: fc.Arbitrary<string>; readonly around: Around[] }> = {
  "a database password": { secret: password, around: keyed("DB_PASSWORD") },
  PGPASSWORD: { secret: password, around: keyed("PGPASSWORD") },
  "a password in lower case": { secret: text(14), around: keyed("db.password") },
  "a passphrase": { secret: password, around: keyed("ssl-key-passphrase") },
  "a session secret": { secret: text(64, HEX), around: keyed("SESSION_SECRET") },
  "a client secret": { secret: text(22), around: keyed("clientSecret") },
  "an AWS secret access key": { secret: text(40, `${WORD}/+`), around: keyed("AWS_SECRET_ACCESS_KEY") },
  "an API key": { secret: text(24), around: keyed("x-api-key") },
  // A value that begins with a dash cannot be told from the next flag.
  "an access token": { secret: text(24, `${WORD}-_`).map((v) => `t${v}`), around: keyed("access_token") },
  "a storage account key": { secret: text(64, `${WORD}/+`), around: keyed("AccountKey") },
  "a private key id": { secret: text(40, HEX), around: keyed("private_key_id") },
  "a session id": { secret: text(26), around: keyed("PHPSESSIONID") },
  "an npm token in .npmrc": { secret: text(36), around: [(v) => `//reg.example.test/:_authToken=${v}`] },
  "a storage connection string": {
    secret: text(64, `${WORD}/+`),
    around: [
      (v) => `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${v}==;EndpointSuffix=example.test`,
    ],
  },
  "an AWS access key id": { secret: text(16, `${UPPER}234567`).map((v) => `AKIA${v}`), around: bare },
  "a GitHub token": { secret: text(36).map((v) => `ghp_${v}`), around: bare },
  "a GitLab token": { secret: text(20, `${WORD}-_`).map((v) => `glpat-${v}`), around: bare },
  "a Slack token": {
    secret: text(24).map((v) => `xoxb-123456789012-123456789012-${v}`),
    around: bare,
  },
  "a Stripe key": { secret: text(24).map((v) => `sk_live_${v}`), around: bare },
  "a Google API key": { secret: text(35, `${WORD}-_`).map((v) => `AIza${v}`), around: bare },
  "an npm token": { secret: text(36).map((v) => `npm_${v}`), around: bare },
  "a webhook secret": { secret: text(32).map((v) => `whsec_${v}`), around: bare },
  "a JWT": {
    secret: fc.tuple(text(10), text(43, `${WORD}-_`)).map(([sub, mac]) => {
      return `${jwtPart({ alg: "HS256", typ: "JWT" })}.${jwtPart({ sub, iat: 1_700_000_000 })}.${mac}`;
    }),
    around: bare,
  },
  "a password in a URL": {
    secret: text(16, `${WORD}!%.-_~`),
    around: [
      (v) => `DATABASE_URL=postgres://app:${v}@db1.internal:5432/prod`,
      (v) => `connect mongodb+srv://app:${v}@db1.internal/prod?w=1 failed`,
      (v) => `{"url":"amqp://app:${v}@mq:5672"}`,
      (v) => `redis://:${v}@cache:6379/0`,
      (v) => `dsn=app:${v}@tcp(127.0.0.1:3306)/prod`,
      (v) => `jdbc:mysql://app:${v}@db/prod`,
    ],
  },
  "a key as the user of a URL": {
    secret: text(32, HEX),
    around: [(v) => `DSN=https://${v}@o1.example.test/42`],
  },
  "basic credentials": { secret: text(24, `${WORD}+/`), around: header("Authorization", "Basic ") },
  "a bearer token": { secret: text(30, `${WORD}-_.`), around: header("Authorization", "Bearer ") },
  "a bare authorization": { secret: text(30, WORD), around: header("Proxy-Authorization", "") },
  "a digest response": {
    secret: text(32, HEX),
    around: [
      (v) => `Authorization: Digest username="x", realm="y", response="${v}"\r\nHost: db`,
      (v) => `Authorization: AWS4-HMAC-SHA256 Credential=x/20261122/r/s3/aws4_request, Signature=${v}\r\n`,
    ],
  },
  "a cookie": { secret: text(32), around: header("Cookie", "theme=dark; sid=") },
  "a set cookie": { secret: text(32), around: header("Set-Cookie", "sid=") },
  "a presigned URL": {
    secret: text(64, HEX),
    around: [
      (v) => `GET /b/k?X-Amz-Credential=x&X-Amz-Signature=${v}&x=1 HTTP/1.1`,
      (v) => `/c?sv=1&sig=${v}&se=2`,
    ],
  },
  "a token in a query": {
    secret: text(24, `${WORD}-_`),
    around: [(v) => `GET /api/v1/me?access_token=${v}&x=1 200 12ms`, (v) => `"https://a.test/?token=${v}"`],
  },
  "mysql -p": {
    secret: text(14, `${WORD}!%.`),
    around: [
      (v) => `mysqldump -uroot -p${v} prod`,
      (v) => `/usr/bin/mysql\0-uroot\0-p${v}\0prod\0`,
      (v) => `["mysql","-uroot","-p${v}","prod"]`,
      (v) => `sh -c "mysql -h db -p'${v}' prod"`,
    ],
  },
  "curl -u": {
    secret: text(14, `${WORD}!%.`),
    around: [
      (v) => `curl -u admin:${v} http://127.0.0.1/`,
      (v) => `curl\0-s\0-u\0admin:${v}\0http://127.0.0.1/\0`,
      (v) => `["curl", "--user", "admin:${v}", "http://127.0.0.1/"]`,
      (v) => `curl --user="admin:${v}" http://127.0.0.1/`,
      (v) => `curl -uadmin:${v} http://127.0.0.1/`,
    ],
  },
  "options of one letter": {
    secret: text(14),
    around: [
      (v) => `sshpass -p ${v} ssh db`,
      (v) => `redis-cli -h c -a ${v} ping`,
      (v) => `ldapsearch -x -w ${v} -b dc=x`,
    ],
  },
};

for (const [kind, { secret, around }] of Object.entries(kinds)) {
  test(`${kind} is hidden wherever it stands`, () => {
    for (const [index, place] of around.entries())
      fc.assert(
        fc.property(secret, (value) => {
          const source = `pid 4321 line 1\n${place(value)}\nuptime 12 days`;

          const { text: redacted, counts } = redactor.redactText(source);

          // Not even a part of it may be left.
          for (let at = 0; at + 8 <= value.length; at++)
            assert.ok(!redacted.includes(value.slice(at, at + 8)), `place ${index}: ${redacted}`);
          assert.ok(redacted.startsWith("pid 4321 line 1\n") && redacted.endsWith("uptime 12 days"));
          assert.ok([...counts.values()].some((count) => count > 0));
          assert.equal(redactor.redactText(redacted).text, redacted);
        }),
        { numRuns: 20 },
      );
  });
}

describe("private keys", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString().trim();
  const lines = pem.split("\n").slice(1, -1);

  test("the body of a private key is hidden, its name stays", () => {
    const { text: redacted } = redactor.redactText(`before\n${pem}\nafter\n`);

    assert.match(
      redacted,
      /^before\n-----BEGIN PRIVATE KEY-----\[hidden:pem:[0-9a-f]{8}\]-----END PRIVATE KEY-----\nafter\n$/,
    );
  });

  test("a private key is hidden in JSON, behind log prefixes, and when its end is missing", () => {
    const sources = [
      JSON.stringify({ type: "service_account", private_key: `${pem}\n` }),
      pem.replaceAll("\n", "\n2026-11-22 app[17]: "),
      pem.slice(0, -40),
      `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${lines.join("\n")}`,
      pem.replaceAll("PRIVATE KEY", "OPENSSH PRIVATE KEY"),
      pem.replaceAll("PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
    ];
    for (const source of sources) {
      const { text: redacted } = redactor.redactText(source);

      for (const line of lines) assert.ok(!redacted.includes(line.slice(0, 20)), redacted);
    }
  });

  test("a certificate stays as it is", () => {
    const certificate = pem.replaceAll("PRIVATE KEY", "CERTIFICATE");

    assert.equal(redactor.redactText(certificate).text, certificate);
  });
});
