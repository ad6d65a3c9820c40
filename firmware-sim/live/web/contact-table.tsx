import type { ThingView } from "../contract.ts";
import classes from "./contact-table.module.css";
import { FaultButton } from "./thing-tile.tsx";

type Props = {
  readonly contacts: readonly ThingView[];
  readonly onFault: (target: string, what: string, on: boolean) => void;
};

/** The loops and switches of a lane: what the board is told, and what can be done to each. */
export function ContactTable({ contacts, onFault }: Props) {
  return (
    <ul className={classes["contacts"]}>
      {contacts.map(({ target, title, status, faults }) => (
        <li key={target}>
          <span className={classes["title"]}>
            <i data-on={status === "on" || undefined} aria-hidden />
            {title}
            <span className={classes["level"]}>{status}</span>
          </span>
          <span className={classes["faults"]}>
            {faults.map((fault) => (
              <FaultButton
                key={fault.what}
                fault={fault}
                thing={title}
                onFault={(on) => onFault(target, fault.what, on)}
              />
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}
