import { useState, type ReactNode, type SubmitEvent } from "react";
import { Button, Modal, TextInput } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import type { Answer } from "../gate/answer.ts";
import { AttemptNotice } from "./attempt-notice.tsx";
import { DialogFooter } from "./dialog-footer.tsx";
import { useAttempt } from "./use-attempt.ts";
import classes from "./reason-dialog.module.css";

/** What a dialog says about the action that it asks a reason for. */
export type ReasonWords = {
  readonly title: string;
  /** What the action does and what is recorded of it. */
  readonly explanation: string;
  readonly confirm: string;
  readonly quickReasons: readonly string[];
};

const MIN_LENGTH = 3;
const MAX_LENGTH = 200;

type Props = {
  readonly opened: boolean;
  readonly onClose: () => void;
  /** The lane or place it is about. */
  readonly subject: string;
  readonly words: ReasonWords;
  /** What else is asked for, above the reason; `frozen` while it must stay as it was sent. */
  readonly fields?: (frozen: boolean) => ReactNode;
  /** Something in `fields` is still to be filled in. */
  readonly incomplete?: boolean;
  /** Why it cannot be done now, in words; null when it can. */
  readonly blocked: string | null;
  readonly send: (key: string, reason: string) => Promise<Answer<unknown>>;
  readonly onDone: () => void;
};

/** Asks for a reason, then acts. The reason is what the office reads afterwards, so there is no way around it. */
export function ReasonDialog(props: Props) {
  const { opened, onClose, subject, words, fields, incomplete = false, blocked, send, onDone } = props;
  const [reason, setReason] = useState("");
  const { attempt, submit, reset } = useAttempt(send, () => {
    setReason("");
    onClose();
    onDone();
  });
  const sending = attempt.step === "sending";
  const retry = attempt.step === "unanswered";
  const ready = retry || (blocked === null && !incomplete && reason.trim().length >= MIN_LENGTH);

  function close(): void {
    if (sending) return;
    setReason("");
    reset();
    onClose();
  }

  function confirm(event: SubmitEvent): void {
    event.preventDefault();
    if (ready) submit(reason.trim());
  }

  return (
    <Modal
      opened={opened}
      onClose={close}
      size={700}
      title={`${subject}: ${words.title}`}
      withCloseButton={false}
    >
      <form className={classes["form"]} onSubmit={confirm}>
        <p className={classes["explanation"]}>
          <IconInfoCircle size={24} aria-hidden />
          {words.explanation}
        </p>
        {fields?.(sending || retry)}
        <ReasonFields quick={words.quickReasons} {...{ reason, setReason }} disabled={sending || retry} />
        <AttemptNotice
          {...{ attempt, blocked }}
          unanswered="It may have been done: look first. Trying again does it once only."
        />
        <DialogFooter
          onCancel={close}
          undecided={retry}
          confirm={retry ? "Try again" : words.confirm}
          disabled={!ready}
          sending={sending}
        />
      </form>
    </Modal>
  );
}

type FieldsProps = {
  readonly quick: readonly string[];
  readonly reason: string;
  readonly setReason: (reason: string) => void;
  readonly disabled: boolean;
};

function ReasonFields({ quick, reason, setReason, disabled }: FieldsProps) {
  return (
    <>
      <div className={classes["quick"]} role="group" aria-label="Common reasons">
        {quick.map((common, index) => (
          <Button
            key={common}
            // Not the text field: focus there would raise a tablet's keyboard over the dialog.
            {...(index === 0 ? { "data-autofocus": true } : {})}
            variant={reason === common ? "filled" : "default"}
            aria-pressed={reason === common}
            disabled={disabled}
            onClick={() => setReason(common)}
            size="md"
            h={48}
          >
            {common}
          </Button>
        ))}
      </div>
      <TextInput
        label="Reason"
        placeholder="Choose one above, or type"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={MAX_LENGTH}
        readOnly={disabled}
        required
        withAsterisk={false}
      />
    </>
  );
}
