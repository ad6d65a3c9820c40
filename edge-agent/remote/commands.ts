import { readClock, type Clock } from "@parkme/shared/domain/clock";
import type { RemoteCommand } from "@parkme/shared/protocol/downlink";
import type { CommandAnswer } from "../store/remote-commands.ts";
import type { Store } from "../store/store.ts";
import { realTimers, type Timers } from "../sync/nap.ts";
import { objectionTo, type CommandContext } from "./command-checks.ts";

export type RemoteCommandsOptions = {
  readonly facility: { readonly id: string; readonly slug: string };
  readonly store: Pick<
    Store,
    | "remoteCommandKnown"
    | "beginRemoteCommand"
    | "answerRemoteCommand"
    | "declineRemoteCommand"
    | "openRemoteCommands"
    | "linkState"
    | "record"
  >;
  readonly lanes: CommandContext["lanes"];
  /** The cloud's clock, Unix milliseconds; null = not known. */
  readonly cloudNowMs: () => number | null;
  /** Does it, or says why not. What it throws is an answer too. */
  readonly act: (command: RemoteCommand) => CommandAnswer | Promise<CommandAnswer>;
  /** After every answer, and every alarm. */
  readonly touched: () => void;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly log: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
};

export type RemoteCommands = {
  /** Answers those that an earlier run has begun: nobody knows whether they were done. To be called first. */
  readonly start: () => void;
  /**
   * Does a command, once for each id whatever happens, or declines it. Throws when the disk refuses: then nothing was
   * done, and it is to be brought again.
   */
  readonly take: (command: RemoteCommand) => void;
  /** An alarm about something that looks like a command, and is none. */
  readonly suspect: (detail: string) => void;
  /** Waits for what is being done. */
  readonly stop: () => Promise<void>;
};

const ANSWER_AGAIN_MS = 5_000;

/** Writes answers: what was done is done, so that one which the disk refuses is written later. */
function createAnswering({ store, clock, log, touched, timers = realTimers }: RemoteCommandsOptions) {
  const cancels = new Set<() => void>();
  function answer(id: string, said: CommandAnswer): void {
    try {
      store.answerRemoteCommand(id, said, clock.wallMs());
      log.info({ command: id, ...said }, "a command of headquarters is answered");
    } catch (error) {
      log.error({ command: id, err: error }, "an answer to headquarters could not be written");
      const cancel = timers.after(ANSWER_AGAIN_MS, () => {
        cancels.delete(cancel);
        answer(id, said);
      });
      cancels.add(cancel);
    }
    touched();
  }
  return {
    answer,
    stop: (): void => {
      for (const cancel of cancels) cancel();
    },
  };
}

/** Commands of headquarters: each is written down before it is done, and answered in the log. */
export function createRemoteCommands(options: RemoteCommandsOptions): RemoteCommands {
  const { store, clock, log, touched, facility } = options;
  const answering = createAnswering(options);
  const { answer } = answering;
  const underWay = new Set<Promise<void>>();

  function take(command: RemoteCommand): void {
    const id = command.command_id;
    if (store.remoteCommandKnown(id)) return;
    const { signingKey, epoch } = store.linkState();
    const context = {
      facilityId: facility.id,
      signingKey,
      epoch,
      cloudNowMs: options.cloudNowMs(),
      lanes: options.lanes,
    };
    const objection = objectionTo(command, context);
    if (objection !== null) return decline(command, objection);
    if (!store.beginRemoteCommand(command, clock.wallMs())) return;
    // From here on it is never begun again, whatever becomes of this program.
    const { act, lane, actor, reason } = command;
    log.info({ command: id, act, lane, actor, reason }, "headquarters asks for something to be done");
    perform(command);
  }

  function decline(command: RemoteCommand, objection: NonNullable<ReturnType<typeof objectionTo>>): void {
    const { outcome, detail, suspicious } = objection;
    const { command_id: id, act, lane } = command;
    log.warn({ command: id, act, lane, outcome, detail }, "a command of headquarters is not done");
    if (suspicious) suspect(`${act}${lane === null ? "" : ` at ${lane}`}: ${detail}`);
    store.declineRemoteCommand(command, { outcome, detail }, clock.wallMs());
    touched();
  }

  function perform(command: RemoteCommand): void {
    const id = command.command_id;
    let done: CommandAnswer | Promise<CommandAnswer>;
    try {
      done = options.act(command);
    } catch (error) {
      done = failed(id, error);
    }
    if (!(done instanceof Promise)) return answer(id, done);
    const settled = done.catch((error: unknown) => failed(id, error)).then((said) => answer(id, said));
    underWay.add(settled);
    void settled.finally(() => underWay.delete(settled));
  }

  function failed(id: string, error: unknown): CommandAnswer {
    log.error({ command: id, err: error }, "a command of headquarters failed");
    return { outcome: "failed", detail: error instanceof Error ? error.message : "it failed" };
  }

  function suspect(detail: string): void {
    const alarm = { type: "alarm", kind: "remote_refused", detail } as const;
    store.record({ place: facility.slug, records: [alarm] }, readClock(clock));
    touched();
  }

  return {
    start: () => {
      for (const id of store.openRemoteCommands())
        answer(id, { outcome: "unknown", detail: "the agent was stopped while it was being done" });
    },
    take,
    suspect,
    stop: async () => {
      await Promise.all(underWay);
      answering.stop();
    },
  };
}
