import { isIP, type BlockList } from "node:net";

/**
 * Whose request it is, by address. `X-Forwarded-For` is what anybody may write: it is read from its right end, and only
 * as far as the addresses are those of proxies that are trusted.
 *
 * @param peer the other end of the connection.
 * @returns the address as one spelling has it: IPv4 in IPv6 (`::ffff:10.0.0.1`) is IPv4.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: BlockList): string {
  let address = plain(peer);
  const hops = forwardedFor === undefined ? [] : forwardedFor.split(",").slice(-MAX_HOPS).map(plain);
  while (hops.length > 0 && isTrusted(address, trusted)) {
    const before = hops.pop() ?? "";
    // What a trusted proxy passed on, but is no address, names nobody: the proxy itself is who asks.
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/** Whoever has an IPv6 address has 2^64 of them: they count as one. */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.toLowerCase().split("%")[0]?.split("::") ?? [];
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const [first, last] = [groups(head), groups(tail ?? "")];
  // Groups that `::` stands for; a dotted IPv4 at the end takes the place of two.
  const written = first.length + last.length + (address.includes(".") ? 1 : 0);
  const all = [
    ...first,
    ...Array<string>(tail === undefined ? 0 : Math.max(0, 8 - written)).fill("0"),
    ...last,
  ];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

/** More proxies than any path to us has. */
const MAX_HOPS = 20;

function plain(text: string): string {
  const address = text.trim().replace(/^\[(.*)\]$/, "$1");
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? "ipv4" : "ipv6");
}
