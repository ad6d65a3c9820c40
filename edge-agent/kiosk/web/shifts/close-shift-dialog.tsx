import { useState } from "react";
import { TextInput } from "@mantine/core";
import type { ShiftReport } from "@parkme/shared/protocol/kiosk-desk";
import { FormDialog } from "../actions/form-dialog.tsx";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { useAttempt } from "../actions/use-attempt.ts";
import { AmountField, amountIn } from "../money/amount-field.tsx";
import type { MoneyContext } from "../money/context.ts";

type Props = MoneyContext & {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onClosed: (report: ShiftReport) => void;
};

const MAX_NOTE = 200;

/** The count is blind: what should be there is said when it is over. */
export function CloseShiftDialog({ api, snapshot, money, stale, opened, onClose, onClosed }: Props) {
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  const countedMinor = amountIn(text, snapshot.currency);
  const handle = useAttempt(
    async (_key: string, body: { counted_minor: number; note: string }) => {
      const answer = await api.money.closeShift(body);
      if (answer.kind === "done") onClosed(answer.value);
      return answer;
    },
    () => undefined,
  );
  return (
    <FormDialog
      title="Count the drawer and close the shift"
      body={countedMinor === null ? null : { counted_minor: countedMinor, note: note.trim() }}
      blocked={stale ? NO_CONTACT : null}
      unanswered="The shift may be closed: look below before you try again."
      confirm={countedMinor === null ? "Close the shift" : `Close with ${money(countedMinor)}`}
      {...{ opened, onClose, handle }}
    >
      {(frozen) => (
        <>
          <p>
            Count everything that is in the drawer, the float as well. The report follows and cannot be
            changed.
          </p>
          <AmountField
            label="Counted"
            currency={snapshot.currency}
            {...{ text, setText, frozen }}
            autoFocus
          />
          <TextInput
            label="Note"
            description="For the office, if there is something to say"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value.slice(0, MAX_NOTE))}
            readOnly={frozen}
          />
        </>
      )}
    </FormDialog>
  );
}
