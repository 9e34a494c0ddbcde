/**
 * A reader that remembers what it read from the texts of late: what repeats is read once. Costs one look-up for each call
 * with a known text.
 * @param most texts that are remembered. Beyond that all are forgotten at once: keeping count of use for each would cost
 * more than reading the busy ones again.
 */
export function remembered<Value>(read: (text: string) => Value, most: number): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined || known.has(text)) return before as Value;
    const value = read(text);
    if (known.size >= most) known.clear();
    known.set(text, value);
    return value;
  };
}
