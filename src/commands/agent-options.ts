// The options of agent: all of them are of `agent credentials`.
import { optionMaker, type OptionsOf, type UsageFault } from "./command.ts";

const value = optionMaker("value", "Credentials");
const list = optionMaker("list", "Credentials");

export const agentOptions = {
  server: list(
    "--server NAME",
    "name or address that hosts reach the server by; may be repeated   [localhost]",
  ),
  port: value("--port N", "of the server   [4222]"),
  hosts: list(
    "--hosts LIST",
    "names of hosts, with commas; NAME=SERVICE: it may be given that service's pauses alone (a+b: both)",
  ),
  expires: value("--expires TIME", "until when all credentials are good: 90d, or never   [365d]"),
};
export type AgentOptions = OptionsOf<typeof agentOptions>;

export function checkAgent(
  options: AgentOptions,
  { positionals }: { readonly positionals: readonly string[] },
): UsageFault | undefined {
  const [action, folder] = positionals;
  const { server, port, hosts, expires } = options;
  const isGiven = server.length > 0 || hosts.length > 0 || port !== undefined || expires !== undefined;
  if (action === undefined && isGiven)
    return { message: "these options are of agent credentials", hint: "exhibit agent credentials FOLDER …" };
  if (action !== undefined && folder === undefined)
    return { message: "which folder?", hint: `exhibit agent ${action} ./bus --hosts web1,web2` };
  return undefined;
}
