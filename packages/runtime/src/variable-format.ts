import { z } from 'zod';

// How the text of a variable becomes its value. No fault ever quotes the text: it may be a secret.

export const text = (): z.ZodType => z.string();

const itemsOf = (value: string): string[] => value.split(',').map((item) => item.trim());

export const list = (): z.ZodType => z.string().transform((value) => itemsOf(value).filter((item) => item !== ''));

export function whole(min: number, max: number): z.ZodType {
  const fault = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, fault)
    .transform(Number)
    .refine((value) => value >= min && value <= max, fault);
}

/** A part of all, as a decimal fraction. */
export const share = (): z.ZodType =>
  z
    .string()
    .regex(/^(0|1|0?\.\d{1,9}|1\.0{1,9})$/, 'must be a number from 0 to 1, such as 0.05')
    .transform(Number);

/** One of a few numbers. */
export function oneOf(...numbers: readonly number[]): z.ZodType {
  const fault = `must be ${numbers.slice(0, -1).join(', ')} or ${numbers.at(-1)}`;
  return z
    .string()
    .refine((value) => numbers.some((number) => `${number}` === value), fault)
    .transform(Number);
}

export const httpUrl = (): z.ZodType =>
  z.string().refine((url) => URL.canParse(url) && /^https?:/i.test(url), 'must be an http(s) URL');

// `URL.origin` would be "null" for the schemes of native apps, such as capacitor://localhost.
const isOrigin = (value: string): boolean => URL.canParse(value) && /^[a-z][a-z\d+.-]*:\/\/[^/?#@*\\\s]+$/i.test(value);

export const origins = (): z.ZodType =>
  z
    .string()
    .transform(itemsOf)
    .refine((items) => items.every(isOrigin), 'must be a comma list of origins such as https://app.example.com');

const NATS_FAULT = 'must be a comma list of URLs such as nats://nats.example.com:4222 or tls://nats.example.com';
const USER_INFO_FAULT =
  'must hold no user, since URLs stand in logs: use TIDINGS_NATS_USER and TIDINGS_NATS_PASSWORD, or TIDINGS_NATS_CREDS';

/** `nats://` and `tls://` URLs of nothing but a host and a port, as the client is to dial them. */
export const natsServers = (): z.ZodType =>
  z
    .string()
    .transform((value) => itemsOf(value).filter((item) => item !== ''))
    .superRefine((items, context) => {
      const fault = items.some((item) => item.includes('@'))
        ? USER_INFO_FAULT
        : items.length === 0 || !items.every(isNatsServer)
          ? NATS_FAULT
          : undefined;
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    })
    .transform((items) => items.map((item) => new URL(item)).map(({ protocol, host }) => `${protocol}//${host}`));

const isNatsServer = (value: string): boolean => URL.canParse(value) && /^(nats|tls):\/\/[^/?#\\\s]+\/?$/i.test(value);
