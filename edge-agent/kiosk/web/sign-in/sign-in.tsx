import { useEffect, useRef, useState, type SubmitEvent } from "react";
import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { GateApi } from "../gate/api.ts";
import icon from "../icon.svg";
import classes from "./sign-in.module.css";

const MAX_LENGTH = 60;

type Props = {
  /** Why the form is here again, if it is. */
  readonly notice: string | null;
  readonly signIn: GateApi["signIn"];
  readonly onSignedIn: () => void;
};

export function SignIn({ notice, signIn, onSignedIn }: Props) {
  const [name, setName] = useState("");
  const [pin, setPin] = useState("");
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [waitS, startWait] = useCountdown();
  const pinInput = useRef<HTMLInputElement>(null);
  const ready = name.trim() !== "" && pin !== "" && waitS === 0;

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!ready || sending) return;
    setSending(true);
    const answer = await signIn({ name: name.trim(), pin });
    setSending(false);
    if (answer.kind === "done") return onSignedIn();
    setPin("");
    pinInput.current?.focus();
    setProblem(answer.message);
    if (answer.kind === "refused" && answer.status === 429) startWait(answer.retryAfterS);
  }

  return (
    <main className={classes["page"]}>
      <form className={classes["card"]} onSubmit={(event) => void submit(event)} aria-label="Sign in">
        <div className={classes["brand"]}>
          <img src={icon} alt="" />
          <div>
            <h1>ParkMe Gate</h1>
            <p>Attendant sign-in</p>
          </div>
        </div>
        {problem === null && notice !== null && (
          <Alert color="gray" icon={<IconInfoCircle />} role="status">
            {notice}
          </Alert>
        )}
        {problem !== null && (
          <Alert color="red" icon={<IconAlertTriangle />} role="alert">
            {problem}
            {waitS > 0 && ` You can try again in ${waitS} s.`}
          </Alert>
        )}
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={MAX_LENGTH}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
          autoFocus
        />
        <PasswordInput
          label="PIN"
          ref={pinInput}
          value={pin}
          onChange={(event) => setPin(event.currentTarget.value)}
          maxLength={MAX_LENGTH}
          inputMode="numeric"
          autoComplete="current-password"
          visibilityToggleButtonProps={{ "aria-label": "Show the PIN", size: 44 }}
        />
        <Button type="submit" size="xl" loading={sending} disabled={!ready}>
          {waitS > 0 ? `Wait ${waitS} s` : "Sign in"}
        </Button>
      </form>
    </main>
  );
}

/** Seconds that are left of a wait, and the way to start one. */
function useCountdown(): readonly [number, (seconds: number) => void] {
  const [leftS, setLeftS] = useState(0);
  useEffect(() => {
    if (leftS === 0) return;
    const timer = setTimeout(() => setLeftS(leftS - 1), 1_000);
    return () => clearTimeout(timer);
  }, [leftS]);
  return [leftS, setLeftS];
}
