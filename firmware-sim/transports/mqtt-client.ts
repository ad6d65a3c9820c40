import { Socket } from "node:net";
import { connect, type IClientOptions, type MqttClient } from "mqtt";

/** Where the broker is, and how to sign in to it. */
export type MqttLink = {
  /** `mqtt://host:port` */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
};

/**
 * An MQTT 3.1.1 client that keeps reconnecting until it is ended. Without no-delay, Nagle's algorithm and the
 * peer's delayed acknowledgement add 40 ms to a message; the socket is a new one at every connect.
 */
export function connectMqtt(link: MqttLink, options: IClientOptions): MqttClient {
  const client = connect(link.url, {
    protocolVersion: 4,
    clean: true,
    resubscribe: false,
    reconnectPeriod: 500,
    connectTimeout: 5_000,
    ...(link.username === undefined ? {} : { username: link.username }),
    ...(link.password === undefined ? {} : { password: link.password }),
    ...options,
  });
  client.on("connect", () => {
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  });
  // A refused or lost connection is normal for a device: it tries again. Without a listener it would throw.
  client.on("error", () => {});
  return client;
}

const GOODBYE_MS = 1_000;

/**
 * Ends a client within a second, with or without a broker at the other end. What is still unacknowledged by
 * then is lost; left alone, the library would wait for it for ever.
 */
export async function endMqtt(client: MqttClient): Promise<void> {
  let alarm: NodeJS.Timeout | undefined;
  const tooLong = new Promise<void>((resolve) => {
    alarm = setTimeout(resolve, GOODBYE_MS);
  });
  await Promise.race([client.endAsync(false).catch(() => {}), tooLong]);
  clearTimeout(alarm);
  client.stream.destroy();
}
