import type { ShiftReport } from "@parkme/shared/protocol/kiosk-desk";
import { METHOD_WORDS } from "../logic/money-words.ts";
import type { MoneyContext } from "../money/context.ts";
import classes from "./shift-panel.module.css";

type Props = Pick<MoneyContext, "money" | "time" | "nowMs"> & { readonly report: ShiftReport };

/** An X report of a shift that goes on, or the Z report that closed it. */
export function ShiftReportView({ report, money, time, nowMs }: Props) {
  const { kind, z_number, attendant, opened_at, closed_at, by_method, variance_minor: variance } = report;
  const rows: (readonly [string, string])[] = [
    ["Float", money(report.float_minor)],
    ...by_method.map(
      ({ method, count, amount_minor }) =>
        [`${count} × ${METHOD_WORDS[method]}`, money(amount_minor)] as const,
    ),
    ...by_method
      .filter(({ refunds_minor }) => refunds_minor > 0)
      .map(
        ({ method, refunds_minor }) => [`Refunds ${METHOD_WORDS[method]}`, money(-refunds_minor)] as const,
      ),
    ["To the safe", money(-report.drops_minor)],
    ["Into the drawer", money(report.top_ups_minor)],
  ];
  const counts: (readonly [string, string])[] = [
    ["Written off", `${report.write_offs.count}, ${money(report.write_offs.amount_minor)}`],
    ["Debts", `${report.debts.count}, ${money(report.debts.amount_minor)}`],
    ["Opened by hand", String(report.vends)],
    ["Voids", `${report.voids} of ${report.tickets} tickets`],
    ...(report.receipts === null
      ? []
      : [["Receipts", `${report.receipts.first} to ${report.receipts.last}`] as const]),
  ];
  return (
    <section className={classes["report"]} aria-label="Shift report">
      <h3>
        {kind === "z" ? `Z report ${z_number}` : "X report"}
        <small>
          {attendant}, {time.moment(Date.parse(opened_at), nowMs)}
          {closed_at !== null && ` to ${time.moment(Date.parse(closed_at), nowMs)}`}
        </small>
      </h3>
      <dl>
        {[...rows, ...counts].map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {report.expected_minor !== null && report.counted_minor !== null && variance !== null && (
        <p className={classes["variance"]} data-off={variance !== 0 || undefined}>
          Should be {money(report.expected_minor)}, counted {money(report.counted_minor)}:{" "}
          <strong>
            {variance === 0
              ? "right"
              : variance > 0
                ? `${money(variance)} too much`
                : `${money(-variance)} missing`}
          </strong>
        </p>
      )}
    </section>
  );
}
