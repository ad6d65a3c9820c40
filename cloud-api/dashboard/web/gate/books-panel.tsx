import { Button, Collapse } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import type { CheckView, DifferenceView, EqualityView, SideView } from "../../../fleet/equality-contract.ts";
import { formatCount, formatDay, formatMoney } from "../format.ts";
import { Nothing, Panel } from "../panel.tsx";
import styles from "./gate.module.css";
import { fieldWords, SUBJECT_WORDS } from "./words.ts";

type BooksPanelProps = { readonly books: EqualityView; readonly csvUrl: string };

/** Whether the gate's own rows and ours are the same, day by day; where they are not, which rows differ. */
export function BooksPanel({ books: { checks, equal }, csvUrl }: BooksPanelProps) {
  const days = [...new Set(checks.map(({ day }) => day))];
  const aside = days.length > 0 && (
    <span className={styles["asides"]}>
      <span data-tone={equal ? "good" : "bad"}>{equal ? "Equal" : "They differ"}</span>
      <Button component="a" href={csvUrl} download variant="subtle" size="compact-sm">
        CSV
      </Button>
    </span>
  );
  return (
    <Panel title="Books of the gate, and ours" aside={aside}>
      {days.length === 0 ? (
        <Nothing>Not compared yet: the gate reports every hour</Nothing>
      ) : (
        <ul className={styles["list"]}>
          {days.map((day) => (
            <Day key={day} day={day} checks={checks.filter((check) => check.day === day)} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Day({ day, checks }: { readonly day: string; readonly checks: readonly CheckView[] }) {
  const differs = checks.some(({ equal }) => !equal);
  const [opened, setOpened] = useState(differs);
  const rows = checks.reduce((sum, { edge }) => sum + edge.rows, 0);
  // What differs comes first.
  const sorted = checks.toSorted((a, b) => Number(a.equal) - Number(b.equal));
  return (
    <li className={styles["day"]}>
      <button
        type="button"
        className={styles["dayHead"]}
        aria-expanded={opened}
        onClick={() => setOpened(!opened)}
      >
        <IconChevronDown size={16} aria-hidden className={styles["chevron"]} />
        <span className={styles["what"]}>{formatDay(`${day}T00:00:00Z`, "UTC")}</span>
        <span className={styles["soft"]}>{formatCount(rows)} rows</span>
        <span data-tone={differs ? "bad" : "good"}>{differs ? "Differs" : "Equal"}</span>
      </button>
      <Collapse expanded={opened} transitionDuration={0}>
        <table className={styles["table"]}>
          <thead>
            <tr>
              <th scope="col">Rows and sums</th>
              <th scope="col">Gate</th>
              <th scope="col">Here</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((check) => (
              <Check key={check.subject} check={check} />
            ))}
          </tbody>
        </table>
      </Collapse>
    </li>
  );
}

function Check({ check }: { readonly check: CheckView }) {
  const { subject, equal, edge, cloud, differences } = check;
  return (
    <>
      <tr data-tone={equal ? "none" : "bad"}>
        <td>{SUBJECT_WORDS[subject]}</td>
        <Side {...edge} />
        <Side {...cloud} />
      </tr>
      {!equal &&
        differences.map((difference) => (
          <tr key={difference.row_id}>
            <td colSpan={3} data-wrap="true">
              <Difference difference={difference} money={edge.sum} />
            </td>
          </tr>
        ))}
    </>
  );
}

function Side({ rows, sum }: SideView) {
  return (
    <td>
      {formatCount(rows)}
      {Number(sum.amount) !== 0 && <span className={styles["soft"]}> · {formatMoney(sum)}</span>}
    </td>
  );
}

type DifferenceProps = { readonly difference: DifferenceView; readonly money: SideView["sum"] };

function Difference({ difference, money }: DifferenceProps) {
  const { row_id: id, only, quarantined_seq: seq, fields } = difference;
  const where = only === "edge" ? "Only the gate has" : only === "cloud" ? "Only we have" : "Not the same:";
  return (
    <>
      {where} <span className={styles["id"]}>{id}</span>
      {seq !== null && `; event ${formatCount(seq)}, which tells of it, is in quarantine`}
      {only === null &&
        fields.map((field) => (
          <div key={field.field} className={styles["detail"]}>
            {fieldWords(field, money)}
          </div>
        ))}
    </>
  );
}
