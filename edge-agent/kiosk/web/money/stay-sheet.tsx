import { Loader } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { Offers, StayView } from "@parkme/shared/protocol/kiosk-desk";
import { traceRow } from "@parkme/shared/pricing/trace-text";
import { elapsedText } from "../logic/time-text.ts";
import { METHOD_WORDS } from "../logic/money-words.ts";
import { LedgerList } from "./ledger-list.tsx";
import type { MoneyContext } from "./context.ts";
import { PaymentList } from "./payment-list.tsx";
import { StayActions } from "./stay-actions.tsx";
import { useStay } from "./use-stay.ts";
import classes from "./stay-sheet.module.css";

type Props = MoneyContext & { readonly stayId: string; readonly offers: Offers };

/** One stay: what it owes and why, what was paid, and what can be done about it. */
export function StaySheet({ stayId, offers, ...context }: Props) {
  const { stay, problem, refresh, show } = useStay(context.api, stayId);
  if (stay === null) return problem === null ? <Loader color="gray" /> : <p role="alert">{problem}</p>;
  return (
    <div className={classes["sheet"]} data-stale={problem !== null || undefined}>
      {problem !== null && (
        <p className={classes["problem"]} role="alert">
          {problem} What is shown is not up to date.
        </p>
      )}
      <Head stay={stay} {...context} />
      <Due stay={stay} {...context} />
      <StayActions {...{ stay, offers, refresh, show }} {...context} />
      {stay.quote !== null && <Why stay={stay} quote={stay.quote} {...context} />}
      <PaymentList {...{ stay, offers, refresh }} {...context} />
      <LedgerList stay={stay} {...context} />
    </div>
  );
}

type PartProps = MoneyContext & { readonly stay: StayView };

function Head({ stay, time, nowMs }: PartProps) {
  const entryMs = Date.parse(stay.entry_at);
  const untilMs = stay.exit_at === null ? nowMs : Date.parse(stay.exit_at);
  const { type, ev, accessible } = stay.vehicle;
  const vehicle = [type === "car" ? null : type, ev ? "electric" : null, accessible ? "accessible" : null];
  const facts = [
    stay.ticket_number,
    `in ${time.moment(entryMs, nowMs)}`,
    stay.exit_at === null ? null : `out ${time.moment(untilMs, nowMs)}`,
    elapsedText(untilMs - entryMs),
    stay.right === null ? null : `by ${stay.right}`,
    ...vehicle,
    stay.lost_ticket ? "ticket lost" : null,
  ];
  return (
    <header className={classes["head"]}>
      <h3 data-plate={stay.plate !== null || undefined}>{stay.plate ?? "No plate"}</h3>
      <p>{facts.filter((fact) => fact !== null).join(" · ")}</p>
      {stay.validations.length + stay.penalties.length > 0 && (
        <ul className={classes["tags"]}>
          {stay.validations.map(({ validation_id, merchant, name }) => (
            <li key={validation_id}>
              {name} ({merchant})
            </li>
          ))}
          {stay.penalties.map((penalty, i) => (
            <li key={`${penalty} ${i}`} data-penalty>
              {penalty}
            </li>
          ))}
        </ul>
      )}
    </header>
  );
}

function Due({ stay, money, time, nowMs }: PartProps) {
  if (stay.status === "void") return <p className={classes["settled"]}>This stay is void.</p>;
  if (stay.due_minor === null)
    return (
      <p className={classes["refused"]} role="alert">
        <IconAlertTriangle size={26} aria-hidden />
        {stay.pricing_refusal ?? "It cannot be priced."}
      </p>
    );
  if (stay.due_minor > 0)
    return (
      <p className={classes["due"]}>
        <span>{stay.status === "closed" ? "Left without paying" : "To pay now"}</span>
        <strong>{money(stay.due_minor)}</strong>
      </p>
    );
  return (
    <p className={classes["settled"]}>
      <IconCircleCheck size={26} aria-hidden />
      Nothing to pay
      {stay.leave_by !== null && ` until ${time.moment(Date.parse(stay.leave_by), nowMs)}`}
      {stay.debt_minor > 0 && `; ${money(stay.debt_minor)} is a debt`}
    </p>
  );
}

type Quote = NonNullable<StayView["quote"]>;

/** The calculation, line by line, as the receipt has it. */
function Why({ quote, stay, snapshot, money }: PartProps & { readonly quote: Quote }) {
  const rows = quote.trace.map(({ text, amount_minor }) =>
    traceRow({ text, amountMinor: amount_minor }, snapshot.currency),
  );
  const paidMinor = stay.payments.reduce(
    (sum, { amount_minor, refunded_minor }) => sum + amount_minor - refunded_minor,
    0,
  );
  return (
    <section className={classes["why"]} aria-label="Calculation">
      <h4>
        {quote.applied_rule}
        <small>
          {quote.tariff_id} version {quote.tariff_version}
        </small>
      </h4>
      <table>
        <tbody>
          {rows.map(({ label, amountMinor }, i) => (
            <tr key={i}>
              <td>{label}</td>
              <td>{amountMinor === null ? "" : money(amountMinor)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <td>{money(quote.total_minor)}</td>
          </tr>
          {paidMinor > 0 && (
            <tr>
              <th scope="row">
                Paid ({[...new Set(stay.payments.map(({ method }) => METHOD_WORDS[method]))].join(", ")})
              </th>
              <td>{money(-paidMinor)}</td>
            </tr>
          )}
        </tfoot>
      </table>
    </section>
  );
}
