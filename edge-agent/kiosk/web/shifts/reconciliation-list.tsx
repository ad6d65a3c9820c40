import { useState } from "react";
import { Button } from "@mantine/core";
import { IconScale } from "@tabler/icons-react";
import { startOfLocalDayMs } from "@parkme/shared/domain/local-day";
import type { Reconciliation } from "@parkme/shared/protocol/kiosk-desk";
import { DISCREPANCY_WORDS } from "../logic/money-words.ts";
import { notifyAnswer } from "../money/notify-answer.ts";
import type { MoneyContext } from "../money/context.ts";
import classes from "./shift-panel.module.css";

const DAY_MS = 86_400_000;
const SPANS = [
  ["Today", 0],
  ["7 days", 6],
  ["30 days", 29],
] as const;

/** Movements without money, and money without a movement. */
export function ReconciliationList({ api, snapshot, money, time, nowMs, stale }: MoneyContext) {
  const [found, setFound] = useState<Reconciliation | null>(null);
  const [loading, setLoading] = useState<string | null>(null);
  const laneNames = new Map(snapshot.lanes.map(({ lane, name }) => [lane, name]));

  async function load(label: string, daysBefore: number): Promise<void> {
    setLoading(label);
    const zone = snapshot.facility.time_zone;
    const today = startOfLocalDayMs(nowMs, zone);
    const from = daysBefore === 0 ? today : startOfLocalDayMs(today - daysBefore * DAY_MS + DAY_MS / 2, zone);
    const answer = await api.money.reconciliation(from, nowMs);
    setLoading(null);
    if (answer.kind === "done") setFound(answer.value);
    else notifyAnswer("Reconciliation", answer);
  }

  return (
    <section className={classes["card"]} aria-label="Reconciliation">
      <h3>
        <IconScale size={22} aria-hidden /> Reconciliation
      </h3>
      <div className={classes["actions"]}>
        {SPANS.map(([label, days]) => (
          <Button
            key={label}
            variant="default"
            size="md"
            disabled={stale}
            loading={loading === label}
            onClick={() => void load(label, days)}
          >
            {label}
          </Button>
        ))}
      </div>
      {found !== null && (
        <>
          <p>
            {found.movements_out} left, {money(found.charged_minor)} charged, {money(found.paid_minor)} taken.{" "}
            {found.discrepancies.length === 0 ? "Money and movements agree." : ""}
          </p>
          <ul className={classes["discrepancies"]}>
            {found.discrepancies.map(
              ({ kind, at, lane, amount_minor, plate, ticket_number, actor, detail }, i) => (
                <li key={i}>
                  <strong>{DISCREPANCY_WORDS[kind]}</strong>
                  <span>{amount_minor === 0 ? "" : money(amount_minor)}</span>
                  <small>
                    {[
                      time.moment(Date.parse(at), nowMs),
                      laneNames.get(lane) ?? lane,
                      plate ?? ticket_number,
                      actor,
                      detail === "" ? null : detail,
                    ]
                      .filter((part) => part !== null)
                      .join(", ")}
                  </small>
                </li>
              ),
            )}
          </ul>
          {found.more && <p>There are more than are shown: choose a shorter time.</p>}
        </>
      )}
    </section>
  );
}
