import { Alert, Button, Code, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { EnrolmentCode } from "@parkme/shared/protocol/enrolment";
import type { FacilityView } from "../../contract.ts";
import { formatTime } from "../format.ts";
import { makeEnrolmentCode } from "./gate-api.ts";
import styles from "./gate.module.css";

type EnrolButtonProps = { readonly facility: FacilityView; readonly replaces: boolean };

/** Makes a code that enrols a box at this facility, and shows how to use it. */
export function EnrolButton({ facility, replaces }: EnrolButtonProps) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button variant="default" size="sm" onClick={() => setOpened(true)}>
        {replaces ? "Replace the box…" : "Enrol a box…"}
      </Button>
      {opened && <EnrolDialog facility={facility} replaces={replaces} onClose={() => setOpened(false)} />}
    </>
  );
}

function EnrolDialog({ facility, replaces, onClose }: EnrolButtonProps & { readonly onClose: () => void }) {
  const [code, setCode] = useState<EnrolmentCode | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const make = () => {
    setProblem(null);
    makeEnrolmentCode(facility.id).then(setCode, (error: unknown) =>
      setProblem(error instanceof Error ? error.message : "The server does not answer."),
    );
  };
  return (
    <Modal opened onClose={onClose} title={replaces ? "Replace the box" : "Enrol a box"} centered size="lg">
      <Stack>
        <Text size="sm" c="var(--pk-ink-soft)">
          A code lets one box in, once, within a quarter of an hour.
          {replaces && " The box that is enrolled now is let out at that moment."}
        </Text>
        {code === null ? (
          <Button onClick={make}>Make a code</Button>
        ) : (
          <>
            <output className={styles["code"]}>{code.code}</output>
            <Text size="sm">On the box, before {formatTime(code.expires_at, facility.time_zone)}:</Text>
            <Code block>{`parkme-edge enroll ${location.origin} ${code.code}`}</Code>
          </>
        )}
        {problem !== null && <Alert color="red">{problem}</Alert>}
      </Stack>
    </Modal>
  );
}
