import { Modal } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import type { SubmitEvent } from "react";
import type { Answer } from "../gate/answer.ts";
import { AttemptNotice } from "./attempt-notice.tsx";
import { DialogFooter } from "./dialog-footer.tsx";
import { useAttempt } from "./use-attempt.ts";
import classes from "./reason-dialog.module.css";

type Props = {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly explanation: string;
  readonly confirm: string;
  /** Why it cannot be done now, in words; null when it can. */
  readonly blocked: string | null;
  readonly send: () => Promise<Answer<unknown>>;
  readonly onDone: () => void;
};

/** Asks once more before something is done that needs no reason. */
export function ConfirmDialog({
  opened,
  onClose,
  title,
  explanation,
  confirm,
  blocked,
  send,
  onDone,
}: Props) {
  const { attempt, submit, reset } = useAttempt(send, () => {
    onClose();
    onDone();
  });
  const sending = attempt.step === "sending";
  const retry = attempt.step === "unanswered";

  function close(): void {
    if (sending) return;
    reset();
    onClose();
  }

  function go(event: SubmitEvent): void {
    event.preventDefault();
    if (retry || blocked === null) submit(null);
  }

  return (
    <Modal opened={opened} onClose={close} size={700} title={title} withCloseButton={false}>
      <form className={classes["form"]} onSubmit={go}>
        <p className={classes["explanation"]}>
          <IconInfoCircle size={24} aria-hidden />
          {explanation}
        </p>
        <AttemptNotice {...{ attempt, blocked }} unanswered="It may have been done: look first." />
        <DialogFooter
          onCancel={close}
          undecided={retry}
          confirm={retry ? "Try again" : confirm}
          disabled={!retry && blocked !== null}
          sending={sending}
        />
      </form>
    </Modal>
  );
}
