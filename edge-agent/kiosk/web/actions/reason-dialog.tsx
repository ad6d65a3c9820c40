import { useState, type SubmitEvent } from "react";
import { Alert, Button, Modal, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { Answer } from "../gate/answer.ts";
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
  readonly laneName: string;
  readonly words: ReasonWords;
  /** Why it cannot be done now, in words; null when it can. */
  readonly blocked: string | null;
  readonly send: (key: string, reason: string) => Promise<Answer<unknown>>;
  readonly onDone: () => void;
};

/** Asks for a reason, then acts. The reason is what the office reads afterwards, so there is no way around it. */
export function ReasonDialog({ opened, onClose, laneName, words, blocked, send, onDone }: Props) {
  const [reason, setReason] = useState("");
  const { attempt, submit, reset } = useAttempt(send, () => {
    setReason("");
    reset();
    onDone();
  });
  const sending = attempt.step === "sending";
  const retry = attempt.step === "unanswered";
  const ready = retry || (blocked === null && reason.trim().length >= MIN_LENGTH);

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
      size={620}
      title={`${laneName}: ${words.title}`}
      withCloseButton={false}
    >
      <form className={classes["form"]} onSubmit={confirm}>
        <p className={classes["explanation"]}>
          <IconInfoCircle size={24} aria-hidden />
          {words.explanation}
        </p>
        <div className={classes["quick"]} role="group" aria-label="Common reasons">
          {words.quickReasons.map((quick) => (
            <Button
              key={quick}
              variant={reason === quick ? "filled" : "default"}
              aria-pressed={reason === quick}
              disabled={sending || retry}
              onClick={() => setReason(quick)}
              size="md"
              h={48}
            >
              {quick}
            </Button>
          ))}
        </div>
        <TextInput
          label="Reason"
          placeholder="Choose one above, or type"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={MAX_LENGTH}
          disabled={sending || retry}
          required
          withAsterisk={false}
          data-autofocus
        />
        {attempt.step === "editing" && attempt.refusal !== null && (
          <Alert color="red" icon={<IconAlertTriangle />} role="alert">
            {attempt.refusal}
          </Alert>
        )}
        {retry && (
          <Alert color="yellow" icon={<IconAlertTriangle />} role="alert">
            {attempt.message} It may have been done: look at the lane. Trying again does it once only.
          </Alert>
        )}
        {blocked !== null && !retry && (
          <Alert color="yellow" icon={<IconAlertTriangle />} role="status">
            {blocked}
          </Alert>
        )}
        <DialogFooter
          onCancel={close}
          confirm={retry ? "Try again" : words.confirm}
          disabled={!ready}
          sending={sending}
        />
      </form>
    </Modal>
  );
}
