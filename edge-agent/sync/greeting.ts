import type { HelloAnswer, Window } from "@parkme/shared/protocol/log";
import type { CloudClock } from "./cloud-clock.ts";
import { sayHello } from "./hello.ts";
import type { Failure } from "./refusals.ts";
import type { Standing } from "./standing.ts";
import type { UplinkOptions } from "./uplink-parts.ts";

export type Greeted =
  /** Both know where they are: send. */
  | { readonly kind: "agreed"; readonly window: Window }
  /** Something was adopted: say hello again. */
  | { readonly kind: "adopted" }
  | Failure;

/**
 * Says hello, and does what follows from the answer: sends again what a restored cloud has lost, or fetches what a
 * restored edge has.
 */
export function createGreeting(
  options: UplinkOptions,
  { standing, cloudClock }: { readonly standing: Standing; readonly cloudClock: CloudClock },
  stopping: AbortSignal,
): () => Promise<Greeted> {
  const { log, note, clock, restoring } = options;
  /** The cloud took this program's claim to speak for the gate. */
  let claimed = false;

  async function goOn(answer: HelloAnswer): Promise<Greeted> {
    const { seq, epoch } = answer.head;
    if (log.linkState().restoredSeq !== null) restoring.notNeeded();
    const cursor = log.uploadCursor();
    if (seq < cursor)
      note.warn({ cursor, cloud: seq }, "the cloud was restored: it gets again what it has lost");
    if (seq !== cursor) log.setUploadCursor(seq);
    if (epoch < log.logHead().epoch) await restoring.tellEpoch(answer, stopping);
    return { kind: "agreed", window: answer.window };
  }

  /** The first that was seen is kept: who takes the cloud's place later cannot bring another. */
  function keepSigningKey(key: string): void {
    const { signingKey } = log.linkState();
    if (signingKey === null) log.setLinkState({ signingKey: key });
    else if (signingKey !== key) note.warn({}, "the cloud signs with another key: it is not believed");
  }

  return async () => {
    const askedMs = clock.monotonicMs();
    const reply = await sayHello(options, { ...options, wallMs: clock.wallMs }, !claimed, stopping);
    if (reply.kind !== "answered") return reply;
    const { answer } = reply;
    claimed = true;
    cloudClock.heard(answer.now, askedMs);
    keepSigningKey(answer.signing_key);
    standing.letIn();
    if (answer.verdict === "go_on" && restoring.place() === null) return await goOn(answer);
    const { common, head } = answer;
    note.warn(
      { common: common.seq, head: head.seq },
      "what this gate does not know is fetched from the cloud",
    );
    await restoring.run(answer, stopping);
    return { kind: "adopted" };
  };
}
