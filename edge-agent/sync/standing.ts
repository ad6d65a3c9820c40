import type { UplinkOptions } from "./uplink-parts.ts";

/** How we stand with the cloud, told to people once for each change: an outage may last for weeks. */
export type Standing = {
  readonly connected: () => boolean;
  /** It has committed what we sent. */
  readonly acked: (seq: number) => void;
  /** No answer, or none that is of use. */
  readonly lost: (why: object) => void;
  /** It takes nothing from us any more: an alarm. */
  readonly shutOut: (why: string) => void;
  /** It has answered: whatever kept us out is over. */
  readonly letIn: () => void;
};

type Parts = Pick<UplinkOptions, "log" | "alarm" | "note">;

export function createStanding({ log, alarm, note }: Parts, stopping: AbortSignal): Standing {
  let connected = false;
  let complained = false;
  return {
    connected: () => connected,
    acked: (seq) => {
      if (!connected) note.info({ cursor: seq }, "the cloud is connected");
      connected = true;
      complained = false;
    },
    lost: (why) => {
      if (!complained && !stopping.aborted)
        note.warn(why, "the cloud cannot be reached; the gate goes on without it");
      complained = true;
      connected = false;
    },
    shutOut: (why) => {
      connected = false;
      alarm.begin(why);
      if (log.linkState().fenced === why) return;
      note.warn({ reason: why }, "the cloud takes nothing from this gate; the gate goes on without it");
      log.setLinkState({ fenced: why });
    },
    letIn: () => {
      if (log.linkState().fenced === null) return;
      alarm.over();
      log.setLinkState({ fenced: null });
    },
  };
}
