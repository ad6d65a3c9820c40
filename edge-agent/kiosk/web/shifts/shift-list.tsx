import { useState } from "react";
import { Button } from "@mantine/core";
import type { ShiftReport } from "@parkme/shared/protocol/kiosk-desk";
import { notifyAnswer } from "../money/notify-answer.ts";
import type { MoneyContext } from "../money/context.ts";
import { ShiftReportView } from "./shift-report.tsx";
import classes from "./shift-panel.module.css";

const LATEST = 20;

/** The latest shifts of everybody, when somebody asks for them. */
export function ShiftList(props: MoneyContext) {
  const { api } = props;
  const [shifts, setShifts] = useState<readonly ShiftReport[] | null>(null);
  const [loading, setLoading] = useState(false);

  async function load(): Promise<void> {
    setLoading(true);
    const answer = await api.money.shifts(LATEST);
    setLoading(false);
    if (answer.kind === "done") setShifts(answer.value.shifts);
    else notifyAnswer("Shifts", answer);
  }

  if (shifts === null)
    return (
      <Button variant="subtle" color="gray" size="md" loading={loading} onClick={() => void load()}>
        Show the latest shifts
      </Button>
    );
  return (
    <div className={classes["panel"]}>
      <h3>Latest shifts</h3>
      {shifts.length === 0 && <p>There are none yet.</p>}
      {shifts.map((report) => (
        <ShiftReportView key={report.shift_id} report={report} {...props} />
      ))}
    </div>
  );
}
