import { html, nothing, type TemplateResult } from 'lit';
import type { EventForm, FieldFaults, FieldName } from './event-form.ts';

/** What the fields show, and where they tell what is typed. */
export interface FieldParts {
  readonly form: EventForm;
  /** Only those that are to be shown. */
  readonly faults: FieldFaults;
  /** Of the page's own stream, when there is one. */
  readonly session: string | undefined;
  change(changed: Partial<EventForm>): void;
}

const TARGETS = { topic: 'One topic', topics: 'Several topics', user: 'A user' } as const;
const FORMATS = { text: 'Text', json: 'JSON' } as const;

/** The fields of an event. */
export function renderFields(parts: FieldParts): TemplateResult {
  const { form, session, change } = parts;
  return html`
    <div class="row">${renderChoice(parts, 'target', 'To', TARGETS)} ${renderTarget(parts)}</div>
    <div class="row">
      ${renderInput(parts, 'event', 'Event name', 'left out for an unnamed event')}
      ${renderChoice(parts, 'format', 'Data is', FORMATS)}
    </div>
    ${renderTextArea(parts, 'data', 'Data', 6)}
    <div class="row">
      ${renderInput(parts, 'id', 'Idempotency key', 'stored once within two minutes')}
      ${renderInput(parts, 'ttl', 'Kept for, in seconds', 'as long as history', 'numeric')}
    </div>
    <div class="row">
      ${renderInput(parts, 'exclude', 'Not to the session', 'id of a session')}
      <button type="button" class="plain" ?disabled=${session === undefined}
        @click=${() => change({ exclude: session ?? '' })}>This page’s</button>
    </div>
    <div class="row">
      ${renderCheck(parts, 'store', 'Keep it in history')} ${renderCheck(parts, 'final', 'The last of a finite topic')}
    </div>
    ${renderFault(form.final ? parts.faults.final : undefined, 'final')}
  `;
}

function renderTarget(parts: FieldParts): TemplateResult {
  if (parts.form.target === 'topics') return renderTextArea(parts, 'topics', 'Topics, one on each line', 4);
  if (parts.form.target === 'user') return renderInput(parts, 'user', 'User', 'goes to the topic user.…');
  return renderInput(parts, 'topic', 'Topic', 'orders.42');
}

type TextName = Exclude<FieldName, 'store' | 'final' | 'target' | 'format'>;

const onInput =
  ({ change }: FieldParts, name: FieldName) =>
  (event: Event) =>
    change({ [name]: (event.currentTarget as HTMLInputElement).value });

function renderInput(
  parts: FieldParts,
  name: TextName,
  label: string,
  placeholder: string,
  inputMode = 'text',
): TemplateResult {
  const fault = parts.faults[name];
  return html`
    <div class="field">
      <label>${label}
        <input name=${name} autocomplete="off" autocapitalize="off" spellcheck="false" inputmode=${inputMode}
          placeholder=${placeholder} .value=${parts.form[name]} @input=${onInput(parts, name)}
          aria-invalid=${fault !== undefined} aria-describedby=${fault === undefined ? nothing : `fault-${name}`}>
      </label>
      ${renderFault(fault, name)}
    </div>
  `;
}

function renderTextArea(parts: FieldParts, name: TextName, label: string, rows: number): TemplateResult {
  const fault = parts.faults[name];
  return html`
    <div class="field">
      <label>${label}
        <textarea name=${name} rows=${rows} autocomplete="off" autocapitalize="off" spellcheck="false"
          .value=${parts.form[name]} @input=${onInput(parts, name)}
          aria-invalid=${fault !== undefined} aria-describedby=${fault === undefined ? nothing : `fault-${name}`}></textarea>
      </label>
      ${renderFault(fault, name)}
    </div>
  `;
}

function renderChoice(
  parts: FieldParts,
  name: 'target' | 'format',
  label: string,
  choices: Readonly<Record<string, string>>,
): TemplateResult {
  return html`
    <label class="choice">${label}
      <select name=${name} @change=${onInput(parts, name)}>
        ${Object.entries(choices).map(
          ([value, text]) => html`<option value=${value} .selected=${value === parts.form[name]}>${text}</option>`,
        )}
      </select>
    </label>
  `;
}

function renderCheck({ form, change }: FieldParts, name: 'store' | 'final', label: string): TemplateResult {
  const toggle = (event: Event): void => change({ [name]: (event.currentTarget as HTMLInputElement).checked });
  return html`
    <label class="check">
      <input type="checkbox" name=${name} .checked=${form[name]} @change=${toggle}> ${label}
    </label>
  `;
}

const renderFault = (fault: string | undefined, name: FieldName): TemplateResult | typeof nothing =>
  fault === undefined ? nothing : html`<p class="fault" id="fault-${name}">${fault}</p>`;
