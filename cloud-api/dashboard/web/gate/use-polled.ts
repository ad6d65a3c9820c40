import { useCallback, useEffect, useRef, useState } from "react";

export type Polled<T> = {
  /** Null until the first answer. */
  readonly value: T | null;
  /** Why the last question had no answer; what was known stays. */
  readonly problem: string | null;
  /** Asks at once. */
  readonly refresh: () => void;
};

/** Asks again and again for as long as the component lives; one question at a time. `ask` must stay the same function. */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number): Polled<T> {
  const [state, setState] = useState<{ value: T | null; problem: string | null }>({
    value: null,
    problem: null,
  });
  const wake = useRef<() => void>(() => undefined);

  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    const look = async () => {
      if (asking) return;
      asking = true;
      clearTimeout(timer);
      try {
        const value = await ask();
        if (!gone) setState({ value, problem: null });
      } catch (error) {
        const problem = error instanceof Error ? error.message : "The server does not answer.";
        if (!gone) setState((last) => ({ ...last, problem }));
      }
      asking = false;
      if (!gone) timer = setTimeout(() => void look(), everyMs);
    };
    wake.current = () => void look();
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [ask, everyMs]);

  return { ...state, refresh: useCallback(() => wake.current(), []) };
}
