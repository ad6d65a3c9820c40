import { Alert } from "@mantine/core";

/** What went wrong, in words; null = nothing. */
export function ProblemAlert({ problem }: { readonly problem: string | null }) {
  if (problem === null) return null;
  return (
    <Alert color="red" variant="light" role="alert" p="sm">
      {problem}
    </Alert>
  );
}
