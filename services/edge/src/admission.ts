/** Whom a stream is counted for. */
export interface Holder {
  readonly tenant: string;
  /** `undefined` without a token. */
  readonly user: string | undefined;
  /** Empty where addresses are not counted. */
  readonly address: string;
}

/** Which limit a stream would exceed. */
export type Refused = 'capacity' | 'user' | 'tenant' | 'address';

/** How many streams may be open, 0 for no limit. */
export interface AdmissionLimits {
  readonly streams: number;
  readonly streamsPerUser: number;
  readonly streamsPerTenant: number;
  readonly streamsPerAddress: number;
}

/** Counts open streams: in total, by user, by tenant and by address. */
export interface Admission {
  /** Addresses matter: asking a socket for its own costs a system call. */
  readonly countsAddresses: boolean;
  /** No stream is taken, whoever asks: to be looked at before anything is done for a request. */
  readonly full: boolean;
  /** Why no stream may be opened for the holder now; `undefined` when it may. */
  refusal(holder: Holder): Refused | undefined;
  /** Counts a stream. */
  enter(holder: Holder): void;
  /** Once for each stream that was counted. */
  leave(holder: Holder): void;
}

export function createAdmission(limits: AdmissionLimits): Admission {
  const most = (limit: number): number => (limit === 0 ? Number.POSITIVE_INFINITY : limit);
  const mostStreams = most(limits.streams);
  const users = createCounts(most(limits.streamsPerUser));
  const tenants = createCounts(most(limits.streamsPerTenant));
  const addresses = createCounts(most(limits.streamsPerAddress));
  let streams = 0;

  return {
    countsAddresses: limits.streamsPerAddress > 0,
    get full() {
      return streams >= mostStreams;
    },
    refusal(holder) {
      if (streams >= mostStreams) return 'capacity';
      if (users.isFull(keyOf(holder))) return 'user';
      if (tenants.isFull(holder.tenant)) return 'tenant';
      return addresses.isFull(holder.address) ? 'address' : undefined;
    },
    enter(holder) {
      streams += 1;
      users.add(keyOf(holder));
      tenants.add(holder.tenant);
      addresses.add(holder.address);
    },
    leave(holder) {
      streams -= 1;
      users.remove(keyOf(holder));
      tenants.remove(holder.tenant);
      addresses.remove(holder.address);
    },
  };
}

interface Counts {
  isFull(key: string | undefined): boolean;
  add(key: string | undefined): void;
  remove(key: string | undefined): void;
}

// Where there is no limit nothing is counted; nobody's streams count for nobody.
function createCounts(limit: number): Counts {
  const counts = new Map<string, number>();
  const isCounted = (key: string | undefined): key is string => key !== undefined && limit !== Number.POSITIVE_INFINITY;
  return {
    isFull: (key) => isCounted(key) && (counts.get(key) ?? 0) >= limit,
    add(key) {
      if (isCounted(key)) counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    remove(key) {
      if (!isCounted(key)) return;
      const left = (counts.get(key) ?? 0) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    },
  };
}

// Tenants have users of the same name; no tenant's name holds a line break.
const keyOf = ({ tenant, user }: Holder): string | undefined => (user === undefined ? undefined : `${tenant}\n${user}`);
