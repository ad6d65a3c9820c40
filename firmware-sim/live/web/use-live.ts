import { useEffect, useState } from "react";
import type { LiveState, Note } from "../contract.ts";

export type Live = {
  readonly state: LiveState | null;
  /** Newest first. */
  readonly notes: readonly Note[];
  /** False from the loss of the connection to the next frame. */
  readonly connected: boolean;
};

const MAX_NOTES = 120;

/** Follows the simulator's stream for as long as the component lives; the browser reconnects by itself. */
export function useLive(): Live {
  const [live, setLive] = useState<Live>({ state: null, notes: [], connected: false });
  useEffect(() => {
    const source = new EventSource("/events");
    source.addEventListener("state", (event: MessageEvent<string>) => {
      const state = JSON.parse(event.data) as LiveState;
      setLive(({ notes }) => ({ state, notes, connected: true }));
    });
    source.addEventListener("note", (event: MessageEvent<string>) => {
      const note = JSON.parse(event.data) as Note;
      setLive((last) => {
        // After a lost connection they come again; after a restart of the simulator they begin anew.
        const newest = last.notes[0];
        const older =
          newest !== undefined && Date.parse(note.at) < Date.parse(newest.at)
            ? last.notes.filter(({ at }) => Date.parse(at) < Date.parse(note.at))
            : last.notes.filter(({ seq, at }) => seq !== note.seq || at !== note.at);
        return { ...last, notes: [note, ...older].slice(0, MAX_NOTES) };
      });
    });
    source.addEventListener("error", () => setLive((last) => ({ ...last, connected: false })));
    return () => source.close();
  }, []);
  return live;
}
