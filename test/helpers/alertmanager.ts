// A real Alertmanager for tests.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer, type ServerProcess } from "./server-process.ts";

export function startAlertmanager(): Promise<ServerProcess> {
  return startServer("alertmanager", (folder, port) => {
    const path = join(folder, "alertmanager.yml");
    writeFileSync(path, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n");
    return [
      "prometheus-alertmanager",
      `--config.file=${path}`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // Without it port 9094 is opened on every interface.
      "--cluster.listen-address=",
    ];
  });
}
