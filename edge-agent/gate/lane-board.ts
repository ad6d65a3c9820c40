import type { Clock } from "@parkme/shared/domain/clock";
import type { LaneCommand } from "@parkme/shared/domain/gate-record";
import type { Board, BoardEvent } from "../devices/ports.ts";
import { createReadback, type BarrierRelays } from "../lanes/inputs/readback.ts";
import { createSight, type LaneWiring, type Sight } from "../lanes/inputs/sight.ts";
import type { LaneRunner } from "../lanes/lane-runner.ts";

export type LaneBoardOptions = {
  readonly board: Board;
  readonly wiring: LaneWiring;
  readonly relays: BarrierRelays;
  readonly clock: Clock;
  /** Asked for when the first event comes: the runner and its board know each other. */
  readonly runner: () => LaneRunner;
};

/** Joins a lane to the board of its barrier, and to all boards that its inputs are wired to. */
export function joinBoard({ board, wiring, relays, clock, runner }: LaneBoardOptions) {
  const sight = createSight(wiring, board.name);
  const readback = createReadback(relays);
  let mismatch: string | null = null;
  let bounce: NodeJS.Timeout | undefined;

  function see(seen: Sight): void {
    clearTimeout(bounce);
    const wakeMs = sight.wakeMs();
    if (wakeMs !== null) {
      const inMs = Math.ceil(wakeMs - clock.monotonicMs());
      bounce = setTimeout(() => see(sight.look(clock.monotonicMs())), inMs);
    }
    if (seen.known) runner().observe(seen.image);
    else runner().blind(seen.reason);
  }

  function compare({ outputs }: Extract<BoardEvent, { kind: "inputs" }>): void {
    const found = readback.seen(outputs, clock.monotonicMs());
    if (found === mismatch) return;
    mismatch = found;
    runner().tell({ kind: "output", mismatch: found });
  }

  return {
    send: ({ id, action, pulseMs, deadlineMs }: LaneCommand): void => {
      const relay = relays[action];
      const all = [relays.open, relays.close, relays.stop];
      const release = all.filter((name): name is string => name !== null && name !== relay);
      readback.sent({ id, action, pulseMs, deadlineMs }, clock.monotonicMs());
      board.command({ id, relay, release, pulseMs, deadlineMs });
    },
    /** Takes whatever any board says; those the lane is not wired to do nothing. */
    hear: (from: string, event: BoardEvent): void => {
      const own = from === board.name;
      if (event.kind === "card") return;
      if (event.kind === "outcome") {
        if (!own) return;
        if (event.outcome === "done") readback.done(event.commandId, clock.monotonicMs());
        return runner().outcome(event.commandId, event.outcome, event.detail);
      }
      if (sight.boards.includes(from)) see(sight.update(from, event, clock.monotonicMs()));
      if (own && event.kind === "inputs") compare(event);
    },
    stop: (): void => clearTimeout(bounce),
  };
}
