import { useEffect, useState } from "react";
import type { z } from "zod";
import { TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { upiSchema } from "@parkme/shared/protocol/kiosk-desk";
import { FormDialog } from "../actions/form-dialog.tsx";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { useAttempt } from "../actions/use-attempt.ts";
import type { GateApi } from "../gate/api.ts";
import type { StayDialogProps } from "./stay-dialog.ts";
import classes from "./dialogs.module.css";

/** A bank's reference number of a UPI payment has twelve digits. */
const REFERENCE = /^\d{12}$/;

/** Shows the code for the driver's bank app; the attendant confirms by the bank's reference, or the cloud does. */
export function UpiDialog(props: StayDialogProps) {
  return props.dialog === "upi" ? <UpiForm {...props} /> : null;
}

function UpiForm({ api, money, stale, stay, onClose, refresh }: StayDialogProps) {
  const [reference, setReference] = useState("");
  const dueMinor = stay.due_minor ?? 0;
  const { code, problem } = useUpiCode(api, stay.stay_id, dueMinor);
  const handle = useAttempt(
    (key: string, bankReference: string) =>
      api.money.pay(stay.stay_id, {
        method: "upi",
        amount_minor: dueMinor,
        tendered_minor: dueMinor,
        reference: bankReference,
        accept_short: false,
        idempotency_key: key,
      }),
    () => {
      notifications.show({ color: "green", title: "UPI", message: `${money(dueMinor)} is recorded.` });
      onClose();
      refresh();
    },
  );
  const paid = dueMinor === 0 ? "Paid: nothing is due any more." : null;
  return (
    <FormDialog
      opened
      title={`${stay.plate ?? stay.ticket_number}: pay by UPI`}
      body={REFERENCE.test(reference) ? reference : null}
      blocked={stale ? NO_CONTACT : (problem ?? paid)}
      unanswered="It may have been recorded. Trying again records it once only."
      confirm="Confirm the payment"
      {...{ onClose, handle }}
    >
      {(frozen) => (
        <>
          {code !== null && dueMinor > 0 && <QrCode code={code} amount={money(code.amount_minor)} />}
          <p>
            The driver scans the code with a bank app. Where the cloud is connected the payment shows here by
            itself; otherwise ask for the bank&rsquo;s reference.
          </p>
          <TextInput
            label="Reference of the bank (UTR)"
            description="Twelve digits, in the driver's app"
            value={reference}
            onChange={(event) => setReference(event.currentTarget.value.replaceAll(/\D/g, "").slice(0, 12))}
            inputMode="numeric"
            autoComplete="off"
            readOnly={frozen}
          />
        </>
      )}
    </FormDialog>
  );
}

type Code = z.infer<typeof upiSchema>;

function QrCode({ code, amount }: { readonly code: Code; readonly amount: string }) {
  return (
    <div className={classes["qr"]}>
      <img src={`data:image/svg+xml,${encodeURIComponent(code.svg)}`} alt="QR code for a bank app" />
      <strong>{amount}</strong>
    </div>
  );
}

/** Another amount is another code. */
function useUpiCode(api: GateApi, stayId: string, dueMinor: number) {
  const [code, setCode] = useState<Code | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (dueMinor === 0) return;
    void api.money.upi(stayId).then((answer) => {
      if (answer.kind === "done") setCode(answer.value);
      else if (answer.kind !== "signed_out") setProblem(answer.message);
    });
  }, [api, stayId, dueMinor]);
  return { code, problem };
}
