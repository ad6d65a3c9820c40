import { Alert, Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import type { RemoteAct } from "@parkme/shared/protocol/downlink";
import type { LaneView } from "../../contract.ts";
import { sendCommand } from "./gate-api.ts";
import { ACT_HINTS, ACT_WORDS } from "./words.ts";

export type Wanted = { readonly act: RemoteAct; readonly lane: Pick<LaneView, "slug" | "name"> };

type AskDialogProps = {
  readonly facilityId: string;
  readonly wanted: Wanted;
  readonly onClose: () => void;
  readonly onSent: () => void;
};

const MIN_REASON = 3;
/** By then whoever waits at the arm has pressed for help again. */
const DEADLINE_S = 30;

/** Asks why, then sends. Sent again after a lost answer, it is the same command: nothing is done twice. */
export function AskDialog({ facilityId, wanted: { act, lane }, onClose, onSent }: AskDialogProps) {
  const [key] = useState(() => crypto.randomUUID());
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const ready = reason.trim().length >= MIN_REASON;
  const send = async () => {
    setSending(true);
    setProblem(null);
    try {
      const command = {
        act,
        lane: lane.slug,
        ticket_number: null,
        reason: reason.trim(),
        deadline_s: DEADLINE_S,
      };
      await sendCommand(facilityId, command, key);
      onSent();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "The server does not answer.");
      setSending(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={`${ACT_WORDS[act]}: ${lane.name}`} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !sending) void send();
        }}
      >
        <Stack>
          <Text size="sm" c="var(--pk-ink-soft)">
            {ACT_HINTS[act]} It is done once, within {DEADLINE_S} seconds or not at all.
          </Text>
          <Textarea
            label="Reason"
            description="Kept with your name"
            placeholder="Driver called: ticket cannot be read"
            data-autofocus
            autosize
            minRows={2}
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {problem !== null && <Alert color="red">{problem}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={!ready} loading={sending}>
              {ACT_WORDS[act]}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
