import { type Hello, type HelloAnswer, helloAnswerSchema, type LogPlace } from "@parkme/shared/protocol/log";
import { askCloud, type CloudAddress } from "./cloud-request.ts";
import { type Failure, failureFrom, failureOf } from "./refusals.ts";

/** What a hello says of the edge, read anew each time. */
export type HelloParts = {
  readonly log: {
    readonly logHead: () => LogPlace;
    readonly uploadCursor: () => number;
    readonly hashAt: (seq: number) => string | null;
    readonly linkState: () => { readonly anchorSeq: number };
    readonly logLocator: (which: { readonly from?: number; readonly also?: readonly number[] }) => LogPlace[];
  };
  /** How far the downlink and the manifest were taken. */
  readonly taken: () => { readonly downlink: number; readonly manifest: number };
  readonly bootId: string;
  /** Of the program. */
  readonly version: string;
  readonly wallMs: () => number;
};

/** `answered` = the verdict fits our own log. */
export type HelloReply = { readonly kind: "answered"; readonly answer: HelloAnswer } | Failure;

/**
 * Says hello; never throws. A cloud whose log ends within ours, but by another line, has not seen it among the places
 * that we named: it is told those from there backwards.
 */
export async function sayHello(
  address: CloudAddress,
  parts: HelloParts,
  claim: boolean,
  stopping: AbortSignal,
): Promise<HelloReply> {
  const first = await ask(address, parts, { claim }, stopping);
  const settled = settle(first, parts);
  if (settled !== null || first.kind !== "answered") return settled ?? first;
  const again = await ask(address, parts, { claim: false, from: first.answer.head.seq }, stopping);
  return (
    settle(again, parts) ?? { kind: "failed", reason: "the cloud goes on behind a line that is not ours" }
  );
}

/** Null = the cloud is to be asked once more. */
function settle(reply: HelloReply, { log }: HelloParts): HelloReply | null {
  if (reply.kind !== "answered") return reply;
  const { answer } = reply;
  const { head } = answer;
  // The cloud was restored to before what is left of our log: it has nothing for us, and we begin anew behind its end.
  if (head.seq < log.linkState().anchorSeq)
    return { ...reply, answer: { ...answer, verdict: "adopt", common: head } };
  const own = log.hashAt(head.seq);
  if (answer.verdict === "adopt" || own === head.hash) return reply;
  // It ends in the middle of what we have yet to adopt.
  if (own === null && head.seq < log.logHead().seq)
    return { ...reply, answer: { ...answer, verdict: "adopt" } };
  return null;
}

async function ask(
  address: CloudAddress,
  { log, taken, bootId, version, wallMs }: HelloParts,
  { claim, from }: { readonly claim: boolean; readonly from?: number },
  stopping: AbortSignal,
): Promise<HelloReply> {
  try {
    const edgeId = address.credential.edgeId();
    if (edgeId === null) return { kind: "failed", reason: "this edge is not enrolled" };
    const acked = log.uploadCursor();
    const hello: Hello = {
      edge_id: edgeId,
      boot_id: bootId,
      claim,
      version,
      head: log.logHead(),
      acked,
      locator: log.logLocator({ also: [acked], ...(from === undefined ? {} : { from }) }),
      ...taken(),
      wall_time: new Date(wallMs()).toISOString(),
    };
    const answer = await askCloud(address, "/api/edge/hello", stopping, hello);
    const read = answer.status === 200 ? helloAnswerSchema.safeParse(answer.body) : null;
    return read?.success === true ? { kind: "answered", answer: read.data } : failureOf(answer);
  } catch (error) {
    return failureFrom(error);
  }
}
