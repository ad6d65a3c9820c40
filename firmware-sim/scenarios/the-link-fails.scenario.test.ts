import { setTimeout as passTime } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../traffic/random.ts";
import { cloudBooks, edgeBooks } from "./books.ts";
import {
  cloudChecks,
  cloudEvents,
  cloudForks,
  cloudHead,
  cloudIncidents,
  edgeLog,
  followChain,
} from "./chain.ts";
import { startDeskWork, type DeskWork } from "./desk-work.ts";
import { edgeLink } from "./records.ts";
import { eventually, setStage, type Stage } from "./stage.ts";
import { openWire, type Wire } from "./wire.ts";

/** The link between gate and cloud fails in every way, again and again, while vehicles come and go. */

const ROUNDS = Number(process.env["PARKME_LINK_ROUNDS"] ?? 20);
const SEED = process.env["PARKME_SEED"] ?? "link";
/** Of a machine that is busy with other things. */
const LONG_MS = 120_000;
const ROUND_MS = 60_000;

type Scene = Stage & { readonly wire: Wire; readonly random: Random; readonly desk: DeskWork };
/** What goes wrong; returns how it is put right. */
type Fault = (scene: Scene) => Promise<() => Promise<void>>;

/** A fault of the wire, and for how long it lasts at least. */
function wireFault(strike: (scene: Scene) => void, mend: (wire: Wire) => void): Fault {
  return async (scene) => {
    strike(scene);
    await passTime(1_000 + scene.random.int(1_000));
    return async () => mend(scene.wire);
  };
}

const whole = (wire: Wire): void => wire.become("whole");

const FAULTS: Readonly<Record<string, Fault>> = {
  cut: wireFault(({ wire }) => wire.become("cut"), whole),
  stalled: wireFault(({ wire }) => wire.become("stalled"), whole),
  "half open": wireFault(({ wire }) => wire.become("half_open"), whole),
  slow: wireFault(
    ({ wire, random }) => wire.slow(2_000 + random.int(18_000)),
    (wire) => wire.slow(null),
  ),
  late: wireFault(
    ({ wire, random }) => wire.delay(100 + random.int(900)),
    (wire) => wire.delay(0),
  ),
  corrupt: wireFault(
    ({ wire, random }) => wire.corrupt(100 + random.int(1_900)),
    (wire) => wire.corrupt(null),
  ),
  "hung up": async ({ wire, random }) => {
    for (let times = 5 + random.int(15); times > 0; times--) {
      wire.hangUp();
      await passTime(random.int(200));
    }
    return async () => undefined;
  },
  "edge killed": async ({ site }) => {
    await site.running("edge")?.kill();
    await site.start("edge");
    return async () => undefined;
  },
  "cloud killed": async ({ site }) => {
    await site.running("cloud")?.kill();
    return async () => void (await site.start("cloud"));
  },
  "both killed": async ({ site }) => {
    await Promise.all([site.running("edge")?.kill(), site.running("cloud")?.kill()]);
    await site.start("edge");
    return async () => void (await site.start("cloud"));
  },
};

describe("the link between gate and cloud fails in every way", () => {
  it(
    "and vehicles are served all the while, and in the end both have the same, row by row, each event once",
    { timeout: LONG_MS + ROUNDS * ROUND_MS },
    async () => {
      const scene = await setScene();
      const faults = drawFaults(scene.random);
      for (const [round, name] of faults.entries()) await suffer(scene, round + 1, name);

      await scene.desk.stop();
      await scene.site.running("sim")?.stop();
      await compareOnceMore(scene);
      await expectTheSame(scene);
      if (faults.includes("corrupt")) expectDamageToBeSeen(scene);
    },
  );
});

const dataOf = ({ plan }: Pick<Stage, "plan">): string => `${plan.folder}/edge`;

async function setScene(): Promise<Scene> {
  const random = createRandom(SEED);
  const wires: Wire[] = [];
  const stage = await setStage({
    seed: SEED,
    arrivalsPerHour: 1_800,
    meanStayMinutes: 0.2,
    cloudThrough: async (port) => {
      const wire = await openWire(port, random.fork("wire").next);
      wires.push(wire);
      return wire.url;
    },
  });
  const [wire] = wires;
  if (wire === undefined) throw new Error("there is no wire");
  const desk = startDeskWork(stage.plan, random.fork("desk"));
  const scene = { ...stage, wire, random, desk };
  await eventually(
    "the first movements",
    () => movementsOf(scene),
    (n) => n >= 2,
    LONG_MS,
  );
  return scene;
}

/** Every fault as often as the others, in an order of its own. */
function drawFaults(random: Random): string[] {
  const drawn: string[] = [];
  while (drawn.length < ROUNDS) {
    const left = Object.keys(FAULTS);
    while (left.length > 0) drawn.push(...left.splice(random.int(left.length), 1));
  }
  return drawn.slice(0, ROUNDS);
}

const movementsOf = (scene: Stage): number => edgeBooks(dataOf(scene)).movements.length;

/** One round: while something is wrong, everybody is served; when it is put right, the cloud gets what waits. */
async function suffer(scene: Scene, round: number, name: string): Promise<void> {
  const fault = FAULTS[name];
  if (fault === undefined) throw new Error(`no fault ${name}`);
  const served = (): readonly number[] => [movementsOf(scene), scene.desk.served()];
  const before = served();
  const mend = await fault(scene);
  await eventually(
    `a movement and a payment at the desk in round ${round}, ${name}`,
    served,
    (now) => now.every((count, index) => count > (before[index] ?? 0)),
    ROUND_MS,
  );
  await mend();
  const { head } = edgeLink(dataOf(scene));
  await eventually(
    `the cloud to have what round ${round} left, ${name}`,
    () => edgeLink(dataOf(scene)),
    ({ committed }) => committed >= head,
    ROUND_MS,
  );
}

/**
 * A gate that has just started compares its books. Then it is killed: nothing is written any more, and nothing waits.
 */
async function compareOnceMore({ site, plan }: Scene): Promise<void> {
  const data = dataOf({ plan });
  await site.running("edge")?.kill();
  do {
    const { head } = edgeLink(data);
    await site.start("edge");
    await eventually(
      "the books to be compared",
      async () => ({ link: edgeLink(data), checks: await cloudChecks(plan) }),
      ({ link, checks }) => link.waiting === 0 && checks.some(({ seq }) => seq > head),
      LONG_MS,
    );
    await site.running("edge")?.kill();
  } while (edgeLink(data).waiting > 0);
}

async function expectTheSame(scene: Scene): Promise<void> {
  const { plan } = scene;
  const edge = edgeBooks(dataOf(scene));
  expect(await cloudBooks(plan)).toEqual(edge);
  for (const rows of [edge.stays, edge.movements, edge.payments, edge.ledger, edge.receipts])
    expect(rows.length).toBeGreaterThan(ROUNDS);

  // Each event once, in the order and with the hashes of the gate's log; and the bytes that are kept make up its chain.
  const log = edgeLog(dataOf(scene));
  const events = await cloudEvents(plan);
  expect(events.filter(({ outcome }) => outcome !== "applied")).toEqual([]);
  expect(events.map(({ outcome: _outcome, ...event }) => event)).toEqual(log);
  expect(await followChain(plan)).toEqual(log);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_event, index) => index + 1));
  expect(new Set(log.map(({ eventId }) => eventId)).size).toBe(log.length);
  expect(new Set(log.map(({ epoch }) => epoch))).toEqual(new Set([1]));
  const { seq, epoch, hash } = log.at(-1) ?? { seq: 0, epoch: 0, hash: "" };
  expect(await cloudHead(plan)).toEqual({ seq, epoch, hash });

  expect((await cloudChecks(plan)).filter(({ equal }) => !equal)).toEqual([]);
  expect(await cloudForks(plan)).toEqual([]);
  // What a program that was killed had sent may come after its successor.
  expect((await cloudIncidents(plan)).filter(({ kind }) => kind !== "fenced")).toEqual([]);
}

/** Bytes were damaged, and each side saw it: in the bytes of HTTP, or by a digest. */
function expectDamageToBeSeen({ wire, edgeNotes }: Scene): void {
  expect(wire.damaged()).toBeGreaterThan(0);
  const reasons = edgeNotes.map(({ reason }) => String(reason));
  expect(reasons.filter((reason) => DAMAGE.test(reason)).length).toBeGreaterThan(0);
}

/** Why a request failed, in the words of the gate's log. */
const DAMAGE =
  /status 4\d\d|HTTP\/1\.1 protocol|damaged on its way|did not arrive as it was sent|not an answer/;
