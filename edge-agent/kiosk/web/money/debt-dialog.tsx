import { useState } from "react";
import { TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import type { StayDialogProps } from "./stay-dialog.ts";
import { STAY_WORDS } from "./stay-words.ts";

const MAX_NAME = 80;

/** Lets a driver go who cannot pay, and keeps who owes what. */
export function DebtDialog({ api, money, stale, stay, dialog, onClose, show }: StayDialogProps) {
  const [debtor, setDebtor] = useState(stay.plate ?? "");
  const dueMinor = stay.due_minor ?? 0;
  return (
    <ReasonDialog
      opened={dialog === "debt"}
      onClose={onClose}
      subject={stay.plate ?? stay.ticket_number}
      words={{ ...STAY_WORDS.debt, title: `Unable to collect ${money(dueMinor)}` }}
      fields={(frozen) => (
        <TextInput
          label="Who owes it"
          description="A name, a plate, a telephone number"
          value={debtor}
          onChange={(event) => setDebtor(event.currentTarget.value.slice(0, MAX_NAME))}
          readOnly={frozen}
        />
      )}
      incomplete={debtor.trim() === ""}
      blocked={stale ? NO_CONTACT : null}
      send={async (key, reason) => {
        const body = { amount_minor: dueMinor, debtor: debtor.trim(), reason, idempotency_key: key };
        const answer = await api.money.bookDebt(stay.stay_id, body);
        if (answer.kind === "done") show(answer.value);
        return answer;
      }}
      onDone={() =>
        notifications.show({
          color: "green",
          title: debtor,
          message: `${money(dueMinor)} is booked as a debt.`,
        })
      }
    />
  );
}
