import { useState, type ReactNode } from "react";
import { Button, Loader, Menu } from "@mantine/core";
import {
  IconCash,
  IconCreditCard,
  IconDiscount,
  IconDots,
  IconQrcode,
  IconUserDollar,
} from "@tabler/icons-react";
import type { Offers, StayView } from "@parkme/shared/protocol/kiosk-desk";
import { mintKey } from "../gate/mint-key.ts";
import { CardAttempt } from "./card-attempt.tsx";
import type { MoneyContext } from "./context.ts";
import type { StayDialog } from "./stay-dialog.ts";
import { StayDialogs } from "./stay-dialogs.tsx";
import { notifyAnswer } from "./notify-answer.ts";
import classes from "./stay-sheet.module.css";

type Props = MoneyContext & {
  readonly stay: StayView;
  readonly offers: Offers;
  readonly refresh: () => void;
  readonly show: (stay: StayView) => void;
};

/** What can be done about a stay: paying first, the rest behind a menu. */
export function StayActions(props: Props) {
  const { api, stay, offers, stale, refresh } = props;
  const [dialog, setDialog] = useState<StayDialog | null>(null);
  const [asking, setAsking] = useState(false);
  const due = stay.due_minor ?? 0;
  const canPay = stay.status !== "void" && due > 0 && stay.attempt === null;

  async function payByCard(): Promise<void> {
    setAsking(true);
    const body = { amount_minor: due, idempotency_key: mintKey() };
    const answer = await api.money.payByCard(stay.stay_id, body);
    setAsking(false);
    if (answer.kind !== "done") notifyAnswer("Card", answer);
    refresh();
  }

  return (
    <>
      {stay.attempt !== null && <CardAttempt attempt={stay.attempt} {...props} />}
      {canPay && (
        <div className={classes["actions"]}>
          <Pay icon={<IconCash size={24} aria-hidden />} disabled={stale} onClick={() => setDialog("cash")}>
            Cash
          </Pay>
          {offers.card && (
            <Pay
              icon={asking ? <Loader size={20} color="gray" /> : <IconCreditCard size={24} aria-hidden />}
              disabled={stale || asking}
              onClick={() => void payByCard()}
            >
              Card
            </Pay>
          )}
          {offers.upi && (
            <Pay
              icon={<IconQrcode size={24} aria-hidden />}
              disabled={stale}
              onClick={() => setDialog("upi")}
            >
              UPI
            </Pay>
          )}
          <Pay
            icon={<IconUserDollar size={24} aria-hidden />}
            disabled={stale}
            onClick={() => setDialog("account")}
          >
            Account
          </Pay>
        </div>
      )}
      <div className={classes["more"]}>
        {stay.status !== "void" && stay.status !== "closed" && (
          <Button
            variant="default"
            size="md"
            disabled={stale}
            leftSection={<IconDiscount size={22} aria-hidden />}
            onClick={() => setDialog("validation")}
          >
            Validate
          </Button>
        )}
        <MoreMenu {...{ stay, offers, stale }} onChoose={setDialog} />
      </div>
      <StayDialogs dialog={dialog} onClose={() => setDialog(null)} {...props} />
    </>
  );
}

type PayProps = {
  readonly icon: ReactNode;
  readonly disabled: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
};

function Pay({ icon, disabled, onClick, children }: PayProps) {
  return (
    <Button variant="filled" color="var(--pk-due)" leftSection={icon} disabled={disabled} onClick={onClick}>
      {children}
    </Button>
  );
}

type MenuProps = Pick<Props, "stay" | "offers" | "stale"> & {
  readonly onChoose: (dialog: StayDialog) => void;
};

/** Only what makes sense for the stay as it is. */
function MoreMenu({ stay, offers, stale, onChoose }: MenuProps) {
  const inside = stay.status === "open" || stay.status === "provisional";
  const due = (stay.due_minor ?? 0) > 0;
  const items: readonly (readonly [StayDialog, string, boolean])[] = [
    ["identify", "It stands at an exit", inside],
    ["lost", "Ticket is lost", inside && !stay.lost_ticket],
    ["print", "Print the ticket again", inside && offers.desk_printer],
    ["entry_time", "Correct the entry time", inside],
    ["vehicle", "Correct the vehicle", inside],
    ["penalty", "Add a penalty", inside && offers.penalties.length > 0],
    ["write_off", "Let out without paying (write off)", due],
    ["debt", "Unable to collect: book as a debt", due],
    ["collect", "Collect the debt", stay.debt_minor > 0],
    ["void", "Void the stay", inside && stay.payments.length === 0],
  ];
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Button
          variant="default"
          size="md"
          disabled={stale || !items.some(([, , fits]) => fits)}
          leftSection={<IconDots size={22} aria-hidden />}
        >
          More
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {items
          .filter(([, , fits]) => fits)
          .map(([dialog, words]) => (
            <Menu.Item key={dialog} h={48} fz={17} onClick={() => onChoose(dialog)}>
              {words}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}
