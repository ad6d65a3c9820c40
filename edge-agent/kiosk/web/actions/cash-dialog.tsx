import { useRef, useState, type SubmitEvent } from "react";
import type { z } from "zod";
import { Button, Modal, TextInput } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { formatDecimal, money as amountOf, type Currency } from "@parkme/shared/domain/money";
import type { Cash, cashTakenSchema } from "@parkme/shared/protocol/kiosk";
import type { Answer } from "../gate/answer.ts";
import type { Attempt } from "../logic/attempt.ts";
import type { MoneyText } from "../logic/money-text.ts";
import { changeMinor, parseTendered, quickSums, type TenderedProblem } from "../logic/tendered.ts";
import { AttemptNotice } from "./attempt-notice.tsx";
import { DialogFooter } from "./dialog-footer.tsx";
import { Keypad } from "./keypad.tsx";
import { useAttempt } from "./use-attempt.ts";
import classes from "./cash-dialog.module.css";

type Tendered = Pick<Cash, "amount_minor" | "tendered_minor">;
type CashTaken = z.infer<typeof cashTakenSchema>;

type Props = {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly laneName: string;
  readonly ticketNumber: string;
  readonly plate: string | null;
  /** The fee as it is now, in minor units. */
  readonly dueMinor: number;
  /** Why nothing can be taken now, in words; null when it can. */
  readonly blocked: string | null;
  readonly currency: Currency;
  readonly money: MoneyText;
  readonly send: (key: string, tendered: Tendered) => Promise<Answer<CashTaken>>;
};

/** Takes cash for one stay: what is due, what was handed over, what goes back. */
export function CashDialog(props: Props) {
  const { opened, onClose, laneName, ticketNumber, plate, money, send } = props;
  const { attempt, submit, reset } = useAttempt(send);
  const [text, setText] = useState("");

  function close(): void {
    if (attempt.step === "sending") return;
    // Without an answer the money may have been taken: the same attempt waits here for the next try.
    if (attempt.step !== "unanswered") {
      setText("");
      reset();
    }
    onClose();
  }

  return (
    <Modal
      opened={opened}
      onClose={close}
      size={800}
      withCloseButton={false}
      closeOnClickOutside={attempt.step !== "done"}
      title={`${laneName}: take cash, ${plate ?? "no plate"}, ${ticketNumber}`}
    >
      {attempt.step === "done" ? (
        <Taken
          tenderedMinor={attempt.body.tendered_minor}
          backMinor={attempt.value.change_minor}
          {...{ money, close }}
        />
      ) : (
        <CashForm {...props} {...{ attempt, submit, text, setText, close }} />
      )}
    </Modal>
  );
}

type FormProps = Omit<Props, "opened" | "onClose" | "send"> & {
  readonly attempt: Exclude<Attempt<Tendered, CashTaken>, { step: "done" }>;
  readonly submit: (tendered: Tendered) => void;
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly close: () => void;
};

function CashForm({ attempt, submit, text, setText, close, dueMinor, blocked, currency, money }: FormProps) {
  const tendered = parseTendered(text, currency);
  const enough = tendered.ok && changeMinor(tendered.value, dueMinor) >= 0;
  const retry = attempt.step === "unanswered";
  const frozen = attempt.step !== "editing";
  const input = useRef<HTMLInputElement>(null);

  /** Back to the field, so that Enter confirms instead of pressing the same key again. */
  function fill(filled: string): void {
    setText(filled);
    input.current?.focus();
  }

  function confirm(event: SubmitEvent): void {
    event.preventDefault();
    if (retry) submit(attempt.body);
    else if (enough && blocked === null) submit({ amount_minor: dueMinor, tendered_minor: tendered.value });
  }

  return (
    <form className={classes["form"]} onSubmit={confirm}>
      <div className={classes["money"]}>
        <p className={classes["due"]}>
          <span>To pay</span>
          <strong>{money(dueMinor)}</strong>
        </p>
        <TextInput
          ref={input}
          label="Handed over"
          classNames={{ input: classes["tendered"] ?? "" }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value.slice(0, MAX_TEXT))}
          placeholder={formatDecimal(amountOf(0, currency))}
          // The keypad beside it serves fingers; a keyboard of the system would cover the dialog.
          inputMode="none"
          autoComplete="off"
          // Not disabled: it would lose the focus, and Enter would no longer try again.
          readOnly={frozen}
          data-frozen={frozen || undefined}
          data-autofocus
        />
        <LikelySums {...{ dueMinor, currency, money }} disabled={frozen} onText={fill} />
        <Change {...{ tendered, dueMinor, money }} />
      </div>
      <Keypad {...{ text, currency }} disabled={frozen} onText={fill} />
      <div className={classes["end"]}>
        <AttemptNotice
          {...{ attempt, blocked }}
          unanswered="The payment may have been recorded. Trying again takes the money once only."
        />
        <DialogFooter
          onCancel={close}
          undecided={retry}
          color="var(--pk-due)"
          confirm={retry ? "Try again" : `Take ${money(dueMinor)}`}
          disabled={!retry && (!enough || blocked !== null)}
          sending={attempt.step === "sending"}
        />
      </div>
    </form>
  );
}

const MAX_TEXT = 16;

type SumsProps = Pick<FormProps, "dueMinor" | "currency" | "money"> & {
  readonly disabled: boolean;
  readonly onText: (text: string) => void;
};

function LikelySums({ dueMinor, currency, money, disabled, onText }: SumsProps) {
  return (
    <div className={classes["sums"]} role="group" aria-label="Likely sums">
      {[dueMinor, ...quickSums(dueMinor, currency)].map((sumMinor, index) => (
        <Button
          key={sumMinor}
          variant="default"
          size="md"
          h={52}
          px={4}
          disabled={disabled}
          onClick={() => onText(formatDecimal(amountOf(sumMinor, currency)))}
        >
          {index === 0 ? "Exact" : money(sumMinor)}
        </Button>
      ))}
    </div>
  );
}

const PROBLEM_WORDS: Record<TenderedProblem, string> = {
  empty: "",
  not_an_amount: "This is not an amount",
  too_many_decimals: "Too many decimals",
  too_much: "This is too much",
};

type ChangeProps = {
  readonly tendered: ReturnType<typeof parseTendered>;
  readonly dueMinor: number;
  readonly money: MoneyText;
};

/** What goes back, or what is missing, as the attendant types. */
function Change({ tendered, dueMinor, money }: ChangeProps) {
  if (!tendered.ok) {
    return (
      <p className={classes["change"]} role="status">
        <span>Change</span>
        <strong>{PROBLEM_WORDS[tendered.error] || "–"}</strong>
      </p>
    );
  }
  const backMinor = changeMinor(tendered.value, dueMinor);
  return (
    <p className={classes["change"]} data-kind={backMinor < 0 ? "missing" : "back"} role="status">
      <span>{backMinor < 0 ? "Missing" : "Change"}</span>
      <strong>{money(Math.abs(backMinor))}</strong>
    </p>
  );
}

type TakenProps = {
  readonly tenderedMinor: number;
  /** The gate's own figure, not the page's. */
  readonly backMinor: number;
  readonly money: MoneyText;
  readonly close: () => void;
};

function Taken({ tenderedMinor, backMinor, money, close }: TakenProps) {
  return (
    <div className={classes["taken"]} role="alert">
      <p className={classes["recorded"]}>
        <IconCircleCheck size={30} aria-hidden />
        Payment of {money(tenderedMinor - backMinor)} is recorded
      </p>
      <p className={classes["back"]}>
        <span>{backMinor === 0 ? "No change to give" : "Give back"}</span>
        {backMinor > 0 && <strong>{money(backMinor)}</strong>}
      </p>
      <Button size="xl" fullWidth onClick={close} data-autofocus autoFocus>
        Done
      </Button>
    </div>
  );
}
