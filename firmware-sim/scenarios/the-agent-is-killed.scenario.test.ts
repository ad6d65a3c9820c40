import { connectAsync } from "mqtt";
import { describe, expect, it } from "vitest";
import { edgeRecords, writtenCommands } from "./records.ts";
import { eventually, setStage } from "./stage.ts";

const ROUNDS = 3;
/** Long enough for a restarted agent to prove its inputs, and to move an arm if it were going to. */
const SETTLE_MS = 2_500;

describe("kill -9 of the edge agent in mid-traffic", () => {
  it("loses no stay, doubles none, and moves no arm by itself", async () => {
    const { plan, site, simEvents } = await setStage({ seed: "killed", meanStayMinutes: 0.5 });
    const commands = await hearCommands(plan.mqttUrl);
    for (let round = 1; round <= ROUNDS; round++) {
      const before = edgeRecords(plan).movements.length;
      await eventually(
        `traffic before kill ${round}`,
        () => edgeRecords(plan).movements.length,
        (n) => n >= before + 2,
        60_000,
      );
      const killed = site.running("edge");
      const quiet = commands.heard.length;
      await killed?.kill();
      const acknowledged = edgeRecords(plan);
      expect(commands.heard.length, "a dead agent commands nothing").toBeLessThanOrEqual(quiet + 1);
      await site.start("edge");
      const now = edgeRecords(plan);
      expect(now.stays.map(({ id }) => id)).toEqual(
        expect.arrayContaining(acknowledged.stays.map(({ id }) => id)),
      );
    }
    await new Promise((done) => setTimeout(done, SETTLE_MS));
    const settled = edgeRecords(plan).movements.length;
    await eventually(
      "traffic goes on",
      () => edgeRecords(plan).movements.length,
      (n) => n >= settled + 3,
      90_000,
    );
    await site.running("sim")?.stop();
    await commands.stop();

    const edge = edgeRecords(plan);
    expect(simEvents.filter(({ event }) => event === "arm_hit")).toEqual([]);
    // Every body that came in has one stay, and no plate is inside twice.
    const inside = edge.stays.filter(({ status }) => status === "open" || status === "provisional");
    const plates = inside.flatMap(({ plate }) => (plate === null ? [] : [plate]));
    expect(new Set(plates).size).toBe(plates.length);
    // Whoever drove through an open arm while nobody was listening has a stay without a plate.
    const unread = inside.length - plates.length;
    const missing = [...platesInside(simEvents)].filter((plate) => !plates.includes(plate));
    expect(missing.length, `inside, but without a stay: ${missing.join(", ")}`).toBeLessThanOrEqual(unread);
    // No arm moved without a reason that was on the disk first.
    const heard = commands.heard.map(({ id }) => id);
    expect(new Set(heard).size).toBe(heard.length);
    const written = writtenCommands(plan);
    expect(heard.filter((id) => !written.has(id))).toEqual([]);
  });
});

/** Plates that came in and did not go out, by the simulator's count of bodies. */
function platesInside(events: readonly Readonly<Record<string, unknown>>[]): Set<string> {
  const inside = new Set<string>();
  for (const { event, direction, plate } of events) {
    if (event !== "movement" || typeof plate !== "string") continue;
    if (direction === "in") inside.add(plate);
    else inside.delete(plate);
  }
  return inside;
}

async function hearCommands(url: string) {
  const heard: { readonly id: string; readonly action: string }[] = [];
  const client = await connectAsync(url);
  client.on("message", (_topic, payload, packet) => {
    if (packet.retain) throw new Error("a command was retained");
    heard.push(JSON.parse(payload.toString()) as { id: string; action: string });
  });
  await client.subscribeAsync("parkme/demo/board/+/cmd", { qos: 1 });
  return { heard, stop: () => client.endAsync() };
}
