// What we use of the SDK, in a file of its own that is imported when it is needed: it costs 200 ms of CPU to load. Taken
// directly, a dynamic import of a CommonJS package has no names once it is bundled (esbuild), and `S3` is undefined.
export { PutObjectCommand, S3, UploadPartCommand } from "@aws-sdk/client-s3";
