import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Wire } from "../devices/device.ts";
import { deviceKinds } from "../devices/kinds.ts";
import { deviceFaults, deviceStatus, linesOf } from "./device-faults.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-faults-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function wireOf(kind: string): Wire {
  const wires = deviceKinds[kind]?.wires ?? [];
  if (wires.includes("listen")) return { kind: "listen", host: "127.0.0.1", port: 0 };
  if (wires.includes("mqtt")) return { kind: "mqtt", url: "mqtt://127.0.0.1:9" };
  return { kind: "folder", path: join(folder, kind) };
}

describe("the faults of a device", () => {
  it.each(Object.keys(deviceKinds))("can all be done to a %s, and mended", async (kind) => {
    const settings: Record<string, string> = kind === "tcp-cable" ? { to: "127.0.0.1:9" } : {};
    const device = await deviceKinds[kind]?.start({
      name: kind,
      wire: wireOf(kind),
      settings,
      say: () => {},
    });
    if (device === undefined) throw new Error(`there is no ${kind}`);
    try {
      const running = { name: kind, kind, lane: null, device };
      const faults = deviceFaults(running);
      for (const fault of faults) {
        if (fault.kind === "press") fault.press();
        else {
          fault.set(true);
          expect([fault.what, fault.isOn()]).toEqual([fault.what, true]);
          fault.set(false);
          expect([fault.what, fault.isOn()]).toEqual([fault.what, false]);
        }
      }
      const whats = faults.map(({ what }) => what);
      expect(new Set(whats).size).toBe(whats.length);
      // A GPIO chip has no line of its own that could fail.
      expect(whats.length > 0).toBe(kind !== "gpio");
      expect(deviceStatus(running)).toEqual(expect.any(String));
    } finally {
      await device.stop();
    }
  });

  it("shows of a display what it says", () => {
    expect(linesOf(["  Welcome   ", "        "])).toEqual(["Welcome"]);
    expect(linesOf(null)).toEqual([]);
  });
});
