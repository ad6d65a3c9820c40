import { openGate } from "./gate.ts";

/** A gate that takes the manifest of the cloud at a port until there is nothing newer: what a test kills. */
const [path, port, signingKey] = process.argv.slice(2);
if (path === undefined || port === undefined || signingKey === undefined)
  throw new Error("usage: pulling-gate PATH PORT KEY");
const gate = openGate(path, async (where) => {
  const response = await fetch(`http://127.0.0.1:${port}${where}`);
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
});
let outcome = await gate.pull(signingKey);
while (outcome.kind === "taken") outcome = await gate.pull(signingKey);
gate.store.close();
process.stdout.write(outcome.kind);
