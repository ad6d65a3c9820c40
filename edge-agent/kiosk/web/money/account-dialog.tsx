import { useState } from "react";
import { TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { FormDialog } from "../actions/form-dialog.tsx";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { useAttempt } from "../actions/use-attempt.ts";
import type { StayDialogProps } from "./stay-dialog.ts";

const MAX_ACCOUNT = 80;

/** Puts what is due on the bill of an account. */
export function AccountDialog({ api, money, stale, stay, dialog, onClose, refresh }: StayDialogProps) {
  const [account, setAccount] = useState("");
  const dueMinor = stay.due_minor ?? 0;
  const handle = useAttempt(
    (key: string, reference: string) =>
      api.money.pay(stay.stay_id, {
        method: "account",
        amount_minor: dueMinor,
        tendered_minor: dueMinor,
        reference,
        accept_short: false,
        idempotency_key: key,
      }),
    () => {
      notifications.show({
        color: "green",
        title: account,
        message: `${money(dueMinor)} is on the account.`,
      });
      setAccount("");
      onClose();
      refresh();
    },
  );
  return (
    <FormDialog
      opened={dialog === "account"}
      title={`${stay.plate ?? stay.ticket_number}: put ${money(dueMinor)} on an account`}
      body={account.trim() === "" ? null : account.trim()}
      blocked={stale ? NO_CONTACT : null}
      unanswered="It may have been booked. Trying again books it once only."
      confirm="Put on the account"
      {...{ onClose, handle }}
    >
      {(frozen) => (
        <TextInput
          label="Account"
          description="Whose bill: a company, a tenant, a customer number"
          value={account}
          onChange={(event) => setAccount(event.currentTarget.value.slice(0, MAX_ACCOUNT))}
          readOnly={frozen}
          data-autofocus
        />
      )}
    </FormDialog>
  );
}
