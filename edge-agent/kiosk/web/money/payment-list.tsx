import { useState } from "react";
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPrinter, IconReceipt, IconReceiptRefund } from "@tabler/icons-react";
import type { Offers, StayView } from "@parkme/shared/protocol/kiosk-desk";
import { METHOD_WORDS } from "../logic/money-words.ts";
import type { MoneyContext } from "./context.ts";
import { RefundDialog } from "./refund-dialog.tsx";
import classes from "./stay-sheet.module.css";

type Props = MoneyContext & {
  readonly stay: StayView;
  readonly offers: Offers;
  readonly refresh: () => void;
};
type Payment = StayView["payments"][number];

/** What was paid for the stay, with its receipts. */
export function PaymentList({ stay, offers, refresh, ...context }: Props) {
  const [refunding, setRefunding] = useState<Payment | null>(null);
  if (stay.payments.length === 0) return null;

  return (
    <section className={classes["section"]} aria-label="Payments">
      <h4>Payments</h4>
      {stay.payments.map((payment) => (
        <PaymentRow
          key={payment.payment_id}
          payment={payment}
          onRefund={() => setRefunding(payment)}
          offers={offers}
          {...context}
        />
      ))}
      {refunding !== null && (
        <RefundDialog
          stay={stay}
          payment={refunding}
          onClose={() => setRefunding(null)}
          onDone={refresh}
          {...context}
        />
      )}
    </section>
  );
}

type RowProps = MoneyContext & {
  readonly payment: Payment;
  readonly offers: Offers;
  readonly onRefund: () => void;
};

function PaymentRow({ payment, offers, onRefund, api, money, time, nowMs, stale }: RowProps) {
  const { method, amount_minor, refunded_minor, at, actor, receipt } = payment;

  async function print(number: number): Promise<void> {
    const answer = await api.money.printReceipt(number);
    if (answer.kind === "signed_out") return;
    const printed = answer.kind === "done";
    notifications.show({
      color: printed ? "green" : "red",
      title: `Receipt ${number}`,
      message: printed ? "It is being printed." : `${answer.message} The link works all the same.`,
    });
  }

  return (
    <div className={classes["payment"]}>
      <strong>{money(amount_minor)}</strong>
      <span>
        {METHOD_WORDS[method]}, {time.moment(Date.parse(at), nowMs)}, {actor}
        {refunded_minor > 0 && `, ${money(refunded_minor)} given back`}
      </span>
      {receipt !== null && (
        <Button
          component="a"
          href={receipt.url}
          target="_blank"
          rel="noreferrer"
          variant="default"
          size="md"
          leftSection={<IconReceipt size={20} aria-hidden />}
        >
          Receipt {receipt.number}
        </Button>
      )}
      {receipt !== null && offers.desk_printer && (
        <Button
          variant="default"
          size="md"
          aria-label={`Print receipt ${receipt.number}`}
          onClick={() => void print(receipt.number)}
        >
          <IconPrinter size={20} aria-hidden />
        </Button>
      )}
      {refunded_minor < amount_minor && (
        <Button
          variant="default"
          size="md"
          disabled={stale}
          leftSection={<IconReceiptRefund size={20} aria-hidden />}
          onClick={onRefund}
        >
          Refund
        </Button>
      )}
    </div>
  );
}
