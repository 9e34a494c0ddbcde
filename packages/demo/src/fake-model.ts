import { setTimeout as pause } from 'node:timers/promises';

// About 45 a second, as a model of a middling size writes them.
const TOKEN_EVERY_MS = 22;

const ANSWERS: readonly { readonly about: RegExp; readonly text: string }[] = [
  {
    about: /reload|resume|lost|connection|wifi|tunnel/i,
    text:
      'Every event has an id that is a place in the history of the hub. When a page loses its connection, it comes back ' +
      'with the last id that it has seen, and gets what lies behind it: each event once, and in order. A page that was ' +
      'loaded again has seen nothing yet, so it reads this answer from its first word, and then goes on with the next one ' +
      'that the model writes. Nobody had to write code for that, and the model never noticed.',
  },
  {
    about: /poll|why|websocket|sse/i,
    text:
      'A page that polls asks again and again, and mostly hears that there is nothing new. Here it opens one request, and ' +
      'the answer does not end: each event is written into it the moment it happens. That is plain HTTP, so proxies, ' +
      'cookies and compression know it, and every browser has had a client for it for years. What goes the other way, such ' +
      'as your question, is an ordinary POST to an ordinary back end.',
  },
  {
    about: /./,
    text:
      'Here is how this text comes to you. A back end asked a model, and the model yields its answer in pieces. The back ' +
      'end writes each piece to a topic that belongs to this answer alone, and a final event when there is nothing more to ' +
      'say. Your page follows that topic. It may come early or late, once or five times, in three tabs or on a phone: it ' +
      'always sees the whole answer, from the first word to the last, and knows when it has ended.',
  },
];

/** Yields the answer to a question in small pieces, as a language model does. */
export async function* answer(question: string): AsyncGenerator<string, void> {
  const { text } = ANSWERS.find(({ about }) => about.test(question)) ?? { text: 'Ask me something.' };
  for (const token of toTokens(text)) {
    await pause(TOKEN_EVERY_MS);
    yield token;
  }
}

/** Pieces of up to six characters, with the space before them; joined they are the text. */
export function toTokens(text: string): readonly string[] {
  return text.match(/\s*\S{1,6}|\s+/g) ?? [];
}
