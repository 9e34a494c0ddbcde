// Not the frame itself: a page in the background has none, but may have a title to keep.
const FRAME_MS = 16;

const due = new Set<() => void>();

function actAll(): void {
  const acts = [...due];
  due.clear();
  for (const act of acts) act();
}

/** Calls `act` within the time of a frame, once, and together with all others that are due: React renders once for them. */
export function actSoon(act: () => void): void {
  if (due.size === 0) setTimeout(actAll, FRAME_MS);
  due.add(act);
}
