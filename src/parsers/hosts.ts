/** /etc/hosts (hosts(5)): the addresses of each name, in lower case, IPv4 ones first. */
export function parseHosts(text: string): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*$/, "").trim().split(/\s+/);
    if (address === undefined || !/^[0-9a-f.:]{2,45}$/i.test(address)) continue;
    for (const name of names) {
      const known = addresses.get(name.toLowerCase()) ?? [];
      addresses.set(name.toLowerCase(), address.includes(":") ? [...known, address] : [address, ...known]);
    }
  }
  return addresses;
}
