import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { MAX_REMOTE_PAYMENTS, type RemotePayment } from "@parkme/shared/protocol/remote-payments";
import { until } from "../devices/testing/until.ts";
import { createRemotePayments } from "./remote-payments.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function payment(seq: number): RemotePayment {
  return {
    seq,
    payment_id: randomUUID(),
    stay_id: randomUUID(),
    method: "upi",
    amount_minor: 300,
    currency: "INR",
    reference: `pay_${seq}`,
    captured_at: "2026-03-01T08:00:00.000Z",
  };
}

/** A real server with a feed that the test writes; `garble` makes of an answer what the test wants. */
async function startFeed(payments: readonly RemotePayment[]) {
  const cloud = {
    payments: [...payments],
    garble: (body: string, _asked: number) => body,
    asked: 0,
    status: 200,
  };
  const server = createServer((request, response) => {
    cloud.asked += 1;
    const url = new URL(request.url ?? "", "http://cloud");
    expect(url.pathname).toBe("/api/edge/payments");
    expect(request.headers.authorization).toBe("Bearer tok-7f1d0c");
    const after = Number(url.searchParams.get("after"));
    const next = cloud.payments.filter(({ seq }) => seq > after).slice(0, MAX_REMOTE_PAYMENTS);
    response.writeHead(cloud.status, { "content-type": "application/json" });
    response.end(cloud.garble(JSON.stringify({ payments: next }), cloud.asked));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { cloud, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A gate's disk: the cursor and what was booked, which refuses when the test says so. */
function startTaking(url: string, refuse: (seq: number) => boolean = () => false) {
  const disk = { cursor: 0, booked: [] as number[], notes: [] as string[] };
  const feed = createRemotePayments({
    url,
    edgeId: randomUUID(),
    token: "tok-7f1d0c",
    cursor: () => disk.cursor,
    setCursor: (seq) => {
      disk.cursor = seq;
    },
    apply: ({ seq }) => {
      if (refuse(seq)) throw new Error("the disk is full");
      disk.booked.push(seq);
    },
    random: () => 0.5,
    everyMs: 5,
    note: { warn: ({ reason }: { reason?: string }, message) => disk.notes.push(`${message}: ${reason}`) },
  });
  cleanups.push(feed.stop);
  feed.start();
  return disk;
}

describe("the feed of online payments", () => {
  it("is taken in its order, page by page, and goes on where it was", async () => {
    const { cloud, url } = await startFeed(Array.from({ length: 250 }, (_, i) => payment(i + 1)));
    const disk = startTaking(url);
    await until(() => disk.cursor === 250, "all of them to be booked");
    cloud.payments.push(payment(251));
    await until(() => disk.cursor === 251, "the next to be booked");
    expect(disk.booked).toEqual(Array.from({ length: 251 }, (_, i) => i + 1));
    expect(disk.notes).toEqual([]);
  });

  it("is asked for again from the payment that the disk refused", async () => {
    const { url } = await startFeed([payment(1), payment(2), payment(3)]);
    let refusals = 3;
    const disk = startTaking(url, (seq) => seq === 2 && refusals-- > 0);
    await until(() => disk.cursor === 3, "all of them to be booked");
    expect(disk.booked).toEqual([1, 2, 3]);
    expect(disk.notes).toEqual(["online payments cannot be taken from the cloud: the disk is full"]);
  });

  it("that is garbage, has a gap or is refused books nothing, and is told of once", async () => {
    const wrong = ["", "[]", '{"payments":{}}', '{"payments":[{"seq":1}]}', "x".repeat(100_000)];
    const { cloud, url } = await startFeed([payment(2)]);
    cloud.garble = (body, asked) => wrong[asked - 1] ?? body;
    const disk = startTaking(url);
    await until(() => cloud.asked > wrong.length, "the gap to be answered");
    expect(disk.booked).toEqual([]);
    expect(disk.notes).toHaveLength(1);
    cloud.status = 401;
    const before = cloud.asked;
    await until(() => cloud.asked > before + 1, "another answer");
    cloud.status = 200;
    cloud.payments.unshift(payment(1));
    await until(() => disk.cursor === 2, "both to be booked");
    expect(disk.booked).toEqual([1, 2]);
  });
});
