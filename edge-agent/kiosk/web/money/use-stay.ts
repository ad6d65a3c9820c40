import { useCallback, useEffect, useState } from "react";
import type { StayView } from "@parkme/shared/protocol/kiosk-desk";
import type { GateApi } from "../gate/api.ts";

/** What is due grows by itself. */
const ASK_EVERY_MS = 10_000;
/** While a card is at the terminal, the attendant watches. */
const ASK_OFTEN_MS = 1_000;

export type StayHandle = {
  readonly stay: StayView | null;
  readonly problem: string | null;
  readonly refresh: () => void;
  /** What an action answered is newer than what was asked for before it. */
  readonly show: (stay: StayView) => void;
};

/** One stay as the gate knows it, asked for again while it is shown. */
export function useStay(api: GateApi, stayId: string): StayHandle {
  const [stay, setStay] = useState<StayView | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const refresh = useCallback(async (): Promise<void> => {
    const answer = await api.money.stay(stayId);
    if (answer.kind === "done") {
      setStay(answer.value);
      setProblem(null);
    } else if (answer.kind !== "signed_out") setProblem(answer.message);
  }, [api, stayId]);

  const waiting = stay !== null && stay.attempt !== null;
  useEffect(() => {
    const first = setTimeout(() => void refresh(), 0);
    const timer = setInterval(() => void refresh(), waiting ? ASK_OFTEN_MS : ASK_EVERY_MS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [refresh, waiting]);
  return { stay, problem, refresh: () => void refresh(), show: setStay };
}
