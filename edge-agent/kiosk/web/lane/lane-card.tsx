import { useState } from "react";
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconAlertTriangle,
  IconArrowLeft,
  IconArrowRight,
  IconBarrierBlock,
  IconCash,
  IconRotate,
} from "@tabler/icons-react";
import type { Currency } from "@parkme/shared/domain/money";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { CashDialog } from "../actions/cash-dialog.tsx";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import type { GateApi } from "../gate/api.ts";
import { describeState, toneOf, type StateWords, type Tone } from "../logic/lane-words.ts";
import type { MoneyText } from "../logic/money-text.ts";
import { elapsedText, type TimeText } from "../logic/time-text.ts";
import { LaneDrawing } from "./lane-drawing.tsx";
import { PlateRead } from "./plate-read.tsx";
import { StayPanel } from "./stay-panel.tsx";
import { AFTER_A_FAULT, resetWords, VEND_WORDS } from "./reasons.ts";
import classes from "./lane-card.module.css";

type Props = {
  readonly api: GateApi;
  readonly lane: LaneView;
  readonly currency: Currency;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly nowMs: number;
  /** The connection is lost: what the card shows may have changed, so nothing is to be done by it. */
  readonly stale: boolean;
};

/** One lane: what goes on in it, and what an attendant can do about it. */
export function LaneCard({ api, lane, currency, money, time, nowMs, stale }: Props) {
  const words = describeState(lane.state, lane.direction);
  const tone = toneOf(words, lane.troubles);
  return (
    <article className={classes["card"]} data-tone={tone} aria-label={lane.name}>
      <Band {...{ lane, words, tone, time, nowMs }} />
      <div className={classes["body"]}>
        <LaneDrawing lane={lane} />
        <p className={classes["display"]}>
          <span>Driver sees</span>
          <q>{lane.display || "–"}</q>
        </p>
        <Troubles troubles={lane.troubles} fault={tone === "fault"} />
        <PlateRead read={lane.read} {...{ time, nowMs }} />
        <StayPanel stay={lane.stay} readPlate={lane.read?.plate ?? null} {...{ money, time, nowMs }} />
      </div>
      <LaneActions {...{ api, lane, currency, money, stale }} />
    </article>
  );
}

type BandProps = {
  readonly lane: LaneView;
  readonly words: StateWords;
  readonly tone: Tone;
  readonly time: TimeText;
  readonly nowMs: number;
};

function Band({ lane, words, tone, time, nowMs }: BandProps) {
  const sinceMs = Date.parse(lane.since);
  const Arrow = lane.direction === "entry" ? IconArrowRight : IconArrowLeft;
  return (
    <header className={classes["band"]} data-tone={tone}>
      <div className={classes["name"]}>
        <Arrow size={22} aria-hidden />
        <h2>{lane.name}</h2>
        <span>{words.detail}</span>
      </div>
      <div className={classes["since"]}>
        since <time>{time.moment(sinceMs, nowMs)}</time>
      </div>
      <strong className={classes["state"]} role="status">
        {words.title}
      </strong>
      <div className={classes["elapsed"]}>{elapsedText(nowMs - sinceMs)}</div>
    </header>
  );
}

function Troubles({ troubles, fault }: { readonly troubles: readonly string[]; readonly fault: boolean }) {
  if (troubles.length === 0) return null;
  return (
    <ul className={classes["troubles"]} data-fault={fault || undefined} role="alert">
      {troubles.map((trouble) => (
        <li key={trouble}>
          <IconAlertTriangle size={20} aria-hidden />
          <span>{trouble}</span>
        </li>
      ))}
    </ul>
  );
}

type Stay = NonNullable<LaneView["stay"]>;
/** A stay that a fee is asked for. */
type DueStay = Stay & { readonly fee: NonNullable<Stay["fee"]> };

type ActionProps = Pick<Props, "api" | "lane" | "currency" | "money" | "stale">;

function LaneActions({ api, lane, currency, money, stale }: ActionProps) {
  const [open, setOpen] = useState<"cash" | "vend" | "reset" | null>(null);
  const [paying, setPaying] = useState<DueStay | null>(null);
  const close = () => setOpen(null);
  const { stay } = lane;
  const due: DueStay | null = stay !== null && stay.fee !== null ? { ...stay, fee: stay.fee } : null;
  const payingNow = due !== null && due.stay_id === paying?.stay_id ? due : null;
  const reset = resetWords(lane);
  const lost = stale ? "No contact with the gate's computer: wait until it is back." : null;

  return (
    <div className={classes["actions"]}>
      {lane.direction === "exit" && reset === null && (
        <Button
          className={classes["primary"] ?? ""}
          size="xl"
          color="var(--pk-due)"
          disabled={stale || due === null}
          leftSection={<IconCash size={28} aria-hidden />}
          onClick={() => {
            setPaying(due);
            setOpen("cash");
          }}
        >
          Take cash
        </Button>
      )}
      {reset !== null && (
        <Button
          className={classes["primary"] ?? ""}
          size="xl"
          {...(lane.state === "FAULT" ? { color: "var(--pk-fault)" } : {})}
          disabled={stale}
          leftSection={<IconRotate size={26} aria-hidden />}
          onClick={() => setOpen("reset")}
        >
          Reset
        </Button>
      )}
      <Button
        className={classes["secondary"] ?? ""}
        size="xl"
        variant="default"
        disabled={stale}
        leftSection={<IconBarrierBlock size={26} aria-hidden />}
        onClick={() => setOpen("vend")}
      >
        Vend
      </Button>

      {paying !== null && (
        // A dialog per stay: what was typed or sent for one vehicle never shows up for the next.
        <CashDialog
          key={paying.stay_id}
          opened={open === "cash"}
          onClose={close}
          laneName={lane.name}
          ticketNumber={paying.ticket_number}
          plate={paying.plate}
          dueMinor={(payingNow ?? paying).fee.amount_minor}
          blocked={
            lost ?? (payingNow === null ? "The lane no longer asks this vehicle for a payment." : null)
          }
          send={(key, cash) =>
            api.takeCash(lane.lane, { ...cash, stay_id: paying.stay_id, idempotency_key: key })
          }
          {...{ currency, money }}
        />
      )}
      <ReasonDialog
        opened={open === "vend"}
        onClose={close}
        laneName={lane.name}
        words={VEND_WORDS[lane.direction]}
        blocked={lost}
        send={(key, reason) => api.vend(lane.lane, { reason, idempotency_key: key })}
        onDone={() => {
          close();
          notifications.show({
            color: "green",
            title: lane.name,
            message: "Opened for one vehicle. It is recorded.",
          });
        }}
      />
      {(reset !== null || open === "reset") && (
        <ReasonDialog
          opened={open === "reset"}
          onClose={close}
          laneName={lane.name}
          words={reset ?? AFTER_A_FAULT}
          blocked={lost ?? (reset === null ? "There is nothing to reset any more." : null)}
          send={(_key, reason) => api.reset(lane.lane, { reason })}
          onDone={() => {
            close();
            notifications.show({ color: "green", title: lane.name, message: "Reset. It is recorded." });
          }}
        />
      )}
    </div>
  );
}
