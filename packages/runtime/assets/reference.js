// Renders /openapi.json. Everything from the document becomes text nodes, never markup.

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'];

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== ''));
  return made;
}

// The two marks of Markdown that descriptions here use: blank lines between paragraphs, and `code`.
function prose(text = '') {
  return text
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) =>
      element(
        'p',
        {},
        paragraph.split(/`([^`]+)`/).map((part, place) => (place % 2 === 1 ? element('code', {}, part) : part)),
      ),
    );
}

function pretty(value) {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** Draws one OpenAPI 3.1 document. */
function createReference(openapi) {
  function resolve(node) {
    let found = node;
    // A chain of references longer than this is a circle.
    for (let hops = 0; typeof found?.$ref === 'string' && hops < 20; hops += 1) {
      if (!found.$ref.startsWith('#/')) return {};
      found = found.$ref
        .slice(2)
        .split('/')
        .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
        .reduce((from, part) => (Object.hasOwn(from ?? {}, part) ? from[part] : undefined), openapi);
    }
    return typeof found === 'object' && found !== null && found.$ref === undefined ? found : {};
  }

  const variants = (schema) => schema.oneOf ?? schema.anyOf;

  function typeOf(node) {
    if (node === true) return 'any';
    const schema = resolve(node);
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
    if (variants(schema)) return schema.oneOf ? 'one of' : 'any of';
    const types = [schema.type ?? (schema.properties || schema.allOf ? 'object' : 'any')].flat();
    const words = types.map((type) => (type === 'array' && schema.items ? `array of ${typeOf(schema.items)}` : type));
    return words.join(' | ') + (schema.format ? ` (${schema.format})` : '');
  }

  function bounds(schema) {
    const said = [
      ['minimum', 'at least'],
      ['exclusiveMinimum', 'more than'],
      ['maximum', 'at most'],
      ['exclusiveMaximum', 'less than'],
      ['minLength', 'characters at least'],
      ['maxLength', 'characters at most'],
      ['minItems', 'items at least'],
      ['maxItems', 'items at most'],
      ['pattern', 'matches'],
      ['default', 'default'],
    ];
    return said
      .filter(([key]) => schema[key] !== undefined)
      .map(([key, words]) => `${words} ${pretty(schema[key])}`)
      .join(', ');
  }

  function heading(name, required, type, limits) {
    return element(
      'dt',
      {},
      name === '' ? '' : element('code', {}, element('strong', {}, name)),
      element('span', { class: 'quiet' }, type),
      required ? element('span', { class: 'quiet must' }, 'required') : '',
      limits === '' ? '' : element('span', { class: 'quiet' }, limits),
    );
  }

  function field(name, node, required, trail) {
    const schema = resolve(node);
    const about = prose(node.description ?? schema.description);
    const inside = children(node, trail);
    const rows = [heading(name, required, typeOf(node), bounds(schema))];
    if (about.length + inside.length > 0) rows.push(element('dd', {}, about, inside));
    return rows;
  }

  // What stands below a schema's own line. `trail` holds the schemas on the way here, so that a circle ends.
  function children(node, trail) {
    const schema = resolve(node);
    if (trail.includes(schema)) return [element('p', { class: 'quiet' }, 'The same again, nested.')];
    const path = [...trail, schema];
    const lists = [];
    const properties = Object.entries(schema.properties ?? {});
    const rows = properties.flatMap(([name, each]) => field(name, each, schema.required?.includes(name), path));
    if (typeof schema.additionalProperties === 'object' && Object.keys(schema.additionalProperties).length > 0) {
      rows.push(...field('any other name', schema.additionalProperties, false, path));
    }
    for (const each of [...(variants(schema) ?? []), ...(schema.prefixItems ?? [])])
      rows.push(...field('', each, false, path));
    if (rows.length > 0) lists.push(element('dl', {}, rows));
    for (const each of schema.allOf ?? []) lists.push(...children(each, path));
    if (schema.items) lists.push(...children(schema.items, path));
    return lists;
  }

  function schemaView(node) {
    const schema = resolve(node);
    return element('div', { class: 'schema' }, element('dl', {}, field('', node, false, [])), schema.title ?? '');
  }

  // A value of the schema's shape: what it gives as an example, else what can be made up.
  function sample(node, trail = []) {
    const schema = resolve(node);
    if (trail.includes(schema)) return null;
    const path = [...trail, schema];
    const given = schema.example ?? schema.examples?.[0] ?? schema.const ?? schema.default ?? schema.enum?.[0];
    if (given !== undefined) return given;
    const variant = variants(schema)?.[0];
    if (variant !== undefined) return sample(variant, path);
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((each) => sample(each, path)));
    const type = [schema.type ?? (schema.properties ? 'object' : 'string')].flat()[0];
    if (type === 'array') return schema.items ? [sample(schema.items, path)] : [];
    if (type === 'object') {
      const entries = Object.entries(schema.properties ?? {});
      const wanted = entries.filter(([name]) => schema.required?.includes(name) ?? false);
      // With nothing required, everything is shown: an empty object teaches nobody.
      return Object.fromEntries(
        (wanted.length > 0 ? wanted : entries).map(([name, each]) => [name, sample(each, path)]),
      );
    }
    return { integer: schema.minimum ?? 1, number: 1.5, boolean: true, null: null }[type] ?? 'text';
  }

  function exampleOf(media) {
    const named = Object.values(media.examples ?? {})[0];
    return media.example ?? (named && resolve(named).value) ?? (media.schema && sample(media.schema));
  }

  function curlOf({ method, path, operation, parameters }) {
    const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    const valuesOf = (parameter) => {
      const value =
        parameter.example ?? exampleOf({ examples: parameter.examples }) ?? resolve(parameter.schema).example;
      return [value ?? resolve(parameter.schema).default ?? parameter.name.toUpperCase()].flat().map(String);
    };
    const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name) => {
      const parameter = parameters.find((each) => each.in === 'path' && each.name === name) ?? { name };
      return encodeURIComponent(valuesOf(parameter)[0]);
    });
    const query = new URLSearchParams(
      parameters
        .filter((each) => each.in === 'query' && (each.required || each.example !== undefined))
        .flatMap((each) => valuesOf(each).map((value) => [each.name, value])),
    ).toString();
    const base = new URL(openapi.servers?.[0]?.url ?? '/', location.origin).href.replace(/\/$/, '');
    const streams = Object.values(operation.responses ?? {}).some(
      (each) => resolve(each).content?.['text/event-stream'],
    );
    const words = ['curl', streams ? '-N' : '', method === 'get' ? '' : `-X ${method.toUpperCase()}`];
    words.push(quote(base + filled + (query && `?${query}`)));
    const security = operation.security ?? openapi.security ?? [];
    if (security.length > 0) words.push('-H "Authorization: Bearer $TOKEN"');
    const [type, media] = Object.entries(resolve(operation.requestBody).content ?? {})[0] ?? [];
    if (media !== undefined) {
      const example = exampleOf(media);
      const body = typeof example === 'string' ? example : JSON.stringify(example ?? '');
      words.push(`-H ${quote(`Content-Type: ${type}`)}`, `--data-binary ${quote(body)}`);
    }
    return words.filter(Boolean).join(' ');
  }

  function curlView(line) {
    const code = element('code', {}, line);
    const button = element('button', { type: 'button', 'aria-live': 'polite' }, 'Copy');
    button.addEventListener('click', async () => {
      // Pages on plain http other than localhost have no clipboard: the line is selected for the reader's own copy.
      const copied = await navigator.clipboard?.writeText(line).then(
        () => true,
        () => false,
      );
      if (!copied) getSelection().selectAllChildren(code);
      button.textContent = copied ? 'Copied' : 'Selected';
      setTimeout(() => (button.textContent = 'Copy'), 1_500);
    });
    return element('div', { class: 'curl' }, element('pre', { tabindex: '0' }, code), button);
  }

  function mediaView(content) {
    return Object.entries(content ?? {}).flatMap(([type, media]) => {
      const example = exampleOf(media);
      return [
        element('p', { class: 'quiet' }, element('code', {}, type)),
        media.schema ? schemaView(media.schema) : '',
        example === undefined
          ? ''
          : element('pre', { tabindex: '0', 'aria-label': 'Example' }, element('code', {}, pretty(example))),
      ];
    });
  }

  function parameterRows(parameter) {
    const schema = resolve(parameter.schema);
    const about = prose(parameter.description ?? schema.description);
    const term = heading(
      parameter.name,
      parameter.required,
      `${parameter.in}, ${typeOf(parameter.schema)}`,
      bounds(schema),
    );
    if (parameter.deprecated) term.append(element('span', { class: 'quiet' }, 'deprecated'));
    const example = parameter.example ?? schema.example;
    const shown =
      example === undefined ? '' : element('p', { class: 'quiet' }, 'Example: ', element('code', {}, pretty(example)));
    return [term, element('dd', {}, about, shown, children(parameter.schema ?? {}, []))];
  }

  function responseView([status, node]) {
    const response = resolve(node);
    const headers = Object.entries(response.headers ?? {}).map(([name, header]) =>
      field(name, { ...resolve(header).schema, description: resolve(header).description }, false, []),
    );
    const body = [headers.length > 0 ? element('dl', {}, headers) : '', mediaView(response.content)].flat();
    const summary = [element('strong', {}, status), ` ${response.description ?? ''}`];
    if (!body.some((each) => each !== '')) return element('p', {}, summary);
    return element('details', {}, element('summary', {}, summary), body);
  }

  function operationView(entry) {
    const { method, path, operation, parameters, id } = entry;
    const body = resolve(operation.requestBody);
    return element(
      'article',
      { id },
      element(
        'h3',
        {},
        element('span', { class: `method ${method}` }, method.toUpperCase()),
        element('a', { href: `#${id}` }, path),
      ),
      element('p', {}, element('strong', {}, operation.summary ?? ''), operation.deprecated ? ' (deprecated)' : ''),
      prose(operation.description),
      curlView(curlOf(entry)),
      parameters.length > 0
        ? [element('h4', {}, 'Parameters'), element('dl', {}, parameters.flatMap(parameterRows))]
        : '',
      body.content
        ? [
            element('h4', {}, body.required ? 'Body (required)' : 'Body'),
            prose(body.description),
            mediaView(body.content),
          ]
        : '',
      element('h4', {}, 'Answers'),
      Object.entries(operation.responses ?? {}).map(responseView),
    );
  }

  function operations() {
    const named = (openapi.tags ?? []).map((tag) => tag.name);
    const byTag = new Map(named.map((name) => [name, []]));
    for (const [path, item] of Object.entries(openapi.paths ?? {})) {
      for (const method of METHODS.filter((each) => item[each] !== undefined)) {
        const operation = item[method];
        const tag = operation.tags?.[0] ?? 'Operations';
        // The operation's own parameter takes the place of the path's.
        const merged = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
        const parameters = [...new Map(merged.map((each) => [`${each.in} ${each.name}`, each])).values()];
        const id = `${method}${path}`.replaceAll(/[^A-Za-z0-9]+/g, '-').replace(/-$/, '');
        byTag.set(tag, [...(byTag.get(tag) ?? []), { method, path, operation, parameters, id }]);
      }
    }
    return [...byTag].filter(([, entries]) => entries.length > 0);
  }

  const { title = 'API reference', version = '', description } = openapi.info ?? {};
  const groups = operations();
  const about = (name) => prose(openapi.tags?.find((tag) => tag.name === name)?.description);
  return {
    title,
    nav: groups.flatMap(([name, entries]) => [
      element('h2', {}, name),
      element(
        'ul',
        {},
        entries.map(({ method, path, id }) =>
          element(
            'li',
            {},
            element(
              'a',
              { href: `#${id}` },
              element('span', { class: `method ${method}` }, method.toUpperCase()),
              path,
            ),
          ),
        ),
      ),
    ]),
    main: [
      element('h1', {}, title),
      element(
        'p',
        { class: 'quiet' },
        version === '' ? '' : `Version ${version} · `,
        element('a', { href: '/openapi.json' }, 'openapi.json'),
      ),
      ...prose(description),
      ...groups.map(([name, entries]) =>
        element('section', {}, element('h2', {}, name), about(name), entries.map(operationView)),
      ),
    ],
  };
}

const main = document.getElementById('main');
try {
  const answer = await fetch('/openapi.json', { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const reference = createReference(await answer.json());
  document.title = reference.title;
  document.getElementById('nav').replaceChildren(...reference.nav);
  main.replaceChildren(...reference.main);
  // The browser looked for the fragment before there was anything to find.
  if (location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  main.replaceChildren(element('p', { role: 'alert' }, `The reference can not be shown: ${error.message}.`));
}
