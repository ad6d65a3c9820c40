import { describe, expect, it } from "vitest";
import { installHint, missingPeers, PEERS } from "./peers.ts";

const present = (...paths: string[]) => {
  return (path: string) => paths.includes(path);
};

describe("missingPeers", () => {
  it("names every peer on a bare machine", () => {
    expect(missingPeers("/usr/bin:/bin", present())).toEqual(PEERS);
  });

  it("finds a program in the PATH", () => {
    const missing = missingPeers("/opt/tools:/usr/bin", present("/opt/tools/socat"));
    expect(PEERS.filter((peer) => !missing.includes(peer)).map((peer) => peer.package)).toEqual(["socat"]);
  });

  it("finds a library by its file", () => {
    const missing = missingPeers("/usr/bin", present("/usr/include/modbus/modbus.h"));
    expect(missing.map((peer) => peer.package)).not.toContain("libmodbus-dev");
  });

  it("finds a daemon in sbin though the PATH leaves sbin out", () => {
    const missing = missingPeers("/usr/bin", present("/usr/sbin/mosquitto"));
    expect(missing.map((peer) => peer.package)).not.toContain("mosquitto");
  });
});

describe("installHint", () => {
  it("gives the command that installs exactly what is missing", () => {
    const hint = installHint(PEERS.filter((peer) => peer.program === "socat"));
    expect(hint).toMatch(/sudo apt-get install -y --no-install-recommends socat$/);
  });
});
