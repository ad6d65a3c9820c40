import { useState } from "react";
import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import type { AlarmView } from "@parkme/shared/protocol/kiosk";
import type { GateApi } from "../gate/api.ts";
import type { Snapshot } from "../gate/snapshot.ts";
import { goesOn, isWaiting } from "../logic/alarm-words.ts";
import { AlarmList, type AlarmContext } from "./alarm-list.tsx";
import { useAcknowledge } from "./use-acknowledge.ts";
import classes from "./alarm-panel.module.css";

export type AlarmPanelProps = AlarmContext & {
  readonly api: GateApi;
  readonly snapshot: Pick<Snapshot, "alarms" | "alarms_waiting">;
  readonly stale: boolean;
};

/** The alarms that go on or wait to be acknowledged. */
export function CurrentAlarms({ api, snapshot, stale, ...context }: AlarmPanelProps) {
  const { alarms, alarms_waiting: waiting } = snapshot;
  const { busy, acknowledge } = useAcknowledge(api);
  const over = alarms.filter((alarm) => isWaiting(alarm) && !goesOn(alarm));
  const hidden = waiting - alarms.filter(isWaiting).length;
  if (alarms.length === 0) {
    return (
      <p className={classes["none"]}>
        <IconCircleCheck size={24} aria-hidden />
        No alarms
      </p>
    );
  }
  return (
    <>
      <AlarmList
        label="Alarms"
        alarms={alarms}
        acknowledging={{ busy, acknowledge, disabled: stale || busy.size > 0 }}
        {...context}
      />
      {over.length > 1 && (
        <div className={classes["all"]}>
          {/* Those that go on need a look each. */}
          <Button
            variant="default"
            size="md"
            disabled={stale}
            loading={busy.size > 1}
            onClick={() => acknowledge(over.map(({ alarm_id }) => alarm_id))}
          >
            Acknowledge {over.length} that are over
          </Button>
          {hidden > 0 && <span>{hidden} older ones follow</span>}
        </div>
      )}
    </>
  );
}

/** Beside the lanes where there is room: nothing to open, nothing to miss. */
export function AlarmPanel(props: AlarmPanelProps) {
  if (props.snapshot.alarms.length === 0) return null;
  return (
    <section className={classes["panel"]} aria-labelledby="alarms-title">
      <h2 id="alarms-title">
        Alarms
        {props.snapshot.alarms_waiting > 0 && (
          <span className={classes["badge"]}>{props.snapshot.alarms_waiting}</span>
        )}
      </h2>
      <CurrentAlarms {...props} />
    </section>
  );
}

const EARLIER = 100;

type Earlier =
  | { readonly step: "hidden" | "loading" }
  | { readonly step: "failed"; readonly message: string }
  | { readonly step: "shown"; readonly alarms: readonly AlarmView[] };

/** Alarms that are over and acknowledged, when somebody asks for them. */
export function EarlierAlarms({ api, snapshot, ...context }: Omit<AlarmPanelProps, "stale">) {
  const [earlier, setEarlier] = useState<Earlier>({ step: "hidden" });

  async function load(): Promise<void> {
    setEarlier({ step: "loading" });
    const answer = await api.alarms(EARLIER);
    if (answer.kind === "done") setEarlier({ step: "shown", alarms: answer.value.alarms });
    else if (answer.kind === "signed_out") setEarlier({ step: "hidden" });
    else setEarlier({ step: "failed", message: answer.message });
  }

  if (earlier.step !== "shown") {
    return (
      <div className={classes["all"]}>
        <Button
          variant="subtle"
          color="gray"
          size="md"
          loading={earlier.step === "loading"}
          onClick={() => void load()}
        >
          Show earlier alarms
        </Button>
        {earlier.step === "failed" && <span role="alert">{earlier.message}</span>}
      </div>
    );
  }
  const current = new Set(snapshot.alarms.map(({ alarm_id }) => alarm_id));
  const alarms = earlier.alarms.filter((alarm) => !current.has(alarm.alarm_id));
  return (
    <section aria-labelledby="earlier-title">
      <h3 className={classes["earlier"]} id="earlier-title">
        Earlier
      </h3>
      {alarms.length === 0 && <p className={classes["none"]}>None</p>}
      <AlarmList label="Earlier alarms" acknowledging={null} {...{ alarms }} {...context} />
    </section>
  );
}
