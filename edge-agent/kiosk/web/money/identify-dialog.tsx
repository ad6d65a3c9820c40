import { useState } from "react";
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import type { StayDialogProps } from "./stay-dialog.ts";
import { STAY_WORDS } from "./stay-words.ts";
import classes from "./dialogs.module.css";

/** Tells an exit which stay the vehicle before its arm is. */
export function IdentifyDialog({ api, snapshot, stale, stay, dialog, onClose, refresh }: StayDialogProps) {
  const exits = snapshot.lanes.filter(({ direction }) => direction === "exit");
  const [chosen, setChosen] = useState<string | null>(null);
  const lane = chosen ?? (exits.length === 1 ? (exits[0]?.lane ?? null) : null);
  return (
    <ReasonDialog
      opened={dialog === "identify"}
      onClose={onClose}
      subject={stay.plate ?? stay.ticket_number}
      words={STAY_WORDS.identify}
      fields={(frozen) => (
        <div className={classes["choices"]} role="group" aria-label="Exit">
          {exits.map(({ lane: name, name: title }) => (
            <Button
              key={name}
              variant={lane === name ? "filled" : "default"}
              aria-pressed={lane === name}
              disabled={frozen}
              onClick={() => setChosen(name)}
            >
              {title}
            </Button>
          ))}
        </div>
      )}
      incomplete={lane === null}
      blocked={stale ? NO_CONTACT : null}
      send={(_key, reason) => api.money.identify(lane ?? "", { stay_id: stay.stay_id, reason })}
      onDone={() => {
        notifications.show({ color: "green", title: stay.ticket_number, message: "The exit knows." });
        refresh();
      }}
    />
  );
}
