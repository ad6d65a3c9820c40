import { useState } from "react";
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconBarrierBlock, IconCash, IconRotate } from "@tabler/icons-react";
import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import type { Currency } from "@parkme/shared/domain/money";
import type { Cash, LaneView } from "@parkme/shared/protocol/kiosk";
import type { GateApi } from "../gate/api.ts";
import { dueStay, type DueStay } from "../logic/due-stay.ts";
import type { MoneyText } from "../logic/money-text.ts";
import { CashDialog } from "./cash-dialog.tsx";
import { LaneMenu } from "./lane-menu.tsx";
import { NO_CONTACT } from "./no-contact.ts";
import { ReasonDialog } from "./reason-dialog.tsx";
import { AFTER_A_FAULT, resetWords, VEND_WORDS } from "./reasons.ts";
import { useAcceptShort } from "./use-accept-short.ts";
import classes from "./lane-actions.module.css";

type Props = {
  readonly api: GateApi;
  readonly lane: LaneView;
  /** The mode that was set for the lane itself. */
  readonly ownMode: LaneMode;
  readonly currency: Currency;
  readonly money: MoneyText;
  /** The connection is lost: what the page shows may have changed, so nothing is to be done by it. */
  readonly stale: boolean;
};

/** What an attendant can do in a lane. Whether it may be done now is the gate's to say. */
export function LaneActions({ api, lane, ownMode, currency, money, stale }: Props) {
  const canReset = resetWords(lane) !== null;
  return (
    <div className={classes["actions"]}>
      {lane.direction === "exit" && (
        <CashAction hidden={canReset} {...{ api, lane, currency, money, stale }} />
      )}
      <ResetAction {...{ api, lane, stale }} />
      <VendAction {...{ api, lane, stale }} />
      <LaneMenu {...{ api, lane, ownMode, stale }} />
    </div>
  );
}

type ActionProps = Pick<Props, "api" | "lane" | "stale">;
type CashProps = ActionProps & Pick<Props, "currency" | "money"> & { readonly hidden: boolean };

/** The button gives way to Reset; a dialog that is open stays. */
function CashAction({ api, lane, currency, money, stale, hidden }: CashProps) {
  const [opened, setOpened] = useState(false);
  const [paying, setPaying] = useState<DueStay | null>(null);
  const due = dueStay(lane);
  const now = due?.stay_id === paying?.stay_id ? due : null;
  const sendCash = useAcceptShort(
    async (key: string, tendered: Pick<Cash, "amount_minor" | "tendered_minor">, accept_short: boolean) =>
      await api.takeCash(lane.lane, {
        ...tendered,
        stay_id: paying?.stay_id ?? "",
        idempotency_key: key,
        accept_short,
      }),
  );
  const gone = now === null ? "The lane no longer asks this vehicle for a payment." : null;
  return (
    <>
      {!hidden && (
        <Button
          className={classes["primary"] ?? ""}
          size="xl"
          color="var(--pk-due)"
          disabled={stale || due === null}
          leftSection={<IconCash size={28} aria-hidden />}
          onClick={() => {
            setPaying(due);
            setOpened(true);
          }}
        >
          Take cash
        </Button>
      )}
      {paying !== null && (
        // A dialog per stay: what was typed or sent for one vehicle never shows up for the next.
        <CashDialog
          key={paying.stay_id}
          opened={opened}
          onClose={() => setOpened(false)}
          laneName={lane.name}
          ticketNumber={paying.ticket_number}
          plate={paying.plate}
          dueMinor={(now ?? paying).fee.amount_minor}
          blocked={stale ? NO_CONTACT : gone}
          send={sendCash}
          {...{ currency, money }}
        />
      )}
    </>
  );
}

function VendAction({ api, lane, stale }: ActionProps) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button
        className={classes["secondary"] ?? ""}
        size="xl"
        variant="default"
        disabled={stale}
        leftSection={<IconBarrierBlock size={26} aria-hidden />}
        onClick={() => setOpened(true)}
      >
        Vend
      </Button>
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        subject={lane.name}
        words={VEND_WORDS[lane.direction]}
        blocked={stale ? NO_CONTACT : null}
        send={(key, reason) => api.vend(lane.lane, { reason, idempotency_key: key })}
        onDone={() => tell(lane, "Opened for one vehicle. It is recorded.")}
      />
    </>
  );
}

function ResetAction({ api, lane, stale }: ActionProps) {
  const [opened, setOpened] = useState(false);
  const words = resetWords(lane);
  const gone = words === null ? "There is nothing to reset any more." : null;
  const release = lane.state === "HELD_OPEN" && lane.held_by !== "fire";
  // Nothing invites to reset while the fire or the stop goes on; the gate would refuse it.
  const signalled = lane.inputs.fire === "on" || lane.inputs.stop === "on";
  const urgent = lane.state === "FAULT" || lane.state === "STOPPED" || lane.held_by === "fire";
  return (
    <>
      {words !== null && (
        <Button
          className={classes["primary"] ?? ""}
          size="xl"
          {...(signalled ? { variant: "default" } : urgent ? { color: "var(--pk-fault)" } : {})}
          disabled={stale}
          leftSection={<IconRotate size={26} aria-hidden />}
          onClick={() => setOpened(true)}
        >
          {release ? "Release" : "Reset"}
        </Button>
      )}
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        subject={lane.name}
        words={words ?? AFTER_A_FAULT}
        blocked={stale ? NO_CONTACT : gone}
        send={(_key, reason) => api.reset(lane.lane, { reason })}
        onDone={() => tell(lane, "Reset. It is recorded.")}
      />
    </>
  );
}

function tell(lane: LaneView, message: string): void {
  notifications.show({ color: "green", title: lane.name, message });
}
