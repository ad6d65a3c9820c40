import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { createIdMint, type IdMint } from "@parkme/shared/domain/ids";
import type { RemotePayment } from "@parkme/shared/protocol/remote-payments";
import { START_MS } from "../../../edge-agent/store/testing/gate-db.ts";
import { randomOf, type Random } from "../../../edge-agent/store/testing/random-gate.ts";
import type { CloudProgram } from "../../simulation/cloud/cloud-program.ts";
import type { Site } from "../../simulation/cloud/facility-rows.ts";
import type { Headquarters } from "../../simulation/cloud/headquarters.ts";
import { CALM, Network } from "../../simulation/cloud/network.ts";
import type { Place } from "../../simulation/cloud/provide.ts";
import { payInApp } from "./app-payments.ts";
import { EdgeBox, receiptsOf, type Backup, type Running } from "./edge-box.ts";
import { isForkTold } from "./ends.ts";
import { GateDay } from "./gate-day.ts";
import { compareBooks, judgeEnds } from "./judging.ts";
import { compareWithReference, type Happened } from "./reference-gate.ts";
import { Model, type Fact } from "./model.ts";
import { troublesOf, type Troubles } from "./troubles.ts";
import { VirtualTime, type Life } from "../../simulation/time/virtual-time.ts";

type Desk = Pick<Running, "db" | "store" | "clock">;

export type Outcome = {
  readonly seed: number;
  /** What is wrong, in words; nothing, when all is as it must be. */
  readonly problems: readonly string[];
  /** What happened, line by line. */
  readonly trace: readonly string[];
  /** The same for the same history. */
  readonly digest: string;
  readonly troubles: Troubles;
  readonly counts: Network["counts"] & {
    readonly facts: number;
    readonly steps: number;
    readonly fenced: number;
  };
};

export type Stage = {
  readonly headquarters: Headquarters;
  readonly cloud: CloudProgram;
  /** For the files of the gates. */
  readonly folder: string;
  readonly emptyDatabase: Buffer;
};

/** How long a whole network may take until both sides have the same. */
const DRAIN_MS = 4 * 3_600_000;
/** Every so many schedules the gate proves that its books are those of the cloud. */
const COMPARED = 4;
const MAX_STEPS = 50_000;
/** In which a gate has surely asked for what comes down, also after a failure. */
const DOWNLINK_MS = 60_000;
const LONGEST_DOWN_MS = 90_000;
const LONGEST_CUT_MS = 5 * 60_000;

/** One history of a gate and its cloud, and what is wrong with its end. */
export async function runSchedule(stage: Stage, seed: number): Promise<Outcome> {
  return await new Schedule(stage, seed, await stage.headquarters.provide(placeOf(randomUUID()))).run();
}

/** A facility with one gate, that no other schedule has anything to do with. */
function placeOf(facilityId: string): Place {
  const lanes = [
    { name: "entry", direction: "entry" },
    { name: "exit", direction: "exit" },
  ] as const;
  const place = { name: "House", timeZone: "Europe/Berlin", currency: "EUR", capacity: 100 };
  return { facilityId, slug: "house", ...place, lanes };
}

/** Ids and tokens that follow from a seed. */
function mintOf(random: Random): IdMint {
  return createIdMint((length) => Uint8Array.from({ length }, () => random.below(256)));
}

class Schedule {
  private readonly time = new VirtualTime();
  private readonly model = new Model();
  private readonly trace: string[] = [];
  private readonly problems: string[] = [];
  private readonly troubles: Troubles;
  private readonly random: Random;
  private readonly network: Network;
  private readonly edge: EdgeBox;
  private readonly day: GateDay;
  private readonly backups: Backup[] = [];
  private readonly happened: Happened[] = [];
  private readonly copies: number[] = [];
  private apps = 0;
  private steps = 0;
  private isDownlinkTaken = false;
  private fenced = 0;
  private readonly stage: Stage;
  private readonly seed: number;
  private readonly site: Site;

  constructor(stage: Stage, seed: number, site: Site) {
    [this.stage, this.seed, this.site] = [stage, seed, site];
    const { time } = this;
    stage.cloud.serve({ time, startMs: START_MS });
    this.troubles = troublesOf(randomOf(seed));
    this.random = randomOf(seed ^ 0x5eed);
    const note = (line: string): void => {
      this.trace.push(`${(time.nowMs / 1_000).toFixed(3)} ${line}`);
    };
    this.network = new Network(time, randomOf(seed ^ 0x3e7), stage.cloud, note);
    const own = this.ownParts();
    this.day = own.day;
    const { mint, receipts } = own;
    const parts = {
      folder: join(stage.folder, String(seed)),
      time,
      random: randomOf(seed ^ 0xed6e),
      mint,
      receipts,
      ...site,
      fetchOf: (life: Life) => this.network.fetchOf(life),
      book: this.troubles.remotePayments === 0 ? null : this.book,
      note,
    };
    this.edge = new EdgeBox(parts, stage.emptyDatabase);
    this.network.watch = async ({ path }, { status, bytes }) => {
      const forked = path === "/api/edge/log" && status === 409 && bytes.includes('"sync_fork"');
      return forked && !(await isForkTold(stage.headquarters.db, site)) ? ["a fork was told nobody"] : [];
    };
  }

  /** What makes this gate's day the one it is, and the same a second time. */
  private ownParts() {
    const mint = mintOf(randomOf(this.seed ^ 0x1d5));
    return {
      mint,
      receipts: receiptsOf(randomOf(this.seed ^ 0x4ece)),
      day: new GateDay(randomOf(this.seed ^ 0xda7), mint),
    };
  }

  async run(): Promise<Outcome> {
    const { time, network, troubles } = this;
    this.edge.start();
    network.weather = troubles.weather;
    this.plan();
    try {
      await this.until(() => time.nowMs >= troubles.lengthMs, Number.MAX_SAFE_INTEGER);
      await this.becomeWhole();
      this.problems.push(...network.problems, ...(await this.judge()));
    } catch (error) {
      this.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    this.edge.kill();
    return this.outcome();
  }

  private outcome(): Outcome {
    const { seed, problems, trace, troubles, network, model, steps, fenced } = this;
    const digest = createHash("sha256").update(trace.join("\n")).digest("hex");
    const counts = { ...network.counts, facts: model.written, steps, fenced };
    return { seed, problems, trace, digest, troubles, counts };
  }

  /** Everything has its moment before anything happens. */
  private plan(): void {
    const { troubles } = this;
    // So that there is something to put back.
    this.at(troubles.edgeRestores, () => this.backUpEdge());
    this.at(troubles.cloudRestores, () => this.backUpCloud());
    this.at(troubles.acts, () => this.happen());
    this.at(troubles.cuts, () => this.cut());
    this.at(troubles.edgeKills, () => this.killEdge());
    this.at(troubles.cloudKills, () => this.killCloud());
    this.at(troubles.edgeRestores, () => this.restoreEdge(false));
    this.at(troubles.lostDisks, () => this.restoreEdge(true));
    this.at(troubles.cloudRestores, () => this.restoreCloud());
    this.at(troubles.clockJumps, () => this.jumpClock());
    this.at(troubles.remotePayments, () => this.payInApp());
  }

  private at(times: number, work: () => void | Promise<void>): void {
    for (let i = 0; i < times; i += 1) this.time.after(this.random.below(this.troubles.lengthMs), work);
  }

  private note(line: string): void {
    this.trace.push(`${(this.time.nowMs / 1_000).toFixed(3)} ${line}`);
  }

  private happen(): void {
    const { running } = this.edge;
    if (running !== null) this.live(running, null, () => this.day.happen(running));
  }

  private readonly book = (desk: Desk, payment: RemotePayment): void =>
    this.live(desk, payment, () => this.day.book(desk, payment));

  private live({ clock }: Desk, payment: RemotePayment | null, happen: () => readonly Fact[]): void {
    this.happened.push({ wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs(), payment });
    const facts = happen();
    this.model.wrote(facts);
    this.note(`at the gate: ${facts.map(({ kind }) => kind).join(", ")}`);
  }

  /** A driver pays for one of the stays that the cloud knows. */
  private async payInApp(): Promise<void> {
    const { cloud, headquarters } = this.stage;
    this.apps += 1;
    const reference = `app-${this.apps}-${this.site.facilityId}`;
    const money = { reference, amountMinor: 1 + this.random.below(500) };
    if (cloud.generation() === null) return;
    if (await payInApp(headquarters.db, this.site, money, cloud.clock.wallMs()))
      this.note("somebody pays in an app");
  }

  private jumpClock(): void {
    this.edge.offsetMs = this.random.one([-40 * 86_400_000, -3_600_000, 3_600_000, 400 * 86_400_000, 0]);
    this.note(`the gate's clock is off by ${this.edge.offsetMs} ms`);
  }

  private cut(): void {
    this.network.cut = true;
    this.note("the network is cut");
    this.time.after(this.random.below(LONGEST_CUT_MS), () => {
      this.network.cut = false;
    });
  }

  private killEdge(): void {
    this.edge.kill();
    this.time.after(this.random.below(LONGEST_DOWN_MS), () => this.edge.start());
  }

  private killCloud(): void {
    this.stage.cloud.kill();
    this.note("the cloud is killed");
    this.time.after(this.random.below(LONGEST_DOWN_MS), () => this.stage.cloud.start());
  }

  private backUpEdge(): void {
    if (this.edge.running === null) return;
    this.backups.push(this.edge.backUp());
    this.note("the gate is backed up");
  }

  private async backUpCloud(): Promise<void> {
    this.copies.push(await this.stage.headquarters.rows.backUp(this.site));
    this.note("the cloud is backed up");
  }

  private async restoreEdge(isLost: boolean): Promise<void> {
    const { edge, random, stage, site } = this;
    const backup = isLost || this.backups.length === 0 ? null : random.one(this.backups);
    const fate = random.one(["kept", "gone", "as in the backup"] as const);
    edge.kill();
    const had = edge.eventsOnDisk();
    edge.putBack(backup, isLost ? "gone" : fate);
    if (isLost || fate !== "kept") this.model.forgetNumbers();
    const [has, elsewhere] = [edge.eventsOnDisk(), await stage.headquarters.rows.events(site)];
    this.model.diskReplaced({ had, has, elsewhere });
    this.note(`the gate's disk is replaced: ${had.size} events, now ${has.size}; high-water file ${fate}`);
    this.time.after(random.below(LONGEST_DOWN_MS), () => edge.start());
  }

  private async restoreCloud(): Promise<void> {
    const { edge, random, stage, site } = this;
    if (this.copies.length === 0) return;
    const copy = random.one(this.copies);
    const { rows } = stage.headquarters;
    stage.cloud.kill();
    const had = await rows.events(site);
    await rows.putBack(site, copy);
    const has = await rows.events(site);
    this.model.diskReplaced({ had, has, elsewhere: edge.eventsOnDisk() });
    this.note(`the cloud is restored: ${had.size} events, now ${has.size}`);
    this.time.after(random.below(LONGEST_DOWN_MS), () => stage.cloud.start());
  }

  /** From now on nothing goes wrong, until nothing is left to be told. */
  private async becomeWhole(): Promise<void> {
    const { time, network, edge, stage } = this;
    network.weather = CALM;
    const endMs = time.nowMs + DRAIN_MS;
    await this.until(() => edge.running !== null && stage.cloud.generation() !== null && !network.cut, endMs);
    for (;;) {
      await this.until(() => this.isDrained() || this.isShutOut(), endMs);
      if (this.isDrained()) break;
      // Its words are for a person, who starts it again.
      this.note("the gate is shut out, and started again");
      this.fenced += 1;
      time.after(0, () => {
        edge.kill();
        edge.start();
      });
      const lookMs = time.nowMs + LONGEST_DOWN_MS;
      await this.until(() => time.nowMs >= lookMs || this.isDrained(), endMs);
    }
    if (this.troubles.remotePayments > 0 && !this.isDownlinkTaken) {
      this.isDownlinkTaken = true;
      const takenMs = time.nowMs + DOWNLINK_MS;
      await this.until(() => time.nowMs >= takenMs, endMs);
      await this.becomeWhole();
    }
  }

  private isShutOut(): boolean {
    const { running } = this.edge;
    return running !== null && this.network.underWay === 0 && running.store.linkState().fenced !== null;
  }

  private isDrained(): boolean {
    const { running } = this.edge;
    if (running === null || this.network.underWay > 0) return false;
    const { store, uplink } = running;
    return uplink.agreed() && uplink.status().connected && store.uploadCursor() === store.logHead().seq;
  }

  private async until(done: () => boolean, endMs: number): Promise<void> {
    while (!done()) {
      this.steps += 1;
      if (this.time.nowMs > endMs || this.steps > MAX_STEPS) throw new Error("it never comes to rest");
      if (!(await this.time.step())) throw new Error("nothing waits for anything any more");
    }
  }

  private async judge(): Promise<string[]> {
    const { model, fenced, happened, stage, seed } = this;
    const running = this.edge.now();
    const wrong = await judgeEnds(model, { db: stage.headquarters.db, site: this.site, gate: running.db });
    if (model.disasters === 0 && fenced === 0) {
      const path = join(stage.folder, String(seed), "reference.db");
      const { emptyDatabase } = stage;
      wrong.push(...compareWithReference(running.db, { path, emptyDatabase, happened, ...this.ownParts() }));
    }
    if (seed % COMPARED === 0) wrong.push(...(await this.compareBooks()));
    return wrong;
  }

  /** As a gate does every hour. */
  private async compareBooks(): Promise<string[]> {
    const { edge, time, stage, site, model } = this;
    const endMs = time.nowMs + DRAIN_MS;
    const comparing = compareBooks(edge.now());
    await this.until(comparing.isDone, endMs);
    return await comparing.result(stage.headquarters.db, site, model);
  }
}
