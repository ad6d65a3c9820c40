import type { Machine, Backup } from "../edge/machine.ts";
import type { CloudSite } from "../cloud/cloud-site.ts";
import type { Tell } from "../journal.ts";
import { FAULT_KINDS, type Fault, type FaultKind } from "../schedule.ts";
import type { VirtualTime } from "../time/virtual-time.ts";

export type InjectorParts = {
  readonly time: VirtualTime;
  readonly machine: Machine;
  readonly hardware: {
    readonly fault: (lane: string, kind: FaultKind, on: boolean, choice: number) => void;
  };
  /** Null where the gate has no cloud. */
  readonly cloud: CloudSite | null;
  readonly tell: Tell;
  /** The gate's program has begun to run. */
  readonly started: () => void;
};

const TURNS = ["before_commit", "after_commit", "before_command"] as const;
const MARKS = ["kept", "gone", "as in the backup"] as const;
/** A clock is off by seconds, hours or years, either way. */
const CLOCK_STEPS_MS = [
  -10 * 365 * 86_400_000,
  -86_400_000,
  -3_600_000,
  -30_000,
  -1_000,
  1_000,
  30_000,
  3_600_000,
  86_400_000,
  10 * 365 * 86_400_000,
] as const;

type Act = {
  readonly begin: (fault: Fault) => void | Promise<void>;
  readonly end: (fault: Fault) => void | Promise<void>;
};

/** Breaks things, and mends them after their time. Of faults of one kind that overlap, the last one's end mends. */
export function createInjector({ time, machine, hardware, cloud, tell, started }: InjectorParts) {
  const under = new Map<string, Fault>();
  const backups = new Map<number, Backup>();
  const cloudBackups = new Map<number, number>();
  let rival: Machine | null = null;

  async function startAgent(): Promise<void> {
    if (machine.running() !== null) return;
    await machine.start();
    started();
  }

  const device: Act = {
    begin: ({ kind, lane, choice }) => hardware.fault(lane, kind, true, choice),
    end: ({ kind, lane, choice }) => hardware.fault(lane, kind, false, choice),
  };
  const others: Partial<Record<FaultKind, Act>> = {
    agent_killed: { begin: () => machine.kill(), end: startAgent },
    agent_killed_in_turn: {
      begin: ({ choice }) => machine.killInTurn(pick(TURNS, choice)),
      end: async () => {
        machine.killInTurn(null);
        await startAgent();
      },
    },
    agent_killed_at_start: {
      begin: async ({ choice }) => {
        machine.kill();
        machine.killAtStart(1 + Math.floor(choice * 6));
        await startAgent();
      },
      end: async () => {
        machine.killAtStart(null);
        await startAgent();
      },
    },
    disk_full: { begin: () => machine.setDiskFull(true), end: () => machine.setDiskFull(false) },
    clock_steps: {
      begin: ({ choice }) => machine.stepClock(pick(CLOCK_STEPS_MS, choice)),
      end: ({ choice }) => machine.stepClock(-pick(CLOCK_STEPS_MS, choice)),
    },
    link_cut: { begin: () => cloud?.cut(true), end: () => cloud?.cut(false) },
    link_bad: { begin: () => cloud?.badWeather(true), end: () => cloud?.badWeather(false) },
    cloud_down: { begin: () => cloud?.kill(), end: () => cloud?.start() },
    edge_restored: {
      begin: ({ id }) => {
        const backup = machine.backUp();
        if (backup !== null) backups.set(id, backup);
      },
      end: async ({ id, choice }) => {
        const backup = backups.get(id);
        if (backup === undefined || cloud === null) return;
        machine.kill();
        machine.putBack(backup, pick(MARKS, choice));
        await startAgent();
      },
    },
    cloud_restored: {
      begin: async ({ id }) => void (cloud && cloudBackups.set(id, await cloud.backUp())),
      end: async ({ id }) => {
        const copy = cloudBackups.get(id);
        if (copy === undefined || cloud === null) return;
        cloud.kill();
        await cloud.putBack(copy);
        await cloud.start();
      },
    },
    second_agent: {
      begin: async () => {
        rival ??= machine.clone();
        await rival.start();
      },
      end: async () => {
        rival?.kill();
        rival = null;
        machine.kill();
        await startAgent();
      },
    },
  };

  const actOf = (kind: FaultKind): Act => others[kind] ?? device;
  const placeOf = ({ kind, lane }: Fault): string => `${kind} ${lane}`;

  async function begin(fault: Fault): Promise<void> {
    if (!isPossible(fault)) return;
    // One at a time of a kind at a place: the earlier one's end would mend both.
    const before = under.get(placeOf(fault));
    if (before !== undefined) await end(before);
    under.set(placeOf(fault), fault);
    tell({ kind: "fault", id: fault.id, fault: fault.kind, on: true, target: fault.lane });
    await actOf(fault.kind).begin(fault);
    meetTraffic(fault);
  }

  async function end(fault: Fault): Promise<void> {
    if (under.get(placeOf(fault)) !== fault) return;
    under.delete(placeOf(fault));
    await actOf(fault.kind).end(fault);
    meetTraffic(fault);
    tell({ kind: "fault", id: fault.id, fault: fault.kind, on: false, target: fault.lane });
  }

  /** What is between the gate and the cloud would otherwise mostly fall where neither says anything. */
  function meetTraffic({ kind }: Fault): void {
    if (NEEDS_CLOUD.has(kind)) cloud?.wake(TRAFFIC_MS);
  }

  function isPossible({ kind }: Fault): boolean {
    return cloud !== null || !NEEDS_CLOUD.has(kind);
  }

  return {
    plan(faults: readonly Fault[]): void {
      for (const fault of faults) {
        time.after(fault.atMs - time.nowMs, async () => await begin(fault), { life: null });
        time.after(fault.atMs + fault.forMs - time.nowMs, async () => await end(fault), { life: null });
      }
    },
    /** Mends all that is broken still, and lets the programs run. */
    async heal(): Promise<void> {
      for (const fault of under.values()) await end(fault);
      await startAgent();
      if (cloud !== null) await cloud.start();
    },
  };
}

/** In which a gate and a cloud that were apart have told each other much. */
const TRAFFIC_MS = 15_000;

/** What is nothing where a gate runs by itself; a backup would lose what no cloud gives back. */
const NEEDS_CLOUD: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...FAULT_KINDS.link,
  ...FAULT_KINDS.restore,
  ...FAULT_KINDS.rival,
]);

function pick<T>(items: readonly [T, ...T[]], choice: number): T {
  return items[Math.min(items.length - 1, Math.floor(choice * items.length))] ?? items[0];
}
