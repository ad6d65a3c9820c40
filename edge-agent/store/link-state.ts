import { linkState } from "./link-schema.ts";
import { logPlaces } from "./log-places.ts";
import type { GateDatabase } from "./open.ts";

/** Where the log and the link with the cloud stand. */
export type LinkState = Omit<typeof linkState.$inferSelect, "id">;

/** What the link with the cloud remembers. */
export function linkKeeping(db: GateDatabase) {
  const state = db.select().from(linkState).prepare();
  const get = (): LinkState => {
    const row = state.get();
    if (row === undefined) throw new Error("the state of the link is gone");
    const { id: _id, ...rest } = row;
    return rest;
  };
  return {
    linkState: get,
    setLinkState: (change: Partial<LinkState>): void => void db.update(linkState).set(change).run(),
    ...logPlaces(db, get),
  };
}
