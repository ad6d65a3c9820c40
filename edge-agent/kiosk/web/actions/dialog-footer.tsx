import { Button } from "@mantine/core";
import classes from "./dialog-footer.module.css";

type Props = {
  readonly onCancel: () => void;
  /** Something was sent and its outcome is open: leaving cancels nothing. */
  readonly undecided: boolean;
  /** The action in words: a button that says what it does. */
  readonly confirm: string;
  readonly disabled: boolean;
  readonly sending: boolean;
  readonly color?: string;
};

/** The two ways out of a form; the confirming one submits it, so Enter does too. */
export function DialogFooter({ onCancel, undecided, confirm, disabled, sending, color }: Props) {
  return (
    <div className={classes["footer"]}>
      <Button size="xl" variant="default" onClick={onCancel} disabled={sending}>
        {undecided ? "Close" : "Cancel"}
      </Button>
      <Button
        size="xl"
        type="submit"
        className={classes["confirm"] ?? ""}
        disabled={disabled}
        loading={sending}
        {...(color === undefined ? {} : { color })}
      >
        {confirm}
      </Button>
    </div>
  );
}
