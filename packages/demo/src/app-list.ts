import type { BackEnd } from './action.ts';
import { createBell } from './bell/back-end.ts';
import { createBuildLog } from './build-log/back-end.ts';
import { createChat } from './chat/back-end.ts';
import { createDashboard } from './dashboard/back-end.ts';
import { createLlm } from './llm/back-end.ts';
import { createSupport } from './support/back-end.ts';
import type { Surroundings } from './surroundings.ts';
import { createTicker } from './ticker/back-end.ts';

/** The files of an application that are shown. */
export const FILES = ['page.ts', 'back-end.ts'] as const;

/** A line worth reading, found by a part of it, and what there is to say about it. */
export interface SourceNote {
  readonly file: (typeof FILES)[number];
  readonly line: string;
  readonly says: string;
}

/** An application, as its page and the index tell of it. */
export interface DemoApp {
  /** In its address, its topics and its folder. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** What of the hub it shows. */
  readonly shows: string;
  /** What to do to see it. */
  readonly tryIt: string;
  /** Names to open it with, where it is for several people. */
  readonly people?: readonly string[];
  readonly grants: {
    /** What its page may subscribe to, beside the topic of whoever opened it. */
    readonly page: readonly string[];
    readonly publish: readonly string[];
    /** What its back end may ask about who is subscribed. */
    readonly watch?: readonly string[];
  };
  readonly notes: readonly SourceNote[];
  create(surroundings: Surroundings): BackEnd;
}

const PEOPLE = ['Ada', 'Grace', 'Alan'];

export const APPS: readonly DemoApp[] = [
  {
    name: 'llm',
    title: 'An answer, token by token',
    summary: 'The answer of a language model, streamed as it is written.',
    shows: 'Finite topics',
    tryIt: 'Ask, and reload in the middle of the answer: nothing is lost, and it goes on.',
    grants: { page: ['demo.llm.*'], publish: ['demo.llm.*'] },
    notes: [
      {
        file: 'page.ts',
        line: 'createTidings<',
        says: 'asks for a token when it connects, and again before that ends',
      },
      { file: 'page.ts', line: "until: 'final'", says: 'reads a finite topic from its first event to its last' },
      { file: 'page.ts', line: 'history.pushState', says: 'keeps the name of the topic where a reload finds it' },
      { file: 'back-end.ts', line: 'publisher.pipe(', says: 'writes what the model yields, and then the final event' },
    ],
    create: createLlm,
  },
  {
    name: 'chat',
    title: 'A chat with a model in it',
    summary: 'Several people and a model in one room.',
    shows: 'History, live-only events',
    tryIt: 'Open a second tab as somebody else, and type. Ask something with a question mark: the model answers.',
    people: PEOPLE,
    grants: { page: ['demo.chat.>'], publish: ['demo.chat.>'] },
    notes: [
      { file: 'page.ts', line: "replay: 'all'", says: 'the room as it was, then whatever comes' },
      { file: 'page.ts', line: "case 'token'", says: 'tokens add up to a message, which comes whole at the end' },
      { file: 'back-end.ts', line: 'ttl: 60', says: 'tokens are kept for as long as an answer may take' },
      { file: 'back-end.ts', line: 'store: false', says: 'who types is told live, and kept nowhere' },
    ],
    create: createChat,
  },
  {
    name: 'bell',
    title: 'A notification bell',
    summary: 'Notifications of one person, read on one device and gone from the count on all.',
    shows: 'The inbox of a user',
    tryIt: 'Open it twice, send yourself something, and read it in one of the two.',
    people: PEOPLE,
    grants: { page: ['demo.bell.everybody'], publish: ['user.*', 'demo.bell.everybody'] },
    notes: [
      { file: 'page.ts', line: 'user: me', says: 'all tabs of a person share one connection' },
      { file: 'page.ts', line: 'const inbox', says: 'the hub keeps what was read, for every tab and device' },
      {
        file: 'back-end.ts',
        line: 'publishToUser',
        says: 'goes to whatever this person has open, and is kept for the rest',
      },
    ],
    create: createBell,
  },
  {
    name: 'dashboard',
    title: 'A live dashboard',
    summary: 'The numbers of a shop, full when the page opens, and then live.',
    shows: 'The last of each topic',
    tryIt: 'Open it in a second window: all numbers are there at once. Close both, and the shop stops publishing.',
    grants: { page: ['demo.dashboard.*'], publish: ['demo.dashboard.*'], watch: ['demo.dashboard.*'] },
    notes: [
      { file: 'page.ts', line: "replay: 'last'", says: 'the newest event of every number, then each change' },
      {
        file: 'back-end.ts',
        line: 'whileWatched',
        says: 'the hub knows who is subscribed: nobody, and nothing is measured',
      },
      { file: 'back-end.ts', line: 'publishMany', says: 'many events in one request' },
    ],
    create: createDashboard,
  },
  {
    name: 'build-log',
    title: 'The log of a build',
    summary: 'What a process writes, line by line, and how it ended.',
    shows: 'Finite topics, resumed',
    tryIt: 'Start a build and reload in the middle, or open the address in another window.',
    grants: { page: ['demo.build.*'], publish: ['demo.build.*'] },
    notes: [
      { file: 'page.ts', line: "until: 'final'", says: 'from the first line to the exit code, also after a reload' },
      {
        file: 'back-end.ts',
        line: 'publisher.pipe(',
        says: 'each line is an event; what the generator returns is the final one',
      },
      { file: 'back-end.ts', line: 'stripVTControlCharacters', says: 'colours of a terminal are of no use on a page' },
    ],
    create: createBuildLog,
  },
  {
    name: 'ticker',
    title: 'A ticker',
    summary: 'A football match, and prices that change fifty times a second.',
    shows: 'Patterns, many events',
    tryIt: 'Watch for a minute. Pause it, and the exchange closes until somebody looks again.',
    grants: { page: ['demo.stock.*', 'demo.match'], publish: ['demo.stock.*', 'demo.match'], watch: ['demo.match'] },
    notes: [
      { file: 'page.ts', line: "'demo.stock.*'", says: 'one subscription for whatever stocks there are' },
      { file: 'page.ts', line: 'requestAnimationFrame', says: 'one rendering a frame, however many events come' },
      { file: 'back-end.ts', line: 'publishMany', says: 'ten prices in one request, five times a second' },
    ],
    create: createTicker,
  },
  {
    name: 'support',
    title: 'A support desk',
    summary: 'Tickets, what is written in them, and who is typing.',
    shows: 'Live-only events, but not to the sender',
    tryIt: 'Open the other role in a second tab, and type on one side.',
    people: ['customer', 'agent'],
    grants: { page: ['demo.support.*'], publish: ['demo.support.*'] },
    notes: [
      { file: 'page.ts', line: "replay: 'all'", says: 'all tickets with all that was written, then what comes' },
      {
        file: 'page.ts',
        line: 'session: tidings.session',
        says: 'says which page types, so that it is not told so itself',
      },
      { file: 'back-end.ts', line: 'exclude: session', says: 'goes to everybody but the sender, and into no history' },
    ],
    create: createSupport,
  },
];
