import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { cloudRecords, edgeRecords, sumMinor } from "./records.ts";
import { eventually, setStage } from "./stage.ts";

describe("one facility, end to end, on real parts", () => {
  it("lets vehicles in, takes their money, lets them out, and the cloud shows exactly that", async () => {
    const { plan, site, simEvents } = await setStage();
    const wire = listen(plan.mqttUrl);

    await eventually(
      "8 movements, 3 of them out",
      () => edgeRecords(plan).movements,
      (moved) => {
        return moved.length >= 8 && moved.filter(({ direction }) => direction === "out").length >= 3;
      },
      110_000,
    );
    await site.running("sim")?.stop();

    const edge = edgeRecords(plan);
    const cloud = await eventually(
      "the cloud to have it all",
      () => cloudRecords(plan),
      (seen) => {
        return seen.movements.length === edge.movements.length && seen.stays.length === edge.stays.length;
      },
      15_000,
    );
    expect(cloud).toEqual(edge);
    expect(new Set(edge.stays.map(({ ticket }) => ticket)).size).toBe(edge.stays.length);
    expect(edge.movements.every(({ kind }) => kind === "normal")).toBe(true);
    expect(simEvents.filter(({ event }) => event === "arm_hit")).toEqual([]);

    // Who left has paid what the tariff asked, and nobody else has paid.
    const closed = edge.stays.filter(({ status }) => status === "closed");
    expect(sumMinor(edge.payments)).toBeGreaterThan(0);
    for (const stay of closed) {
      const paid = edge.payments.filter(({ stayId }) => stayId === stay.id);
      expect(paid.map(({ amountMinor }) => amountMinor)).toEqual([stay.feeMinor]);
    }

    expect(await movementsCounted(plan.edgeUrl)).toEqual(await movementsCounted(plan.cloudUrl));
    for (const url of [plan.edgeUrl, plan.cloudUrl]) {
      for (const path of ["/healthz", "/readyz"]) {
        expect(await (await fetch(url + path)).json()).toMatchObject({
          status: path === "/readyz" ? "ready" : "ok",
        });
      }
    }

    const heard = await wire.stop();
    expect(heard.some((line) => line.startsWith("parkme/demo/board/entry-board/cmd "))).toBe(true);
    expect(heard.some((line) => line.startsWith("parkme/demo/lane/exit/state "))).toBe(true);
  });
});

/** Listens to everything on the broker with a program nobody here wrote. */
function listen(url: string): { readonly stop: () => Promise<readonly string[]> } {
  const { hostname, port } = new URL(url);
  const child = spawn("mosquitto_sub", ["-h", hostname, "-p", port, "-t", "parkme/#", "-v"]);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  return {
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      return lines;
    },
  };
}

async function movementsCounted(url: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith("parkme_movements_total{"))
    .toSorted();
}
