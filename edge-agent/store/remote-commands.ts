import { asc, eq, isNull, sql } from "drizzle-orm";
import type { RemoteCommand } from "@parkme/shared/protocol/downlink";
import type { CommandOutcome } from "@parkme/shared/protocol/link-facts";
import { detailOf, instantOf, type LogWriter } from "./log.ts";
import { remoteCommands } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { inserter } from "./statements.ts";

/** What became of a command of headquarters. */
export type CommandAnswer = { readonly outcome: CommandOutcome; readonly detail: string };

/**
 * Commands of headquarters, each by its id. A command is begun on the disk before anything is done, and answered once:
 * one that was begun and has no answer when the agent starts may have been done or not.
 */
export function remoteCommandKeeping(db: GateDatabase, writeLog: LogWriter) {
  const insert = inserter(db, remoteCommands, "ignore");
  const byId = db
    .select({ outcome: remoteCommands.outcome })
    .from(remoteCommands)
    .where(eq(remoteCommands.id, sql.placeholder("id")))
    .prepare();
  const open = db
    .select({ id: remoteCommands.id })
    .from(remoteCommands)
    .where(isNull(remoteCommands.outcome))
    .orderBy(asc(remoteCommands.receivedAt), asc(remoteCommands.id))
    .prepare();

  function begin(command: RemoteCommand, wallMs: number): boolean {
    const { command_id: id, act, lane, ticket_number: ticketNumber, actor, reason } = command;
    if (byId.get({ id }) !== undefined) return false;
    insert({ id, act, lane, ticketNumber, actor, reason, receivedAt: wallMs });
    return true;
  }

  function answer(id: string, { outcome, detail }: CommandAnswer, wallMs: number): boolean {
    if (byId.get({ id })?.outcome !== null) return false;
    const said = detailOf(detail);
    db.update(remoteCommands)
      .set({ outcome, detail: said, answeredAt: wallMs })
      .where(eq(remoteCommands.id, id))
      .run();
    const payload = { command_id: id, outcome, detail: said, at: instantOf(wallMs) };
    writeLog({ kind: "command.answered", payload }, wallMs);
    return true;
  }

  const immediate = { behavior: "immediate" } as const;
  return {
    /** Whether a command was begun, or answered without having been begun. */
    remoteCommandKnown: (id: string): boolean => byId.get({ id }) !== undefined,
    /** Begins a command; false when that was done before. */
    beginRemoteCommand: (command: RemoteCommand, wallMs: number): boolean =>
      db.transaction(() => begin(command, wallMs), immediate),
    /** Answers a command that was begun; false when it has an answer, or is not known. */
    answerRemoteCommand: (id: string, said: CommandAnswer, wallMs: number): boolean =>
      db.transaction(() => answer(id, said, wallMs), immediate),
    /** Answers a command that is not begun at all; false when it is known. */
    declineRemoteCommand: (command: RemoteCommand, said: CommandAnswer, wallMs: number): boolean =>
      db.transaction(() => begin(command, wallMs) && answer(command.command_id, said, wallMs), immediate),
    /** Commands that were begun and have no answer, oldest first. */
    openRemoteCommands: (): string[] => open.all().map(({ id }) => id),
  };
}
