import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { shiftReportSchema } from "@parkme/shared/protocol/kiosk-desk";
import { freePort } from "../site/ports.ts";
import { createRandom } from "../traffic/random.ts";
import { type Books, cloudBooks, edgeBooks, missing } from "./books.ts";
import {
  cloudChecks,
  cloudEvents,
  cloudForks,
  cloudHead,
  cloudIncidents,
  edgeLog,
  followChain,
} from "./chain.ts";
import { copyFolder, copyGate, putGateBack } from "./copies.ts";
import { startDeskWork } from "./desk-work.ts";
import { adminCommand, edgeCommand } from "./edge-command.ts";
import { layOutGround, layOutPaper, openLot, type Lot, type LotOptions, type LotPaper } from "./lot.ts";
import { paperOf } from "./paper.ts";
import { edgeLink } from "./records.ts";
import { eventually } from "./stage.ts";
import { startPaidCloud, type PaidCloud } from "./webhooks.ts";
import { openWire, type Wire } from "./wire.ts";

/** Old copies are put back, at the gate, in the cloud, and at both: what either knew is there again, once. */

const TARIFF = { id: "flat", version: 1, document: { flat: { price: 5 } } };
const FEE = 500;
const LONG_MS = 120_000;
const SLOWLY = { timeout: 600_000 };

type Scene = {
  readonly lot: Lot;
  readonly paper: LotPaper;
  readonly cloud: PaidCloud;
  readonly wire: Wire;
  /** The data folders. */
  readonly gate: string;
  readonly headquarters: string;
};

describe("an old copy of the gate's database is put back", SLOWLY, () => {
  it("and the gate gets all the rest from the cloud, and gives no number twice, though it begins alone", async () => {
    const scene = await setScene();
    const { lot, wire, gate } = scene;
    await lot.comeIn("HHA101");
    await lot.comeIn("HHB202");
    const copy = join(lot.hardware.folder, "copy.db");
    await serve(scene, 6, () => copyGate(gate, copy));

    // What the copy does not know: who left, who came, money from a cashier and from the cloud, a Z report.
    await lot.payAndLeave(await lot.askedAtExit("HHB202"));
    await lot.comeIn("HHC303");
    const paidElsewhere = stayOf(lot, "HHA101");
    await capture(scene, "pay_before", paidElsewhere);
    await serve(scene, 12);
    await closeShift(lot);
    const known = await untilTheSame(scene);
    const head = edgeLink(gate).head;
    // And what nobody will know again.
    wire.become("cut");
    await serve(scene, 3);
    await lot.agent().kill();
    const lost = edgeBooks(gate);
    expect(lost.receipts.length).toBeGreaterThan(known.receipts.length);

    putGateBack(gate, copy);
    await lot.start();
    expect(edgeBooks(gate).stays.length).toBeLessThan(known.stays.length);
    await lot.comeIn("HHD404");
    await serve(scene, 3);
    const alone = edgeBooks(gate);
    wire.become("whole");
    const books = await untilTheSame(scene, head);

    expect(missing(known, books)).toEqual([]);
    expect(missing({ ...alone, shifts: [] }, books, "by id")).toEqual([]);
    expectNumbersOnce(lost, books);
    expect(edgeLink(gate)).toMatchObject({ epoch: 2, restoring: false });
    expectRestoredAlarmToBeOver(lot);
    expect(await incidentKinds(scene)).toEqual(["edge_restored"]);
    expect(books.payments.filter(({ stay_id }) => stay_id === paidElsewhere)).toMatchObject([
      { method: "upi", amount_minor: FEE },
    ]);
    // Who came in after the copy leaves by paying, who has paid elsewhere leaves, and who had left is not inside.
    await lot.payAndLeave(await lot.askedAtExit("HHC303"));
    await leavePaid(lot, "HHA101");
    expect(
      lot.rows(
        "select plate from stays where status = 'open' and plate in ('HHA101', 'HHB202', 'HHC303', 'HHD404')",
      ),
    ).toEqual([{ plate: "HHD404" }]);
    await untilTheSame(scene);
    await expectOneChain(scene);
  });
});

describe("a box is replaced by a new one", SLOWLY, () => {
  it("and the new one knows who is inside and their tickets, while the former one is told that it is over, and serves on", async () => {
    const scene = await setScene({ enrols: true });
    const { lot, gate } = scene;
    await enrol(scene, "first");
    await lot.comeIn("HHP101");
    await lot.comeIn("HHQ202");
    const { code } = await paperOf(scene.paper.printer, 2);
    await serve(scene, 6);
    await closeShift(lot);
    const known = await untilTheSame(scene);
    const head = edgeLink(gate).head;
    await lot.agent().kill();

    const formerFolder = join(lot.hardware.folder, "former");
    renameSync(gate, formerFolder);
    await enrol(scene, "second");
    await lot.start();
    const books = await untilTheSame(scene, head);
    expect(missing(known, books)).toEqual([]);
    expect(edgeLink(gate)).toMatchObject({ epoch: 2, restoring: false });
    expectRestoredAlarmToBeOver(lot);

    const former = await startFormer(scene, formerFolder);
    await lot.payAndLeave(await lot.askedAtExit("HHP101"));
    await leaveByTicket(scene, code);
    await serve(scene, 3);
    await former.isShutOutAndServes();
    const after = await untilTheSame(scene);
    expectNumbersOnce(known, after);
    expect(await incidentKinds(scene)).toEqual(["edge_restored", "replaced"]);
    await expectOneChain(scene);
  });
});

describe("the cloud is put back to an earlier day", SLOWLY, () => {
  it("and gets again what it has lost, and what it tells the gate after that is taken", async () => {
    const scene = await setScene();
    const { lot, cloud, gate, headquarters } = scene;
    await lot.comeIn("HHR101");
    await lot.comeIn("HHS202");
    await serve(scene, 6);
    await untilTheSame(scene);
    await cloud.program.stop();
    const then = join(lot.hardware.folder, "cloud-then");
    await copyFolder(headquarters, then);
    const second = await cloud.start();
    const [r, s] = [stayOf(lot, "HHR101"), stayOf(lot, "HHS202")];
    await capture(scene, "pay_r", r);
    await lot.comeIn("HHT303");
    await serve(scene, 12);
    await closeShift(lot);
    const known = await untilTheSame(scene);
    const head = edgeLink(gate).head;

    await second.stop();
    await copyFolder(then, headquarters);
    await cloud.start();
    expect((await cloudBooks(lot.plan)).stays.length).toBeLessThan(known.stays.length);
    await serve(scene, 3);
    const books = await untilTheSame(scene, head);
    expect(missing(known, books)).toEqual([]);
    expect(edgeLink(gate).epoch).toBe(1);
    expect(await incidentKinds(scene)).toContain("cloud_restored");

    // The provider tells again of what the cloud has forgotten, and of another payment.
    await capture(scene, "pay_r", r);
    await capture(scene, "pay_s", s);
    await leavePaid(lot, "HHR101");
    await leavePaid(lot, "HHS202");
    const { payments } = await untilTheSame(scene);
    for (const stayId of [r, s])
      expect(payments.filter(({ stay_id }) => stay_id === stayId)).toMatchObject([{ amount_minor: FEE }]);
    // The gate had taken an item of the downlink that the cloud has forgotten.
    expect(await incidentKinds(scene)).toEqual(["cloud_restored", "downlink_fork"]);
    await expectOneChain(scene);
  });
});

describe("gate and cloud are both put back, each to another day", SLOWLY, () => {
  it("and both end with what either of the copies knew, and with what was new since", async () => {
    const scene = await setScene();
    const { lot, cloud, wire, gate, headquarters } = scene;
    const copy = join(lot.hardware.folder, "copy.db");
    await lot.comeIn("HHU101");
    await serve(scene, 4, () => copyGate(gate, copy));
    await lot.comeIn("HHV202");
    const v = stayOf(lot, "HHV202");
    await capture(scene, "pay_v", v);
    await serve(scene, 6);
    const known = await untilTheSame(scene);
    const head = (await cloudHead(lot.plan))?.seq ?? 0;
    await cloud.program.stop();
    const then = join(lot.hardware.folder, "cloud-then");
    await copyFolder(headquarters, then);
    const second = await cloud.start();
    // A day that neither of the copies knows.
    await lot.comeIn("HHW303");
    await serve(scene, 6);
    await closeShift(lot);
    await untilTheSame(scene);
    await Promise.all([lot.agent().kill(), second.stop()]);
    const lost = edgeBooks(gate);

    putGateBack(gate, copy);
    await copyFolder(then, headquarters);
    wire.become("cut");
    await lot.start();
    await lot.comeIn("HHX404");
    await serve(scene, 3);
    await cloud.start();
    wire.become("whole");
    const books = await untilTheSame(scene, head);
    expect(missing(known, books)).toEqual([]);
    expectNumbersOnce(lost, books);
    expect(edgeLink(gate)).toMatchObject({ epoch: 2, restoring: false });
    expectRestoredAlarmToBeOver(lot);
    await leavePaid(lot, "HHV202");
    expect(stayOf(lot, "HHX404")).not.toBe("");
    await capture(scene, "pay_x", stayOf(lot, "HHX404"));
    await leavePaid(lot, "HHX404");
    const { payments } = await untilTheSame(scene);
    expect(payments.filter(({ stay_id }) => stay_id === v)).toHaveLength(1);
    await expectOneChain(scene);
  });
});

async function setScene(options: Partial<LotOptions> = {}): Promise<Scene> {
  const ground = await layOutGround();
  const cloud = await startPaidCloud(ground.hardware, ground.plan);
  const wire = await openWire(cloud.port);
  const paper = await layOutPaper(ground);
  const lot = await openLot(ground, { tariff: TARIFF, cloudUrl: wire.url, paper, capacity: 100, ...options });
  const { folder } = ground.hardware;
  return { lot, paper, cloud, wire, gate: join(folder, "edge"), headquarters: join(folder, "cloud") };
}

/** Customers at the desk, and something that is done while they are served. */
async function serve({ lot }: Scene, customers: number, meanwhile?: () => Promise<void>): Promise<void> {
  await serveAt(lot.plan, customers, meanwhile);
}

async function serveAt(
  plan: Parameters<typeof startDeskWork>[0],
  customers: number,
  meanwhile?: () => Promise<void>,
): Promise<void> {
  const desk = startDeskWork(plan, createRandom(randomUUID()), 0);
  await meanwhile?.();
  await eventually("customers to be served", desk.served, (served) => served >= customers, LONG_MS);
  await desk.stop();
}

async function closeShift(lot: Lot): Promise<void> {
  await lot.post("/api/shift/close", { counted_minor: 12_345 }, shiftReportSchema);
}

/** The stay of a plate that is inside. */
function stayOf(lot: Lot, plate: string): string {
  const [stay] = lot.rows<{ id: string }>(
    `select id from stays where plate = '${plate}' and status = 'open'`,
  );
  if (stay === undefined) throw new Error(`${plate} is not inside`);
  return stay.id;
}

/** A driver pays in an app, and the gate hears of it. */
async function capture({ cloud, lot }: Scene, paymentId: string, stayId: string): Promise<void> {
  const event = { eventId: `evt_${paymentId}`, kind: "payment.captured", paymentId, stayId } as const;
  expect(await cloud.tell({ ...event, amountMinor: FEE })).toMatchObject({ status: 200, outcome: "applied" });
  await eventually(
    `the gate to hear of ${paymentId}`,
    () => lot.rows(`select id from payments where stay_id = '${stayId}'`).length,
    (payments) => payments > 0,
    LONG_MS,
  );
}

/** Whoever has paid is let out. */
async function leavePaid(lot: Lot, plate: string): Promise<void> {
  await lot.exit.approach();
  await lot.exit.read(plate);
  await lot.exit.pass();
}

/** A driver shows the ticket, and pays. */
async function leaveByTicket({ lot, paper }: Scene, code: string): Promise<void> {
  await lot.exit.approach();
  await paper.scanner.do(`bytes ${Buffer.from(`${code}\r`, "latin1").toString("hex")}`);
  const { stay } = await lot.exit.until("a fee", ({ stay: seen }) => (seen?.fee ?? null) !== null);
  await lot.payAndLeave({
    stayId: stay?.stay_id ?? "",
    amountMinor: stay?.fee?.amount_minor ?? 0,
    trace: [],
  });
}

/** Makes this box the facility's edge. */
async function enrol({ lot, wire, headquarters }: Scene, name: string): Promise<void> {
  const { code } = JSON.parse(
    await adminCommand(headquarters, "enrol", lot.plan.facility.slug, "--json"),
  ) as {
    readonly code: string;
  };
  await edgeCommand(
    "enroll",
    wire.url,
    code,
    "--name",
    name,
    "--config",
    join(lot.hardware.folder, "edge.yaml"),
  );
}

/** The box that was replaced is started again somewhere else, without lanes: they are another's now. */
async function startFormer({ lot }: Scene, dataFolder: string) {
  const { folder } = lot.hardware;
  const port = await freePort();
  const config = JSON.parse(readFileSync(join(folder, "edge.yaml"), "utf8")) as object;
  const file = join(folder, "former.yaml");
  const elsewhere = {
    data_dir: dataFolder,
    http: { host: "127.0.0.1", port },
    mqtt: { url: "mqtt://127.0.0.1:1" },
  };
  writeFileSync(file, JSON.stringify({ ...config, ...elsewhere }));
  await lot.hardware.program("former", "edge-agent/main.mjs", { PARKME_CONFIG: file });
  return {
    isShutOutAndServes: async () => {
      const before = edgeBooks(dataFolder).payments.length;
      await serveAt({ ...lot.plan, edgeUrl: `http://127.0.0.1:${port}` }, 3);
      expect(edgeBooks(dataFolder).payments.length).toBeGreaterThan(before);
      await eventually(
        "the former box to know that it is shut out",
        () => lot.rows("select ended_at from alarms where kind = 'cloud_fenced'", dataFolder),
        (alarms) => isDeepStrictEqual(alarms, [{ ended_at: null }]),
        LONG_MS,
      );
    },
  };
}

/**
 * Waits until gate and cloud have the same rows and nothing is under way; with `behind`, also until the two have
 * compared their books behind that place of the log, and found them equal.
 */
async function untilTheSame({ lot, gate }: Scene, behind?: number): Promise<Books> {
  const look = async () => ({
    link: edgeLink(gate),
    edge: edgeBooks(gate),
    cloud: await cloudBooks(lot.plan),
    checks: await cloudChecks(lot.plan),
  });
  const { edge } = await eventually(
    "the same books on both sides",
    look,
    ({ link, edge: ours, cloud: theirs, checks }) =>
      link.waiting === 0 &&
      !link.restoring &&
      isDeepStrictEqual(ours, theirs) &&
      checks.every(({ equal }) => equal) &&
      (behind === undefined || checks.some(({ seq }) => seq > behind)),
    LONG_MS,
  ).catch(async () => {
    const { link, edge: ours, cloud: theirs, checks } = await look();
    expect(theirs).toEqual(ours);
    throw new Error(`not agreed: ${JSON.stringify({ link, checks, behind })}`);
  });
  return edge;
}

/** No receipt and no Z report has the number of another, also of those that are lost. */
function expectNumbersOnce(lost: Books, books: Books): void {
  const numbered = ({ receipts, shifts }: Books) => [
    ...receipts.map(({ number, hash }) => [`receipt ${number}`, hash] as const),
    ...shifts.flatMap(({ z_number: z, shift_id: id }) => (z === null ? [] : [[`Z ${z}`, id] as const])),
  ];
  const before = new Map(numbered(lost));
  const twice = numbered(books).filter(([number, what]) => (before.get(number) ?? what) !== what);
  expect(twice).toEqual([]);
  expect(new Set(numbered(books).map(([number]) => number)).size).toBe(numbered(books).length);
}

function expectRestoredAlarmToBeOver(lot: Lot): void {
  const alarms = lot.rows("select ended_at is not null as over from alarms where kind = 'restored'");
  expect(alarms.length).toBeGreaterThan(0);
  expect(alarms.filter((alarm) => !isDeepStrictEqual(alarm, { over: 1 }))).toEqual([]);
}

async function incidentKinds({ lot }: Scene): Promise<readonly string[]> {
  return [...new Set((await cloudIncidents(lot.plan)).map(({ kind }) => kind))].toSorted();
}

/** The cloud's log is the gate's, over all histories: every event once, in one chain, none in quarantine. */
async function expectOneChain({ lot, gate }: Scene): Promise<void> {
  const chain = await followChain(lot.plan);
  const events = await cloudEvents(lot.plan);
  expect(events.filter(({ outcome }) => outcome !== "applied")).toEqual([]);
  expect(events.map(({ outcome: _outcome, ...event }) => event)).toEqual(chain);
  expect(new Set(chain.map(({ eventId }) => eventId)).size).toBe(chain.length);
  expect(edgeLog(gate).slice(0, chain.length)).toEqual(chain);
  expect(await cloudForks(lot.plan)).toEqual([]);
}
