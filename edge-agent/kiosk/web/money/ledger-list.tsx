import { useState } from "react";
import { Button } from "@mantine/core";
import type { StayView } from "@parkme/shared/protocol/kiosk-desk";
import { LEDGER_WORDS, METHOD_WORDS } from "../logic/money-words.ts";
import type { MoneyContext } from "./context.ts";
import classes from "./stay-sheet.module.css";

type Props = Pick<MoneyContext, "money" | "time" | "nowMs"> & { readonly stay: StayView };

/** Every entry of the stay's account, for who wants to know how it came about. */
export function LedgerList({ stay, money, time, nowMs }: Props) {
  const [shown, setShown] = useState(false);
  if (stay.entries.length === 0) return null;
  if (!shown)
    return (
      <div>
        <Button variant="subtle" color="gray" size="md" onClick={() => setShown(true)}>
          Show the account ({stay.entries.length} entries)
        </Button>
      </div>
    );
  return (
    <section className={classes["section"]} aria-label="Account">
      <h4>Account</h4>
      <table>
        <tbody>
          {stay.entries.map(({ kind, amount_minor, at, actor, reason, method }, i) => (
            <tr key={i}>
              <td>
                {LEDGER_WORDS[kind]}
                {method !== null && ` ${METHOD_WORDS[method]}`}
                {reason !== "" && `: ${reason}`}
                <br />
                <span className={classes["soft"]}>
                  {time.moment(Date.parse(at), nowMs)}, {actor}
                </span>
              </td>
              <td>{money(amount_minor)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Balance</th>
            <td>{money(stay.balance_minor)}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
