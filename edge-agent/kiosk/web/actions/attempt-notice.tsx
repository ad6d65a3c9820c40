import { Alert } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { Attempt } from "../logic/attempt.ts";

type Props = {
  readonly attempt: Attempt<unknown, unknown>;
  /** Why nothing can be done now, in words; null when it can. */
  readonly blocked: string | null;
  /** What to make of silence: what may have happened, and what trying again does. */
  readonly unanswered: string;
};

/** What stands between an attendant and the deed, if anything. */
export function AttemptNotice({ attempt, blocked, unanswered }: Props) {
  if (attempt.step === "unanswered")
    return <Notice color="yellow" text={`${attempt.message} ${unanswered}`} />;
  if (blocked !== null) return <Notice color="yellow" text={blocked} />;
  if (attempt.step === "editing" && attempt.refusal !== null)
    return <Notice color="red" text={attempt.refusal} />;
  return null;
}

function Notice({ color, text }: { readonly color: string; readonly text: string }) {
  return (
    <Alert color={color} icon={<IconAlertTriangle />} role="alert">
      {text}
    </Alert>
  );
}
