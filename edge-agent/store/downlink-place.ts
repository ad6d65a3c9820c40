import { createHash } from "node:crypto";
import { downlinkText, type DownlinkItem } from "@parkme/shared/protocol/downlink";
import { linkState } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { agentState } from "./schema.ts";

/** How far the downlink was taken: the number of the last item, and what the chain of them hashes to. */
export type DownlinkPlace = { readonly seq: number; readonly hash: string };

export function downlinkKeeping(db: GateDatabase) {
  const seq = db.select({ seq: agentState.remoteCursor }).from(agentState).prepare();
  const hash = db.select({ hash: linkState.downlinkHash }).from(linkState).prepare();
  return {
    downlinkPlace: (): DownlinkPlace => {
      const [at, link] = [seq.get(), hash.get()];
      if (at === undefined || link === undefined) throw new Error("the place in the downlink is gone");
      return { seq: at.seq, hash: link.hash };
    },
    setDownlinkPlace: (place: DownlinkPlace): void =>
      db.transaction(
        () => {
          db.update(agentState).set({ remoteCursor: place.seq }).run();
          db.update(linkState).set({ downlinkHash: place.hash }).run();
        },
        { behavior: "immediate" },
      ),
  };
}

/** The place after an item. */
export function placeAfter({ hash }: DownlinkPlace, item: DownlinkItem): DownlinkPlace {
  const after = createHash("sha256").update(hash, "hex").update(downlinkText(item)).digest("hex");
  return { seq: item.seq, hash: after };
}
