import { useRef, useState } from "react";
import { TextInput } from "@mantine/core";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import type { GateApi } from "../gate/api.ts";
import { fromLocalInput } from "../logic/local-input.ts";
import { STAY_WORDS } from "./stay-words.ts";
import classes from "./dialogs.module.css";

type Props = {
  readonly api: GateApi;
  readonly timeZone: string;
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onAdded: (stayId: string) => void;
};

const MAX_PLATE = 20;

/** A vehicle at the exit that nobody saw come in: a stay from the driver's word. */
export function ManualStayDialog({ api, timeZone, opened, onClose, onAdded }: Props) {
  const [plate, setPlate] = useState("");
  const [text, setText] = useState("");
  /** Read in the same turn as it is written. */
  const added = useRef<string | null>(null);
  const atMs = fromLocalInput(text, timeZone);
  return (
    <ReasonDialog
      opened={opened}
      onClose={onClose}
      subject="Exit without entry"
      words={STAY_WORDS.manual}
      fields={(frozen) => (
        <div className={classes["pair"]}>
          <TextInput
            label="Plate"
            description="Empty where it has none"
            value={plate}
            onChange={(event) => setPlate(event.currentTarget.value.slice(0, MAX_PLATE))}
            autoCapitalize="characters"
            spellCheck={false}
            readOnly={frozen}
          />
          <TextInput
            type="datetime-local"
            label="Came in"
            description={timeZone}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            readOnly={frozen}
          />
        </div>
      )}
      incomplete={atMs === null}
      blocked={null}
      send={async (key, reason) => {
        const answer = await api.money.addStay({
          plate: plate.trim() === "" ? null : plate.trim(),
          entry_at: new Date(atMs ?? 0).toISOString(),
          reason,
          idempotency_key: key,
        });
        if (answer.kind === "done") added.current = answer.value.stay_id;
        return answer;
      }}
      onDone={() => {
        setPlate("");
        setText("");
        if (added.current !== null) onAdded(added.current);
      }}
    />
  );
}
