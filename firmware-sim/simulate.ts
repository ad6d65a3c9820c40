import { simulate } from "./simulation/program.ts";

const isTerminal = process.stderr.isTTY;
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort());

process.exitCode = await simulate(
  process.argv.slice(2),
  {
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    progress: (text) => {
      if (isTerminal) process.stderr.write(`\r\u001b[K${text}`);
    },
  },
  interruption.signal,
);
