import fc from "fast-check";
import { BlockList, isIP } from "node:net";
import { describe, expect, it } from "vitest";
import { addressGroup, clientAddress } from "./client-address.ts";

const trusted = new BlockList();
trusted.addSubnet("10.0.0.0", 8, "ipv4");
trusted.addSubnet("fd00::", 8, "ipv6");
const nobody = new BlockList();

describe("whose request it is", () => {
  it("is the peer's, whatever it says, when no proxy is trusted", () => {
    expect(clientAddress("203.0.113.9", "198.51.100.1", nobody)).toBe("203.0.113.9");
    expect(clientAddress("::ffff:203.0.113.9", undefined, nobody)).toBe("203.0.113.9");
  });

  it("is what the nearest proxies that are trusted say, not what was written before them", () => {
    expect(clientAddress("10.0.0.1", "198.51.100.1", trusted)).toBe("198.51.100.1");
    expect(clientAddress("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", trusted)).toBe("198.51.100.1");
    expect(clientAddress("fd00::1", "1.1.1.1,2001:db8::7", trusted)).toBe("2001:db8::7");
    expect(clientAddress("::ffff:10.0.0.1", "198.51.100.1", trusted)).toBe("198.51.100.1");
    expect(clientAddress("203.0.113.9", "198.51.100.1", trusted)).toBe("203.0.113.9");
  });

  it("is the proxy's where it passed on what is no address", () => {
    expect(clientAddress("10.0.0.1", "1.1.1.1, unknown", trusted)).toBe("10.0.0.1");
    expect(clientAddress("10.0.0.1", "", trusted)).toBe("10.0.0.1");
  });

  it("never becomes an address that only the client wrote, whatever it wrote", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6())), (written) => {
        const header = [...written, "198.51.100.77"].join(",");
        expect(clientAddress("10.0.0.1", header, trusted)).toBe("198.51.100.77");
        expect(clientAddress("unknown", header, trusted)).toBe("unknown");
      }),
    );
  });
});

describe("addresses that count as one", () => {
  it("are a network of IPv6, and each of IPv4", () => {
    expect(addressGroup("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(addressGroup("2001:db8:1:2::9")).toBe("2001:db8:1:2::/64");
    expect(addressGroup("2001:DB8::1")).toBe("2001:db8:0:0::/64");
    expect(addressGroup("::1")).toBe("0:0:0:0::/64");
    expect(addressGroup("64:ff9b::192.0.2.33")).toBe("64:ff9b:0:0::/64");
    expect(addressGroup("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(addressGroup("192.0.2.33")).toBe("192.0.2.33");
    expect(addressGroup("unknown")).toBe("unknown");
  });

  it("have one name for each spelling", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const spelt = new URL(`http://[${address}]/`).hostname.slice(1, -1);
        expect(isIP(spelt)).toBe(6);
        expect(addressGroup(address)).toBe(addressGroup(spelt));
      }),
    );
  });
});
