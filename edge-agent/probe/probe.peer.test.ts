import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startProgram, type RunningProgram } from "../devices/testing/programs.ts";
import { until } from "../devices/testing/until.ts";

/** The commissioning check as an installer runs it, against simulated devices that are programs of their own. */

const DIST = resolve(import.meta.dirname, "../../dist");
const running: RunningProgram[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const program of running.splice(0)) await program.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function startDevice(...args: readonly string[]): Promise<number> {
  const main = join(DIST, "firmware-sim/main.mjs");
  const device = startProgram(process.execPath, [main, "device", ...args, "--listen", "127.0.0.1:0"]);
  running.push(device);
  await until(() => device.output().includes('"ready"'), "the device to be ready");
  const port = /"port":(\d+)/.exec(device.output())?.[1];
  return Number(port);
}

/** A site with this board and printer; nothing listens where the broker should be. */
function configOf(parts: { readonly board?: number; readonly printer?: number }): string {
  const folder = mkdtempSync(join(tmpdir(), "parkme-probe-"));
  folders.push(folder);
  const file = join(folder, "edge.yaml");
  const config = {
    facility: {
      id: "0197a000-0000-7000-8000-000000000001",
      slug: "demo",
      name: "Harbour Square",
      time_zone: "UTC",
      currency: "EUR",
      capacity: 10,
    },
    mqtt: { url: "mqtt://127.0.0.1:9" },
    boards: [{ name: "entry-board", driver: "modbus", tcp: `127.0.0.1:${parts.board ?? 9}` }],
    printers: [{ name: "tickets", driver: "escpos", tcp: `127.0.0.1:${parts.printer ?? 9}` }],
    lanes: [
      {
        name: "entry",
        title: "Entry",
        direction: "entry",
        barrier: { board: "entry-board", relays: { open: "r1", close: "r2" } },
        inputs: { arming: "in1", safety: "in2", closed_limit: "in3" },
      },
    ],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

type Ran = { readonly code: number | null; readonly output: string };

async function probe(...args: readonly string[]): Promise<Ran> {
  const program = startProgram(process.execPath, [join(DIST, "edge-agent/main.mjs"), "probe", ...args]);
  await until(() => program.exitCode() !== null, "the probe to end");
  return { code: program.exitCode(), output: program.output() };
}

describe("parkme-edge probe", { timeout: 60_000 }, () => {
  it("lists the devices of the configuration", async () => {
    const { code, output } = await probe("--config", configOf({}));
    expect(code).toBe(0);
    expect(output).toMatch(/entry-board +board +modbus\n +tickets +printer +escpos/);
  });

  it("reads a board, pulses a relay on request, and sees it pull and let go", async () => {
    const config = configOf({ board: await startDevice("modbus") });
    const { code, output } = await probe("entry-board", "--pulse", "r1", "--json", "--config", config);
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { what?: string; detail?: unknown });
    expect(lines[0]).toMatchObject({
      what: "image",
      detail: { levels: { in1: false }, outputs: { r1: false } },
    });
    expect(lines).toContainEqual(expect.objectContaining({ what: "outcome" }));
    expect(lines.some((line) => JSON.stringify(line).includes('"r1":true'))).toBe(true);
    expect(lines.at(-1)).toMatchObject({
      device: "entry-board",
      driver: "modbus",
      ok: true,
      summary: "works",
    });
    expect(code).toBe(0);
  });

  it("prints a test page", async () => {
    const config = configOf({ printer: await startDevice("escpos") });
    const { code, output } = await probe(
      "tickets",
      "--print",
      "--drawer",
      "--seconds",
      "20",
      "--config",
      config,
    );
    expect(output).toMatch(/drawer +told to open/);
    expect(output).toContain("tickets (escpos): works");
    expect(code).toBe(0);
  });

  it("says why a device does not work", async () => {
    const { code, output } = await probe("entry-board", "--seconds", "2", "--config", configOf({}));
    expect(output).toMatch(/entry-board \(modbus\): .*ECONNREFUSED/);
    expect(code).toBe(1);
  });

  it("says what there is when there is no such device", async () => {
    const { code, output } = await probe("ghost", "--config", configOf({}));
    expect(output).toContain("there is no device ghost");
    expect(output).toContain("entry-board");
    expect(code).toBe(1);
  });
});
