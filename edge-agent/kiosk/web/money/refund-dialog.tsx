import { useState } from "react";
import { notifications } from "@mantine/notifications";
import { formatDecimal, money as amountOf } from "@parkme/shared/domain/money";
import type { StayView } from "@parkme/shared/protocol/kiosk-desk";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import { METHOD_WORDS } from "../logic/money-words.ts";
import { AmountField, amountIn } from "./amount-field.tsx";
import type { MoneyContext } from "./context.ts";

type Props = MoneyContext & {
  readonly stay: StayView;
  readonly payment: StayView["payments"][number];
  readonly onClose: () => void;
  readonly onDone: () => void;
};

/** Gives back a payment or a part of it; the gate makes a credit note of it. */
export function RefundDialog({ api, snapshot, money, stale, stay, payment, onClose, onDone }: Props) {
  const { currency } = snapshot;
  const leftMinor = payment.amount_minor - payment.refunded_minor;
  const [text, setText] = useState(formatDecimal(amountOf(leftMinor, currency)));
  const amountMinor = amountIn(text, currency);
  const fits = amountMinor !== null && amountMinor > 0 && amountMinor <= leftMinor;
  return (
    <ReasonDialog
      opened
      onClose={onClose}
      subject={stay.plate ?? stay.ticket_number}
      words={{
        title: `Refund a payment of ${money(payment.amount_minor)} by ${METHOD_WORDS[payment.method]}`,
        explanation:
          payment.method === "cash"
            ? "The money comes out of your drawer. A credit note is made, with your name and the reason."
            : "Give the money back the way it came. A credit note is made, with your name and the reason.",
        confirm: fits ? `Refund ${money(amountMinor)}` : "Refund",
        quickReasons: ["Paid twice", "Wrong stay", "Goodwill", "Fee was wrong"],
      }}
      fields={(frozen) => (
        <AmountField
          label="Amount"
          description={`At most ${money(leftMinor)}`}
          {...{ currency, text, setText, frozen }}
        />
      )}
      incomplete={!fits}
      blocked={stale ? NO_CONTACT : null}
      send={(key, reason) =>
        api.money.refund(stay.stay_id, {
          payment_id: payment.payment_id,
          amount_minor: amountMinor ?? 0,
          reason,
          idempotency_key: key,
        })
      }
      onDone={() => {
        notifications.show({ color: "green", title: "Refund", message: "It is recorded." });
        onDone();
      }}
    />
  );
}
