import type { ReactNode, SubmitEvent } from "react";
import { Modal } from "@mantine/core";
import { AttemptNotice } from "./attempt-notice.tsx";
import { DialogFooter } from "./dialog-footer.tsx";
import type { AttemptHandle } from "./use-attempt.ts";
import classes from "./form-dialog.module.css";

type Props<Body, Value> = {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly size?: number;
  readonly handle: AttemptHandle<Body, Value>;
  /** What would be sent now; null while the form is not filled in. */
  readonly body: Body | null;
  /** Why it cannot be done now, in words; null when it can. */
  readonly blocked: string | null;
  /** What to make of silence. */
  readonly unanswered: string;
  /** The action in words. */
  readonly confirm: string;
  /** The fields; `frozen` while they must stay as they were sent. */
  readonly children: (frozen: boolean) => ReactNode;
};

/** A form that is sent once: what got no answer is frozen, and only the very same is sent again. */
export function FormDialog<Body, Value>(props: Props<Body, Value>) {
  const { opened, onClose, title, size = 560, handle, body, blocked, unanswered, confirm, children } = props;
  const { attempt, submit, reset } = handle;
  const sending = attempt.step === "sending";
  const retry = attempt.step === "unanswered";
  const sendable = retry ? attempt.body : blocked === null ? body : null;

  function close(): void {
    if (sending) return;
    reset();
    onClose();
  }

  function send(event: SubmitEvent): void {
    event.preventDefault();
    if (sendable !== null) submit(sendable);
  }

  return (
    <Modal {...{ opened, size, title }} onClose={close} withCloseButton={false}>
      <form className={classes["form"]} onSubmit={send}>
        {children(sending || retry)}
        <AttemptNotice {...{ attempt, blocked, unanswered }} />
        <DialogFooter
          onCancel={close}
          undecided={retry}
          confirm={retry ? "Try again" : confirm}
          disabled={sendable === null}
          sending={sending}
        />
      </form>
    </Modal>
  );
}
