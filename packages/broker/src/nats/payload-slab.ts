const SLAB_BYTES = 65_536;
// What is larger has memory of its own, so that little of a slab is wasted.
const MOST_SHARED_BYTES = 8_192;

/**
 * Copies payloads out of the socket's buffer, many into one piece of memory. The feed's payloads come and leave in one
 * order, so the pieces live no longer than what lies in them; each costs the garbage collector one object.
 *
 * Cost: one view, and the copy.
 */
export class PayloadSlab {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** What lies before it is free: a slab is filled from its end on. */
  #free = SLAB_BYTES;

  /** A copy of the bytes from `start` to the end, which nobody else has. */
  keep(bytes: Uint8Array, start: number): Buffer {
    if (bytes.length > MOST_SHARED_BYTES) return Buffer.from(bytes.subarray(start));
    if (bytes.length > this.#free) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#free = SLAB_BYTES;
    }
    // All of it, and the next payload is written over what stands before this one: a view of a part would cost as much
    // as the rest of the work.
    this.#slab.set(bytes, this.#free - bytes.length);
    const payload = this.#slab.subarray(this.#free - (bytes.length - start), this.#free);
    this.#free -= payload.length;
    return payload;
  }
}
