import { useState } from "react";
import { notifications } from "@mantine/notifications";
import type { GateApi } from "../gate/api.ts";

export type Acknowledge = {
  /** Those that are being acknowledged now. */
  readonly busy: ReadonlySet<string>;
  /** One after the other; stops at the first that the gate does not take, and says why. */
  readonly acknowledge: (alarmIds: readonly string[]) => void;
};

const NONE: ReadonlySet<string> = new Set();

export function useAcknowledge(api: Pick<GateApi, "acknowledge">): Acknowledge {
  const [busy, setBusy] = useState(NONE);

  async function run(alarmIds: readonly string[]): Promise<void> {
    setBusy(new Set(alarmIds));
    for (const alarmId of alarmIds) {
      const answer = await api.acknowledge(alarmId);
      if (answer.kind === "done") continue;
      if (answer.kind !== "signed_out")
        notifications.show({ color: "red", title: "Not acknowledged", message: answer.message });
      break;
    }
    setBusy(NONE);
  }

  return {
    busy,
    acknowledge: (alarmIds) => {
      if (busy.size === 0) void run(alarmIds);
    },
  };
}
