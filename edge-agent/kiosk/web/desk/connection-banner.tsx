import { Button, Loader } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { elapsedText } from "../logic/time-text.ts";
import classes from "./connection-banner.module.css";

type Props = {
  /** Why the newest data could not be read, if it could not. */
  readonly bad: string | null;
  readonly ageMs: number;
  /** The gate's time of what is on the screen; null when there is nothing. */
  readonly shown: string | null;
};

/** Says that the page does not show the present. */
export function ConnectionBanner({ bad, ageMs, shown }: Props) {
  if (bad !== null) {
    return (
      <div className={classes["banner"]} role="alert">
        <IconAlertTriangle aria-hidden />
        <p>
          <strong>The gate sends data that this page cannot read.</strong>{" "}
          {shown && `You see the state of ${shown}. `}
          Reload the page; if that does not help, tell the office: “{bad.slice(0, 120)}”.
        </p>
        <Button variant="default" size="md" onClick={() => location.reload()}>
          Reload
        </Button>
      </div>
    );
  }
  return (
    <div className={classes["banner"]} role="alert">
      <Loader size={22} color="currentColor" aria-hidden />
      <p>
        <strong>No contact with the gate’s computer.</strong>{" "}
        {/* The running age is not announced again every second. */}
        <span aria-live="off">
          {shown === null
            ? "Trying again…"
            : `You see the state of ${shown}, ${elapsedText(ageMs)} old. Trying again…`}
        </span>
      </p>
    </div>
  );
}
