import Database from "better-sqlite3";
import { connect } from "mqtt";

/**
 * The floor of the gate bench: the least a program can do that hears of a plate, decides durably and commands a
 * barrier. QoS 1 in, three rows in one synchronous transaction, QoS 1 out; no checks, no lanes, no pricing.
 *
 *     gate-floor <mqtt url> <database file>
 */
const [, , url = "", file = ""] = process.argv;

const db = new Database(file);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(
  "create table a (id integer primary key, t text); create table b (id integer primary key, t text); create table c (id integer primary key, t text)",
);
const inserts = ["a", "b", "c"].map((table) => db.prepare(`insert into ${table} (t) values (?)`));
const write = db.transaction((text: string) => {
  for (const insert of inserts) insert.run(text);
});

const client = connect(url, { protocolVersion: 4 });
client.on("connect", () => {
  if ("setNoDelay" in client.stream && typeof client.stream.setNoDelay === "function")
    client.stream.setNoDelay(true);
  client.subscribe("floor/plate", { qos: 1 }, () => process.stdout.write('{"event":"ready"}\n'));
});
client.on("message", (_topic, payload) => {
  const text = payload.toString();
  write.immediate(text);
  client.publish("floor/cmd", text, { qos: 1 });
});
process.on("SIGTERM", () => process.exit(0));
