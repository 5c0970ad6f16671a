// Clients of a target that asks for them: each sends a request, waits for its answer, rests, and begins again.
import { Agent, get } from "node:http";
import type { FaultScene } from "../../test/helpers/fault-process.ts";

export function load(
  scene: FaultScene,
  port: number,
  { clients, everyMs }: { readonly clients: number; readonly everyMs: number },
): void {
  const agent = new Agent({ keepAlive: true });
  let isOver = false;
  scene.after(() => {
    isOver = true;
    agent.destroy();
  });
  const again = () => void setTimeout(turn, everyMs);
  const turn = () => {
    if (isOver) return;
    get({ port, host: "127.0.0.1", agent }, (response) => response.resume().once("end", again)).once(
      "error",
      again,
    );
  };
  for (let client = 0; client < clients; client++) turn();
}
