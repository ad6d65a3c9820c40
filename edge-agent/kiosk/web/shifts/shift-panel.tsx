import { useCallback, useEffect, useState } from "react";
import { Button, Loader } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowDownToArc, IconArrowUpFromArc, IconLockSquareRounded } from "@tabler/icons-react";
import type { ShiftNow, ShiftReport } from "@parkme/shared/protocol/kiosk-desk";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import { AmountField, amountIn } from "../money/amount-field.tsx";
import { notifyAnswer } from "../money/notify-answer.ts";
import type { MoneyContext } from "../money/context.ts";
import { CloseShiftDialog } from "./close-shift-dialog.tsx";
import { ReconciliationList } from "./reconciliation-list.tsx";
import { ShiftReportView } from "./shift-report.tsx";
import { ShiftList } from "./shift-list.tsx";
import classes from "./shift-panel.module.css";

/** The attendant's own drawer, from float to count, and what the office wants to know of all of them. */
export function ShiftPanel(props: MoneyContext) {
  const { api } = props;
  const [now, setNow] = useState<ShiftNow | null>(null);
  const [report, setReport] = useState<ShiftReport | null>(null);
  const load = useCallback(async (): Promise<void> => {
    const answer = await api.money.shift();
    if (answer.kind === "done") setNow(answer.value);
    else notifyAnswer("Shift", answer);
  }, [api]);
  useEffect(() => {
    const first = setTimeout(() => void load(), 0);
    return () => clearTimeout(first);
  }, [load]);

  if (now === null) return <Loader color="gray" />;
  return (
    <div className={classes["panel"]}>
      {now.shift === null ? (
        <OpenShift {...props} onOpened={setNow} />
      ) : (
        <RunningShift
          now={now}
          onChange={setNow}
          onClosed={(closed) => {
            setReport(closed);
            void load();
          }}
          {...props}
        />
      )}
      {report !== null && <ShiftReportView report={report} {...props} />}
      <ReconciliationList {...props} />
      <ShiftList key={report?.shift_id ?? "none"} {...props} />
    </div>
  );
}

function OpenShift({ api, snapshot, stale, onOpened }: MoneyContext & { onOpened: (now: ShiftNow) => void }) {
  const [text, setText] = useState("");
  const [sending, setSending] = useState(false);
  const floatMinor = amountIn(text, snapshot.currency);

  async function open(): Promise<void> {
    if (floatMinor === null) return;
    setSending(true);
    const answer = await api.money.openShift(floatMinor);
    setSending(false);
    if (answer.kind === "done") onOpened(answer.value);
    else notifyAnswer("Shift", answer);
  }

  return (
    <section className={classes["card"]} aria-label="Open a shift">
      <h3>No shift is open</h3>
      <p>Count what is in the drawer now. The first cash payment would open a shift with nothing in it.</p>
      <AmountField label="Float" currency={snapshot.currency} {...{ text, setText }} autoFocus />
      <Button disabled={stale || floatMinor === null} loading={sending} onClick={() => void open()}>
        Open the shift
      </Button>
    </section>
  );
}

type RunningProps = MoneyContext & {
  readonly now: ShiftNow;
  readonly onChange: (now: ShiftNow) => void;
  readonly onClosed: (report: ShiftReport) => void;
};

function RunningShift({ now, onChange, onClosed, ...context }: RunningProps) {
  const { money, time, nowMs, stale } = context;
  const [dialog, setDialog] = useState<"drop" | "top_up" | "close" | null>(null);
  if (now.shift === null) return null;
  return (
    <section className={classes["card"]} aria-label="Your shift">
      <h3>Your shift, since {time.moment(Date.parse(now.shift.opened_at), nowMs)}</h3>
      <p>
        {now.shift.opened_by_payment
          ? "Opened by a payment: nobody has counted what was in the drawer before."
          : `Float ${money(now.float_minor)}.`}
      </p>
      {now.change_low && <p className={classes["warn"]}>The drawer runs short of change.</p>}
      <div className={classes["actions"]}>
        <Button
          variant="default"
          disabled={stale}
          leftSection={<IconArrowUpFromArc size={22} aria-hidden />}
          onClick={() => setDialog("drop")}
        >
          To the safe
        </Button>
        <Button
          variant="default"
          disabled={stale}
          leftSection={<IconArrowDownToArc size={22} aria-hidden />}
          onClick={() => setDialog("top_up")}
        >
          Into the drawer
        </Button>
        <Button
          disabled={stale}
          leftSection={<IconLockSquareRounded size={22} aria-hidden />}
          onClick={() => setDialog("close")}
        >
          Count and close
        </Button>
      </div>
      {(dialog === "drop" || dialog === "top_up") && (
        <MoveDialog kind={dialog} onClose={() => setDialog(null)} onMoved={onChange} {...context} />
      )}
      <CloseShiftDialog
        opened={dialog === "close"}
        onClose={() => setDialog(null)}
        onClosed={(report) => {
          setDialog(null);
          onClosed(report);
        }}
        {...context}
      />
    </section>
  );
}

type MoveProps = MoneyContext & {
  readonly kind: "drop" | "top_up";
  readonly onClose: () => void;
  readonly onMoved: (now: ShiftNow) => void;
};

const MOVE_WORDS = {
  drop: {
    title: "Money to the safe",
    explanation:
      "It leaves the drawer and is not yours to count any more. It is recorded with your name and the reason.",
    confirm: "Take out",
    quickReasons: ["Drawer is full", "Regular drop", "Handed to the office"],
  },
  top_up: {
    title: "Money into the drawer",
    explanation: "It belongs to the drawer from now on. It is recorded with your name and the reason.",
    confirm: "Put in",
    quickReasons: ["Change from the safe", "Change from the bank"],
  },
} as const;

function MoveDialog({ api, snapshot, stale, kind, onClose, onMoved }: MoveProps) {
  const [text, setText] = useState("");
  const amountMinor = amountIn(text, snapshot.currency);
  return (
    <ReasonDialog
      opened
      onClose={onClose}
      subject="Shift"
      words={MOVE_WORDS[kind]}
      fields={(frozen) => (
        <AmountField label="Amount" currency={snapshot.currency} {...{ text, setText, frozen }} />
      )}
      incomplete={amountMinor === null || amountMinor === 0}
      blocked={stale ? NO_CONTACT : null}
      send={async (key, reason) => {
        const body = { kind, amount_minor: amountMinor ?? 0, reason, idempotency_key: key };
        const answer = await api.money.moveDrawer(body);
        if (answer.kind === "done") onMoved(answer.value);
        return answer;
      }}
      onDone={() => notifications.show({ color: "green", title: "Shift", message: "It is recorded." })}
    />
  );
}
