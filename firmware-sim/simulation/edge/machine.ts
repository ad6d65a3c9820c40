import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Clock } from "@parkme/shared/domain/clock";
import { createIdMint } from "@parkme/shared/domain/ids";
import type { EdgeConfig } from "../../../edge-agent/config/load.ts";
import type { CloudReach } from "../../../edge-agent/link-parts.ts";
import { isStoreTrouble } from "../../../edge-agent/store/store-trouble.ts";
import type { Random } from "../../traffic/random.ts";
import type { Tell } from "../journal.ts";
import type { SitePlan } from "../schedule.ts";
import type { Life, VirtualTime } from "../time/virtual-time.ts";
import { boot, type CommandExpiries, type Running } from "./boot.ts";
import { Fate, Killed, type Moment } from "./death.ts";
import { type Backup, Disk, type MarkFate } from "./disk.ts";
import type { Hardware } from "./hardware/hardware.ts";
import { putPermitsInForce } from "./permits.ts";
import { configOf, type EdgeIdentity } from "./site-config.ts";

export type { Running } from "./boot.ts";
export type { Backup } from "./disk.ts";

export type MachineOptions = {
  readonly site: SitePlan;
  /** Where its disk is. */
  readonly folder: string;
  readonly hardware: Pick<Hardware, "connect" | "beat">;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly tell: Tell;
  /** Who the gate is at headquarters, and how a run of its program reaches it; null = it knows of none. */
  readonly cloud: {
    readonly credential: EdgeIdentity;
    readonly reach: (life: Life) => CloudReach;
  } | null;
};

/** The gate's computer: a disk, a clock that may be wrong, and the program that runs on it, if one does. */
export type Machine = Pick<
  Computer,
  | "start"
  | "kill"
  | "killInTurn"
  | "killAtStart"
  | "stepClock"
  | "setDiskFull"
  | "backUp"
  | "putBack"
  | "running"
  | "act"
  | "clone"
  | "databasePath"
>;

/** A computer with a new disk, on which nothing runs yet. */
export function createMachine(options: MachineOptions): Machine {
  const { site, folder, cloud, random } = options;
  mkdirSync(folder, { recursive: true });
  const config = configOf(site, folder, cloud?.credential ?? null);
  const disk = new Disk(config.data_dir);
  const seed = createHash("sha256").update(`${site.facilityId} ${random.next()}`).digest();
  disk.format(seed, site.startMs);
  return new Computer(options, config, disk, new Map());
}

class Computer {
  /** By how much its wall clock is wrong. */
  private offsetMs = 0;
  private current: Running | null = null;
  private life: Life | null = null;
  private epoch: number | null = null;
  private close: () => void = () => undefined;
  private boots = 0;
  private clones = 0;
  private readonly fate = new Fate(() => this.kill("in the middle of something"));
  private readonly expiries: CommandExpiries;
  private readonly options: MachineOptions;
  private readonly config: EdgeConfig;
  private readonly disk: Disk;

  constructor(options: MachineOptions, config: EdgeConfig, disk: Disk, expiries: CommandExpiries) {
    [this.options, this.config, this.disk, this.expiries] = [options, config, disk, expiries];
  }

  get databasePath(): string {
    return this.disk.databasePath;
  }

  running(): Running | null {
    return this.current;
  }

  /** Boots the program. @returns false when it refuses to run, or dies on the way. */
  async start(): Promise<boolean> {
    if (this.current !== null) return true;
    const { time, tell } = this.options;
    const life: Life = { alive: true };
    this.boots += 1;
    try {
      return await time.during(life, async () => await this.boot(life));
    } catch (error) {
      if (error instanceof Killed || !life.alive) return false;
      this.end(life);
      tell({ kind: "agent", what: "refused", epoch: null, detail: messageOf(error) });
      return false;
    }
  }

  /** At whatever it waits for. */
  kill(detail = ""): void {
    if (this.life === null) return;
    const epoch = this.epoch;
    this.end(this.life);
    this.options.tell({ kind: "agent", what: "killed", epoch, detail });
  }

  /** In the next turn of a lane that comes to such a moment; null = not any more. */
  killInTurn(moment: Moment | null): void {
    this.fate.inTurn(moment);
  }

  /** At so many steps of its next start; null = not any more. */
  killAtStart(steps: number | null): void {
    this.fate.atStart(steps);
  }

  /** Its wall clock jumps; nothing else is touched by it. */
  stepClock(byMs: number): void {
    this.offsetMs += byMs;
  }

  setDiskFull(on: boolean): void {
    this.disk.setFull(on);
  }

  /** A copy of its memory, as it is now. */
  backUp(): Backup {
    return this.disk.backUp();
  }

  /** @param backup null = a new disk. */
  putBack(backup: Backup | null, fate: MarkFate): void {
    this.disk.putBack(backup, fate);
  }

  /**
   * Does something as the program does it. @returns null when none runs, it died meanwhile, or its disk refused: nothing
   * was done.
   */
  act<T>(work: (running: Running) => T): T | null {
    const running = this.current;
    if (running === null) return null;
    try {
      const result = this.options.time.within(running.life, () => work(running));
      return running.life.alive ? result : null;
    } catch (error) {
      if (running.life.alive && !isStoreTrouble(error)) throw error;
      return null;
    }
  }

  /** Another computer with a copy of this one's disk: it takes itself for the same gate. Nothing runs on it yet. */
  clone(): Machine {
    const { folder, random } = this.options;
    this.clones += 1;
    const name = `clone-${this.clones}`;
    const path = join(folder, name, "data");
    mkdirSync(path, { recursive: true });
    const disk = new Disk(path);
    this.disk.copyTo(disk);
    const options = { ...this.options, folder: join(folder, name), random: random.fork(name) };
    const clone = new Computer(options, { ...this.config, data_dir: path }, disk, this.expiries);
    clone.offsetMs = this.offsetMs;
    return clone;
  }

  private async boot(life: Life): Promise<boolean> {
    const { hardware, site, tell, cloud, random } = this.options;
    this.life = life;
    const clock = this.clockOf();
    const bytes = (length: number) => Uint8Array.from({ length }, () => random.int(256));
    const mint = createIdMint(bytes);
    const { config, disk, fate, expiries } = this;
    const running = boot({
      config,
      disk,
      clock,
      life,
      fate,
      expiries,
      mint,
      tell,
      makers: hardware.connect(life),
      reach: cloud && { ...cloud.reach(life), compress },
      bootId: Buffer.from(bytes(16)).toString("hex"),
      startMs: site.startMs,
      stumbled: (lane) => hardware.beat(lane, life),
      opened: (memory) => {
        if (!memory.ok) throw new Error(memory.error.message);
        this.close = memory.value.close;
        this.epoch = memory.value.store.epoch;
        tell({ kind: "agent", what: "started", epoch: this.epoch, detail: `boot ${this.boots}` });
      },
    });
    if (running === null) return false;
    await running.start();
    fate.stepped(true);
    this.current = running;
    if (cloud === null) putPermitsInForce(site, running, tell);
    return true;
  }

  private clockOf(): Clock {
    const { time, site } = this.options;
    const bootMs = time.nowMs;
    return {
      wallMs: () => site.startMs + time.nowMs + this.offsetMs,
      monotonicMs: () => time.nowMs - bootMs,
    };
  }

  /** Nothing of it ever happens again. */
  private end(life: Life): void {
    life.alive = false;
    this.close();
    this.close = () => undefined;
    this.disk.closed();
    this.current = null;
    this.life = null;
    this.epoch = null;
  }
}

/** At once: a step waits for nothing that another thread does. */
const compress = (text: string): Promise<Uint8Array> => Promise.resolve(gzipSync(text, { level: 1 }));

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
