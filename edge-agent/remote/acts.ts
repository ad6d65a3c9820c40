import { parseTicketNumber } from "@parkme/shared/domain/ids";
import type { RemoteAct, RemoteCommand } from "@parkme/shared/protocol/downlink";
import type { DeskPaper } from "../desk/paper.ts";
import type { Gate } from "../gate/gate.ts";
import type { LaneRunner } from "../lanes/lane-runner.ts";
import type { Reply } from "../lanes/machine/model.ts";
import type { CommandAnswer } from "../store/remote-commands.ts";
import type { Store } from "../store/store.ts";

export type RemoteActOptions = {
  readonly gate: Pick<Gate, "setMode"> & {
    readonly lanes: ReadonlyMap<string, { readonly runner: LaneRunner }>;
  };
  readonly store: Pick<Store, "vendExists" | "stayByTicket" | "modes">;
  /** Null where the desk has no printer. */
  readonly paper: Pick<DeskPaper, "printTicket"> | null;
  /** Tells the cloud at once what the gate looks like. */
  readonly tellState: () => void;
};

type By = { readonly actor: string; readonly reason: string };

/** Of the actor of a record. */
const MAX_ACTOR = 60;
const DONE: CommandAnswer = { outcome: "done", detail: "" };

/** Does what headquarters asks for, as an attendant at the gate would: whether it may be done now is the lane's to say. */
export function createRemoteActs(options: RemoteActOptions) {
  return (command: RemoteCommand): CommandAnswer | Promise<CommandAnswer> => {
    const by: By = { actor: `hq: ${command.actor}`.slice(0, MAX_ACTOR), reason: command.reason };
    switch (command.act) {
      case "snapshot":
        options.tellState();
        return DONE;
      case "reprint":
        return reprint(options, command.ticket_number, by);
      case "vend":
      case "hold":
      case "release":
      case "close":
      case "reset":
        return atLane(options, { ...command, act: command.act }, by);
      default:
        return command.act satisfies never;
    }
  };
}

type LaneCommand = RemoteCommand & { readonly act: Exclude<RemoteAct, "snapshot" | "reprint"> };

function atLane(options: RemoteActOptions, command: LaneCommand, by: By): CommandAnswer {
  const runner = command.lane === null ? undefined : options.gate.lanes.get(command.lane)?.runner;
  if (runner === undefined) return refused("there is no such lane");
  const { act, command_id: idempotencyKey } = command;
  switch (act) {
    case "vend":
      if (options.store.vendExists(idempotencyKey)) return DONE;
      return answerOf(runner.ask({ kind: "vend", idempotencyKey, ...by }));
    case "hold":
      return answerOf(runner.ask({ kind: "hold", ...by }));
    case "reset":
      return answerOf(runner.ask({ kind: "reset", ...by }));
    case "close":
      return setLaneMode(options, runner, "closed", by);
    case "release":
      return release(options, runner, by);
    default:
      return act satisfies never;
  }
}

function setLaneMode(
  { gate }: RemoteActOptions,
  { config: { name } }: LaneRunner,
  mode: "open" | "closed",
  by: By,
): CommandAnswer {
  return gate.setMode({ scope: "lane", name, mode, ...by }) ? DONE : refused("there is no such lane");
}

/** Undoes what a person did: the arm that is held is let go, and the lane is open as on every other day. */
function release(options: RemoteActOptions, runner: LaneRunner, by: By): CommandAnswer {
  const { name } = runner.config;
  const { state, heldBy } = runner.lane();
  const own = options.store.modes().find((set) => set.scope === "lane" && set.name === name)?.mode ?? "open";
  const held = state === "HELD_OPEN" && heldBy !== "mode";
  if (!held && own === "open") return refused("nobody holds or has closed this lane");
  if (held) {
    const let_go = answerOf(runner.ask({ kind: "reset", ...by }));
    if (let_go.outcome !== "done") return let_go;
  }
  return own === "open" ? DONE : setLaneMode(options, runner, "open", by);
}

async function reprint(
  { store, paper }: RemoteActOptions,
  text: string | null,
  by: By,
): Promise<CommandAnswer> {
  const number = text === null ? null : parseTicketNumber(text);
  if (number === null) return refused("this is no number of a ticket");
  const stay = store.stayByTicket(number);
  if (stay === null) return refused("nobody inside has this ticket");
  if (paper === null) return refused("the desk has no printer");
  const printed = await paper.printTicket(stay.stayId, by);
  return printed.ok ? DONE : refused(printed.error.message);
}

function answerOf(reply: Reply): CommandAnswer {
  if (reply.ok) return DONE;
  // What the disk refuses was not done, and may go well the next time.
  return { outcome: reply.code === "store_failed" ? "failed" : "refused", detail: reply.message };
}

function refused(detail: string): CommandAnswer {
  return { outcome: "refused", detail };
}
