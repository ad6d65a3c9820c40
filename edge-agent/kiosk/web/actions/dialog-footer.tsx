import { Button } from "@mantine/core";
import classes from "./dialog-footer.module.css";

type Props = {
  readonly onCancel: () => void;
  /** The action in words: a button that says what it does. */
  readonly confirm: string;
  readonly disabled: boolean;
  readonly sending: boolean;
};

/** The two ways out of a form; the confirming one submits it, so Enter does too. */
export function DialogFooter({ onCancel, confirm, disabled, sending }: Props) {
  return (
    <div className={classes["footer"]}>
      <Button size="xl" variant="default" onClick={onCancel} disabled={sending}>
        Cancel
      </Button>
      <Button
        size="xl"
        type="submit"
        className={classes["confirm"] ?? ""}
        disabled={disabled}
        loading={sending}
      >
        {confirm}
      </Button>
    </div>
  );
}
