import { createServer, type Server, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { Aedes } from "aedes";
import { pino, type Logger } from "pino";
import { z } from "zod";
import { MAX_GATE_MESSAGE_BYTES } from "@parkme/shared/protocol/gate-mqtt";
import { createPacketLimit } from "./devices/buses/packet-limit.ts";

const HELP = `The gate's MQTT broker (MQTT 3.1.1) for development and single-machine sites. It keeps nothing on disk,
asks for no password, and so listens on this machine only unless told otherwise. Larger sites run mosquitto
with deploy/edge/mosquitto.conf.

Usage: node broker.mjs [--help]

Environment:
  PARKME_MQTT_HOST   address to listen on (127.0.0.1)
  PARKME_MQTT_PORT   port to listen on (1883; 0 = any free one)
`;

/** A site has a dozen boards and cameras; the rest is room for tools. */
const MAX_CLIENTS = 64;
const MAX_RETAINED_TOPICS = 1_000;
/** A message, its topic, and the header. */
const MAX_PACKET_BYTES = MAX_GATE_MESSAGE_BYTES + 1_024;
/** A client that does not read for so long is cut off: what waits for it waits in our memory. */
const DRAIN_TIMEOUT_MS = 5_000;
const COMMAND_TOPIC = /^parkme\/[^/]+\/board\/[^/]+\/cmd$/;

const environmentSchema = z.object({
  PARKME_MQTT_HOST: z.string().min(1).default("127.0.0.1"),
  PARKME_MQTT_PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number")
    .transform(Number)
    .pipe(z.number().max(65_535))
    .default(1_883),
});

async function createBroker(log: Logger): Promise<Aedes> {
  const broker = await Aedes.createBroker({ drainTimeout: DRAIN_TIMEOUT_MS, connectTimeout: 5_000 });

  const retained = new Set<string>();
  function mayBeRetained(topic: string, payloadBytes: number): boolean {
    // A retained command would move an arm each time its board connects (safety invariant 11).
    if (COMMAND_TOPIC.test(topic)) return false;
    if (payloadBytes === 0) retained.delete(topic);
    else if (!retained.has(topic) && retained.size >= MAX_RETAINED_TOPICS) return false;
    else retained.add(topic);
    return true;
  }

  broker.preConnect = (_client, packet, done) => {
    // No session outlives its connection: nothing is queued for a board that is away, least of all a command.
    packet.clean = true;
    done(null, true);
  };
  broker.authorizePublish = (client, packet, done) => {
    if (packet.topic.startsWith("$SYS/")) return done(new Error("$SYS topics are the broker's own"));
    if (packet.payload.length > MAX_GATE_MESSAGE_BYTES) return done(new Error("message too long"));
    if (packet.retain && !mayBeRetained(packet.topic, packet.payload.length)) {
      packet.retain = false;
      log.warn({ client: client?.id, topic: packet.topic }, "published, but not retained");
    }
    done(null);
  };

  broker.on("clientReady", (client) => log.info({ client: client.id }, "client connected"));
  broker.on("clientDisconnect", (client) => log.info({ client: client.id }, "client disconnected"));
  broker.on("clientError", (client, error) =>
    log.warn({ client: client.id, error: error.message }, "client error"),
  );
  broker.on("connectionError", (_client, error) => log.warn({ error: error.message }, "connection error"));
  return broker;
}

function createListener(broker: Aedes, log: Logger): Server {
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    const withinLimit = createPacketLimit(MAX_PACKET_BYTES);
    // Runs for each chunk just before the broker gets it: `data` is also emitted when a reader calls `read`. What
    // fits into one chunk (64 KiB) is parsed all the same, and then refused as a message.
    socket.on("data", (chunk) => {
      if (!withinLimit(chunk)) socket.destroy(new Error("packet too long"));
    });
    broker.handle(socket);
  });
  server.maxConnections = MAX_CLIENTS;
  server.on("drop", (peer) =>
    log.warn({ peer: peer?.remoteAddress }, "too many clients: connection refused"),
  );
  return server;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const environment = environmentSchema.safeParse(process.env);
  if (!environment.success) return fail(z.prettifyError(environment.error));
  const { PARKME_MQTT_HOST: host, PARKME_MQTT_PORT: port } = environment.data;

  const log = pino({ name: "broker" });
  const broker = await createBroker(log);
  const server = createListener(broker, log);
  server.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE") fail(`${host}:${port} is in use. Set PARKME_MQTT_PORT to another port.`);
    else fail(`cannot listen on ${host}:${port} (PARKME_MQTT_HOST, PARKME_MQTT_PORT): ${error.message}`);
    process.exit();
  });
  server.listen(port, host, () => {
    const address = server.address();
    const bound = typeof address === "object" && address !== null ? address.port : port;
    log.info({ event: "ready", host, port: bound }, "broker is listening");
    if (!isLoopback(host)) log.warn({ host }, "anybody who reaches this address can open the gate");
  });

  const stop = (): void => {
    server.close();
    broker.close(() => {
      log.info({ event: "stopped" }, "broker stopped");
      // Connections that have not said who they are would keep the process for seconds.
      process.exit(0);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function fail(message: string): void {
  process.stderr.write(`broker: ${message}\n`);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
