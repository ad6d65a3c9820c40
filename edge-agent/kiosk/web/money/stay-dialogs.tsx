import { notifications } from "@mantine/notifications";
import type { DeskPayment } from "@parkme/shared/protocol/kiosk-desk";
import { CashDialog } from "../actions/cash-dialog.tsx";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import { useAcceptShort } from "../actions/use-accept-short.ts";
import { AccountDialog } from "./account-dialog.tsx";
import { AmendDialogs } from "./amend-dialogs.tsx";
import { DebtDialog } from "./debt-dialog.tsx";
import { IdentifyDialog } from "./identify-dialog.tsx";
import type { StayDialogProps } from "./stay-dialog.ts";
import { STAY_WORDS } from "./stay-words.ts";
import { UpiDialog } from "./upi-dialog.tsx";
import { ValidationDialog } from "./validation-dialog.tsx";

/** All dialogs of a stay; at most one is open. */
export function StayDialogs(props: StayDialogProps) {
  return (
    <>
      <DeskCash {...props} />
      <UpiDialog {...props} />
      <AccountDialog {...props} />
      <ValidationDialog {...props} />
      <IdentifyDialog {...props} />
      <DebtDialog {...props} />
      <AmendDialogs {...props} />
      <SimpleReasons {...props} />
    </>
  );
}

/** Cash at the desk, for what is due or for a debt. A drawer short of change is told of before, and can be overruled. */
function DeskCash({ api, snapshot, money, stale, stay, dialog, onClose, refresh }: StayDialogProps) {
  const collecting = dialog === "collect";
  const send = useAcceptShort(
    async (
      key: string,
      tendered: Pick<DeskPayment, "amount_minor" | "tendered_minor">,
      accept_short: boolean,
    ) => {
      const { stay_id: stayId } = stay;
      const body = {
        method: "cash",
        reference: null,
        accept_short,
        idempotency_key: key,
        ...tendered,
      } as const;
      const answer = await (collecting ? api.money.collectDebt(stayId, body) : api.money.pay(stayId, body));
      if (answer.kind === "done") refresh();
      return answer;
    },
  );

  return (
    <CashDialog
      opened={dialog === "cash" || collecting}
      onClose={onClose}
      laneName="Pay desk"
      ticketNumber={stay.ticket_number}
      plate={stay.plate}
      dueMinor={collecting ? stay.debt_minor : (stay.due_minor ?? 0)}
      blocked={stale ? NO_CONTACT : null}
      currency={snapshot.currency}
      money={money}
      send={send}
    />
  );
}

/** What needs a reason and nothing else. */
function SimpleReasons({ api, money, stale, stay, dialog, onClose, show, refresh }: StayDialogProps) {
  const blocked = stale ? NO_CONTACT : null;
  const subject = stay.plate ?? stay.ticket_number;
  const { stay_id: stayId } = stay;
  const done = (message: string) => (): void => {
    notifications.show({ color: "green", title: subject, message });
    refresh();
  };
  const dueMinor = stay.due_minor ?? 0;
  return (
    <>
      <ReasonDialog
        opened={dialog === "write_off"}
        words={{ ...STAY_WORDS.writeOff, title: `Write off ${money(dueMinor)}` }}
        send={async (key, reason) => {
          const body = { amount_minor: dueMinor, reason, idempotency_key: key };
          const answer = await api.money.writeOff(stayId, body);
          if (answer.kind === "done") show(answer.value);
          return answer;
        }}
        onDone={done("Nothing is due any more. It is recorded.")}
        {...{ onClose, subject, blocked }}
      />
      <ReasonDialog
        opened={dialog === "lost"}
        words={STAY_WORDS.lost}
        send={async (_key, reason) => {
          const answer = await api.money.lostTicket(stayId, reason);
          if (answer.kind === "done") show(answer.value);
          return answer;
        }}
        onDone={done("The old number is void.")}
        {...{ onClose, subject, blocked }}
      />
      <ReasonDialog
        opened={dialog === "print"}
        words={STAY_WORDS.print}
        send={(_key, reason) => api.money.printTicket(stayId, reason)}
        onDone={done("The ticket is being printed.")}
        {...{ onClose, subject, blocked }}
      />
      <ReasonDialog
        opened={dialog === "void"}
        words={STAY_WORDS.voidStay}
        send={async (_key, reason) => {
          const answer = await api.money.voidStay(stayId, reason);
          if (answer.kind === "done") show(answer.value);
          return answer;
        }}
        onDone={done("The stay is void.")}
        {...{ onClose, subject, blocked }}
      />
    </>
  );
}
