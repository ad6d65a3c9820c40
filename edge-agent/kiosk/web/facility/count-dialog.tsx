import { useState } from "react";
import { Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { GateApi } from "../gate/api.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import { COUNT_WORDS } from "../actions/reasons.ts";
import { countChange, MAX_COUNT, parseCount, stepCount } from "../logic/count.ts";
import classes from "./count-dialog.module.css";

type Props = {
  readonly api: GateApi;
  readonly opened: boolean;
  readonly onClose: () => void;
  /** Null = the facility. */
  readonly zone: string | null;
  readonly title: string;
  readonly inside: number;
  /** Why nothing can be done now, in words; null when it can. */
  readonly blocked: string | null;
};

/** Tells the gate how many vehicles there are. */
export function CountDialog({ api, opened, onClose, zone, title, inside, blocked }: Props) {
  const [text, setText] = useState("");
  const count = parseCount(text);

  function close(): void {
    setText("");
    onClose();
  }

  return (
    <ReasonDialog
      opened={opened}
      onClose={close}
      subject={title}
      words={COUNT_WORDS}
      incomplete={count === null}
      fields={(frozen) => <CountField {...{ text, setText, inside, frozen }} />}
      blocked={blocked}
      send={(key, reason) => api.correctCount({ zone, count: count ?? inside, reason, idempotency_key: key })}
      onDone={() =>
        notifications.show({
          color: "green",
          title,
          message: `Now ${count ?? inside} inside. It is recorded.`,
        })
      }
    />
  );
}

type FieldProps = {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly inside: number;
  readonly frozen: boolean;
};

const STEPS = [-10, -1, 1, 10] as const;

function CountField({ text, setText, inside, frozen }: FieldProps) {
  const step = (by: (typeof STEPS)[number]) => (
    <Button
      key={by}
      className={classes["step"] ?? ""}
      variant="default"
      disabled={frozen}
      aria-label={by < 0 ? `${-by} less` : `${by} more`}
      onClick={() => setText(String(stepCount(text, inside, by)))}
    >
      {by < 0 ? `−${-by}` : `+${by}`}
    </Button>
  );
  return (
    <div className={classes["field"]}>
      <p>
        The gate counts <strong>{inside}</strong>. How many are there?
      </p>
      <div className={classes["steps"]}>
        {STEPS.slice(0, 2).map(step)}
        <TextInput
          className={classes["count"] ?? ""}
          aria-label="Vehicles there now"
          placeholder={String(inside)}
          value={text}
          onChange={(event) => setText(event.currentTarget.value.slice(0, String(MAX_COUNT).length))}
          inputMode="numeric"
          autoComplete="off"
          readOnly={frozen}
        />
        {STEPS.slice(2).map(step)}
      </div>
      <p className={classes["change"]} role="status">
        {countChange(text, inside)}
      </p>
    </div>
  );
}
