import { Center, Loader } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import { readSession, signOut, type Session } from "./api.ts";
import { Dashboard } from "./dashboard.tsx";
import { SetPassword } from "./set-password.tsx";
import { SignIn } from "./sign-in.tsx";
import { useHash } from "./use-hash.ts";

const RETRY_MS = 3_000;

/** Undefined until the server has told. */
type Known = Session | null | undefined;

export function App() {
  const [session, setSession] = useState<Known>();
  const [resetToken, setResetToken] = useHash("password/");
  const onSignedOut = useCallback(() => setSession(null), []);

  // Asks at the start, and after a sign-in, until the server answers.
  useEffect(() => {
    if (session !== undefined) return;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const ask = () => {
      readSession().then(
        (answer) => (gone ? undefined : setSession(answer)),
        () => (retry = setTimeout(ask, RETRY_MS)),
      );
    };
    ask();
    return () => {
      gone = true;
      clearTimeout(retry);
    };
  }, [session]);

  if (resetToken !== null) {
    const onDone = () => {
      setResetToken(null);
      setSession(undefined);
    };
    return <SetPassword key={resetToken} token={resetToken} onDone={onDone} />;
  }
  if (session === undefined) {
    return (
      <Center h="100dvh">
        <Loader type="dots" aria-label="Loading" />
      </Center>
    );
  }
  if (session === null) return <SignIn onSignedIn={() => setSession(undefined)} />;
  return (
    <Dashboard
      session={session}
      onSignedOut={onSignedOut}
      onSignOut={() => {
        void signOut().finally(onSignedOut);
      }}
    />
  );
}
