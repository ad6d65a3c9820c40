import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connectMqtt, endMqtt } from "./mqtt-client.ts";

const WITHIN = { timeout: 10_000, interval: 5 };
const CONNACK = Buffer.from([0x20, 0x02, 0x00, 0x00]);
const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

/** A broker that lets everybody in and then never says another word. */
async function muteBroker(): Promise<{ url: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", () => socket.write(CONNACK));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  stops.push(
    () => server.close(),
    () => sockets.forEach((socket) => socket.destroy()),
  );
  return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

describe("a device's MQTT client", () => {
  it("ends although the broker acknowledges nothing any more", async () => {
    const { url, sockets } = await muteBroker();
    const client = connectMqtt({ url }, {});
    await vi.waitUntil(() => client.connected, WITHIN);
    client.publish("somewhere", "something", { qos: 1 }, () => {});
    await endMqtt(client);
    await vi.waitUntil(
      () => sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded),
      WITHIN,
    );
    expect(client.connected).toBe(false);
  });

  it("ends when it never got through, and comes back when it is cut off", async () => {
    await endMqtt(connectMqtt({ url: "mqtt://127.0.0.1:9" }, {}));
    const { url, sockets } = await muteBroker();
    const client = connectMqtt({ url }, {});
    await vi.waitUntil(() => client.connected, WITHIN);
    sockets[0]?.destroy();
    await vi.waitUntil(() => sockets.length === 2 && client.connected, WITHIN);
    await endMqtt(client);
    expect(sockets).toHaveLength(2);
  });
});
