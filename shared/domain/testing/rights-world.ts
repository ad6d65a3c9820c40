import { slotOf, slotsOf, SLOT_MS } from "../capacity-rights.ts";
import { isOversold, NO_RIGHTS } from "../capacity-rights-cloud.ts";
import { blockedOf, type RightsPolicy } from "../capacity-rights-edge.ts";
import { TestCloud, type CloudBackup, type Hello } from "./rights-cloud.ts";
import { TestEdge, type EdgeBackup } from "./rights-edge.ts";
import { slotKey, type Item, type TestPlace } from "./rights-log.ts";
import { RightsModel } from "./rights-model.ts";

/** Numbers from 0 to below 1, always the same ones for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const START_MS = Date.UTC(2026, 2, 1, 8);
const SPACES = { standard: 20, deck: 8 } as const;
const MINUTE = 60_000;

/** One edge, one cloud, a link that loses, doubles, reorders and delays, and a life of accidents. */
export class RightsWorld {
  readonly model: RightsModel;
  readonly edge: TestEdge;
  readonly cloud = new TestCloud();
  /** How often each thing happened. */
  readonly counts = new Map<string, number>();
  private nowMs = START_MS;
  private up = true;
  /** No more accidents. */
  private calm = false;
  private serial = 0;
  /** On the wire, in the order of sending. */
  private wire: (() => void)[] = [];
  private edgeBackups: EdgeBackup[] = [];
  private cloudBackups: CloudBackup[] = [];
  /** The edge was restored and has not heard of it. */
  private edgeBlind = false;
  /** The cloud was restored and has not heard from the edge what it did since. */
  private cloudBlind = false;
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
    const policy: RightsPolicy = {
      reservePercent: this.pick([0, 10, 25]),
      insideHours: this.pick([0, 2, 8]),
      bufferPercent: this.pick([0, 0, 10]),
    };
    this.edge = new TestEdge(SPACES, policy);
    const usable = (place: TestPlace) => SPACES[place] - blockedOf(SPACES[place], policy);
    this.model = new RightsModel({ all: usable("standard"), deck: usable("deck") });
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.step();
    this.settle();
  }

  /** The link is back and nothing is in its way: everything that was said is heard. */
  settle(): void {
    [this.up, this.calm] = [true, true];
    this.deliverAll();
    this.edge.restart();
    for (let round = 0; round < 20; round++) this.talk();
    this.checkBooks();
  }

  private step(): void {
    const chance = this.random();
    if (chance < 0.2) return this.admit();
    if (chance < 0.29) return this.exit();
    if (chance < 0.43) return this.sell();
    if (chance < 0.47) return this.release();
    if (chance < 0.55) return this.upload();
    if (chance < 0.63) return this.pull();
    if (chance < 0.78) return this.deliver();
    if (chance < 0.84) return this.talk();
    if (chance < 0.9) return this.pass();
    if (chance < 0.94) return this.count("wanted", () => this.edge.want(`w${this.serial++}`, this.nowMs));
    if (chance < 0.96) return this.cutOrMend();
    if (chance < 0.985) return this.backUp();
    return this.accident();
  }

  /** For once all goes well. */
  private talk(): void {
    if (!this.up) return;
    for (let round = 0; round < 3; round++) {
      this.upload(1);
      this.deliverAll();
      this.pull(1);
      this.deliverAll();
    }
  }

  private admit(): void {
    const vehicle = this.serial++;
    const place = this.pick<TestPlace>(["standard", "standard", "deck"]);
    if (!this.edge.admit(vehicle, place, this.nowMs)) return this.count("turned away");
    this.count("admitted");
    this.model.admitted(vehicle, place === "deck", this.nowMs, this.edgeBlind);
  }

  private exit(): void {
    const vehicle = this.pick([...this.edge.inside.keys()]);
    if (vehicle === undefined) return;
    this.edge.exit(vehicle);
    this.model.left(vehicle);
  }

  private sell(): void {
    const id = `s${this.serial++}`;
    const fromMs = slotOf(this.nowMs) + SLOT_MS * this.below(4);
    const untilMs = fromMs + SLOT_MS * (1 + this.below(3));
    const sale = { id, class: this.pick(["standard", "deck"]), fromMs, untilMs, amount: 1 + this.below(4) };
    if (this.cloud.sell(sale)) {
      this.count("sold");
      this.model.sold(id, { ...sale, deck: sale.class === "deck" }, this.nowMs, this.cloudBlind);
    } else {
      const amount = sale.amount + this.below(6);
      this.cloud.ask(
        { ...sale, id: `r${this.serial++}`, amount },
        this.nowMs + this.pick([5, 60, 600]) * MINUTE,
      );
    }
  }

  private release(): void {
    const id = this.pick([...this.cloud.sales.keys()]);
    if (id === undefined) return;
    this.cloud.release(id);
    this.model.released(id);
  }

  /** The edge says hello, or sends what the cloud has not. */
  private upload(luck = this.random()): void {
    const { boot } = this.edge;
    if (!this.edge.agreed) {
      const [log, downlink] = [[...this.edge.log], this.edge.downlink];
      return this.send(luck, () => {
        const hello = this.cloud.hello(log, downlink, boot);
        this.send(luck, () => this.hear(hello, boot));
      });
    }
    const first = this.edge.acked;
    const lines = this.edge.log.slice(first, first + 1 + this.below(20));
    this.send(luck, () => {
      const answer = this.cloud.batch(lines, first, boot, this.nowMs);
      this.hearEnd();
      this.send(luck, () => {
        if (boot !== this.edge.boot) return;
        if (typeof answer === "number")
          this.edge.acked = Math.max(this.edge.acked, Math.min(answer, this.edge.log.length));
        else this.edge.agreed = false;
      });
    });
  }

  private hear({ common, missing, cursor }: Hello, boot: number): void {
    if (boot !== this.edge.boot || this.edge.agreed) return;
    if (missing.length > 0) this.count("adopted", () => this.edge.adopt(common, missing));
    this.edge.acked = cursor;
    this.edge.agreed = true;
    this.edgeBlind = false;
    this.model.forgotten(this.model.ids().filter((id) => !this.edge.inside.has(id)));
  }

  /** Once the restored cloud has every line of the edge, it knows what it had forgotten. */
  private hearEnd(): void {
    const [mine, its] = [this.edge.log, this.cloud.archive];
    if (!this.edgeBlind && mine.length === its.length && mine.at(-1) === its.at(-1)) this.cloudBlind = false;
  }

  private pull(luck = this.random()): void {
    const { boot } = this.edge;
    const after = Math.max(0, this.edge.downlink - (this.random() < 0.1 ? 3 : 0));
    this.send(luck, () => {
      const items = this.cloud.itemsAfter(after);
      this.send(luck, () => {
        if (boot === this.edge.boot) this.takeItems(items);
      });
    });
  }

  private takeItems(items: readonly (readonly [number, Item])[]): void {
    for (const [seq, item] of items) {
      if (!this.edge.take(item, this.nowMs)) return;
      this.count(item.kind);
      this.edge.moveDownlink(Math.max(seq, this.edge.downlink));
      // Killed between the item and the next.
      if (!this.calm && this.random() < 0.02) return this.edge.restart();
    }
  }

  private pass(): void {
    const long = this.random() < 0.08;
    this.nowMs += long ? SLOT_MS * this.below(8) : MINUTE * this.below(50);
  }

  private cutOrMend(): void {
    this.up = !this.up;
    if (!this.up && this.random() < 0.5) this.wire = [];
  }

  private backUp(): void {
    if (this.random() < 0.5) this.edgeBackups.push(this.edge.backup());
    else this.cloudBackups.push(this.cloud.backup());
  }

  private accident(): void {
    const chance = this.random();
    if (chance < 0.4) return this.count("edge killed", () => this.edge.restart());
    if (chance < 0.7) {
      const backup = this.pick(this.edgeBackups);
      if (backup === undefined) return;
      this.count("edge restored", () => this.edge.restart(backup));
      this.edgeBackups = this.edgeBackups.slice(0, this.edgeBackups.indexOf(backup) + 1);
      this.edgeBlind = true;
      return;
    }
    const backup = this.pick(this.cloudBackups);
    if (backup === undefined) return;
    this.count("cloud restored", () => this.cloud.restore(backup));
    this.cloudBackups = this.cloudBackups.slice(0, this.cloudBackups.indexOf(backup) + 1);
    this.wire = [];
    this.edge.agreed = false;
    this.cloudBlind = true;
    const known = [...this.cloud.sales].map(
      ([id, sale]) => [id, { ...sale, deck: sale.class === "deck" }] as const,
    );
    this.model.cloudRestored(new Map(known));
  }

  private send(luck: number, message: () => void): void {
    if (luck < 0.15) return;
    this.wire.push(message);
    if (luck < 0.25) this.wire.push(message);
  }

  private deliver(): void {
    if (!this.up || this.wire.length === 0) return;
    const [message] = this.wire.splice(this.random() < 0.7 ? 0 : this.below(this.wire.length), 1);
    message?.();
  }

  private deliverAll(): void {
    for (let message = this.wire.shift(); message !== undefined; message = this.wire.shift()) message();
  }

  /** Nothing is under way: what the edge has given is what the cloud has. */
  private checkBooks(): void {
    const wrong = (what: string): void => void this.model.wrongs.push(what);
    if (!this.edge.agreed) wrong("the edge and the cloud do not agree");
    const horizon = { fromMs: START_MS - SLOT_MS, untilMs: this.nowMs + 24 * SLOT_MS };
    for (const slot of slotsOf(horizon)) {
      for (const name of ["standard", "deck"]) {
        const key = slotKey(name, slot);
        const its = this.cloud.slots.get(key) ?? NO_RIGHTS;
        const given = this.edge.given(name, slot);
        if (given !== its.held - its.owed)
          wrong(`${key}: ${given} given, ${its.held} held, ${its.owed} owed`);
        if (its.sold > its.held) wrong(`${key}: ${its.sold} sold of ${its.held}`);
        if (isOversold(its) && !this.cloud.hasToldOf(key)) wrong(`${key}: oversold, and nobody is told`);
        if (isOversold(its)) this.count("oversold by a restored cloud");
      }
    }
  }

  private count(what: string, done: () => void = () => undefined): void {
    done();
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  private below(n: number): number {
    return Math.floor(this.random() * n);
  }

  private pick<T>(from: readonly [T, ...T[]]): T;
  private pick<T>(from: readonly T[]): T | undefined;
  private pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }
}
