/** Calls what the page gave us. What it throws stops nobody else, and is seen: as the platform does with its listeners. */
export function callListener<Value>(listener: (value: Value) => void, value: Value): void {
  try {
    listener(value);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
