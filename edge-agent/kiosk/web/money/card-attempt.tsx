import { useState } from "react";
import { Button, Loader, TextInput } from "@mantine/core";
import type { AttemptView } from "@parkme/shared/protocol/kiosk-desk";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import dialogs from "./dialogs.module.css";
import { notifyAnswer } from "./notify-answer.ts";
import type { MoneyContext } from "./context.ts";
import { STAY_WORDS } from "./stay-words.ts";
import classes from "./stay-sheet.module.css";

type Props = MoneyContext & { readonly attempt: AttemptView; readonly refresh: () => void };

const WORDS: Record<AttemptView["status"], string> = {
  begun: "The terminal asks for the card.",
  unknown: "It is being asked whether the card was charged. Take no other payment meanwhile.",
  reversing: "The card was charged and is being given back.",
  approved: "The card was charged.",
  declined: "The card was declined.",
  refused: "The terminal did not take it on.",
  reversed: "The card was given back.",
};

/** A card payment at the desk's terminal, while it is under way. */
export function CardAttempt({ api, money, attempt, stale, refresh }: Props) {
  const [stopping, setStopping] = useState(false);
  const [vouching, setVouching] = useState(false);

  async function stop(): Promise<void> {
    setStopping(true);
    const answer = await api.money.stopAttempt(attempt.attempt_id);
    setStopping(false);
    if (answer.kind !== "done") notifyAnswer("Card", answer);
    refresh();
  }

  return (
    <div className={classes["attempt"]} role="status">
      <Loader size={28} color="gray" />
      <p>
        <strong>{money(attempt.amount_minor)}</strong> by card. {WORDS[attempt.status]}
        {attempt.detail !== "" && ` ${attempt.detail}`}
      </p>
      {attempt.status === "unknown" && (
        <Button variant="default" size="md" disabled={stale} onClick={() => setVouching(true)}>
          Settle by hand
        </Button>
      )}
      {vouching && (
        <VouchDialog
          onClose={() => setVouching(false)}
          onDone={refresh}
          {...{ api, attempt, stale }}
          amount={money(attempt.amount_minor)}
        />
      )}
      {attempt.status === "begun" && (
        <Button variant="default" size="md" disabled={stale} loading={stopping} onClick={() => void stop()}>
          Stop
        </Button>
      )}
    </div>
  );
}

type VouchProps = Pick<MoneyContext, "api" | "stale"> & {
  readonly attempt: AttemptView;
  readonly amount: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
};

const MAX_REFERENCE = 80;

/** Somebody has looked at the terminal's own journal, or asked the bank. */
function VouchDialog({ api, stale, attempt, amount, onClose, onDone }: VouchProps) {
  const [charged, setCharged] = useState<boolean | null>(null);
  const [reference, setReference] = useState("");
  const incomplete = charged === null || (charged && reference.trim() === "");
  return (
    <ReasonDialog
      opened
      onClose={onClose}
      subject="Card payment in doubt"
      words={{ ...STAY_WORDS.vouch, title: `Was ${amount} charged?` }}
      fields={(frozen) => (
        <>
          <div className={dialogs["choices"]} role="group" aria-label="What became of it">
            {([true, false] as const).map((yes) => (
              <Button
                key={String(yes)}
                variant={charged === yes ? "filled" : "default"}
                aria-pressed={charged === yes}
                disabled={frozen}
                onClick={() => setCharged(yes)}
              >
                {yes ? "It was charged" : "It was not charged"}
              </Button>
            ))}
          </div>
          {charged === true && (
            <TextInput
              label="Receipt number of the terminal"
              value={reference}
              onChange={(event) => setReference(event.currentTarget.value.slice(0, MAX_REFERENCE))}
              readOnly={frozen}
            />
          )}
        </>
      )}
      incomplete={incomplete}
      blocked={stale ? NO_CONTACT : null}
      send={(_key, reason) =>
        api.money.vouchAttempt(attempt.attempt_id, {
          reference: charged === true ? reference.trim() : null,
          reason,
        })
      }
      onDone={onDone}
    />
  );
}
