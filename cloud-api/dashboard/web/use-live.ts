import { useEffect, useState } from "react";
import type { DashboardSnapshot } from "../contract.ts";
import { readSession } from "./api.ts";

export type Live = {
  readonly snapshot: DashboardSnapshot | null;
  /** False from the loss of the connection to the next snapshot. */
  readonly connected: boolean;
  /** How far the server's clock is ahead of this computer's, which may be wrong. */
  readonly aheadMs: number;
};

const RETRY_MS = 3_000;

/**
 * Follows the dashboard's stream for as long as the component lives. The browser reconnects by itself after a lost
 * connection, not after a refusal: then the session is asked for, and the stream opened again.
 *
 * @param onSignedOut is called when the session is over.
 */
export function useLive(onSignedOut: () => void): Live {
  const [live, setLive] = useState<Live>({ snapshot: null, connected: false, aheadMs: 0 });

  useEffect(() => {
    let source: EventSource | null = null;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    let page: string | null = null;

    const open = () => {
      source = new EventSource("/api/dashboard/live");
      source.addEventListener("snapshot", (event: MessageEvent<string>) => {
        const snapshot = JSON.parse(event.data) as DashboardSnapshot;
        page ??= snapshot.page;
        // The server was renewed and brings another page than this one: take it.
        if (page !== snapshot.page) location.reload();
        setLive({ snapshot, connected: true, aheadMs: Date.parse(snapshot.at) - Date.now() });
      });
      source.addEventListener("error", () => {
        setLive((last) => ({ ...last, connected: false }));
        if (source?.readyState === EventSource.CLOSED) retry = setTimeout(() => void reopen(), RETRY_MS);
      });
    };
    const reopen = async () => {
      const session = await readSession().catch(() => "unreachable" as const);
      if (gone) return;
      if (session === null) onSignedOut();
      else open();
    };

    open();
    return () => {
      gone = true;
      clearTimeout(retry);
      source?.close();
    };
  }, [onSignedOut]);

  return live;
}
