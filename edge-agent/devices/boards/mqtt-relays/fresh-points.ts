/**
 * Inputs of devices that each speak for themselves: a point is known for a stated time after its device spoke of it,
 * and not a moment longer.
 */
export type FreshPoints = {
  /** True when what is known has changed by it. */
  readonly said: (point: string, on: boolean, forMs: number) => boolean;
  /** True when something was known of it. */
  readonly forget: (point: string) => boolean;
  readonly forgetAll: () => void;
  /** What is known now; other points are missing. */
  readonly levels: () => Record<string, boolean>;
};

/** `onExpired` runs when a point has not been spoken of for too long. */
export function createFreshPoints(onExpired: (point: string) => void): FreshPoints {
  const points = new Map<string, { readonly on: boolean; readonly expiry: NodeJS.Timeout }>();
  function forget(point: string): boolean {
    clearTimeout(points.get(point)?.expiry);
    return points.delete(point);
  }
  return {
    said(point, on, forMs) {
      const before = points.get(point)?.on;
      forget(point);
      const expiry = setTimeout(() => {
        points.delete(point);
        onExpired(point);
      }, forMs);
      points.set(point, { on, expiry });
      return before !== on;
    },
    forget,
    forgetAll() {
      for (const point of points.keys()) forget(point);
    },
    levels: () => Object.fromEntries([...points].map(([point, { on }]) => [point, on])),
  };
}
