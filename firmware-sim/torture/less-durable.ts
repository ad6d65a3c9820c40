import Database from "better-sqlite3";

/**
 * Loaded into the agent before its own code, for the negative controls alone: its database is opened with less than
 * `synchronous = FULL`. The agent itself has no setting for that, so nobody can make the mistake.
 *
 *     node --import tsx --import .../less-durable.ts?OFF dist/edge-agent/main.mjs
 */
const wanted = new URL(import.meta.url).search.slice(1);
if (wanted !== "OFF" && wanted !== "NORMAL") throw new Error(`no control is called ${wanted}`);

const LEVELS = ["OFF", "NORMAL", "FULL", "EXTRA"];
const SETTING = /^\s*synchronous\s*=/i;
const pragma = Reflect.get(Database.prototype, "pragma");

Database.prototype.pragma = function (this: Database.Database, source, options) {
  const isSetting = SETTING.test(source);
  const answer = Reflect.apply(pragma, this, [isSetting ? `synchronous = ${wanted}` : source, options]);
  if (isSetting) {
    const level: unknown = Reflect.apply(pragma, this, ["synchronous", { simple: true }]);
    // Whoever runs the control waits for this line: one that had no effect proves nothing.
    process.stdout.write(
      `${JSON.stringify({ event: "less_durable", synchronous: LEVELS[Number(level)] })}\n`,
    );
  }
  return answer;
};
