import { useEffect, useState } from "react";
import type { DashboardSnapshot } from "../contract.ts";
import { readSession } from "./api.ts";

export type Live = {
  readonly snapshot: DashboardSnapshot | null;
  /** False from the loss of the connection to the next snapshot. */
  readonly connected: boolean;
};

const RETRY_MS = 3_000;

/**
 * Follows the dashboard's stream for as long as the component lives. The browser reconnects by itself after a lost
 * connection, not after a refusal: then the session is asked for, and the stream opened again.
 *
 * @param onSignedOut is called when the session is over.
 */
export function useLive(onSignedOut: () => void): Live {
  const [live, setLive] = useState<Live>({ snapshot: null, connected: false });

  useEffect(() => {
    let source: EventSource | null = null;
    let retry: ReturnType<typeof setTimeout> | undefined;

    const open = () => {
      source = new EventSource("/api/dashboard/live");
      source.addEventListener("snapshot", (event: MessageEvent<string>) => {
        const snapshot = JSON.parse(event.data) as DashboardSnapshot;
        setLive((last) => {
          // The server brings another page than this one: take it.
          if (last.snapshot !== null && last.snapshot.page !== snapshot.page) location.reload();
          return { snapshot, connected: true };
        });
      });
      source.addEventListener("error", () => {
        setLive((last) => ({ ...last, connected: false }));
        if (source?.readyState === EventSource.CLOSED) retry = setTimeout(() => void reopen(), RETRY_MS);
      });
    };
    const reopen = async () => {
      const session = await readSession().catch(() => "unreachable" as const);
      if (session === null) onSignedOut();
      else open();
    };

    open();
    return () => {
      clearTimeout(retry);
      source?.close();
    };
  }, [onSignedOut]);

  return live;
}
